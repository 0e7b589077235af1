"""liveview/let-attribute"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom

OLD, NEW = "let", ":let"


class LetAttribute(Rule):
    """
    `let={…}` on a component or a slot, which is `:let={…}` since LiveView 0.18.

    LiveView 0.19 took the old name away: `let` is an attribute like any other there, the variable
    is not bound, and the template does not compile, or takes another variable of that name.

    ## Bad

    ```heex
    <.form let={f} for={@form}>
      <.input field={f[:name]} />
    </.form>
    ```

    ## Good

    ```heex
    <.form :let={f} for={@form}>
      <.input field={f[:name]} />
    </.form>
    ```

    ## When it stays silent

    - On plain HTML tags, and where the value is no expression in braces.
    - On a component of the same module if the module declares `attr :let`.
    - With a LiveView before 0.18.

    ## What the fix changes

    The name of the attribute.
    """

    requires = "phoenix_live_view >= 0.18"
    tags = (Tag.DEPRECATED,)

    @on(Document)
    def check(self, document: Document, file: File) -> Iterator[Finding]:
        """Attributes of all templates of the file."""
        source = document.source
        if source.count(b"let={") == source.count(b":let={"):
            return
        declared = _declaring(document)
        for layer in document.templates:
            if layer.dialect is not heex.Dialect.HEEX:
                continue
            for node in layer.nodes(heex.Tag):
                if node.kind is not heex.TagKind.HTML:
                    if node.name.removeprefix(".") not in declared:
                        yield from self._of_tag(node)

    def _of_tag(self, tag: heex.Tag) -> Iterator[Finding]:
        let = tag.attribute(OLD)
        if let is None or not isinstance(let.value, heex.Braces) or tag.attribute(NEW) is not None:
            return
        edit = Edit(let.name_span, NEW)
        yield self.finding(
            let.name_span,
            f"`let` of `<{tag.name}>` is `:let` since LiveView 0.18",
            fix=Fix.safe("Write :let", lambda _: [edit]),
        )


def _declaring(document: Document) -> set[str]:
    """The function components of the file that have an attribute of their own named `let`."""
    names: set[str] = set()
    waiting = False
    for form in document.forms:
        if form.callee == b"attr":
            written = Call(form.raw, form.tree).written_arguments
            waiting = waiting or any(
                isinstance(first, Atom) and first.name == OLD for first in written[:1]
            )
        elif form.function is not None:
            if waiting:
                names.add(form.function.name)
            waiting = False
    return names
