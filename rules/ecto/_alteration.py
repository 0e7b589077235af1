"""Writes what a table lacks but indexes: a changed column, a constraint. Each table gets one new
migration, however many findings are fixed together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.database.database import Database, Table, database, next_migration
from lsp_server.facts.database.migrations import AlterTable, CreateConstraint, Migration
from lsp_server.facts.database.new_migration import atom, migration
from lsp_server.facts.values import spelled
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, Keywords, String
from lsp_server.text import Span, line_ending

from ._call_layout import WIDTH, relaid
from ._new_index import ALTERATIONS, call_at, is_new


@dataclass(frozen=True, slots=True)
class Alteration:
    """A line for `alter table`, or a statement of its own, that a table lacks.

    `place` counts the new migrations that a rule makes in one go.
    """

    database: Database
    table: Table
    slug: str  # one of ALTERATIONS
    text: str  # with the indentation of its place after line breaks
    column: str = ""  # that the line is about; empty for a statement
    place: int = 0

    def build(self, snapshot: Snapshot) -> list[Operation]:
        """A new migration; an edit where the one for the table was made a moment ago."""
        begun = self._begun(snapshot)
        if begun is not None:
            return list(self._appended(*begun))
        path, module = next_migration(
            snapshot,
            self.database.folder,
            f"{self.slug}_{self.table.name}",
            folder=self.table.folder.rpartition("/")[2],
            skip=self.place,
        )
        return [CreateFile(path, migration(module, [self._statement]))]

    @property
    def _statement(self) -> str:
        if not self.column:
            return self.text
        prefix = f", prefix: {spelled(self.table.prefix)}" if self.table.prefix else ""
        return f"alter table({atom(self.table.name)}{prefix}) do\n      {self.text}\n    end"

    def _begun(self, snapshot: Snapshot) -> tuple[Document, Migration] | None:
        """The migration that a fix made a moment ago for the same table."""
        found = database(snapshot.index).get(self.database.folder)
        names = re.compile(rf"(?:{'|'.join(ALTERATIONS)})_{re.escape(self.table.name)}(?:_\d+)?")
        for path, one in found.migrations if found is not None else ():
            if one.folder != self.table.folder or names.fullmatch(one.name) is None:
                continue
            document = snapshot.document(path) if is_new(one, snapshot) else None
            if document is not None and all(self._is_alike(step) for step in one.up):
                return document, one
        return None

    def _is_alike(self, step: object) -> bool:
        return (
            isinstance(step, (AlterTable, CreateConstraint))
            and not step.conditional
            and (step.table.name, step.table.prefix) == (self.table.name, self.table.prefix)
        )

    def _appended(self, document: Document, begun: Migration) -> Iterator[Edit]:
        newline = line_ending(document.source)
        last = begun.up[-1] if begun.up else None
        call = None if last is None else call_at(document, last.span)
        if call is None:
            return
        # Postgres alters no column twice in one statement.
        if self.column and isinstance(last, AlterTable) and call.body:
            if all(one.column.name != self.column for one in last.changes):
                end = call.body[-1].end
                apart = "\n" in self.text + call.body[-1].text
                gap = "\n\n" if apart else "\n"
                text = f"{gap}      {self.text}".replace("\n", newline)
                yield Edit(Span(end, end), text, document.path)
                return
        together = not self.column and isinstance(last, CreateConstraint)
        gap = "\n" if together and "\n" not in call.text + self.text else "\n\n"
        text = f"{gap}    {self._statement}".replace("\n", newline)
        yield Edit(Span(call.end, call.end), text, document.path)


def column_call(document: Document, column: Span) -> Call | None:
    """The `add` whose first argument is the name of a column at a place."""
    form = document.outline.form_at(column.start)
    for call in form.index.calls("add", "add_if_not_exists") if form is not None else ():
        written = call.written_arguments
        if written and written[0].span == column and isinstance(written[0], (Atom, String)):
            return call
    return None


def with_type(document: Document, call: Call, text: str) -> list[Edit]:
    """The edits that give the column of an `add` another type."""
    written = call.written_arguments
    if len(written) < 2 or isinstance(written[1], Keywords):
        return []
    rest = written[2:]
    last = rest[-1] if rest else None
    pairs = [pair.text for pair in last.pairs] if isinstance(last, Keywords) else []
    plain = [one.text for one in (rest[:-1] if pairs else rest)]
    edits = relaid(document, call, [written[0].text, text, *plain], pairs)
    lines = document.lines
    if edits or lines.line_at(call.start) == lines.line_at(call.end):
        return edits
    # A call of several lines is one already because it has to be.
    line = lines.line_span(lines.line_at(written[1].start))
    longer = len(text) - (written[1].end - written[1].start)
    fits = line.end - line.start + longer <= WIDTH
    return [Edit(written[1].span, text, document.path)] if fits else []
