"""What the project's own modules bring where they are used: facts of their `__using__`.

A module `ShopWeb` that is used as `use ShopWeb, :live_view` has a function `live_view` with a
quoted block; the block says `use Phoenix.LiveView`, imports, aliases, and takes in other blocks by
`unquote(html_helpers())`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Alias, AnonymousFunction, Call, Identifier, strip_parentheses
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.names import DIRECTIVES, Directive, Import, Names, directives
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

USING = "__using__"
_DEFINITIONS = ("def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defdelegate")


class Brought(Fact):
    """One directive of a quoted block, or (`kind` is `include`) a block that it takes in.

    Modules are full names; one that begins with `__MODULE__` is that of the module that uses.
    """

    kind: str  # alias, import, require, use, include
    module: str
    name: str = ""  # what an alias introduces; the function that returns the included block
    selector: str = ""  # the atom of `use Module, :selector`
    only: tuple[tuple[str, int], ...] | None = None
    excluded: tuple[tuple[str, int], ...] = ()
    adapter: str = ""  # of `use Ecto.Repo, adapter: Module`

    @property
    def as_import(self) -> Import:
        """The directive as an import."""
        only = None if self.only is None else frozenset(self.only)
        return Import(self.module, only, frozenset(self.excluded))


class Quoted(Fact):
    """What the quoted blocks of one function clause bring to a module that takes them in."""

    module: str
    function: str  # `__using__`, or the name of a function that returns a block
    selector: str  # the literal atom that the clause takes: `defmacro __using__(:view)`
    dispatches: bool  # whether `__using__` calls the function that is named by what it is given
    brings: tuple[Brought, ...]
    defines: tuple[tuple[str, int], ...]  # functions that become the module's own


def has_using(source: bytes) -> bool:
    """Whether a file can define `__using__`."""
    return b"__using__" in source or b"ExUnit.CaseTemplate" in source


@collects(Quoted)
def collect_using(document: Document) -> Iterator[Fact]:
    """The quoted blocks of every module that can be used."""
    for module in document.modules:
        case_template = module.uses("ExUnit.CaseTemplate")
        if not case_template and USING not in module.names.functions:
            continue
        for form in module.forms:
            function = form.function
            if function is not None:
                yield from _of_function(form, function, module)
            elif case_template and form.callee == b"using":
                always = Brought("use", "ExUnit.Case")
                brings = (always, *_brings(form, module))
                yield Quoted(module.name, USING, "", False, brings, _defines(form))


def _of_function(form: Form, function: Function, module: Module) -> Iterator[Quoted]:
    is_using = function.name == USING
    quotes = any(form.index.calls("quote"))
    if not quotes and not is_using:
        return
    first = function.parameters[0] if is_using and function.parameters else None
    yield Quoted(
        module.name,
        function.name,
        first.name if isinstance(first, Atom) else "",
        is_using and _dispatches(form),
        tuple(_brings(form, module)) if quotes else (),
        _defines(form) if quotes else (),
    )


def _dispatches(form: Form) -> bool:
    return any(
        call.receiver is None and call.written_arguments[:1] and _is_own(call.written_arguments[0])
        for call in form.index.calls("apply")
    )


def _is_own(node: Node) -> bool:
    return isinstance(node, Identifier) and node.name == "__MODULE__"


def _quoted(call: Call) -> bool:
    """Whether a call stands in a quoted block and directly so: in no function of the block."""
    for outer in call.ancestors():
        if isinstance(outer, AnonymousFunction):
            return False
        if isinstance(outer, Call) and outer.receiver is None:
            if outer.name == "quote":
                return True
            if outer.name in _DEFINITIONS or outer.name.startswith("defmodule"):
                return False
    return False


def _brings(form: Form, module: Module) -> Iterator[Brought]:
    calls = [
        call
        for call in form.index.calls(*DIRECTIVES, "unquote")
        if call.receiver is None and _quoted(call)
    ]
    for call in sorted(calls, key=lambda one: one.start):
        if call.name == "unquote":
            yield from _included(call, form, module)
        else:
            yield from _directives(call, form.names_at(call.start), module)


def _included(call: Call, form: Form, module: Module) -> Iterator[Brought]:
    """The block that `unquote(function())` takes in."""
    written = call.written_arguments
    inner = strip_parentheses(written[0]) if written else None
    if not isinstance(inner, (Call, Identifier)):
        return
    written_module = inner.module if isinstance(inner, Call) else None
    if written_module is not None:
        target = form.names_at(inner.start).expand(written_module)
        yield Brought("include", target, inner.name)
    elif inner.name in module.names.functions:
        yield Brought("include", module.name, inner.name)


def _directives(call: Call, names: Names, module: Module) -> Iterator[Brought]:
    found = list(directives(call))
    if not found:
        arguments = call.written_arguments
        inner = arguments[0] if arguments else None
        if isinstance(inner, Call) and inner.name == "unquote":
            if inner.written_arguments and _is_own(inner.written_arguments[0]):
                name = module.name.rpartition(".")[2] if call.name == "alias" else ""
                found = [Directive(call.name, module.name, call, name)]
    for one in found:
        target = one.target
        if target.partition(".")[0] != "__MODULE__":
            target = names.expand(target)
        only: tuple[tuple[str, int], ...] | None = None
        excluded: tuple[tuple[str, int], ...] = ()
        if one.kind == "import":
            scope = Names(names.module)
            scope.add([one])
            listed = scope.imports[0]
            only = None if listed.only is None else tuple(sorted(listed.only))
            excluded = tuple(sorted(listed.excluded))
        named = one.kind in ("alias", "require") and one.name != "__MODULE__"
        name = one.name if named else ""
        written = call.keyword("adapter") if one.kind == "use" else None
        adapter = names.expand(written.name) if isinstance(written, Alias) else ""
        yield Brought(one.kind, target, name, one.selector, only, excluded, adapter)


def _defines(form: Form) -> tuple[tuple[str, int], ...]:
    found: dict[tuple[str, int], None] = {}
    for call in form.index.calls(*_DEFINITIONS):
        function = Function.of(call)
        if function is not None and call.span != form.span and _quoted(call):
            for arity in range(function.arity - function.defaults, function.arity + 1):
                found[function.name, arity] = None
    return tuple(found)


@join(Quoted)
def own_uses(index: Index) -> Mapping[str, tuple[Quoted, ...]]:
    """The quoted blocks of the project's own modules, by module."""
    found: dict[str, list[Quoted]] = {}
    for _, one in index.of(Quoted):
        found.setdefault(one.module, []).append(one)
    return {module: tuple(quoted) for module, quoted in found.items()}
