"""Writes that say what happens to a row that is there already (`on_conflict:`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.facts.values import UNKNOWN, Scope, known, value_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

_NAME = re.compile(rb"\b[A-Z]\w*(?:\.[A-Z]\w*)*")
_WRITES = ("insert", "insert!", "insert_or_update", "insert_or_update!")
_WANTED = frozenset(name.encode() for name in _WRITES)


class Upsert(Fact):
    """One `Repo.insert` or `Multi.insert` with `on_conflict:`.

    `modules` are those that its function names, and its own: the schema is one of them. `columns`
    are those of `conflict_target:`, none where any conflict may be meant.
    """

    modules: tuple[str, ...]
    columns: tuple[str, ...]
    span: Span  # the word `insert`


@collects(Upsert)
def collect_upserts(document: Document) -> Iterator[Upsert]:
    """The facts of a file of the application."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    forms = forms_calling(document, _WANTED)
    if not forms or b"on_conflict" not in document.source:
        return
    for form in forms:
        for call in form.index.calls(*_WRITES):
            action = call.keyword("on_conflict")
            if action is not None and action.text != ":raise":
                yield Upsert(_modules(form, document.source), _columns(call, form), call.name_span)


def _modules(form: Form, source: bytes) -> tuple[str, ...]:
    named = {form.module.name: None}
    names = form.names_at(form.span.end)
    for name in _NAME.findall(form.span.slice(source)):
        named[names.expand(name.decode())] = None
    return tuple(named)


def _columns(call: Call, form: Form) -> tuple[str, ...]:
    value = value_of(call.keyword("conflict_target"), Scope(form.module))
    if isinstance(value, str):
        return (str(value),)
    if value is UNKNOWN or not isinstance(value, list) or not known(value):
        return ()
    return tuple(str(one) for one in value if isinstance(one, str))
