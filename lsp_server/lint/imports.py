"""Edits that add an `import` to a module, where the module's directives stand."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending


def import_edit(document: Document, module: Module, text: str) -> Edit | None:
    """The edit that inserts a whole `import …` line: after the module's other imports, else after
    its `use`s, else before its aliases or whatever comes first but the module's documentation.
    None for a module without a body."""
    newline = line_ending(document.source)
    last: Form | None = None
    for directive in (b"import", b"use"):
        last = next((form for form in reversed(module.forms) if form.callee == directive), None)
        if last is not None:
            break
    if last is not None:
        indent = document.lines.indentation(last.span.start).decode()
        blank = "" if last.callee == b"import" else newline
        text = f"{newline}{blank}{indent}{text}"
        return Edit(Span(last.span.end, last.span.end), text, document.path)
    first = next((form for form in module.forms if not _is_documentation(form)), None)
    if first is None:
        return None
    indent = document.lines.indentation(first.span.start).decode()
    at = document.lines.starts[document.lines.line_at(first.span.start)]
    return Edit(Span(at, at), f"{indent}{text}{newline}{newline}", document.path)


def _is_documentation(form: Form) -> bool:
    return form.bytes.startswith((b"@moduledoc", b"@behaviour"))
