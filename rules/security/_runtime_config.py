"""Adds settings to `config/runtime.exs`, read from the environment, for one environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from lsp_server.document import Document
from lsp_server.facts.project.mix import mix_projects
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

WIDTH = 98
IMPORTS = ("import Config", "use Mix.Config")


def config_folder(snapshot: Snapshot, path: str) -> str:
    """The folder with the configuration of the application that a file belongs to; in an umbrella
    that of the root, unless the application has its own."""
    folders = [folder for folder in mix_projects(snapshot.index) if path.startswith(folder)]
    own = max(folders, key=len, default="")
    for folder in (own, ""):
        if snapshot.document(f"{folder}config/config.exs") is not None:
            return f"{folder}config/"
    return f"{own}config/"


def app_name(snapshot: Snapshot, path: str, module: str) -> str:
    """The name of the application that a file belongs to; without a mix.exs, after its module."""
    projects = mix_projects(snapshot.index)
    for folder in sorted(projects, key=len, reverse=True):
        if path.startswith(folder) and projects[folder].app:
            return projects[folder].app
    first = module.partition(".")[0]
    return snake(first.removesuffix("Web") or first)


def snake(name: str) -> str:
    """`RatesClient` as `rates_client`."""
    written: list[str] = []
    for at, char in enumerate(name):
        after_small = at > 0 and (name[at - 1].islower() or name[at - 1].isdigit())
        ends_run = at > 0 and name[at - 1].isupper() and name[at + 1 : at + 2].islower()
        if char.isupper() and (after_small or ends_run):
            written.append("_")
        written.append(char.lower())
    return "".join(written)


def read_from_environment(
    snapshot: Snapshot, folder: str, environment: str, call: str, variable: str
) -> Iterator[Operation]:
    """The setting `call` (with `%s` for its value) in the block of an environment of runtime.exs.

    The block is made if there is none, and the file too.
    """
    setting = call.replace("%s", f'System.fetch_env!("{variable}")')
    path = f"{folder}runtime.exs"
    document = snapshot.document(path)
    condition = f"if config_env() == :{environment} do"
    if document is None:
        yield CreateFile(path, f"import Config\n\n{condition}\n{_lines(setting, '  ')}\nend\n")
        return
    newline = line_ending(document.source)
    block = _block(document, environment)
    if block is None:
        text = f"{newline}{condition}{newline}{_lines(setting, '  ', newline)}{newline}end{newline}"
        end = len(document.source)
        missing = "" if document.source.endswith(b"\n") or not document.source else newline
        yield Edit(Span(end, end), missing + text, path)
        return
    close = document.lines.line_span(document.lines.line_at(block.end - 1)).start
    indent = document.lines.indentation(block.start).decode() + "  "
    gap = newline if block.body else ""
    text = f"{gap}{_lines(setting, indent, newline)}{newline}"
    yield Edit(Span(close, close), text, path)


def _block(document: Document, environment: str) -> Call | None:
    """The last `if config_env() == :prod do … end` at the top of a file that has no `else`."""
    wanted = (f"config_env()==:{environment}", f":{environment}==config_env()")
    found: Call | None = None
    for form in document.forms:
        node: Node = form.node
        if isinstance(node, Call) and node.name == "if" and node.do_block is not None:
            condition = node.written_arguments[0] if node.written_arguments else None
            written = "" if condition is None else "".join(condition.text.split())
            if written in wanted and node.do_block.sections == ["do"]:
                found = node
    return found


def _lines(setting: str, indent: str, newline: str = "\n") -> str:
    """A setting as `mix format` breaks it: its keywords on the next line if it is too long."""
    if len(indent) + len(setting) <= WIDTH:
        return indent + setting
    head, _, rest = setting.rpartition(", ")
    while head.count("[") > head.count("]"):
        head, _, before = head.rpartition(", ")
        rest = f"{before}, {rest}"
    return f"{indent}{head},{newline}{indent}  {rest}"


def default_for_development(
    snapshot: Snapshot, folder: str, call: str, value: str
) -> Iterator[Operation]:
    """The setting with a harmless value in config.exs, right behind its `import Config`, so that
    development and tests still have one; the file is made if there is none."""
    path = f"{folder}config.exs"
    document = snapshot.document(path)
    if document is None:
        yield CreateFile(path, f"import Config\n\n{_lines(call.replace('%s', value), '')}\n")
        return
    newline = line_ending(document.source)
    text = newline * 2 + _lines(call.replace("%s", value), "", newline)
    for form in document.forms:
        if form.bytes.decode("utf-8", "replace") in IMPORTS:
            yield Edit(Span(form.span.end, form.span.end), text, path)
            return


def environment_of(path: str) -> str:
    """The environment whose block in runtime.exs takes over from a file of `config/`."""
    stem = PurePosixPath(path).name.partition(".")[0]
    return "prod" if stem in ("config", "runtime", "release", "releases") else stem
