"""Calls of path helpers, `Routes.user_path(conn, :show, user)`, in code and in templates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.values import Name, Scope, value_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import Alias, BinaryOperator, Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom, Integer, Keywords, List, Map, String
from lsp_server.syntax.names import Names, module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span

ENDINGS = (b"_path", b"_url")
_ROLES = frozenset({Role.LIB, Role.TEMPLATE})


class HelperArgument(Fact):
    """One argument. `kind` is `atom`, `module`, `text`, `integer`, `keywords`, `map`, `list` or
    `value` for anything else.

    `text` is the expression on one line, empty where it cannot be written so; keywords have their
    brackets. `value` is an atom's name, a module's full name or the literal text. `keys` are those
    of keywords or a map, which is a `value` if one of them is computed.
    """

    kind: str
    text: str
    value: str = ""
    keys: tuple[str, ...] = ()


class HelperCall(Fact):
    """One call. `receiver` is the module as far as the file's own aliases tell it, empty for a call
    without one, `module` where the call stands, empty in a template file, and `uses` what that
    module uses, as (module, selector).

    `context` is the first argument, `arguments` are those after it. `place` is `function`, or
    `module` or `quote` where `~p` cannot be. A `captured` one is only named, as in
    `&Routes.user_path/3`. Without `quotable` no double quote may be written there.
    """

    name: str
    receiver: str
    module: str
    uses: tuple[tuple[str, str], ...]
    context: HelperArgument
    arguments: tuple[HelperArgument, ...]
    place: str
    captured: bool
    quotable: bool
    written: str  # `Routes.user_path`
    span: Span  # with what is piped into the call
    name_span: Span  # receiver and name


@collects(HelperCall)
def collect_helper_calls(document: Document) -> Iterator[HelperCall]:
    """The calls of code and templates, those of functions of the file itself left out."""
    if document.role not in _ROLES:
        return
    if document.template is not None:
        yield from _calls(document.template.index, document.outline.top.names, None)
    named = {name for name in document.outline.callers if name.endswith(ENDINGS)}
    for form in document.forms:
        if not named.isdisjoint(form.index.callee_names):
            yield from _calls(form.index, None, form)
        for layer in form.templates:
            yield from _calls(layer.index, None, form, layer)


def _calls(
    index: NodeIndex, names: Names | None, form: Form | None, layer: TemplateLayer | None = None
) -> Iterator[HelperCall]:
    for callee in index.callee_names:
        if callee.endswith(ENDINGS):
            for call in index.calls(callee.decode("utf-8", "replace")):
                known = form.names_at(call.start) if names is None and form is not None else names
                if known is not None:
                    found = _helper_call(call, known, form, layer)
                    if found is not None:
                        yield found


def _helper_call(
    call: Call, names: Names, form: Form | None, layer: TemplateLayer | None
) -> HelperCall | None:
    receiver = call.module
    if (call.receiver is not None and receiver is None) or (receiver or "").startswith(":"):
        return None
    nodes = call.arguments
    likely = len(nodes) > 1 and isinstance(nodes[1], (Atom, Alias, String))
    if receiver is None:
        if not likely or names.defines(call.name, len(nodes)):
            return None
        imported = [one for one in names.all_imports() if one.module.endswith(".Helpers")]
        module = imported[0].module if imported else ""
    else:
        module = names.expand(receiver)
        if not likely and not module.endswith(("Routes", "Helpers")):
            return None
    arguments = tuple(_argument(node, names) for node in nodes)
    pipe = call.pipe
    return HelperCall(
        call.name,
        module,
        names.module,
        tuple(own_uses_of(names)),
        arguments[0] if arguments else HelperArgument("value", ""),
        arguments[1:],
        _place(call, form, layer),
        call.capture_arity is not None,
        layer is None or layer.sigil is None or layer.sigil.delimiter != '"',
        call.callee_span.slice(call.tree.source).decode("utf-8", "replace"),
        call.span if pipe is None else pipe.span,
        call.callee_span,
    )


def own_uses_of(names: Names) -> Iterator[tuple[str, str]]:
    """What the module at a place uses itself, the outermost first."""
    scopes: list[Names] = []
    scope: Names | None = names
    while scope is not None and scope.module == names.module:
        scopes.append(scope)
        scope = scope.outer
    for one in reversed(scopes):
        for use in one.uses:
            yield use.module, use.selector


def _place(call: Call, form: Form | None, layer: TemplateLayer | None) -> str:
    if form is None:
        return "function"
    if not form.is_function:
        return "module"
    inside: Node = call if layer is None or layer.sigil is None else layer.sigil
    for outer in inside.ancestors():
        if isinstance(outer, Call) and outer.name == "quote" and outer.receiver is None:
            return "quote"
    return "function"


def _argument(node: Node, names: Names) -> HelperArgument:
    text = one_line(node)
    match node:
        case Atom():
            return HelperArgument("atom", text, node.name)
        case String() if node.value is not None and not node.is_heredoc:
            return HelperArgument("text", text, node.value)
        case Integer() if node.text.isdecimal():
            return HelperArgument("integer", text, node.text)
        case Keywords():
            return _keyed("keywords", f"[{text}]" if text else "", _keys([node]))
        case List() if not node.elements or node.is_keyword_list:
            return _keyed("keywords", text, _keys(node.elements))
        case List():
            return HelperArgument("list", text)
        case Map() if node.struct is None:
            return _keyed("map", text, _keys(node.elements))
    module = module_text(node)
    if module and not module.startswith(":"):
        return HelperArgument("module", text, names.expand(module))
    return HelperArgument("value", text)


def _keyed(kind: str, text: str, keys: tuple[str, ...] | None) -> HelperArgument:
    return HelperArgument("value", text) if keys is None else HelperArgument(kind, text, "", keys)


def _keys(entries: list[Node]) -> tuple[str, ...] | None:
    """The keys of entries as text; None where one is computed."""
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, Keywords):
            found += (pair.key for pair in entry.pairs)
            continue
        if not isinstance(entry, BinaryOperator) or entry.operator != "=>":
            return None
        key = value_of(entry.left, Scope())
        if not isinstance(key, (str, Name)):
            return None
        found.append(str(key))
    return tuple(found)


_BREAK = re.compile(r"\s*\n\s*")
_UNSAFE = re.compile(r"""["'#~?]|\bdo\b|\bfn\b|->""")


def one_line(node: Node) -> str:
    """An expression on one line as the formatter writes it; empty where that takes more than
    joining lines."""
    text = node.text
    if "\n" not in text:
        return text
    if _UNSAFE.search(text):
        return ""
    joined = _BREAK.sub(" ", text)
    joined = re.sub(r"([(\[{]) ", r"\1", joined)
    return re.sub(r",? ([)\]}])", r"\1", joined)
