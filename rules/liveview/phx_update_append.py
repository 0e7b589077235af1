"""liveview/phx-update-append"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.pages.listings import GROWS, Listing
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import live_modules
from lsp_server.facts.pages.template_owners import template_owners
from lsp_server.lint.finding import Finding, Fix, Tag
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._streams import READS, stream_fix


class PhxUpdateAppend(ProjectRule):
    """
    A list that grows in the browser by `phx-update="append"` or `"prepend"`.

    LiveView 0.20.2 deprecated both, with the temporary assigns that belong to them: items cannot be
    removed or moved, and nothing keeps two renders apart. Streams do all of it.

    ## Bad

    ```elixir
    defmodule ShopWeb.ChatLive do
      use ShopWeb, :live_view

      def mount(_params, _session, socket) do
        {:ok, assign(socket, :messages, Chat.list_messages()), temporary_assigns: [messages: []]}
      end

      def render(assigns) do
        ~H\"\"\"
        <ul id="messages" phx-update="append">
          <li :for={message <- @messages} id={message.id}>{message.text}</li>
        </ul>
        \"\"\"
      end

      def handle_info({:sent, message}, socket) do
        {:noreply, update(socket, :messages, fn messages -> [message | messages] end)}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.ChatLive do
      use ShopWeb, :live_view

      def mount(_params, _session, socket) do
        {:ok, stream(socket, :messages, Chat.list_messages())}
      end

      def render(assigns) do
        ~H\"\"\"
        <ul id="messages" phx-update="stream">
          <li :for={{id, message} <- @streams.messages} id={id}>{message.text}</li>
        </ul>
        \"\"\"
      end

      def handle_info({:sent, message}, socket) do
        {:noreply, stream_insert(socket, :messages, message)}
      end
    end
    ```

    ## When it stays silent

    - With a LiveView before 0.18.16, which has no streams.
    - `temporary_assigns:` whose value is no empty list: a form or a text that is only shown once.

    ## What the fix changes

    The loop goes over `@streams.…` and gives each item the id that the stream has for it, and the
    LiveView fills the stream where it assigned the list. There is none where the template is not
    HEEx yet (`liveview/sigil-l` comes first), where the tag holds anything but one loop over the
    list, where the ids of its items are not made of their `id`, where the template or code reads
    the list for anything else, and in function components. Look at what found the items by their
    ids in scripts and style sheets.
    """

    requires = "phoenix_live_view >= 0.18.16"
    tags = (Tag.DEPRECATED,)
    reads = (*READS, live_modules, template_owners)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The attributes of all templates, and the temporary lists of all LiveViews."""
        index = snapshot.index
        owners = template_owners(index)
        for path, one in index.of(Listing):
            if one.update in GROWS:
                module = one.module or (owners[path][0].name if path in owners else "")
                message = f'`phx-update="{one.update}"` is deprecated: make a stream of the list'
                yield self._found(snapshot, path, one, message, module)
        for path, set_ in index.of(AssignSet):
            if (set_.by, set_.function, set_.value) == ("temporary_assigns", "mount", "[]"):
                message = f"the temporary assign `{set_.key}` is a list: a stream does not keep it"
                message += " either, and can change its items"
                yield self._found(snapshot, path, set_, message, set_.module)

    def _found(
        self, snapshot: Snapshot, path: str, one: Listing | AssignSet, message: str, module: str
    ) -> Finding:
        live = live_modules(snapshot.index).get(module)
        fix: Fix | str = "who renders it is not known"
        if live is not None:
            fix = "the loop in it is not a plain one"
            fix = stream_fix(snapshot, live, one.key) if one.key else fix
        if isinstance(fix, str):
            return self.finding(one.span, f"{message}; not rewritten: {fix}", path=path)
        return self.finding(one.span, message, path=path, fix=fix)
