"""Tries every fix on real code: `python -m tests.audit TREE [--rule ID]… [--diffs N]`.

TREE is one real project. The fix of each finding is built and applied alone, in memory, and judged:
does it build anything, does the real Elixir still read and format what it leaves, is the finding
gone. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import difflib
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Column, Table

from lsp_server.check_request import Selection
from lsp_server.document import Document, Language
from lsp_server.lint.apply import Overlap, apply_edits, changes
from lsp_server.lint.checker import check_document, check_project, operations
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import AnyRule, ProjectRule, Rule
from lsp_server.project.full_check import FullCheck, answers
from lsp_server.project.renew import renewed
from lsp_server.project.workspace import Workspace
from tests.elixir_oracle import ElixirOracle

COLUMNS = ("offered", "empty", "broken", "unformatted", "still fires", "changes again")
Text = TypeVar("Text", str, bytes)
WIDTH = 110
BATCH = 200  # texts in one question to Elixir


@dataclass
class Trial:
    """One fix and what came of it: the touched texts, None where a file was not there before."""

    finding: Finding
    line: int
    before: dict[str, bytes | None] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)  # files that got another path
    faults: dict[str, str] = field(default_factory=dict)  # by column: what is wrong

    def diff(self) -> Iterator[str]:
        """What the fix does, as a unified diff."""
        for path, text in self.after.items():
            old = (self.before.get(path) or b"").decode("utf-8", "replace").splitlines()
            new = text.decode("utf-8", "replace").splitlines()
            yield from difflib.unified_diff(old, new, path, path, lineterm="")


def loaded(tree: Path, profile: str) -> Workspace:
    """A project with all of its findings."""
    workspace = Workspace(tree, {"profile": profile})
    check = FullCheck(workspace, use_cache=False)
    for _ in check.find():
        pass
    for _ in check.learn():
        pass
    for answer in answers(workspace.job(), check.todo, fork=True):
        check.take(answer)
    for _ in check.finish():
        pass
    return workspace


def findings_of(rule: AnyRule, workspace: Workspace, paths: Iterable[str]) -> list[Finding]:
    """What a rule says of files, as things are."""
    wanted = set(paths)
    if isinstance(rule, ProjectRule):
        found = check_project(rule, workspace.snapshot)
        return [one for one in found if one.path in wanted]
    assert isinstance(rule, Rule)
    documents = [one for path in wanted if (one := workspace.document(path)) is not None]
    context, settings = workspace.context, workspace.settings
    return [one for each in documents for one in check_document(each, [rule], context, settings)]


def build(trial: Trial, workspace: Workspace) -> None:
    """Note what the fix of a fresh finding writes."""
    try:
        todo = changes(operations(trial.finding, workspace.snapshot))
    except Overlap:
        trial.faults["broken"] = "two edits overlap"
        return
    for path, edits in todo.edits.items():
        source = workspace.source(path)
        if source is None:
            trial.faults["broken"] = f"{path} is not there"
            return
        trial.before[path], trial.after[path] = source, apply_edits(source, edits)
    for path, text in todo.created.items():
        if workspace.source(path) is not None:
            trial.faults["broken"] = f"{path} is there already"
        trial.before[path], trial.after[path] = None, text.encode()
    for path, new in todo.renamed.items():
        source = workspace.source(path)
        trial.before[new] = source
        trial.after[new] = trial.after.pop(path, source or b"")
        trial.gone.append(path)
    if trial.after == trial.before:
        trial.faults["empty"] = "nothing is built"


def check_again(trial: Trial, rule: AnyRule, workspace: Workspace) -> None:
    """Note whether the rule still says as much of the touched files, and its fix does more."""
    paths = {trial.finding.path, *trial.before, *trial.after}
    count = places(findings_of(rule, workspace, paths))
    twin = workspace.fork()
    for path in trial.gone:
        twin.remove(path)
        paths.discard(path)
    for path, text in trial.after.items():
        twin.open_document(path, text, None)
        twin.collect(path)
    found = findings_of(rule, twin, paths)
    if places(found) < count:
        return
    trial.faults["still fires"] = f"{count} places became {places(found)}"
    told = trial.finding.message
    nearest = min(
        found, key=lambda one: (one.message != told, abs(one.span.start - trial.finding.span.start))
    )
    again = Trial(nearest, 0)
    build(again, twin)
    if again.after and "empty" not in again.faults:
        trial.faults["changes again"] = nearest.message


def places(findings: Iterable[Finding]) -> int:
    """How many places findings speak of: a fix may solve one of several."""
    return sum(1 + len(one.related) for one in findings)


class Judge:
    """What the real Elixir says of texts; each is asked about once."""

    def __init__(self, oracle: ElixirOracle) -> None:
        self.oracle = oracle
        self._refusals: dict[bytes, str | None] = {}
        self._eex: dict[str, str | None] = {}
        self._formatted: dict[bytes, bool] = {}

    def learn(self, trials: list[Trial]) -> None:
        """Ask about the texts of many fixes at once."""
        codes: dict[bytes, None] = {}
        templates: dict[str, None] = {}
        for trial in trials:
            for path in trial.after:
                for text in (trial.before.get(path), trial.after[path]):
                    document = Document(path, text or b"")
                    templates |= dict.fromkeys(pieces(document))
                    if text is not None and document.language is Language.ELIXIR:
                        codes[text] = None
        for some in batches([one for one in codes if one not in self._refusals]):
            decoded = [one.decode("utf-8", "replace") for one in some]
            self._refusals |= zip(some, self.oracle.parse_all(decoded), strict=True)
            formatted = self.oracle.format_all(decoded)
            same = [old == new for old, new in zip(decoded, formatted, strict=True)]
            self._formatted |= zip(some, same, strict=True)
        for names in batches([one for one in templates if one not in self._eex]):
            self._eex |= zip(names, self.oracle.eex_parse_all(names), strict=True)

    def judge(self, trial: Trial) -> None:
        """Note what is wrong with the texts of a fix that was not wrong before."""
        for path, after in trial.after.items():
            before = trial.before.get(path)
            new, old = Document(path, after), Document(path, before or b"")
            if new.language is Language.ELIXIR:
                if reason := self._refusals[after]:
                    trial.faults["broken"] = f"{path}: {reason}"
                elif (before is None or self._formatted[before]) and not self._formatted[after]:
                    trial.faults["unformatted"] = path
            if torn(new) > torn(old):
                trial.faults["broken"] = f"{path}: the template is not balanced"
            reasons = {reason for one in pieces(new) if (reason := self._eex[one])}
            if reasons and not any(self._eex[one] for one in pieces(old)):
                trial.faults["broken"] = f"{path}: {reasons}"


def pieces(document: Document) -> list[str]:
    """The texts of the templates of a file."""
    spans = [one.span for one in document.templates]
    return [document.source[one.start : one.end].decode("utf-8", "replace") for one in spans]


def torn(document: Document) -> int:
    """How many things are wrong in the templates of a file."""
    return sum(
        len(layer.template.errors) + layer.tree.raw.root_node.has_error
        for layer in document.templates
    )


def batches(texts: list[Text]) -> Iterator[list[Text]]:
    """Texts in questions of a bearable size."""
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]


def audit(workspace: Workspace, selection: Selection, most: int) -> Mapping[str, list[Trial]]:
    """The fixes of a project by rule, judged; of more than `most` of a rule some are drawn."""
    by_rule: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in workspace.all_findings():
        if one.fix is not None and one.rule in workspace.registry and selection.wants(one):
            by_rule[one.rule].append(one)
    trials: dict[str, list[Trial]] = {}
    for name, offered in sorted(by_rule.items()):
        drawn = random.Random(0).sample(offered, min(most, len(offered)))
        rule = workspace.registry.rules[name]
        trials[name] = []
        for fresh in renewed(workspace, {(one.path, one.rule, one.fingerprint) for one in drawn}):
            document = workspace.document(fresh.path)
            line = 0 if document is None else document.lines.line_at(fresh.span.start) + 1
            trial = Trial(fresh, line)
            build(trial, workspace)
            if not trial.faults:
                check_again(trial, rule, workspace)
            trials[name].append(trial)
    with ElixirOracle() as oracle:
        judge = Judge(oracle)
        tried = [one for some in trials.values() for one in some]
        judge.learn(tried)
        for trial in tried:
            judge.judge(trial)
    return trials


def main() -> None:
    """Audit a project and print what is wrong with its fixes, and the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rule", action="append", default=[], help="a rule or a pack")
    parser.add_argument("--profile", default="recommended")
    parser.add_argument("--most", type=int, default=60, help="fixes of one rule that are tried")
    parser.add_argument("--diffs", type=int, default=0, help="diffs of each rule to show")
    given = parser.parse_args()
    workspace = loaded(given.tree, given.profile)
    selection = Selection(tuple(given.rule), {""})
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.width = max(console.width, WIDTH)
    table = Table(Column("rule", no_wrap=True), *COLUMNS)
    for rule, trials in audit(workspace, selection, given.most).items():
        for one in trials:
            for column, reason in one.faults.items():
                told = f"{one.finding.path}:{one.line}: {one.finding.message} [{rule}]"
                console.print(f"{column}: {told}: {reason}")
        for one in random.Random(1).sample(trials, min(given.diffs, len(trials))):
            console.print(f"\n{rule} {one.finding.path}:{one.line}: {one.finding.message}")
            console.print("\n".join(one.diff()))
        counts = (sum(column in one.faults for one in trials) for column in COLUMNS[1:])
        table.add_row(rule, str(len(trials)), *(str(count or "") for count in counts))
    console.print(table)


if __name__ == "__main__":
    main()
