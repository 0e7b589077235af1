"""Writes an index that a table lacks: into the newest migration, or into a new one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lsp_server.document import Document
from lsp_server.facts.database.database import Database, Table, database, next_migration
from lsp_server.facts.database.migrations import (
    CreateIndex,
    DropIndex,
    Index,
    Migration,
    default_index_name,
)
from lsp_server.facts.database.new_migration import WIDTH, create_index, migration
from lsp_server.facts.database.table_state import StoredIndex
from lsp_server.facts.values import Name, Scope, spelled, value_of
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import AnonymousFunction, Call
from lsp_server.syntax.literals import Boolean
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

JUST_NOW = timedelta(hours=1)  # how long a migration that a fix made can take further indexes
CREATES = frozenset({"create", "create_if_not_exists", "alter"})
SLUGS = ("add_foreign_key_indexes_to", "add_unique_index_to")  # each before the table's name
# What the migrations are called that fixes make for all but indexes: they keep their transaction.
ALTERATIONS = (
    "add_foreign_keys_to",
    "add_not_null_to",
    "add_check_constraints_to",
    "add_timestamps_to",
)
ATTRIBUTES = ("disable_ddl_transaction", "disable_migration_lock")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An index that a table lacks. `path` and `span` are the column in the migration that has it.

    New migrations are named after `slug`; `place` counts those that the rule makes in one go.
    """

    database: Database
    table: Table
    columns: tuple[str, ...]
    path: str
    span: Span
    slug: str
    place: int = 0
    unique: bool = False
    name: str = ""  # where it is not the one that Ecto gives

    @property
    def in_place(self) -> bool:
        """Whether the migration that lacks it is the newest, which nobody else may have run."""
        return takes_index(self.database, self.path)

    @property
    def ends_transaction(self) -> bool:
        """Whether the newest migration has to give up its transaction for the index."""
        own = (one for path, one in self.database.migrations if path == self.path)
        return (
            self.in_place
            and self.database.is_postgres
            and self.table.path != self.path
            and any(one.ddl_transaction for one in own)
        )

    @property
    def named(self) -> str:
        """`posts.author_id`, `posts(a, b)`."""
        if len(self.columns) == 1:
            return f"{self.table.name}.{self.columns[0]}"
        return f"{self.table.name}({', '.join(self.columns)})"

    @property
    def namesake(self) -> StoredIndex | None:
        """The index that has its name already, so that it has to go before."""
        name = self.name or default_index_name(self.table.name, self.columns)
        return self.table.index_named(name)

    def build(self, snapshot: Snapshot) -> list[Operation]:
        """The edits or the new file; nothing where the newest migration is not plain enough."""
        namesake = self.namesake
        if namesake is not None:
            if not self.unique or not _is_plain(namesake.index, self.columns):
                return []
            if self.database.is_newest(namesake.path):
                return list(_made_unique(snapshot, namesake))
        elif self.in_place:
            return list(self._inserted(snapshot))
        begun = self._begun(snapshot)
        return [self._created(snapshot)] if begun is None else list(self._appended(*begun))

    def _statement(
        self, concurrently: bool, parentheses: bool, indent: int, *, drop: bool = False
    ) -> str:
        options = {"prefix": spelled(self.table.prefix)} if self.table.prefix else {}
        if self.name:
            options["name"] = spelled(Name(self.name))
        if concurrently:
            options["concurrently"] = "true"
        return create_index(
            self.table.name,
            self.columns,
            options,
            unique=self.unique and not drop,
            parentheses=parentheses,
            indent=indent,
            verb="drop" if drop else "create",
        )

    def _statements(self, concurrently: bool, parentheses: bool, indent: int) -> list[str]:
        """The statement of a new migration, behind that which drops an index of its name."""
        drops = [] if self.namesake is None else [True]
        return [
            self._statement(concurrently, parentheses, indent, drop=drop)
            for drop in [*drops, False]
        ]

    def _created(self, snapshot: Snapshot) -> CreateFile:
        online = self.database.is_postgres
        folder = self.table.folder.rpartition("/")[2]
        path, module = next_migration(
            snapshot, self.database.folder, self.slug, folder=folder, skip=self.place
        )
        statements = self._statements(online, False, 4)
        return CreateFile(path, migration(module, statements, concurrently=online))

    def _begun(self, snapshot: Snapshot) -> tuple[Document, Migration] | None:
        """The migration that this fix made a moment ago for another column of the table."""
        found = database(snapshot.index).get(self.database.folder)
        names = re.compile(rf"(?:{'|'.join(SLUGS)})_{re.escape(self.table.name)}(?:_\d+)?")
        for path, one in found.migrations if found is not None else ():
            named = one.folder == self.table.folder and names.fullmatch(one.name)
            document = snapshot.document(path) if named and is_new(one, snapshot) else None
            if document is not None and all(self._is_alike(step) for step in one.up):
                return document, one
        return None

    def _is_alike(self, step: object) -> bool:
        return (
            isinstance(step, (CreateIndex, DropIndex))
            and not step.conditional
            and step.index.table.name == self.table.name
            and step.index.concurrently == self.database.is_postgres
        )

    def _appended(self, document: Document, begun: Migration) -> Iterator[Edit]:
        last = begun.up[-1] if begun.up else None
        call = None if last is None else call_at(document, last.span)
        if call is not None:
            indent = call.start - document.lines.starts[document.lines.line_at(call.start)]
            online, parentheses = self.database.is_postgres, call.has_parentheses
            statements = self._statements(online, parentheses, indent)
            text = "".join(f"\n{' ' * indent}{one}" for one in statements)
            yield Edit(Span(call.end, call.end), text, document.path)

    def _inserted(self, snapshot: Snapshot) -> Iterator[Edit]:
        document = snapshot.document(self.path)
        if document is None:
            return
        call = table_call(document, self.span)
        if call is None:
            call = _sql_call(document, self.span)
            if call is None:
                return
        elif table_named(document, call) != self.table.name:
            return  # it is given another name later on
        online = self.database.is_postgres and self.table.path != self.path
        indent = len(document.lines.indentation(call.start))
        parentheses = call.has_parentheses and call.name != "execute"
        statement = self._statement(online, parentheses, indent)
        below = below_table(document, call, statement, ("index",))
        if online and below:
            yield from attributes(document, call)
        yield from below


def _is_plain(index: Index, columns: Collection[str]) -> bool:
    """Whether an index is nothing but that of columns, so that a migration can make it again."""
    special = index.where or index.include or index.has_expression or not index.exact
    return not special and index.using in ("", "btree") and tuple(columns) == index.columns


def _made_unique(snapshot: Snapshot, namesake: StoredIndex) -> Iterator[Edit]:
    """The edit that makes an index of the newest migration a unique one."""
    document, word = snapshot.document(namesake.path), namesake.index.span
    if document is None or word.slice(document.source) != b"index":
        return
    lines = document.lines
    call = call_at(document, word)
    line = lines.line_bytes(lines.line_at(word.start)).decode("utf-8", "replace")
    if call is not None and call.keyword("unique") is None and len(line) + len("unique_") <= WIDTH:
        yield Edit(word, "unique_index", document.path)


def below_table(
    document: Document, call: Call, statement: str, after: Collection[str]
) -> list[Edit]:
    """The edit that puts a statement below the `create` or `alter` of a table, behind what is
    created there already of the kinds that `after` names."""
    lines, source = document.lines, document.source
    begin = lines.line_span(lines.line_at(call.start)).start
    if source[begin : call.start].strip(b" "):
        return []
    indent = " " * (call.start - begin)
    newline = line_ending(source)
    last = _last_made(call, after)
    end = lines.line_span(lines.line_at(last.end)).end
    rest = source[last.end : end].strip()
    if rest and not rest.startswith(b"#"):
        return []
    gap = "\n" if last is not call and "\n" not in last.text + statement else "\n\n"
    text = f"{gap}{indent}{statement}".replace("\n", newline)
    return [Edit(Span(end, end), text, document.path)]


def takes_index(found: Database, path: str) -> bool:
    """Whether an index that a migration lacks goes into it."""
    return found.is_newest(path) and not any(
        one.name.startswith(ALTERATIONS) for at, one in found.migrations if at == path
    )


def is_new(one: Migration, snapshot: Snapshot) -> bool:
    try:
        made = datetime.strptime(str(one.version), "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return made >= snapshot.now().replace(tzinfo=None) - JUST_NOW


def call_at(document: Document, name: Span) -> Call | None:
    """The call whose name stands at a place."""
    form = document.outline.form_at(name.start)
    for call in form.index.calls(name.slice(document.source).decode()) if form is not None else ():
        if call.name_span == name:
            return call
    return None


def table_call(document: Document, column: Span) -> Call | None:
    """The `create` or `alter` around a column, where it is a statement that names its table."""
    form = document.outline.form_at(column.start)
    for call in form.index.calls(*CREATES) if form is not None else ():
        if call.span.covers(column) and table_named(document, call):
            return call
    return None


def table_named(document: Document, call: Call) -> str:
    """The name in `create table(:posts)`, also behind an attribute; empty for a computed one."""
    table = call.arguments[0] if call.arguments else None
    if not isinstance(table, Call) or table.name != "table" or not table.arguments:
        return ""
    name = value_of(table.arguments[0], Scope(document.outline.module_at(call.start)))
    return str(name) if isinstance(name, str) else ""


def _sql_call(document: Document, name: Span) -> Call | None:
    """The `execute` at a place, where it is a statement that runs once."""
    call = call_at(document, name)
    if call is None or call.name != "execute":
        return None
    for outer in call.ancestors():
        if isinstance(outer, AnonymousFunction) or (
            isinstance(outer, Call) and outer.name == "for"
        ):
            return None
    return call


def _last_made(call: Call, kinds: Collection[str]) -> Node:
    """The last of the indexes or constraints that are created directly after a table; else the
    table's call."""
    block = call.parent
    siblings = [] if block is None else block.children
    last: Node = call
    for node in siblings[siblings.index(call) + 1 :] if call in siblings else []:
        if not isinstance(node, Call) or node.name != "create" or node.do_block is not None:
            break
        made = node.written_arguments
        if not made or not isinstance(made[0], Call):
            break
        if not any(kind in made[0].name for kind in kinds):
            break
        last = node
    return last


def attributes(document: Document, call: Call) -> Iterator[Edit]:
    """What Postgres needs to build an index beside running traffic."""
    module = document.outline.module_at(call.start)
    missing = [name for name in ATTRIBUTES if not isinstance(module.attribute(name), Boolean)]
    use = next((one.call for one in module.names.uses if "igration" in one.module), None)
    if use is not None and missing:
        newline = line_ending(document.source)
        indent = document.lines.indentation(use.start).decode()
        lines = "".join(f"{newline}{indent}@{name} true" for name in missing)
        following = document.lines.line_bytes(document.lines.line_at(use.end) + 1).strip()
        gap = newline if following and not following.startswith(b"@") else ""
        yield Edit(Span(use.end, use.end), newline + lines + gap, document.path)
