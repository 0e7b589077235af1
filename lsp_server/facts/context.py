"""The part of a project that single documents need: dependencies, repos, what `use` brings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from lsp_server.facts import mix
from lsp_server.facts.index import Index, join
from lsp_server.facts.versions import NEWEST, Requirement, Version
from lsp_server.syntax.names import Names


@dataclass(frozen=True)
class ProjectContext:
    """What document rules may know of the project. Equal digests mean equal contexts.

    `dependencies` holds the version of every package by the folder of a mix.exs or mix.lock.
    """

    digest: bytes = b""
    repos: frozenset[str] = frozenset()
    dependencies: Mapping[str, Mapping[str, Version]] = field(default_factory=dict)

    def is_repo(self, module: str) -> bool:
        """Whether a module (full name) is an Ecto repo: one that the project defines; where it
        defines none, by its name."""
        if self.repos:
            return module in self.repos
        return module.rpartition(".")[2].endswith("Repo")

    def version(self, path: str, package: str) -> Version | None:
        """The version of a package that the application of `path` uses.

        It is the locked one, else the lowest that mix.exs allows; the newest where no mix.exs and
        no mix.lock around the file is known; None where the application does not depend on it.
        """
        end = path.rfind("/") + 1
        while path[:end] not in self.dependencies:
            if end == 0:
                return NEWEST
            end = path.rfind("/", 0, end - 1) + 1
        return self.dependencies[path[:end]].get(package)

    def fits(self, path: str, requirement: str) -> bool:
        """Whether the version of a package that the app of `path` uses fits `"phoenix >= 1.7"`.

        True where no mix.exs and no mix.lock is known; False where the app does not depend on it.
        A package alone asks whether the app has it in any version.
        """
        package, _, wanted = requirement.strip().partition(" ")
        version = self.version(path, package)
        if version is None or not wanted:
            return version is not None
        parsed = Requirement.parse(wanted)
        if parsed is None:
            raise ValueError(f"{requirement!r} is no requirement of a package")
        return parsed.allows(version)

    def importer(self, names: Names, name: str, arity: int) -> str | None:
        """The module from which an unqualified call comes, where that is certain."""
        for one in names.all_imports():
            if one.offers(name, arity):
                return one.module
        return None

    def used(self, names: Names) -> frozenset[str]:
        """The modules that `use` brings at a place, also behind `use MyAppWeb, :live_view`."""
        return frozenset(use.module for use in names.all_uses())


@join(mix.dependencies)
def project_context(index: Index) -> ProjectContext:
    """The context of all files that were read."""
    dependencies = mix.dependencies(index)
    versions = {
        folder: {package: str(version) for package, version in sorted(packages.items())}
        for folder, packages in dependencies.items()
    }
    digest = hashlib.blake2b(msgspec.msgpack.encode(versions), digest_size=16).digest()
    return ProjectContext(digest, dependencies=dependencies)


_DECISIVE = (b"__using__", b"otp_app", b"Ecto.Repo", b"AshPostgres.Repo")


def context_relevant(path: str, source: bytes) -> bool:
    """Whether a file can say anything that `project_context` reads; a search for a few words."""
    if path.endswith(("mix.exs", "mix.lock")):
        return True
    return path.endswith((".ex", ".exs")) and any(word in source for word in _DECISIVE)
