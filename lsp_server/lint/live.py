"""What is known of an open document's findings, form by form, so that a keystroke checks one form.

An edit strictly inside a function or its documentation moves the forms after it and marks that one.
Only it is parsed again, alone and at its place, as long as it still is one whole function with the
same head; a tree of the whole file is not needed for that. Everything else is a full check, which
takes over the findings of forms whose text and context are as before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lsp_server.config import Settings
from lsp_server.document import Change, Document
from lsp_server.facts.project.context import ProjectContext
from lsp_server.lint.checker import applicable, detached, finish, moved
from lsp_server.lint.dispatch import check_form, check_modules, check_template, dispatch_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Related
from lsp_server.lint.rule import Rule
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span

Signature = tuple[str, str, int, int]  # def or defp …, name, arity, defaults
_TEXT: Signature = ("@", "doc", 0, 0)  # a text about what follows it


class FormState(NamedTuple):
    """A form at its bytes, and its findings counted from its start; `key` is empty after an
    edit."""

    start: int
    end: int
    key: bytes
    context: bytes
    module: Module
    signature: Signature | None
    findings: tuple[Finding, ...]

    @property
    def escapes(self) -> bool:
        """Whether a finding has a place in this file outside of the form, which moves by itself."""
        inside = Span(0, self.end - self.start)
        return any(
            not inside.covers(span)
            for one in self.findings
            for span in (one.span, *(other.span for other in one.related if not other.path))
        )

    def follow(self, by: int, path: str, change: Change) -> FormState:
        """The form `by` bytes further on, after a change outside of it."""
        findings = self.findings
        if findings and self.escapes:
            absolute = (moved(one, self.start) for one in findings)
            findings = tuple(
                moved(follow(one, path, [change]), -self.start - by) for one in absolute
            )
        return self._replace(start=self.start + by, end=self.end + by, findings=findings)


@dataclass(frozen=True)
class LiveResult:
    """The state of one document. `whole` are the findings of handlers that look at whole modules or
    at the template that the file is; `is_whole` is False after an edit that needs a full check."""

    forms: tuple[FormState, ...]
    whole: tuple[Finding, ...]
    is_whole: bool = True
    settled: bool = True  # whether `whole` was found on the present text

    def findings(self, path: str) -> list[Finding]:
        """All findings of the document, in the order of the text."""
        found = [
            moved(finding, form.start)
            for form in self.forms
            if form.findings
            for finding in form.findings
        ]
        return finish([*found, *self.whole], path)


def check_all(
    document: Document,
    rules: Iterable[Rule],
    context: ProjectContext,
    settings: Settings,
    before: LiveResult | None = None,
) -> LiveResult:
    """Check a document as a whole. `before` must come from the same rules and settings."""
    chosen = applicable(rules, document, context)
    if not chosen or document.refusal is not None:
        return LiveResult((), ())
    dispatch = dispatch_of(chosen)
    file = File(document, context, settings)
    forms = () if before is None else before.forms
    known = {form.key: form.findings for form in forms if form.key and not form.escapes}
    base = _digest(document.path.encode(), context.digest)
    contexts: dict[int, bytes] = {}
    states: list[FormState] = []
    for form in document.forms:
        if id(form.module) not in contexts:
            contexts[id(form.module)] = _digest(base, form.module.context)
        around = contexts[id(form.module)]
        key = _digest(around, form.bytes)
        start, end = form.span
        findings = known.get(key)
        if findings is None:
            findings = _relative(check_form(dispatch, form, file), start)
        states.append(FormState(start, end, key, around, form.module, _signature(form), findings))
    whole = list(check_modules(dispatch, document, file))
    if document.template is not None:
        whole += check_template(dispatch, document.template, file)
    return LiveResult(tuple(states), tuple(replace(one, fix=detached(one.fix)) for one in whole))


def after_edit(result: LiveResult, path: str, changes: Sequence[Change]) -> LiveResult:
    """The state after changes: forms and findings at their new bytes, edited functions marked."""
    forms, is_whole = list(result.forms), result.is_whole
    for change in changes:
        span = change.span
        by = len(change.text) - span.length
        inside = [
            n for n, form in enumerate(forms) if form.start < span.start and span.end < form.end
        ]
        only = inside[0] if inside else None
        is_whole = is_whole and only is not None and forms[only].signature is not None
        for number, form in enumerate(forms):
            if number == only:
                forms[number] = form._replace(end=form.end + by, key=b"")
            elif form.end > span.start and form.start < span.end:
                forms[number] = form._replace(key=b"")
            else:
                forms[number] = form.follow(by if form.start >= span.end else 0, path, change)
    whole = tuple(follow(one, path, changes) for one in result.whole)
    return LiveResult(tuple(forms), whole, is_whole, settled=False)


def check_edited(
    result: LiveResult,
    document: Document,
    rules: Iterable[Rule],
    context: ProjectContext,
    settings: Settings,
) -> LiveResult | None:
    """Check only the edited functions; None where the edit may mean more than that."""
    if not result.is_whole or document.refusal is not None:
        return None
    chosen = applicable(rules, document, context)
    dispatch = dispatch_of(chosen)
    file = File(document, context, settings)
    states: list[FormState] = []
    for state in result.forms:
        if state.key:
            states.append(state)
            continue
        form = document.lone_form(Span(state.start, state.end), state.module)
        if form is None or _signature(form) != state.signature:
            return None
        findings = _relative(check_form(dispatch, form, file), state.start)
        key = _digest(state.context, form.bytes)
        states.append(state._replace(key=key, findings=findings))
        # The module that the form is in is one of an older text: what a finding says of other
        # places in it may be out of date.
        if states[-1].escapes or any(one.related for one in findings):
            return None
    return replace(result, forms=tuple(states))


def follow(finding: Finding, path: str, changes: Sequence[Change]) -> Finding:
    """A finding that keeps to its text while the file `path` changes; one without a path is in
    that file."""
    own = finding.path in ("", path)
    span = _moved(finding.span, changes) if own else finding.span
    related = tuple(
        Related(_moved(one.span, changes), one.message, one.path)
        if one.path == path or (own and not one.path)
        else one
        for one in finding.related
    )
    return replace(finding, span=span, related=related)


def _moved(span: Span, changes: Sequence[Change]) -> Span:
    """Where text that was at `span` is after some changes; a change inside it stretches it."""
    for change in changes:
        by = len(change.text) - change.span.length
        if change.span.end <= span.start:
            span = span.shift(by)
        elif change.span.start < span.end:
            span = Span(min(span.start, change.span.start), max(span.end + by, change.span.start))
    return span


def _relative(findings: Iterable[Finding], start: int) -> tuple[Finding, ...]:
    return tuple(moved(one, -start) for one in findings)


def _signature(form: Form) -> Signature | None:
    function = form.function
    if function is None:
        return _TEXT if form.is_text else None
    return function.keyword, function.name, function.arity, function.defaults


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
