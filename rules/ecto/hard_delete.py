"""ecto/hard-delete"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from lsp_server.document import Document
from lsp_server.facts.database.schemas import Field, Schema, schemas
from lsp_server.facts.project.context import project_context
from lsp_server.facts.rows.association_uses import row_evaluator
from lsp_server.facts.rows.kinds import Query, Rows, Value
from lsp_server.facts.rows.repo_uses import SOFT, Deletion
from lsp_server.facts.rows.values import Evaluator
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.lint.set_apart import rewritten, set_apart
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Alias, Call, Capture, Identifier, Match, Pipe
from lsp_server.syntax.literals import Map, Pair
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._batched import as_block, call_at, is_script
from ._reads import as_argument

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
    - The function is called `purge`, `erase`, `hard_delete` or the like, or speaks of the field: it
      deletes what was marked before.
    - Seeds, mix tasks, migrations and tests.

    ## What the fix changes

    `Repo.delete(post)` becomes an update of the field with the present time, where the row is a
    variable or comes through a pipe; `Repo.delete_all` becomes an `update_all`, `Multi.delete` a
    `Multi.update`. Queries that shall not see such rows must say so.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (Deletion, schemas, row_evaluator, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every delete of a row whose schema is known."""
        known = schemas(snapshot.index)
        if not any(_field(one.schema) for one in known):
            return  # most projects delete what they delete, and to find out of what takes its time
        evaluator = row_evaluator(snapshot.index)
        for path, one in snapshot.index.of(Deletion):
            if one.speaks or is_script(path) or any(it in one.function for it in _ON_PURPOSE):
                continue
            if not one.is_step and not snapshot.context.is_repo(one.repo):
                continue
            name = one.struct or _schema_of(evaluator, one)
            found = known.by_module.get(name)
            field = None if found is None else _field(found.schema)
            if found is None or field is None:
                continue
            row = name.rpartition(".")[2]
            fix = _fix(path, one, field)
            gone = f"Every `{row}` that the query finds" if one.is_query else f"The `{row}`"
            yield self.finding(
                one.span,
                f"{gone} is gone for good, but its schema has `{field.name}`: "
                "set that instead of deleting the row",
                path=path,
                # A fix is offered only where it can be written.
                fix=offered(fix, snapshot),
                related=[Related(field.span, f"`{row}` has `{field.name}`", found.path)],
            )


_ON_PURPOSE = ("hard", "purge", "erase", "forever", "permanent", "wipe", "destroy", "really")


def _schema_of(evaluator: Evaluator, one: Deletion) -> str:
    values = evaluator.values(one.value, (one.module, one.function, one.arity))
    names = {value.schema for value in values if _is_deleted(value, one)}
    return names.pop() if len(names) == 1 and None not in values else ""


def _is_deleted(value: Value, one: Deletion) -> TypeGuard[Rows | Query]:
    if one.is_query:
        return isinstance(value, Query)
    return isinstance(value, Rows) and value.many == one.each


def _field(schema: Schema) -> Field | None:
    for name in SOFT:
        field = schema.field(name)
        if field is not None and not field.virtual:
            return field
    return None


def _fix(path: str, one: Deletion, field: Field) -> Fix | None:
    now = _NOW.get(field.type)
    if now is None:
        return None
    title = f"Set `{field.name}` instead"
    build = _all_updated if one.is_query else _step_updated if one.is_step else _updated
    return Fix.review(title, lambda snapshot: build(snapshot, path, one, field.name, now))


def _all_updated(snapshot: Snapshot, path: str, one: Deletion, field: str, now: str) -> list[Edit]:
    """`update_all` in the place of `delete_all`."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, one.span)
    given = [] if call is None else call.written_arguments
    if document is None or call is None or len(call.arguments) != (3 if one.is_step else 1):
        return []
    if not call.has_parentheses or "\n" in call.text:
        return []
    query = as_argument(given[-1], document.source) if given else ""
    if given and not query:
        return []
    change = f"set: [{field}: {now}]"
    arguments = ", ".join([*(it.text for it in given[:-1]), *filter(None, (query,)), change])
    return _fitting(document, call, f"{call.module}.update_all({arguments})")


def _step_updated(snapshot: Snapshot, path: str, one: Deletion, field: str, now: str) -> list[Edit]:
    """`Multi.update` in the place of `Multi.delete`."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, one.span)
    if document is None or call is None or len(call.arguments) != 3 or "\n" in call.text:
        return []
    *before, row = call.written_arguments
    if not call.has_parentheses or not isinstance(row, (Identifier, Map, Call)):
        return []
    if isinstance(row, Call) and not row.is_field_access:
        return []
    change = f"Ecto.Changeset.change({row.text}, {field}: {now})"
    arguments = ", ".join([*(it.text for it in before), change])
    return _fitting(document, call, f"{call.module}.update({arguments})")


def _fitting(document: Document, call: Call, text: str) -> list[Edit]:
    """The text in the place of a call, where it fits its line."""
    line = document.lines.line_span(document.lines.line_at(call.start)).slice(document.source)
    width = len(line.decode("utf-8", "replace").rstrip())
    fits = width - len(call.text) + len(text) <= WIDTH
    return [Edit(Span(call.start, call.end), text, document.path)] if fits else []


def _updated(snapshot: Snapshot, path: str, one: Deletion, field: str, now: str) -> list[Edit]:
    document = snapshot.document(path)
    call = None if document is None else call_at(document, one.span)
    if document is None or not isinstance(call, Call):
        return []
    change = f"Ecto.Changeset.change({field}: {now})"
    options = ", ".join(argument.text for argument in call.arguments[1:])
    update = f"{call.module}.update{'!' if call.name.endswith('!') else ''}({options})"
    if "\n" in update:
        return []
    capture = call.enclosing(Capture)
    if capture is not None and (call.capture_arity is not None or capture.operand == call):
        return _captured(document, capture, f"&(&1 |> {change} |> {update})")
    if not call.arguments:
        return []
    row = call.arguments[0]
    whole = call.pipe or call
    newline = line_ending(document.source)
    steps = row.steps if isinstance(row, Pipe) else [row]
    if isinstance(row, Pipe) and call.pipe is not None:
        at = document.lines.starts[document.lines.line_at(call.start)]
        sign = document.source[at : call.start].decode("utf-8", "replace")
        bare = _is_change(steps[-1]) and not steps[-1].written_arguments
        steps = steps[:-1] if bare else steps
        if sign.strip() == "|>":
            change = _fitted(change, sign.removesuffix("|> "), newline)
            span = Span((row.right if bare else call).start, call.end)
            return [Edit(span, f"{change}{newline}{sign}{update}", path)]
    elif _is_change(row) and len(row.written_arguments) == 1:
        steps = [row.written_arguments[0]]
    first = steps[0]
    if any("\n" in one.text for one in steps):
        return []
    if not isinstance(first, (Identifier, Map, Call, Alias)):
        return []
    if isinstance(first, Call) and not first.has_parentheses and not first.is_field_access:
        return []
    return _piped(document, whole, [one.text for one in steps], change, update)


def _is_change(node: Node) -> TypeGuard[Call]:
    return isinstance(node, Call) and node.name == "change"


def _piped(
    document: Document, whole: Node, rows: list[str], change: str, update: str
) -> list[Edit]:
    """The expression as a pipe: on its line, or a step on each; nothing where neither fits."""
    newline = line_ending(document.source)
    start = document.lines.starts[document.lines.line_at(whole.start)]
    before = document.source[start : whole.start].decode("utf-8", "replace")
    rest = document.source[whole.end :].partition(b"\n")[0].rstrip().decode("utf-8", "replace")
    text = " |> ".join((*rows, change, update))
    if len(before) + len(text) + len(rest) <= WIDTH:
        return [Edit(whole.span, text, document.path)]
    outer = document.lines.indentation(whole.start).decode()
    indent = f"{outer}  "
    steps = [rows[0], *(f"|> {one}" for one in rows[1:])]
    steps += [f"|> {_fitted(change, indent, newline)}", f"|> {update}"]
    block = as_block(document, whole, steps)
    if block is not None:
        pair = whole.enclosing(Pair)
        definition = None if pair is None else pair.enclosing(Call)
        around = [] if definition is None else set_apart(document, definition)
        return [*around, block]
    bound = whole.parent
    if isinstance(bound, Match) and bound.start == start + len(outer) and not rest:
        lines = [f"{bound.left.text} =", *(f"{indent}{one}" for one in steps)]
        return [rewritten(document, bound, newline.join(lines))]
    if before.strip() or rest:
        return []
    change = _fitted(change, before, newline)
    text = f"{newline}{before}|> ".join((*rows, change, update))
    return [rewritten(document, whole, text)]


def _captured(document: Document, capture: Capture, text: str) -> list[Edit]:
    """The function in place of a captured one, where it fits its line."""
    line = document.lines.line_span(document.lines.line_at(capture.start))
    width = len(line.slice(document.source).decode("utf-8", "replace").rstrip())
    if "\n" in capture.text or width - len(capture.text) + len(text) > WIDTH:
        return []
    return [Edit(capture.span, text, document.path)]


def _fitted(change: str, indent: str, newline: str) -> str:
    """The call behind a pipe sign, broken as the formatter does where it is too long."""
    if len(indent) + 3 + len(change) <= WIDTH:
        return change
    name, _, argument = change.partition("(")
    return f"{name}({newline}{indent}  {argument[:-1]}{newline}{indent})"
