"""The behaviours that a project defines itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import full_name
from lsp_server.facts.project.using import USING
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, ModuleAttribute
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module


class OwnBehaviour(Fact):
    """A module with `@callback`s. `by_use` says that its `__using__` makes a module one of it."""

    module: str
    callbacks: tuple[tuple[str, int], ...]
    by_use: bool


@collects(OwnBehaviour)
def collect_own_behaviours(document: Document) -> Iterator[OwnBehaviour]:
    """The behaviours of a file in `lib`."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    if b"@callback" not in document.source:
        return
    for module in document.modules:
        if module.call is not None:
            found = dict.fromkeys(_callbacks(module))
            if found:
                yield OwnBehaviour(full_name(module), tuple(found), _sets_itself(module))


def _callbacks(module: Module) -> Iterator[tuple[str, int]]:
    for form in module.forms:
        if form.callee or not form.bytes.startswith(b"@callback"):
            continue
        node = form.node
        value = node.value if isinstance(node, ModuleAttribute) else None
        while isinstance(value, BinaryOperator) and value.operator in ("when", "::"):
            value = value.left
        yield from _named(value)


def _named(head: Node | None) -> Iterator[tuple[str, int]]:
    if isinstance(head, Call) and head.receiver is None and head.name:
        yield head.name, len(head.written_arguments)
    elif isinstance(head, Identifier):
        yield head.name, 0


def _sets_itself(module: Module) -> bool:
    """Whether `use` of the module says `@behaviour` of the module."""
    own = ("__MODULE__", "unquote(__MODULE__)", module.name)
    for form in module.forms:
        function = form.function
        if function is None or function.name != USING:
            continue
        for attribute in form.index.nodes(ModuleAttribute):
            value = attribute.value
            if attribute.name == "behaviour" and value is not None:
                return module.names.expand(value.text) in own or value.text in own
    return False


@join(OwnBehaviour)
def own_behaviours(index: Index) -> Mapping[str, OwnBehaviour]:
    """The project's own behaviours by module."""
    return {one.module: one for _, one in index.of(OwnBehaviour)}
