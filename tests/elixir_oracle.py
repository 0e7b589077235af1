"""The real Elixir, asked whether it parses, formats and reads a text as the tests say it does.

One `elixir` process lives as long as its `ElixirOracle` and answers batches on both cores, so that
thousands of snippets cost seconds and not the 300 ms of a start-up each. What it does not have is a
project: no macro is expanded and no formatter plugin runs (the insides of `~H` stay as they are).
"""

from __future__ import annotations

import os
import shlex
import shutil
import struct
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias, cast

from tests.locals_without_parens import LOCALS_WITHOUT_PARENS

SCRIPT = Path(__file__).with_suffix(".exs")
COUNT = struct.Struct(">I")

Locals: TypeAlias = Iterable[tuple[str, int]]


class ElixirSyntaxError(ValueError):
    """Elixir could not read a text; the message says on which line and why."""


class OracleStopped(RuntimeError):
    """The `elixir` process ended by itself; the message holds what it wrote to stderr."""


def elixir_command() -> list[str] | None:
    """How to start Elixir: `$RETORT_ELIXIR` (a command line), else `elixir` on PATH, else None."""
    if configured := os.environ.get("RETORT_ELIXIR"):
        return shlex.split(configured)
    found = shutil.which("elixir")
    return [found] if found else None


class ElixirOracle:
    """A conversation with one `elixir` process (1.14 or later); close it, or use it in `with`."""

    def __init__(self, command: Sequence[str] = ("elixir",)) -> None:
        # A file, for a full pipe that nobody reads would stop the process.
        self._stderr = TemporaryFile()  # noqa: SIM115 (closed by close)
        self._process = subprocess.Popen(
            # -noinput leaves stdin to the script's port; the atom table outlasts fuzzing.
            [*command, "--erl", "+fnu +t 8000000 -noinput", "-e", SCRIPT.read_text("utf-8")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
        self.version = self._receive()[0].removeprefix("+")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; harmless when it has ended already."""
        for pipe in (self._stdin, self._stdout):
            pipe.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()

    def parses(self, code: str) -> str | None:
        """Why `Code.string_to_quoted/2` refuses the text, with the line; None where it does not."""
        return self.parse_all([code])[0]

    def parse_all(self, codes: Iterable[str]) -> list[str | None]:
        """`parses` of each text, in order."""
        return [_reason(answer) for answer in self._ask("parse", codes)]

    def eex_parses(self, template: str) -> str | None:
        """Why `EEx.compile_string/2` refuses the template; None where it does not.

        For `.heex` this checks the EEx and the Elixir inside it, not tags and not `{}`.
        """
        return self.eex_parse_all([template])[0]

    def eex_parse_all(self, templates: Iterable[str]) -> list[str | None]:
        """`eex_parses` of each template, in order."""
        return [_reason(answer) for answer in self._ask("eex", templates)]

    def format(
        self,
        code: str,
        *,
        line_length: int = 98,
        locals_without_parens: Locals = LOCALS_WITHOUT_PARENS,
    ) -> str:
        """The text as `mix format` writes it; raises ElixirSyntaxError where it cannot be read."""
        (formatted,) = self.format_all(
            [code], line_length=line_length, locals_without_parens=locals_without_parens
        )
        if isinstance(formatted, ElixirSyntaxError):
            raise formatted
        return formatted

    def format_all(
        self,
        codes: Iterable[str],
        *,
        line_length: int = 98,
        locals_without_parens: Locals = LOCALS_WITHOUT_PARENS,
    ) -> list[str | ElixirSyntaxError]:
        """`format` of each text, in order; an error stands in the place of what it is about."""
        options = _format_options(line_length, frozenset(locals_without_parens))
        return [_text_or_error(answer) for answer in self._ask("format", codes, options)]

    def is_formatted(
        self,
        code: str,
        *,
        line_length: int = 98,
        locals_without_parens: Locals = LOCALS_WITHOUT_PARENS,
    ) -> bool:
        """Whether `mix format` would leave the text alone; False where it cannot be read."""
        formatted = self.format_all(
            [code], line_length=line_length, locals_without_parens=locals_without_parens
        )
        return formatted == [code]

    def ast_equal(self, left: str, right: str) -> bool:
        """Whether two texts mean the same quoted expression, metadata aside.

        Raises ElixirSyntaxError where one of them cannot be read.
        """
        (equal,) = self.ast_equal_all([(left, right)])
        if isinstance(equal, ElixirSyntaxError):
            raise equal
        return equal

    def ast_equal_all(self, pairs: Iterable[tuple[str, str]]) -> list[bool | ElixirSyntaxError]:
        """`ast_equal` of each pair, in order; an error stands in the place of what it is about."""
        answers = map(_text_or_error, self._ask("ast_equal", chain.from_iterable(pairs)))
        return [a if isinstance(a, ElixirSyntaxError) else a == "true" for a in answers]

    @property
    def _stdin(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdin)

    @property
    def _stdout(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdout)

    def _ask(self, operation: str, snippets: Iterable[str], options: str = "[]") -> list[str]:
        fields = [field.encode() for field in (operation, options, *snippets)]
        body = b"".join(COUNT.pack(len(field)) + field for field in fields)
        try:
            self._stdin.write(COUNT.pack(len(body)) + body)
            self._stdin.flush()
        except BrokenPipeError:
            raise self._stopped() from None
        return self._receive()

    def _receive(self) -> list[str]:
        (size,) = COUNT.unpack(self._read(COUNT.size))
        body = self._read(size)
        fields: list[str] = []
        start = 0
        while start < size:
            (length,) = COUNT.unpack_from(body, start)
            start += COUNT.size + length
            fields.append(body[start - length : start].decode())
        return fields

    def _read(self, size: int) -> bytes:
        data = self._stdout.read(size)
        if len(data) < size:
            raise self._stopped()
        return data

    def _stopped(self) -> OracleStopped:
        self._process.kill()
        self._process.wait()
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace")
        return OracleStopped(f"elixir ended with {self._process.returncode}: {said}")


@cache
def _format_options(line_length: int, locals_: frozenset[tuple[str, int]]) -> str:
    keywords = ", ".join(f"{name}: {arity}" for name, arity in sorted(locals_))
    return f"[line_length: {line_length}, locals_without_parens: [{keywords}]]"


def _reason(answer: str) -> str | None:
    return None if answer.startswith("+") else answer[1:]


def _text_or_error(answer: str) -> str | ElixirSyntaxError:
    return answer[1:] if answer.startswith("+") else ElixirSyntaxError(answer[1:])
