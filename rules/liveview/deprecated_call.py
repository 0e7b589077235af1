"""liveview/deprecated-call"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import Atom, Pair
from lsp_server.syntax.names import module_text
from lsp_server.syntax.outline import Module
from lsp_server.syntax.template_edits import Unsure
from lsp_server.text import Span, line_ending

from ._deprecated_uses import (
    child_template,
    is_meant,
    layout_string,
    names_no_formats,
    plugged_layout,
    system_variables,
)
from ._deprecations import Deprecation, Kind, seen
from ._forms import keywords_of
from ._heex import heex_edits
from ._replacements import replacement, spreads

_CALLS = {one.name: one for one in seen(Kind.CALL)}
_DIRECTIVES = {one.name: one for one in seen(Kind.DIRECTIVE)}
_OPTIONS = {one.name: one for one in seen(Kind.OPTION)}
_ATTRIBUTES = {one.name: one for one in seen(Kind.ATTRIBUTE)}
_SIGILS = {one.name: one for one in seen(Kind.SIGIL)}
_ASSIGNS = {one.name: one for one in seen(Kind.ASSIGN)}
_CALLBACKS = {one.name: one for one in seen(Kind.CALLBACK)}
_VALUES = {one.name: one for one in seen(Kind.VALUE)}
_VIEW = frozenset({"view_module", "view_template"})
_LAYOUT = '{M, "name.html"}'


class DeprecatedCall(Rule):
    """
    A function, attribute or option that LiveView or Phoenix has deprecated or taken away.

    Deprecated things warn for one version and are gone in a later one: `live_component/2`,
    `render_block` and `phx-capture-click` do not work in LiveView 1.0, `get_flash` and layouts
    without a module warn in Phoenix 1.8. Each is reported from the version on that has what takes
    its place, so that it can be replaced before the upgrade that needs it.

    ## Bad

    ```heex
    <%= live_component @socket, ShopWeb.CartComponent, id: @cart.id, return_to: ~p"/" %>
    <p><%= live_flash(@flash, :info) %></p>
    <%= live_file_input @uploads.avatar, class: "file" %>
    ```

    ## Good

    ```heex
    <.live_component module={ShopWeb.CartComponent} id={@cart.id} return_to={~p"/"} />
    <p><%= Phoenix.Flash.get(@flash, :info) %></p>
    <.live_file_input upload={@uploads.avatar} class="file" />
    ```

    ## When it stays silent

    - Functions that the module defines itself or imports from elsewhere; common names such as
      `render/4` where their module is not certain.
    - With versions that do not have the replacement yet.
    - Inside `~L` and `.leex`, which must become HEEx first.
    - What has a rule of its own: `live_redirect`, `live_patch`, `push_redirect`, `~L`, `let`, forms
      and links of Phoenix.HTML, `phx-update="append"`.

    ## What the fix changes

    Where the replacement does the same it is written. The fix asks to be looked at where it does
    nearly the same: `phx-click-away` also closes on a click in another tab of the page,
    `phx-feedback-for` is taken out (it does nothing since LiveView 1.0), `use Phoenix.HTML` becomes
    the imports that it stood for, the helpers module `Phoenix.Component`, `~E` `~H`. There is none
    where more than the call has to change, as for a `live_component` without `id`. The block of one
    sees the assigns of its page only, not what the component handed to it before LiveView 0.17.
    """

    tags = (Tag.DEPRECATED,)

    @on(Call, name=tuple(_CALLS))
    def calls(self, call: Call, file: File) -> Iterator[Finding]:
        """Calls of functions."""
        found = _CALLS[call.name]
        if not _fits(found, file) or not is_meant(found, call, file):
            return
        edits = replacement(call, file)
        safe = found.one_to_one and call.do_block is None and not spreads(call)
        yield self._finding(call.name_span, found, edits, safe)

    @on(Call, name=("import", "use"))
    def directives(self, call: Call, file: File) -> Iterator[Finding]:
        """`use` and `import` of modules, and options of `use`."""
        given = call.written_arguments
        module = module_text(given[0]) if given else ""
        if not module.startswith("Phoenix.") or call.receiver is not None:
            return
        if file.names(call).module.startswith("Phoenix."):
            return  # the libraries keep what is deprecated alive
        found = _DIRECTIVES.get(f"{call.name} {module}")
        if module == "Phoenix.Controller" and not names_no_formats(call):
            found = None
        if found is not None and _fits(found, file):
            yield self._finding(given[0].span, found, _directive(call, module, file))
        for pair in call.keywords.pairs if call.keywords is not None else ():
            option = _OPTIONS.get(f"{call.name} {module} {pair.key}:")
            if option is not None and _fits(option, file):
                yield self._finding(pair.key_span, option, Unsure(""))

    @on(Call, name="plug")
    def plugs(self, call: Call, file: File) -> Iterator[Finding]:
        """Plugs that are deprecated functions."""
        function = plugged_layout(call)
        if function is not None and _fits(_CALLS[function.name], file):
            yield self._finding(function.span, _CALLS[function.name], Unsure(""))

    @on(Call, name=("stream", "live", "scope", "get"))
    def call_options(self, call: Call, file: File) -> Iterator[Finding]:
        """Options of calls."""
        for pair in call.keywords.pairs if call.keywords is not None else ():
            found = _OPTIONS.get(f"{call.name} {pair.key}:")
            if found is None or not _fits(found, file) or call.receiver is not None:
                continue
            if file.module_of(call) in found.modules:
                yield self._finding(pair.key_span, found, Unsure(""))

    @on(Call, name="config")
    def endpoint_settings(self, call: Call, file: File) -> Iterator[Finding]:
        """What `config :app, ShopWeb.Endpoint, …` says."""
        given, options = call.arguments, call.keywords
        if len(given) != 3 or options is None or call.receiver is not None:
            return
        if not module_text(given[1]).endswith("Endpoint"):
            return
        for pair in options.pairs:
            found = _OPTIONS.get(f"config {pair.key}:")
            if found is None or not _fits(found, file):
                continue
            if pair.key != "pubsub" or keywords_of(pair.value) is not None:
                yield self._finding(pair.key_span, found, Unsure(""))
        found = _VALUES['{:system, "NAME"}']
        for variable in system_variables(options) if _fits(found, file) else ():
            yield self._finding(variable.span, found, Unsure(""))

    @on(heex.Attribute, name=tuple(name for name in _ATTRIBUTES if " " not in name))
    def attributes(self, attribute: heex.Attribute, file: File) -> Iterator[Finding]:
        """Attributes of any tag."""
        found = _ATTRIBUTES[attribute.name]
        if file.layer is None or file.layer.dialect is not heex.Dialect.HEEX:
            return
        if _fits(found, file):
            yield self._finding(attribute.name_span, found, _attribute(attribute, file))

    @on(Pair, name=("layout", "root_layout"))
    def layouts(self, pair: Pair, file: File) -> Iterator[Finding]:
        """Layouts of LiveViews that are named by a string."""
        found, template = _VALUES[f"{pair.key}: {_LAYOUT}"], layout_string(pair, file)
        if template is not None and template.value and _fits(found, file):
            name = template.value.removesuffix(".html")
            written = f":{name}" if name.isidentifier() else f':"{name}"'
            yield self._finding(
                template.span, found, [Edit(template.span, written)], found.one_to_one
            )

    @on(heex.Tag, name=".form")
    def forms(self, tag: heex.Tag, file: File) -> Iterator[Finding]:
        """Forms for a name."""
        found, data = _ATTRIBUTES[".form for={:name}"], tag.attribute("for")
        if data is None or file.layer is None or not _fits(found, file):
            return
        value = data.value
        node = file.layer.expression(value.expression) if isinstance(value, heex.Braces) else None
        if isinstance(node, Atom) and file.layer.dialect is heex.Dialect.HEEX:
            edits: list[Edit] | Unsure = [Edit(data.span, f"for={{%{{}}}} as={{{node.text}}}")]
            if tag.attribute("as") is not None:
                edits = Unsure("`as` names it too")
            yield self._finding(data.span, found, edits, found.one_to_one)

    @on(heex.Tag, name=".dynamic_tag")
    def dynamic_tag(self, tag: heex.Tag, file: File) -> Iterator[Finding]:
        """The attribute that names the tag."""
        found, name = _ATTRIBUTES[".dynamic_tag name"], tag.attribute("name")
        if name is None or tag.attribute("tag_name") is not None or not _fits(found, file):
            return
        if file.layer is not None and file.layer.dialect is heex.Dialect.HEEX:
            edits = [Edit(name.name_span, "tag_name")]
            yield self._finding(name.name_span, found, edits, found.one_to_one)

    @on(heex.Template)
    def sigils(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """`~E`."""
        layer, found = file.layer, _SIGILS["~E"]
        if layer is None or layer.sigil is None or template.dialect is not heex.Dialect.EEX:
            return
        if not _fits(found, file):
            return
        start = layer.sigil.start
        edits = heex_edits(layer, file)
        function = None if file.form is None else file.form.function
        if function is None or [one.text for one in function.parameters] != ["assigns"]:
            edits = Unsure("`~H` reads a variable `assigns`")
        if not isinstance(edits, Unsure):
            edits = [Edit(Span(start + 1, start + 2), "H"), *edits]
        yield self._finding(Span(start, start + 2), found, edits)

    @on(heex.Template)
    def assigns(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """Assigns of templates."""
        layer, text = file.layer, template.span.slice(file.document.source)
        if layer is None or layer.dialect is heex.Dialect.LEEX:
            return
        if any(name.encode() in text for name in _ASSIGNS):
            for node in layer.index.nodes(ModuleAttribute):
                yield from self._assign(node, file)

    def _assign(self, node: ModuleAttribute, file: File) -> Iterator[Finding]:
        found, where = _ASSIGNS.get(f"@{node.name}"), node.span
        if found is None:
            return
        child = child_template(node)
        if child is not None and node.name == "view_template":
            return  # said of the call already
        if child is None and node.name in _VIEW and "/templates/" not in file.path:
            return  # an assign of its own: only a Phoenix.View was given these
        if child is not None:
            found, where = _VALUES["render(@view_module, @view_template, assigns)"], child.span
        if _fits(found, file):
            yield self._finding(where, found, [Edit(where, found.replacement)], found.one_to_one)

    @on(Module, name=sorted({name.partition("/")[0] for name in _CALLBACKS}))
    def callbacks(self, module: Module, file: File) -> Iterator[Finding]:
        """Callbacks of modules that use a library's module."""
        for form in module.forms:
            function = form.function
            if function is None or form.callee != b"def":
                continue
            found = _CALLBACKS.get(f"{function.name}/{function.arity}")
            if found is None or not _fits(found, file):
                continue
            used = file.context.used(form.names_at(form.span.start))
            if not used.isdisjoint(found.modules):
                yield self._finding(function.name_span, found, Unsure(""))

    def _finding(
        self, where: Span, found: Deprecation, edits: list[Edit] | Unsure, safe: bool = False
    ) -> Finding:
        message = f"{found.said}: {found.replacement} takes its place"
        if isinstance(edits, Unsure):
            reason = f"; not rewritten: {edits.reason}" if edits.reason else ""
            return self.finding(where, message + reason)
        title = f"Write {found.replacement}"
        make = Fix.safe if safe else Fix.review
        return self.finding(where, message, fix=make(title, lambda _: edits))


def _fits(found: Deprecation, file: File) -> bool:
    return all(file.depends(one) for one in found.needs)


def _attribute(attribute: heex.Attribute, file: File) -> list[Edit] | Unsure:
    if attribute.name == "phx-capture-click":
        return [Edit(attribute.name_span, "phx-click-away")]
    if not attribute.name.startswith("phx-feedback"):
        return Unsure("")
    start = attribute.span.start
    before = file.document.source[:start]
    return [Edit(Span(len(before.rstrip()), attribute.span.end), "")]


_MOVED = frozenset({"Phoenix.HTML.Format", "Phoenix.HTML.Link", "Phoenix.HTML.Tag"})

# `use` of any of these imports Phoenix.Component, since LiveView 0.18.
_COMPONENT = frozenset({"Phoenix.Component", "Phoenix.LiveView", "Phoenix.LiveComponent"})


def _directive(call: Call, module: str, file: File) -> list[Edit] | Unsure:
    helpers = file.context.version(file.path, "phoenix_html_helpers") is not None and file.depends(
        "phoenix_html_helpers < 1000"
    )
    if helpers and module in _MOVED:
        moved = module.replace("Phoenix.HTML", "PhoenixHTMLHelpers")
        return [Edit(call.written_arguments[0].span, moved)]
    if len(call.written_arguments) > 1:
        return Unsure("it has options")
    if module == "Phoenix.LiveView.Helpers":
        if _has_component(call, file):
            return [Edit(_lines_of(call, file), "")]
        return [Edit(call.written_arguments[0].span, "Phoenix.Component")]
    if module != "Phoenix.HTML":
        return Unsure("")
    lines = file.document.lines
    newline = line_ending(file.document.source) + lines.indentation(call.start).decode()
    brought = ["import Phoenix.HTML", "import Phoenix.HTML.Form"]
    if helpers:
        brought.append("use PhoenixHTMLHelpers")
    return [Edit(call.span, newline.join(brought))]


def _has_component(call: Call, file: File) -> bool:
    """Whether Phoenix.Component is imported beside an `import` already, also by a `use`."""
    if not _COMPONENT.isdisjoint(file.context.used(file.names(call))):
        return True
    return any(
        isinstance(one, Call)
        and one.name in ("import", "use")
        and len(one.written_arguments) >= 1
        and module_text(one.written_arguments[0]) in _COMPONENT
        and (one.name == "use" or len(one.written_arguments) == 1)
        for one in (call.parent.children if call.parent is not None else ())
    )


def _lines_of(call: Call, file: File) -> Span:
    """The line of a call, with the empty one below where an empty one is above as well."""
    lines = file.document.lines
    number = lines.line_at(call.start)
    following = number + 1
    if not lines.line_bytes(number - 1).strip() and not lines.line_bytes(following).strip():
        following += 1
    return Span(lines.starts[number], lines.starts[following])
