"""The command line: `check`, `rules`, `explain`, `tree`, `serve`, `init`, `cache`."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path

import click

from lsp_server import __version__

FORMATS = ("text", "json", "sarif", "github")
SEVERITIES = ("error", "warning", "information", "hint")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="retort %(version)s")
def retort() -> None:
    """Retort reviews Elixir projects (Phoenix, LiveView, Ecto, OTP, Ash) without compiling them.

    \b
    retort check            look at the project around this folder
    retort check --fix      and apply every fix that keeps behaviour
    retort explain RULE     why a finding matters, with bad and good code
    retort tree             the supervision tree of the project
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # no letter is worth an exception
            stream.reconfigure(errors="backslashreplace")


@retort.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Apply the fixes that keep behaviour (safe ones).")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also those to review.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="Only this rule or pack.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the report to a file.")
@click.option(
    "--profile",
    type=click.Choice(["recommended", "aggressive"]),
    help="How strict to be, whatever .retort.toml says.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    default="hint",
    show_default=True,
    help="The least severity that makes the exit status 1.",
)
@click.option("--no-cache", is_flag=True, help="Read every file again.")
@click.option("--statistics", is_flag=True, help="Count findings by rule instead of listing them.")
@click.option("--timings", is_flag=True, help="Say on stderr how long each step took.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no summary.")
def check(
    paths: tuple[Path, ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    rules: tuple[str, ...],
    style: str,
    output: Path | None,
    profile: str | None,
    fail_on: str,
    no_cache: bool,
    statistics: bool,
    timings: bool,
    quiet: bool,
) -> None:
    """Check the project around PATHS (files or folders; this folder by default).

    The whole project is read, as rules join facts of many files; only findings in PATHS are shown.

    Exit status: 0 nothing to report, 1 findings, 2 the command cannot be carried out.
    """
    from lsp_server.check_command import run_check
    from lsp_server.check_request import Refused, Request

    request = Request(
        tuple(paths) or (Path(),),
        fix=fix,
        unsafe_fixes=unsafe_fixes,
        diff=diff,
        rules=rules,
        style=style,
        output=output,
        overrides={} if profile is None else {"profile": profile},
        fail_on=fail_on,
        use_cache=not no_cache,
        statistics=statistics,
        timings=timings,
        quiet=quiet,
    )
    try:
        status = run_check(request)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise Refused(f"{where}{error.strerror or error}") from error
    sys.exit(status)


@retort.command("rules")
@click.option("--profile", type=click.Choice(["recommended", "aggressive"]), default="aggressive")
@click.option("--format", "style", type=click.Choice(["text", "json", "markdown"]), default="text")
def rules_(profile: str, style: str) -> None:
    """List the rules with their severity and what they are about."""
    from lsp_server.report.catalogue import catalogue_markdown, rule_rows

    if style == "markdown":
        click.echo(catalogue_markdown(profile), nl=False)
        return
    rows = list(rule_rows(profile))
    if style == "json":
        import json

        click.echo(json.dumps([row.as_json() for row in rows], indent=2))
        return
    width = max((len(row.id) for row in rows), default=0)
    for row in rows:
        mark = "+" if row.profile == "aggressive" else " "
        click.echo(f"{row.id:<{width}} {mark} {row.severity:<11} {row.summary}")
    click.echo(f"\n{len(rows)} rules; + runs only in the profile `aggressive`.")


@retort.command()
@click.argument("rule")
def explain(rule: str) -> None:
    """Show a rule's page: why it matters, bad and good code, when it is silent, what its fix
    does."""
    from difflib import get_close_matches

    from lsp_server.check_request import Refused
    from lsp_server.lint.registry import registry
    from lsp_server.report.pages import page

    text = page(rule)
    if text is None:
        near = get_close_matches(rule, registry().rules, 3, 0.4)
        hint = f" Did you mean {' or '.join(near)}?" if near else " `retort rules` lists them."
        raise Refused(f"there is no rule `{rule}`.{hint}")
    _show_markdown(text)


def _show_markdown(text: str) -> None:
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


@retort.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=Path())
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "mermaid", "json"]),
    default="text",
    show_default=True,
    help="A drawing, a Mermaid flowchart, or JSON with the place of each process.",
)
def tree(path: Path, style: str) -> None:
    """Show the supervision tree of the project around PATH, as its code says it.

    Every application of an umbrella has a tree of its own. Processes that are started on demand
    stand below the supervisor that starts them; children that are computed show as "…".
    """
    from functools import partial

    from lsp_server.facts.processes.supervision_tree import supervision_trees
    from lsp_server.project.files import find_root
    from lsp_server.project.full_check import FullCheck, answers
    from lsp_server.project.workspace import Workspace
    from lsp_server.report.tree import as_json, place_in, render

    workspace = Workspace(find_root(path.resolve()), {})
    check = FullCheck(workspace)
    for step in (check.find(), check.learn()):
        for _ in step:
            pass
    for answer in answers(workspace.job(), check.todo, fork=True):
        check.take(answer)
    trees = supervision_trees(workspace.index)
    if style == "json":
        click.echo(as_json(trees, partial(place_in, workspace.document)))
    else:
        click.echo(render(trees, style))


@retort.command()
@click.option("--tcp", metavar="HOST:PORT", help="Listen on a port instead of stdio.")
@click.option("--stdio", is_flag=True, help="Talk over stdin and stdout (the default).")
@click.option("--log-file", type=click.Path(path_type=Path), help="Write the log to a file.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
)
def serve(tcp: str | None, stdio: bool, log_file: Path | None, log_level: str) -> None:
    """Run the language server that editors start.

    With --tcp a HOST that is left out (":2087" or "2087") means 127.0.0.1.
    """
    if tcp is not None and stdio:
        raise click.UsageError("--tcp and --stdio exclude each other.")
    from lsp_server.server.run import serve_stdio, serve_tcp, set_up_log

    try:
        set_up_log(log_file, log_level)
    except OSError as error:
        raise click.UsageError(f"the log cannot be written: {error}") from error
    if tcp is None:
        serve_stdio()
    host, _, port = tcp.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"`{tcp}` is not HOST:PORT.")
    try:
        serve_tcp(host.strip("[]") or "127.0.0.1", int(port))
    except OSError as error:
        raise click.UsageError(f"{tcp} cannot be listened on: {error.strerror}") from error


@retort.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(folder: Path) -> None:
    """Write a .retort.toml with comments into the project around FOLDER."""
    from lsp_server.config import FILE_NAME
    from lsp_server.project.files import find_root
    from lsp_server.report.catalogue import starter_configuration

    path = find_root(folder.resolve()) / FILE_NAME
    if path.exists():
        raise click.ClickException(f"{path} is there already.")
    path.write_text(starter_configuration(), "utf-8")
    click.echo(f"Wrote {path}")


@retort.group()
def cache() -> None:
    """What earlier checks left for the next one."""


@cache.command("path")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def cache_path_(folder: Path) -> None:
    """Show where the cache of the project around FOLDER lies."""
    from lsp_server.project.cache import cache_path
    from lsp_server.project.files import find_root

    click.echo(cache_path(find_root(folder.resolve())))


@cache.command("clear")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def cache_clear(folder: Path) -> None:
    """Remove the cache of the project around FOLDER."""
    from lsp_server.project.cache import clear_cache
    from lsp_server.project.files import find_root

    cleared = clear_cache(find_root(folder.resolve()))
    click.echo("The cache is gone." if cleared else "There was no cache.")
