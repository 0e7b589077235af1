"""Where a new clause of a callback goes."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.impl_marks import impl_mark
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

# After the last clause of the first of these that the module has, if it has none of its own.
_BEFORE = ("handle_info", "handle_event", "handle_params", "update", "mount")


def new_clause(document: Document, module: str, head: str, body: tuple[str, ...]) -> Edit | None:
    """The edit that adds a clause of a callback (`handle_event(…)`) behind those that there are.

    The first clause of a callback is marked as the module marks its others: where one callback has
    `@impl`, the compiler wants it of all.
    """
    found = next((one for one in document.modules if one.name == module), None)
    if found is None:
        return None
    name = head.partition("(")[0]
    functions = [form for form in found.forms if form.function is not None]
    own = [form for form in functions if _name(form) == name]
    order = (name, *(one for one in _BEFORE if one != name)) if not own else (name,)
    after = next((last for one in order if (last := _last(functions, one))), None)
    if after is None:
        return None
    lines, newline = document.lines, line_ending(document.source)
    indent = lines.indentation(after.span.start).decode()
    code = [f"def {head} do", *(f"  {line}" for line in body), "end"]
    mark = "" if own else impl_mark(found)
    if mark:
        code.insert(0, mark)
    text = newline.join(f"{indent}{line}".rstrip() for line in code)
    end = after.span.end
    return Edit(Span(end, end), f"{newline}{newline}{text}", document.path)


def _name(form: Form) -> str:
    return "" if form.function is None else form.function.name


def _last(functions: list[Form], name: str) -> Form | None:
    return next((form for form in reversed(functions) if _name(form) == name), None)
