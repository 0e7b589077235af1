"""Views of expressions: unary operators and calls; the other views are at hand here too."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.syntax.blocks import AnonymousFunction as AnonymousFunction
from lsp_server.syntax.blocks import Block as Block
from lsp_server.syntax.blocks import Clause as Clause
from lsp_server.syntax.blocks import DoBlock as DoBlock
from lsp_server.syntax.grammar import ALIAS as ALIAS
from lsp_server.syntax.grammar import ARGUMENTS as ARGUMENTS
from lsp_server.syntax.grammar import ATOM as ATOM
from lsp_server.syntax.grammar import BINARY as BINARY
from lsp_server.syntax.grammar import BODY as BODY
from lsp_server.syntax.grammar import CALL as CALL
from lsp_server.syntax.grammar import DO_BLOCK as DO_BLOCK
from lsp_server.syntax.grammar import DOT as DOT
from lsp_server.syntax.grammar import IDENTIFIER as IDENTIFIER
from lsp_server.syntax.grammar import KEY as KEY
from lsp_server.syntax.grammar import LEFT as LEFT
from lsp_server.syntax.grammar import OPERAND as OPERAND
from lsp_server.syntax.grammar import OPERATOR as OPERATOR
from lsp_server.syntax.grammar import RIGHT as RIGHT
from lsp_server.syntax.grammar import SECTIONS as SECTIONS
from lsp_server.syntax.grammar import STAB as STAB
from lsp_server.syntax.grammar import TARGET as TARGET
from lsp_server.syntax.grammar import UNARY as UNARY
from lsp_server.syntax.literals import Keywords, List
from lsp_server.syntax.node import Node, RawNode, Tree, cast, caster, view
from lsp_server.syntax.operators import Alias as Alias
from lsp_server.syntax.operators import BinaryOperator as BinaryOperator
from lsp_server.syntax.operators import Dot as Dot
from lsp_server.syntax.operators import Identifier as Identifier
from lsp_server.syntax.operators import Match as Match
from lsp_server.syntax.operators import Pipe as Pipe
from lsp_server.text import Span

_MODULES = frozenset({ALIAS, IDENTIFIER, ATOM})  # what a module can be written as, but for a dot


class UnaryOperator(Node):
    """`operator operand`."""

    __slots__ = ()
    kinds = ("unary_operator",)
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


@view("call")
class Call(Node):
    """`fun(…)`, `Mod.fun …`, `fun.(…)`, `map.field`, and every macro, `def` and `if` among them."""

    __slots__ = ()
    __match_args__ = ("dotted", "arguments")

    @property
    def target(self) -> Node:
        """What is called: an identifier, a dot, or another call."""
        return cast(self.raw.children[0], self.tree)

    @property
    def name_span(self) -> Span:
        """The function's name alone; of `fun.(…)` the target."""
        raw = self.raw.children[0]
        right = _after_dot(raw)
        if right is not None:
            raw = right
        return Span(raw.start_byte, raw.end_byte)

    @property
    def callee_span(self) -> Span:
        """Receiver and name, `Repo.get!`."""
        raw = self.raw.children[0]
        return Span(raw.start_byte, raw.end_byte)

    @property
    def name(self) -> str:
        """The function's name without its module; empty for `fun.(…)`."""
        # Asked of most calls, hence without views of the target and its parts.
        raw = self.raw.children[0]
        if raw.kind_id != IDENTIFIER:
            right = _after_dot(raw)
            if right is None:
                return ""
            raw = right
        return self.tree.source[raw.start_byte : raw.end_byte].decode("utf-8", "replace")

    @property
    def receiver(self) -> Node | None:
        """What stands before the dot."""
        target = self.raw.children[0]
        return cast(target.children[0], self.tree) if target.kind_id == DOT else None

    @property
    def module(self) -> str | None:
        """The receiver as written if it is a module name or an atom (`Repo`, `:timer`)."""
        target = self.raw.children[0]
        if target.kind_id != DOT:
            return None
        raw = target.children[0]
        kind = raw.kind_id
        if kind == DOT:
            match cast(raw, self.tree):
                case Dot(Identifier("__MODULE__"), Alias(name)):
                    return f"__MODULE__.{name}"
            return None
        if kind not in _MODULES:
            return None
        written = self.tree.source[raw.start_byte : raw.end_byte].decode("utf-8", "replace")
        if kind == ALIAS:
            return "".join(written.split())
        return written if kind == ATOM or written == "__MODULE__" else None

    @property
    def dotted(self) -> str:
        """`Repo.get!` or `get!`, as written; a receiver that is no module gives `_.name`."""
        if self.raw.children[0].kind_id != DOT:
            return self.name
        return f"{self.module or '_'}.{self.name}"

    @property
    def argument_list(self) -> RawNode | None:
        """The raw `arguments` node."""
        for raw in self.raw.children:
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
        tree = self.tree
        for raw in self.raw.children:
            if raw.kind_id == ARGUMENTS:
                return [cast(child, tree) for child in raw.named_children if not child.is_extra]
        return []

    @property
    def pipe(self) -> Pipe | None:
        """The pipe of which this call is a step."""
        parent = self.tree.parent(self.raw)
        if parent is not None and parent.kind_id == BINARY:
            # What ends where the operator ends is its right side.
            if parent.end_byte == self.raw.end_byte:
                viewed = cast(parent, self.tree)
                if isinstance(viewed, Pipe) and parent.child_by_field_id(RIGHT) == self.raw:
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
        raw = self.tree.parent(self.raw)
        if raw is None or raw.kind_id != BINARY:
            return None
        parent = cast(raw, self.tree)
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
        count = 0 if self.pipe is None else 1
        written: int | None = None
        for raw in self.raw.children:
            if raw.kind_id == ARGUMENTS and written is None:
                written = sum(not child.is_extra for child in raw.named_children)
            elif raw.kind_id == DO_BLOCK:
                count += 1
        return count + (written or 0)

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
        last = self.raw.children[-1]
        return DoBlock(last, self.tree) if last.kind_id == DO_BLOCK else None

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
        # Cheapest question first: most calls have arguments.
        if self.argument_list is not None:
            return False
        return self.receiver is not None and self.module is None and self.name != ""


def _after_dot(target: RawNode) -> RawNode | None:
    """The right side of a dot that has one; None for any other node."""
    if target.kind_id != DOT:
        return None
    sides = target.children
    return sides[-1] if len(sides) > 2 else None


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
