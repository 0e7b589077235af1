"""The calls that send a text to the database as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.facts.database.repos import repos
from lsp_server.lint.file import File
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Alias, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node

REPO = frozenset({"query", "query!", "query_many", "query_many!"})
_DRIVERS = {
    # The functions of a driver (postgrex 0.20, myxql 0.7, tds 2.3, exqlite 0.30), the position of
    # the SQL, and how a parameter is written.
    "Postgrex": ({"query": 1, "query!": 1, "stream": 1, "prepare": 2, "prepare!": 2}, "$"),
    "MyXQL": ({"query": 1, "query!": 1, "query_many": 1, "query_many!": 1, "stream": 1}, "?"),
    "Tds": ({"query": 1, "query!": 1}, "@"),
    "Exqlite": ({"query": 1, "query!": 1}, "?"),
    "Ecto.Adapters.SQL": ({**dict.fromkeys(REPO, 1), "stream": 1}, ""),
}
_STYLES = {"Postgres": "$", "MyXQL": "?", "SQLite3": "?", "Tds": "@"}  # by adapter
NAMES = tuple(sorted({*REPO, "stream", "prepare", "prepare!", "prepare_execute"}))
UNSAFE = "unsafe_fragment"


@dataclass(frozen=True, slots=True)
class Sink:
    """A place where SQL is run. `params` is the position of the parameters among the arguments
    (those of a pipe counted), None where there can be none."""

    call: Node
    sql: Node
    name: str  # `Repo.query!`
    params: int | None = None
    style: str = ""  # `$`, `?` or `@`; empty where the repo decides
    repo: str = ""  # the repo's full name

    def placeholder(self, snapshot: Snapshot) -> str:
        """How parameters are written here: `$1`, `?`, `@1`; Postgres where nothing is known."""
        found = repos(snapshot.index).get(self.repo)
        return self.style or _STYLES.get(found.database if found is not None else "", "$")


def sink_of(call: Call, file: File) -> Sink | None:
    """The place where a call runs SQL."""
    arguments = call.arguments
    if call.name in REPO and arguments:
        if file.is_repo(call):
            names = file.names(call)
            repo = file.context.expand(names, call.module or "")
            return Sink(call, arguments[0], call.dotted, 1, repo=repo)
        if _is_some_repo(call.receiver):
            return Sink(call, arguments[0], f"repo.{call.name}", 1)
    driver, style = _DRIVERS.get(file.module_of(call) or "", ({}, ""))
    at = driver.get(call.name)
    if at is None or len(arguments) <= at:
        return None
    params = at + 1 if at == 1 else None
    first = arguments[0]
    repo = ""
    if not style and isinstance(first, Alias):
        repo = file.context.expand(file.names(call), first.name)
    return Sink(call, arguments[at], call.dotted, params, style, repo)


def fragments(node: Node) -> Iterator[Sink]:
    """`unsafe_fragment(…)` and `{:unsafe_fragment, …}` below a node."""
    for one in node.descendants():
        match one:
            case Call() if one.name == UNSAFE and one.receiver is None and one.arguments:
                yield Sink(one, one.arguments[0], UNSAFE)
            case Tuple([Atom("unsafe_fragment"), sql]):
                yield Sink(one, sql, UNSAFE)


def _is_some_repo(receiver: Node | None) -> bool:
    """`repo.query(…)`, `repo().query(…)`, `@repo.query(…)`."""
    match receiver:
        case Identifier(name):
            return name == "repo"
        case Call() | ModuleAttribute():
            return receiver.name == "repo"
    return False
