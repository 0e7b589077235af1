"""The edit that adds `require Logger` to a module, once and where its directives stand."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.names import directives
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

_DIRECTIVES = frozenset({b"use", b"import", b"alias", b"require"})
_DOCUMENTATION = (b"@moduledoc", b"@behaviour", b"@shortdoc")


def requires(module: Module, required: str) -> bool:
    """Whether a module, or one around it, has a `require` of a module (its full name)."""
    outer: Module | None = module
    while outer is not None:
        for form in outer.forms:
            if form.callee == b"require":
                for one in directives_of(form):
                    if outer.names.expand(one) == required:
                        return True
        outer = outer.outer
    return False


def require_edit(document: Document, module: Module, required: str) -> list[Edit]:
    """The edit that inserts `require <required>` after the last directive at the top of a module,
    else after its documentation. Nothing where the module requires it already."""
    if requires(module, required) or module.call is None:
        return []
    newline = line_ending(document.source)
    last = _last_of_the_head(module)
    text = f"require {required}"
    if last is not None:
        indent = document.lines.indentation(last.span.start).decode()
        blank = "" if last.callee == b"require" else newline
        end = document.lines.line_span(document.lines.line_at(last.span.end)).end
        return [Edit(Span(end, end), f"{newline}{blank}{indent}{text}", document.path)]
    if not module.forms:
        return []
    start = module.forms[0].span.start
    line = document.lines.line_at(start)
    opening = document.lines.line_at(module.name_span.end)
    while line - 1 > opening and document.lines.line_bytes(line - 1).lstrip().startswith(b"#"):
        line -= 1
    at = document.lines.line_span(line).start
    indent = document.lines.indentation(start).decode()
    return [Edit(Span(at, at), f"{indent}{text}{newline}{newline}", document.path)]


def _last_of_the_head(module: Module) -> Form | None:
    """The last of the directives and pieces of documentation that a module begins with."""
    last: Form | None = None
    for form in module.forms:
        if form.callee in _DIRECTIVES or form.bytes.startswith(_DOCUMENTATION):
            last = form
        elif form.callee:
            break
    return last


def directives_of(form: Form) -> list[str]:
    """The modules that a directive names, as written."""
    node = form.node
    return [one.target for one in directives(node)] if isinstance(node, Call) else []
