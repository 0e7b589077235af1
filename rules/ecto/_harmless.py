"""Calls whose results cannot change what a piece of SQL says."""

from __future__ import annotations

import re

from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Integer, List, Map, Nil, Sigil, String
from lsp_server.syntax.node import Node

ARITHMETIC = frozenset({"+", "-", "*", "/", "==", "!=", "<", ">", "<=", ">=", "===", "!==", "in"})
NUMBERS = frozenset({"is_integer", "is_float", "is_number", "is_atom", "is_boolean"})

# Numbers, times and identifiers of the VM, and what whoever runs the system has configured.
_MODULES = frozenset(
    {"Integer", "Float", "Date", "Time", "DateTime", "NaiveDateTime", "Calendar", "Application"}
    | {"System", "Config", "Ecto.UUID", "UUID", "Uniq.UUID", ":rand", ":os", ":application"}
)
_FUNCTIONS = frozenset(
    {"length", "div", "rem", "round", "trunc", "abs", "floor", "ceil", "node"}
    | {"byte_size", "bit_size", "map_size", "tuple_size"}
)
_QUALIFIED = frozenset(
    {"String.to_integer", "String.to_float", "String.length", "Enum.count", "Enum.sum"}
    | {"Enum.sum_by", "Atom.to_string", "MapSet.size", "Map.keys", "Node.self"}
    | {":erlang.unique_integer", ":erlang.system_time", ":erlang.monotonic_time", ":erlang.phash2"}
)
_SPEAKING = re.compile(r"quote|escape|sanitiz|to_sql|__schema__|^config$|placeholder")

_STATEMENT = re.compile(r"(?:^|_)(?:sql|statement|stmt)$")

# What these do to their first argument leaves it what it is.
_PASSING = frozenset(
    {"String.trim", "String.trim_leading", "String.trim_trailing", "String.downcase"}
    | {"String.upcase", "to_string", "Kernel.to_string", "IO.iodata_to_binary", "List.to_string"}
    | {"String.slice", "String.duplicate", "String.replace", "String.Chars.to_string"}
    | {"inspect", "Kernel.inspect", "IO.inspect", "dbg", "List.flatten"}
)
# What these do to a list leaves its elements what they are.
_SELECTING = frozenset(
    {"Enum.filter", "Enum.reject", "Enum.uniq", "Enum.sort", "Enum.take", "Enum.drop"}
    | {"Enum.reverse", "Enum.concat", "Enum.to_list", "Enum.sort_by", "Enum.uniq_by", "Enum.slice"}
    | {"Enum.intersperse", "Enum.shuffle", "MapSet.new", "MapSet.to_list", "Enum.dedup"}
    | {
        "MapSet.intersection",
        "MapSet.difference",
        "List.wrap",
        "Stream.filter",
        "Stream.reject",
        "Enum.take_while",
        "Map.to_list",
        "Map.keys",
    }
    | {"Map.values", "Keyword.keys", "Keyword.values", "List.duplicate", "Enum.flat_map"}
)


def is_harmless_call(call: Call) -> bool:
    """Whether a call gives a number, a time, configuration, or what was made safe by its name."""
    if speaks_for_itself(call.name):
        return True
    if call.receiver is None and call.name in _FUNCTIONS:
        return True
    if call.dotted in _QUALIFIED or call.module in _MODULES:
        return True
    arguments = call.written_arguments
    if call.dotted in ("min", "Kernel.min"):  # numbers come before all else
        return any(isinstance(one, (Integer, ModuleAttribute)) for one in call.arguments)
    if call.dotted in ("Map.get", "Map.fetch!", "Keyword.get", "Keyword.fetch!", "Access.get"):
        return bool(arguments) and isinstance(call.arguments[0], (ModuleAttribute, Map))
    return False


def speaks_for_itself(name: str) -> bool:
    """Whether a name says that what it stands for is quoted or escaped."""
    return _SPEAKING.search(name) is not None


def is_sql_by_name(name: str) -> bool:
    """Whether a name says that it stands for a statement as a whole."""
    return _STATEMENT.search(name) is not None


def passes_on(call: Call) -> bool:
    """Whether a call gives its first argument back in another form."""
    return call.dotted in _PASSING


def selects(call: Call) -> bool:
    """Whether a call gives elements of its first argument back."""
    return call.dotted in _SELECTING


def is_guarded(written: str, guard: Node | None) -> bool:
    """Whether a guard or test makes sure that an expression, as it is written, is a number, an
    atom, or one of a list of the program's own."""
    if guard is None:
        return False
    for node in guard.descendants():
        match node:
            case Call() if node.name in NUMBERS and node.receiver is None:
                if [one.text for one in node.written_arguments[:1]] == [written]:
                    return True
            case Call(arguments=[own, one]) if node.dotted in _MEMBERSHIPS:
                if one.text == written and _is_own_list(own):
                    return True
            case BinaryOperator("in" | "not in", left, right) if left.text == written:
                if _is_own_list(right):
                    return True
            case BinaryOperator("==" | "===", left, right) if left.text == written:
                if isinstance(right, (Atom, Integer, String, Nil)):
                    return True
    return False


_MEMBERSHIPS = frozenset(
    {"Enum.member?", "MapSet.member?", "Map.has_key?", "Keyword.has_key?", "is_map_key"}
)


def _is_own_list(node: Node) -> bool:
    """A list that is written out, has a name of its own, or is what a function without arguments
    gives."""
    if isinstance(node, (ModuleAttribute, Sigil, Identifier, Map)) or _is_literal_list(node):
        return True
    if not isinstance(node, Call):
        return False
    if node.dotted in ("Map.keys", "Map.values", "Keyword.keys", "Keyword.values"):
        return len(node.arguments) == 1 and _is_own_list(node.arguments[0])
    return not node.arguments or node.name == "__schema__"


def _is_literal_list(node: Node) -> bool:
    return isinstance(node, List) and all(
        isinstance(one, (Atom, Integer, Nil)) or (isinstance(one, String) and one.value is not None)
        for one in node.elements
    )
