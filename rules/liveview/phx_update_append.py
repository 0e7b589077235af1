"""liveview/phx-update-append"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax import heex
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.literals import Keywords, List

from ._tags import literal


class PhxUpdateAppend(Rule):
    """
    A list that grows in the browser by `phx-update="append"` or `"prepend"`.

    LiveView 0.20.2 deprecated both, with the temporary assigns that belong to them: items cannot be
    removed or moved, and nothing keeps two renders apart. Streams do all of it.

    ## Bad

    ```heex
    <ul id="messages" phx-update="append">
      <li :for={message <- @messages} id={message.id}>{message.text}</li>
    </ul>
    ```

    ## Good

    ```heex
    <ul id="messages" phx-update="stream">
      <li :for={{id, message} <- @streams.messages} id={id}>{message.text}</li>
    </ul>
    ```

    ## When it stays silent

    - With a LiveView before 0.18.16, which has no streams.
    - `temporary_assigns:` whose value is no empty list: a form or a text that is only shown once.

    ## What the fix changes

    There is none: the assigns of the list have to become `stream`, `stream_insert` and
    `stream_delete`, each where the list changes.
    """

    requires = "phoenix_live_view >= 0.18.16"
    tags = (Tag.DEPRECATED,)

    @on(Document)
    def check(self, document: Document, file: File) -> Iterator[Finding]:
        """The attributes of all templates of a file."""
        if b"phx-update" not in document.source:
            return
        for layer in document.templates:
            for tag in heex.walk(layer.template):
                if not isinstance(tag, heex.Tag) or tag.kind is not TagKind.HTML:
                    continue
                written = literal(tag, "phx-update", layer.source)
                attribute = tag.attribute("phx-update")
                if written in ("append", "prepend") and attribute is not None:
                    yield self.finding(
                        attribute,
                        f'`phx-update="{written}"` is deprecated: make a stream of the list',
                    )

    @on(Keywords)
    def temporary(self, node: Keywords, file: File) -> Iterator[Finding]:
        """`temporary_assigns: [messages: []]` in what a LiveView's `mount` returns."""
        function = None if file.form is None else file.form.function
        if function is None or function.name != "mount" or file.layer is not None:
            return
        pair = node.pair("temporary_assigns")
        if pair is None:
            return
        value = pair.value
        keywords = value.keywords if isinstance(value, List) else None
        for one in () if keywords is None else keywords.pairs:
            if isinstance(one.value, List) and not one.value.elements:
                message = f"the temporary assign `{one.key}` is a list: a stream does not keep it"
                yield self.finding(one.key_span, f"{message} either, and can change its items")
