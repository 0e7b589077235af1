"""Forms of Phoenix.HTML, rewritten as the `<.form>` of LiveView 0.18 and later."""

from __future__ import annotations

from lsp_server.syntax.elixir import AnonymousFunction, Call, Identifier, Match, ModuleAttribute
from lsp_server.syntax.literals import Atom, Keywords, List, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import (
    AttributeRules,
    HeexAttribute,
    Unsure,
    attribute,
    attributes,
    brace_safe,
)

MODULES = frozenset(
    {"Phoenix.HTML", "Phoenix.HTML.Form", "Phoenix.HTML.Tag"}
    | {"PhoenixHTMLHelpers.Form", "PhoenixHTMLHelpers.Tag"}
)

# What `<.form>` of LiveView 0.18 to 1.2 declares; `method` and `as` are renamed to themselves.
_DECLARED = frozenset({"for", "action", "let", "rest", "inner-block", "inner_block"})
_RENAMED = {"method": "method", "errors": "errors", "csrf_token": "csrf_token"}
_OPTIONS = AttributeRules(_RENAMED, frozenset({"do", "enforce_utf8", "as"}), _DECLARED)
_INPUTS = AttributeRules(
    {"as": "as", "skip_hidden": "skip_hidden"}, frozenset({"do"}), _DECLARED, keeps_values=True
)


def keywords_of(node: Node | None) -> Keywords | None:
    """A literal list of options, in brackets or not."""
    if isinstance(node, List) and node.is_keyword_list:
        return node.keywords
    return node if isinstance(node, Keywords) else None


def function_of(call: Call) -> AnonymousFunction | None:
    """The function that a form hands itself to, as last argument."""
    last = call.arguments[-1] if call.arguments else None
    return last if isinstance(last, AnonymousFunction) else None


def variable_of(function: AnonymousFunction) -> str | None:
    """The name of the only parameter of a function of one clause."""
    if len(function.clauses) != 1:
        return None
    match function.clauses[0].patterns:
        case [Identifier(name)]:
            return name
    return None


def form_attributes(call: Call, variable: str | None) -> tuple[HeexAttribute, ...] | Unsure:
    """The attributes of the `<.form>` for `form_for(data, action, options, …)` or `form_tag`."""
    given = [one for one in call.arguments if not _says_nothing(one)]
    data = None if call.name == "form_tag" else given.pop(0) if given else None
    action = given.pop(0) if given and keywords_of(given[0]) is None else None
    options = keywords_of(given[0]) if given else None
    if action is None or (given and options is None) or len(given) > 1:
        return Unsure("its arguments are not data, a path and literal options")
    bound = options.get("as") if options is not None else None
    written: list[HeexAttribute | Unsure | None] = []
    if variable is not None:
        written.append(HeexAttribute(":let", f"{{{variable}}}"))
    written += [_data(data, bound), _name(data, bound), attribute("action", action, _OPTIONS)]
    more = attributes(options, _OPTIONS)
    if isinstance(more, Unsure):
        return more
    found: list[HeexAttribute] = []
    for one in [*written, *more]:
        if isinstance(one, Unsure):
            return one
        if one is not None:
            found.append(one)
    if call.name == "form_tag" and all(one.name != "method" for one in found):
        found.append(HeexAttribute("method", '"post"'))
    return tuple(found)


def _says_nothing(argument: Node) -> bool:
    """The function that takes the form, or an empty list of options."""
    if isinstance(argument, List):
        return not argument.elements
    return isinstance(argument, AnonymousFunction)


def _data(data: Node | None, bound: Node | None) -> HeexAttribute | Unsure:
    """`for`: phoenix_html 4.0 makes no form of a connection or an atom any more."""
    if data is None or isinstance(data, Atom):
        return HeexAttribute("for", "{%{}}")
    code = brace_safe(data)
    if isinstance(code, Unsure):
        return code
    if _is_conn(data):
        code = f"{code}.params"
        if isinstance(bound, Atom):
            code = f'{code}["{bound.name}"] || %{{}}'
        elif bound is not None:
            return Unsure("its `as:` is no atom")
    return HeexAttribute("for", f"{{{code}}}")


def _is_conn(data: Node) -> bool:
    return isinstance(data, (Identifier, ModuleAttribute)) and data.name == "conn"


def _name(data: Node | None, bound: Node | None) -> HeexAttribute | Unsure | None:
    """`as`: the option, or the atom that was the data."""
    if bound is None:
        return HeexAttribute("as", f"{{{data.text}}}") if isinstance(data, Atom) else None
    if isinstance(bound, String):
        return attribute("as", bound, _OPTIONS)
    code = brace_safe(bound)
    return code if isinstance(code, Unsure) else HeexAttribute("as", f"{{{code}}}")


def inputs_for_attributes(call: Call, variable: str) -> tuple[HeexAttribute, ...] | Unsure:
    """The attributes of the `<.inputs_for>` for `inputs_for(form, field, options, …)`."""
    given = [one for one in call.arguments if not _says_nothing(one)]
    if len(given) not in (2, 3):
        return Unsure("its arguments are not a form, a field and literal options")
    options = keywords_of(given[2]) if len(given) == 3 else None
    if len(given) == 3 and options is None:
        return Unsure("its options are not a literal list")
    field = field_of(given[0], given[1])
    if isinstance(field, Unsure):
        return field
    more = attributes(options, _INPUTS)
    if isinstance(more, Unsure):
        return more
    return (
        HeexAttribute(":let", f"{{{variable}}}"),
        HeexAttribute("field", f"{{{field}}}"),
        *more,
    )


def field_of(form: Node, field: Node) -> str | Unsure:
    """`f[:name]`, for a form and a field as they are given to a helper."""
    if not isinstance(form, (Identifier, ModuleAttribute)) and not (
        isinstance(form, Call) and form.is_field_access
    ):
        return Unsure("its form is no variable")
    code = brace_safe(field)
    return code if isinstance(code, Unsure) else f"{form.text}[{code}]"


def bound_form(node: Node | None) -> tuple[str | None, Call] | None:
    """`f = form_for(…)`, with or without the name, or `form_tag(…)`, which `</form>` ends."""
    match node:
        case Match(left=Identifier(name), right=Call() as call) if call.name == "form_for":
            return None if function_of(call) is not None else (name, call)
        case Call() if node.name in ("form_for", "form_tag") and node.do_block is None:
            return None if function_of(node) is not None else (None, node)
    return None
