"""What of a controller's action or a LiveView's callback is as it came in the request."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.local_flow import assigned, branches
from lsp_server.lint.file import File
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    Identifier,
    Match,
    strip_parentheses,
)
from lsp_server.syntax.literals import Keywords, Map, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

DEPTH = 12  # how many variables and wrapping expressions are followed
_CONN_FIELDS = frozenset({"params", "query_params", "body_params", "path_params"})
# Functions whose result holds what they were given.
_KEEPING = frozenset(
    {"URI.decode", "URI.decode_www_form", "String.trim", "to_string", "String.trim_leading"}
)
_READING = frozenset({"Map.get", "Map.fetch!", "get_in", "Map.get_lazy", "Map.take", "Map.drop"})
_WEB = {
    "Phoenix.Controller": "controller",
    "Phoenix.LiveView": "live",
    "Phoenix.LiveComponent": "live",
}
# Where callbacks get the request's parameters: by name and arity.
_LIVE = {("mount", 3): 0, ("handle_params", 3): 0, ("handle_event", 3): 1}


class RequestValues:
    """The request's values in one function; there are none where it is no entry from the web."""

    def __init__(self, form: Form, function: Function | None, index: int | None) -> None:
        self.form = form
        self.function = function
        self.maps: set[str] = set()
        self.values: set[str] = set()
        if function is not None and index is not None:
            self._bind(function.parameters[index])
        for parameter in function.parameters if function is not None else ():
            if _is_conn(parameter):
                for keywords in parameter.find(Keywords):
                    for pair in keywords.pairs:
                        if pair.key in _CONN_FIELDS and pair.value is not None:
                            self._bind(pair.value)

    @staticmethod
    def of(file: File) -> RequestValues | None:
        """Those of the function around the node that a rule looks at; None outside of functions."""
        form = file.form
        if form is None or form.function is None:
            return None
        function = form.function
        return RequestValues(form, function, _parameters_at(function, _kind(file)))

    def _bind(self, pattern: Node) -> None:
        pending = [pattern]
        while pending:
            node = pending.pop()
            if isinstance(node, Match):
                pending += [node.left, node.right]
            elif isinstance(node, Identifier):
                self.maps.add(node.name)
            elif isinstance(node, Map) and node.struct is None:
                pending_values = [node]
                while pending_values:
                    for value in _entries(pending_values.pop()):
                        if isinstance(value, Map):
                            self._upload(value)
                            if value.struct is None:
                                pending_values.append(value)
                        elif isinstance(value, Match):
                            for side in (value.left, value.right):
                                if isinstance(side, Map):
                                    self._upload(side)
                                    if side.struct is None:
                                        pending_values.append(side)
                                elif isinstance(side, Identifier):
                                    self.maps.add(side.name)
                        elif isinstance(value, Identifier):
                            self.values.add(value.name)

    def _upload(self, pattern: Map) -> None:
        """The name in a pattern of `%Plug.Upload{}`, which the browser says."""
        if pattern.struct is not None and pattern.struct.text.endswith("Upload"):
            for pair in () if pattern.keywords is None else pattern.keywords.pairs:
                if pair.key == "filename" and isinstance(pair.value, Identifier):
                    self.values.add(pair.value.name)

    def is_map(self, node: Node | None, depth: int = 0) -> bool:
        """Whether an expression is all parameters, or a map of them by its form."""
        if node is None or depth > DEPTH:
            return False
        node = strip_parentheses(node)
        match node:
            case Identifier(name):
                value = assigned(node, self.form)
                return name in self.maps if value is None else self.is_map(value, depth + 1)
            case Call() if node.is_field_access and node.name in _CONN_FIELDS:
                receiver = node.receiver
                return isinstance(receiver, Identifier) and receiver.name == "conn"
        return False

    def holds(self, node: Node | None, depth: int = 0) -> bool:
        """Whether an expression's value can be one that came in the request, unchanged."""
        if node is None or depth > DEPTH:
            return False
        node = strip_parentheses(node)
        match node:
            case Identifier(name):
                value = assigned(node, self.form)
                if value is not None:
                    return self.holds(value, depth + 1)
                return name in self.values or name in self.maps or self._matched(node, depth)
            case Access(target):
                return self.is_map(target, depth + 1) or self.holds(target, depth + 1)
            case BinaryOperator("||" | "&&" | "or", left, right):
                return self.holds(left, depth + 1) or self.holds(right, depth + 1)
            case Call() if self.is_map(node, depth):
                return True
            case Call() if node.dotted in _KEEPING or node.dotted in _READING:
                given = node.written_arguments if node.piped is None else [node.piped]
                return bool(given) and self.holds(given[0], depth + 1)
            case Call():
                return any(self.holds(one, depth + 1) for one in branches(node))
            case BinaryOperator("|>", _, right) if isinstance(right, Call):
                return self.holds(right, depth + 1)
        return False

    def _matched(self, variable: Identifier, depth: int) -> bool:
        """Whether `%{"key" => variable} = params` has bound a variable."""
        for match in self.form.index.nodes(Match):
            if match.end <= variable.start and isinstance(match.left, Map):
                bound = any(
                    isinstance(one, Identifier) and one.name == variable.name
                    for one in _entries(match.left)
                )
                if bound and self.holds(match.right, depth + 1):
                    return True
        return False

    def within(self, node: Node) -> Iterator[Node]:
        """The request's values inside an expression: in texts, lists, and arguments."""
        for one in node.descendants():
            if isinstance(one, (Identifier, Access)) or (
                isinstance(one, Call) and one.is_field_access
            ):
                if self.holds(one):
                    yield one


def _is_conn(parameter: Node) -> bool:
    """Whether a pattern takes a connection apart: `%{params: …} = conn`, `%Conn{params: …}`."""
    if isinstance(parameter, Match):
        return any(one.text in ("conn", "_conn") for one in (parameter.left, parameter.right))
    return isinstance(parameter, Map) and parameter.text.startswith(("%Plug.Conn{", "%Conn{"))


def _entries(pattern: Map) -> Iterator[Node]:
    """What a pattern has for its literal text keys."""
    for element in pattern.elements:
        if isinstance(element, BinaryOperator) and element.operator == "=>":
            if isinstance(element.left, String):
                yield element.right


def _kind(file: File) -> str:
    module = file.module
    used = file.context.used(module.names)
    for name, kind in _WEB.items():
        if name in used:
            return kind
    for use in module.names.uses:
        if use.selector in ("controller", "live_view", "live_component"):
            return "controller" if use.selector == "controller" else "live"
    return ""


def _parameters_at(function: Function, kind: str) -> int | None:
    if function.is_private:
        return None
    if kind == "live":
        return _LIVE.get((function.name, function.arity))
    if kind == "controller" and function.arity == 2:
        first = function.parameters[0]
        sides = [first.left, first.right] if isinstance(first, Match) else [first]
        if any(isinstance(one, Identifier) and one.name.lstrip("_") == "conn" for one in sides):
            return 1
    return None
