"""The one walk over a syntax tree: afterwards everything is a look-up.

A walk costs about as much as a third of the parse (measured: 1.0 ms per 1,000 lines beside 3.4),
so a form is walked once, and rules and collectors ask the index by callee name and node kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lsp_server.syntax.elixir import ALIAS, CALL, DOT, Call
from lsp_server.syntax.node import LEAVES, Node, NodeType, RawNode, Tree, cast, kind_id

STRING = kind_id("string")
SIGIL = kind_id("sigil")


class NodeIndex:
    """The nodes below some roots of one tree, by callee name and by kind."""

    __slots__ = ("_calls", "_kinds", "aliases", "tree")

    def __init__(self, tree: Tree, roots: Iterable[RawNode]) -> None:
        self.tree = tree
        self._calls: dict[bytes, list[RawNode]] = {}
        self._kinds: dict[int, list[RawNode]] = {}
        # Module names that stand alone, no receivers, each with the node around it; in no order.
        self.aliases: list[tuple[RawNode, RawNode]] = []
        self._walk(list(roots))

    def _walk(self, stack: list[RawNode]) -> None:
        stack.reverse()
        source, parents = self.tree.source, self.tree.parents
        calls, kinds, aliases = self._calls, self._kinds, self.aliases
        pop, push = stack.pop, stack.append
        while stack:
            node = pop()
            kind = node.kind_id
            children = node.children
            try:
                kinds[kind].append(node)
            except KeyError:
                kinds[kind] = [node]
            if kind == CALL:
                target = children[0]
                if target.kind_id == DOT:
                    target = target.children[-1]
                name = source[target.start_byte : target.end_byte]
                try:
                    calls[name].append(node)
                except KeyError:
                    calls[name] = [node]
            for child in reversed(children):
                if child.is_named:
                    below = child.kind_id
                    if below in LEAVES:
                        if below == ALIAS and kind != DOT:
                            aliases.append((child, node))
                        continue
                    parents[child.id] = node
                    push(child)

    @property
    def raw_calls(self) -> Mapping[bytes, Sequence[RawNode]]:
        """Every call by callee name without a view, for who looks at all of them: a view for each
        would cost as much as half of the walk."""
        return self._calls

    @property
    def callee_names(self) -> Iterable[bytes]:
        """The names of everything called."""
        return self._calls.keys()

    @property
    def kinds(self) -> Iterable[int]:
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

    def nodes(self, view: type[NodeType]) -> Iterator[NodeType]:
        """The nodes of a view class; of classes that share a kind only those that are it."""
        for name in view.kinds or ("binary_operator", "unary_operator"):
            for node in self.of_kind(kind_id(name)):
                if isinstance(node, view):
                    yield node
