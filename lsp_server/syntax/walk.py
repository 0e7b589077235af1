"""The one walk over a syntax tree: afterwards everything is a look-up.

A walk costs more than half of what the parse does (measured: 1.9 ms per 1,000 lines beside 3.4),
so a form is walked once, and rules and collectors ask the index by callee name and node kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, KeysView, Mapping, Sequence

from lsp_server.syntax.elixir import ALIAS, BINARY, CALL, DOT, OPERATOR, Call, Match, Pipe
from lsp_server.syntax.node import INNER, Node, NodeType, RawNode, Tree, cast, kind_id

STRING = kind_id("string")
SIGIL = kind_id("sigil")
# Views of operators by the one sign that makes a node theirs.
_SIGNS: Mapping[type[Node], bytes] = {Pipe: b"|>", Match: b"="}


class NodeIndex:
    """The nodes below a root of one tree, the root among them, by callee name and by kind."""

    __slots__ = ("_binaries", "_calls", "_kinds", "aliases", "tree")

    def __init__(self, tree: Tree, root: RawNode) -> None:
        self.tree = tree
        self._calls: dict[bytes, list[RawNode]] = defaultdict(list)
        self._kinds: dict[int, list[RawNode]] = defaultdict(list)
        self._binaries: dict[bytes, list[RawNode]] | None = None
        # Module names that stand alone, no receivers.
        self.aliases: list[RawNode] = []
        self._walk(root)
        self._calls.default_factory = None
        self._kinds.default_factory = None
        tree.parents_on_demand(root, self._kinds.values())

    def _walk(self, root: RawNode) -> None:
        """Lists of children, no cursor: it would make the same nodes, ask three more questions for
        each, and the binding would not know the children when a view asks for them.

        Three nodes of four are tokens and leaves: one look at the kind tells them from the rest.
        """
        source, inner = self.tree.source, INNER
        calls, kinds, aliases = self._calls, self._kinds, self.aliases
        pending = [root] if root.kind_id in inner else []
        following, add = pending.pop, pending.extend
        while pending:
            node = following()
            kind = node.kind_id
            if kind in inner:
                kinds[kind].append(node)
                below = node.named_children
                below.reverse()
                if kind == CALL:
                    target = node.children[0]
                    if target.kind_id == DOT:
                        target = target.children[-1]
                    calls[source[target.start_byte : target.end_byte]].append(node)
                elif kind == DOT:
                    below = [one for one in below if one.kind_id != ALIAS]
                add(below)
            elif kind == ALIAS:
                aliases.append(node)

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
