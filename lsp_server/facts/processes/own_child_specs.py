"""Modules that say themselves what their child is: its id need not be their name."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join

_WORD = b"child_spec("
_DEFINES = (b"def child_spec(", b"defdelegate child_spec(")


class OwnChildSpec(Fact):
    """A module that has a `child_spec/1` of its own, or gives one to those that `use` it."""

    module: str


@collects(OwnChildSpec)
def collect_own_child_specs(document: Document) -> Iterator[Fact]:
    """One for each such module of a file."""
    if document.language is not Language.ELIXIR or not defines_child_spec(document.source):
        return
    for module in document.modules:
        call = module.call
        if call is not None and module.name and _WORD in call.bytes:
            yield OwnChildSpec(module.name)


def defines_child_spec(source: bytes) -> bool:
    """Whether a file may hold such a module; a search for a few words."""
    return any(one in source for one in _DEFINES)


@join(OwnChildSpec)
def own_child_specs(index: Index) -> frozenset[str]:
    """The full names of all such modules."""
    return frozenset(one.module for _, one in index.of(OwnChildSpec))
