"""liveview/mixed-templates"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lsp_server.facts.index import Index
from lsp_server.facts.modules import Module, modules
from lsp_server.facts.pages.surface import SurfaceTemplate
from lsp_server.facts.pages.templates import Template
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

HEEX, SURFACE = "HEEx", "Surface"
_DIALECTS = {("heex", True): HEEX, ("heex", False): HEEX, ("leex", False): "`~L`"}
_DIALECTS |= {("leex", True): "`.leex`", ("eex", False): "`~E`"}
_APART = re.compile(r"e?mails?(?:/|_|\.)|layouts?(?:/|_|\.)|notifier", re.IGNORECASE)


class MixedTemplates(ProjectRule):
    """
    A template in another language than the rest of the project.

    A project that writes HEEx here and Surface, `~L` or `~E` there has two sets of components, two
    formatters, and pages that look alike and behave differently.

    ## Bad

    `lib/shop_web/live/cart_live.ex`:

    ```elixir
    defmodule ShopWeb.CartLive do
      use Phoenix.LiveView

      def render(assigns) do
        ~H\"\"\"
        <p>{@total}</p>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView

      def render(assigns) do
        ~L\"\"\"
        <p><%= @total %></p>
        \"\"\"
      end
    end
    ```

    ## Good

    `lib/shop_web/live/cart_live.ex`:

    ```elixir
    defmodule ShopWeb.CartLive do
      use Phoenix.LiveView

      def render(assigns) do
        ~H\"\"\"
        <p>{@total}</p>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView

      def render(assigns) do
        ~H\"\"\"
        <p>{@total}</p>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - The project has no HEEx, or nothing but HEEx.
    - `.eex` files, and templates of mails and layouts.
    - HEEx is never marked where the rest is older: only Surface (`~F`, `.sface`, `use Surface…`)
      can be the greater part.

    ## What the fix changes

    There is none: `liveview/sigil-l` rewrites what is only old.
    """

    severity = Severity.INFORMATION
    requires = "phoenix_live_view"
    reads = (Template, SurfaceTemplate, Module, modules, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """One finding for each module or file that is written in another language."""
        index = snapshot.index
        found: dict[tuple[str, str], tuple[str, Span]] = {}
        known = modules(index)
        for path, template in index.of(Template):
            language = _DIALECTS.get((template.dialect, template.is_file))
            if language is None or _APART.search(path):
                continue
            if template.is_file:
                found.setdefault((path, language), ("the template", Span(0, 1)))
            elif template.module in known:
                span = known[template.module][1].name_span
                found.setdefault((path, language), (f"`{template.module}`", span))
        for path, what, span in _surface(index):
            if not _APART.search(path):
                found.setdefault((path, SURFACE), (what, span))
        counts = Counter(language for _, language in found)
        if not counts[HEEX] or len(counts) == 1:
            return
        rest = SURFACE if counts[SURFACE] > counts[HEEX] else HEEX
        for (path, language), (what, span) in sorted(found.items()):
            if language != rest:
                message = f"{what} is written in {language}, most others of the project in {rest}"
                if counts[language] >= counts[rest]:
                    message = f"{what} is written in {language}, others of the project in {rest}"
                yield self.finding(span, message, path=path)


def _surface(index: Index) -> Iterator[tuple[str, str, Span]]:
    """The files and modules that are written in Surface; of a component with a file, the file."""
    context, known = project_context(index), modules(index)
    templates = list(index.of(SurfaceTemplate))
    files = {path for path, one in templates if not one.module}
    for path in files:
        yield path, "the template", Span(0, 1)
    for path, module in index.of(Module):
        if role_of(path) is Role.LIB and f"{path.removesuffix('.ex')}.sface" not in files:
            used = context.expansion((use.module, use.selector) for use in module.uses).used
            if any(one.partition(".")[0] == SURFACE for one in used):
                yield path, f"`{module.name}`", module.name_span
    for path, template in templates:
        if template.module in known:
            yield path, f"`{template.module}`", known[template.module][1].name_span
