"""Reads expressions of one function or template as `expressions`."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.facts.local_flow import branches
from lsp_server.facts.rows.enumerables import read_collection
from lsp_server.facts.rows.expressions import ASSIGNS, NOTHING, UNKNOWN, Expression, field
from lsp_server.facts.rows.patterns import CONS, each, reach, rendered_name, way_to
from lsp_server.facts.rows.queries import MACROS, read_from, read_macro
from lsp_server.facts.rows.tags import bound_by_tag
from lsp_server.syntax.definitions import FUNCTION_NAMES, Function
from lsp_server.syntax.elixir import (
    CALL,
    LEFT,
    STAB,
    Access,
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Block,
    Call,
    Capture,
    Clause,
    Dot,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
    UnaryOperator,
    strip_parentheses,
)
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom, Keywords, List, Map, Nil, Sigil, String, Tuple
from lsp_server.syntax.names import block_of, module_text
from lsp_server.syntax.node import Node, RawNode, Tree
from lsp_server.syntax.outline import Form, callee_of
from lsp_server.text import Span

_COLLECTIONS = frozenset({"Enum", "Stream", "List", "Map", "MapSet", "Keyword"})
_THEN = frozenset({"then", "tap", "Kernel.then", "Kernel.tap"})
_BRANCHING = frozenset({"if", "unless", "case", "cond", "with", "try"})
_BINDING = frozenset({b"for", b"with", b"quote"})  # in what is quoted stand other functions
_DEEPEST = 24
_MOST = 150  # expressions that one reading looks at


class Reader:
    """Reads the expressions of one form, or of one template (`layer`) in a form or file. A `brief`
    one reads of the arguments of calls only names and literals."""

    def __init__(
        self,
        path: str,
        form: Form | None,
        layer: TemplateLayer | None = None,
        brief: bool = False,
    ) -> None:
        self.path = path
        self.form = form
        self.layer = layer
        self.brief = brief
        self._left = _MOST

    def fresh(self) -> Reader:
        """A reader of the same text that has looked at nothing."""
        return Reader(self.path, self.form, self.layer)

    def read(self, node: Node | None, depth: int = 0) -> Expression:
        """The expression that a node is."""
        self._left -= 1
        if node is None or depth > _DEEPEST or self._left < 0:
            return UNKNOWN
        node = strip_parentheses(node)
        match node:
            case Identifier("assigns"):
                return self._assigns(node, depth)
            case Identifier("__MODULE__"):
                return self._module(node)
            case Identifier():
                return self._variable(node, depth)
            case Call():
                return self._call(node, depth)
            case Capture() if node.placeholder == 1:
                return self._placeholder(node, depth)
            case ModuleAttribute() if node.value is None:
                return self._attribute(node, depth)
            case Access():
                key = node.key
                base = self.read(node.target, depth + 1)
                return field(base, key.name) if isinstance(key, Atom) else UNKNOWN
            case Dot() if isinstance(node.parent, Call) and node.parent.span == node.span:
                return self._call(node.parent, depth)  # a piece of a template: the smallest node
            case Alias() | Dot():
                return self._module(node)
            case Atom():
                return Expression("atom", node.name)
            case Nil():
                return NOTHING
            case List():
                return self._list(node.elements, depth)
            case Keywords():
                return self._list([node], depth)
            case Sigil() if node.name in ("w", "W") and node.modifiers == "a":
                names = (node.value or "").split()
                return Expression("list", args=tuple(Expression("atom", one) for one in names))
            case Tuple():
                elements = node.elements
                if len(elements) == 2 and isinstance(elements[0], String):
                    return self.read(elements[1], depth + 1)  # `{"table", Schema}`
                return Expression("tuple", args=tuple(self.read(it, depth + 1) for it in elements))
            case Map() if node.struct is None:
                return self._map(node, depth)
            case Pipe() if isinstance(node.right, Call):
                return self._call(node.right, depth)
            case Match():
                return self.read(node.right, depth + 1)
            case Block():
                return self.read(node.children[-1] if node.children else None, depth + 1)
            case BinaryOperator("||", left, right):
                either = (self.read(left, depth + 1), self.read(right, depth + 1))
                return Expression("either", args=either)
            case UnaryOperator("^", operand):
                return self.read(operand, depth + 1)
        return UNKNOWN

    def _assigns(self, variable: Identifier, depth: int) -> Expression:
        """The assigns of a template or socket, or what a function writes out for a template."""
        bound = self.bound_to(variable) if self.layer is None else None
        written = UNKNOWN if bound is None else self.read(bound, depth + 1)
        return written if written.kind in ("map", "list") else ASSIGNS

    # ---- literals and names

    def _module(self, node: Node) -> Expression:
        written = module_text(node)
        if not written:
            return UNKNOWN
        return Expression("schema", self._expanded(written, node.start))

    def _expanded(self, written: str, offset: int) -> str:
        return written if self.form is None else self.form.names_at(offset).expand(written)

    def _attribute(self, node: ModuleAttribute, depth: int) -> Expression:
        if self.layer is not None:
            return Expression("assign", node.name)
        value = None if self.form is None else self.form.module.attribute(node.name)
        return self.read(value, depth + 1)

    def _list(self, elements: Sequence[Node], depth: int) -> Expression:
        args: list[Expression] = []
        for one in elements:
            if isinstance(one, Keywords):
                args.extend(self._pairs(one, depth))
            elif isinstance(one, BinaryOperator) and one.operator == "|":
                return UNKNOWN
            else:
                args.append(self.read(one, depth + 1))
        return Expression("list", args=tuple(args)) if args else NOTHING

    def _pairs(self, keywords: Keywords, depth: int) -> list[Expression]:
        return [
            Expression("pair", pair.key, (self.read(pair.value, depth + 1),))
            for pair in keywords.pairs
        ]

    def _map(self, node: Map, depth: int) -> Expression:
        keywords = node.keywords
        whole = node.elements
        if len(whole) != 1 or whole[0] != keywords or keywords is None:
            return UNKNOWN
        return Expression("map", args=tuple(self._pairs(keywords, depth)))

    # ---- calls

    def _call(self, call: Call, depth: int) -> Expression:
        name, module = call.name, call.module
        if call.is_field_access:
            return field(self.read(call.receiver, depth + 1), name)
        if call.receiver is not None and module is None:
            return UNKNOWN
        if module in _COLLECTIONS or (module is None and name in ("hd", "tl")):
            return read_collection(self, call, depth)
        if module is None:
            if name in _BRANCHING and call.pipe is None:
                return self._branches(call, depth)
            if name == "from":
                return read_from(self, call, depth)
        if call.dotted in _THEN:
            return self.read(_first(call), depth + 1) if name == "tap" else UNKNOWN
        full = "" if module is None else self._expanded(module, call.start)
        if full == "Ecto.Query" or (module is None and self._is_macro(call)):
            return read_from(self, call, depth) if name == "from" else read_macro(self, call, depth)
        if module is None and self.form is not None:
            names = self.form.names_at(call.start)
            full = names.module if names.defines(name, call.arity) else ""
        if self.brief and depth > 0 and not full:
            return UNKNOWN
        taken = 9
        if full.endswith("Repo"):  # of those only the query and what is preloaded matter
            taken = 2 if name == "preload" else 1
        args = tuple(
            self._argument(one, at, depth) if at < taken else UNKNOWN
            for at, one in enumerate(call.arguments)
        )
        return Expression("call", name, args, full, call.callee_span, self.path)

    def _argument(self, node: Node, at: int, depth: int) -> Expression:
        if at > 0 and isinstance(node, Identifier) and self.layer is None:
            return self._own_parameter(node.name)
        if at > 0 and isinstance(node, (Call, String)):
            return UNKNOWN
        if self.brief and not isinstance(node, (Alias, Atom, Identifier, List, Pipe, Keywords)):
            return UNKNOWN
        return self.read(node, depth + 1)

    def _own_parameter(self, name: str) -> Expression:
        """A parameter that is a plain name; nothing else is looked for."""
        function = None if self.form is None else self.form.function
        for at, one in enumerate(() if function is None else function.parameters):
            if isinstance(one, BinaryOperator) and one.operator == "\\\\":
                one = one.left
            if isinstance(one, Identifier) and one.name == name:
                return Expression("param", str(at))
        return UNKNOWN

    def _is_macro(self, call: Call) -> bool:
        if call.name not in MACROS or self.form is None:
            return False
        return not self.form.names_at(call.start).defines(call.name, call.arity)

    def _branches(self, call: Call, depth: int) -> Expression:
        found = tuple(self.read(one, depth + 1) for one in branches(call))
        if call.name in ("if", "unless") and not call.section("else"):
            found = (*found, NOTHING)
        return Expression("either", args=found) if found else UNKNOWN

    # ---- variables

    def _placeholder(self, capture: Capture, depth: int) -> Expression:
        for outer in capture.ancestors():
            if isinstance(outer, Capture):
                return self._given(outer, 0, depth)
        return UNKNOWN

    def _given(self, function: Node, position: int, depth: int) -> Expression:
        """What a function among the arguments of a call is called with."""
        arguments = function.parent
        call = None if arguments is None else arguments.parent
        if not isinstance(call, Call):
            return UNKNOWN
        base = _first(call)
        if base is None or base == function:
            return UNKNOWN
        if call.dotted in _THEN:
            return self.read(base, depth + 1)
        if position == 1 and call.dotted == "Enum.reduce" and call.arity == 3:
            return self.read(call.arguments[1], depth + 1)
        loops = call.module in _COLLECTIONS or call.dotted == "Task.async_stream"
        if not loops or (position != 0 and call.name != "sort"):
            return UNKNOWN
        return each(self.read(base, depth + 1))

    def _variable(self, variable: Identifier, depth: int) -> Expression:
        tag = bound_by_tag(self, variable, depth)
        matched = self._match(variable)
        function = self._only_function(variable)
        if function is not None:
            if matched is None:
                return self._parameter(function, variable)
            way = way_to(matched.left, variable.name)
            return reach(self.read(matched.right, depth + 1), way)
        tree, written = variable.tree, variable.bytes
        raw = tree.parent(variable.raw)
        while raw is not None:  # no views of what is around: a variable has a dozen ancestors
            if tag is not None and raw.start_byte <= tag[0]:
                return tag[1]
            if matched is not None and Span(raw.start_byte, raw.end_byte).covers(matched.span):
                way = way_to(matched.left, variable.name)
                return reach(self.read(matched.right, depth + 1), way)
            found = None
            if raw.kind_id == STAB:
                head = raw.child_by_field_id(LEFT)
                if head is not None and written in tree.source[head.start_byte : head.end_byte]:
                    found = self._clause(Clause(raw, tree), variable, depth)
            elif raw.kind_id == CALL:
                callee = callee_of(raw, tree)
                if callee in FUNCTION_NAMES:
                    function = self._function_of(raw, tree)
                    if function is not None:
                        return self._parameter(function, variable)
                elif callee in (b"for", b"with"):
                    found = self._generator(Call(raw, tree), variable, depth)
            if found is not None:
                return found
            raw = tree.parent(raw)
        if tag is not None:
            return tag[1]
        return self._without_parentheses(variable)

    def _only_function(self, variable: Identifier) -> Function | None:
        """The function around a variable where only its parameters and matches bind any, which
        spares half of all variables the way through what is around them."""
        form = self.form
        if self.layer is not None or form is None or not form.span.covers(variable.span):
            return None
        index = form.index
        if STAB in index.kinds or not _BINDING.isdisjoint(index.callee_names):
            return None
        return form.function

    def _function_of(self, raw: RawNode, tree: Tree) -> Function | None:
        form = self.form
        return (
            form.function if form is not None and form.raw == raw else Function.of(Call(raw, tree))
        )

    def _without_parentheses(self, variable: Identifier) -> Expression:
        return UNKNOWN

    def bound_to(self, variable: Identifier) -> Node | None:
        """The expression that a variable is another name of."""
        matched = self._match(variable)
        return matched.right if matched is not None and matched.left.text == variable.name else None

    def _match(self, variable: Identifier) -> Match | None:
        """The last `pattern = …` before a variable that binds it and is visible there."""
        index = self.layer.index if self.layer is not None else None
        if index is None and self.form is not None:
            index = self.form.index
        function = None if self.form is None or self.layer is not None else self.form.function
        after = 0 if function is None else function.head.end
        start, written, source = variable.start, variable.bytes, variable.tree.source
        for raw in () if index is None else reversed(index.binaries(b"=")):
            if raw.end_byte > start or raw.start_byte < after:
                continue
            if written not in source[raw.start_byte : raw.end_byte]:
                continue
            match = Match(raw, variable.tree)
            if written not in match.left.bytes:
                continue
            scope = block_of(match)
            if scope.start <= start < scope.end and not _is_in_pattern(match):
                if way_to(match.left, variable.name) is not False:
                    return match
        return None

    def _clause(self, clause: Clause, variable: Identifier, depth: int) -> Expression | None:
        """A variable that `fn` or a branch of `case` binds."""
        for at, pattern in enumerate(clause.patterns):
            way = way_to(pattern, variable.name)
            if way is False or pattern.span.covers(variable.span):
                continue
            outer = clause.parent
            if isinstance(outer, AnonymousFunction):
                return reach(self._given(outer, at, depth), way)
            call = None if outer is None else outer.parent
            if isinstance(call, Call) and call.name == "case" and call.arguments:
                return reach(self.read(call.arguments[0], depth + 1), way)
            return UNKNOWN
        return None

    def _generator(self, call: Call, variable: Identifier, depth: int) -> Expression | None:
        """A variable that `for` or `with` binds."""
        if call.receiver is not None or call.name not in ("for", "with"):
            return None
        for one in reversed(call.written_arguments):
            if not isinstance(one, BinaryOperator) or one.end > variable.start:
                continue
            if one.operator == "<-":
                pattern = one.left
                if isinstance(pattern, BinaryOperator) and pattern.operator == "when":
                    pattern = pattern.left
                way = way_to(pattern, variable.name)
                if way is not False:
                    value = self.read(one.right, depth + 1)
                    return reach(each(value) if call.name == "for" else value, way)
        return None

    def _parameter(self, function: Function, variable: Identifier) -> Expression:
        shift = 1 if rendered_name(function) else 0
        for at, pattern in enumerate(function.parameters):
            way = way_to(pattern, variable.name)
            if isinstance(way, tuple):  # a function that takes its list apart goes over all of it
                way = tuple(("each", "", "") if tag == CONS else (a, b, tag) for a, b, tag in way)
            if way is not False:
                return reach(Expression("param", str(at - shift)), way)
        return UNKNOWN


def _is_in_pattern(match: Match) -> bool:
    """Whether a match gives a name to what a clause or a generator takes apart."""
    around = match.parent
    if isinstance(around, BinaryOperator):
        return around.operator == "<-" and around.left == match
    outer = None if around is None or around.kind != "arguments" else around.parent
    return isinstance(outer, Clause)


def _first(call: Call) -> Node | None:
    arguments = call.arguments
    return arguments[0] if arguments else None
