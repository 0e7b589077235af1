"""Writes new migrations, formatted as `mix format` leaves them (98 columns, no parentheses)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lsp_server.facts.values import Name, spelled

WIDTH = 98
BODY = 4  # the indentation of statements in `def change`


def migration(module: str, statements: Sequence[str], *, concurrently: bool = False) -> str:
    """The text of a migration with a `change` of these statements, which Ecto can reverse.

    Statements have no indentation at their start and that of `BODY` after line breaks.
    `concurrently` sets the attributes without which Postgres refuses `CREATE INDEX CONCURRENTLY`.
    """
    attributes = (
        "  @disable_ddl_transaction true\n  @disable_migration_lock true\n\n"
        if concurrently
        else ""
    )
    body = "".join(f"{' ' * BODY}{one}\n" for one in statements)
    return (
        f"defmodule {module} do\n  use Ecto.Migration\n\n{attributes}"
        f"  def change do\n{body}  end\nend\n"
    )


def create_index(
    table: str,
    columns: Sequence[str],
    options: Mapping[str, str] | None = None,
    *,
    unique: bool = False,
    parentheses: bool = False,
    indent: int = BODY,
    verb: str = "create",
) -> str:
    """`create index(…)`; options are spelled values. It is laid out to begin at column `indent`.

    `parentheses` writes `create(index(…))`, as projects do that do not import Ecto's formatting.
    `verb` may be `drop` as well.
    """
    name = "unique_index" if unique else "index"
    arguments = [atom(table), *(f"{key}: {value}" for key, value in (options or {}).items())]
    listed = [atom(one) for one in columns]
    if not parentheses:
        column = indent + len(f"{verb} ")
        flat = _flat(name, arguments, listed)
        # The formatter does not count the last parenthesis of such a call.
        return f"{verb} " + (
            flat if column + len(flat) <= WIDTH + 1 else _call(name, arguments, listed, column)
        )
    flat = _flat(name, arguments, listed)
    if indent + len(f"{verb}({flat})") <= WIDTH:
        return f"{verb}({flat})"
    inner = _call(name, arguments, listed, indent + 2)
    return f"{verb}(\n{' ' * (indent + 2)}{inner}\n{' ' * indent})"


def atom(name: str) -> str:
    """A name as an atom."""
    return spelled(Name(name))


def _flat(name: str, arguments: Sequence[str], listed: Sequence[str]) -> str:
    head, *options = arguments
    columns = f"[{', '.join(listed)}]"
    return f"{name}({', '.join([head, columns, *options])})"


def _call(
    name: str,
    arguments: Sequence[str],
    listed: Sequence[str],
    column: int,
) -> str:
    """`name(table, [columns], options)` that begins at `column`.

    Where it is too long the formatter breaks inside the last argument if what stands before it
    fits, else after every argument.
    """
    flat = _flat(name, arguments, listed)
    head, *options = arguments
    # After keywords the formatter does not count the last parenthesis.
    if column + len(flat) <= WIDTH + bool(options):
        return flat
    inner, close = " " * (column + 2), " " * column
    columns = f"[{', '.join(listed)}]"
    first = f"{name}({head}, {columns},"
    if options and column + len(first) <= WIDTH:
        lines = f",\n{inner}".join(options)
        return f"{first}\n{inner}{lines}\n{close})"
    opening = f"{name}({head}, ["
    if not options and column + len(opening) <= WIDTH:
        items = f",\n{inner}".join(listed)
        return f"{opening}\n{inner}{items}\n{close}])"
    if len(inner) + len(columns) + 1 > WIDTH:
        items = "".join(f"\n{inner}  {one}," for one in listed).rstrip(",")
        columns = f"[{items}\n{inner}]"
    lines = f",\n{inner}".join([head, columns, *options])
    return f"{name}(\n{inner}{lines}\n{close})"
