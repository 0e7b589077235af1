"""The project's Ecto repos, what they talk to, and the modules that stand in front of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.project import mix
from lsp_server.facts.project.expansion import Expander
from lsp_server.facts.project.using import own_uses
from lsp_server.facts.project.versions import Version
from lsp_server.syntax.elixir import Alias, Call
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.names import Use
from lsp_server.syntax.outline import Module
from lsp_server.text import Span

# What `use` makes a repo, and the adapter that it implies (ecto 3, ash_postgres 2, ash_sqlite 0.2,
# ash_mysql 0.3, fly_postgres 0.3).
_BASES = {
    "Ecto.Repo": "",
    "AshPostgres.Repo": "Ecto.Adapters.Postgres",
    "AshSqlite.Repo": "Ecto.Adapters.SQLite3",
    "AshMysql.Repo": "Ecto.Adapters.MyXQL",
    "Fly.Repo": "Ecto.Adapters.Postgres",
}
# A module that delegates one of these to a repo stands in front of it.
_QUERIES = frozenset({"all", "one", "get", "get!", "get_by", "insert", "update", "delete"})


class RepoCandidate(Fact):
    """A module that may be a repo: its `use`s with the options that repos take, or a facade."""

    module: str
    uses: tuple[tuple[str, str], ...]  # with selectors
    adapter: str  # the full name; empty where none is written out
    otp_app: str
    delegates: tuple[str, ...]  # the modules to which a facade delegates queries
    span: Span  # of the module's name


@dataclass(frozen=True, slots=True)
class Repo:
    """An Ecto repo. A facade, which only delegates, has the adapter of the repo behind it."""

    module: str
    path: str
    span: Span  # of the module's name
    adapter: str  # `Ecto.Adapters.Postgres`; empty where it is not known
    otp_app: str
    behind: str = ""  # the repo to which a facade delegates

    @property
    def database(self) -> str:
        """`Postgres`, `MyXQL`, `SQLite3`, `Tds` …: the adapter's last name; empty if unknown."""
        return self.adapter.rpartition(".")[2]


def has_repo(path: str, source: bytes) -> bool:
    """Whether a file can define a repo or a facade of one."""
    return b"otp_app" in source or path.endswith("repo.ex")


@collects(RepoCandidate)
def collect_repos(document: Document) -> Iterator[Fact]:
    """The modules of a file that may be repos."""
    if not has_repo(document.path, document.source):
        return
    for module in document.modules:
        named = module.name.endswith("Repo")
        uses = [use for use in module.names.uses if named or _option(use, "otp_app")]
        delegates = tuple(_delegates(module)) if named else ()
        if not uses and not delegates:
            continue
        adapter = next((one for one in (_adapter(use, module) for use in uses) if one), "")
        yield RepoCandidate(
            module.name,
            tuple((use.module, use.selector) for use in uses),
            adapter,
            next((one for one in (_option(use, "otp_app") for use in uses) if one), ""),
            delegates,
            module.name_span,
        )


def _option(use: Use, key: str) -> str:
    value = use.call.keyword(key)
    return value.name if isinstance(value, Atom) else ""


def _adapter(use: Use, module: Module) -> str:
    value = use.call.keyword("adapter")
    return module.names.expand(value.name) if isinstance(value, Alias) else ""


def _delegates(module: Module) -> Iterator[str]:
    found: dict[str, None] = {}
    for form in module.forms:
        function = form.function
        if form.callee == b"defdelegate" and function is not None and function.name in _QUERIES:
            target = Call(form.raw, form.tree).keyword("to")
            if isinstance(target, Alias):
                found[module.names.expand(target.name)] = None
    yield from found


@join(RepoCandidate, own_uses, mix.dependencies)
def repos(index: Index) -> Mapping[str, Repo]:
    """The repos of the project by module, facades among them."""
    own = own_uses(index)
    expander = Expander(own, package_versions(index))
    found: dict[str, Repo] = {}
    facades: list[tuple[str, RepoCandidate]] = []
    for path, one in index.of(RepoCandidate):
        used = expander.expand(one.uses).used
        bases = used & _BASES.keys()
        if bases:
            quoted = (block for module in used for block in own.get(module, ()))
            brought = (brings.adapter for block in quoted for brings in block.brings)
            implied = (_BASES[base] for base in sorted(bases))
            adapter = next((name for name in (one.adapter, *brought, *implied) if name), "")
            found[one.module] = Repo(one.module, path, one.span, adapter, one.otp_app)
        elif one.delegates:
            facades.append((path, one))
    for path, one in facades:
        behind = next((found[to] for to in one.delegates if to in found), None)
        if behind is not None and one.module not in found:
            found[one.module] = Repo(
                one.module, path, one.span, behind.adapter, behind.otp_app, behind.module
            )
    return found


@join(mix.dependencies)
def package_versions(index: Index) -> Mapping[str, Version]:
    """The version of each package in the project as a whole, that of the root before others."""
    found: dict[str, Version] = {}
    for _, packages in sorted(mix.dependencies(index).items()):
        for package, version in packages.items():
            found.setdefault(package, version)
    return found
