"""ecto/uuid-v7"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.database.schemas import Field, Schema, SchemaBase
from lsp_server.facts.project.context import project_context
from lsp_server.facts.rows.orderings import Ordering
from lsp_server.facts.values import options_of
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import ModuleAttribute
from lsp_server.syntax.literals import Tuple
from lsp_server.text import Span

_RANDOM = frozenset({":binary_id", "Ecto.UUID"})


class UuidV7(ProjectRule):
    """
    Random primary keys on a table that is read in the order in which its rows were inserted.

    A random UUID puts every new row at a random place of the index: its pages are read and written
    all over, and hardly any of them stays in memory once the table is large. A UUID of version 7
    begins with the time, so that new rows come at the end, and the key itself is in the order of
    insertion. Ecto makes them since 3.14, the package uuidv7 for versions before.

    ## Bad

    `lib/blog/event.ex`:

    ```elixir
    defmodule Blog.Event do
      use Ecto.Schema

      @primary_key {:id, :binary_id, autogenerate: true}
      schema "events" do
        field :name, :string
        timestamps()
      end
    end
    ```

    `lib/blog/events.ex`:

    ```elixir
    defmodule Blog.Events do
      import Ecto.Query

      def newest do
        from e in Blog.Event, order_by: [desc: e.inserted_at], limit: 20
      end
    end
    ```

    ## Good

    `lib/blog/event.ex`:

    ```elixir
    defmodule Blog.Event do
      use Ecto.Schema

      @primary_key {:id, Ecto.UUID, autogenerate: [version: 7]}
      schema "events" do
        field :name, :string
        timestamps()
      end
    end
    ```

    `lib/blog/events.ex`:

    ```elixir
    defmodule Blog.Events do
      import Ecto.Query

      def newest do
        from e in Blog.Event, order_by: [desc: e.inserted_at], limit: 20
      end
    end
    ```

    ## When it stays silent

    - Ecto is older than 3.14 and the project does not have uuidv7.
    - No query in sight orders the table by `inserted_at`.
    - The database makes the key, or a type of the project does.

    ## What the fix changes

    New rows get keys of version 7: by `Ecto.UUID` with `autogenerate: [version: 7]`, as the type
    `:binary_id` takes no options, or by `UUIDv7`. Keys that are there stay. A key of version 7
    tells when its row was made: where that must stay secret, keep the random ones.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (Ordering, Schema, SchemaBase, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every `@primary_key`, also those that a `use` sets, of a schema that is ordered by
        time."""
        index = snapshot.index
        ordered: dict[str, tuple[str, Span]] = {}
        for path, order in index.of(Ordering):
            ordered.setdefault(order.schema, (path, order.span))
        bases = {one.module: (path, one) for path, one in index.of(SchemaBase)}
        seen: set[tuple[str, Span]] = set()
        for path, schema in index.of(Schema):
            if schema.module not in ordered or schema.embedded:
                continue
            where, key = path, schema.primary_key
            for use in schema.uses:
                if key is None and use in bases:
                    where, key = bases[use][0], bases[use][1].primary_key
            key = key or tuple(one for one in schema.fields if one.option("primary_key") == "true")
            if len(key) != 1 or not _is_random(key[0]) or (where, key[0].span) in seen:
                continue
            version7 = snapshot.context.fits(where, "ecto >= 3.14")
            if not version7 and not snapshot.context.fits(where, "uuidv7"):
                continue
            seen.add((where, key[0].span))
            at, span = ordered[schema.module]
            row = schema.module.rpartition(".")[2]
            yield self.finding(
                key[0].span,
                f"`{row}` is read in the order of insertion, but its keys are random UUIDs: "
                "version 7 keeps its index in that order",
                path=where,
                fix=_fix(where, key[0].span, version7),
                related=[Related(span, f"here `{row}` is ordered by `inserted_at`", at)],
            )


def _is_random(key: Field) -> bool:
    return key.type in _RANDOM and key.option("autogenerate") == "true"


def _fix(path: str, name: Span, version7: bool) -> Fix:
    kind, value = ("Ecto.UUID", "[version: 7]") if version7 else ("UUIDv7", "true")
    return Fix.review(
        "Make new keys UUIDs of version 7",
        lambda snapshot: _edits(snapshot, path, name, kind, value),
    )


def _edits(snapshot: Snapshot, path: str, name: Span, kind: str, value: str) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(name.start)
    if form is None:
        return []
    said = [one.value for one in form.index.nodes(ModuleAttribute)]
    keys = [one.elements for one in said if isinstance(one, Tuple)]
    keys += [one.written_arguments for one in form.index.calls("field")]
    for first, written, *rest in (one for one in keys if len(one) == 3):
        generated = dict(options_of(rest[0])).get("autogenerate")
        if first.span == name and generated is not None:
            return [Edit(written.span, kind, path), Edit(generated.span, value, path)]
    return []
