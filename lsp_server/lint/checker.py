"""Runs rules over documents and projects.

Document rules run form by form and are dispatched by what a form holds: the rules of a callee are
looked up for each name that the form calls, never the other way round. What a form yields can be
remembered by its bytes and its context, so that a keystroke lints one form again.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from lsp_server.document import Document
from lsp_server.facts.context import ProjectContext
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Operation, Related, fingerprint
from lsp_server.lint.rule import AnyRule, ProjectRule, Rule
from lsp_server.role import Role
from lsp_server.config import Settings
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.node import Node, kind_id
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex

log = logging.getLogger(__name__)

Handler = Callable[[Any, File], Iterable[Finding] | None]
Memo = MutableMapping[bytes, tuple[Finding, ...]]


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
    except Exception:
        log.exception("rule %s failed on %s and was skipped there", rule.id, where)
        return []


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


def _template(dispatch: Dispatch, layer: TemplateLayer, file: File) -> Iterator[Finding]:
    file = replace(file, layer=layer)
    if dispatch.template:
        for node in heex.walk(layer.template):
            for names, one in dispatch.template.get(type(node), ()):
                if not names or getattr(node, "name", "") in names:
                    yield from guarded(one.rule, one.handler, file.path, node, file)
    yield from _elixir(dispatch, layer.index, file)


def _form(dispatch: Dispatch, form: Form, file: File) -> Iterator[Finding]:
    file = replace(file, form=form)
    yield from _elixir(dispatch, form.index, file)
    for layer in form.templates:
        yield from _template(dispatch, layer, file)


def applicable(
    rules: Iterable[Rule], document: Document, context: ProjectContext
) -> tuple[Rule, ...]:
    """The rules that speak of a file with this role in a project with these dependencies."""
    return tuple(
        rule for rule in rules if document.role in rule.roles and fits(rule, document.path, context)
    )


def fits(rule: AnyRule, path: str, context: ProjectContext) -> bool:
    """Whether the project has the packages, in the versions, that a rule requires."""
    requires = rule.requires
    wanted = (requires,) if isinstance(requires, str) else requires
    return all(context.fits(path, one) for one in wanted)


_DISPATCHES: dict[tuple[str, ...], Dispatch] = {}


def _dispatch(rules: tuple[Rule, ...]) -> Dispatch:
    key = tuple(rule.id for rule in rules)
    found = _DISPATCHES.get(key)
    if found is None:
        found = _DISPATCHES[key] = Dispatch(rules)
    return found


def check_document(
    document: Document,
    rules: Iterable[Rule],
    context: ProjectContext,
    settings: Settings,
    memo: Memo | None = None,
) -> list[Finding]:
    """The findings of document rules in one file, in the order of the text, not yet suppressed.

    `memo` keeps findings by form; it must not be shared between sets of rules or settings.
    """
    if document.role is Role.DEPENDENCY or document.refusal is not None:
        return []
    chosen = applicable(rules, document, context)
    if not chosen:
        return []
    dispatch = _dispatch(chosen)
    file = File(document, context, settings)
    found: list[Finding] = []
    if document.template is not None:
        found.extend(_template(dispatch, document.template, file))
    base = b"" if memo is None else _digest(document.path.encode(), context.digest)
    contexts: dict[int, bytes] = {}
    for form in document.forms:
        if memo is None:
            found.extend(_form(dispatch, form, file))
            continue
        module = id(form.module)
        if module not in contexts:
            contexts[module] = _digest(base, form.module.context)
        key = _digest(contexts[module], form.bytes)
        known = memo.get(key)
        start = form.span.start
        if known is None:
            findings = list(_form(dispatch, form, file))
            found.extend(findings)
            memo[key] = tuple(moved(one, -start) for one in findings)
        else:
            found.extend(moved(one, start) for one in known)
    for module_ in document.modules if dispatch.modules else ():
        if module_.call is not None:
            for one in dispatch.modules:
                found.extend(guarded(one.rule, one.handler, file.path, module_, file))
    for one in dispatch.documents:
        found.extend(guarded(one.rule, one.handler, file.path, document, file))
    return finish(found, document.path)


def check_project(rule: ProjectRule, snapshot: Snapshot) -> list[Finding]:
    """The findings of one project rule, not yet suppressed."""
    context = snapshot.context
    found = [
        one
        for one in guarded(rule, rule.check, "the project", snapshot)
        if fits(rule, one.path, context)
    ]
    by_path: dict[str, list[Finding]] = {}
    for one in found:
        by_path.setdefault(one.path, []).append(one)
    return [one for path, findings in by_path.items() for one in finish(findings, path)]


def finish(findings: Iterable[Finding], path: str) -> list[Finding]:
    """Findings of one file in order, each once, with path and fingerprint filled in."""
    unique = {(one.span, one.rule, one.message): one for one in findings}
    ordered = sorted(unique.values(), key=lambda one: (one.span, one.rule, one.message))
    seen: Counter[tuple[str, str]] = Counter()
    finished: list[Finding] = []
    for one in ordered:
        key = (one.rule, one.message)
        one = replace(one, path=path)
        finished.append(replace(one, fingerprint=fingerprint(one, seen[key])))
        seen[key] += 1
    return finished


def moved(finding: Finding, by: int) -> Finding:
    """The finding `by` bytes further on, without the function of its fix, whose edits would be
    those of the text it was made for. Places in other files stay."""
    related = tuple(
        Related(one.span.shift(by), one.message) if one.path == "" else one
        for one in finding.related
    )
    return replace(finding, span=finding.span.shift(by), related=related, fix=detached(finding.fix))


def detached(fix: Fix | None) -> Fix | None:
    """The fix as data, without its function."""
    return None if fix is None else replace(fix, build=None)


def operations(finding: Finding, snapshot: Snapshot) -> list[Operation]:
    """What the fix of a fresh finding does, every edit with its path; empty where it does nothing."""
    if finding.fix is None or finding.fix.build is None:
        return []
    try:
        built = list(finding.fix.build(snapshot))
    except Exception:
        log.exception("the fix of rule %s failed on %s", finding.rule, finding.path)
        return []
    return [
        replace(one, path=finding.path) if isinstance(one, Edit) and not one.path else one
        for one in built
    ]


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
