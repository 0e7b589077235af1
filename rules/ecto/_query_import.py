"""The import that a macro of Ecto.Query needs where a fix writes it."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.imports import import_edit
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call


def query_import(
    snapshot: Snapshot, document: Document, call: Call, macro: str, arity: int = 2
) -> Iterator[Edit]:
    """The edit that imports a macro where a call stands, if it is not imported there yet."""
    form = document.outline.form_at(call.start)
    if form is None:
        return
    known = snapshot.context.imports(form.names_at(call.start)).get("Ecto.Query")
    if known is None or known.offers(macro, arity) is False:
        edit = import_edit(document, form.module, f"import Ecto.Query, only: [{macro}: {arity}]")
        if edit is not None:
            yield edit
