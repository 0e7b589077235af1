"""What modules and functions a file defines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function as FunctionSyntax
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import String
from lsp_server.syntax.names import Names, module_text
from lsp_server.syntax.outline import Form
from lsp_server.syntax.outline import Module as ModuleSyntax
from lsp_server.text import Span

FunctionKey = tuple[str, str, int]  # module, name, arity


class Used(Fact):
    """One `use Module, selector` directly inside a module; the selector is an atom or empty."""

    module: str
    selector: str
    span: Span


class Imported(Fact):
    """One `import`; `only` is None where the import is not narrowed to named functions."""

    module: str
    only: tuple[tuple[str, int], ...] | None
    excluded: tuple[tuple[str, int], ...]

    def offers(self, name: str, arity: int) -> bool:
        """Whether the import brings the function if its module has it."""
        if self.only is not None:
            return (name, arity) in self.only
        return (name, arity) not in self.excluded


class Module(Fact):
    """One `defmodule`, `defprotocol` or `defimpl`. An implementation is named as Elixir names it:
    the protocol, a dot, and the type that it is for."""

    name: str
    keyword: str
    span: Span
    name_span: Span
    uses: tuple[Used, ...]
    behaviours: tuple[str, ...]  # of `@behaviour`
    imports: tuple[Imported, ...]  # also those of the modules around it
    hidden: bool  # `@moduledoc false`
    embeds: tuple[str, ...]  # the patterns of `embed_templates`, relative to the file's folder
    # Short names and what they stand for, of modules whose templates may be files of their own.
    aliases: tuple[tuple[str, str], ...]

    def uses_any(self, *modules: str) -> bool:
        """Whether the module itself says `use` of one of these modules (full names)."""
        return any(use.module in modules for use in self.uses)


class Function(Fact):
    """One function or macro of a module with all its clauses, in the order of the first ones."""

    module: str
    name: str
    arity: int
    defaults: int  # it also exists with up to that many arguments fewer
    keyword: str  # `def`, `defp`, `defmacro`, `defmacrop`, `defguard`, `defguardp`, `defdelegate`
    name_span: Span  # of the first clause
    span: Span  # from the first clause to the end of the last
    hidden: bool  # `@doc false`
    impl: bool  # `@impl` of any value but false

    @property
    def is_private(self) -> bool:
        """Whether only the module itself can call it."""
        return self.keyword in ("defp", "defmacrop", "defguardp")

    @property
    def is_macro(self) -> bool:
        """Whether it runs while compiling."""
        return self.keyword in ("defmacro", "defmacrop", "defguard", "defguardp")


# Callbacks of modules whose template is the file beside them if they have no render of their own.
_COLOCATED = frozenset({"mount", "update", "handle_params"})


@collects(Module, Function, suites=True)
def collect_modules(document: Document) -> Iterator[Fact]:
    """Every module of an Elixir file and every function directly inside it. Of a suite of
    tests only the heads of its outermost modules, which need no tree."""
    if document.language is not Language.ELIXIR or document.role is Role.DEPENDENCY:
        return
    if document.path.endswith("_test.exs"):
        yield from _suites(document.source)
        return
    for syntax in sorted(document.modules, key=lambda module: module.span.start):
        if syntax.call is not None and syntax.name:
            module, functions = _read(syntax)
            yield module
            yield from functions


_SUITE = re.compile(rb"^defmodule[ \t]+([A-Z][\w.]*)[ \t]+do\b", re.MULTILINE)


def _suites(source: bytes) -> Iterator[Module]:
    for head in _SUITE.finditer(source):
        name, span = head[1].decode(), Span(*head.span(1))
        yield Module(name, "defmodule", Span(*head.span()), span, (), (), (), False, (), ())


def full_name(module: ModuleSyntax) -> str:
    """The name under which Elixir compiles a module; that of an implementation has its type."""
    if module.keyword != "defimpl" or module.call is None:
        return module.name
    around = "" if module.outer is None else module.outer.name
    target = module_text(module.call.keyword("for"))
    return f"{module.name}.{module.names.expand(target) if target else around or '_'}"


def _read(syntax: ModuleSyntax) -> tuple[Module, Iterable[Function]]:
    name, names = full_name(syntax), syntax.names
    functions: dict[tuple[str, int], Function] = {}
    behaviours: list[str] = []
    embeds: list[str] = []
    hidden = doc_false = impl = False
    for form in syntax.forms:
        clause = form.function
        if clause is not None:
            key = (clause.name, clause.arity)
            functions[key] = _function(name, form, clause, functions.get(key), doc_false, impl)
            doc_false = impl = False
        elif form.callee == b"embed_templates":
            embeds.extend(_embedded(Call(form.raw, form.tree)))
        elif not form.callee:
            match _attribute_name(form):
                case b"doc":
                    doc_false = form.bytes.endswith(b"false")
                case b"impl":
                    impl = not form.bytes.endswith(b"false")
                case b"moduledoc":
                    hidden = form.bytes.endswith(b"false")
                case b"behaviour":
                    node = form.node
                    if isinstance(node, ModuleAttribute):
                        behaviours.append(names.expand(module_text(node.value)))
    module = Module(
        name,
        syntax.keyword,
        syntax.span,
        syntax.name_span,
        tuple(Used(use.module, use.selector, use.call.span) for use in names.uses),
        tuple(one for one in behaviours if one),
        tuple(_imports(names)),
        hidden,
        tuple(embeds),
        tuple(_aliases(names)) if embeds or _lacks_template(name, functions) else (),
    )
    return module, functions.values()


def _function(
    module: str,
    form: Form,
    clause: FunctionSyntax,
    first: Function | None,
    hidden: bool,
    impl: bool,
) -> Function:
    span = form.span
    if first is not None:
        span = Span(first.span.start, span.end)
        hidden, impl = hidden or first.hidden, impl or first.impl
    return Function(
        module,
        clause.name,
        clause.arity,
        clause.defaults if first is None else first.defaults,
        form.callee.decode() if first is None else first.keyword,
        clause.name_span if first is None else first.name_span,
        span,
        hidden,
        impl,
    )


def _lacks_template(module: str, functions: Iterable[tuple[str, int]]) -> bool:
    """Whether the template of a module, if it has one, must be a file of its own."""
    defined = {name for name, _ in functions}
    if module.endswith("View"):
        return True
    return "render" not in defined and not _COLOCATED.isdisjoint(defined)


# The attributes that say something about what follows, or about the module.
_ATTRIBUTE = re.compile(rb"@(doc|impl|moduledoc|behaviour)\b")


def _attribute_name(form: Form) -> bytes | None:
    """The name of the attribute that a form sets, if it is one of those."""
    found = _ATTRIBUTE.match(form.tree.source, form.raw.start_byte)
    return None if found is None else found[1]


def _embedded(call: Call) -> Iterator[str]:
    match call.written_arguments:
        case [String(str(pattern)), *_]:
            root = call.keyword("root")
            folder = root.value if isinstance(root, String) else None
            yield f"{folder}/{pattern}" if folder else pattern


def _imports(names: Names) -> Iterator[Imported]:
    for one in names.all_imports():
        only = None if one.only is None else tuple(sorted(one.only))
        yield Imported(one.module, only, tuple(sorted(one.excluded)))


def _aliases(names: Names) -> Iterator[tuple[str, str]]:
    scope: Names | None = names
    seen: set[str] = set()
    while scope is not None:
        for name, target in scope.aliases.items():
            if name not in seen:
                seen.add(name)
                yield name, target
        scope = scope.outer


@join(Module)
def modules(index: Index) -> Mapping[str, tuple[str, Module]]:
    """Every module of the project by its full name, with its path; the first file wins."""
    found: dict[str, tuple[str, Module]] = {}
    for path, module in index.of(Module):
        found.setdefault(module.name, (path, module))
    return found


@join(Function)
def functions(index: Index) -> Mapping[FunctionKey, tuple[str, Function]]:
    """Every function by module, name and arity, also the arities that defaults give."""
    found: dict[FunctionKey, tuple[str, Function]] = {}
    for path, one in index.of(Function):
        for arity in range(one.arity, one.arity - one.defaults - 1, -1):
            found.setdefault((one.module, one.name, arity), (path, one))
    return found
