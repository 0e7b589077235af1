"""The part of a project that single documents need: dependencies, repos, what `use` brings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from lsp_server.facts.database.repos import has_repo, package_versions, repos
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import Function
from lsp_server.facts.processes.own_child_specs import defines_child_spec, own_child_specs
from lsp_server.facts.project import mix
from lsp_server.facts.project.expansion import Expander, Expansion, Uses
from lsp_server.facts.project.library import Functions
from lsp_server.facts.project.using import has_using, own_uses
from lsp_server.facts.project.versions import NEWEST, Requirement, Version
from lsp_server.syntax.names import Import, Names


@dataclass(frozen=True)
class ProjectContext:
    """What document rules may know of the project. Equal digests mean equal contexts.

    `dependencies` holds the version of every package by the folder of a mix.exs or mix.lock,
    `adapters` the full name of a repo's adapter (empty where it is not written out), `exports` the
    public functions of those own modules that many others import, `libraries` the folders of
    packages that others depend on, `child_specs` the modules that define `child_spec/1`.
    """

    digest: bytes = b""
    repos: frozenset[str] = frozenset()
    dependencies: Mapping[str, Mapping[str, Version]] = field(default_factory=dict)
    adapters: Mapping[str, str] = field(default_factory=dict)
    expander: Expander = field(default_factory=Expander)
    exports: Mapping[str, Functions] = field(default_factory=dict)
    libraries: frozenset[str] = frozenset()
    child_specs: frozenset[str] = frozenset()
    # What `fits` has answered, by folder and requirement: rules ask the same for every file.
    _fitting: dict[tuple[str, str], bool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def is_library(self, path: str) -> bool:
        """Whether the mix.exs nearest to a file publishes a package (`package:`) that serves no
        requests itself."""
        end = path.rfind("/") + 1
        while path[:end] not in self.dependencies and end > 0:
            end = path.rfind("/", 0, end - 1) + 1
        return path[:end] in self.libraries

    def is_repo(self, module: str) -> bool:
        """Whether a module is an Ecto repo: one that the project defines, by its full name, or by
        the last part of it where a `use` has made the alias; where it defines none, by its name."""
        if not self.repos:
            return module.rpartition(".")[2].endswith("Repo")
        if module in self.repos or "." in module:
            return module in self.repos
        return any(one.endswith(f".{module}") for one in self.repos)

    def version(self, path: str, package: str) -> Version | None:
        """The version of a package that the application of `path` uses.

        It is the locked one, else the lowest that mix.exs allows; the newest where no mix.exs and
        no mix.lock around the file is known; None where the application does not depend on it.
        """
        folder = self.folder(path)
        return NEWEST if folder is None else self.dependencies[folder].get(package)

    def folder(self, path: str) -> str | None:
        """The folder of the application that a file belongs to."""
        end = path.rfind("/") + 1
        while path[:end] not in self.dependencies:
            if end == 0:
                return None
            end = path.rfind("/", 0, end - 1) + 1
        return path[:end]

    def fits(self, path: str, requirement: str) -> bool:
        """Whether the version of a package that the app of `path` uses fits `"phoenix >= 1.7"`.

        True where no mix.exs and no mix.lock is known; False where the app does not depend on it.
        A package alone asks whether the app has it in any version; `elixir` is the language, whose
        version is the lowest that mix.exs allows. Raises ValueError for what is no requirement.
        """
        return self.folder_fits(self.folder(path), requirement)

    def folder_fits(self, folder: str | None, requirement: str) -> bool:
        """The same of the app in a folder, for who asks more than one thing about a file."""
        known = None if folder is None else self._fitting.get((folder, requirement))
        if known is None:
            known = self._fits(folder, requirement)
            if folder is not None:
                self._fitting[folder, requirement] = known
        return known

    def _fits(self, folder: str | None, requirement: str) -> bool:
        package, _, wanted = requirement.strip().partition(" ")
        version = NEWEST if folder is None else self.dependencies[folder].get(package)
        if version is None or not wanted:
            return version is not None
        parsed = Requirement.parse(wanted)
        if parsed is None:
            raise ValueError(f"{requirement!r} is no requirement of a package")
        return parsed.allows(version)

    def expansion(self, uses: Uses) -> Expansion:
        """What `use`s, given as modules with selectors, bring through own modules and libraries."""
        return self.expander.expand(uses)

    def used(self, names: Names) -> frozenset[str]:
        """The modules that `use` brings to the module at a place, also behind the project's own
        `use MyAppWeb, :live_view`. A module does not have what those around it use."""
        return self._expansion(_own_scopes(names)).used

    def aliases(self, names: Names) -> Mapping[str, str]:
        """The aliases that hold at a place because of a `use`, by the name that they introduce."""
        found = self._expansion(_scopes(names)).aliases
        return {name: _written_for(names, target) for name, target in found.items()}

    def imports(self, names: Names) -> Mapping[str, Import]:
        """All imports that hold at a place, those behind `use` included, by module."""
        brought = self._expansion(_scopes(names)).imports
        found = {_written_for(names, module): one for module, one in brought.items()}
        return found | {one.module: one for one in reversed([*names.all_imports()])}

    def expand(self, names: Names, written: str) -> str:
        """The full name of a module: `Names.expand`, and aliases that a `use` has brought."""
        full = names.expand(written)
        if full != written:
            return full
        first, dot, rest = written.partition(".")
        target = self._expansion(_scopes(names)).aliases.get(first)
        return written if target is None else f"{_written_for(names, target)}{dot}{rest}"

    def importer(self, names: Names, name: str, arity: int) -> str | None:
        """The module from which an unqualified call comes, where that is certain.

        It is certain where an import lists the function, where a `use` defines it in the module
        itself, and where just one imported module is known to have it: two would not compile.
        """
        explicit = {one.module: one for one in reversed([*names.all_imports()])}
        for one in names.all_imports():
            if one.offers(name, arity):
                return one.module
        own = self._expansion(_own_scopes(names))
        if (name, arity) in own.functions:
            return names.module
        found: set[str] = set()
        for module, one in self._expansion(_scopes(names)).imports.items():
            if module not in explicit and self._offers(one, name, arity):
                found.add(_written_for(names, module))
        found.update(one.module for one in explicit.values() if self._offers(one, name, arity))
        return found.pop() if len(found) == 1 else None

    def _offers(self, one: Import, name: str, arity: int) -> bool:
        offered = one.offers(name, arity)
        if offered is not None:
            return offered
        own = self.exports.get(one.module)
        return (name, arity) in (self.expander.exports(one.module) if own is None else own)

    def _expansion(self, scopes: list[Names]) -> Expansion:
        return self.expander.expand(
            [(use.module, use.selector) for scope in scopes for use in scope.uses]
        )


def _scopes(names: Names) -> list[Names]:
    """The scopes at a place, the outermost first."""
    found: list[Names] = []
    scope: Names | None = names
    while scope is not None:
        found.append(scope)
        scope = scope.outer
    found.reverse()
    return found


def _own_scopes(names: Names) -> list[Names]:
    """Those of the scopes that belong to the module at a place itself."""
    return [scope for scope in _scopes(names) if scope.module == names.module]


def _written_for(names: Names, module: str) -> str:
    """A module that a quoted block names, for the module that takes the block in."""
    return names.expand(module) if module.startswith("__MODULE__") else module


@join(mix.dependencies, mix.mix_projects, repos, own_uses, own_child_specs, Function)
def project_context(index: Index) -> ProjectContext:
    """The context, which no file changes for which `context_relevant` is False."""
    dependencies, found, own = mix.dependencies(index), repos(index), own_uses(index)
    versions = {
        folder: {package: str(version) for package, version in sorted(packages.items())}
        for folder, packages in dependencies.items()
    }
    adapters = {module: found[module].adapter for module in sorted(found)}
    exports = _exports(index)
    listed = {module: sorted(functions) for module, functions in exports.items()}
    libraries = [folder for folder, one in mix.mix_projects(index).items() if _is_library(one)]
    specs = own_child_specs(index)
    seen = msgspec.msgpack.encode(
        (versions, adapters, sorted(own.items()), listed, sorted(libraries), sorted(specs))
    )
    return ProjectContext(
        hashlib.blake2b(seen, digest_size=16).digest(),
        frozenset(found),
        dependencies,
        adapters,
        Expander(own, package_versions(index)),
        exports,
        frozenset(libraries),
        specs,
    )


_SERVERS = frozenset({"bandit", "plug_cowboy"})


def _is_library(project: mix.MixProject) -> bool:
    """Whether a mix.exs is that of a package that is no web application itself."""
    return project.package and not any(
        one.package in _SERVERS and not one.environments and one.option("optional") != "true"
        for one in project.dependencies
    )


# What the files of modules end in that are imported all over a web application. The functions of
# others are not told to document rules, or every new function would have all files checked again.
_SHARED = ("components.ex", "helpers.ex")


def _exports(index: Index) -> dict[str, Functions]:
    found: dict[str, set[tuple[str, int]]] = {}
    for path in sorted(index.paths):
        for one in index.file(path).of(Function) if path.endswith(_SHARED) else ():
            if not one.is_private:
                arities = range(one.arity - one.defaults, one.arity + 1)
                found.setdefault(one.module, set()).update((one.name, n) for n in arities)
    return {module: frozenset(functions) for module, functions in found.items()}


def context_relevant(path: str, source: bytes) -> bool:
    """Whether a file can say anything that `project_context` reads; a search for a few words."""
    if path.endswith((".ex", ".exs")):
        if path.endswith(("mix.exs", *_SHARED)) or has_using(source):
            return True
        return has_repo(path, source) or defines_child_spec(source)
    return path.endswith("mix.lock")
