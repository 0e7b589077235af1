"""The steps of an `Ecto.Multi` that write (Ecto 3.13), each with its name and what it speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.modules import full_name
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import Alias
from lsp_server.syntax.literals import Atom
from lsp_server.text import Span


class MultiStep(Fact):
    """One `Multi.delete(multi, :user, user)` of a function; `label` is empty where the name of the
    step is computed. `named` are the modules that its arguments name, in full; `beside` the names
    of all functions that the same function calls, also of those that a macro may bring."""

    module: str
    function: str
    arity: int
    kind: str  # `delete`
    label: str
    named: tuple[str, ...]
    beside: tuple[str, ...]
    span: Span  # `Multi.delete`


_WRITES = (
    *("insert", "update", "delete", "insert_or_update"),
    *("insert_all", "update_all", "delete_all", "run"),
)
_WANTED = frozenset(name.encode() for name in _WRITES)


@collects(MultiStep)
def collect_multi_steps(document: Document) -> Iterator[MultiStep]:
    """The facts of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for form in forms_calling(document, _WANTED):
        function = form.function
        if function is None or not form.module.name or b"Multi" not in form.bytes:
            continue
        where = full_name(form.module), function.name, function.arity
        beside = tuple(sorted(name.decode("utf-8", "replace") for name in form.index.raw_calls))
        for call in form.index.calls(*_WRITES):
            arguments = call.arguments
            if call.module is None or call.module.rpartition(".")[2] != "Multi":
                continue
            if len(arguments) < 3:
                continue
            label = arguments[1].name if isinstance(arguments[1], Atom) else ""
            names = form.names_at(call.start)
            named = (names.expand(one.text) for rest in arguments[2:] for one in rest.find(Alias))
            found = tuple(dict.fromkeys(named))
            yield MultiStep(*where, call.name, label, found, beside, call.callee_span)
