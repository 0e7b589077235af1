"""Typed views over tree-sitter nodes.

A view is a raw node and the tree it came from; it holds nothing else, computes on demand, and never
raises on broken code. Views are made by `cast`, which looks the class up by the node's kind.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import ClassVar, TypeVar

import tree_sitter
import tree_sitter_elixir

from lsp_server.text import Span

LANGUAGE = tree_sitter.Language(tree_sitter_elixir.language())

RawNode = tree_sitter.Node
Walked = Iterable[Iterable[RawNode]]  # the nodes that a walk has been inside of, in some groups


def kind_id(name: str) -> int:
    """The grammar's number for a named node kind."""
    number = LANGUAGE.id_for_node_kind(name, True)
    if number is None:
        raise LookupError(f"the Elixir grammar has no node kind {name!r}")
    return number


def field_id(name: str) -> int:
    """The grammar's number for a field."""
    number = LANGUAGE.field_id_for_name(name)
    if number is None:
        raise LookupError(f"the Elixir grammar has no field {name!r}")
    return number


# Nodes that hold no other named node; a walk need not descend into them.
LEAVES = frozenset(
    map(
        kind_id,
        (
            *(
                "alias",
                "atom",
                "boolean",
                "char",
                "comment",
                "escape_sequence",
                "float",
                "identifier",
            ),
            *(
                "integer",
                "keyword",
                "nil",
                "operator_identifier",
                "quoted_content",
                "sigil_modifiers",
            ),
            "sigil_name",
        ),
    )
)
# All other named nodes, those of broken code (65535) among them.
INNER = frozenset(
    number
    for number in (*range(LANGUAGE.node_kind_count), 0xFFFF)
    if number not in LEAVES and (number == 0xFFFF or LANGUAGE.node_kind_is_named(number))
)


class Tree:
    """One parsed Elixir text: the bytes of the document and the parents that the walk has seen.

    `source` is always the document's own text, also where the parser was given a prepared copy
    (templates), so that every offset and every slice is the user's.
    """

    __slots__ = ("_parents", "_starts", "_walked", "raw", "source")

    def __init__(self, raw: tree_sitter.Tree, source: bytes) -> None:
        self.raw = raw
        self.source = source
        self._parents: dict[int, RawNode] = {}
        # Walks whose parents nobody has asked for yet, by where they start.
        self._starts: list[int] = []
        self._walked: list[tuple[int, Walked]] = []  # with where they end

    @property
    def root(self) -> Node:
        """The view of the whole text."""
        return cast(self.raw.root_node, self)

    def remember_parent(self, child: RawNode, parent: RawNode) -> None:
        """Spare later `parent` look-ups, which the binding answers by a descent from the root."""
        self._parents[child.id] = parent

    def parents_on_demand(self, root: RawNode, walked: Walked) -> None:
        """Note what a walk below a node has seen, should anybody ask for the parents there."""
        start = root.start_byte
        at = bisect_right(self._starts, start)
        self._starts.insert(at, start)
        self._walked.insert(at, (root.end_byte, walked))

    def parent(self, child: RawNode) -> RawNode | None:
        """The parent of a raw node."""
        known = self._parents.get(child.id)
        if known is None and self._walked:
            at = bisect_right(self._starts, child.start_byte) - 1
            if at >= 0 and child.end_byte <= self._walked[at][0]:
                del self._starts[at]
                _, walked = self._walked.pop(at)
                parents = self._parents
                for node in chain.from_iterable(walked):
                    for below in node.children:
                        parents[below.id] = node
                known = parents.get(child.id)
        if known is None:
            known = child.parent
            if known is not None:
                self._parents[child.id] = known
        return known


NodeType = TypeVar("NodeType", bound="Node")


class Node:
    """A view of one syntax node."""

    __slots__ = ("raw", "tree")
    kinds: ClassVar[tuple[str, ...]] = ()

    def __init__(self, raw: RawNode, tree: Tree) -> None:
        self.raw = raw
        self.tree = tree

    @property
    def span(self) -> Span:
        """The bytes that the node covers."""
        return Span(self.raw.start_byte, self.raw.end_byte)

    @property
    def start(self) -> int:
        """The byte offset of the node's first byte."""
        return self.raw.start_byte

    @property
    def end(self) -> int:
        """The byte offset after the node's last byte."""
        return self.raw.end_byte

    @property
    def text(self) -> str:
        """The node as the user wrote it."""
        raw = self.raw
        return self.tree.source[raw.start_byte : raw.end_byte].decode("utf-8", "replace")

    @property
    def bytes(self) -> bytes:
        """The node's bytes."""
        return self.tree.source[self.raw.start_byte : self.raw.end_byte]

    @property
    def kind(self) -> str:
        """The grammar's name of the node."""
        return self.raw.type

    @property
    def parent(self) -> Node | None:
        """The enclosing node."""
        raw = self.tree.parent(self.raw)
        return None if raw is None else cast(raw, self.tree)

    @property
    def children(self) -> list[Node]:
        """The named children without comments."""
        tree = self.tree
        return [cast(raw, tree) for raw in self.raw.named_children if not raw.is_extra]

    @property
    def has_error(self) -> bool:
        """Whether the parser had to guess somewhere inside this node."""
        return self.raw.has_error

    def field(self, number: int) -> Node | None:
        """The child in a field of the grammar."""
        raw = self.raw.child_by_field_id(number)
        return None if raw is None else cast(raw, self.tree)

    def ancestors(self) -> Iterator[Node]:
        """The enclosing nodes, innermost first."""
        raw = self.tree.parent(self.raw)
        while raw is not None:
            yield cast(raw, self.tree)
            raw = self.tree.parent(raw)

    def enclosing(self, view: type[NodeType]) -> NodeType | None:
        """The innermost enclosing node of a class."""
        for node in self.ancestors():
            if isinstance(node, view):
                return node
        return None

    def descendants(self) -> Iterator[Node]:
        """This node and every named node below it, in the order of the text."""
        tree, stack = self.tree, [self.raw]
        while stack:
            raw = stack.pop()
            yield cast(raw, tree)
            if raw.kind_id not in LEAVES:
                below = raw.named_children
                below.reverse()
                for child in below:
                    tree.remember_parent(child, raw)
                stack.extend(below)

    def find(self, view: type[NodeType]) -> Iterator[NodeType]:
        """The descendants of a class, this node included, in the order of the text."""
        for node in self.descendants():
            if isinstance(node, view):
                yield node

    def same_code(self, other: Node) -> bool:
        """Whether both were written with the same bytes."""
        return self.bytes == other.bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash((self.raw.start_byte, self.raw.end_byte, self.raw.kind_id))

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.raw.start_byte}:{self.raw.end_byte} {self.text[:40]!r}>"
        )


Caster = Callable[[RawNode, Tree], Node]
_CASTERS: dict[int, Caster] = defaultdict(lambda: Node)


def view(*names: str) -> Callable[[type[NodeType]], type[NodeType]]:
    """Class decorator: nodes of these kinds are seen as this class."""

    def register(cls: type[NodeType]) -> type[NodeType]:
        cls.kinds = names
        for name in names:
            _CASTERS[kind_id(name)] = cls
        return cls

    return register


def caster(name: str) -> Callable[[Caster], Caster]:
    """Function decorator: nodes of this kind choose their class by what they hold."""

    def register(function: Caster) -> Caster:
        _CASTERS[kind_id(name)] = function
        return function

    return register


def cast(raw: RawNode, tree: Tree) -> Node:
    """The typed view of a raw node; plain `Node` for kinds that have no class."""
    return _CASTERS[raw.kind_id](raw, tree)
