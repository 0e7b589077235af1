"""ecto/unbounded-query"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.calls.effects import CallGraph, Step, call_graph, written
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.pages.live_modules import Kind, live_modules
from lsp_server.facts.project.context import project_context
from lsp_server.facts.routes.controllers import Controller
from lsp_server.facts.rows.repo_uses import Fetch
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, Pipe
from lsp_server.syntax.literals import Keywords
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._batched import call_at
from ._query_import import query_import

# The parts of a query that leave all rows of the table in it.
_KEEPING = frozenset(
    {
        *("order_by", "prepend_order_by", "preload", "select", "select_merge", "lock", "as"),
        *("prefix", "put_query_prefix", "left_join", "on", "reverse_order"),
    }
)
_LOOKUP_TABLES = [
    *("countries", "currencies", "languages", "locales", "roles", "permissions", "plans"),
    *("settings", "timezones", "time_zones", "states", "statuses", "categories", "tags"),
]
_KINDS = re.compile(r"_(?:types|kinds|statuses)$")  # tables that code or an operator fills
_FARTHEST = 4  # calls below the page; what is further down checks or moves data, and shows none
_MOST = 100  # rows, in the limit that the fix adds
_STEPS = 5_000
WIDTH = 98  # the formatter's line length
_WANTS_ALL = re.compile(r"sitemap|export|csv|_ids$", re.I)


class UnboundedQuery(ProjectRule):
    """
    A page fetches all rows of a table, however many there are.

    The table has forty rows on the day when the page is written and four million some years later.
    The query then fills the memory of the node and a connection of the pool with rows that nobody
    scrolls to, once for each visitor.

    ## Bad

    `lib/blog/posts.ex`:

    ```elixir
    defmodule Blog.Posts do
      import Ecto.Query

      alias Blog.{Post, Repo}

      def list_posts do
        Repo.all(from p in Post, order_by: [desc: p.id])
      end
    end
    ```

    `lib/blog/post.ex`:

    ```elixir
    defmodule Blog.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
      end
    end
    ```

    `lib/blog_web/post_controller.ex`:

    ```elixir
    defmodule BlogWeb.PostController do
      use Phoenix.Controller

      def index(conn, _params) do
        render(conn, :index, posts: Blog.Posts.list_posts())
      end
    end
    ```

    ## Good

    `lib/blog/posts.ex`:

    ```elixir
    defmodule Blog.Posts do
      import Ecto.Query

      alias Blog.{Post, Repo}

      def list_posts do
        Repo.all(from p in Post, order_by: [desc: p.id], limit: 100)
      end
    end
    ```

    `lib/blog/post.ex`:

    ```elixir
    defmodule Blog.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
      end
    end
    ```

    `lib/blog_web/post_controller.ex`:

    ```elixir
    defmodule BlogWeb.PostController do
      use Phoenix.Controller

      def index(conn, _params) do
        render(conn, :index, posts: Blog.Posts.list_posts())
      end
    end
    ```

    ## When it stays silent

    - The query has a `limit`, an `offset`, any `where`, a grouping or an inner join, or selects a
      count or the like.
    - The module or function is called after a sitemap, an export or a CSV, or fetches ids.
    - The query starts from what is not seen: a parameter, a function that builds it.
    - No controller, LiveView, live component or resolver comes to it in four calls.
    - The table is small by its name: `lookup_tables` in the settings, which by default names
      countries, currencies, languages, locales, roles, permissions, plans, settings, timezones,
      states, statuses, categories and tags; or it ends in `_types`, `_kinds` or `_statuses`.

    ## What the fix changes

    The query gets `limit: 100`. A page that shows more needs pages: `limit` with `offset`, or
    with the last key of the page before.
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE
    reads = (Fetch, Controller, call_graph, live_modules, schemas, project_context)
    options = {"lookup_tables": _LOOKUP_TABLES}

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every query of a whole table that a page comes to."""
        index = snapshot.index
        graph, known = call_graph(index), schemas(index)
        small = set(snapshot.settings.option(self.id, "lookup_tables", _LOOKUP_TABLES))
        entries = {one.module for _, one in index.of(Controller)}
        entries |= {
            name
            for name, one in live_modules(index).items()
            if one.kind in (Kind.LIVE_VIEW, Kind.LIVE_COMPONENT)
        }
        for path, one in index.of(Fetch):
            schema = known.of(one.schema)
            if schema is None or not snapshot.context.is_repo(one.repo):
                continue
            if schema.embedded or schema.table in small:
                continue
            if _KINDS.search(schema.table):
                continue
            if not set(one.parts) <= _KEEPING:
                continue
            if _WANTS_ALL.search(one.module) or _WANTS_ALL.search(one.function):
                continue
            key = one.module, one.function, one.arity
            way = _way(graph, key, entries)
            if way is None or len(way) > _FARTHEST:
                continue
            row = one.schema.rpartition(".")[2]
            fix = Fix.review(f"Fetch at most {_MOST} rows", _Limit(path, one.span).edits)
            yield self.finding(
                one.span,
                f"All rows of `{schema.table or row}` are fetched for a page, however many there "
                "are: limit them, or show them page by page",
                path=path,
                fix=offered(fix, snapshot),
                related=[Related(step.span, step.text, step.path) for step in way],
            )


class _Limit:
    """Builds the fix of one query."""

    def __init__(self, path: str, span: Span) -> None:
        self.path = path
        self.span = span

    def edits(self, snapshot: Snapshot) -> list[Edit]:
        """A `limit` in a `from`, or as a step before the repo."""
        document = snapshot.document(self.path)
        call = None if document is None else call_at(document, self.span)
        if document is None or call is None or not call.arguments:
            return []
        query = call.arguments[0]
        match query:
            case Call("from", [_, *_]):
                return _in_from(document, query)
            case Pipe():
                edits = [_as_step(document, query, call)]
            case _ if "\n" not in query.text and call.pipe is None and call.has_parentheses:
                rest = ", ".join(one.text for one in call.written_arguments[1:])
                between = _between(document, call)
                steps = (query.text, f"limit({_MOST})", f"{call.module}.all({rest})")
                text = f"{between}|> ".join(steps)
                edits = [Edit(call.span, text, self.path)]
            case _ if call.pipe is not None:
                edits = [_as_step(document, query, call)]
            case _:
                return []
        return [*edits, *query_import(snapshot, document, call, "limit")]


def _in_from(document: Document, call: Call) -> list[Edit]:
    last = call.written_arguments[-1]
    at = Span(last.end, last.end)
    if isinstance(last, Keywords) and b"\n" in last.bytes:
        indent = document.lines.indentation(last.pairs[-1].start).decode()
        text = f",{line_ending(document.source)}{indent}limit: {_MOST}"
        return [Edit(at, text, document.path)]
    line = document.lines.line_bytes(document.lines.line_at(last.end)).rstrip()
    text = f", limit: {_MOST}"
    fits = len(line.decode("utf-8", "replace")) + len(text) <= WIDTH
    return [Edit(at, text, document.path)] if fits else []


def _as_step(document: Document, query: Node, call: Call) -> Edit:
    start = document.lines.starts[document.lines.line_at(call.start)]
    sign = document.source[start : call.start].decode("utf-8", "replace")
    between = f"{line_ending(document.source)}{sign}" if sign.strip() == "|>" else " |> "
    return Edit(Span(query.end, query.end), f"{between}limit({_MOST})", document.path)


def _between(document: Document, call: Call) -> str:
    """What stands between the steps of a pipe that a call becomes: a line's end where it goes on
    with steps on lines of their own."""
    start = document.lines.starts[document.lines.line_at(call.start)]
    indent = document.source[start : call.start]
    rest = document.source[call.end :]
    if indent.strip() or not rest.lstrip().startswith(b"|>") or rest.lstrip(b" \t")[:2] == b"|>":
        return " "
    return line_ending(document.source) + indent.decode()


def _way(graph: CallGraph, key: FunctionKey, entries: set[str]) -> tuple[Step, ...] | None:
    """The calls from a page down to a function; None where no page comes to it."""
    pending: list[tuple[FunctionKey, tuple[Step, ...]]] = [(key, ())]
    seen = {key}
    for function, steps in pending:  # grows while it is read
        module = function[0]
        if (
            module in entries
            or module.endswith(("Resolver", "Resolvers"))
            or ".Resolvers." in module
        ):
            return steps
        if len(pending) > _STEPS:
            break
        for caller, path, call in graph.callers.get(function, ()):
            if caller not in seen:
                seen.add(caller)
                text = f"`{written(caller)}` calls `{written(function)}`"
                pending.append((caller, (Step(path, call.span, text), *steps)))
    return None
