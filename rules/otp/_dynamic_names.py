"""Names of processes that are atoms made at run time, and where a module uses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from lsp_server.facts.local_flow import module_of
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    Alias,
    BinaryOperator,
    Call,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
)
from lsp_server.syntax.literals import (
    Atom,
    Keywords,
    List,
    Pair,
    Quoted,
    QuotedAtom,
    String,
    StringInterpolation,
    Tuple,
)
from lsp_server.syntax.node import Node, kind_id
from lsp_server.syntax.outline import Form, Module

# Modules whose processes take `{:via, …}` for a name, and whose functions take it for a process.
VIA = frozenset(
    {
        "Agent",
        "ConsumerSupervisor",
        "DynamicSupervisor",
        "GenServer",
        "GenStage",
        "Supervisor",
        "Task.Supervisor",
        ":gen_server",
        ":gen_statem",
    }
)
_STARTS = frozenset({"start_link", "start", "start_monitor"})
_MAKERS = ("to_atom", "binary_to_atom")
_MAKER_NAMES = frozenset(name.encode() for name in _MAKERS)
_QUOTED_ATOM = kind_id("quoted_atom")
# What is interpolated at the front is the name of another process or a module: there are few.
_FRONT = frozenset({"name", "module", "mod", "endpoint", "server", "otp_app", "app"})
_COUNTED = frozenset({"index", "idx", "partition", "shard"})


@dataclass(frozen=True)
class Name:
    """An expression that makes an atom. `parts` are texts, None where something is filled in."""

    node: Node
    form: Form
    parts: tuple[str | None, ...]
    filled: tuple[Node, ...]
    written: str  # the string that becomes an atom, as an expression

    @property
    def key(self) -> str:
        """What tells the processes apart: the only thing that is filled in, else the string."""
        return self.filled[0].text if len(self.filled) == 1 else self.written

    @property
    def is_bounded(self) -> bool:
        """Whether there can only be a few such names."""
        return all(
            _is_bounded(one, front=number == 0 and self.parts[0] is None and len(self.parts) > 1)
            for number, one in enumerate(self.filled)
        )


class Use(Enum):
    """What is done with a name."""

    GIVEN = 1  # to a process that takes `{:via, …}` as well
    GIVEN_AS_ATOM = 2  # to a process of which that is not known
    ASKED = 3  # the process of that name is called
    LOOKED_UP = 4  # `Process.whereis`
    OTHER = 5


def names_in(module: Module) -> Iterator[Name]:
    """The atoms that the functions of a module make at run time."""
    for form in module.forms:
        index = form.index
        if _QUOTED_ATOM not in index.kinds and _MAKER_NAMES.isdisjoint(index.callee_names):
            continue
        if form.function is None or form.function.is_macro:
            continue
        for atom in form.index.nodes(QuotedAtom):
            if atom.interpolations:
                yield _of_quoted(atom, atom, form, atom.text[1:])
        for call in form.index.calls(*_MAKERS):
            if module_of(call.receiver, form) in ("String", ":erlang") and call.arguments:
                if call.capture_arity is None:
                    yield from _of_text(call.pipe or call, call.arguments[0], form)


def _of_quoted(node: Node, quoted: Quoted, form: Form, written: str) -> Name:
    parts: list[str | None] = []
    filled: list[Node] = []
    for part in quoted.parts:
        if isinstance(part, StringInterpolation):
            parts.append(None)
            filled.append(part.expression or part)
        else:
            parts.append(part)
    return Name(node, form, tuple(parts), tuple(filled), written)


def _of_text(node: Node, text: Node, form: Form) -> Iterator[Name]:
    match text:
        case String():
            if text.interpolations:
                yield _of_quoted(node, text, form, text.text)
        case BinaryOperator("<>", String(str() as prefix), right):
            yield Name(node, form, (prefix, None), (right,), text.text)
        case _:
            yield Name(node, form, (None,), (text,), text.text)


def _is_bounded(node: Node, front: bool) -> bool:
    match node:
        case Identifier("__MODULE__") | ModuleAttribute() | Alias() | Atom():
            return True
        case Identifier(name):
            return (front and name in _FRONT) or name in _COUNTED or _is_counted(node)
        case Access(_, Atom("name" | "module")):
            return front
        case Call() if node.name in ("node", "self_node"):
            return True
        case Call() if node.name == "inspect" and node.arguments:
            return _is_bounded(node.arguments[0], front)
        case Call() if node.name in ("get", "fetch!") and len(node.arguments) > 1:
            return front and node.arguments[1].text == ":name"
    return False


def _is_counted(variable: Identifier) -> bool:
    """Whether a variable runs over a range or a list that is written out."""
    for outer in variable.ancestors():
        if isinstance(outer, Call) and outer.name == "for":
            for one in outer.written_arguments:
                if isinstance(one, BinaryOperator) and one.operator == "<-":
                    if one.left.text == variable.name and _is_written_out(one.right):
                        return True
        if isinstance(outer, Call) and outer.dotted.startswith("Enum.") and outer.arguments:
            if _is_written_out(outer.arguments[0]):
                return True
    return False


def _is_written_out(node: Node) -> bool:
    if isinstance(node, BinaryOperator) and node.operator in ("..", "//"):
        return True
    return isinstance(node, (List, ModuleAttribute))


def uses(name: Name, module: Module) -> Sequence[tuple[Node, Use]]:
    """What is done with a name in its module, also by way of a variable or a function of it."""
    node, parent = name.node, name.node.parent
    if isinstance(parent, Match) and parent.right == node and isinstance(parent.left, Identifier):
        variable = parent.left
        return [
            (one, use_of(one, name.form))
            for one in name.form.node.find(Identifier)
            if one.name == variable.name and one.start > node.end
        ]
    helper = name.form.function
    if helper is not None and helper.body and helper.body[-1] == node:
        return list(_calls_of(helper, module))
    return [(node, use_of(node, name.form))]


def _calls_of(helper: Function, module: Module) -> Iterator[tuple[Node, Use]]:
    for form in module.forms:
        for call in form.index.calls(helper.name):
            if call.span == helper.head.span:
                continue
            if call.receiver is None and call.arity == helper.arity:
                node: Node = call.pipe or call
                yield node, use_of(node, form)


def use_of(node: Node, form: Form) -> Use:
    """What is done with the value of an expression."""
    parent = node.parent
    match parent:
        case Pair():
            return _of_pair(parent, form) if parent.key == "name" else Use.OTHER
        case Tuple([Atom("local" | "global"), second]) if second == node:
            outer = parent.parent
            if isinstance(outer, Pair):
                return use_of(parent, form)
            call = outer.parent if outer is not None else None
            if isinstance(call, Call) and call.name in _STARTS:
                is_local = parent.text.startswith("{:local")
                return Use.GIVEN if is_local else Use.GIVEN_AS_ATOM
            return Use.OTHER
        case Pipe() if parent.left == node and isinstance(parent.right, Call):
            return _of_argument(parent.right, 0, form)
    if parent is not None and parent.kind == "arguments":
        call = parent.parent
        if isinstance(call, Call):
            arguments = call.arguments
            number = next((n for n, one in enumerate(arguments) if one == node), -1)
            return _of_argument(call, number, form)
    return Use.OTHER


def _of_argument(call: Call, number: int, form: Form) -> Use:
    module = module_of(call.receiver, form)
    arguments = call.arguments
    if module == "Process" and call.name == "whereis":
        return Use.LOOKED_UP
    if module == "Process" and call.name == "register" and number == 1:
        return Use.GIVEN_AS_ATOM
    if module == "Keyword" and call.name in ("put", "put_new") and number == 2:
        starts = any(True for _ in form.index.calls("start_link"))
        if starts and arguments[1].text == ":name":
            return Use.GIVEN
    if module in VIA and number == 0 and call.name not in _STARTS:
        return Use.ASKED
    return Use.OTHER


def _of_pair(pair: Pair, form: Form) -> Use:
    """What is named by a `name:`."""
    node: Node | None = pair.parent
    while isinstance(node, (Keywords, List)):
        node = node.parent
    match node:
        case Tuple([first, _]) if module_of(first, form):
            return Use.GIVEN if module_of(first, form) in VIA else Use.GIVEN_AS_ATOM
        case Tuple([first, Atom("start_link"), _]) if module_of(first, form):
            return Use.GIVEN if module_of(first, form) in VIA else Use.GIVEN_AS_ATOM
        case Match() if isinstance(node.left, Identifier):
            return _of_options(node.left.name, form)
    call = None if node is None else node.parent
    if not isinstance(call, Call) or node is None or node.kind != "arguments":
        return Use.OTHER
    return _of_start(call, form)


def _of_start(call: Call, form: Form) -> Use:
    module = module_of(call.receiver, form)
    if module in VIA and call.name in _STARTS:
        return Use.GIVEN
    if call.receiver is not None and call.name in ("start_link", "start_supervised!"):
        return Use.GIVEN_AS_ATOM
    return Use.OTHER


def _of_options(variable: str, form: Form) -> Use:
    """What is named in options that are put into a variable first."""
    for call in form.index.calls(*_STARTS):
        if any(one.text == variable for one in call.arguments):
            return _of_start(call, form)
    return Use.OTHER


def same_name(one: Name, other: Name) -> bool:
    """Whether two expressions make the same atoms from the same values."""
    return one.parts == other.parts and not any(
        first is None and second is None for first, second in pairwise(one.parts)
    )
