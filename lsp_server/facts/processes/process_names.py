"""What processes are registered as, as far as the options that start them say."""

from __future__ import annotations

from lsp_server.facts.local_flow import module_of
from lsp_server.syntax.elixir import Alias, ModuleAttribute
from lsp_server.syntax.literals import Atom, Keywords, List, Nil, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form


def name_of(node: Node | None, form: Form) -> str:
    """The name that a `name:` option or the first argument of a call gives a process.

    A module's full name, an atom with its colon, `via …` or `global …` with what is written out of
    them, `*` for what is computed, empty where there is none.
    """
    if isinstance(node, ModuleAttribute) and node.value is None:
        node = form.module.attribute(node.name)
    if node is None or isinstance(node, Nil):
        return ""
    known = module_of(node, form)
    if known:
        return known
    if isinstance(node, Tuple):
        match node.elements:
            case [Atom("local"), name]:
                return name_of(name, form)
            case [Atom("via"), registry, Tuple([table, *_])]:
                tables = module_of(registry, form), module_of(table, form) or "*"
                return f"via {tables[0] or '*'} {tables[1]}"
            case [Atom("via"), *_]:
                return "via"
            case [Atom("global"), *_]:
                return "global"
            case [Alias() as partitioned, _]:
                return module_of(partitioned, form)
    return "*"


def option(node: Node | None, key: str) -> Node | None:
    """The value of a key in keywords, with or without brackets."""
    if isinstance(node, List):
        node = node.keywords
    return node.get(key) if isinstance(node, Keywords) else None
