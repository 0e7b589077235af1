"""What `retort check` does: find the project, check it, perhaps fix it, report, and choose the
status."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from lsp_server.check_request import Clock, Refused, Request, Selection, note_unread, refuse_rule
from lsp_server.project.files import find_root, find_roots, is_project_root, read_file
from lsp_server.project.standing import standing
from lsp_server.report.report import Report
from lsp_server.severity import Severity


def run_check(request: Request) -> int:
    """Carry the request out; the answer is the exit status."""
    _validate(request)
    clock = Clock()
    reports = []
    for root, selection in _projects(request).items():
        reports.append(_check(root, selection, request, clock))
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
    if request.fix and request.diff:
        raise click.UsageError("--fix changes files and --diff does not: choose one.")
    if request.unsafe_fixes and not (request.fix or request.diff):
        raise click.UsageError("--unsafe-fixes needs --fix or --diff.")
    if request.style != "text" and (request.diff or request.statistics):
        only = "--diff" if request.diff else "--statistics"
        raise click.UsageError(f"{only} is written as text alone.")
    for path in request.paths:
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            raise Refused(f"the folder `{path}` may not be read.")
    if request.rules:
        from lsp_server.lint.registry import registry
        from lsp_server.report.pages import OWN

        names = [*registry().rules, *registry().packs, *OWN, "retort"]
        for rule in request.rules:
            if rule not in names:
                refuse_rule("rule or pack", rule, names)


def _projects(request: Request) -> dict[Path, Selection]:
    """The projects of the paths, each with what of it is asked for."""
    found: dict[Path, Selection] = {}
    for path in request.paths:
        absolute = path.resolve()
        is_file = not absolute.is_dir()
        for root in [find_root(absolute)] if is_file else find_roots(absolute):
            selection = found.setdefault(root, Selection(request.rules, is_loose=True))
            selection.is_loose &= is_file and not is_project_root(root)
            inner = absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else ""
            selection.paths.add("" if inner == "." else inner)
    return found


def _check(root: Path, selection: Selection, request: Request, clock: Clock) -> Report:
    """The report of one project: as it stands since the last check, else of a new one."""
    if request.use_cache and request.changes_nothing and not selection.is_loose:
        known = standing(root, request.overrides)
        clock.step("look for changes")
        if known is not None:
            note_unread(root, known.paths, selection, request)
            findings = [one for one in known.findings if selection.wants(one)]
            files = selection.count(known.paths)
            return Report.for_project(root, partial(read_file, root), findings, files)
    from lsp_server.check_project import check_project

    return check_project(root, selection, request, clock)


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
