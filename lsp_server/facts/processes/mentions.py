"""Modules that code hands around as values: how a process may be started unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.processes.supervision import starts_processes
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    ARGUMENTS,
    BINARY,
    BODY,
    DO_BLOCK,
    DOT,
    OPERATOR,
    SECTIONS,
    TARGET,
)
from lsp_server.syntax.literals import KEY, PAIR
from lsp_server.syntax.node import RawNode, kind_id
from lsp_server.syntax.outline import Form


class Mentions(Fact):
    """The modules that code of `by` hands around as values, where that may lead to their start.

    Not among them are receivers of calls, structs, types, directives, the module itself, and what
    is only sent to, looked up or configured.
    """

    by: str
    modules: tuple[str, ...]


LIST, TUPLE, BLOCK = kind_id("list"), kind_id("tuple"), kind_id("block")
_VALUES = frozenset({LIST, BODY, DO_BLOCK, BLOCK, *SECTIONS})
_OPERATORS = frozenset({b"=", b"=>", b"++", b"|", b"||", b"or", b"&&", b"and", b"\\\\"})
# Keys under which a process is named, not started.
_NAMING = re.compile(rb"(?:name|as|only|except|to|for|id|via|registry|exports|deps|metrics)\s*:\s*")
_PASSIVE = frozenset(
    b"alias assert_raise behaviour defexception defimpl defmodule defprotocol derive "
    b"describe doctest impl import inspect is_exception is_struct moduletag plug raise require "
    b"reraise send struct struct! use".split()
)
# What these modules are given is a process or a key, unless the function starts something.
_PASSIVE_MODULES = frozenset(
    b"Agent Application Broadway Code ConCache Cachex DynamicSupervisor GenServer GenStage Kernel "
    b"Logger Mox Phoenix.PubSub Phoenix.Tracker Process Registry Supervisor Task.Supervisor "
    b":ets :gen_server :gen_statem :global :meck :persistent_term :sys".split()
)
_DIRECTIVES = frozenset({b"alias", b"import", b"require"})
_STARTING = re.compile(rb"start|child_spec|init|concat")


@collects(Mentions, suites=True)
def collect_mentions(document: Document) -> Iterator[Mentions]:
    """The mentions of each module of a file, and of the file's own top level."""
    if document.language is not Language.ELIXIR or document.role is Role.DEPENDENCY:
        return
    in_test = document.role is Role.TEST
    if in_test and not starts_processes(document.source):
        return
    found: dict[str, set[str]] = {}
    for form in document.forms:
        if in_test and not starts_processes(form.bytes):
            continue
        if not form.index.aliases or form.callee in _DIRECTIVES:
            continue
        if form.callee == b"use" and form.bytes.startswith(b"use Boundary"):
            continue
        if document.role is Role.MIX and (form.function is None or not _configures(form.function)):
            continue
        modules = found.setdefault(form.module.name, set())
        known: set[bytes] = set()
        source = form.tree.source
        for raw in form.index.aliases:
            start = raw.start_byte
            if source[max(0, start - 1) : start] == b"%":
                continue  # the name of a struct, as half of them are
            written = source[start : raw.end_byte]
            if written not in known and _is_value(raw, form):
                known.add(written)
                written_name = written.decode("utf-8", "replace")
                modules.add(form.names_at(start).expand(written_name))
    for by, modules in found.items():
        modules.discard(by)
        if modules:
            yield Mentions(by, tuple(sorted(modules)))


def _configures(function: Function) -> bool:
    """Whether a function of a mix.exs says what the application is, not how it is documented."""
    return function.name == "application"


def _is_value(raw: RawNode, form: Form) -> bool:
    parent = raw.parent
    if parent is None:
        return False
    kind = parent.kind_id
    if kind == ARGUMENTS:
        return _is_given(raw, parent, form)
    if kind in _VALUES:
        return True
    source = form.tree.source
    if kind == TUPLE:
        around = form.tree.parent(parent)
        return around is None or around.kind_id != DOT
    if kind == PAIR:
        key = parent.child_by_field_id(KEY)
        return key is not None and _NAMING.fullmatch(source[key.start_byte : key.end_byte]) is None
    if kind == BINARY:
        sign = parent.child_by_field_id(OPERATOR)
        return sign is not None and source[sign.start_byte : sign.end_byte] in _OPERATORS
    return False


def _is_given(raw: RawNode, arguments: RawNode, form: Form) -> bool:
    """Whether a module among arguments may be started by what is called."""
    call = arguments.parent
    target = None if call is None else call.child_by_field_id(TARGET)
    if target is None:
        return True
    source = form.tree.source
    receiver, _, name = source[target.start_byte : target.end_byte].rpartition(b".")
    if not receiver and name == b"config":
        return arguments.named_child(2) == raw  # `config :shop, :adapter, Shop.Adapter`
    if not receiver:
        return name not in _PASSIVE
    if receiver == b"Application":
        return arguments.named_child_count > 2 and arguments.named_child(0) != raw
    if name == b"start_child" and arguments.named_child(0) == raw:
        return False  # the supervisor that is asked
    return receiver not in _PASSIVE_MODULES or _STARTING.search(name) is not None
