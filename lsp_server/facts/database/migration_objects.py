"""What a migration speaks of before it does anything: tables, indexes, references, columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.facts.database.migration_sql import HOLE
from lsp_server.facts.database.migrations import (
    Change,
    Column,
    Index,
    Reference,
    TableName,
    default_index_name,
)
from lsp_server.facts.values import (
    UNKNOWN,
    Name,
    Scope,
    Value,
    known,
    options_of,
    spelled,
    value_of,
)
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, ModuleAttribute, Pipe
from lsp_server.syntax.literals import (
    Boolean,
    Keywords,
    List,
    Quoted,
    Sigil,
    StringInterpolation,
    Tuple,
)
from lsp_server.syntax.node import Node
from lsp_server.text import Span


@dataclass(frozen=True, slots=True)
class Table:
    """`table(…)`: its name, and the primary key that Ecto adds when it is created."""

    name: TableName
    key: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Constraint:
    """`constraint(…)`."""

    table: TableName
    name: str
    check: str
    exclude: str
    validate: bool


def read(node: Node | None, scope: Scope) -> Value:
    """A Table, Index or Constraint, else the value that an expression has."""
    if isinstance(node, Pipe):
        node = node.right
    if isinstance(node, Call) and node.receiver is None and node.arguments:
        match node.name:
            case "table":
                return _table(node, scope)
            case "index" | "unique_index":
                return _index(node, scope)
            case "constraint":
                return _constraint(node, scope)
    return value_of(node, scope)


def options(call: Call, scope: Scope) -> Mapping[str, Node]:
    """The keyword arguments of a call, those of attributes and `++` included."""
    written = call.written_arguments
    last = written[-1] if written else None
    return dict(_pairs(last, scope))


def _pairs(node: Node | None, scope: Scope) -> Iterator[tuple[str, Node]]:
    if isinstance(node, BinaryOperator) and node.operator == "++":
        yield from _pairs(node.left, scope)
        yield from _pairs(node.right, scope)
    elif isinstance(node, ModuleAttribute) and scope.module is not None:
        yield from options_of(scope.module.attribute(node.name))
    else:
        yield from options_of(node)


def _text(node: Node | None, scope: Scope) -> str:
    """A string or an atom as text; empty where it is neither or unknown."""
    value = value_of(node, scope)
    return str(value) if isinstance(value, str) else ""


def _prefix(written: Mapping[str, Node], scope: Scope) -> str:
    prefix = _text(written.get("prefix"), scope)
    return "" if prefix == "public" else prefix


def _table(call: Call, scope: Scope) -> Table:
    written = options(call, scope)
    name = TableName(_text(call.arguments[0], scope), _prefix(written, scope))
    key = written.get("primary_key")
    span = call.arguments[0].span
    if isinstance(key, Boolean) and not key.value:
        return Table(name, ())
    column = Column("id", span, "", None, (("primary_key", "true"), ("null", "false")))
    if key is not None and not isinstance(key, Boolean):
        given = dict(options_of(key))
        column = Column(
            _text(given.get("name"), scope) or "id",
            span,
            spelled(value_of(given.get("type"), scope)),
            None,
            column.options,
        )
    return Table(name, (column,))


def _index(call: Call, scope: Scope) -> Index:
    arguments, written = call.arguments, options(call, scope)
    table = TableName(_text(arguments[0], scope), _prefix(written, scope))
    listed = value_of(arguments[1], scope) if len(arguments) > 1 else UNKNOWN
    items = listed if isinstance(listed, list) else [listed]
    columns = tuple(filter(None, map(_indexed, items)))
    exact = bool(columns) and len(columns) == len(items) and bool(table.name)
    name = _text(written.get("name"), scope)
    if not name and "name" not in written and exact:
        name = default_index_name(table.name, columns)
    include = value_of(written.get("include"), scope)
    return Index(
        table,
        tuple(map(_plain, columns)),
        call.name_span,
        name,
        call.name == "unique_index" or _flag(written, "unique"),
        _text(written.get("where"), scope) or (HOLE if "where" in written else ""),
        _text(written.get("using"), scope).lower(),
        tuple(map(str, include)) if isinstance(include, list) else (),
        _flag(written, "concurrently"),
        exact,
    )


def _flag(written: Mapping[str, Node], key: str) -> bool:
    value = written.get(key)
    return isinstance(value, Boolean) and value.value


def _indexed(item: Value) -> str:
    """What an index lists: a column, an expression, or either with its sort order."""
    if isinstance(item, tuple) and len(item) == 2:
        item = item[1]
    return str(item) if isinstance(item, str) else ""


_ORDERED = re.compile(r'"?([A-Za-z_]\w*)"?(?:\s+(?:asc|desc)\b.*|\s+nulls\b.*|\s+\w+_ops)?', re.I)


def _plain(indexed: str) -> str:
    """An expression that is a column with a sort order or an operator class is that column."""
    ordered = _ORDERED.fullmatch(indexed.strip())
    return ordered[1] if ordered else indexed.strip()


def _constraint(call: Call, scope: Scope) -> Constraint:
    arguments, written = call.arguments, options(call, scope)
    validate = written.get("validate")
    return Constraint(
        TableName(_text(arguments[0], scope), _prefix(written, scope)),
        _text(arguments[1], scope) if len(arguments) > 1 else "",
        _text(written.get("check"), scope),
        _text(written.get("exclude"), scope),
        not (isinstance(validate, Boolean) and not validate.value),
    )


def reference(call: Call, scope: Scope) -> Reference:
    """`references(…)`."""
    arguments, written = call.arguments, options(call, scope)
    table = _text(arguments[0], scope) if arguments else ""
    others = value_of(written.get("with"), scope)
    validate = written.get("validate")
    return Reference(
        TableName(table, _prefix(written, scope)),
        call.name_span,
        _text(written.get("column"), scope) or "id",
        _spelling(written.get("type"), scope),
        _action(written, "on_delete", scope),
        _action(written, "on_update", scope),
        _text(written.get("name"), scope),
        tuple((str(a), str(b)) for a, b in others) if _is_pairs(others) else (),
        not (isinstance(validate, Boolean) and not validate.value),
    )


def _is_pairs(value: Value) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, tuple) and len(one) == 2 and known(one) for one in value
    )


def _action(written: Mapping[str, Node], key: str, scope: Scope) -> str:
    """`on_delete:` or `on_update:`; of `{:nilify, […]}` the first, empty where it is computed."""
    node = written.get(key)
    if node is None:
        return "nothing"
    value = value_of(node, scope)
    if isinstance(value, tuple) and value:
        value = value[0]
    return str(value) if isinstance(value, str) else ""


def _spelling(node: Node | None, scope: Scope) -> str:
    """A type or an option as source; empty where a variable that is not known decides."""
    value = value_of(node, scope)
    if node is None:
        return ""
    if value is not UNKNOWN and known(value):
        return spelled(value)
    return "" if isinstance(node, Identifier) else " ".join(node.text.split())


def column(
    name: str, span: Span, kind: Node | None, scope: Scope, rest: Mapping[str, Node]
) -> Column:
    """A column of a type (`:string`, `references(…)`) with options."""
    given = tuple((key, _spelling(node, scope)) for key, node in rest.items() if key != "from")
    if isinstance(kind, Call) and kind.name == "references":
        return Column(name, span, "", reference(kind, scope), given)
    return Column(name, span, _spelling(kind, scope), None, given)


def change(call: Call, scope: Scope) -> Change | None:
    """A line of `create` or `alter` but `timestamps`; a computed column has an empty name."""
    arguments = call.arguments
    if not arguments:
        return None
    first = arguments[0]
    kind = arguments[1] if len(arguments) > 1 else None
    if isinstance(kind, Keywords) or (isinstance(kind, List) and kind.is_keyword_list):
        kind = None
    written = options(call, scope) if len(arguments) > 1 else {}
    made = column(_text(first, scope), first.span, kind, scope, written)
    return Change(call.name, made, call.name_span, _before(made, written.get("from"), scope))


def _before(made: Column, node: Node | None, scope: Scope) -> Column | None:
    """The column that `from:` describes."""
    if node is None:
        return None
    kind: Node | None = node
    rest: Mapping[str, Node] = {}
    if isinstance(node, Tuple) and node.elements:
        kind = node.elements[0]
        rest = dict(options_of(node.elements[-1]))
    return column(made.name, made.span, kind, scope, rest)


def timestamps(call: Call, scope: Scope) -> Iterator[Change]:
    """The columns of `timestamps(…)`; `null: false` and `:naive_datetime` are Ecto's defaults."""
    written = dict(options(call, scope))
    kind = written.pop("type", None)
    names = [(written.pop(key, None), key) for key in ("inserted_at", "updated_at")]
    given = {"null": "false"} | {key: _spelling(node, scope) for key, node in written.items()}
    spelling = _spelling(kind, scope) if kind is not None else ":naive_datetime"
    for node, default in names:
        value = Name(default) if node is None else value_of(node, scope)
        if value is not False:
            name = str(value) if isinstance(value, str) else ""
            made = Column(name, call.name_span, spelling, None, tuple(given.items()))
            yield Change("add", made, call.name_span)


def sql(node: Node | None, scope: Scope) -> str:
    """A text with holes for what is computed; empty for what is no text."""
    value = value_of(node, scope)
    if isinstance(value, str):
        return str(value)
    if isinstance(node, BinaryOperator) and node.operator == "<>":
        return (sql(node.left, scope) or HOLE) + (sql(node.right, scope) or HOLE)
    if isinstance(node, Quoted) and not (isinstance(node, Sigil) and node.name not in ("s", "S")):
        written: list[str] = []
        for part in node.parts:
            if isinstance(part, StringInterpolation):
                inner = value_of(part.expression, scope)
                written.append(str(inner) if isinstance(inner, (str, int)) else HOLE)
            else:
                written.append(part)
        return "".join(written)
    return ""
