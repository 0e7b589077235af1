"""Rules that exist for tests alone, one for every way in which a rule can behave.

`python -m tests.planted serve …` is `retort serve …` with these rules beside the real ones.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from lsp_server.document import Document
from lsp_server.facts.modules import Function
from lsp_server.facts.modules import Module as ModuleFact
from lsp_server.lint import registry as registry_module
from lsp_server.lint.file import File
from lsp_server.lint.finding import CreateFile, Edit, Finding, Fix, Related, RenameFile
from lsp_server.lint.registry import Registry, load
from lsp_server.lint.rule import AnyRule, ProjectRule, Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import String
from lsp_server.syntax.outline import Module

PAGE = """

## Bad

```elixir
one()
```

## Good

```elixir
three()
```
"""


class Counting(Rule):
    __doc__ = (
        "A call of `one/0` or `two/0`, where `three/0` is meant; mended one step at a time." + PAGE
    )
    id = "planted/counting"

    @on(Call, name=("one", "two"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        better = {"one": "two", "two": "three"}[call.name]
        where = call.name_span
        fix = Fix.safe(f"Write {better}", lambda _: [Edit(where, better)])
        yield self.finding(where, f"`{call.name}` is not enough", fix=fix)


class Reviewed(Rule):
    __doc__ = "A call of `risky/0`, whose fix somebody should look at." + PAGE
    id = "planted/reviewed"

    @on(Call, name="risky")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        where = call.name_span
        fix = Fix.review("Write calm", lambda _: [Edit(where, "calm")])
        yield self.finding(where, "`risky` is called", fix=fix)


class Creating(Rule):
    __doc__ = "A call of `make_file/0`, whose fix writes a file." + PAGE
    id = "planted/creating"

    @on(Call, name="make_file")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        where = call.name_span
        created = CreateFile("lib/made/new.ex", "defmodule Made.New do\nend\n")
        fix = Fix.review(
            "Make the file", lambda _: [Edit(where, "made_file"), created], needs_files=True
        )
        yield self.finding(where, "the file is missing", fix=fix)


class Renaming(Rule):
    __doc__ = "A call of `rename_me/0`, whose safe fix renames the file that holds it." + PAGE
    id = "planted/renaming"

    @on(Call, name="rename_me")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        where, path = call.name_span, file.path
        moved = RenameFile(path, path.replace(".ex", "_moved.ex"))
        fix = Fix.safe("Rename", lambda _: [Edit(where, "renamed"), moved], needs_files=True)
        yield self.finding(where, "the file has the wrong name", fix=fix)


class Raising(Rule):
    __doc__ = "A rule with a mistake in it." + PAGE
    id = "planted/raising"

    @on(Call, name="make_the_rule_raise")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        yield self.finding(call, "never seen")
        raise ValueError("a mistake in the rule")


class RaisingFix(Rule):
    __doc__ = "A rule whose fix has a mistake in it." + PAGE
    id = "planted/raising-fix"

    @on(Call, name="make_the_fix_raise")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        def build(_: Snapshot) -> list[Edit]:
            raise ValueError("a mistake in the fix")

        yield self.finding(call.name_span, "a call", fix=Fix.safe("Try", build))


class Idle(Rule):
    __doc__ = "A call of `stay/0`, whose fix finds nothing to do." + PAGE
    id = "planted/idle"

    @on(Call, name="stay")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        fix = Fix.safe("Do nothing", lambda _: [])
        yield self.finding(call.name_span, "a call that stays", fix=fix)


class Spelling(Rule):
    __doc__ = "A text that holds `teh`." + PAGE
    id = "planted/spelling"
    severity = Severity.HINT

    @on(String)
    def check(self, text: String, file: File) -> Iterator[Finding]:
        if b"teh" in text.bytes:
            yield self.finding(text, f"a text of {file.module.name or 'no module'} is misspelt")


class Emphasis(Rule):
    __doc__ = "A `<b>` in a template, or the attribute `bgcolor`." + PAGE
    id = "planted/emphasis"

    @on(heex.Tag, name="b")
    def check(self, tag: heex.Tag, file: File) -> Iterator[Finding]:
        where = tag.name_span
        yield self.finding(
            where, "`b` says nothing", fix=Fix.safe("Write i", lambda _: [Edit(where, "i")])
        )

    @on(heex.Attribute, name="bgcolor")
    def check_attribute(self, attribute: heex.Attribute, file: File) -> Iterator[Finding]:
        yield self.finding(attribute.name_span, "`bgcolor` belongs into a style sheet")


class Named(Rule):
    __doc__ = "A call of `fetch`; says whose function that is." + PAGE
    id = "planted/named"

    @on(Call, name="fetch")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        yield self.finding(call.name_span, f"`fetch` of {file.module_of(call)}")


class Attributed(Rule):
    __doc__ = "A call of `limited/0` in a module that has a `@limit`." + PAGE
    id = "planted/attributed"

    @on(Call, name="limited")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        limit = file.module.attribute("limit")
        if limit is not None:
            related = Related(limit.span, "the limit")
            yield self.finding(call.name_span, f"limited to {limit.text}", related=[related])


class Whole(Rule):
    __doc__ = (
        "A module with more than two functions, and a file with more than three modules." + PAGE
    )
    id = "planted/whole"

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        functions = sorted({function.name for function in module.functions})
        if len(functions) > 2:
            last = [*module.functions][-1]
            related = Related(last.name_span, "the last of them")
            yield self.finding(module.name_span, f"`{module.name}` is large", related=[related])

    @on(Document)
    def check_document(self, document: Document, file: File) -> Iterator[Finding]:
        if len(document.modules) > 4:
            yield self.finding(document.modules[4].name_span, "one module too many")


class Strict(Rule):
    __doc__ = "A call of `hm/0`, which only the strict mind." + PAGE
    id = "planted/strict"
    profile = Profile.AGGRESSIVE

    @on(Call, name="hm")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        yield self.finding(call.name_span, "`hm` is called")


class Versioned(Rule):
    __doc__ = "A call of `old_api/0` in a project with phoenix_live_view 1.0 or later." + PAGE
    id = "planted/versioned"
    requires = "phoenix_live_view >= 1.0"

    @on(Call, name="old_api")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        yield self.finding(call.name_span, "`old_api` is old")


class Twins(ProjectRule):
    __doc__ = "Two modules of one name in different files." + PAGE
    id = "planted/twins"
    reads = (ModuleFact,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        found: defaultdict[str, list[tuple[str, ModuleFact]]] = defaultdict(list)
        for path, module in snapshot.index.of(ModuleFact):
            found[module.name].append((path, module))
        for name, places in found.items():
            for number, (path, module) in enumerate(places):
                other_path, other = places[number - 1]
                if other_path != path:
                    yield self.finding(
                        module.name_span,
                        f"`{name}` is defined twice",
                        path=path,
                        related=[Related(other.name_span, "the other one", other_path)],
                        fix=self._fix(path, name),
                    )

    def _fix(self, path: str, name: str) -> Fix:
        def build(snapshot: Snapshot) -> Iterator[Edit]:
            document = snapshot.document(path)
            if document is not None:
                for module in document.modules:
                    if module.name == name:
                        yield Edit(module.name_span, f"{name}Twin", path)
                        return

        return Fix.review("Rename the module", build)


class Lonely(ProjectRule):
    __doc__ = (
        "A public function called `lonely` that another file of the project defines too." + PAGE
    )
    id = "planted/lonely"
    reads = (Function,)
    severity = Severity.INFORMATION

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        places = [(p, f) for p, f in snapshot.index.of(Function) if f.name == "lonely"]
        for path, function in places:
            if len({other for other, _ in places}) > 1:
                yield self.finding(function.name_span, "not so lonely", path=path)


class RaisingProject(ProjectRule):
    __doc__ = "A project rule with a mistake in it." + PAGE
    id = "planted/raising-project"
    reads = (ModuleFact,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        if any(
            module.name == "MakeTheProjectRuleRaise" for _, module in snapshot.index.of(ModuleFact)
        ):
            raise ValueError("a mistake in the project rule")
        yield from ()


CLASSES: list[type[AnyRule]] = [
    Counting,
    Reviewed,
    Creating,
    Renaming,
    Raising,
    RaisingFix,
    Idle,
    Spelling,
    Emphasis,
    Named,
    Attributed,
    Whole,
    Strict,
    Versioned,
    Twins,
    Lonely,
    RaisingProject,
]


@cache
def planted() -> Registry:
    """The rules of this module and no other."""
    return Registry([rule() for rule in CLASSES])


@cache
def with_planted() -> Registry:
    """The rules of this module beside the real ones."""
    return Registry([*load(), *(rule() for rule in CLASSES)])


def main() -> None:
    """The command line with these rules beside the real ones."""
    registry_module.registry = with_planted
    from lsp_server.__main__ import main as retort

    retort()


if __name__ == "__main__":
    sys.modules["tests.planted"] = sys.modules["__main__"]
    main()
