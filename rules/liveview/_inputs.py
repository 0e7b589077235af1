"""Form fields that helpers of Phoenix.HTML write, rewritten as tags.

States what Phoenix.HTML 3.3 to PhoenixHTMLHelpers 1.0 render, and what `input/1` of the
CoreComponents that Phoenix 1.7 and 1.8 generate takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, Keywords, Nil, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import (
    AttributeRules,
    HeexAttribute,
    Unsure,
    attribute,
    attributes,
    body,
    brace_safe,
    escaped,
)
from lsp_server.syntax.template_layout import Place, element, opening_tag

from ._forms import field_of, keywords_of

TYPES = {
    "color_input": "color",
    "date_input": "date",
    "datetime_local_input": "datetime-local",
    "email_input": "email",
    "file_input": "file",
    "hidden_input": "hidden",
    "number_input": "number",
    "password_input": "password",
    "range_input": "range",
    "search_input": "search",
    "telephone_input": "tel",
    "text_input": "text",
    "time_input": "time",
    "url_input": "url",
}
# Helpers that write several tags of a kind of their own.
COMPOSITE = ("date_select", "datetime_select", "time_select")
SELECTS = ("select", "multiple_select")
NAMES = (*TYPES, *COMPOSITE, *SELECTS, "checkbox", "label", "radio_button", "submit", "textarea")

_MARKUP = re.compile(r'["\\{&]')
_PLAIN = frozenset({"file", "hidden"})  # what `input/1` would put a label and errors around
_HTML = AttributeRules(dropped=frozenset({"do"}), is_html=True)
_SELECT = AttributeRules(dropped=frozenset({"do", "prompt", "selected", "value"}), is_html=True)
_CORE = AttributeRules(dropped=frozenset({"do"}), reserved=frozenset({"field", "options"}))
_REFUSED = frozenset({"checked_value", "unchecked_value", "hidden_input", "default"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where tags are written: `core` where `<.input>` can be, `curly` where braces interpolate."""

    place: Place
    follows: int
    core: bool
    curly: bool


def tag_of(helper: str, core: bool) -> str:
    """The name of the tag that takes a helper's place."""
    plain = helper == "radio_button" or TYPES.get(helper) in _PLAIN
    if helper in ("label", "submit"):
        return "button" if helper == "submit" else "label"
    if core and not plain:
        return ".input"
    if helper in SELECTS:
        return "select"
    return helper if helper == "textarea" else "input"


def field_tag(call: Call, target: Target) -> str | Unsure:
    """The tag for `helper(form, field, …)`; of a block only the opening one."""
    if call.name in COMPOSITE:
        return Unsure("no tag does the same")
    if call.name == "submit":
        return _submit(call, target)
    given = list(call.arguments)
    options = keywords_of(given[-1]) if given else None
    if options is not None and (call.name not in SELECTS or len(given) > 3):
        given.pop()
    wanted = 3 if call.name in (*SELECTS, "radio_button") else 2
    if call.name == "label" and len(given) == 3:
        wanted = 3
    if len(given) != wanted:
        return Unsure("its arguments are not a form, a field and literal options")
    if options is not None and call.name != "label" and _REFUSED & set(options.values):
        return Unsure("an option of it has no attribute")
    field = field_of(given[0], given[1])
    if isinstance(field, Unsure):
        return field
    if call.name in SELECTS and len(given) == 3:
        chosen = options if len(call.arguments) > 3 else None
        more = attributes(chosen, _SELECT)
        if isinstance(more, Unsure):
            return more
        selected = _selected(given, chosen, field)
        if isinstance(selected, Unsure):
            return selected
        prompt = None if chosen is None else chosen.get("prompt")
        if call.name == "multiple_select":
            more = (HeexAttribute("multiple"), *more)
            if not target.core:  # one value of the name for each choice
                name = HeexAttribute("name", f'{{{field}.name <> "[]"}}')
                more = (*_given(field, "id", more), *_unless(name, more), *more)
        return _select(field, given[2], selected, more, prompt, target)
    core = target.core and TYPES.get(call.name) not in _PLAIN
    core = core and call.name not in ("label", "radio_button")
    more = attributes(options, _CORE if core else _HTML)
    if isinstance(more, Unsure):
        return more
    match call.name:
        case "label":
            return _label(call, field, given, more, target)
        case "radio_button":
            return _radio(given, field, more, target)
        case "checkbox":
            if core:
                return _core(field, "checkbox", more, target)
            return _checkbox(call, field, more, target)
        case "textarea":
            return (
                _core(field, "textarea", more, target)
                if core
                else _textarea(call, field, more, target)
            )
    given_names = {pair.key for pair in options.pairs} if options is not None else set[str]()
    kind = TYPES[call.name]
    if "type" in given_names:
        own = next((one for one in more if one.name == "type"), None)
        if own is None or own.value is None or own.value[:1] != '"':
            return Unsure("its `type:` is computed")
        kind = own.value.strip('"')
        more = tuple(one for one in more if one is not own)
    if core:
        return _core(field, kind, more, target)
    bare = TYPES[call.name] in ("password", "file") or "value" in given_names
    value = () if bare else _given(field, "value", more)
    return _void([HeexAttribute("type", f'"{kind}"'), *_names(field, more), *value, *more], target)


def _void(written: list[HeexAttribute], target: Target, name: str = "input") -> str:
    return opening_tag(name, written, target.place, follows=target.follows, self_closing=True)


def _core(field: str, kind: str, more: tuple[HeexAttribute, ...], target: Target) -> str:
    typed = () if kind == "text" else (HeexAttribute("type", f'"{kind}"'),)
    return _void([HeexAttribute("field", f"{{{field}}}"), *typed, *more], target, ".input")


def _given(field: str, name: str, more: tuple[HeexAttribute, ...]) -> tuple[HeexAttribute, ...]:
    """The attribute that the field gives, unless an option does."""
    if any(one.name == name for one in more):
        return ()
    return (HeexAttribute(name, f"{{{field}.{name}}}"),)


def _unless(one: HeexAttribute, more: tuple[HeexAttribute, ...]) -> tuple[HeexAttribute, ...]:
    return () if any(it.name == one.name for it in more) else (one,)


def _names(field: str, more: tuple[HeexAttribute, ...]) -> tuple[HeexAttribute, ...]:
    return (*_given(field, "id", more), *_given(field, "name", more))


def _shown(code: str, target: Target) -> str:
    return f"{{{code}}}" if target.curly else f"<%= {code} %>"


def _normal(kind: str, code: str) -> str:
    return f'Phoenix.HTML.Form.normalize_value("{kind}", {code})'


def _value(call: Call, field: str) -> str | Unsure:
    """The code of what a helper shows, which `value:` may say."""
    value = call.keyword("value")
    return f"{field}.value" if value is None else brace_safe(value)


def _textarea(
    call: Call, field: str, more: tuple[HeexAttribute, ...], target: Target
) -> str | Unsure:
    code = _value(call, field)
    if isinstance(code, Unsure):
        return code
    more = tuple(one for one in more if one.name != "value")
    text = _shown(_normal("textarea", code), target)
    written = [*_names(field, more), *more]
    return element("textarea", written, text, target.place, follows=target.follows)


def _checkbox(
    call: Call, field: str, more: tuple[HeexAttribute, ...], target: Target
) -> str | Unsure:
    """A box that is not ticked sends nothing, so a hidden field says false."""
    code = _value(call, field)
    if isinstance(code, Unsure):
        return code
    more = tuple(one for one in more if one.name != "value")
    name = next((one for one in more if one.name == "name"), None)
    hidden = name or HeexAttribute("name", f"{{{field}.name}}")
    checked = HeexAttribute("checked", f"{{{_normal('checkbox', code)}}}")
    if any(one.name == "checked" for one in more):
        written = [*_names(field, more), HeexAttribute("value", '"true"'), *more]
    else:
        written = [*_names(field, more), HeexAttribute("value", '"true"'), checked, *more]
    box = _void([HeexAttribute("type", '"checkbox"'), *written], target)
    newline = f"{target.place.newline}{target.place.indent}"
    return f'<input type="hidden" {hidden} value="false" />{newline}{box}'


def _radio(
    given: list[Node], field: str, more: tuple[HeexAttribute, ...], target: Target
) -> str | Unsure:
    form, name, value = given
    text = value.name if isinstance(value, Atom) else None
    text = value.value if isinstance(value, String) else text
    if text and not _MARKUP.search(text):
        ending, quoted = re.sub(r"\W", "_", text), f'"{text}"'
        own, written, same = f'{field}.id <> "_{ending}"', quoted, quoted
    else:
        code = brace_safe(value)
        if isinstance(code, Unsure):
            return code
        own = f"Phoenix.HTML.Form.input_id({form.text}, {name.text}, {code})"
        written, same = f"{{{code}}}", f"to_string({code})"
    taken = {one.name for one in more}
    attributes = [
        HeexAttribute("id", f"{{{own}}}"),
        HeexAttribute("name", f"{{{field}.name}}"),
        HeexAttribute("value", written),
        HeexAttribute("checked", f"{{to_string({field}.value) == {same}}}"),
    ]
    kept = [one for one in attributes if one.name not in taken]
    return _void([HeexAttribute("type", '"radio"'), *kept, *more], target)


def _selected(given: list[Node], options: Keywords | None, field: str) -> str | Unsure | None:
    """The code of what is chosen where options say it: `selected:` counts until the form is sent,
    `value:` always."""
    always = None if options is None else options.get("value")
    first = None if options is None else options.get("selected")
    if always is not None:
        return brace_safe(always)
    if first is None or isinstance(first, Nil):
        return None
    code = brace_safe(first)
    if isinstance(code, Unsure) or not isinstance(given[1], Atom):
        return Unsure("an option of it has no attribute")
    return f'Map.get({given[0].text}.params, "{given[1].name}", {code})'


def _select(
    field: str,
    options: Node,
    value: str | None,
    more: tuple[HeexAttribute, ...],
    prompt: Node | None,
    target: Target,
) -> str | Unsure:
    code = brace_safe(options)
    if isinstance(code, Unsure):
        return code
    if any(one.name in ("type", "field", "options") for one in more):
        return Unsure("an option of it has no attribute")
    if target.core:
        asked = None if prompt is None else attribute("prompt", prompt, _CORE)
        if isinstance(asked, Unsure):
            return asked
        written = [
            HeexAttribute("field", f"{{{field}}}"),
            HeexAttribute("type", '"select"'),
            *([] if asked is None else [asked]),
            HeexAttribute("options", f"{{{code}}}"),
            *([] if value is None else [HeexAttribute("value", f"{{{value}}}")]),
            *more,
        ]
        return _void(written, target, ".input")
    first = ""
    if prompt is not None:
        text = body(prompt, curly=target.curly)
        if isinstance(text, Unsure):
            return text
        first = f'<option value="">{text}</option>'
    chosen = value or f"{field}.value"
    shown = _shown(f"Phoenix.HTML.Form.options_for_select({code}, {chosen})", target)
    inner = f"{target.place.newline}{target.place.indent}  "
    end = f"{target.place.newline}{target.place.indent}"
    text = f"{inner}{first}{inner if first else ''}{shown}{end}"
    return element("select", [*_names(field, more), *more], text, target.place)


def _label(
    call: Call,
    field: str,
    given: list[Node],
    more: tuple[HeexAttribute, ...],
    target: Target,
) -> str | Unsure:
    own = (
        () if any(one.name == "for" for one in more) else (HeexAttribute("for", f"{{{field}.id}}"),)
    )
    if call.do_block is not None:
        return opening_tag("label", [*own, *more], target.place, follows=target.follows)
    text: str | Unsure
    if len(given) == 3:
        text = body(given[2], curly=target.curly)
    elif isinstance(given[1], Atom):
        text = escaped(_humanized(given[1].name), curly=target.curly)
    else:
        text = Unsure("its text is computed")
    if isinstance(text, Unsure):
        return text
    return element("label", [*own, *more], text, target.place, follows=target.follows)


def _humanized(name: str) -> str:
    """What Phoenix.HTML makes of a field's name: `user_id` is shown as `User`."""
    return name.removesuffix("_id").replace("_", " ").capitalize()


def _submit(call: Call, target: Target) -> str | Unsure:
    given = list(call.arguments)
    options = keywords_of(given[-1]) if given else None
    if options is not None:
        given.pop()
    if len(given) != (0 if call.do_block is not None else 1):
        return Unsure("its arguments are not a text and literal options")
    more = attributes(options, _HTML)
    if isinstance(more, Unsure):
        return more
    written = [HeexAttribute("type", '"submit"'), *(one for one in more if one.name != "type")]
    if call.do_block is not None:
        return opening_tag("button", written, target.place, follows=target.follows)
    text = body(given[0], curly=target.curly)
    if isinstance(text, Unsure):
        return text
    return element("button", written, text, target.place, follows=target.follows)
