"""Facts of `mix.exs` and `mix.lock`: the application, its dependencies, what is locked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.project.versions import NEWEST, Requirement, Version
from lsp_server.syntax.elixir import Alias, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, Sigil, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span

_ATOM = re.compile(r":(\w+)")


class Dependency(Fact):
    """A dependency of mix.exs. `requirement` is None where none is written or it is computed."""

    package: str
    requirement: str | None
    span: Span
    requirement_span: Span | None = None  # of the string, its quotes counted
    options: tuple[tuple[str, str], ...] = ()  # values as written

    def option(self, key: str) -> str | None:
        """The value of an option as written."""
        return next((value for name, value in self.options if name == key), None)

    @property
    def in_umbrella(self) -> bool:
        """Whether it is another application of the umbrella."""
        return self.option("in_umbrella") == "true"

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that `only:` writes out; empty for all."""
        return tuple(_ATOM.findall(self.option("only") or ""))

    @property
    def lower(self) -> Version:
        """The lowest version that can be installed; the newest where that is not said."""
        wanted = None if self.requirement is None else Requirement.parse(self.requirement)
        return NEWEST if wanted is None else wanted.lower


class MixProject(Fact):
    """What a mix.exs says; every mix.exs has one, an unreadable one with empty fields."""

    app: str = ""
    version: str = ""
    elixir: str = ""  # the requirement of the language
    apps_path: str = ""  # not empty in the root of an umbrella
    application: str = ""  # the module of `mod:`
    package: bool = False  # whether it is published (`package:`)
    paths: tuple[str, ...] = ("lib",)  # compiled everywhere
    dependencies: tuple[Dependency, ...] = ()
    span: Span = Span(0, 0)  # of the module's name


class Locked(Fact):
    """An entry of mix.lock. `version` is that at Hex or of a git tag; empty for other revisions."""

    package: str
    version: str
    source: str  # hex, git or path
    name: str  # the name at Hex, or the URL
    span: Span  # of the package's name with its quotes
    version_span: Span


class Lock(Fact):
    """A mix.lock; also an empty one has this fact."""

    entries: tuple[Locked, ...]


@collects(MixProject, Lock)
def collect_mix(document: Document) -> Iterator[Fact]:
    """The facts of one mix.exs or mix.lock."""
    name = document.path.rpartition("/")[2]
    if name == "mix.lock":
        yield Lock(tuple(_locked(document.source)))
    elif name == "mix.exs":
        for module in document.modules:
            if module.uses("Mix.Project"):
                yield _Reader(module).project()
                return
        yield MixProject()


# Mix writes one entry a line: `"name": {:hex, :name, "1.2.3", …}`, `{:git, "url", "hash", […]}`.
_ENTRY = re.compile(
    rb'"([^"\n]+)"(?::| *=>) *\{:(hex|git|path), *(?::"?([\w.-]+)"?|"([^"\n]*)")(?:, *"([^"\n]*)")?'
)
_TAG = re.compile(rb'tag: "v?([^"\n]*)"')


def _locked(source: bytes) -> Iterator[Locked]:
    for found in _ENTRY.finditer(source):
        package, kind, hex_name, url, version = found.groups(b"")
        start, end = found.span(5) if version else (found.end(), found.end())
        if kind != b"hex":
            line_end = source.find(b"\n", found.end())
            tag = _TAG.search(source, found.end(), line_end if line_end >= 0 else len(source))
            version = (
                b""
                if tag is None or Version.parse(tag[1].decode("utf-8", "replace")) is None
                else tag[1]
            )
            start, end = tag.span(1) if tag is not None else (start, end)
        yield Locked(
            package.decode("utf-8", "replace"),
            version.decode("utf-8", "replace"),
            kind.decode(),
            (hex_name or url).decode("utf-8", "replace"),
            Span(found.start(1) - 1, found.end(1) + 1),
            Span(start, end),
        )


class _Reader:
    """Reads the module of a mix.exs."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.functions: dict[str, list[Form]] = {}
        for form in module.forms:
            if form.function is not None:
                self.functions.setdefault(form.function.name, []).append(form)

    def project(self) -> MixProject:
        settings = self._project_settings()
        return MixProject(
            app=self._atom(settings.get("app")),
            version=self._string(settings.get("version")) or "",
            elixir=self._string(settings.get("elixir")) or "",
            apps_path=self._string(settings.get("apps_path")) or "",
            application=self._application(),
            package="package" in settings,
            paths=self._compiled(settings.get("elixirc_paths")),
            dependencies=tuple(self._dependencies(settings.get("deps"))),
            span=self.module.name_span,
        )

    def _project_settings(self) -> Mapping[str, Node]:
        for form in self.functions.get("project", ()):
            for keywords in form.index.nodes(Keywords):
                values = keywords.values
                if not values.keys().isdisjoint(("app", "apps_path", "deps")):
                    return values
        return {}

    def _string(self, node: Node | None) -> str | None:
        """The text of a literal, or of the module attribute that holds one."""
        if isinstance(node, ModuleAttribute):
            node = self.module.attribute(node.name)
        return node.value if isinstance(node, String) else None

    def _atom(self, node: Node | None) -> str:
        if isinstance(node, ModuleAttribute):
            node = self.module.attribute(node.name)
        return node.name if isinstance(node, Atom) else ""

    def _application(self) -> str:
        for form in self.functions.get("application", ()):
            for pair in form.index.nodes(Pair):
                if pair.key != "mod":
                    continue
                value = pair.value
                first = value.elements[0] if isinstance(value, Tuple) and value.elements else value
                if isinstance(first, Alias):
                    return form.names_at(first.start).expand(first.name)
        return ""

    def _compiled(self, node: Node | None) -> tuple[str, ...]:
        """The paths that are compiled in every environment."""
        if node is None:
            return ("lib",)
        if not isinstance(node, (Call, Identifier)):
            return tuple(dict.fromkeys(_texts(node))) or ("lib",)
        found: dict[str, None] = {}
        for form in self.functions.get(node.name, ()):
            function = form.function
            if function is None:
                continue
            first = function.parameters[0] if function.parameters else None
            if not isinstance(first, Atom) and function.guard is None:
                for expression in function.body:
                    found.update(dict.fromkeys(_texts(expression)))
        return tuple(found) or ("lib",)

    def _dependencies(self, value: Node | None) -> Iterator[Dependency]:
        """The dependencies in a value and in the functions that it calls."""
        pending = [] if value is None else [value]
        if value is None:
            pending = [one.node for name in ("deps", "dependencies") for one in self._bodies(name)]
        seen: set[str] = set()
        while pending:
            inner: list[Span] = []
            for node in pending.pop(0).descendants():
                if any(span.covers(node.span) for span in inner[-1:]):
                    continue  # the parts of a dependency
                if isinstance(node, (Tuple, Pair)):
                    found = self._dependency(node)
                    if found is not None:
                        inner.append(node.span)
                        yield found
                elif isinstance(node, (Call, Identifier)) and node.name not in seen:
                    seen.add(node.name)
                    pending += [form.node for form in self._bodies(node.name)]

    def _bodies(self, name: str) -> list[Form]:
        return self.functions.get(name, [])

    def _dependency(self, node: Tuple | Pair) -> Dependency | None:
        if isinstance(node, Pair):
            package, rest = node.key, [node.value] if node.value is not None else []
        else:
            elements = node.elements
            first = elements[0] if elements else None
            if not isinstance(first, Atom) or len(elements) not in (2, 3):
                return None
            package, rest = first.name, elements[1:]
        if not rest:
            return None
        last = rest[-1]
        keywords = last.keywords if isinstance(last, List) else last
        options = keywords if isinstance(keywords, Keywords) else None
        written = options.pairs if options is not None else ()
        pairs = tuple((one.key, one.value.text) for one in written if one.value is not None)
        wanted = None if rest[0] is last and options is not None else rest[0]
        requirement = self._string(wanted)
        if wanted is None:
            if _SOURCES.isdisjoint(key for key, _ in pairs):
                return None
        elif requirement is not None:
            if Requirement.parse(requirement) is None:
                return None
        elif isinstance(node, Pair) or not isinstance(wanted, (Call, Identifier, ModuleAttribute)):
            return None
        return Dependency(
            package,
            requirement,
            node.span,
            None if wanted is None else wanted.span,
            pairs,
        )


_SOURCES = frozenset({"git", "github", "path", "in_umbrella", "hex", "repo", "organization"})


def _texts(node: Node) -> Iterator[str]:
    """The strings and words below a node."""
    for one in node.descendants():
        if isinstance(one, Sigil) and one.name in ("w", "W"):
            yield from (one.value or "").split()
        elif isinstance(one, String) and one.value:
            yield one.value


@join(MixProject)
def mix_projects(index: Index) -> Mapping[str, MixProject]:
    """What each mix.exs says, by its folder (empty for the root, else with a slash at its end)."""
    return {path.removesuffix("mix.exs"): project for path, project in index.of(MixProject)}


@join(Lock)
def locks(index: Index) -> Mapping[str, Mapping[str, Locked]]:
    """The entries of each mix.lock by package, by its folder."""
    return {
        path.removesuffix("mix.lock"): {one.package: one for one in lock.entries}
        for path, lock in index.of(Lock)
    }


@join(mix_projects, locks)
def dependencies(index: Index) -> Mapping[str, Mapping[str, Version]]:
    """The version of every package that an application has, by the application's folder.

    It is the locked one, else the lowest that mix.exs allows; an application of an umbrella sees
    what the root declares and locks. Revisions of git count as the newest. `elixir` is the lowest
    version of the language that mix.exs allows.
    """
    projects, locked = mix_projects(index), locks(index)
    found: dict[str, Mapping[str, Version]] = {}
    for folder in sorted({*projects, *locked}):
        own = projects.get(folder, MixProject())
        folders = [folder, *_umbrellas(folder, projects)]
        versions: dict[str, Version] = {}
        for one in folders:
            for dependency in projects.get(one, MixProject()).dependencies:
                versions.setdefault(dependency.package, dependency.lower)
        for one in reversed(folders):
            for entry in locked.get(one, {}).values():
                exact = Version.parse(entry.version)
                if exact is not None:
                    versions[entry.package] = exact
                else:
                    versions.setdefault(entry.package, NEWEST)
        if "ecto_sql" in versions:
            # Without a lock: every ecto_sql asks for the ecto of its own minor version.
            versions.setdefault("ecto", versions["ecto_sql"])
        if own.app:
            versions[own.app] = Version.parse(own.version) or NEWEST
        language = Requirement.parse(own.elixir)
        versions["elixir"] = NEWEST if language is None else language.lower
        found[folder] = versions
    return found


def _umbrellas(folder: str, projects: Mapping[str, MixProject]) -> list[str]:
    """The folders of the umbrellas that a folder is an application of."""
    return [
        outer
        for outer, project in projects.items()
        if project.apps_path and folder.startswith(f"{outer}{project.apps_path}/")
    ]
