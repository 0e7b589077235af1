"""liveview/script-in-template"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import Unsure
from lsp_server.text import Span, line_ending

from ._live import is_component, is_live

# Of any other type a script is data to a browser (HTML standard, the script element).
_RUN = frozenset(
    {"", "module", "text/javascript", "application/javascript", "application/x-javascript"}
)
_DOCUMENT = frozenset({"html", "head", "body"})


class ScriptInTemplate(Rule):
    """
    A `<script>` in the template of a LiveView or a component.

    The browser runs it when the page is loaded and never again: not when LiveView navigates to the
    page, not when the element appears by a patch. A content security policy without inline scripts
    stops it altogether. A colocated hook (LiveView 1.1) stands in the same place, is bundled with
    the application's scripts, and runs when its element is mounted.

    ## Bad

    ```elixir
    defmodule ShopWeb.MapLive do
      use Phoenix.LiveView

      def render(assigns) do
        ~H\"\"\"
        <div class="map">
          <script>
            drawMap(document.querySelector(".map"))
          </script>
        </div>
        \"\"\"
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.MapLive do
      use Phoenix.LiveView

      def render(assigns) do
        ~H\"\"\"
        <div id="map" phx-hook=".Map" class="map">
          <script :type={Phoenix.LiveView.ColocatedHook} name=".Map">
            export default {
              mounted() {
                drawMap(document.querySelector(".map"))
              },
            }
          </script>
        </div>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - In layouts, controllers' templates and the modules that hold them (`…HTML`, `…View`), and
      anywhere in `<head>` or directly in `<body>`: the browser reads those pages as a whole.
    - Data (`type="application/json"`, templates, import maps), scripts with a `src`, and colocated
      ones.
    - With a LiveView before 1.1.

    ## What the fix changes

    The script becomes a colocated hook of the element around it, which gets an `id` and `phx-hook`;
    its code runs in `mounted()`. A script that stands in no element becomes the hook of the one
    before it. Look at it: functions that other scripts call must stay global,
    and the hook's element is `this.el`. There is no fix where the element has a hook already, where
    there is none around the script, and where EEx writes the script.
    """

    severity = Severity.INFORMATION
    requires = "phoenix_live_view >= 1.1"

    @on(heex.Tag, name="script")
    def check(self, tag: heex.Tag, file: File) -> Iterator[Finding]:
        """Scripts that the browser would run."""
        layer = file.layer
        if layer is None or layer.dialect is not heex.Dialect.HEEX:
            return
        if not is_live(file) and not is_component(file):
            return
        if tag.attribute("src") or tag.attribute(":type") or tag.has_root_attribute:
            return
        kind = tag.attribute("type")
        if kind is not None and (
            not isinstance(kind.value, heex.Quoted)
            or kind.value.content.slice(layer.source).decode("utf-8", "replace").lower() not in _RUN
        ):
            return
        around = _around(tag, layer)
        if any(node.name in _DOCUMENT for node in around):
            return
        edits = _edits(tag, around, layer, file)
        message = "this `<script>` runs on the first load only: a colocated hook runs when mounted"
        if isinstance(edits, Unsure):
            yield self.finding(tag.name_span, f"{message}; not rewritten: {edits.reason}")
            return
        fix = Fix.review("Make a colocated hook of it", lambda _: edits)
        yield self.finding(tag.name_span, message, fix=fix)


def _around(tag: heex.Tag, layer: TemplateLayer) -> list[heex.Tag]:
    """The tags that a script stands in, the nearest last."""
    path = heex.path_to(layer.template, tag.span.start)
    return [node for node in path if isinstance(node, heex.Tag) and node is not tag]


def _before(tag: heex.Tag, layer: TemplateLayer) -> heex.Tag | None:
    """The HTML tag right before a script that stands in nothing."""
    found: heex.Tag | None = None
    for node in layer.template.children:
        if node is tag:
            return found
        if isinstance(node, heex.Tag):
            found = node if node.kind is heex.TagKind.HTML and node.name != "script" else None
        elif not isinstance(node, heex.Text):
            found = None
    return None


def _edits(
    tag: heex.Tag, around: list[heex.Tag], layer: TemplateLayer, file: File
) -> list[Edit] | Unsure:
    parent = around[-1] if around else _before(tag, layer)
    if parent is None or parent.kind is not heex.TagKind.HTML or parent.attribute(":for"):
        return Unsure("no HTML tag is around it")
    if parent.attribute("phx-hook") is not None or parent.has_root_attribute:
        return Unsure("the tag around it may have a hook")
    if any(not isinstance(node, heex.Text) for node in tag.children) or tag.closing is None:
        return Unsure("its text is not all JavaScript")
    if [one for one in tag.attributes if not _is_type(one)]:
        return Unsure("it has attributes")
    source, lines = layer.source, file.document.lines
    code = tag.inner.slice(source).decode("utf-8", "replace")
    if not code.strip():
        return Unsure("it is empty")
    given, named = parent.attribute("id"), _named(parent, layer)
    hook = "." + re.sub(r"(?:^|[-_ ]+)(\w)", lambda found: found[1].upper(), named)
    if not re.fullmatch(r"\.[A-Z]\w*", hook):
        return Unsure("the tag around it has no name to call a hook by")
    newline = line_ending(source)
    indent = lines.indentation(tag.span.start).decode()
    shifted = [f"    {line}" if line.strip() else "" for line in code.strip("\r\n").splitlines()]
    if "\n" not in code:
        shifted = [f"{indent}      {code.strip()}"]
    while shifted and not shifted[-1]:
        shifted.pop()
    rows = [
        f'<script :type={{Phoenix.LiveView.ColocatedHook}} name="{hook}">',
        f"{indent}  export default {{",
        f"{indent}    mounted() {{",
        *shifted,
        f"{indent}    }},",
        f"{indent}  }}",
        f"{indent}</script>",
    ]
    added = f' phx-hook="{hook}"' if given else f' id="{named}" phx-hook="{hook}"'
    at = parent.name_span.end
    return [Edit(Span(at, at), added), Edit(tag.span, newline.join(rows))]


def _is_type(attribute: heex.AnyAttribute) -> bool:
    return isinstance(attribute, heex.Attribute) and attribute.name == "type"


def _named(parent: heex.Tag, layer: TemplateLayer) -> str:
    """What the element is called: its literal id, else its first class, else its tag."""
    for name in ("id", "class"):
        given = parent.attribute(name)
        if given is not None and isinstance(given.value, heex.Quoted):
            words = given.value.content.slice(layer.source).decode("utf-8", "replace").split()
            if words and re.fullmatch(r"[A-Za-z][\w-]*", words[0]):
                return words[0]
    return parent.name
