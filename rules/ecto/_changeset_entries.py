"""The functions that cast: what each does to a changeset, with what it hands the changeset to."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.facts.database.changesets import ChangesetFile, Changesets, Step
from lsp_server.facts.database.schemas import Schema


@dataclass(frozen=True, slots=True)
class Entry:
    """A clause that casts, and the steps that every changeset of it goes through, by file.

    Steps of a function of several clauses are left out: which one runs, only the data tells.
    """

    function: str
    steps: tuple[tuple[str, Step], ...]

    def casts(self, field: str) -> bool:
        """Whether the value of a field can come from outside."""
        return any(
            step.name == "cast" and any(one.name == field for one in step.fields)
            for _, step in self.steps
        )


def entries_of(schema: Schema, built: Changesets) -> list[Entry]:
    """The clauses that cast fields of a schema."""
    own = built.of(schema.module)
    by_name: dict[tuple[str, str], list[ChangesetFile]] = {}
    for one in own:
        by_name.setdefault((one.changeset.module, one.changeset.function), []).append(one)
    found: list[Entry] = []
    for entry in own:
        if all(step.name != "cast" for step in entry.changeset.steps):
            continue
        steps: list[tuple[str, Step]] = []
        pending, seen = [entry], {id(entry)}
        while pending:
            one = pending.pop(0)
            steps.extend((one.path, step) for step in one.changeset.steps)
            for key in one.changeset.calls:
                for site in (*by_name.get(key[:2], ()), *built.shared.get(key, ())):
                    if site.changeset.lone and id(site) not in seen:
                        seen.add(id(site))
                        pending.append(site)
        found.append(Entry(entry.changeset.function, tuple(steps)))
    return found
