"""What a module name or a call without a module means at a place: `alias`, `import`, `require`,
`use`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lsp_server.syntax.elixir import BODY, DO_BLOCK, SECTIONS, Alias, Call, Dot, Identifier
from lsp_server.syntax.literals import Atom, Integer, Keywords, List, Sigil, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

DIRECTIVES = ("alias", "import", "require", "use")


@dataclass(frozen=True, slots=True)
class Directive:
    """One module named by an `alias`, `import`, `require` or `use`.

    `target` is the name as written there (not yet expanded); `name` is what an alias introduces.
    """

    kind: str
    target: str
    call: Call
    name: str = ""
    selector: str = ""  # `:live_view` of `use MyAppWeb, :live_view`


@dataclass(frozen=True, slots=True)
class Import:
    """A module whose functions can be called without its name; `only`/`excluded` as (name,
    arity)."""

    module: str
    only: frozenset[tuple[str, int]] | None = None
    excluded: frozenset[tuple[str, int]] = frozenset()

    def offers(self, name: str, arity: int) -> bool | None:
        """Whether the import can bring the function: yes, no, or (None) only the module knows."""
        if self.only is not None:
            return (name, arity) in self.only
        return False if (name, arity) in self.excluded else None


@dataclass(frozen=True, slots=True)
class Use:
    """A `use Module, selector`."""

    module: str
    selector: str
    call: Call


def module_text(node: Node | None) -> str:
    """A module name as written: `A.B`, `__MODULE__`, `__MODULE__.B`, `:atom`; empty for anything
    else."""
    match node:
        case Alias(name):
            return name
        case Identifier("__MODULE__"):
            return "__MODULE__"
        case Dot(Identifier("__MODULE__"), Alias(name)):
            return f"__MODULE__.{name}"
        case Atom():
            return node.text
    return ""


def directives(call: Call) -> Iterator[Directive]:
    """What an `alias`, `import`, `require` or `use` names; nothing where it is computed."""
    kind, written = call.name, call.written_arguments
    if kind not in DIRECTIVES or call.receiver is not None or not written:
        return
    first = written[0]
    if isinstance(first, Dot) and isinstance(first.right, Tuple):
        base = module_text(first.left)
        for element in first.right.elements if base else ():
            if isinstance(element, Alias):
                target = f"{base}.{element.name}"
                name = target.rpartition(".")[2] if kind == "alias" else ""
                yield Directive(kind, target, call, name)
        return
    target = module_text(first)
    if not target:
        return
    name = ""
    if kind in ("alias", "require"):
        renamed = module_text(call.keyword("as"))
        name = renamed or (target.rpartition(".")[2] if kind == "alias" else "")
    selector = ""
    if kind == "use" and len(written) > 1 and isinstance(written[1], Atom):
        selector = written[1].name
    yield Directive(kind, target, call, name, selector)


def _function_list(node: Node | None) -> frozenset[tuple[str, int]] | None:
    match node:
        case List([Keywords() as keywords]) | (Keywords() as keywords):
            return frozenset(
                (pair.key, pair.value.value or 0)
                for pair in keywords.pairs
                if isinstance(pair.value, Integer)
            )
        case List([]):
            return frozenset()
        case Sigil():
            return None
    return None


@dataclass(slots=True)
class Names:
    """The names that one lexical scope adds to those of the scope around it."""

    module: str = ""
    outer: Names | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    functions: dict[str, set[int]] = field(default_factory=dict)

    def add(self, found: Iterable[Directive]) -> None:
        """Take directives in, in the order of the text."""
        for one in found:
            target = self.expand(one.target)
            if one.name:
                name = target.rpartition(".")[2] if one.name == "__MODULE__" else one.name
                self.aliases[name] = target
            if one.kind == "import":
                only = one.call.keyword("only")
                self.imports.append(
                    Import(
                        target,
                        _function_list(only),
                        _function_list(one.call.keyword("except")) or frozenset(),
                    )
                )
            elif one.kind == "use":
                self.uses.append(Use(target, one.selector, one.call))

    def define(self, name: str, arity: int, defaults: int = 0) -> None:
        """Note a function of the module itself."""
        arities = self.functions.get(name)
        if arities is None:
            arities = self.functions[name] = set()
        if defaults:
            arities.update(range(arity - defaults, arity))
        arities.add(arity)

    def expand(self, written: str) -> str:
        """The full name of a module; what is not aliased is what it says."""
        if not written or written.startswith(":"):
            return written
        first, dot, rest = written.partition(".")
        if first == "Elixir":
            return rest or written
        if first == "__MODULE__":
            return f"{self.module}{dot}{rest}" if self.module else written
        scope: Names | None = self
        while scope is not None:
            target = scope.aliases.get(first)
            if target is not None:
                return f"{target}{dot}{rest}"
            scope = scope.outer
        return written

    def defines(self, name: str, arity: int) -> bool:
        """Whether the module itself has the function."""
        scope: Names | None = self
        while scope is not None:
            if arity in scope.functions.get(name, ()):
                return True
            scope = scope.outer
        return False

    def all_imports(self) -> Iterator[Import]:
        """Imports, those of the innermost scope first."""
        scope: Names | None = self
        while scope is not None:
            yield from reversed(scope.imports)
            scope = scope.outer

    def shorten(self, module: str) -> str:
        """How the module can be written here: by its alias, else in full."""
        scope: Names | None = self
        while scope is not None:
            for name, target in scope.aliases.items():
                if target == module:
                    return name
                if module.startswith(f"{target}."):
                    return name + module[len(target) :]
            scope = scope.outer
        return module


def block_of(node: Node) -> Span:
    """Where a directive or a variable inside a function holds: to the end of the block around
    it."""
    raw = node.tree.parent(node.raw)
    while raw is not None:
        if raw.kind_id in (DO_BLOCK, BODY) or raw.kind_id in SECTIONS:
            return Span(node.end, raw.end_byte)
        raw = node.tree.parent(raw)
    return Span(node.end, len(node.tree.source))
