"""Runs rules over documents and projects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import chain, compress

from lsp_server.config import Settings
from lsp_server.document import Document
from lsp_server.facts.project.context import ProjectContext
from lsp_server.lint.dispatch import (
    check_form,
    check_modules,
    check_template,
    dispatch_of,
    guarded,
    log_failure,
)
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Operation, Related, fingerprint
from lsp_server.lint.rule import AnyRule, ProjectRule, Requires, Rule
from lsp_server.role import Role
from lsp_server.snapshot import Snapshot


def applicable(
    rules: Iterable[Rule], document: Document, context: ProjectContext
) -> tuple[Rule, ...]:
    """The rules that speak of a file with this role in a project with these dependencies."""
    if document.role is Role.DEPENDENCY:
        return ()
    of_role = _of_role(tuple(rules), document.role)
    folder = context.folder(document.path)
    fitting = [_fits(some[0].requires, folder, context) for some in of_role]
    return _all(of_role, tuple(fitting))


@lru_cache(maxsize=64)
def _of_role(rules: tuple[Rule, ...], role: Role) -> tuple[tuple[Rule, ...], ...]:
    """The rules of a role, those together that require the same; not sorted anew for each file."""
    found: dict[Requires, list[Rule]] = {}
    for rule in rules:
        if role in rule.roles:
            found.setdefault(rule.requires, []).append(rule)
    return tuple(map(tuple, found.values()))


@lru_cache(maxsize=256)
def _all(groups: tuple[tuple[Rule, ...], ...], fitting: tuple[bool, ...]) -> tuple[Rule, ...]:
    return tuple(chain.from_iterable(compress(groups, fitting)))


def fits(rule: AnyRule, path: str, context: ProjectContext) -> bool:
    """Whether the project has the packages, in the versions, that a rule requires."""
    return _fits(rule.requires, context.folder(path), context)


def _fits(requires: Requires, folder: str | None, context: ProjectContext) -> bool:
    if isinstance(requires, str):
        return context.folder_fits(folder, requires)
    return all(context.folder_fits(folder, one) for one in requires)


def check_document(
    document: Document, rules: Iterable[Rule], context: ProjectContext, settings: Settings
) -> list[Finding]:
    """The findings of document rules in one file, in the order of the text, not yet suppressed."""
    chosen = applicable(rules, document, context)
    if not chosen or document.refusal is not None:
        return []
    dispatch = dispatch_of(chosen)
    file = File(document, context, settings)
    found: list[Finding] = []
    if document.template is not None:
        found.extend(check_template(dispatch, document.template, file))
    for form in document.forms:
        found.extend(check_form(dispatch, form, file))
    found.extend(check_modules(dispatch, document, file))
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
    seen: Counter[tuple[str, str]] = Counter()
    finished: list[Finding] = []
    for one in in_order(unique.values()):
        key = (one.rule, one.message)
        one = replace(one, path=path)
        finished.append(replace(one, fingerprint=fingerprint(one, seen[key])))
        seen[key] += 1
    return finished


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one file in the order of the text."""
    return sorted(findings, key=lambda one: (one.span, one.rule, one.message))


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
    """What the fix of a fresh finding does, every edit with its path; empty where it does
    nothing."""
    if finding.fix is None or finding.fix.build is None:
        return []
    try:
        built = list(finding.fix.build(snapshot))
    except Exception as error:
        log_failure(f"the fix of rule {finding.rule} failed on {finding.path}", error)
        return []
    return [
        replace(one, path=finding.path) if isinstance(one, Edit) and not one.path else one
        for one in built
    ]
