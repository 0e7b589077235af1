"""The command line: `check`, `rules`, `explain`, `tree`, `serve`, `init`, `cache`."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from lsp_server import __version__

FORMATS = ("text", "json", "sarif", "github")
PROFILES = ("recommended", "aggressive")
SEVERITIES = ("error", "warning", "information", "hint")


class Commands(click.Group):
    """Commands in the order in which they stand here; what the system refuses is said in one
    line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader has seen enough
        except OSError as error:
            from lsp_server.check_request import Refused

            where = f"{error.filename}: " if error.filename else ""
            raise Refused(f"{where}{error.strerror or error}") from error


class Existing(click.Path):
    """A file or folder that is there. Whether it can be read is for the command to say."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; refused in one line where there is none."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.exists():
            from lsp_server.check_request import Refused

            raise Refused(f"there is no file or folder `{path}`.")
        return path


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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


@retort.command(short_help="Check a project; show what is wrong, or mend it.")
@click.argument("paths", nargs=-1, type=Existing())
@click.option("--fix", is_flag=True, help="Apply the fixes that keep behaviour (safe ones).")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also those to review.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--rule", "rules", multiple=True, metavar="RULE", help="Only this rule or pack; repeatable."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How the report is written.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write the report to a file.")
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
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
    from lsp_server.check_request import Request

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
    sys.exit(run_check(request))


@retort.command("rules", short_help="List the rules.")
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="aggressive",
    show_default=True,
    help="Only the rules that this profile runs.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the list is written.",
)
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


@retort.command(short_help="Show a rule's page, with bad and good code.")
@click.argument("rule")
def explain(rule: str) -> None:
    """Show the page of RULE: why it matters, bad and good code, when it is silent, what its fix
    does."""
    from lsp_server.check_request import refuse_rule
    from lsp_server.lint.registry import registry
    from lsp_server.report.pages import OWN, page

    text = page(rule)
    if text is None:
        refuse_rule("rule", rule, [*registry().rules, *OWN])
    _show_markdown(text)


def _show_markdown(text: str) -> None:
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


@retort.command(short_help="Show the supervision tree of a project.")
@click.argument("path", type=Existing(), default=Path())
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


@retort.command(short_help="Run the language server that editors start.")
@click.option("--tcp", metavar="HOST:PORT", help="Listen on a port instead of stdio.")
@click.option("--stdio", is_flag=True, help="Talk over stdin and stdout (the default).")
@click.option("--log-file", type=click.Path(path_type=Path), help="Write the log to a file.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="The least grave kind of message in the log.",
)
def serve(tcp: str | None, stdio: bool, log_file: Path | None, log_level: str) -> None:
    """Run the language server that editors start.

    With --tcp a HOST that is left out (":2087" or "2087") means 127.0.0.1.
    """
    if tcp is not None and stdio:
        raise click.UsageError("--tcp and --stdio exclude each other.")
    host, _, port = ("0" if tcp is None else tcp).rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"`{tcp}` is not HOST:PORT.")
    from lsp_server.check_request import Refused
    from lsp_server.server.run import serve_stdio, serve_tcp, set_up_log

    set_up_log(log_file, log_level)
    if tcp is None:
        serve_stdio()
    try:
        serve_tcp(host.strip("[]") or "127.0.0.1", int(port))
    except OSError as error:
        raise Refused(f"{tcp} cannot be listened on: {error.strerror}") from error


@retort.command(short_help="Write a .retort.toml with comments.")
@click.argument("path", type=Existing(), default=Path())
def init(path: Path) -> None:
    """Write a .retort.toml with comments into the project around PATH."""
    from lsp_server.check_request import Refused
    from lsp_server.config import FILE_NAME
    from lsp_server.project.files import find_root
    from lsp_server.report.catalogue import starter_configuration

    file = find_root(path.resolve()) / FILE_NAME
    if file.exists():
        raise Refused(f"{file} is there already.")
    file.write_text(starter_configuration(), "utf-8")
    click.echo(f"Wrote {file}")


@retort.group(cls=Commands)
def cache() -> None:
    """Show or remove what earlier checks left for the next one."""


@cache.command("path")
@click.argument("path", type=Existing(), default=Path())
def cache_path_(path: Path) -> None:
    """Show where the cache of the project around PATH lies."""
    from lsp_server.project.cache import cache_path
    from lsp_server.project.files import find_root

    click.echo(cache_path(find_root(path.resolve())))


@cache.command("clear")
@click.argument("path", type=Existing(), default=Path())
def cache_clear(path: Path) -> None:
    """Remove the cache of the project around PATH."""
    from lsp_server.project.cache import clear_cache
    from lsp_server.project.files import find_root

    cleared = clear_cache(find_root(path.resolve()))
    click.echo("The cache is gone." if cleared else "There was no cache.")
