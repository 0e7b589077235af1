"""Views of expressions: names, operators, calls, functions without a name, blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lsp_server.syntax.literals import Keywords, List
from lsp_server.syntax.node import Node, RawNode, Tree, cast, caster, field_id, kind_id, view
from lsp_server.text import Span

TARGET = field_id("target")
LEFT = field_id("left")
RIGHT = field_id("right")
OPERATOR = field_id("operator")
OPERAND = field_id("operand")
KEY = field_id("key")
CALL = kind_id("call")
DOT = kind_id("dot")
ARGUMENTS = kind_id("arguments")
IDENTIFIER = kind_id("identifier")
ALIAS = kind_id("alias")
DO_BLOCK = kind_id("do_block")
BINARY = kind_id("binary_operator")
UNARY = kind_id("unary_operator")
STAB = kind_id("stab_clause")
BODY = kind_id("body")
SECTIONS = {
    kind_id(f"{name}_block"): name for name in ("after", "catch", "else", "rescue")
}  # after a do-block's own body


@view("identifier")
class Identifier(Node):
    """A variable or a call without parentheses and arguments."""

    __slots__ = ()
    __match_args__ = ("name",)

    @property
    def name(self) -> str:
        """The name."""
        return self.text


@view("alias")
class Alias(Node):
    """A module name as written, `A.B`."""

    __slots__ = ()
    __match_args__ = ("name",)

    @property
    def name(self) -> str:
        """The name with blanks around its dots taken out."""
        return "".join(self.text.split())


@view("dot")
class Dot(Node):
    """`left.right` that is no call: `Foo.{A, B}`, `__MODULE__.Foo`, or a call's target."""

    __slots__ = ()
    __match_args__ = ("left", "right")

    @property
    def left(self) -> Node | None:
        """What stands before the dot."""
        return self.field(LEFT)

    @property
    def right(self) -> Node | None:
        """What stands after the dot; None for `fun.(…)`."""
        return self.field(RIGHT)


class BinaryOperator(Node):
    """`left operator right`."""

    __slots__ = ()
    __match_args__ = ("operator", "left", "right")

    @property
    def operator(self) -> str:
        """The operator as written; `not in` has one blank."""
        raw = self.raw.child_by_field_id(OPERATOR)
        if raw is None:
            return ""
        written = self.tree.source[raw.start_byte : raw.end_byte]
        return " ".join(written.decode("utf-8", "replace").split())

    @property
    def left(self) -> Node:
        """The left operand; the operator itself in broken code."""
        raw = self.raw.child_by_field_id(LEFT)
        return self if raw is None else cast(raw, self.tree)

    @property
    def right(self) -> Node:
        """The right operand; the operator itself in broken code."""
        raw = self.raw.child_by_field_id(RIGHT)
        return self if raw is None else cast(raw, self.tree)


class Pipe(BinaryOperator):
    """`left |> right`."""

    __slots__ = ()

    @property
    def steps(self) -> list[Node]:
        """The whole chain that ends here: the first value, then each step."""
        steps: list[Node] = []
        node: Node = self
        while isinstance(node, Pipe):
            steps.append(node.right)
            node = node.left
        steps.append(node)
        steps.reverse()
        return steps


class Match(BinaryOperator):
    """`pattern = value`."""

    __slots__ = ()


_OPERATOR_CLASSES: Mapping[bytes, type[BinaryOperator]] = {b"|>": Pipe, b"=": Match}


@caster("binary_operator")
def _binary(raw: RawNode, tree: Tree) -> Node:
    operator = raw.child_by_field_id(OPERATOR)
    written = b"" if operator is None else tree.source[operator.start_byte : operator.end_byte]
    return _OPERATOR_CLASSES.get(written, BinaryOperator)(raw, tree)


class UnaryOperator(Node):
    """`operator operand`."""

    __slots__ = ()
    __match_args__ = ("operator", "operand")

    @property
    def operator(self) -> str:
        """The operator as written."""
        raw = self.raw.child_by_field_id(OPERATOR)
        return "" if raw is None else self.tree.source[raw.start_byte : raw.end_byte].decode()

    @property
    def operand(self) -> Node:
        """The operand; the operator itself in broken code."""
        for raw in reversed(self.raw.named_children):
            if not raw.is_extra:
                return cast(raw, self.tree)
        return self


class ModuleAttribute(UnaryOperator):
    """`@name` or `@name value`; in a template an assign."""

    __slots__ = ()
    __match_args__ = ("name", "value")

    @property
    def name(self) -> str:
        """The name without the at sign."""
        match self.operand:
            case Identifier(name):
                return name
            case Call() as call:
                return call.name
        return ""

    @property
    def value(self) -> Node | None:
        """What is assigned; None where the attribute is read."""
        operand = self.operand
        if isinstance(operand, Call) and operand.written_arguments:
            return operand.written_arguments[0]
        return None


class Capture(UnaryOperator):
    """`&fun/1`, `&fun(&1)` or `&1`."""

    __slots__ = ()

    @property
    def placeholder(self) -> int | None:
        """The number of `&1`; None for a capture."""
        operand = self.operand
        return int(operand.text) if operand.kind == "integer" and operand.text.isdecimal() else None

    @property
    def function(self) -> tuple[Node, int] | None:
        """For `&Mod.fun/2` the call or identifier and the arity."""
        match self.operand:
            case BinaryOperator("/", (Call() | Identifier()) as target, right):
                if right.text.isdecimal() and right.kind == "integer":
                    return target, int(right.text)
        return None


@caster("unary_operator")
def _unary(raw: RawNode, tree: Tree) -> Node:
    first = tree.source[raw.start_byte : raw.start_byte + 1]
    if first == b"@":
        return ModuleAttribute(raw, tree)
    if first == b"&":
        return Capture(raw, tree)
    return UnaryOperator(raw, tree)


@view("access_call")
class Access(Node):
    """`target[key]`."""

    __slots__ = ()
    __match_args__ = ("target", "key")

    @property
    def target(self) -> Node | None:
        """What is looked into."""
        return self.field(TARGET)

    @property
    def key(self) -> Node | None:
        """What is looked up."""
        return self.field(KEY)


@view("block")
class Block(Node):
    """`( … )` around expressions or clauses."""

    __slots__ = ()


@view("stab_clause")
class Clause(Node):
    """`patterns when guard -> body` of `case`, `fn`, `cond`, `else` …"""

    __slots__ = ()

    @property
    def head(self) -> Node | None:
        """All that stands before the arrow."""
        return self.field(LEFT)

    @property
    def patterns(self) -> list[Node]:
        """The patterns before the arrow, without the guard."""
        head = self.head
        if isinstance(head, BinaryOperator) and head.operator == "when":
            head = head.left
        if head is None:
            return []
        return head.children if head.raw.kind_id == ARGUMENTS else [head]

    @property
    def guard(self) -> Node | None:
        """What follows `when`."""
        head = self.head
        if isinstance(head, BinaryOperator) and head.operator == "when":
            return head.right
        return None

    @property
    def body(self) -> list[Node]:
        """The expressions after the arrow."""
        raw = self.raw.child_by_field_id(RIGHT)
        return [] if raw is None else cast(raw, self.tree).children


@view("anonymous_function")
class AnonymousFunction(Node):
    """`fn … end`."""

    __slots__ = ()

    @property
    def clauses(self) -> list[Clause]:
        """The clauses in order."""
        return [Clause(raw, self.tree) for raw in self.raw.named_children if raw.kind_id == STAB]


@view("do_block")
class DoBlock(Node):
    """`do … else … end`."""

    __slots__ = ()

    def section(self, name: str) -> list[Node]:
        """The expressions of `do`, `else`, `rescue`, `catch` or `after`."""
        found: list[Node] = []
        for raw in self.raw.named_children:
            section = SECTIONS.get(raw.kind_id)
            if section is None:
                if name == "do" and not raw.is_extra:
                    found.append(cast(raw, self.tree))
            elif section == name:
                found.extend(cast(raw, self.tree).children)
        return found

    @property
    def sections(self) -> list[str]:
        """The names of the sections in order, `do` first."""
        named = [
            SECTIONS[raw.kind_id] for raw in self.raw.named_children if raw.kind_id in SECTIONS
        ]
        return ["do", *named]

    @property
    def inner(self) -> Span:
        """The bytes between `do` and `end`."""
        children = self.raw.children
        return Span(children[0].end_byte, max(children[0].end_byte, children[-1].start_byte))


@view("call")
class Call(Node):
    """`fun(…)`, `Mod.fun …`, `fun.(…)`, `map.field`, and every macro, `def` and `if` among them."""

    __slots__ = ()
    __match_args__ = ("dotted", "arguments")

    @property
    def target(self) -> Node:
        """What is called: an identifier, a dot, or another call; the call itself in broken code."""
        raw = self.raw.child_by_field_id(TARGET)
        return self if raw is None else cast(raw, self.tree)

    @property
    def name_span(self) -> Span:
        """The function's name alone; of `fun.(…)` the target."""
        raw = self.raw.child_by_field_id(TARGET)
        if raw is None:
            return self.span
        if raw.kind_id == DOT:
            right = raw.child_by_field_id(RIGHT)
            if right is not None:
                return Span(right.start_byte, right.end_byte)
        return Span(raw.start_byte, raw.end_byte)

    @property
    def callee_span(self) -> Span:
        """Receiver and name, `Repo.get!`."""
        raw = self.raw.child_by_field_id(TARGET)
        return self.span if raw is None else Span(raw.start_byte, raw.end_byte)

    @property
    def name(self) -> str:
        """The function's name without its module; empty for `fun.(…)`."""
        target = self.target
        if isinstance(target, Dot):
            right = target.right
            return "" if right is None else right.text
        return target.text if isinstance(target, Identifier) else ""

    @property
    def receiver(self) -> Node | None:
        """What stands before the dot."""
        target = self.target
        return target.left if isinstance(target, Dot) else None

    @property
    def module(self) -> str | None:
        """The receiver as written if it is a module name or an atom (`Repo`, `:timer`)."""
        receiver = self.receiver
        match receiver:
            case Alias(name):
                return name
            case Identifier("__MODULE__"):
                return "__MODULE__"
            case Dot(Identifier("__MODULE__"), Alias(name)):
                return f"__MODULE__.{name}"
        return receiver.text if receiver is not None and receiver.kind == "atom" else None

    @property
    def dotted(self) -> str:
        """`Repo.get!` or `get!`, as written; a receiver that is no module gives `_.name`."""
        if self.receiver is None:
            return self.name
        return f"{self.module or '_'}.{self.name}"

    @property
    def argument_list(self) -> RawNode | None:
        """The raw `arguments` node."""
        for raw in self.raw.named_children:
            if raw.kind_id == ARGUMENTS:
                return raw
        return None

    @property
    def has_parentheses(self) -> bool:
        """Whether the arguments stand in parentheses."""
        raw = self.argument_list
        return raw is not None and self.tree.source[raw.start_byte : raw.start_byte + 1] == b"("

    @property
    def written_arguments(self) -> list[Node]:
        """The arguments between the parentheses, without what a pipe adds."""
        raw = self.argument_list
        if raw is None:
            return []
        return [cast(child, self.tree) for child in raw.named_children if not child.is_extra]

    @property
    def pipe(self) -> Pipe | None:
        """The pipe of which this call is a step."""
        parent = self.tree.parent(self.raw)
        if parent is not None and parent.kind_id == BINARY:
            viewed = cast(parent, self.tree)
            if isinstance(viewed, Pipe) and viewed.raw.child_by_field_id(RIGHT) == self.raw:
                return viewed
        return None

    @property
    def piped(self) -> Node | None:
        """The value that a pipe puts before the written arguments."""
        pipe = self.pipe
        if pipe is None:
            return None
        left = pipe.left
        return left.right if isinstance(left, Pipe) else left

    @property
    def piped_chain(self) -> Node | None:
        """The whole expression left of the last pipe sign."""
        pipe = self.pipe
        return None if pipe is None else pipe.left

    @property
    def arguments(self) -> list[Node]:
        """All arguments; what is piped in comes first (the whole chain left of the pipe sign)."""
        chain = self.piped_chain
        return self.written_arguments if chain is None else [chain, *self.written_arguments]

    @property
    def capture_arity(self) -> int | None:
        """The arity if this call is the target of `&Mod.fun/2`."""
        parent = self.parent
        if isinstance(parent, BinaryOperator) and parent.operator == "/":
            capture = parent.parent
            if isinstance(capture, Capture) and capture.function is not None:
                return capture.function[1]
        return None

    @property
    def arity(self) -> int:
        """The number of arguments, a pipe's and a do-block counted."""
        captured = self.capture_arity
        if captured is not None:
            return captured
        return len(self.arguments) + (1 if self.do_block is not None else 0)

    @property
    def keywords(self) -> Keywords | None:
        """The trailing keyword arguments, in brackets or without."""
        written = self.written_arguments
        last = written[-1] if written else None
        if isinstance(last, List) and last.is_keyword_list:
            last = last.keywords
        return last if isinstance(last, Keywords) else None

    def keyword(self, key: str) -> Node | None:
        """The value of a trailing keyword argument."""
        keywords = self.keywords
        return None if keywords is None else keywords.get(key)

    @property
    def do_block(self) -> DoBlock | None:
        """The `do … end` of the call."""
        for raw in reversed(self.raw.named_children):
            if raw.kind_id == DO_BLOCK:
                return DoBlock(raw, self.tree)
        return None

    def section(self, name: str) -> list[Node]:
        """The expressions of a section, written as block or as keyword (`do:`, `else:`)."""
        block = self.do_block
        if block is not None:
            return block.section(name)
        value = self.keyword(name)
        if value is None:
            return []
        return value.children if isinstance(value, Block) else [value]

    @property
    def body(self) -> list[Node]:
        """The expressions of `do`."""
        return self.section("do")

    def clauses(self, section: str = "do") -> list[Clause]:
        """The `->` clauses of a section."""
        return [node for node in self.section(section) if isinstance(node, Clause)]

    @property
    def is_field_access(self) -> bool:
        """Whether this can be a field read, `user.name`: no arguments, no parentheses."""
        receiver = self.receiver
        return (
            receiver is not None
            and self.module is None
            and self.argument_list is None
            and self.name != ""
        )


def strip_parentheses(node: Node) -> Node:
    """The single expression inside `( … )`, at any depth."""
    while isinstance(node, Block):
        children = node.children
        if len(children) != 1:
            break
        node = children[0]
    return node


def elements_of(node: Node | None) -> Sequence[Node]:
    """The elements of a list literal; nothing for anything else."""
    return node.elements if isinstance(node, List) else ()
