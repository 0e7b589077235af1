"""Handles of files, sockets, ports, tables and monitors: who opens them, and what closes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.facts.local_flow import module_of
from lsp_server.syntax.definitions import FUNCTIONS
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
    Pipe,
    UnaryOperator,
)
from lsp_server.syntax.literals import Atom, StringInterpolation, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

DEPTH = 30  # how deep branches may nest before a path counts as closed


@dataclass(frozen=True)
class Kind:
    """One kind of handle. `users` are modules whose functions use it and do not keep it, `closes`
    the functions that end it, `close` how that is written."""

    what: str
    opens: frozenset[tuple[str, str]]
    tagged: frozenset[str]  # those of the functions that return `{:ok, handle}`
    users: frozenset[str]
    closes: frozenset[tuple[str, str]]
    close: str
    keepers: frozenset[str] = frozenset()  # functions of the users that do keep it


def _functions(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(
        (module, name) for module, _, name in (w.rpartition(".") for w in text.split())
    )


FILE = Kind(
    "file",
    _functions("File.open File.open! :file.open"),
    frozenset({"open"}),
    frozenset({"IO", ":file", ":io"}),
    _functions("File.close :file.close"),
    "File.close({})",
)
MONITOR = Kind(
    "monitor",
    _functions("Process.monitor"),
    frozenset(),
    frozenset({""}),  # `send(pid, {:work, ref})` does not end it
    _functions("Process.demonitor"),
    "Process.demonitor({}, [:flush])",
)
TABLE = Kind(
    "table",
    _functions(":ets.new"),
    frozenset(),
    frozenset({":ets"}),
    _functions(":ets.delete"),
    ":ets.delete({})",
    frozenset({"give_away", "setopts", "whereis"}),
)
PORT = Kind(
    "port",
    _functions("Port.open"),
    frozenset(),
    frozenset({"Port", ""}),
    _functions("Port.close"),
    "Port.close({})",
    frozenset({"connect", "monitor"}),
)
KINDS: Sequence[Kind] = (
    FILE,
    Kind(
        "socket",
        _functions(":gen_tcp.connect"),
        frozenset({"connect"}),
        frozenset({":gen_tcp", ":inet"}),
        _functions(":gen_tcp.close"),
        ":gen_tcp.close({})",
        frozenset({"controlling_process"}),
    ),
    Kind(
        "socket",
        _functions(":ssl.connect"),
        frozenset({"connect"}),
        frozenset({":ssl"}),
        _functions(":ssl.close"),
        ":ssl.close({})",
        frozenset({"controlling_process"}),
    ),
    PORT,
    TABLE,
    MONITOR,
    Kind(
        "temporary path",
        _functions("Temp.mkdir Temp.mkdir! Temp.path Temp.path!"),
        frozenset({"mkdir", "path"}),
        frozenset({"File", "IO", "Path", "System"}),
        _functions("File.rm File.rm! File.rm_rf File.rm_rf! Temp.cleanup"),
        "File.rm_rf!({})",
        frozenset({"stream", "stream!"}),
    ),
)
OPENERS: Mapping[tuple[str, str], Kind] = {opener: kind for kind in KINDS for opener in kind.opens}
_AT_ONCE = frozenset({"Enum", "Keyword", "List", "Map"})
_STREAMS = frozenset({"stream", "binstream"})
_ENDS = frozenset({"raise", "reraise", "exit", "throw"})
_BRANCHING = frozenset({"case", "cond", "if", "receive", "try", "unless", "with"})


class Fate:
    """What becomes of a handle in the code that sees it."""

    def __init__(self, kind: Kind, name: str, form: Form) -> None:
        self.kind, self.name, self.form = kind, name, form

    def uses(self, scope: Iterable[Node]) -> Iterator[Identifier]:
        """Where the variable that holds it stands."""
        for node in scope:
            for one in node.find(Identifier):
                if one.name == self.name:
                    yield one

    def escapes(self, scope: Iterable[Node]) -> bool:
        """Whether somebody else may have it afterwards."""
        return any(self._keeps(one) for one in self.uses(scope))

    def is_closed(self, scope: Sequence[Node]) -> bool:
        """Whether every way through some statements closes it."""
        return any(self._closes(one, 0) for one in scope)

    def closers(self, scope: Iterable[Node]) -> Iterator[Call]:
        """The calls that close it."""
        for node in scope:
            for call in node.find(Call):
                if self._is_closer(call):
                    yield call

    def _is_closer(self, call: Call) -> bool:
        if (module_of(call.receiver, self.form), call.name) in self.kind.closes:
            return call.name == "cleanup" or self._is_given(call)
        if self.kind is PORT and call.name == "send" and b":close" in call.bytes:
            return self._is_given(call)
        return False

    def _is_given(self, call: Call) -> bool:
        first = call.arguments[:1]
        return bool(first) and any(self.uses(first))

    def _keeps(self, variable: Identifier) -> bool:
        node: Node = variable
        parent = node.parent
        around = ("block", "list", "tuple") if self.kind is MONITOR else ("block", "list")
        while parent is not None and parent.kind in around:
            node, parent = parent, parent.parent
        if isinstance(parent, UnaryOperator) and parent.operator == "^":
            return False
        if isinstance(parent, Pipe):
            step = parent.right if node == parent.left else parent
            if not isinstance(step, Call):
                return True
            return self._keeps_in(step)
        if isinstance(parent, BinaryOperator) and parent.operator in ("==", "!=", "===", "!=="):
            return False
        if isinstance(parent, Match) and parent.left == node:
            return False
        if isinstance(parent, StringInterpolation):
            return "path" not in self.kind.what
        call = None if parent is None else parent.parent
        if parent is not None and parent.kind == "arguments" and isinstance(call, Call):
            return self._keeps_in(call)
        if isinstance(parent, (Capture, BinaryOperator)) and parent is not None:
            return True
        return True

    def _keeps_in(self, call: Call) -> bool:
        """Whether the handle lives on in what a call that is given it does or returns."""
        if self._is_closer(call):
            return self._runs_elsewhere(call)
        module = module_of(call.receiver, self.form)
        if call.receiver is None and call.name not in ("send", "is_pid", "is_port"):
            return True
        if module == "Stream" and is_run(call):
            return self._runs_elsewhere(call)
        if module not in self.kind.users or call.name in self.kind.keepers:
            return True
        if call.name in _STREAMS and not is_run(call):
            return True
        if module == "Path":
            return True
        return self._runs_elsewhere(call)

    def _runs_elsewhere(self, node: Node) -> bool:
        """Whether code is in a function that is not run at once."""
        for outer in node.ancestors():
            if outer == self.form.node:
                return False
            if isinstance(outer, (AnonymousFunction, Capture)):
                arguments = outer.parent
                call = None if arguments is None else arguments.parent
                if not isinstance(call, Call) or call.module not in _AT_ONCE:
                    if not (isinstance(call, Call) and call.module == "Stream" and is_run(call)):
                        return True
        return False

    def _closes(self, node: Node, depth: int) -> bool:
        if depth > DEPTH:
            return True
        if isinstance(node, (AnonymousFunction, Capture)):
            return False
        if isinstance(node, Call):
            if self._is_closer(node):
                return True
            if node.receiver is None and node.name in _ENDS:
                return True
            if node.receiver is None and node.name in _BRANCHING:
                return self._branches_close(node, depth + 1)
        return any(self._closes(child, depth + 1) for child in node.children)

    def _branches_close(self, call: Call, depth: int) -> bool:
        arguments = [one for one in call.written_arguments if one.kind != "keywords"]
        if call.name != "with" and any(self._closes(one, depth) for one in arguments):
            return True
        if call.name == "try" and self._all(call.section("after"), depth):
            return True
        if call.name in ("if", "unless"):
            return all(self._all(call.section(one), depth) for one in ("do", "else"))
        if call.name == "with":
            fallible = any(is_fallible(one) for one in arguments)
            sections = ["do", "else"] if fallible else ["do"]
            return all(self._section_closes(call, one, depth) for one in sections)
        sections = ["do", "after"] if call.name == "receive" and call.section("after") else ["do"]
        return all(self._section_closes(call, one, depth) for one in sections)

    def _section_closes(self, call: Call, name: str, depth: int) -> bool:
        body = call.section(name)
        if body and isinstance(body[-1], Clause):
            return all(
                self._is_down(one) or self._all(one.body, depth)
                for one in body
                if isinstance(one, Clause)
            )
        return self._all(body, depth)

    def _is_down(self, clause: Clause) -> bool:
        """Whether a clause of `receive` takes the message with which a monitor ends."""
        return self.kind is MONITOR and any(
            isinstance(tag, Atom) and tag.name == "DOWN"
            for pattern in clause.patterns
            for one in pattern.find(Tuple)
            for tag in one.elements[:1]
        )

    def _all(self, body: Sequence[Node], depth: int) -> bool:
        return any(self._closes(one, depth) for one in body)


def is_fallible(argument: Node) -> bool:
    """Whether a step of `with` may leave it."""
    return (
        isinstance(argument, BinaryOperator)
        and argument.operator == "<-"
        and not isinstance(argument.left, Identifier)
    )


def is_run(call: Call) -> bool:
    """Whether a stream is run in the pipe or call that it is made in."""
    node: Node = call
    parent = node.parent
    while isinstance(parent, Pipe):
        node, parent = parent, parent.parent
    if isinstance(node, Pipe) and isinstance(node.right, Call):
        return node.right.module == "Enum" or node.right.dotted == "Stream.run"
    outer = None if parent is None else parent.parent
    if isinstance(parent, BinaryOperator) and parent.operator == "<-":
        return True
    return isinstance(outer, Call) and (outer.module == "Enum" or outer.dotted == "Stream.run")


def block_after(statement: Node) -> list[Node] | None:
    """The statements that follow one in its block; None where it is no statement of a block."""
    parent = statement.parent
    if parent is None or parent.kind not in _BLOCKS:
        return None
    siblings = [one for one in parent.children if one.start >= statement.end]
    if parent.kind == "do_block":
        siblings = [one for one in siblings if not one.kind.endswith("_block")]
    return siblings


_BLOCKS = frozenset(
    {"do_block", "body", "block", "else_block", "after_block", "rescue_block", "catch_block"}
)


def is_definition(call: Call) -> bool:
    """Whether a call defines a function."""
    return call.receiver is None and call.name in FUNCTIONS
