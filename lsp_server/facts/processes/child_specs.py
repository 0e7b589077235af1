"""Reads lists of children as supervisors take them: child specifications in every notation."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from lsp_server.facts.calls.primitives import STANDARD
from lsp_server.facts.fact import Fact
from lsp_server.facts.local_flow import assigned, branches, clauses_of, module_of, origin
from lsp_server.facts.processes.process_names import name_of, option
from lsp_server.syntax.elixir import (
    Alias,
    BinaryOperator,
    Call,
    Dot,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, Boolean, Keywords, List, Map, Nil, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

DEPTH = 100  # how many steps are followed from the call to a child
_LIST_MODULES = frozenset({"Enum", "List", "Stream", "Kernel"})
_SPECIFIERS = frozenset({"Supervisor", "Horde.Supervisor", "DynamicSupervisor"})


class Child(Fact):
    """One child as a list of children or `start_child` names it.

    `module` is the full name (Erlang's with a colon), `name` what `name_of` makes of the name that
    its options give it, `id` an id that is written out. `modules` are those its options mention.
    """

    module: str
    span: Span
    name: str = ""
    id: str = ""
    restart: str = ""
    conditional: bool = False
    modules: tuple[str, ...] = ()


class Elsewhere(Fact):
    """Children that a function of another module gives: `++ Shop.Jobs.children()`. They come before
    the child at the position `at`."""

    module: str
    name: str
    arity: int
    at: int
    conditional: bool = False


@dataclass
class Reading:
    """What was found so far; children in the order of their start."""

    children: list[Child] = field(default_factory=list)
    elsewhere: list[Elsewhere] = field(default_factory=list)
    lists: list[Span] = field(default_factory=list)
    complete: bool = True
    seen: set[Span] = field(default_factory=set)
    # What variables and functions hold, so that who branches often does not read them twice.
    values: dict[Span, Reading] = field(default_factory=dict)

    def apart(self) -> Reading:
        """An empty reading of one of several branches."""
        return Reading(seen=set(self.seen), values=self.values)

    def add(self, other: Reading, conditional: bool) -> None:
        """Take in what was read apart; what is known is not added again."""
        for one in other.elsewhere:
            sometimes = conditional or one.conditional
            self.elsewhere.append(
                replace(one, at=len(self.children) + one.at, conditional=sometimes)
            )
        known = {(one.span, one.module) for one in self.children}
        for child in other.children:
            if (child.span, child.module) not in known:
                sometimes = conditional or child.conditional
                self.children.append(replace(child, conditional=sometimes))
        if not conditional:
            self.lists += (one for one in other.lists if one not in self.lists)
        self.complete &= other.complete

    def first_visit(self, node: Node) -> bool:
        """Whether an expression has not been read before; functions may call in circles."""
        if node.span in self.seen:
            return False
        self.seen.add(node.span)
        return True


def children_of(node: Node, form: Form) -> Reading:
    """The children in the expression of a list of them, inside a form."""
    reading = Reading()
    _Reader(reading, form).read_list(node, False, 0)
    return reading


def child_of(node: Node, form: Form) -> Reading:
    """The child that one expression describes; several where it has branches."""
    reading = Reading()
    _Reader(reading, form).read_element(node, False, 0)
    return reading


@dataclass
class _Reader:
    reading: Reading
    form: Form

    def read_list(self, node: Node | None, conditional: bool, depth: int) -> None:
        """An expression whose value is a list of children."""
        if node is None or depth > DEPTH:
            self.reading.complete = False
            return
        node, depth = strip_parentheses(node), depth + 1
        if not self.reading.first_visit(node):
            return
        match node:
            case List():
                self._literal(node, conditional, depth)
            case Match():
                self.read_list(node.right, conditional, depth)
            case BinaryOperator("++", left, right):
                self.read_list(left, conditional, depth)
                self.read_list(right, conditional, depth)
            case Pipe():
                self._step(node.right, node.left, conditional, depth)
            case Call(_, [values, *rest]) if node.module in _LIST_MODULES:
                self._transformed(node, values, rest, conditional, depth)
            case Call() | Identifier():
                self._computed(node, conditional, depth, elements=False)
            case ModuleAttribute():
                self.read_list(self.form.module.attribute(node.name), conditional, depth)
            case Nil():
                pass
            case _:
                self.reading.complete = False

    def read_element(self, node: Node | None, conditional: bool, depth: int) -> None:
        """An expression whose value is one child, or nothing."""
        if node is None or depth > DEPTH:
            self.reading.complete = False
            return
        node, depth = strip_parentheses(node), depth + 1
        if not self.reading.first_visit(node):
            return
        match node:
            case Alias() | Dot() if module_of(node, self.form):
                self._add(node, module_of(node, self.form), None, conditional)
            case Identifier("__MODULE__"):
                self._add(node, module_of(node, self.form), None, conditional)
            case Tuple([first, *rest]):
                self._tuple(node, first, rest, conditional)
            case Map():
                self._map(node, conditional)
            case Match():
                self.read_element(node.right, conditional, depth)
            case BinaryOperator("&&" | "and", _, right):
                self.read_element(right, True, depth)
            case BinaryOperator("||" | "or", left, right):
                self.read_element(left, True, depth)
                self.read_element(right, True, depth)
            case Pipe():
                self._element_call(node.right, conditional, depth)
            case Call() | Identifier():
                self._element_call(node, conditional, depth)
            case ModuleAttribute():
                self.read_element(self.form.module.attribute(node.name), conditional, depth)
            case List():
                self._literal(node, conditional, depth)
            case Nil() | Boolean():
                pass
            case _:
                self.reading.complete = False

    def _literal(self, node: List, conditional: bool, depth: int) -> None:
        if not conditional and node.span not in self.reading.lists:
            self.reading.lists.append(node.span)
        for one in node.elements:
            if isinstance(one, BinaryOperator) and one.operator == "|":
                self.read_element(one.left, conditional, depth)
                self.read_list(one.right, conditional, depth)
            elif isinstance(one, Keywords):
                if conditional and node.is_keyword_list:
                    continue  # options of something
                for pair in one.pairs:  # `["Elixir.Mod": arg]` or `[some_erlang_module: arg]`
                    self._add(pair, f":{pair.key}", pair.value, conditional)
            else:
                self.read_element(one, conditional, depth)

    def _step(self, step: Node, values: Node, conditional: bool, depth: int) -> None:
        """A list that a step of a pipe has made of another."""
        arguments = step.written_arguments if isinstance(step, Call) else []
        known = isinstance(step, Call) and step.module in _LIST_MODULES
        if known and isinstance(step, Call):
            self._transformed(step, values, arguments, conditional, depth)
            return
        self.read_list(values, conditional, depth)
        self.reading.complete = False
        if clauses_of(step, self.form):
            self._computed(step, conditional, depth, elements=False)
            return
        for one in arguments:
            self._perhaps(one, depth)

    def _transformed(
        self, call: Call, values: Node, rest: list[Node], conditional: bool, depth: int
    ) -> None:
        """`Enum.reject(list, …)` and its like: what goes in may come out."""
        if call.name == "wrap" and not isinstance(values, List):
            self.read_element(values, conditional, depth)
            return
        drops = call.name in ("reject", "filter") and not any(map(_drops_nil, rest))
        self.read_list(values, conditional or drops, depth)
        if call.name in ("map", "flat_map", "reduce"):
            self.reading.complete = False
        for one in rest:
            self._perhaps(one, depth)

    def _perhaps(self, node: Node, depth: int) -> None:
        """An argument beside a list: another list, or a child that is added to it."""
        if depth > DEPTH:
            return
        node = strip_parentheses(node)
        match node:
            case List() | BinaryOperator("++"):
                self.read_list(node, True, depth)
            case Tuple([Alias(), *_]) | Map() | Alias():
                self.read_element(node, True, depth)
            case Call() if node.name != "raise" and clauses_of(node, self.form):
                self.read_list(node, True, depth)
            case Identifier() if assigned(node, self.form) is not None:
                self._perhaps(assigned(node, self.form) or node, depth + 1)

    def _computed(self, node: Node, conditional: bool, depth: int, *, elements: bool) -> None:
        """A branch, a variable or a function of the module."""
        if isinstance(node, Identifier):
            value = assigned(node, self.form)
            if value is not None:
                self._variable(value, conditional, depth, elements)
                return
        if isinstance(node, Call) and node.receiver is None:
            if node.name == "for":
                self.read_element(next(iter(node.body[-1:]), None), True, depth)
                self.reading.complete = False
                return
            values = list(branches(node))
            if values:
                self._branches(node, values, conditional, depth, elements)
                return
        clauses = clauses_of(node, self.form)
        usual = _usual(clauses)
        for clause in clauses:
            body = clause.function.body if clause.function is not None else []
            read = self.reading.values.get(clause.span)
            if read is None:
                read = self.reading.values[clause.span] = self.reading.apart()
                inner = _Reader(read, clause)
                follow = inner.read_element if elements else inner.read_list
                follow(body[-1] if body else None, False, depth)
            self.reading.add(read, conditional or len(clauses) > 1)
            if clause is usual and not conditional and len(clauses) > 1:
                self.reading.lists += (at for at in read.lists if at not in self.reading.lists)
        given = module_of(node.receiver, self.form) if isinstance(node, Call) else ""
        if given and given not in STANDARD and isinstance(node, Call):
            at = len(self.reading.children)
            self.reading.elsewhere.append(Elsewhere(given, node.name, node.arity, at, conditional))
        elif not clauses:
            self.reading.complete = False
        if isinstance(node, Call) and node.receiver is None and node.name != "raise":
            for number, one in enumerate(node.arguments):
                if number == 0 and clauses and self._is_list(one):
                    self.read_list(one, conditional, depth)  # which the function adds to
                else:
                    self._perhaps(one, depth)

    def _is_list(self, node: Node, depth: int = 0) -> bool:
        """Whether an expression is a list, or made of one by functions that give it back."""
        node = strip_parentheses(node)
        match node:
            case _ if depth > DEPTH:
                return False
            case Identifier():
                value = assigned(node, self.form)
                return value is not None and self._is_list(value, depth + 1)
            case List():
                return not node.is_keyword_list
            case BinaryOperator():
                return node.operator == "++"
            case Pipe():
                return self._is_list(node.left, depth + 1)
            case Call():
                passed = node.arguments[:1] if self._gives_back(node) else []
                values = [*branches(node), *passed]
                return any(self._is_list(one, depth + 1) for one in values)
        return False

    def _gives_back(self, call: Call) -> bool:
        return call.module in _LIST_MODULES or bool(clauses_of(call, self.form))

    def _variable(self, value: Node, conditional: bool, depth: int, elements: bool) -> None:
        """What a variable was given."""
        known = self.reading.values.get(value.span)
        if known is None:
            known = self.reading.values[value.span] = self.reading.apart()
            inner = _Reader(known, self.form)
            (inner.read_element if elements else inner.read_list)(value, False, depth)
        self.reading.add(known, conditional)

    def _branches(
        self, node: Call, values: list[Node], conditional: bool, depth: int, elements: bool
    ) -> None:
        """Values of which one is taken: what is in all of them is always there."""
        read = []
        for value in values:
            one = self.reading.apart()
            inner = _Reader(one, self.form)
            (inner.read_element if elements else inner.read_list)(value, False, depth)
            read.append(one)
        whole = node.name not in ("if", "unless") or len(values) > 1
        always = {child.span for child in read[0].children if not child.conditional}
        lists = set(read[0].lists)
        for one in read[1:]:
            always &= {child.span for child in one.children if not child.conditional}
            lists &= set(one.lists)
        for one in read:
            one.lists = [span for span in one.lists if whole and span in lists]
            one.children = [
                child if whole and child.span in always else replace(child, conditional=True)
                for child in one.children
            ]
            self.reading.add(one, conditional)

    def _element_call(self, node: Node, conditional: bool, depth: int) -> None:
        if isinstance(node, Call):
            arguments = node.arguments
            if node.name == "child_spec" and node.receiver is not None:
                receiver = module_of(node.receiver, self.form)
                if receiver in _SPECIFIERS and arguments:
                    self._respecified(arguments, conditional, depth)
                elif receiver:
                    self._add(node, receiver, arguments[-1] if arguments else None, conditional)
                else:
                    self.reading.complete = False
                return
            if node.name in ("worker", "supervisor") and arguments and not node.section("do"):
                module = module_of(arguments[0], self.form)
                if module and not clauses_of(node, self.form):
                    self._add(node, module, arguments[-1], conditional)
                    return
        self._computed(node, conditional, depth, elements=True)

    def _respecified(self, arguments: list[Node], conditional: bool, depth: int) -> None:
        """`Supervisor.child_spec(child, overrides)`."""
        before = len(self.reading.children)
        self.read_element(arguments[0], conditional, depth)
        overrides = arguments[1] if len(arguments) > 1 else None
        for at in range(before, len(self.reading.children)):
            known = self.reading.children[at]
            self.reading.children[at] = replace(
                known,
                id=_text(option(overrides, "id")) or known.id,
                restart=_atom(option(overrides, "restart")) or known.restart,
            )

    def _tuple(self, node: Tuple, first: Node, rest: list[Node], conditional: bool) -> None:
        module = module_of(first, self.form)
        if module and len(rest) <= 1:
            self._add(node, module, rest[0] if rest else None, conditional)
        else:
            self.reading.complete = False

    def _map(self, node: Map, conditional: bool) -> None:
        start = origin(option(node.keywords, "start"), self.form)
        match start:
            case Tuple([module, *rest]) if module_of(module, self.form):
                options = rest[-1] if rest else None
                arguments = options.elements if isinstance(options, List) else []
                last = arguments[-1] if arguments else None
                child = self._child(node, module_of(module, self.form), last, conditional, options)
                self.reading.children.append(
                    replace(
                        child,
                        id=_text(option(node.keywords, "id")),
                        restart=_atom(option(node.keywords, "restart")),
                    )
                )
            case _:
                self.reading.complete = False

    def _add(self, node: Node, module: str, argument: Node | None, conditional: bool) -> None:
        self.reading.children.append(self._child(node, module, argument, conditional, argument))

    def _child(
        self,
        node: Node,
        module: str,
        argument: Node | None,
        conditional: bool,
        options: Node | None,
    ) -> Child:
        modules: dict[str, None] = {}
        for one in options.find(Alias) if options is not None else ():
            modules[module_of(one, self.form)] = None
        argument = origin(argument, self.form)
        return Child(
            module,
            node.span,
            name_of(option(argument, "name"), self.form),
            conditional=conditional,
            modules=tuple(modules),
        )


def _usual(clauses: list[Form]) -> Form | None:
    """The only clause that takes anything, beside those for `:test` and the like."""
    found = [
        clause
        for clause in clauses
        if clause.function is not None
        and clause.function.guard is None
        and all(isinstance(one, Identifier) for one in clause.function.parameters)
    ]
    return found[0] if len(found) == 1 else None


def _drops_nil(function: Node) -> bool:
    """Whether what is given to `reject` or `filter` only takes out the places that stayed empty."""
    return "".join(function.text.split()) in ("&is_nil/1", "&is_nil(&1)", "&&1", "&(&1)", "&(!&1)")


def _text(node: Node | None) -> str:
    return "" if node is None else node.text


def _atom(node: Node | None) -> str:
    return node.name if isinstance(node, Atom) else ""
