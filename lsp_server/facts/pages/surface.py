"""Templates of Surface: `.sface` files and `~F` sigils. They are not parsed."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax.literals import Sigil
from lsp_server.text import Span


class SurfaceTemplate(Fact):
    """A file (then `module` is empty), or the first `~F` of a module."""

    module: str
    span: Span


@collects(SurfaceTemplate)
def collect_surface(document: Document) -> Iterator[SurfaceTemplate]:
    """The templates of Surface in a file."""
    if document.path.endswith(".sface"):
        if document.role is Role.TEMPLATE:
            yield SurfaceTemplate("", Span(0, 1 if document.source else 0))
    elif document.role is Role.LIB and document.language is Language.ELIXIR:
        if b"~F" not in document.source:
            return
        seen: set[str] = set()
        for form in document.forms:
            if b"~F" in form.bytes and form.module.name not in seen:
                for sigil in form.index.nodes(Sigil):
                    if sigil.name == "F":
                        seen.add(form.module.name)
                        yield SurfaceTemplate(form.module.name, sigil.span)
                        break
