"""What `retort check` does: find the project, check it, perhaps fix it, report, and choose the
status."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from lsp_server.config import FILE_NAME
from lsp_server.lint.finding import Finding
from lsp_server.project.files import find_root, find_roots, is_project_root
from lsp_server.project.fixing import Fixed, Fixer, safe, write
from lsp_server.project.full_check import FullCheck, answers
from lsp_server.project.workspace import Workspace
from lsp_server.report.report import FileChange, Report
from lsp_server.severity import Severity

PROGRESS_FROM = 200  # files to read; less is over before a bar is drawn


@dataclass(frozen=True)
class Request:
    """The options of `retort check`."""

    paths: tuple[Path, ...]
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    rules: tuple[str, ...] = ()
    style: str = "text"
    output: Path | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    fail_on: str = "hint"
    use_cache: bool = True
    statistics: bool = False
    timings: bool = False
    quiet: bool = False


@dataclass
class Selection:
    """What of a project was asked for: paths from its root, "" for all of it. A project that only
    is the folder of a file is not read beyond the files asked for."""

    paths: set[str] = field(default_factory=set)
    is_loose: bool = False

    def holds(self, path: str) -> bool:
        """Whether a file was asked for."""
        return any(one in ("", path) or path.startswith(f"{one}/") for one in self.paths)


class Clock:
    """How long the steps of a check took."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.steps: dict[str, float] = {}

    def step(self, name: str) -> None:
        """A step has ended."""
        now = time.perf_counter()
        self.steps[name] = self.steps.get(name, 0.0) + now - self._last
        self._last = now


def run_check(request: Request) -> int:
    """Carry the request out; the answer is the exit status."""
    _validate(request)
    clock = Clock()
    reports = []
    for root, selection in _projects(request).items():
        workspace = Workspace(root, request.overrides)
        reports.append(_check(workspace, selection, request, clock))
    report = Report.of(reports)
    _write(report, request)
    clock.step("report")
    if request.timings:
        for name, seconds in clock.steps.items():
            click.echo(f"{seconds * 1000:8.1f} ms  {name}", err=True)
    if request.diff and report.changes:
        return 1
    if request.fail_on == "never":
        return 0
    limit = Severity[request.fail_on.upper()]
    return 1 if any(finding.severity <= limit for finding in report.findings) else 0


def _validate(request: Request) -> None:
    for path in request.paths:
        if not path.exists():
            raise click.UsageError(f"there is no file or folder `{path}`.")
    if request.fix and request.diff:
        raise click.UsageError("--fix changes files and --diff does not: choose one.")
    if request.unsafe_fixes and not (request.fix or request.diff):
        raise click.UsageError("--unsafe-fixes needs --fix or --diff.")
    if request.rules:
        from difflib import get_close_matches

        from lsp_server.lint.registry import registry

        names = [*registry().rules, *registry().packs]
        for rule in request.rules:
            if rule not in names and not rule.startswith("retort/"):
                near = get_close_matches(rule, names, 1, 0.4)
                hint = f" Did you mean `{near[0]}`?" if near else ""
                raise click.UsageError(f"there is no rule or pack `{rule}`.{hint}")


def _projects(request: Request) -> dict[Path, Selection]:
    """The projects of the paths, each with what of it is asked for."""
    found: dict[Path, Selection] = {}
    for path in request.paths:
        absolute = path.resolve()
        is_file = not absolute.is_dir()
        for root in [find_root(absolute)] if is_file else find_roots(absolute):
            selection = found.setdefault(root, Selection(is_loose=True))
            selection.is_loose &= is_file and not is_project_root(root)
            inner = absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else ""
            selection.paths.add("" if inner == "." else inner)
    return found


def _check(workspace: Workspace, selection: Selection, request: Request, clock: Clock) -> Report:
    only = selection.paths if selection.is_loose else None
    check = FullCheck(workspace, use_cache=request.use_cache and only is None, only=only)
    for _ in check.find():
        pass
    clock.step("find files")
    _note_what_is_not_read(check, selection, request)

    def wanted(finding: Finding) -> bool:
        named = (finding.rule, finding.rule.partition("/")[0])
        return selection.holds(finding.path) and (
            not request.rules or any(rule in named for rule in request.rules)
        )

    if check.is_current and not request.fix and not request.diff:
        found = check.known_findings
        clock.step("read the cache")
    else:
        _run(check, request, clock)
        found = workspace.all_findings()
    changes: list[FileChange] = []
    applied = 0
    if request.fix or request.diff:
        fixer = Fixer(workspace)
        paths = [path for path in workspace.paths_with_findings() if selection.holds(path)]
        for _ in fixer.run(paths, lambda one: wanted(one) and (request.unsafe_fixes or safe(one))):
            pass
        clock.step("fix")
        alone = write(workspace.root, fixer.outcome) if request.fix else set[str]()
        for path in sorted(alone):
            click.echo(f"{path} was left alone: it has changed meanwhile.", err=True)
        changes = _changes(fixer.outcome, alone)
        applied = sum(1 for paths in fixer.outcome.together if not paths & alone)
        workspace = fixer.workspace
        found = workspace.all_findings()
    findings = [one for one in found if wanted(one)]
    return Report.for_project(workspace, findings, len(check.entries), changes, applied)


def _note_what_is_not_read(check: FullCheck, selection: Selection, request: Request) -> None:
    """Say so where a file was named that is not read: nobody would guess it from silence."""
    if request.quiet:
        return
    read = {entry.path for entry in check.entries}
    root = check.workspace.root
    for path in sorted(selection.paths - read):
        if (root / path).is_file() and path != FILE_NAME:
            click.echo(f"{path} is not read: it is no Elixir file, or it is excluded.", err=True)


def _run(check: FullCheck, request: Request, clock: Clock) -> None:
    for _ in check.learn():
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


def _changes(outcome: Fixed, alone: set[str]) -> list[FileChange]:
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


def _write(report: Report, request: Request) -> None:
    if request.style == "text":
        from lsp_server.report.terminal import show

        show(report, request)
        return
    if request.style == "json":
        from lsp_server.report.json_report import render
    elif request.style == "sarif":
        from lsp_server.report.sarif import render
    else:
        from lsp_server.report.github import render
    text = render(report)
    if request.output is not None:
        request.output.write_text(text + "\n", "utf-8")
    elif text:
        click.echo(text)
