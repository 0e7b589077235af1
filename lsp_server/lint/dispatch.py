"""Which rules want to see which nodes, and one round of them over a form or a template.

Rules are found by what a form holds: those of a callee are looked up for each name that the form
calls, never the other way round.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from logging import DEBUG
from pathlib import PurePath
from typing import Any

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import AnyRule, Rule
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BINARY, OPERATOR, Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.node import Node, RawNode, cast, kind_id
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex

log = logging.getLogger(__name__)

Handler = Callable[[Any, File], Iterable[Finding] | None]


def _operator(raw: RawNode, source: bytes) -> bytes:
    operator = raw.child_by_field_id(OPERATOR)
    return b"" if operator is None else source[operator.start_byte : operator.end_byte]


def _key(raw: RawNode, source: bytes) -> bytes:
    key = raw.child(0)
    return b"" if key is None else source[key.start_byte : key.end_byte].rstrip(b": \t\r\n")


def _first(raw: RawNode, source: bytes) -> bytes:
    if not raw.named_child_count:
        return b""
    element = raw.named_child(0)
    return b"" if element is None else source[element.start_byte : element.end_byte]


# The kinds of which a rule may ask for some by name, and where the name stands: nearly all nodes
# of these kinds are of no interest to anybody, and a view costs more than a look.
NAMES: Mapping[int, Callable[[RawNode, bytes], bytes]] = {
    kind_id("binary_operator"): _operator,
    kind_id("unary_operator"): _operator,
    kind_id("pair"): _key,
    kind_id("tuple"): _first,
}
# What may stand before the name in kinds that are all over a text: how a node begins tells nearly
# all of them from those that are wanted, before a child is made.
_BEFORE: Mapping[int, tuple[bytes, ...]] = {
    kind_id("pair"): (b"",),
    kind_id("tuple"): (b"{", b"{ ", b"{\t", b"{\n", b"{\r"),
}


@dataclass(frozen=True, slots=True)
class _Subscriber:
    rule: Rule
    handler: Handler
    view: type


class Dispatch:
    """The handlers of some rules, by what they want to see. Made once for a set of rules."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.callees: dict[bytes, list[_Subscriber]] = {}
        self.kinds: dict[int, list[_Subscriber]] = {}
        self.named: dict[int, dict[bytes, list[_Subscriber]]] = {}
        self.starts: dict[int, tuple[bytes, ...]] = {}  # what the wanted of these kinds begin with
        self.template: dict[type[heex.Node], list[tuple[tuple[str, ...], _Subscriber]]] = {}
        self.modules: list[tuple[frozenset[bytes], _Subscriber]] = []
        self.documents: list[_Subscriber] = []
        for rule in rules:
            for method, subscription in rule.subscriptions:
                one = _Subscriber(rule, getattr(rule, method), subscription.view)
                self._subscribe(one, subscription.names)
        for kind, befores in _BEFORE.items():
            wanted = self.named.get(kind, ())
            first, *spaced = befores
            self.starts[kind] = (*(first + name for name in wanted), *spaced)
        self.nodes = frozenset(self.kinds) | frozenset(self.named)

    def _subscribe(self, one: _Subscriber, names: tuple[str, ...]) -> None:
        view = one.view
        if view is Module:
            self.modules.append((frozenset(name.encode() for name in names), one))
        elif view is Document:
            self.documents.append(one)
        elif issubclass(view, heex.Node):
            self.template.setdefault(view, []).append((names, one))
        elif view is Call and names:
            for name in names:
                self.callees.setdefault(name.encode(), []).append(one)
        elif issubclass(view, Node):
            for kind in map(kind_id, view.kinds):
                if names and kind not in NAMES:
                    raise TypeError(f"{one.rule.id}: {view.__name__} has no names to choose from")
                for name in names:
                    self.named.setdefault(kind, {}).setdefault(name.encode(), []).append(one)
                if not names:
                    self.kinds.setdefault(kind, []).append(one)
        else:
            raise TypeError(f"{one.rule.id}: nothing can be subscribed to {view.__name__}")


def guarded(
    rule: AnyRule, run: Callable[..., Iterable[Finding] | None], where: str, *given: object
) -> list[Finding]:
    """The findings of a rule; a rule that raises is logged with its name and gives none."""
    try:
        return list(run(*given) or ())
    except Exception as error:
        log_failure(f"rule {rule.id} failed on {where} and was skipped there", error)
        return []


class _NotTwice(logging.Filter):
    """Drops a record that says what the last one said: who fails on a node mostly fails on all."""

    _last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        new, self._last = message != self._last, message
        return new


log.addFilter(_NotTwice())


def log_failure(what: str, error: Exception) -> None:
    """Log what a rule's mistake came to, in one line with its place; at level debug all of it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    kind = type(error).__name__
    log.error("%s: %s: %s (%s)", what, kind, error, place, exc_info=log.isEnabledFor(DEBUG))


def _elixir(dispatch: Dispatch, index: NodeIndex, file: File) -> list[Finding]:
    """What handlers say of the nodes of an index. A list, no generator: there is one a form, and
    mostly it is empty."""
    found: list[Finding] = []
    path, tree = file.document.path, index.tree
    calls, callees = index.raw_calls, dispatch.callees
    for name in calls:
        if name in callees:
            for raw in calls[name]:
                call = Call(raw, tree)
                for one in callees[name]:
                    found += guarded(one.rule, one.handler, path, call, file)
    for kind in index.kinds & dispatch.nodes:
        for raw, subscribers in _wanted(dispatch, index, kind):
            node = cast(raw, tree)
            for one in subscribers:
                if isinstance(node, one.view):
                    found += guarded(one.rule, one.handler, path, node, file)
    return found


def _wanted(
    dispatch: Dispatch, index: NodeIndex, kind: int
) -> Iterator[tuple[RawNode, list[_Subscriber]]]:
    """The nodes of a kind that somebody wants, all of them or by their names."""
    if kind in dispatch.kinds:
        for raw in index.raw_of_kind(kind):
            yield raw, dispatch.kinds[kind]
    wanted = dispatch.named.get(kind)
    if wanted is None:
        return
    if kind == BINARY:  # collectors ask for these too, so the index remembers their signs
        for sign, subscribers in wanted.items():
            for raw in index.binaries(sign):
                yield raw, subscribers
        return
    name_of, source, starts = NAMES[kind], index.tree.source, dispatch.starts.get(kind, b"")
    for raw in index.raw_of_kind(kind):
        if source.startswith(starts, raw.start_byte):
            if (name := name_of(raw, source)) in wanted:
                yield raw, wanted[name]


def check_template(dispatch: Dispatch, layer: TemplateLayer, file: File) -> list[Finding]:
    """What handlers say of a template and of the Elixir in it."""
    found: list[Finding] = []
    file = File(file.document, file.context, file.settings, file.form, layer)
    for view, subscribers in dispatch.template.items():
        for node in layer.nodes(view):
            for names, one in subscribers:
                if not names or getattr(node, "name", "") in names:
                    found += guarded(one.rule, one.handler, file.path, node, file)
    return found + _elixir(dispatch, layer.index, file)


def check_form(dispatch: Dispatch, form: Form, file: File) -> list[Finding]:
    """What handlers say of a form and of the templates in it."""
    file = File(file.document, file.context, file.settings, form)
    found = _elixir(dispatch, form.index, file)
    for layer in form.templates:
        found += check_template(dispatch, layer, file)
    return found


def check_modules(dispatch: Dispatch, document: Document, file: File) -> Iterator[Finding]:
    """What handlers of whole modules and documents say."""
    for module in document.modules if dispatch.modules else ():
        if module.call is not None:
            for names, one in dispatch.modules:
                if not names or not names.isdisjoint(document.outline.callers):
                    yield from guarded(one.rule, one.handler, file.path, module, file)
    for one in dispatch.documents:
        yield from guarded(one.rule, one.handler, file.path, document, file)


@lru_cache(maxsize=256)
def dispatch_of(rules: tuple[Rule, ...]) -> Dispatch:
    """The dispatch of a set of rules, made once."""
    return Dispatch(rules)
