"""ecto/query-in-loop"""

from __future__ import annotations

from collections.abc import Container, Iterator

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import CACHED, CHUNKED, CONCURRENT, LATER, LOOP, SMALL, TEMPLATE
from lsp_server.facts.calls.primitives import DATABASE, Effect
from lsp_server.facts.database.schemas import Schemas, schemas
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.rows.association_uses import preloading
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot

from ._batched import fetch_together, insert_together, is_script

# Steps of a write below the call in the loop; further down, such as a note of an error, it depends
# on too many conditions.
FARTHEST = 2
GETS = frozenset({("get", 2), ("get!", 2)})
INSERTS = frozenset({("insert", 1), ("insert!", 1)})


class QueryInLoop(ProjectRule):
    """
    A query that runs once for each element of a collection.

    A hundred rows in the list are a hundred round trips to the database, each with its own wait for
    a connection, where one query over all of them takes hardly longer than a single one. The list
    is short on the developer's machine and grows in production, and the query often hides behind a
    function of a context, so that the loop looks harmless.

    Reads in a loop are a warning. Writes are an information: they may have to be single (each with
    its changeset), but `insert_all`, `update_all` or an `Ecto.Multi` often say the same in one.

    ## Bad

    ```elixir
    defmodule Shop.Orders do
      alias Shop.{Customer, Repo}

      def buyers(orders) do
        Enum.map(orders, fn order -> Repo.get!(Customer, order.customer_id) end)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Orders do
      import Ecto.Query, only: [from: 2]

      alias Shop.{Customer, Repo}

      def buyers(orders) do
        customer_ids = Enum.map(orders, & &1.customer_id)

        customers =
          from(c in Customer, where: c.id in ^customer_ids)
          |> Repo.all()
          |> Map.new(&{&1.id, &1})

        Enum.map(orders, fn order -> Map.fetch!(customers, order.customer_id) end)
      end
    end
    ```

    ## When it stays silent

    - The collection is a literal, a module attribute or a range of literals, or the function
      takes the options of a keyword list apart.
    - The loop runs over chunks (`Enum.chunk_every/2`), or is `Task.async_stream/3`.
    - The call runs in another process, in a step of an `Ecto.Multi`, or only to fill a cache.
    - A write is more than two calls below the one in the loop: what else happens on the way is
      not done by `insert_all`.
    - The query is behind a variable or a behaviour, where nobody can tell which function runs.
    - SQL as text (`Repo.query!`): often one statement for each of several tables.
    - `Repo.preload` in the loop, itself or behind a function that does nothing else:
      `ecto/n-plus-one` speaks of it.
    - Seeds, mix tasks, migrations and tests.

    ## What the fix changes

    `Repo.get` and `Repo.get!` become a look-up in a map that one query before the loop has filled.
    A row that is missing then raises `KeyError` instead of `Ecto.NoResultsError`, and ids must
    have the type of the column: `Repo.get` would have cast `"1"`. `Repo.insert` of a plain struct
    becomes `Repo.insert_all` if the schema has no timestamps, no defaults, and nothing else that
    it fills in by itself.
    """

    reads = (call_graph, schemas, preloading)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call in a loop that comes to the database."""
        graph, known = call_graph(snapshot.index), schemas(snapshot.index)
        preloads = preloading(snapshot.index)
        for clause in graph.clauses:
            if is_script(clause.path):
                continue
            for call in clause.calls:
                if call.place & LOOP and not call.place & (SMALL | CHUNKED | CONCURRENT | LATER):
                    yield from self._judge(snapshot, graph, known, preloads, clause, call)

    def _judge(
        self,
        snapshot: Snapshot,
        graph: CallGraph,
        known: Schemas,
        preloads: Container[FunctionKey],
        clause: Clause,
        call: CallSite,
    ) -> Iterator[Finding]:
        effects = graph.effects(clause.module, call, CACHED) & DATABASE
        if not effects or graph.callee(clause.module, call) == clause.key:
            return
        if call.name == "preload" and graph.direct(clause.module, call):
            return
        if graph.callee(clause.module, call) in preloads:
            return
        effect = Effect.DB_WRITE if Effect.DB_WRITE in effects else Effect.DB_READ
        way = graph.way(clause.module, call, effect, CACHED)
        leaf = graph.leaf(clause.module, call, effect, CACHED)
        if leaf is None or leaf[1].name.startswith("query"):
            return
        if effect is Effect.DB_WRITE and len(way) > FARTHEST:
            return
        name = graph.name_of(clause.module, call)
        each = f"each element of `{call.over}`" if call.over else "each element of the loop"
        if effect is Effect.DB_WRITE:
            message = f"`{name}` writes to the database once for {each}; one write could do for all"
        else:
            message = f"`{name}` queries the database once for {each}; one query could do for all"
        fix = _fix(known, clause.path, call)
        yield self.finding(
            call.span,
            message,
            path=clause.path,
            fix=offered(fix, snapshot),
            related=[Related(step.span, step.text, step.path) for step in way],
            severity=Severity.INFORMATION if effect is Effect.DB_WRITE else Severity.WARNING,
        )


def _fix(known: Schemas, path: str, call: CallSite) -> Fix | None:
    """What a repo's own function in a loop can become."""
    if call.place & TEMPLATE or not call.subject:
        return None
    schema = known.of(call.subject)
    if (call.name, call.arity) in GETS:
        keys = ("id",) if schema is None else schema.keys
        if len(keys) != 1:
            return None
        title = "Fetch all rows with one query before the loop"
        return Fix.review(title, lambda snapshot: fetch_together(snapshot, path, call, keys[0]))
    if (call.name, call.arity) in INSERTS and schema is not None:
        fills_in = any(
            field.option("default") or field.option("autogenerate")
            for field in schema.all_fields.values()
            if not (field.name == "id" and field.type == ":id")
        )
        if schema.timestamps or schema.open or fills_in or schema.embedded:
            return None
        title = "Insert all rows with one insert_all"
        return Fix.review(title, lambda snapshot: insert_together(snapshot, path, call))
    return None
