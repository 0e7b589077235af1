"""What well-known libraries export and what `use` of them brings.

Read off the sources of phoenix_live_view 0.13 to 1.2, phoenix 1.4 to 1.8, phoenix_html 2.14 to 4.3,
phoenix_html_helpers 1.0, phoenix_view 1.0 to 2.0, plug 1.8 to 1.19, ecto 3.0 to 3.14 and ecto_sql
3.0 to 3.14. A function stands under every version of its module unless it was taken out of it: code
that calls what its version does not have yet does not compile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from lsp_server.facts.project.using import Brought
from lsp_server.facts.project.versions import NEWEST, Requirement, Version

Functions = frozenset[tuple[str, int]]

_EXPORTS = """
Phoenix.LiveView: phoenix_live_view
    allow_upload/3 assign_async/3,4 attach_hook/4 cancel_async/2,3 cancel_upload/3 clear_flash/1,2
    connected?/1 consume_uploaded_entries/3 consume_uploaded_entry/3 detach_hook/3
    disallow_upload/2 get_connect_info/2 get_connect_params/1 navigation_type/2 on_mount/1
    push_event/3,4 push_navigate/2 push_patch/2 push_redirect/2 put_flash/3 put_private/3
    redirect/1,2 render_with/2 send_update/2,3 send_update_after/3,4 start_async/3,4
    static_changed?/1 stream/3,4 stream_async/3,4 stream_configure/3 stream_delete/3
    stream_delete_by_dom_id/3 stream_insert/3,4 transport_pid/1 uploaded_entries/2
Phoenix.LiveView: phoenix_live_view < 0.20
    get_connect_info/1
Phoenix.LiveView: phoenix_live_view < 0.18
    assign/2,3 assign_new/3 changed?/2 update/3
Phoenix.Component: phoenix_live_view >= 0.18
    assign/2,3 assign_new/3 assigns_to_attributes/1,2 async_result/1 attr/2,3 changed?/2
    dynamic_tag/1 embed_templates/1,2 focus_wrap/1 form/1 inputs_for/1 intersperse/1 link/1
    live_component/1 live_file_input/1 live_flash/2 live_img_preview/1 live_render/2,3
    live_title/1 portal/1 render_slot/1,2 sigil_H/2 slot/1,2,3 to_form/1,2 update/3
    upload_errors/1,2 used_input?/1
Phoenix.LiveView.Helpers: phoenix_live_view
    live_patch/1,2 live_redirect/1,2 live_title_tag/1,2 sigil_L/2
Phoenix.LiveView.Helpers: phoenix_live_view < 0.18
    assigns_to_attributes/1,2 component/1,2 form/1 inner_block/2 live_component/1
    live_file_input/1 live_flash/2 live_img_preview/1 live_render/2,3 render_slot/1,2 sigil_H/2
    upload_errors/1,2
Phoenix.LiveView.Helpers: phoenix_live_view < 0.20
    live_component/2,3 live_file_input/2 live_img_preview/2 render_block/1,2
Phoenix.LiveView.Helpers: phoenix_live_view < 0.17
    component/3 live_component/4
Phoenix.LiveView.Router: phoenix_live_view
    fetch_live_flash/1,2 live/2,3,4 live_session/2,3
Phoenix.Controller: phoenix
    accepts/2 action_fallback/1 action_name/1 allow_jsonp/1,2 assign/2 clear_flash/1
    controller_module/1 current_path/1,2 current_url/1,2 delete_csrf_token/0 endpoint_module/1
    fetch_flash/1,2 get_csrf_token/0 get_flash/1,2 get_format/1 html/2 json/2 layout/1,2
    layout_formats/1 merge_flash/2 protect_from_forgery/1,2 put_flash/3 put_format/2 put_layout/2
    put_layout_formats/2 put_new_layout/2 put_new_view/2 put_root_layout/2 put_router_url/2
    put_secure_browser_headers/1,2 put_static_url/2 put_view/2 redirect/2 render/1,2,3,4
    root_layout/1,2 router_module/1 scrub_params/2 send_download/2,3
    status_message_from_template/1 text/2 view_module/1,2 view_template/1
Phoenix.Controller.Pipeline: phoenix
    plug/1,2
Phoenix.Router: phoenix
    connect/3,4 delete/3,4 forward/2,3,4 get/3,4 head/3,4 match/4,5 options/3,4 patch/3,4
    pipe_through/1 pipeline/2 plug/1,2 post/3,4 put/3,4 resources/2,3,4 route_info/4 routes/1
    scope/2,3,4 scoped_alias/2 scoped_path/2 trace/3,4
Phoenix.VerifiedRoutes: phoenix
    path/2,3 sigil_p/2 static_integrity/2 static_path/2 static_url/2 unverified_path/3,4
    unverified_url/2,3 url/1,2,3
Phoenix.Channel: phoenix
    broadcast/3 broadcast!/3 broadcast_from/3 broadcast_from!/3 intercept/1 push/3 reply/2
    socket_ref/1
Phoenix.HTML: phoenix_html
    attributes_escape/1 css_escape/1 html_escape/1 javascript_escape/1 raw/1 safe_to_string/1
Phoenix.HTML: phoenix_html < 3.0
    escape_javascript/1
Phoenix.HTML: phoenix_html < 4.0
    sigil_E/2 sigil_e/2
Phoenix.HTML.Form: phoenix_html
    fetch/2 input_changed?/3 input_id/2,3 input_name/2 input_validations/2 input_value/2
    normalize_value/2 options_for_select/2,3
Phoenix.HTML.Form: phoenix_html < 4.0
    checkbox/2,3 color_input/2,3 date_input/2,3 date_select/2,3 datetime_local_input/2,3
    datetime_select/2,3 email_input/2,3 file_input/2,3 form_for/2,3,4 hidden_input/2,3
    hidden_inputs_for/1 humanize/1 input_type/2,3 inputs_for/2,3,4 label/1,2,3,4
    multiple_select/3,4 number_input/2,3 password_input/2,3 radio_button/3,4 range_input/2,3
    reset/1,2 search_input/2,3 select/3,4 submit/1,2 telephone_input/2,3 text_input/2,3
    textarea/2,3 time_input/2,3 time_select/2,3 url_input/2,3
Phoenix.HTML.Form: phoenix_html < 3.0
    field_id/2 field_name/2 field_value/2,3
Phoenix.HTML.Link: phoenix_html < 3.0
    link/1
Phoenix.HTML.Link: phoenix_html < 4.0
    button/2 link/2
Phoenix.HTML.Tag: phoenix_html < 4.0
    attributes_escape/1 content_tag/2,3 csrf_input_tag/1,2 csrf_meta_tag/0,1 csrf_token_value/0,1
    form_tag/1,2,3 img_tag/1,2 tag/1,2
Phoenix.HTML.Format: phoenix_html < 4.0
    text_to_html/1,2
PhoenixHTMLHelpers.Form: phoenix_html_helpers
    checkbox/2,3 color_input/2,3 date_input/2,3 date_select/2,3 datetime_local_input/2,3
    datetime_select/2,3 email_input/2,3 file_input/2,3 form_for/2,3,4 hidden_input/2,3
    hidden_inputs_for/1 humanize/1 input_type/2,3 inputs_for/2,3,4 label/1,2,3,4
    multiple_select/3,4 number_input/2,3 password_input/2,3 radio_button/3,4 range_input/2,3
    reset/1,2 search_input/2,3 select/3,4 submit/1,2 telephone_input/2,3 text_input/2,3
    textarea/2,3 time_input/2,3 time_select/2,3 url_input/2,3
PhoenixHTMLHelpers.Link: phoenix_html_helpers
    button/2 link/2
PhoenixHTMLHelpers.Tag: phoenix_html_helpers
    content_tag/2,3 csrf_input_tag/1,2 csrf_meta_tag/0,1 csrf_token_value/0,1 form_tag/1,2,3
    img_tag/1,2 tag/1,2
PhoenixHTMLHelpers.Format: phoenix_html_helpers
    text_to_html/1,2
Phoenix.Socket: phoenix
    assign/2,3 channel/2,3 transport/2,3
Phoenix.View: phoenix_view
    module_to_template_root/3 render/3 render_existing/2,3 render_layout/4 render_many/3,4
    render_one/3,4 render_to_iodata/3 render_to_string/3 template_path_to_name/2
Plug.Conn: plug
    assign/3 async_assign/3 await_assign/2,3 chunk/2 clear_session/1 configure_session/2
    delete_req_header/2 delete_resp_cookie/2,3 delete_resp_header/2 delete_session/2
    fetch_cookies/1,2 fetch_query_params/1,2 fetch_session/1,2 get_cookies/1 get_http_protocol/1
    get_peer_data/1 get_req_header/2 get_resp_cookies/1 get_resp_header/2 get_session/1,2,3
    get_sock_data/1 get_ssl_data/1 halt/1 inform/2,3 inform!/2,3 merge_assigns/2 merge_private/2
    merge_req_headers/2 merge_resp_headers/2 prepend_req_headers/2 prepend_resp_headers/2 push/2,3
    push!/2,3 put_private/3 put_req_header/3 put_resp_content_type/2,3 put_resp_cookie/3,4
    put_resp_header/3 put_session/3 put_status/2 read_body/1,2 read_part_body/2
    read_part_headers/1,2 register_before_send/2 request_url/1 resp/3 send_chunked/2
    send_file/3,4,5 send_resp/1,3 update_req_header/4 update_resp_header/4 upgrade_adapter/3
Plug.Builder: plug
    builder_opts/0 compile/3 plug/1,2
Plug.Router: plug
    delete/2,3 forward/2 get/2,3 head/2,3 match/2,3 match_path/1 options/2,3 patch/2,3 post/2,3
    put/2,3
Ecto.Query: ecto
    distinct/2,3 dynamic/1,2 except/2 except_all/2 exclude/2 first/1,2 from/1,2 group_by/2,3
    has_named_binding?/2 having/2,3 intersect/2 intersect_all/2 is_named_binding/2 join/3,4,5
    last/1,2 limit/2,3 lock/2,3 offset/2,3 or_having/2,3 or_where/2,3 order_by/2,3 preload/2,3
    prepend_order_by/2,3 put_query_prefix/2 recursive_ctes/2 reverse_order/1 select/2,3
    select_merge/2,3 subquery/1,2 union/2 union_all/2 update/2,3 where/2,3 windows/2,3 with_cte/3
    with_named_binding/3 with_ties/2,3
Ecto.Changeset: ecto
    add_error/3,4 apply_action/2 apply_action!/2 apply_changes/1 assoc_constraint/2,3 cast/3,4
    cast_assoc/2,3 cast_embed/2,3 change/1,2 changed?/2,3 check_constraint/2,3 constraints/1
    delete_change/2 empty_values/0 exclusion_constraint/2,3 fetch_change/2 fetch_change!/2
    fetch_field/2 fetch_field!/2 field_missing?/2 force_change/3 foreign_key_constraint/2,3
    get_assoc/2,3 get_change/2,3 get_embed/2,3 get_field/2,3 merge/2 no_assoc_constraint/2,3
    optimistic_lock/2,3 prepare_changes/2 put_assoc/3,4 put_change/3 put_embed/3,4
    reorder_assoc/2,3 traverse_errors/2 traverse_validations/2 unique_constraint/2,3
    unsafe_validate_unique/3,4 update_change/3 validate_acceptance/2,3 validate_change/3,4
    validate_confirmation/2,3 validate_exclusion/3,4 validate_format/3,4 validate_inclusion/3,4
    validate_length/3 validate_number/3 validate_required/2,3 validate_subset/3,4 validations/1
Ecto.Schema: ecto
    association/5 belongs_to/2,3 embedded_schema/1 embeds_many/2,3,4 embeds_one/2,3,4 field/1,2,3
    has_many/2,3 has_one/2,3 many_to_many/2,3 schema/2 timestamps/0,1
Ecto: ecto
    assoc/2,3 assoc_loaded?/1 build_assoc/2,3 embedded_dump/2 embedded_load/3 get_meta/2
    primary_key/1 primary_key!/1 put_meta/2 reset_fields/2
Ecto.Migration: ecto_sql
    add/2,3 add_if_not_exists/2,3 alter/2 constraint/2,3 create/1,2 create_if_not_exists/1,2
    direction/0 drop/1,2 drop_if_exists/1,2 execute/1,2 execute_file/1,2 flush/0 fragment/1
    index/2,3 modify/2,3 prefix/0 references/1,2 remove/1,2,3 remove_if_exists/1,2 rename/2,3
    repo/0 table/1,2 timestamps/0,1 unique_index/2,3
"""

# Inside `schema … do` Ecto.Schema is imported whole. field/2 is left out here, for elsewhere in the
# module it is a query's.
_USES = """
Phoenix.LiveView: phoenix_live_view < 0.16
    import Phoenix.LiveView
    import Phoenix.LiveView.Helpers
Phoenix.LiveView: phoenix_live_view >= 0.16 and < 0.18
    use Phoenix.Component
Phoenix.LiveView: phoenix_live_view >= 0.18
    import Phoenix.LiveView
    use Phoenix.Component
Phoenix.LiveComponent: phoenix_live_view < 0.16
    import Phoenix.LiveView
    import Phoenix.LiveView.Helpers
Phoenix.LiveComponent: phoenix_live_view >= 0.16 and < 0.18
    use Phoenix.Component
Phoenix.LiveComponent: phoenix_live_view >= 0.18
    import Phoenix.LiveView
    use Phoenix.Component
Phoenix.Component: phoenix_live_view < 0.18
    import Phoenix.LiveView
    import Phoenix.LiveView.Helpers
Phoenix.Component: phoenix_live_view >= 0.18
    import Phoenix.LiveView.Helpers
    import Phoenix.Component
Phoenix.Controller: phoenix
    import Phoenix.Controller
    import Plug.Conn
    use Phoenix.Controller.Pipeline
Phoenix.Controller.Pipeline: phoenix
    import Phoenix.Controller.Pipeline
Phoenix.Router: phoenix
    import Phoenix.Router
    import Plug.Conn
    import Phoenix.Controller
Phoenix.Endpoint: phoenix
    import Phoenix.Endpoint
    use Plug.Builder
Phoenix.Channel: phoenix
    import Phoenix.Channel
    import Phoenix.Socket only assign/2,3
Phoenix.Socket: phoenix
    import Phoenix.Socket
Phoenix.VerifiedRoutes: phoenix
    import Phoenix.VerifiedRoutes
Phoenix.View: phoenix_view
    import Phoenix.View
Phoenix.HTML: phoenix_html < 4.0
    import Phoenix.HTML
    import Phoenix.HTML.Form
    import Phoenix.HTML.Link
    import Phoenix.HTML.Tag except attributes_escape/1
    import Phoenix.HTML.Format
PhoenixHTMLHelpers: phoenix_html_helpers
    import PhoenixHTMLHelpers.Form
    import PhoenixHTMLHelpers.Link
    import PhoenixHTMLHelpers.Tag
    import PhoenixHTMLHelpers.Format
Plug.Builder: plug
    import Plug.Conn
    import Plug.Builder only plug/1,2 builder_opts/0
Plug.Router: plug
    import Plug.Router
    use Plug.Builder
Ecto.Schema: ecto
    import Ecto.Schema only schema/2 embedded_schema/1 belongs_to/2,3 has_one/2,3 has_many/2,3 \
        many_to_many/2,3 embeds_one/2,3,4 embeds_many/2,3,4 timestamps/0,1
Ecto.Migration: ecto_sql
    import Ecto.Migration
"""

# What the web module that Phoenix generates brings, for a project whose web module is not known
# (phx.new 1.5 to 1.8). `Web` stands for the web module.
_CONVENTION = """
live_view:
    use Phoenix.LiveView
    alias Phoenix.LiveView.JS
    alias Web.Layouts
    alias Web.Router.Helpers as Routes
live_component:
    use Phoenix.LiveComponent
    alias Phoenix.LiveView.JS
    alias Web.Layouts
    alias Web.Router.Helpers as Routes
component:
    use Phoenix.Component
    alias Phoenix.LiveView.JS
    alias Web.Router.Helpers as Routes
html:
    use Phoenix.Component
    import Phoenix.Controller only get_csrf_token/0 view_module/1 view_template/1
    alias Phoenix.LiveView.JS
    alias Web.Layouts
    alias Web.Router.Helpers as Routes
controller:
    use Phoenix.Controller
    import Plug.Conn
    alias Web.Router.Helpers as Routes
router:
    use Phoenix.Router
    import Phoenix.LiveView.Router
channel:
    use Phoenix.Channel
view:
    use Phoenix.View
    import Phoenix.Controller only get_flash/1,2 view_module/1 view_template/1
    alias Web.Router.Helpers as Routes
"""


def exports(module: str, versions: Mapping[str, Version]) -> Functions:
    """The functions and macros of a library's module; none for a module that is not known here.

    `versions` are those of packages; the newest counts where one is missing.
    """
    found: set[tuple[str, int]] = set()
    for package, requirement, functions in _exports().get(module, ()):
        if requirement is None or requirement.allows(versions.get(package, NEWEST)):
            found |= functions
    return frozenset(found)


def brings(module: str, versions: Mapping[str, Version]) -> tuple[Brought, ...]:
    """What `use` of a library's module brings; nothing for a module that is not known here."""
    for package, requirement, brought in _uses().get(module, ()):
        if requirement is None or requirement.allows(versions.get(package, NEWEST)):
            return brought
    return ()


def conventional(module: str, selector: str) -> tuple[Brought, ...]:
    """What `use ShopWeb, :live_view` brings in a project that Phoenix generated."""
    if not module.endswith("Web"):
        return ()
    lines = _convention().get(selector, ())
    return tuple(_brought(line.replace(" Web.", f" {module}.")) for line in lines)


_Entries = Mapping[str, tuple[tuple[str, Requirement | None, Functions], ...]]
_UseEntries = Mapping[str, tuple[tuple[str, Requirement | None, tuple[Brought, ...]], ...]]


@cache
def _exports() -> _Entries:
    found: dict[str, tuple[tuple[str, Requirement | None, Functions], ...]] = {}
    for module, package, requirement, lines in _sections(_EXPORTS):
        functions = frozenset(_functions(" ".join(lines)))
        found[module] = (*found.get(module, ()), (package, requirement, functions))
    return found


@cache
def _uses() -> _UseEntries:
    found: dict[str, tuple[tuple[str, Requirement | None, tuple[Brought, ...]], ...]] = {}
    for module, package, requirement, lines in _sections(_USES):
        brought = tuple(_brought(line) for line in lines)
        found[module] = (*found.get(module, ()), (package, requirement, brought))
    return found


@cache
def _convention() -> Mapping[str, list[str]]:
    return {selector: lines for selector, _, _, lines in _sections(_CONVENTION)}


def _sections(text: str) -> Iterator[tuple[str, str, Requirement | None, list[str]]]:
    """`name: package requirement` and the lines below it."""
    title, lines = "", list[str]()
    for line in [*text.strip().replace("\\\n", "").splitlines(), ""]:
        if line.startswith(" "):
            lines.append(line.strip())
            continue
        if title:
            name, _, rest = title.partition(":")
            package, _, requirement = rest.strip().partition(" ")
            yield name, package, Requirement.parse(requirement) if requirement else None, lines
        title, lines = line, []


def _brought(line: str) -> Brought:
    kind, module, *rest = line.split()
    match rest:
        case ["as", name]:
            return Brought(kind, module, name)
        case ["only", *words]:
            return Brought(kind, module, only=tuple(_functions(" ".join(words))))
        case ["except", *words]:
            return Brought(kind, module, excluded=tuple(_functions(" ".join(words))))
    return Brought(kind, module, module.rpartition(".")[2] if kind == "alias" else "")


def _functions(text: str) -> Iterator[tuple[str, int]]:
    """`name/1,2` as names with arities."""
    for word in text.split():
        name, _, arities = word.rpartition("/")
        for arity in arities.split(","):
            yield name, int(arity)
