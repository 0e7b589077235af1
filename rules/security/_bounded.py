"""Whether a text can only be one of few: what the code around it says about where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.calls.primitives import words
from lsp_server.facts.local_flow import assigned
from lsp_server.syntax.blocks import AnonymousFunction, Clause
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Capture, Identifier, ModuleAttribute
from lsp_server.syntax.literals import (
    Atom,
    Boolean,
    Char,
    Integer,
    List,
    Map,
    Nil,
    Quoted,
    Sigil,
    String,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.operators import BinaryOperator, Pipe
from lsp_server.syntax.outline import Form

_STEPS = 8  # assignments that are followed back
# What these give was chosen by whoever wrote or runs the program.
_OWN = frozenset(
    (
        *("Atom.to_string", ":erlang.atom_to_binary", ":erlang.atom_to_list", "Module.split"),
        *("System.get_env", "System.fetch_env!", "System.fetch_env", "OptionParser.parse"),
        *("Application.get_env", "Application.fetch_env!", "Application.compile_env"),
        *("Application.compile_env!", "Application.app_dir", "Ecto.Enum.values"),
        *("Ecto.Enum.dump_values", "Mix.env", "config_env"),
    )
)
_ITERATING = words("map each flat_map reduce into map_join filter reject with_index uniq sort new")
# Names of values of which a program has few.
_FEW = words(
    "action app arity base code color colour day direction env environment field flag format i idx "
    "index kind lang language level locale mode n month op operation platform pos position prefix "
    "size status step suffix type unit version"
)
_FIELD = re.compile(r"_(?:ids?|type|at|count|by)$")


def is_bounded(text: Node, form: Form) -> bool:
    """Whether a text is one of few as far as the form shows: written out, taken from own atoms or
    settings, one of a written list, or compared with a list before."""
    seen = 0
    pending = [text]
    while pending:
        node = pending.pop()
        seen += 1
        if seen > 40:
            return False
        match node:
            case Atom() | Boolean() | Integer() | Nil() | Char() | ModuleAttribute():
                continue
            case Quoted():
                pending += [one.expression for one in node.interpolations if one.expression]
            case BinaryOperator("<>" | "||", left, right):
                pending += [left, right]
            case Identifier():
                if not _variable_is_bounded(node, form):
                    return False
            case Call() | Pipe():
                if not _call_is_own(node):
                    return False
            case Capture() if node.placeholder is not None:
                capture = next((one for one in node.ancestors() if isinstance(one, Capture)), None)
                if capture is None or not is_given_few(capture, form):
                    return False
            case _:
                return False
    return True


def is_given_few(function: Node, form: Form) -> bool:
    """Whether a function that is handed on gets few texts: those of a written list, or the one
    bounded text of `then(text, &…)`."""
    call = function.enclosing(Call)
    if call is not None and call.name in ("then", "tap") and call.arguments:
        return function != call.arguments[0] and is_bounded(call.arguments[0], form)
    return iterates_over_few(function)


def _call_is_own(node: Node) -> bool:
    """Whether a call, or one in its chain or arguments, has its value from the program itself."""
    for one in node.find(Call):
        if one.dotted in _OWN or one.name == "__schema__":
            return True
        if one.name == "inspect" or (one.name == "type" and one.module == "Ecto.Type"):
            return True
    return any(one.name == "__MODULE__" for one in node.find(Identifier))


def _variable_is_bounded(variable: Identifier, form: Form) -> bool:
    if variable.name == "__MODULE__" or _is_compared(variable) or _runs_over_few(variable):
        return True
    current: Node | None = variable
    for _ in range(_STEPS):
        if not isinstance(current, Identifier):
            break
        if _is_compared(current) or _runs_over_few(current):
            return True
        current = assigned(current, form)
    match current:
        case None | Identifier():
            return False
        case Call() | Pipe():
            return _call_is_own(current)
        case String() if current.value is not None:
            return True
        case String():
            return not is_many(current)
    return False


def _is_compared(variable: Identifier) -> bool:
    """Whether code around a variable has compared it with a list: `when x in […]`, `if x in …`."""
    for outer in variable.ancestors():
        conditions: list[Node] = []
        if isinstance(outer, Clause) and outer.guard is not None:
            conditions = [outer.guard]
        elif isinstance(outer, Call):
            function = Function.of(outer)
            if function is not None:
                conditions = [] if function.guard is None else [function.guard]
            elif outer.name in ("if", "unless", "with", "for", "cond"):
                conditions = outer.written_arguments
        if any(_tests(one, variable.name) for one in conditions):
            return True
        if isinstance(outer, Call) and Function.of(outer) is not None:
            return False
    return False


def _tests(condition: Node, name: str) -> bool:
    for one in condition.descendants():
        match one:
            case BinaryOperator("in", Identifier(tested), _) if tested == name:
                return True
            case BinaryOperator("==" | "===", Identifier(tested), String()) if tested == name:
                return True
            case Call() if one.name == "member?" and len(one.arguments) == 2:
                if one.arguments[1].text == name:
                    return True
    return False


def _runs_over_few(variable: Identifier) -> bool:
    """Whether a variable runs over a written list: `for x <- ~w(a b)`, `Enum.map([…], fn x …)`."""
    for outer in variable.ancestors():
        if isinstance(outer, AnonymousFunction):
            if any(_binds(clause, variable.name) for clause in outer.clauses):
                return iterates_over_few(outer)
        elif isinstance(outer, Call) and outer.name == "for":
            for one in outer.written_arguments:
                if isinstance(one, BinaryOperator) and one.operator == "<-":
                    if any(v.name == variable.name for v in one.left.find(Identifier)):
                        return is_written_list(one.right)
        elif isinstance(outer, Call) and Function.of(outer) is not None:
            return False
    return False


def _binds(clause: Clause, name: str) -> bool:
    return any(v.name == name for one in clause.patterns for v in one.find(Identifier))


def iterates_over_few(function: Node) -> bool:
    """Whether a function is given to `Enum.map` and its like together with a written list."""
    call = function.enclosing(Call)
    if call is None or call.name not in _ITERATING or not call.arguments:
        return False
    first = call.arguments[0]
    return is_written_list(first.steps[0] if isinstance(first, Pipe) else first)


def is_written_list(node: Node) -> bool:
    """Whether a list, a map or a range is written out here."""
    match node:
        case Sigil():
            return node.name in ("w", "W") and node.value is not None
        case List() | Map():
            return not any(isinstance(one, (Call, Identifier)) for one in node.descendants())
        case ModuleAttribute():
            return True
        case BinaryOperator(".." | "..//"):
            return True
        case Call():
            return _call_is_own(node)
    return False


def is_many(text: Quoted) -> bool:
    """Whether an interpolated text has a part of which there may be any number: something from
    outside, or a variable or field whose name is not that of one of few things.

    Names of nodes (`name@host`) do not count, a node has to have one, nor do names of fields that
    are made of other names (`name_id`).
    """
    parts = text.parts
    if any(isinstance(one, str) and "@" in one for one in parts):
        return False
    if isinstance(parts[-1], str) and _FIELD.search(parts[-1]):
        return any(comes_from_outside(one) for one in text.interpolations)
    for interpolation in text.interpolations:
        node = interpolation.expression
        if node is not None:
            name = _last_name(node)
            if comes_from_outside(node) or (name and name.rpartition("_")[2] not in _FEW):
                return True
    return False


def _last_name(node: Node) -> str:
    match node:
        case Identifier(name):
            return name
        case Call() if node.is_field_access:
            return node.name
    return ""


def comes_from_outside(node: Node) -> bool:
    """Whether an expression reads a map with text keys, or a variable bound by such a pattern."""
    for one in node.descendants():
        if one.raw.type == "access_call":
            key = one.children[-1] if one.children else None
            if isinstance(key, String):
                return True
    names = {one.name for one in node.find(Identifier)}
    return any(name in names for name in _bound_by_text_keys(node))


def _bound_by_text_keys(node: Node) -> Iterator[str]:
    function = Function.around(node)
    for parameter in function.parameters if function is not None else ():
        for one in parameter.find(Map):
            for pair in one.elements:
                if isinstance(pair, BinaryOperator) and pair.operator == "=>":
                    if isinstance(pair.left, String) and isinstance(pair.right, Identifier):
                        yield pair.right.name


def is_capture(node: Node) -> bool:
    """Whether a call is the target of `&Mod.fun/1`."""
    return capture_of(node) is not None


def capture_of(node: Node) -> Capture | None:
    """The `&Mod.fun/1` of which a call is the target."""
    parent = node.parent
    around = None if parent is None else parent.parent
    return around if isinstance(around, Capture) and around.function is not None else None


def given_to(function: Node) -> Node | None:
    """The value of `then(value, &…)`, which the function that is handed on gets."""
    call = function.enclosing(Call)
    if call is None or call.name not in ("then", "tap") or len(call.arguments) != 2:
        return None
    return call.arguments[0] if call.arguments[1] == function else None
