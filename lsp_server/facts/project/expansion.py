"""What `use` brings to a module in the end: through own modules, web modules and libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lsp_server.facts.project import library
from lsp_server.facts.project.using import USING, Brought, Quoted
from lsp_server.facts.project.versions import Version
from lsp_server.syntax.names import Import

Uses = Iterable[tuple[str, str]]  # modules and the atoms that they are used with


@dataclass(frozen=True, slots=True)
class Expansion:
    """All that some `use`s bring together. In values `__MODULE__` is the module that uses.

    Of a module that is imported twice the later import counts, as in Elixir.
    """

    used: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, Import] = field(default_factory=dict)
    functions: frozenset[tuple[str, int]] = frozenset()  # that become the module's own


@dataclass(frozen=True)
class Expander:
    """Follows `use` through the project's own modules (`own`) and the libraries of `versions`."""

    own: Mapping[str, tuple[Quoted, ...]] = field(default_factory=dict)
    versions: Mapping[str, Version] = field(default_factory=dict)
    _known: dict[tuple[tuple[str, str], ...], Expansion] = field(
        default_factory=dict, compare=False, repr=False
    )
    _exports: dict[str, library.Functions] = field(default_factory=dict, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Expander], tuple[object, ...]]:
        return Expander, (self.own, self.versions)  # what is known can be found again

    def expand(self, uses: Uses) -> Expansion:
        """What `use`s in this order bring."""
        key = tuple(uses)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._expand(key)
        return found

    def _expand(self, uses: tuple[tuple[str, str], ...]) -> Expansion:
        used: set[tuple[str, str]] = set()
        aliases: dict[str, str] = {}
        imports: dict[str, Import] = {}
        functions: set[tuple[str, int]] = set()
        included: set[tuple[str, str]] = set()
        pending = [Brought("use", module, selector=selector) for module, selector in uses]
        pending.reverse()
        while pending:
            one = pending.pop()
            blocks: list[Quoted] = []
            if one.kind in ("alias", "require") and one.name:
                aliases[one.name] = one.module
            elif one.kind == "import":
                imports.pop(one.module, None)
                imports[one.module] = one.as_import
            elif one.kind == "include" and (one.module, one.name) not in included:
                included.add((one.module, one.name))
                blocks = [b for b in self.own.get(one.module, ()) if b.function == one.name]
            elif one.kind == "use" and (one.module, one.selector) not in used:
                used.add((one.module, one.selector))
                blocks = self._using(one.module, one.selector)
                if not blocks:
                    pending.extend(reversed(self._foreign(one.module, one.selector)))
            for block in reversed(blocks):
                pending.extend(reversed(block.brings))
                functions.update(block.defines)
        return Expansion(
            frozenset(module for module, _ in used), aliases, imports, frozenset(functions)
        )

    def _using(self, module: str, selector: str) -> list[Quoted]:
        """The blocks of an own module that `use module, selector` takes in.

        None where the module is not known, or not what it does with the selector.
        """
        own = self.own.get(module, ())
        using = [one for one in own if one.function == USING and one.selector in ("", selector)]
        if selector and any(one.dispatches for one in using):
            chosen = [one for one in own if one.function == selector]
            return using + chosen if chosen else []
        return using

    def _foreign(self, module: str, selector: str) -> tuple[Brought, ...]:
        if selector and library.conventional(module, selector):
            return library.conventional(module, selector)
        return library.brings(module, self.versions)

    def exports(self, module: str) -> library.Functions:
        """The functions and macros of a library's module; none for one that is not known."""
        found = self._exports.get(module)
        if found is None:
            found = self._exports[module] = library.exports(module, self.versions)
        return found
