"""What LiveView, Phoenix and Phoenix.HTML have deprecated or removed, in one table.

Read for it: the changelogs and the `@deprecated` marks of phoenix_live_view 0.15.7, 0.16.4,
0.17.14, 0.18.18, 0.19.5, 0.20.17, 1.0.19, 1.1.33 and 1.2.10, of phoenix 1.5.14, 1.6.16, 1.7.21,
1.8.1 and 1.8.11, and of phoenix_html 2.14.3, 3.3.4, 4.2.1 and 4.3.0.

`since` is the version of `package` that deprecated or removed the thing, `needs` the least versions
that have what takes its place. `one_to_one`: the replacement does the same on every input that
worked. Entries with a `rule` are spoken of by that rule of their own; those without `seen` cannot
be told from the text of an application alone (or occur in tests only) and are here for the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Where a deprecated thing is met."""

    CALL = "call"
    DIRECTIVE = "directive"  # `use X` or `import X`; the name has both words
    OPTION = "option"  # `name:` of a call or `use`, written `call option:`
    ATTRIBUTE = "attribute"  # of any tag, or of one: `.tag name`
    SIGIL = "sigil"
    CALLBACK = "callback"
    ASSIGN = "assign"
    VALUE = "value"  # what an option is given


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One line of the table. `modules` define the function; `arities` are counted with a pipe."""

    kind: Kind
    name: str
    package: str
    since: str
    replacement: str
    needs: tuple[str, ...]
    one_to_one: bool = False
    modules: tuple[str, ...] = ()
    arities: tuple[int, ...] = ()
    rule: str = ""
    seen: bool = True

    @property
    def said(self) -> str:
        """What is wrong, without what to do."""
        return f"`{self.name}` is deprecated since {_PACKAGES[self.package]} {self.since}"


_PACKAGES = {
    "phoenix": "Phoenix",
    "phoenix_live_view": "LiveView",
    "phoenix_html": "Phoenix.HTML",
}

_SHORT = {"LV": "phoenix_live_view", "Phx": "phoenix", "HTML": "phoenix_html"}

# Kind and name (with arities), package and version that deprecated it, what the replacement needs,
# the replacement (`=` one-to-one, `~` not), and at the end the modules of a function, the rule of
# its own (`rule …`) or `unseen`.
_TABLE = """
call      live_component/2,3,4 | LV 0.17 | LV 0.17 | = <.live_component> | Helpers Component
call      live_flash/2 | LV 0.20.15 | Phx 1.7 | = Phoenix.Flash.get/2 | Component Helpers
call      live_title_tag/1,2 | LV 0.20 | LV 0.18 | = <.live_title> | Helpers
call      live_img_preview/1,2 | LV 0.19 | LV 0.18 | = <.live_img_preview> | Helpers Component
call      live_file_input/1,2 | LV 0.19 | LV 0.18 | = <.live_file_input> | Helpers Component
call      render_block/1,2 | LV 0.17 | LV 0.17 | = render_slot | Helpers Component
call      get_connect_info/1 | LV 0.17.6 | LV 0.17.6 | ~ get_connect_info/2 | LiveView
call      put_connect_info/2 | LV 0.17.6 | LV 0.17.6 | ~ functions of Plug.Conn | unseen
call      push_redirect/2 | LV 0.18 | LV 0.18 | = push_navigate/2 | rule push-redirect
call      live_redirect/2 | LV 0.18 | LV 0.18 | = <.link navigate> | rule live-redirect
call      live_patch/2 | LV 0.18 | LV 0.18 | = <.link patch> | rule live-patch
call      consume_uploaded_entries/3 | LV 0.17.6 | LV 0.17.6 | ~ a callback with {:ok, _} | unseen
call      consume_uploaded_entry/3 | LV 0.17.6 | LV 0.17.6 | ~ a callback with {:ok, _} | unseen
directive import Phoenix.LiveView.Helpers | LV 0.18 | LV 0.18 | ~ import Phoenix.Component |
option    stream dom_id: | LV 0.19 | LV 0.19 | ~ stream_configure/3 | LiveView
option    live layout: | LV 0.16 | LV 0.16 | ~ root_layout: of live_session | LiveRouter
option    config :colocated_js | LV 1.2 | LV 1.2 | ~ :colocated_assets | unseen
attribute let | LV 0.18 | LV 0.18 | = :let | rule let-attribute
attribute phx-capture-click | LV 0.17 | LV 0.17 | ~ phx-click-away |
attribute phx-feedback-for | LV 1.0 | LV 1.0 | ~ used_input?/1 |
attribute phx-feedback-group | LV 0.20.5 | LV 1.0 | ~ used_input?/1 |
attribute phx-page-loading | LV 1.0 | LV 1.0 | ~ JS.push with page_loading: true |
attribute phx-update | LV 0.20.2 | LV 0.18.16 | ~ "stream" | rule phx-update-append
attribute .dynamic_tag name | LV 1.0 | LV 1.0 | = tag_name |
attribute .form for={:name} | LV 0.18.12 | LV 0.18.12, HTML 3.3 | = for={%{}} as={:name} |
call      to_form/1,2 | LV 0.18.12 | LV 0.18.12, HTML 3.3 | = to_form(%{}, as: :name) | Component
value     layout: {M, "name.html"} | LV 0.18.3 | LV 0.18.3 | = layout: {M, :name} |
value     root_layout: {M, "name.html"} | LV 0.18.3 | LV 0.18.3 | = root_layout: {M, :name} |
value     engine: Phoenix.LiveView.TagEngine | LV 1.2 | LV 1.2 | ~ TagEngine.compile/2 | unseen
sigil     ~L | LV 0.16 | LV 0.18 | ~ ~H | rule sigil-l
callback  preload/1 | LV 0.20 | LV 0.20 | ~ update_many/1 | LiveComponent
assign    @live_module | LV 0.15 | LV 0.15 | = @socket.view |
assign    @inner_content | LV 0.15 | LV 0.17 | ~ @inner_block in components | unseen

call      get_flash/1,2 | Phx 1.7 | Phx 1.7 | = Phoenix.Flash.get/2 | Controller
call      put_layout_formats/2 | Phx 1.7 | Phx 1.7 | ~ put_layout/2 by format | Controller
call      layout_formats/1 | Phx 1.7 | Phx 1.7 | ~ put_layout/2 by format | Controller
call      render/3,4 | Phx 1.5 | Phx 1.5 | ~ put_view/2 | Controller
call      put_layout/2 | Phx 1.8 | Phx 1.8 | ~ a layout with its module | Controller
call      put_root_layout/2 | Phx 1.8 | Phx 1.8 | ~ a layout with its module | Controller
call      instrument/4 | Phx 1.5 | Phx 1.5 | ~ :telemetry | Endpoint
call      transport/2,3 | Phx 1.5 | Phx 1.5 | ~ nothing, for it has no effect, | Socket
call      socket/0,2 | Phx 1.5 | Phx 1.5 | ~ socket/1 or socket/4 | unseen
directive use Phoenix.ConnTest | Phx 1.5 | Phx 1.5 | ~ import Phoenix.ConnTest | unseen
directive use Phoenix.ChannelTest | Phx 1.5 | Phx 1.5 | ~ import Phoenix.ChannelTest | unseen
directive use Phoenix.View | Phx 1.7 | Phx 1.7 | ~ function components | rule phoenix/view-module
option    config pubsub: | Phx 1.5 | Phx 1.5 | ~ a supervised Phoenix.PubSub |
option    compilers: [:phoenix] | Phx 1.6 | Phx 1.6 | ~ nothing | unseen
option    use Phoenix.Controller namespace: | Phx 1.8 | Phx 1.8 | ~ formats: |
option    use Phoenix.Controller put_default_views: | Phx 1.8 | Phx 1.8 | ~ formats: |
directive use Phoenix.Controller | Phx 1.8 | Phx 1.8 | ~ use Phoenix.Controller, formats: […] |
option    scope trailing_slash: | Phx 1.8 | Phx 1.8 | ~ ~p | Router
option    get trailing_slash: | Phx 1.8 | Phx 1.8 | ~ ~p | Router
option    config instrumenters: | Phx 1.5 | Phx 1.5 | ~ :telemetry |
value     {:system, "NAME"} | Phx 1.7 | Phx 1.7 | ~ System.get_env/1 in config/runtime.exs |
assign    @view_module | Phx 1.6 | Phx 1.6 | ~ Phoenix.Controller.view_module(@conn) |
assign    @view_template | Phx 1.6 | Phx 1.6 | ~ Phoenix.Controller.view_template(@conn) |
value     render(@view_module, @view_template, assigns) | Phx 1.5 | Phx 1.5 | = @inner_content |
callback  init/2 | Phx 1.7.11 | Phx 1.7.11 | ~ config/runtime.exs | Endpoint

directive use Phoenix.HTML | HTML 4.0 | HTML 4.0 | ~ import Phoenix.HTML |
directive import Phoenix.HTML.Format | HTML 4.0 | HTML 4.0 | ~ import PhoenixHTMLHelpers.Format |
directive import Phoenix.HTML.Link | HTML 4.0 | HTML 4.0 | ~ import PhoenixHTMLHelpers.Link |
directive import Phoenix.HTML.Tag | HTML 4.0 | HTML 4.0 | ~ import PhoenixHTMLHelpers.Tag |
sigil     ~E | HTML 3.1 | HTML 3.1, LV 0.18 | ~ ~H |
call      csrf_meta_tag/0 | HTML 4.0 | HTML 4.0, LV 0.18 | ~ <meta name="csrf-token"> | Tag OldTag
call      attributes_escape/1 | HTML 3.1 | HTML 3.1 | = Phoenix.HTML.attributes_escape/1 | Tag
call      escape_javascript/1 | HTML 2.13 | HTML 2.13 | = javascript_escape | HTML
call      field_id/2 | HTML 2.14 | HTML 2.14 | = input_id | Form
call      field_name/2 | HTML 2.14 | HTML 2.14 | = input_name | Form
call      field_value/2 | HTML 2.14 | HTML 2.14 | = input_value | Form
call      link/1 | HTML 3.1 | LV 0.18 | = <.link> | rule link-helper
call      form_for/3 | HTML 3.0 | LV 0.18 | ~ <.form> | rule form-for
call      inputs_for/2,3 | HTML 3.3.2 | LV 0.18 | ~ <.inputs_for> | rule form-for
"""

_MODULES = {
    "Component": "Phoenix.Component",
    "Controller": "Phoenix.Controller",
    "Endpoint": "Phoenix.Endpoint",
    "Form": "Phoenix.HTML.Form",
    "HTML": "Phoenix.HTML",
    "Helpers": "Phoenix.LiveView.Helpers",
    "LiveComponent": "Phoenix.LiveComponent",
    "LiveRouter": "Phoenix.LiveView.Router",
    "LiveView": "Phoenix.LiveView",
    "OldTag": "PhoenixHTMLHelpers.Tag",
    "Router": "Phoenix.Router",
    "Socket": "Phoenix.Socket",
    "Tag": "Phoenix.HTML.Tag",
}


def _read(line: str) -> Deprecation:
    first, since, needs, replacement, last = (part.strip() for part in line.split("|"))
    word, name = first.split(maxsplit=1)
    kind = Kind(word)
    arities: tuple[int, ...] = ()
    if kind is Kind.CALL:
        name, _, written = name.rpartition("/")
        arities = tuple(int(arity) for arity in written.split(","))
    package, version = since.split()
    wanted = [need.split() for need in needs.split(",")]
    owned = last.removeprefix("rule ") if last.startswith("rule ") else ""
    plain = owned or last == "unseen"
    return Deprecation(
        kind,
        name,
        _SHORT[package],
        version,
        replacement[2:],
        tuple(f"{_SHORT[one]} >= {least}" for one, least in wanted),
        replacement[0] == "=",
        () if plain else tuple(_MODULES[module] for module in last.split()),
        arities,
        owned if "/" in owned or not owned else f"liveview/{owned}",
        last != "unseen",
    )


TABLE = tuple(_read(line) for line in _TABLE.splitlines() if line)


def seen(*kinds: Kind) -> Iterator[Deprecation]:
    """The entries of some kinds that `deprecated-call` itself looks for."""
    return (one for one in TABLE if one.kind in kinds and one.seen and not one.rule)
