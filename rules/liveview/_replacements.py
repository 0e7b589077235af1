"""What takes the place of deprecated calls in templates and code."""

from __future__ import annotations

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import Call, Identifier, ModuleAttribute
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.literals import Atom, Keywords
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_calls import HelperUse, helper_use
from lsp_server.syntax.template_edits import (
    AttributeRules,
    HeexAttribute,
    Unsure,
    attribute,
    attributes,
    body,
    brace_safe,
    ends_sigil,
)
from lsp_server.syntax.template_layout import (
    LINE_LENGTH,
    Place,
    element,
    following,
    opening_tag,
    place_of,
)
from lsp_server.text import Span, line_ending

from ._forms import keywords_of

_VALUES = AttributeRules(keeps_values=True)
_HTML = AttributeRules(dropped=frozenset({"do"}))
TAGS = frozenset(
    {"live_component", "live_title_tag", "live_img_preview", "live_file_input", "csrf_meta_tag"}
)
_RENAMED = {
    "escape_javascript": "javascript_escape",
    "field_id": "input_id",
    "field_name": "input_name",
    "field_value": "input_value",
    "render_block": "render_slot",
}


def replacement(call: Call, file: File) -> list[Edit] | Unsure:
    """The edits that put a call's replacement there; `Unsure` with the reason where none can."""
    if call.capture_arity is not None:
        return Unsure("it is captured")
    if call.name in TAGS:
        return _tag_edits(call, file)
    if call.name in _RENAMED:
        return _renamed(call)
    if call.name == "attributes_escape":
        return [Edit(call.callee_span, "Phoenix.HTML.attributes_escape")]
    if call.name in ("get_flash", "live_flash"):
        return _flash(call)
    if call.name == "to_form":
        return _named_form(call)
    if call.name == "render":
        return _viewed(call, file)
    return Unsure("the replacement is no single call")


def _renamed(call: Call) -> list[Edit] | Unsure:
    if call.name == "render_block" and call.arity > 1:
        return Unsure("what it hands to the block is bound by `:let` there")
    return [Edit(call.name_span, _RENAMED[call.name])]


def _flash(call: Call) -> list[Edit] | Unsure:
    whole = call.span if call.pipe is None else call.pipe.span
    given = call.arguments
    flash = given[0].text
    if call.name == "get_flash":
        if not isinstance(given[0], (Identifier, ModuleAttribute)):
            return Unsure("its connection is an expression")
        flash = f"{flash}.assigns.flash"
        if len(given) == 1:
            return [Edit(whole, flash)]
    if call.pipe is not None and call.name == "live_flash":
        return [Edit(call.callee_span, "Phoenix.Flash.get")]
    return [Edit(whole, f"Phoenix.Flash.get({flash}, {given[1].text})")]


def _named_form(call: Call) -> list[Edit] | Unsure:
    """`to_form(:user, …)` as `to_form(%{}, as: :user, …)`."""
    name, *options = call.arguments
    if call.pipe is not None:
        return Unsure("its name is piped")
    if options and (keywords_of(options[0]) is None or call.keyword("as") is not None):
        return Unsure("its options are not known, or name it themselves")
    if options and not isinstance(options[0], Keywords):
        inside = Span(options[0].start + 1, options[0].start + 1)
        return [Edit(name.span, "%{}"), Edit(inside, f"as: {name.text}, ")]
    return [Edit(name.span, f"%{{}}, as: {name.text}")]


def _viewed(call: Call, file: File) -> list[Edit] | Unsure:
    """`render(conn, View, "show.html")` as `conn |> put_view(View) |> render("show.html")`."""
    connection, view, template = call.arguments[:3]
    module = call.text[: call.name_span.start - call.start]
    put = f"{module}put_view({view.text})"
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(call.start)).decode("utf-8", "replace").rstrip()
    newline = line_ending(file.document.source) + lines.indentation(call.start).decode()
    if call.pipe is not None:
        between = newline if line.lstrip().startswith("|>") else " "
        return [
            Edit(Span(call.start, call.start), f"{put}{between}|> "),
            Edit(Span(view.start, template.start), ""),
        ]
    if not isinstance(connection, Identifier) or not call.has_parentheses or "\n" in call.text:
        return Unsure("its connection is an expression, or it has several lines")
    between = " "
    grown = len(f" |> {put} |> {module}") - len(f"{module}{view.text}, , ")
    if len(line) + grown > LINE_LENGTH:
        if line.lstrip() != call.text:
            return Unsure("its line would be too long")
        between = newline
    steps = f"{connection.text}{between}|> {put}{between}|> {module}render("
    return [Edit(Span(call.start, template.start), steps)]


def _tag_edits(call: Call, file: File) -> list[Edit] | Unsure:
    layer = file.layer
    if layer is None or layer.dialect is not Dialect.HEEX:
        return Unsure("it stands outside of a HEEx template")
    use = helper_use(call, layer)
    if isinstance(use, Unsure):
        return use
    if use.end is not None and call.name != "live_component":
        return Unsure("it takes no block")
    text = _tag(call, use, file)
    if isinstance(text, Unsure):
        return text
    if ends_sigil(layer.sigil, text):
        return Unsure("the new text holds the delimiter of the sigil")
    closed = [] if use.end is None else [Edit(use.end, "</.live_component>")]
    return [Edit(use.head, text), *closed]


def _tag(call: Call, use: HelperUse, file: File) -> str | Unsure:
    assert file.layer is not None
    lines = file.document.lines
    place, follows = place_of(file.layer, lines, use.head.start), following(lines, use.head.end)
    given = call.arguments
    first: list[HeexAttribute] = []
    if call.name == "csrf_meta_tag":
        first = [
            HeexAttribute("name", '"csrf-token"'),
            HeexAttribute("content", "{Plug.CSRFProtection.get_csrf_token()}"),
        ]
        return opening_tag("meta", first, place, follows=follows, self_closing=True)
    if call.name == "live_component" and given and _is_socket(given[0]):
        given = given[1:]
    if not given or len(given) > 2:
        return Unsure("its arguments are not known")
    options = keywords_of(given[1]) if len(given) == 2 else None
    if len(given) == 2 and options is None:
        return _spread(call, given, use, place, follows)
    more = _attributes(options) if call.name == "live_component" else attributes(options, _HTML)
    if isinstance(more, Unsure):
        return more
    if call.name == "live_title_tag":
        curly = use.curly and file.depends("phoenix_live_view >= 1.0")
        text = body(given[0], curly=curly)
        if isinstance(text, Unsure):
            return text
        return element(".live_title", more, text, place, follows=follows)
    if call.name == "live_component" and all(one.name != "id" for one in more):
        return Unsure("without `id` it must become a function component")
    code = brace_safe(given[0])
    if isinstance(code, Unsure):
        return code
    name = {"live_component": "module", "live_file_input": "upload"}.get(call.name, "entry")
    written = [HeexAttribute(name, f"{{{code}}}"), *more]
    alone = use.end is None
    return opening_tag(f".{call.name}", written, place, follows=follows, self_closing=alone)


def _spread(
    call: Call, given: list[Node], use: HelperUse, place: Place, follows: int
) -> str | Unsure:
    """`live_component @component, @options`, whose options hold the `id`."""
    codes = [brace_safe(one) for one in given]
    if call.name != "live_component" or any(isinstance(one, Unsure) for one in codes):
        return Unsure("its options are not a literal list")
    written = [HeexAttribute("module", f"{{{codes[0]}}}"), HeexAttribute(f"{{{codes[1]}}}")]
    alone = use.end is None
    return opening_tag(".live_component", written, place, follows=follows, self_closing=alone)


def spreads(call: Call) -> bool:
    """Whether a component's options, among them its `id`, are not written out."""
    return call.name == "live_component" and keywords_of(call.arguments[-1]) is None


def _is_socket(node: Node) -> bool:
    return isinstance(node, (Identifier, ModuleAttribute)) and node.name == "socket"


def _attributes(options: Keywords | None) -> tuple[HeexAttribute, ...] | Unsure:
    """Options as attributes of a component, whose names keep their underscores."""
    found: list[HeexAttribute] = []
    for pair in options.pairs if options is not None else ():
        if pair.value is None or pair.has_error:
            return Unsure("its options are not complete")
        if isinstance(pair.value, Atom) and pair.value.name == "":
            return Unsure("its options are not complete")
        written = attribute(pair.key, pair.value, _VALUES)
        if isinstance(written, Unsure):
            return written
        if written is not None:
            found.append(written)
    return tuple(found)
