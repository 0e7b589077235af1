"""What `retort check` was asked for."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import click

from lsp_server.config import FILE_NAME
from lsp_server.lint.finding import Finding


class Refused(click.ClickException):
    """What was asked for does not exist or cannot be written: one line says so."""

    exit_code = 2


def refuse_rule(kind: str, name: str, known: Collection[str]) -> NoReturn:
    """Say that there is no rule (or whatever `kind` says) of a name, and which come near it."""
    from difflib import get_close_matches

    below = [one for one in known if one.startswith(f"{name}/")]
    near = get_close_matches(name, known, 3, 0.5)
    hint = "`retort rules` lists them."
    if below:
        hint = f"It is a pack: {', '.join(below)}."
    elif near:
        hint = f"Did you mean {' or '.join(f'`{one}`' for one in near)}?"
    raise Refused(f"there is no {kind} `{name}`. {hint}")


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

    @property
    def changes_nothing(self) -> bool:
        """Whether findings are all that is asked for."""
        return not self.fix and not self.diff


@dataclass
class Selection:
    """What of a project was asked for: paths from its root, "" for all of it; `rules` and packs,
    none for all. A project that only is the folder of a file is not read beyond the files asked
    for."""

    rules: tuple[str, ...] = ()
    paths: set[str] = field(default_factory=set)
    is_loose: bool = False

    def holds(self, path: str) -> bool:
        """Whether a file was asked for."""
        return any(one in ("", path) or path.startswith(f"{one}/") for one in self.paths)

    def count(self, paths: Iterable[str]) -> int:
        """How many of some files were asked for."""
        return sum(map(self.holds, paths))

    def wants(self, finding: Finding) -> bool:
        """Whether a finding was asked for."""
        named = (finding.rule, finding.rule.partition("/")[0])
        return self.holds(finding.path) and (
            not self.rules or any(rule in named for rule in self.rules)
        )


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


def note_unread(root: Path, read: Collection[str], selection: Selection, request: Request) -> None:
    """Say so where a file was named that is not read: nobody would guess it from silence."""
    if request.quiet:
        return
    for path in sorted(selection.paths.difference(read)):
        file = root / path
        if file.exists() and not file.is_dir() and path != FILE_NAME:
            click.echo(f"{path} is not read: it is no Elixir file, or it is excluded.", err=True)
