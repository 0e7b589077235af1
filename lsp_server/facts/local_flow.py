"""Where a value inside one module comes from: variables, attributes, branches, local functions."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.syntax.elixir import Call, Clause, Identifier, Match, ModuleAttribute
from lsp_server.syntax.names import block_of, module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form


def module_of(node: Node | None, form: Form) -> str:
    """The full name of the module that an expression is, also behind an attribute; else empty."""
    if isinstance(node, ModuleAttribute) and node.value is None:
        node = form.module.attribute(node.name)
    written = module_text(node)
    if not written or node is None:
        return ""
    return written if written.startswith(":") else form.names_at(node.start).expand(written)


def origin(node: Node | None, form: Form) -> Node | None:
    """The value of a variable or attribute where one step back shows it; else the node itself."""
    if isinstance(node, ModuleAttribute) and node.value is None:
        return form.module.attribute(node.name)
    if isinstance(node, Identifier):
        return assigned(node, form) or node
    return node


def assigned(variable: Identifier, form: Form) -> Node | None:
    """What the last `variable = …` before a place gives it, as far as it is visible there."""
    found: Match | None = None
    index, name, before = form.index, variable.bytes, variable.start
    for raw in index.binaries(b"="):
        # Most are of other names, and before any is looked at as a node its text says so.
        if raw.end_byte > before or not index.tree.source.startswith(name, raw.start_byte):
            continue
        match = Match(raw, index.tree)
        if not match.left.same_code(variable):
            continue
        scope = block_of(match)
        if scope.start <= variable.start < scope.end:
            if found is None or found.start < match.start:
                found = match
    return None if found is None else found.right


def clauses_of(call: Node, form: Form) -> list[Form]:
    """The clauses of the module's own function that a call or a bare name calls."""
    if isinstance(call, Identifier):
        name, arity = call.name, 0
    elif isinstance(call, Call) and call.receiver is None and call.name:
        name, arity = call.name, call.arity
    else:
        return []
    found: list[Form] = []
    for one in form.module.forms:
        function = one.function
        if function is not None and function.name == name:
            if function.arity - function.defaults <= arity <= function.arity:
                found.append(one)
    return found


def branches(call: Call) -> Iterator[Node]:
    """The values between which `if`, `case`, `cond` … choose; nothing for any other call."""
    if call.receiver is not None or call.name not in _BRANCHING:
        return
    for section in ("do", "else"):
        body = call.section(section)
        for one in body:
            if isinstance(one, Clause):
                yield from one.body[-1:]
        if body and not isinstance(body[-1], Clause):
            yield body[-1]


_BRANCHING = frozenset({"if", "unless", "case", "cond", "with", "try"})


def function_name(form: Form) -> str:
    """`name/arity` of the function that a form is a clause of; empty for any other form."""
    function = form.function
    return "" if function is None else f"{function.name}/{function.arity}"
