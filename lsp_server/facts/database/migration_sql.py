"""What plain SQL in a migration does to tables: indexes, keys, columns, names.

It reads the statements that migrations are written with (PostgreSQL, and where they agree MySQL and
SQLite) and nothing of queries, functions, triggers and types: those leave the tables as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lsp_server.facts.database.migrations import (
    AddForeignKey,
    AlterTable,
    AnyOperation,
    Change,
    ChangeData,
    Column,
    CreateConstraint,
    CreateIndex,
    CreateTable,
    DropConstraint,
    DropIndex,
    DropTable,
    Index,
    Reference,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    SetPrimaryKey,
    TableName,
    Unknown,
)
from lsp_server.facts.values import Name, spelled
from lsp_server.text import Span

HOLE = "\x00"  # stands in a text for what only a run of the migration knows

_TOKEN = re.compile(
    r"""
      (?P<blank> \s+ | --[^\n]* | /\*.*?\*/ )
    | (?P<dollar> \$(?P<tag>\w*)\$ .*? \$(?P=tag)\$ )
    | (?P<string> '(?:[^']|'')*' )
    | (?P<quoted> "(?:[^"]|"")*" | `[^`]*` )
    | (?P<word> [\w\x00][\w\x00$]* )
    | (?P<sign> :: | [-+*/<>=~!@\#%^&|?]+ | \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_ACTIONS = {
    "cascade": "delete_all",
    "set null": "nilify_all",
    "set default": "default_all",
    "restrict": "restrict",
    "no action": "nothing",
}
_WRITES = (("update",), ("delete", "from"), ("insert", "into"), ("truncate",))
_CONSTRAINTS = ("constraint", "primary", "unique", "foreign", "check", "exclude")


class Cursor:
    """Reads the tokens of one statement. Words are compared in lower case."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def next(self) -> str:
        """The next token in lower case; empty at the end."""
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def take(self, *words: str) -> bool:
        """Step over words if they come next, all of them."""
        ahead = [one.lower() for one in self.tokens[self.at : self.at + len(words)]]
        if ahead != list(words):
            return False
        self.at += len(words)
        return True

    def name(self) -> str:
        """The next token as an identifier: unquoted ones are lower case in SQL."""
        if self.at >= len(self.tokens):
            return ""
        token = self.tokens[self.at]
        self.at += 1
        if token[:1] in ('"', "`"):
            return token[1:-1]
        return token.lower()

    def table(self) -> TableName:
        """A table's name with or without its schema."""
        first = self.name()
        if self.take("."):
            second = self.name()
            return TableName("" if HOLE in second else second, "" if first == "public" else first)
        return TableName("" if HOLE in first else first)

    def group(self) -> list[str]:
        """The tokens inside the parentheses that come next."""
        if self.next != "(":
            return []
        depth, start = 0, self.at
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "(") - (token == ")")
            if depth == 0:
                return self.tokens[start + 1 : self.at - 1]
        return self.tokens[start + 1 :]

    def names(self) -> tuple[str, ...]:
        """The identifiers inside the parentheses that come next."""
        return tuple(Cursor(part).name() for part in split(self.group(), ",") if part)

    @property
    def rest(self) -> list[str]:
        """The tokens that are left."""
        return self.tokens[self.at :]


def statements(sql: str) -> Iterator[list[str]]:
    """The tokens of each statement."""
    tokens = [m[0] for m in _TOKEN.finditer(sql) if m.lastgroup != "blank"]
    return (part for part in split(tokens, ";") if part)


def split(tokens: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The tokens between separators outside of parentheses."""
    part: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if token == separator and depth <= 0:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def joined(tokens: Iterable[str]) -> str:
    """Tokens as SQL with one blank between words."""
    text = " ".join(tokens)
    return re.sub(r" ?(::|\.) ?", r"\1", re.sub(r" (?=[(),])|(?<=\() ", "", text))


def operations(sql: str, span: Span, conditional: bool = False) -> Iterator[AnyOperation]:
    """What the statements of a text do, in order; each is given the span of its `execute`."""
    for tokens in statements(sql):
        yield from _Statement(Cursor(tokens), span, conditional).read()


def _is_write(tokens: list[str], at: int) -> bool:
    """Whether a write begins at a token; `FOR UPDATE` and `DO UPDATE` are none."""
    if at and tokens[at - 1] in ("for", "do", "on"):
        return False
    return any(tuple(tokens[at : at + len(words)]) == words for words in _WRITES)


class _Statement:
    def __init__(self, cursor: Cursor, span: Span, conditional: bool) -> None:
        self.cursor = cursor
        self.span = span
        self.conditional = conditional

    def read(self) -> Iterator[AnyOperation]:
        cursor = self.cursor
        if cursor.take("create"):
            yield from self._create()
        elif cursor.take("drop", "index"):
            cursor.take("concurrently")
            cursor.take("if", "exists")
            for part in split(cursor.rest, ","):
                yield self._drop_index(Cursor(part).table())
        elif cursor.take("drop", "table"):
            cursor.take("if", "exists")
            for part in split(cursor.rest, ","):
                yield DropTable(self.span, self.conditional, Cursor(part).table())
        elif cursor.take("alter", "index"):
            cursor.take("if", "exists")
            index = cursor.table()
            if cursor.take("rename", "to"):
                dropped = self._drop_index(index)
                yield RenameIndex(self.span, self.conditional, dropped.index, cursor.name())
        elif cursor.take("alter", "table"):
            cursor.take("if", "exists")
            cursor.take("only")
            table = cursor.table()
            for part in split(cursor.rest, ","):
                yield from self._alter(table, Cursor(part))
        else:
            yield from self._change_data()

    def _change_data(self) -> Iterator[ChangeData]:
        """`UPDATE`, `INSERT`, `DELETE`, `TRUNCATE`, also behind a `WITH`."""
        cursor = self.cursor
        if cursor.next == "with":
            tokens = [one.lower() for one in cursor.tokens]
            cursor.at = next(
                (at for at in range(len(tokens)) if _is_write(tokens, at)), len(tokens)
            )
        verb = cursor.next.upper()
        for words in _WRITES:
            if cursor.take(*words):
                while cursor.next in ("only", "table"):
                    cursor.at += 1
                table = cursor.table()
                if not f"{table.prefix}{table.name}".startswith("pg_"):
                    yield ChangeData(self.span, self.conditional, verb, table.name)
                return

    def _drop_index(self, name: TableName) -> DropIndex:
        index = Index(TableName("", name.prefix), (), self.span, name.name)
        return DropIndex(self.span, self.conditional, index)

    def _create(self) -> Iterator[AnyOperation]:
        cursor = self.cursor
        unique = cursor.take("unique")
        if cursor.take("index"):
            yield self._create_index(unique)
            return
        while cursor.next in ("unlogged", "temp", "temporary", "global", "local"):
            cursor.at += 1
        if not cursor.take("table"):
            return
        if_not_exists = cursor.take("if", "not", "exists")
        table = cursor.table()
        items = [part for part in split(cursor.group(), ",") if part]
        columns: list[Column] = []
        after: list[AnyOperation] = []
        for item in items:
            if item[0].lower() in _CONSTRAINTS:
                after.extend(self._constraint(table, Cursor(item)))
            elif item[0].lower() != "like":
                column, unique = self._column(Cursor(item))
                columns.append(column)
                after.extend([self._unique(table, (column.name,), "")] if unique else [])
        yield CreateTable(
            self.span,
            self.conditional,
            table,
            tuple(columns),
            if_not_exists,
            open=not items or any(item[0].lower() == "like" for item in items),
        )
        yield from after

    def _create_index(self, unique: bool) -> CreateIndex:
        cursor = self.cursor
        concurrently = cursor.take("concurrently")
        if_not_exists = cursor.take("if", "not", "exists")
        name = "" if cursor.next == "on" else cursor.name()
        cursor.take("on")
        cursor.take("only")
        table = cursor.table()
        using = cursor.name() if cursor.take("using") else ""
        columns = tuple(_indexed(part) for part in split(cursor.group(), ",") if part)
        include = cursor.names() if cursor.take("include") else ()
        where = joined(cursor.rest[1:]) if cursor.next == "where" else ""
        named = name or "_".join(
            [table.name, *(one if one.isidentifier() else "expr" for one in columns), "idx"]
        )
        index = Index(
            table,
            columns,
            self.span,
            named,
            unique,
            where,
            using,
            include,
            concurrently,
            exact=bool(columns) and HOLE not in "".join(columns),
        )
        return CreateIndex(self.span, self.conditional, index, if_not_exists)

    def _unique(self, table: TableName, columns: tuple[str, ...], name: str) -> CreateIndex:
        named = name or "_".join([table.name, *columns, "key"])
        return CreateIndex(
            self.span, self.conditional, Index(table, columns, self.span, named, unique=True)
        )

    def _column(self, cursor: Cursor) -> tuple[Column, bool]:
        """A column definition, and whether it says UNIQUE."""
        name = cursor.name()
        kind: list[str] = []
        stop = (*_CONSTRAINTS, "not", "null", "default", "references", "generated", "collate")
        while cursor.next and cursor.next not in stop:
            kind.append(cursor.name())
            if cursor.next == "(":
                kind.append(f"({joined(cursor.group())})")
        options: dict[str, str] = {}
        reference: Reference | None = None
        unique = False
        while cursor.next:
            if cursor.take("not", "null"):
                options["null"] = "false"
            elif cursor.take("primary", "key"):
                options |= {"primary_key": "true", "null": "false"}
            elif cursor.take("unique"):
                unique = True
            elif cursor.take("default"):
                options["default"] = "fragment"
            elif cursor.take("references"):
                reference = self._reference(cursor)
            else:
                cursor.at += 1
        spelling = spelled(Name(" ".join(kind).replace(" (", "("))) if kind else ""
        return Column(name, self.span, spelling, reference, tuple(options.items())), unique

    def _reference(self, cursor: Cursor, name: str = "") -> Reference:
        table = cursor.table()
        columns = cursor.names()
        actions = {"delete": "nothing", "update": "nothing"}
        rest = " ".join(cursor.rest).lower()
        for when, action in re.findall(
            r"on (delete|update) (cascade|set null|set default|restrict|no action)", rest
        ):
            actions[when] = _ACTIONS[action]
        return Reference(
            table,
            self.span,
            columns[0] if columns else "id",
            "",
            actions["delete"],
            actions["update"].replace("delete_all", "update_all"),
            name,
            (),
            "not valid" not in rest,
        )

    def _constraint(self, table: TableName, cursor: Cursor) -> Iterator[AnyOperation]:
        name = cursor.name() if cursor.take("constraint") else ""
        if cursor.take("primary", "key"):
            if cursor.next == "(":
                yield SetPrimaryKey(self.span, self.conditional, table, cursor.names(), name)
            else:
                yield Unknown(self.span, self.conditional, table)
        elif cursor.take("foreign", "key"):
            columns = cursor.names()
            if columns and cursor.take("references"):
                reference = self._reference(cursor, name)
                yield AddForeignKey(self.span, self.conditional, table, columns[0], reference)
        elif cursor.take("unique"):
            columns = cursor.names()
            if columns:
                yield self._unique(table, columns, name)
            else:
                yield Unknown(self.span, self.conditional, table)
        elif cursor.take("check"):
            check = joined(cursor.group())
            validate = "not valid" not in " ".join(cursor.rest).lower()
            yield CreateConstraint(
                self.span, self.conditional, table, name, check, validate=validate
            )
        elif cursor.take("exclude"):
            yield CreateConstraint(
                self.span, self.conditional, table, name, exclude=joined(cursor.rest)
            )

    def _alter(self, table: TableName, cursor: Cursor) -> Iterator[AnyOperation]:
        if not table.name:
            yield Unknown(self.span, self.conditional, table)
        elif cursor.take("add"):
            cursor.take("column")
            if cursor.next in _CONSTRAINTS:
                yield from self._constraint(table, cursor)
                return
            exists = cursor.take("if", "not", "exists")
            column, unique = self._column(cursor)
            yield self._change(table, "add_if_not_exists" if exists else "add", column)
            if unique:
                yield self._unique(table, (column.name,), "")
        elif cursor.take("drop", "constraint"):
            cursor.take("if", "exists")
            yield DropConstraint(self.span, self.conditional, table, cursor.name())
        elif cursor.take("drop"):
            cursor.take("column")
            cursor.take("if", "exists")
            yield self._change(table, "remove", Column(cursor.name(), self.span))
        elif cursor.take("rename"):
            yield from self._rename(table, cursor)
        elif cursor.take("alter"):
            yield from self._alter_column(table, cursor)

    def _rename(self, table: TableName, cursor: Cursor) -> Iterator[AnyOperation]:
        if cursor.take("to"):
            to = TableName(cursor.name(), table.prefix)
            yield RenameTable(self.span, self.conditional, table, to)
        elif cursor.take("constraint"):
            name = cursor.name()
            cursor.take("to")
            yield RenameConstraint(self.span, self.conditional, table, name, cursor.name())
        else:
            cursor.take("column")
            name = cursor.name()
            cursor.take("to")
            yield RenameColumn(self.span, self.conditional, table, name, cursor.name())

    def _alter_column(self, table: TableName, cursor: Cursor) -> Iterator[AnyOperation]:
        if cursor.take("constraint"):
            return
        cursor.take("column")
        name = cursor.name()
        kind = ""
        options: tuple[tuple[str, str], ...] = ()
        if cursor.take("set", "not", "null"):
            options = (("null", "false"),)
        elif cursor.take("drop", "not", "null"):
            options = (("null", "true"),)
        elif cursor.take("set", "default"):
            options = (("default", "fragment"),)
        elif cursor.take("drop", "default"):
            options = (("default", "nil"),)
        elif cursor.take("type") or cursor.take("set", "data", "type"):
            kind = spelled(Name(joined(_until(cursor.rest, "using"))))
        else:
            return
        yield self._change(table, "modify", Column(name, self.span, kind, None, options))

    def _change(self, table: TableName, action: str, column: Column) -> AlterTable:
        return AlterTable(self.span, self.conditional, table, (Change(action, column, self.span),))


def _indexed(tokens: list[str]) -> str:
    """A column's name or an expression, without sort order and operator class."""
    first = tokens[0]
    if (len(tokens) == 1 or tokens[1].isidentifier()) and (
        first[0] in '"`' or first.isidentifier()
    ):
        return Cursor(tokens).name()
    return joined(tokens)


def _until(tokens: list[str], word: str) -> list[str]:
    for at, token in enumerate(tokens):
        if token.lower() == word:
            return tokens[:at]
    return tokens
