"""Rule cases: the examples in a rule's page and the Markdown files beside this module.

A case is a small project: files by path, the lines on which findings are expected, and perhaps the
files after all fixes. Marks (`# error: [pack/rule]`) are taken off before anything is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.lint.registry import page_of
from lsp_server.lint.rule import AnyRule
from tests.marks import take_marks

DEFAULT_PATHS = {
    "elixir": "lib/example.ex",
    "heex": "lib/example_web/example.html.heex",
    "leex": "lib/example_web/example.html.leex",
    "eex": "lib/example_web/example.html.eex",
}
BLOCK = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`(?P<state> fixed)?:[ \t]*\n+|^(?P<bare>fixed):[ \t]*\n+)?"
    r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```[ \t]*$",
    re.M | re.S,
)
TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """`expected` holds (path, zero-based line, rule); `fixed` is None where no fix is spoken of."""

    name: str
    rule: str
    files: Mapping[str, str]
    expected: frozenset[tuple[str, int, str]]
    fixed: Mapping[str, str] | None = None


@dataclass
class _Draft:
    files: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    marks: set[tuple[str, int, str]] = field(default_factory=set)

    def read(self, text: str) -> None:
        for block in BLOCK.finditer(text):
            path = block["path"] or DEFAULT_PATHS.get(block["language"], "lib/example.ex")
            if block["state"] or block["bare"]:
                self.fixed[path] = block["code"]
                continue
            code, marks = take_marks(block["code"])
            self.files[path] = code
            self.marks |= {(path, line, rule) for line, rule in marks}


def markdown_cases(rule: str) -> Iterator[Case]:
    """The cases of `tests/rules/<pack>/<rule>.md`, one per `##` heading."""
    path = TESTS / f"{rule}.md"
    if not path.exists():
        return
    parts = re.split(r"^## (.+)$", path.read_text("utf-8"), flags=re.M)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        draft = _Draft()
        draft.read(text)
        if draft.files:
            fixed = draft.fixed or None
            yield Case(title.strip(), rule, draft.files, frozenset(draft.marks), fixed)


def page_examples(rule: type[AnyRule], heading: str) -> dict[str, str]:
    """The files of the Bad or Good section of a rule's page, by path."""
    draft = _Draft()
    draft.read(page_of(rule).sections[heading] + "\n")
    return draft.files
