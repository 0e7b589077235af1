"""Tasks that end, under a supervisor that starts them again whenever they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.facts.local_flow import clauses_of, module_of, origin
from lsp_server.syntax.elixir import AnonymousFunction, Call, Capture, Identifier
from lsp_server.syntax.literals import Atom, List, Map, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

TASK = "Task"
# What such functions do may go on for ever.
_ENDLESS = re.compile(
    r"accept|consume|daemon|drain|forever|listen|loop|monitor|observe|perform|poll|process|receive"
    r"|run|schedul|serve|start|stream|subscribe|tail|tick|timer|wait|watch|work"
)
_STEPS = 40  # functions that are followed


@dataclass(frozen=True)
class Restarted:
    """A task that ends and that its supervisor starts again. `where` is the `:permanent`, or what
    lacks another `restart:`; `written` says which."""

    where: Node
    written: bool


def restarted_tasks(module: Module) -> Iterator[Restarted]:
    """The tasks of a module that end, with `restart: :permanent`, be it by default."""
    if module.call is None or b"Task" not in module.call.bytes:
        return
    yield from _of_module(module)
    for form in module.forms:
        for call in form.index.calls("child_spec"):
            if module_of(call.receiver, form) == "Supervisor" and len(call.arguments) == 2:
                yield from _respecified(call, form)
        if b"start_link" in form.bytes:
            for spec in form.index.nodes(Map):
                yield from _of_map(spec, form)


def _of_module(module: Module) -> Iterator[Restarted]:
    """`use Task, restart: :permanent` where `run` ends."""
    for use in module.names.uses:
        value = use.call.keyword("restart")
        if use.module != TASK or value is None or value.text != ":permanent":
            continue
        for form in module.forms:
            for call in form.index.calls("start_link"):
                if module_of(call.receiver, form) == TASK:
                    if _ends_started(call.arguments, form):
                        yield Restarted(value, written=True)
                    return


def _ends_started(arguments: list[Node], form: Form) -> bool:
    """Whether what `Task.start_link` is given ends."""
    match arguments:
        case [function]:
            return _ends(function, form)
        case [where, Atom(name), List(given)] if module_of(where, form) == form.module.name:
            clauses = [
                one
                for one in form.module.forms
                if one.function is not None
                and (one.function.name, one.function.arity) == (name, len(given))
            ]
            return bool(clauses) and all(_clause_ends(one, {name}) for one in clauses)
        case [_, Atom(name), _]:
            return _ENDLESS.search(name) is None
    return False


def _respecified(call: Call, form: Form) -> Iterator[Restarted]:
    """`Supervisor.child_spec({Task, fun}, restart: :permanent)`."""
    child, value = call.arguments[0], call.keyword("restart")
    if value is None or value.text != ":permanent":
        return
    match child:
        case Tuple([first, function]) if module_of(first, form) == TASK:
            if _ends(function, form):
                yield Restarted(value, written=True)


def _of_map(spec: Map, form: Form) -> Iterator[Restarted]:
    """`%{id: …, start: {Task, :start_link, […]}}`."""
    keywords = spec.keywords
    if keywords is None or spec.struct is not None or len(spec.elements) != 1:
        return
    match keywords.get("start"):
        case Tuple([first, Atom("start_link"), List(given)]) if module_of(first, form) == TASK:
            value = keywords.get("restart")
            if value is not None and value.text != ":permanent":
                return
            if keywords.get("id") is not None and _ends_started(given, form):
                yield Restarted(first if value is None else value, written=value is not None)


def _ends(function: Node, form: Form) -> bool:
    """Whether a function certainly returns, as far as it can be read."""
    node = origin(function, form)
    match node:
        case AnonymousFunction():
            return _body_ends([node], form, set())
        case Capture() if node.function is not None:
            target, arity = node.function
            if isinstance(target, Call):
                return _ENDLESS.search(target.name) is None
            return _local_ends(target, arity, form, set())
    return False


def _local_ends(name: Node, arity: int, form: Form, seen: set[str]) -> bool:
    clauses = [
        one
        for one in form.module.forms
        if one.function is not None and one.function.name == name.text
        if one.function.arity == arity
    ]
    seen = {*seen, name.text}
    return bool(clauses) and all(_clause_ends(one, seen) for one in clauses)


def _clause_ends(clause: Form, seen: set[str]) -> bool:
    return clause.function is not None and _body_ends(clause.function.body, clause, seen)


def _body_ends(body: Sequence[Node], form: Form, seen: set[str]) -> bool:
    """Whether everything that a body calls ends; `seen` are the functions on the way to it."""
    if not body or len(seen) > _STEPS:
        return False
    for node in body:
        if b":infinity" in node.bytes:
            return False
        for call in node.find(Call):
            if call.name in seen or _ENDLESS.search(call.name) is not None:
                return False
            if call.receiver is not None or call.name in ("if", "case", "with", "for", "cond"):
                continue
            for clause in clauses_of(call, form):
                if not _clause_ends(clause, {*seen, call.name}):
                    return False
        for name in node.find(Identifier):
            if name.name in seen:
                return False
    return True
