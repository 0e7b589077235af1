"""Hover over a finding shows its rule's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.report.pages import page
from lsp_server.server.convert import Plain, to_range
from lsp_server.text import Position

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer


def register(server: RetortServer) -> None:
    """Register the hover request."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> Plain | None:
        place = await server.ready_place(params.text_document.uri)
        document = None if place is None else place.document
        if place is None or document is None:
            return None
        server.scheduler.ensure(place)
        features = server.session.features
        at = Position(params.position.line, params.position.character)
        offset = document.lines.offset(at, features.encoding)
        here = [one for one in place.findings if one.span.start <= offset <= one.span.end]
        if not here:
            return None
        pages = [text for rule in dict.fromkeys(one.rule for one in here) if (text := page(rule))]
        kind = "markdown" if features.markdown_hover else "plaintext"
        return {
            "contents": {"kind": kind, "value": "\n---\n\n".join(pages)},
            "range": to_range(document, here[0].span, features.encoding),
        }
