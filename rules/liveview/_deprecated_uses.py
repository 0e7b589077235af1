"""Whether what has a deprecated name is used in the deprecated way."""

from __future__ import annotations

from lsp_server.lint.file import File
from lsp_server.syntax.elixir import Alias, Call, ModuleAttribute
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, String, Tuple
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node

from ._deprecations import Deprecation
from ._forms import keywords_of
from ._replacements import TAGS

# Names that say nothing of where they come from: their module must be known.
_COMMON = frozenset(
    {"render", "instrument", "transport", "put_layout", "put_root_layout", "field_id"}
    | {"field_name", "field_value", "attributes_escape", "get_connect_info"}
)
_LAYOUTS = frozenset({"put_layout", "put_root_layout"})
_SERVED = frozenset({"http", "https", "url", "static_url"})


def is_meant(found: Deprecation, call: Call, file: File) -> bool:
    """Whether the call is of the deprecated function."""
    if found.arities and call.arity not in found.arities:
        return False
    if file.layer is not None and file.layer.dialect is Dialect.LEEX:
        return False
    if call.name in TAGS and (file.layer is None or file.layer.dialect is Dialect.EEX):
        return False
    if call.receiver is None and any(file.names(call).defines(call.name, n) for n in range(5)):
        return False
    if not _is_old_form(call):
        return False
    module = file.module_of(call)
    if call.receiver is not None or module is not None or call.name in _COMMON:
        return module in found.modules
    return True


def _is_old_form(call: Call) -> bool:
    """Whether the arguments are those of which only the function's old form is made."""
    given = call.arguments
    if call.name in _LAYOUTS:
        return is_bare_layout(given[-1])
    if call.name == "render":
        return isinstance(given[1], Alias) and not isinstance(given[0], Alias)
    if call.name == "to_form":
        return isinstance(given[0], Atom)
    return True


def is_bare_layout(layout: Node) -> bool:
    """A layout without its module: `:print`, `"print.html"` or `html: :print`."""
    options = keywords_of(layout)
    if options is not None:
        return any(isinstance(pair.value, Atom) for pair in options.pairs)
    return isinstance(layout, (Atom, String))


def plugged_layout(call: Call) -> Atom | None:
    """`:put_layout` in `plug :put_layout, :print`."""
    match call.written_arguments:
        case [Atom(name) as function, layout, *_] if name in _LAYOUTS and call.receiver is None:
            return function if is_bare_layout(layout) else None
    return None


def layout_string(pair: Pair, file: File) -> String | None:
    """The template of `layout: {module, "live.html"}` where it is given to LiveView.

    To `use Phoenix.LiveView`, to `live_session`, or by `{:ok, socket, layout: …}`; the `layout:`
    of a controller's `render` may be a string.
    """
    match pair.value:
        case Tuple([_, String(value=str(name)) as template]) if name.endswith(".html"):
            pass
        case _:
            return None
    options = pair.parent
    given = options.parent if isinstance(options, Keywords) else None
    if isinstance(given, List):
        given = given.parent
    if isinstance(given, Tuple):
        state = given.elements[0]
        is_mount = isinstance(state, Atom) and state.name in ("ok", "cont")
        return template if is_mount and len(given.elements) == 3 else None
    call = pair.enclosing(Call)
    if call is None or call.keywords is None or call.keywords.pair(pair.key) != pair:
        return None
    if call.name == "use" and module_text(call.written_arguments[0]) == "Phoenix.LiveView":
        return template
    return template if call.name == "live_session" and call.receiver is None else None


def system_variables(settings: Keywords) -> list[Tuple]:
    """The `{:system, "NAME"}` of what `config :app, Endpoint, …` says of addresses."""
    found: list[Tuple] = []
    for pair in settings.pairs:
        options = keywords_of(pair.value) if pair.key in _SERVED else None
        for option in options.pairs if options is not None else ():
            match option.value:
                case Tuple([Atom("system"), String()]) as variable:
                    found.append(variable)
    return found


def names_no_formats(call: Call) -> bool:
    """Whether `use Phoenix.Controller` says nothing of the formats that it renders."""
    if len(call.written_arguments) == 1:
        return True
    options = call.keywords
    told = ("formats", "put_default_views", "namespace")
    return options is not None and all(options.get(key) is None for key in told)


def child_template(attribute: ModuleAttribute) -> Call | None:
    """The `render(@view_module, @view_template, assigns)` of a layout around the attribute."""
    call = attribute.enclosing(Call)
    if call is None or call.name != "render" or call.arity != 3 or call.pipe is not None:
        return None
    match call.arguments:
        case [ModuleAttribute("view_module"), ModuleAttribute("view_template"), _]:
            return call
    return None
