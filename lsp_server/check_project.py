"""The check of one project for `retort check`, by reading what must be read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from lsp_server.check_request import Clock, Request, Selection, note_unread
from lsp_server.lint.finding import Finding
from lsp_server.project.fixing import Fixed, Fixer, safe, write
from lsp_server.project.full_check import FullCheck, answers
from lsp_server.project.workspace import Workspace
from lsp_server.report.report import FileChange, Report

PROGRESS_FROM = 200  # files to read; less is over before a bar is drawn

_last: Workspace | None = None  # what is not given back before the process ends, see `__main__`


def check_project(root: Path, selection: Selection, request: Request, clock: Clock) -> Report:
    """Check a project, apply or show fixes if that is asked for, and report."""
    global _last
    workspace = _last = Workspace(root, request.overrides)
    clock.step("load the rules")
    only = selection.paths if selection.is_loose else None
    check = FullCheck(workspace, use_cache=request.use_cache and only is None, only=only)
    for _ in check.find():
        pass
    clock.step("find files")
    read = {entry.path for entry in check.entries}
    note_unread(root, read, selection, request)
    _run(check, request, clock)
    files = selection.count(read)
    if request.changes_nothing:
        findings = list(filter(selection.wants, workspace.all_findings()))
        return Report.for_project(root, workspace.source, findings, files)
    fixer = Fixer(workspace)
    paths = [path for path in workspace.paths_with_findings() if selection.holds(path)]
    allowed = (lambda _: True) if request.unsafe_fixes else safe
    for _ in fixer.run(paths, lambda one: selection.wants(one) and allowed(one)):
        pass
    clock.step("fix")
    alone = write(workspace.root, fixer.outcome) if request.fix else {}
    for path, why in sorted(alone.items()):
        click.echo(f"{path} was left alone: {why}.", err=True)
    changes = _changes(fixer.outcome, alone.keys())
    applied = sum(1 for paths in fixer.outcome.together if paths.isdisjoint(alone))
    said, source = _left_to_say(workspace, fixer, alone)
    findings = list(filter(selection.wants, said))
    return Report.for_project(root, source, findings, files, changes, applied)


def _left_to_say(
    workspace: Workspace, fixer: Fixer, alone: Collection[str]
) -> tuple[list[Finding], Callable[[str], bytes | None]]:
    """The findings after the fixes, and the texts they are about; of files that were left alone,
    those before."""
    fixed, twin = fixer.outcome, fixer.workspace
    old = {fixed.origin(path) for path in alone}
    hidden = old.union(alone)
    said = [one for one in twin.all_findings() if one.path not in hidden]
    said += [one for one in workspace.all_findings() if one.path in old]

    def source(path: str) -> bytes | None:
        if path in old:
            return fixed.before.get(path) or workspace.source(path)
        return twin.source(path)

    return sorted(said, key=lambda one: one.path), source


def _run(check: FullCheck, request: Request, clock: Clock) -> None:
    for _ in check.learn(fork=True):
        pass
    clock.step("learn the context")
    total = sum(map(len, check.todo))
    with _progress(total, request) as advance:
        for answer in answers(check.workspace.job(), check.todo, fork=True):
            advance(check.take(answer))
    clock.step(f"read {total} files")
    for rule in check.finish():
        clock.step(rule)
    clock.step("remember")


def _changes(outcome: Fixed, alone: Collection[str]) -> list[FileChange]:
    """What fixes have changed, file by file."""
    found = []
    for path, text in sorted(outcome.texts.items()):
        origin, existed = outcome.origin(path), path not in outcome.created
        before = outcome.before.get(origin, b"")
        if path not in alone and (text != before or path != origin or not existed):
            rules = tuple(
                finding.rule
                for finding, touched in zip(outcome.applied, outcome.together, strict=True)
                if touched & {path, origin}
            )
            found.append(FileChange(path, origin, before, text, rules, existed))
    return found


@contextmanager
def _progress(total: int, request: Request) -> Iterator[Any]:
    """A bar on stderr, where somebody looks at it and the work takes long enough."""
    if request.quiet or total < PROGRESS_FROM or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn())
    # Without a thread that draws: worker processes are forked while the bar is shown.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.update(task, advance=count, refresh=True)
