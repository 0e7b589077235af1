"""What `retort check` does: find the project, check it, perhaps fix it, report, and choose the
status."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from lsp_server.lint.finding import Finding
from lsp_server.project.files import find_roots
from lsp_server.project.fixing import Fixed, Fixer, safe, write
from lsp_server.project.full_check import FullCheck, answers
from lsp_server.project.workspace import Workspace
from lsp_server.report.report import Report
from lsp_server.severity import Severity

PROGRESS_FROM = 200  # files to read; less is over before a bar is drawn


@dataclass(frozen=True)
class Request:
    """The options of `retort check`."""

    paths: tuple[Path, ...]
    fix: bool = False
    diff: bool = False
    rules: tuple[str, ...] = ()
    style: str = "terminal"
    output: Path | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    fail_on: str = "warning"
    use_cache: bool = True
    statistics: bool = False
    quiet: bool = False


def run_check(request: Request) -> int:
    """Carry the request out; the answer is the exit status."""
    _validate(request)
    reports = []
    for root, selected in _projects(request.paths).items():
        workspace = Workspace(root, request.overrides)
        for problem in workspace.override_problems:
            raise click.UsageError(problem)
        reports.append(_check(workspace, selected, request))
    report = Report.of(reports)
    _write(report, request)
    if any(report.fixed.values()) and request.diff:
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
    if request.rules:
        from difflib import get_close_matches

        from lsp_server.lint.registry import registry

        names = [*registry().rules, *registry().packs]
        for rule in request.rules:
            if rule not in names and not rule.startswith("retort/"):
                near = get_close_matches(rule, names, 1, 0.4)
                hint = f" Did you mean `{near[0]}`?" if near else ""
                raise click.UsageError(f"there is no rule or pack `{rule}`.{hint}")


def _projects(paths: Iterable[Path]) -> dict[Path, set[str]]:
    """The projects of the paths, each with what of it is asked for ("" is all)."""
    found: dict[Path, set[str]] = {}
    for path in paths:
        absolute = path.resolve()
        for root in find_roots(absolute if absolute.is_dir() else absolute.parent):
            inner = absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else ""
            found.setdefault(root, set()).add("" if inner == "." else inner)
    return found


def _is_selected(path: str, selected: set[str]) -> bool:
    return any(one in ("", path) or path.startswith(f"{one}/") for one in selected)


def _check(workspace: Workspace, selected: set[str], request: Request) -> Report:
    check = FullCheck(workspace, use_cache=request.use_cache)
    fixing = request.fix or request.diff
    if check.is_current and not fixing:
        found = check.known_findings
    else:
        _run(check, request)
        found = check.findings

    def wanted(finding: Finding) -> bool:
        if not _is_selected(finding.path, selected):
            return False
        named = (finding.rule, finding.rule.partition("/")[0])
        return not request.rules or any(rule in named for rule in request.rules)

    fixed = Fixed()
    originals: dict[str, bytes] = {}
    if fixing:
        fixer = Fixer(workspace)
        paths = [path for path in workspace.paths_with_findings() if _is_selected(path, selected)]
        for _ in fixer.run(paths, lambda one: safe(one) and wanted(one)):
            pass
        fixed = fixer.outcome
        back = {new: old for old, new in fixed.renamed.items()}
        for path in fixed.texts:
            before = workspace.document(back.get(path, path))
            originals[path] = b"" if before is None else before.source
        if request.fix:
            write(workspace.root, fixed)
        workspace = fixer.workspace
        found = [
            one
            for path in sorted(workspace.paths_with_findings())
            for one in workspace.findings(path)
        ]
    findings = [one for one in found if wanted(one)]
    texts = {path: (originals[path], text) for path, text in fixed.texts.items()}
    files = len(check.entries)
    return Report.for_project(workspace, findings, files, texts, fixed.applied)


def _run(check: FullCheck, request: Request) -> None:
    todo = check.prepare()
    total = sum(map(len, todo))
    with _progress(total, request) as advance:
        for answer in answers(check.workspace.job(), todo, fork=True):
            advance(check.take(answer))
        for _ in check.finish():
            pass


@contextmanager
def _progress(total: int, request: Request) -> Iterator[Any]:
    """A bar on stderr, where somebody looks at it and the work takes long enough."""
    if request.quiet or total < PROGRESS_FROM or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def _write(report: Report, request: Request) -> None:
    if request.style == "json":
        from lsp_server.report.json_report import render
    elif request.style == "sarif":
        from lsp_server.report.sarif import render
    elif request.style == "github":
        from lsp_server.report.github import render
    else:
        from lsp_server.report.terminal import show

        show(report, request)
        return
    text = render(report)
    if request.output is None:
        click.echo(text)
    else:
        request.output.write_text(text + "\n", "utf-8")
