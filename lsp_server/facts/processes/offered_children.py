"""Lists of children that functions give to supervisors of other modules: `Shop.Jobs.children()`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.processes.child_specs import Child, Elsewhere, children_of
from lsp_server.role import Role
from lsp_server.text import Span


class OfferedChildren(Fact):
    """The children that one clause of a public function returns."""

    module: str
    name: str
    arity: int
    span: Span  # of the name
    children: tuple[Child, ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    complete: bool = True


# What functions that return children are called; any other name would have every list read.
_NAME = re.compile(r"child|spec|process|worker|supervis|server|service|consumer|producer")


@collects(OfferedChildren)
def collect_offered_children(document: Document) -> Iterator[OfferedChildren]:
    """The functions of `lib` that are named for children and end in a list of them."""
    if document.role is not Role.LIB:
        return
    for form in document.forms:
        function = form.function if form.callee == b"def" else None
        if function is None or _NAME.search(function.name) is None or not function.body:
            continue
        last = function.body[-1]
        if last.kind not in ("list", "binary_operator", "identifier", "call"):
            continue
        read = children_of(last, form)
        if read.children:
            yield OfferedChildren(
                *(form.module.name, function.name, function.arity, function.name_span),
                *(tuple(read.children), tuple(read.elsewhere), read.complete),
            )


@join(OfferedChildren)
def offered_children(index: Index) -> Mapping[FunctionKey, list[tuple[str, OfferedChildren]]]:
    """The clauses of each function that returns children, with their files."""
    found: dict[FunctionKey, list[tuple[str, OfferedChildren]]] = {}
    for path, one in index.of(OfferedChildren):
        found.setdefault((one.module, one.name, one.arity), []).append((path, one))
    return found
