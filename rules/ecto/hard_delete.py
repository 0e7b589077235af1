"""ecto/hard-delete"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.facts.association_uses import row_evaluator
from lsp_server.facts.repo_uses import Deletion
from lsp_server.facts.row_kinds import Rows
from lsp_server.facts.row_values import Evaluator
from lsp_server.facts.schemas import Field, Schema, schemas
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, Identifier, Pipe
from lsp_server.syntax.literals import Map
from lsp_server.text import line_ending

from ._batched import apart, as_block, call_at, is_script

FIELDS = ("deleted_at", "archived_at")
WIDTH = 98  # the formatter's line length
# What writes the present time into a field, by the type of the field.
_NOW: Mapping[str, str] = {
    ":utc_datetime": "DateTime.truncate(DateTime.utc_now(), :second)",
    ":utc_datetime_usec": "DateTime.utc_now()",
    ":naive_datetime": "NaiveDateTime.truncate(NaiveDateTime.utc_now(), :second)",
    ":naive_datetime_usec": "NaiveDateTime.utc_now()",
    ":date": "Date.utc_today()",
}


class HardDelete(ProjectRule):
    """
    A row is deleted for good although its schema has a field that says when it was deleted.

    A schema with `deleted_at` or `archived_at` promises that its rows can be brought back and that
    what refers to them stays. One `Repo.delete` beside that breaks the promise, and nobody notices
    until somebody asks for the row.

    ## Bad

    `lib/blog/post.ex`:

    ```elixir
    defmodule Blog.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
        field :deleted_at, :utc_datetime_usec
      end
    end
    ```

    `lib/blog/posts.ex`:

    ```elixir
    defmodule Blog.Posts do
      alias Blog.{Post, Repo}

      def delete_post(%Post{} = post) do
        Repo.delete(post)
      end
    end
    ```

    ## Good

    `lib/blog/post.ex`:

    ```elixir
    defmodule Blog.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
        field :deleted_at, :utc_datetime_usec
      end
    end
    ```

    `lib/blog/posts.ex`:

    ```elixir
    defmodule Blog.Posts do
      alias Blog.{Post, Repo}

      def delete_post(%Post{} = post) do
        post |> Ecto.Changeset.change(deleted_at: DateTime.utc_now()) |> Repo.update()
      end
    end
    ```

    ## When it stays silent

    - The schema of what is deleted is not known.
    - The schema has neither field, or it is virtual.
    - The function is called `purge`, `erase`, `hard_delete` or the like.
    - Seeds, mix tasks, migrations and tests.

    ## What the fix changes

    `Repo.delete(post)` becomes an update of the field with the present time, where the row is a
    variable or comes through a pipe. Queries that shall not see such rows must say so.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (Deletion, schemas, row_evaluator)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every delete of a row whose schema is known."""
        known, evaluator = schemas(snapshot.index), row_evaluator(snapshot.index)
        for path, one in snapshot.index.of(Deletion):
            if is_script(path) or any(word in one.function for word in _ON_PURPOSE):
                continue
            name = one.struct or _schema_of(evaluator, one)
            found = known.by_module.get(name)
            field = None if found is None else _field(found.schema)
            if found is None or field is None:
                continue
            row = name.rpartition(".")[2]
            yield self.finding(
                one.span,
                f"The `{row}` is gone for good, but its schema has `{field.name}`: "
                "set that instead of deleting the row",
                path=path,
                fix=_fix(path, one, field),
                related=[Related(field.span, f"`{row}` has `{field.name}`", found.path)],
            )


_ON_PURPOSE = ("hard", "purge", "erase", "forever", "permanent", "wipe", "destroy", "really")


def _schema_of(evaluator: Evaluator, one: Deletion) -> str:
    values = evaluator.values(one.value, (one.module, one.function, one.arity))
    names = {value.schema for value in values if isinstance(value, Rows) and not value.many}
    return names.pop() if len(names) == 1 and None not in values else ""


def _field(schema: Schema) -> Field | None:
    for name in FIELDS:
        field = schema.field(name)
        if field is not None and not field.virtual:
            return field
    return None


def _fix(path: str, one: Deletion, field: Field) -> Fix | None:
    now = _NOW.get(field.type)
    if now is None:
        return None
    title = f"Set `{field.name}` instead"
    return Fix.review(title, lambda snapshot: _updated(snapshot, path, one, field.name, now))


def _updated(snapshot: Snapshot, path: str, one: Deletion, field: str, now: str) -> list[Edit]:
    document = snapshot.document(path)
    call = None if document is None else call_at(document, one.span)
    if document is None or not isinstance(call, Call) or len(call.arguments) != 1:
        return []
    row = call.arguments[0]
    whole = call.pipe or call
    change = f"Ecto.Changeset.change({field}: {now})"
    update = f"{call.module}.update{'!' if call.name.endswith('!') else ''}()"
    start = document.lines.starts[document.lines.line_at(whole.start)]
    newline = line_ending(document.source)
    if isinstance(row, Pipe):
        at = document.lines.starts[document.lines.line_at(call.start)]
        sign = document.source[at : call.start].decode("utf-8", "replace")
        between = f"{newline}{sign}" if sign.strip() == "|>" else " |> "
        if sign.strip() == "|>":
            change = _fitted(change, sign.removesuffix("|> "), newline)
        return [Edit(call.span, f"{change}{between}{update}", path)]
    if not isinstance(row, (Identifier, Map)) or "\n" in row.text:
        return []
    before = document.source[start : whole.start].decode("utf-8", "replace")
    rest = document.source[whole.end :].partition(b"\n")[0].rstrip().decode("utf-8", "replace")
    text = f"{row.text} |> {change} |> {update}"
    if len(before) + len(text) + len(rest) <= WIDTH:
        return [Edit(whole.span, text, path)]
    indent = document.lines.indentation(whole.start).decode() + "  "
    steps = [row.text, f"|> {_fitted(change, indent, newline)}", f"|> {update}"]
    block = as_block(document, whole, steps)
    if block is not None:
        return [block]
    if before.strip() or rest:
        return [Edit(whole.span, text, path)]
    change = _fitted(change, before, newline)
    text = f"{newline}{before}|> ".join((row.text, change, update))
    return [apart(document, whole.span, text)]


def _fitted(change: str, indent: str, newline: str) -> str:
    """The call behind a pipe sign, broken as the formatter does where it is too long."""
    if len(indent) + 3 + len(change) <= WIDTH:
        return change
    name, _, argument = change.partition("(")
    return f"{name}({newline}{indent}  {argument[:-1]}{newline}{indent})"
