"""liveview/push-redirect"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call, Capture, Identifier
from lsp_server.syntax.literals import Keywords, List, Pair
from lsp_server.syntax.names import Names, module_text
from lsp_server.text import Span

LIVE_VIEW = "Phoenix.LiveView"
OLD, NEW = "push_redirect", "push_navigate"


class PushRedirect(Rule):
    """
    A LiveView that leads to another one by the deprecated `push_redirect`.

    LiveView 0.18 gave the function the name that fits the attribute of links, `push_navigate` for
    `<.link navigate={…}>`. The old name does the same but warns, and is the one that later versions
    take away.

    ## Bad

    ```elixir
    def handle_event("save", _params, socket) do
      {:noreply, push_redirect(socket, to: ~p"/orders")}
    end
    ```

    ## Good

    ```elixir
    def handle_event("save", _params, socket) do
      {:noreply, push_navigate(socket, to: ~p"/orders")}
    end
    ```

    ## When it stays silent

    - The module has a `push_redirect` of its own, or imports it from elsewhere.
    - With a LiveView before 0.18.

    ## What the fix changes

    The name of the function. Where the module imports functions of `Phoenix.LiveView` by name, the
    import and the other calls that need it change with it.
    """

    requires = "phoenix_live_view >= 0.18"
    tags = (Tag.DEPRECATED,)

    @on(Call, name=OLD)
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Calls of the function of `Phoenix.LiveView`, piped or not."""
        if not _is_live_view(call, file):
            return
        document, listed = file.document, call.receiver is None and _is_listed(call, file)

        def edits() -> list[Edit]:
            if listed:
                return [Edit(span, text) for span, text in _everywhere(document)]
            return [Edit(call.name_span, NEW)]

        title = f"Write {NEW} here and in the import" if listed else f"Write {NEW}"
        yield self.finding(
            call.name_span,
            f"`{OLD}` is deprecated: `{NEW}` does the same",
            fix=Fix.safe(title, lambda _: edits()),
        )


def _is_live_view(call: Call, file: File) -> bool:
    if call.arity != 2 or (call.receiver is None and file.is_local(call)):
        return False
    module = file.module_of(call)
    if call.receiver is not None or module is not None:
        return module == LIVE_VIEW
    return call.keyword("to") is not None


def _is_listed(call: Call, file: File) -> bool:
    """Whether the call needs an import that names the function."""
    return _lists(file.names(call))


def _lists(names: Names) -> bool:
    return any(
        one.module == LIVE_VIEW and one.only is not None and (OLD, 2) in one.only
        for one in names.all_imports()
    )


def _everywhere(document: Document) -> Iterator[tuple[Span, str]]:
    """The edits that rename all uses in a file that need such imports, and their entries."""
    for form in document.forms:
        for call in form.index.calls(OLD):
            if call.receiver is None and _lists(form.names_at(call.start)):
                yield call.name_span, NEW
        for capture in form.index.nodes(Capture):
            match capture.function:
                case (Identifier("push_redirect") as name, 2):
                    if _lists(form.names_at(capture.start)):
                        yield name.span, NEW
        for call in form.index.calls("import"):
            only = call.keyword("only")
            written = module_text(call.written_arguments[0]) if call.written_arguments else None
            if written is None or form.names_at(call.start).expand(written) != LIVE_VIEW:
                continue
            match only:
                case List([Keywords() as entries]) if entries.pair(OLD) is not None:
                    yield from _entry(entries.pairs)


def _entry(entries: list[Pair]) -> Iterator[tuple[Span, str]]:
    """Renames the entry of an import, or takes it out where the new one is there already."""
    at = next(number for number, entry in enumerate(entries) if entry.key == OLD)
    if all(entry.key != NEW for entry in entries):
        key = entries[at].key_span
        yield Span(key.start, key.start + len(OLD)), NEW
    elif at + 1 < len(entries):
        yield Span(entries[at].start, entries[at + 1].start), ""
    else:
        yield Span(entries[at - 1].end, entries[at].end), ""
