"""The one walk over a syntax tree: afterwards everything is a look-up.

A walk costs about as much as a third of the parse (measured: 1.0 ms per 1,000 lines beside 3.4),
so a form is walked once, and rules and collectors ask the index by callee name and node kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence
from functools import partial
from operator import attrgetter

from lsp_server.syntax.elixir import ALIAS, BINARY, CALL, DOT, OPERATOR, Call, Match, Pipe
from lsp_server.syntax.node import INNER, Node, NodeType, RawNode, Tree, cast, kind_id

STRING = kind_id("string")
SIGIL = kind_id("sigil")
# Views of operators by the one sign that makes a node theirs.
_SIGNS: Mapping[type[Node], bytes] = {Pipe: b"|>", Match: b"="}


class NodeIndex:
    """The nodes below some roots of one tree, by callee name and by kind."""

    __slots__ = ("_binaries", "_calls", "_kinds", "_order", "_outer", "aliases", "tree")

    def __init__(self, tree: Tree, roots: Iterable[RawNode]) -> None:
        self.tree = tree
        self._calls: dict[bytes, list[RawNode]] = {}
        self._kinds: dict[int, list[RawNode]] = {}
        self._binaries: dict[bytes, list[RawNode]] | None = None
        # All nodes but leaves in the order of the text, and for each the number of its parent.
        self._order: list[RawNode] = []
        self._outer: list[int] = []
        # Module names that stand alone, no receivers, each with the node around it; in no order.
        self.aliases: list[tuple[RawNode, RawNode]] = []
        for root in roots:
            first = len(self._order)
            self._walk(root)
            known = partial(_parents, self._order, self._outer, first, len(self._order))
            tree.parents_on_demand(root.start_byte, root.end_byte, known)

    def _walk(self, root: RawNode) -> None:
        """A cursor makes one object a node where lists of children make three; a dictionary of
        parents would cost a quarter of the walk, so it is filled only if somebody asks.

        Three nodes of four are tokens and leaves: one look at the kind tells them from the rest,
        which with the lack of any other question makes a fifth of the walk's time.
        """
        source, inner = self.tree.source, INNER
        calls, kinds, aliases = self._calls, self._kinds, self.aliases
        order, outer = self._order, self._outer
        add, add_outer = order.append, outer.append
        cursor = root.walk()
        down, right, up = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
        path: list[int] = []
        around = -1
        while True:
            node: RawNode = cursor.node  # type: ignore[assignment]
            kind = node.kind_id
            if kind in inner:
                number = len(order)
                add(node)
                add_outer(around)
                if kind in kinds:
                    kinds[kind].append(node)
                else:
                    kinds[kind] = [node]
                if kind == CALL:
                    target = node.child(0)
                    if target.kind_id == DOT:
                        target = target.child(target.child_count - 1)
                    name = source[target.start_byte : target.end_byte]
                    if name in calls:
                        calls[name].append(node)
                    else:
                        calls[name] = [node]
                if down():
                    path.append(around)
                    around = number
                    continue
            elif kind == ALIAS and around >= 0 and order[around].kind_id != DOT:
                aliases.append((node, order[around]))
            while not right():
                if not path or not up():
                    return
                around = path.pop()

    @property
    def raw_calls(self) -> Mapping[bytes, Sequence[RawNode]]:
        """Every call by callee name without a view, for who looks at all of them: a view for each
        would cost as much as half of the walk."""
        return self._calls

    @property
    def callee_names(self) -> KeysView[bytes]:
        """The names of everything called."""
        return self._calls.keys()

    @property
    def kinds(self) -> KeysView[int]:
        """The kinds of all nodes but leaves."""
        return self._kinds.keys()

    def calls(self, *names: str) -> Iterator[Call]:
        """Calls of functions with these names, whatever their module, in the order of the text."""
        for name in names:
            for raw in self._calls.get(name.encode(), ()):
                yield Call(raw, self.tree)

    def all_calls(self) -> Iterator[Call]:
        """Every call, in the order of the text."""
        for raw in self._kinds.get(CALL, ()):
            yield Call(raw, self.tree)

    def of_kind(self, kind: int) -> Iterator[Node]:
        """The nodes of a grammar kind (no leaves), in the order of the text."""
        for raw in self._kinds.get(kind, ()):
            yield cast(raw, self.tree)

    def raw_of_kind(self, kind: int) -> Sequence[RawNode]:
        """The nodes of a grammar kind (no leaves) without views, in the order of the text."""
        return self._kinds.get(kind, ())

    def binaries(self, sign: bytes) -> Sequence[RawNode]:
        """The binary operators with a sign without views, in the order of the text."""
        known = self._binaries
        if known is None:
            known = self._binaries = {}
            source = self.tree.source
            for raw in self._kinds.get(BINARY, ()):
                operator = raw.child_by_field_id(OPERATOR)
                if operator is not None:
                    written = source[operator.start_byte : operator.end_byte]
                    known.setdefault(written, []).append(raw)
        return known.get(sign, ())

    def nodes(self, view: type[NodeType]) -> Iterator[NodeType]:
        """The nodes of a view class; of classes that share a kind only those that are it."""
        sign = _SIGNS.get(view)
        if sign is not None:
            for raw in self.binaries(sign):
                yield view(raw, self.tree)
            return
        for name in view.kinds:
            for node in self.of_kind(kind_id(name)):
                if isinstance(node, view):
                    yield node


def _parents(
    order: Sequence[RawNode], outer: Sequence[int], first: int, last: int
) -> Iterator[tuple[int, RawNode]]:
    """The ids of the nodes of one root but leaves and the root itself, each with its parent. No
    method: the tree, which keeps it, must not hold the index, which holds the tree."""
    below = slice(first + 1, last)
    return zip(map(_id, order[below]), map(order.__getitem__, outer[below]), strict=True)


_id = attrgetter("id")
