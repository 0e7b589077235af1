"""Which rules want to see which nodes, and one round of them over a form or a template.

Rules are found by what a form holds: those of a callee are looked up for each name that the form
calls, never the other way round.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from logging import DEBUG
from pathlib import PurePath
from typing import Any

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import AnyRule, Rule
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.node import Node, kind_id
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex

log = logging.getLogger(__name__)

Handler = Callable[[Any, File], Iterable[Finding] | None]


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
        self.template: dict[type, list[tuple[tuple[str, ...], _Subscriber]]] = {}
        self.modules: list[_Subscriber] = []
        self.documents: list[_Subscriber] = []
        for rule in rules:
            for method, subscription in rule.subscriptions:
                one = _Subscriber(rule, getattr(rule, method), subscription.view)
                self._subscribe(one, subscription.names)

    def _subscribe(self, one: _Subscriber, names: tuple[str, ...]) -> None:
        view = one.view
        if view is Module:
            self.modules.append(one)
        elif view is Document:
            self.documents.append(one)
        elif issubclass(view, heex.Node):
            self.template.setdefault(view, []).append((names, one))
        elif view is Call and names:
            for name in names:
                self.callees.setdefault(name.encode(), []).append(one)
        elif issubclass(view, Node):
            for kind in view.kinds or ("binary_operator", "unary_operator"):
                self.kinds.setdefault(kind_id(kind), []).append(one)
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


def _elixir(dispatch: Dispatch, index: NodeIndex, file: File) -> Iterator[Finding]:
    for name in index.callee_names:
        for one in dispatch.callees.get(name, ()):
            for call in index.calls(name.decode("utf-8", "replace")):
                yield from guarded(one.rule, one.handler, file.path, call, file)
    for kind in index.kinds:
        for one in dispatch.kinds.get(kind, ()):
            for node in index.of_kind(kind):
                if isinstance(node, one.view):
                    yield from guarded(one.rule, one.handler, file.path, node, file)


def check_template(dispatch: Dispatch, layer: TemplateLayer, file: File) -> Iterator[Finding]:
    """What handlers say of a template and of the Elixir in it."""
    file = replace(file, layer=layer)
    if dispatch.template:
        for node in heex.walk(layer.template):
            for names, one in dispatch.template.get(type(node), ()):
                if not names or getattr(node, "name", "") in names:
                    yield from guarded(one.rule, one.handler, file.path, node, file)
    yield from _elixir(dispatch, layer.index, file)


def check_form(dispatch: Dispatch, form: Form, file: File) -> Iterator[Finding]:
    """What handlers say of a form and of the templates in it."""
    file = replace(file, form=form)
    yield from _elixir(dispatch, form.index, file)
    for layer in form.templates:
        yield from check_template(dispatch, layer, file)


def check_modules(dispatch: Dispatch, document: Document, file: File) -> Iterator[Finding]:
    """What handlers of whole modules and documents say."""
    for module in document.modules if dispatch.modules else ():
        if module.call is not None:
            for one in dispatch.modules:
                yield from guarded(one.rule, one.handler, file.path, module, file)
    for one in dispatch.documents:
        yield from guarded(one.rule, one.handler, file.path, document, file)


@lru_cache(maxsize=256)
def dispatch_of(rules: tuple[Rule, ...]) -> Dispatch:
    """The dispatch of a set of rules, made once."""
    return Dispatch(rules)
