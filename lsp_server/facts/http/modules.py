"""Modules that talk to other servers: how many requests they write down, and what guards them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.http.results import RAW_NAMES, calls_named, http_client, speaks_of_clients
from lsp_server.facts.modules import full_name
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class HttpModule(Fact):
    """One module that makes requests. `sites` counts its calls of clients, or those of its own
    private functions that make a request if these are more; `clients` are the modules called.
    `guarded` tells that it speaks of retries, backoff or a fuse."""

    module: str
    sites: int
    clients: tuple[str, ...]
    guarded: bool
    name_span: Span


_GUARDS = re.compile(
    rb"retr(?:y|ies)|backoff|back_off|\bfuse\b|ExternalService|circuit|breaker", re.I
)
_COMMENT = re.compile(rb"(?m)^\s*#.*$")
# Private functions whose calls are requests by another name.
_ASKING = re.compile(
    r"(?:do_|make_|send_)?(?:request|get|post|put|patch|delete|call|send|fetch|query|api|http)"
    r"(?:_(?:request|json|api|http|url|get|post|rpc|raw))?[!?]?"
)
# Req 0.5 tries these again by itself, with a growing pause, where the failure looks transient.
_TRIED_AGAIN = frozenset({"get", "get!", "head", "head!"})


@collects(HttpModule)
def collect_http_modules(document: Document) -> Iterator[HttpModule]:
    """The modules of one file of `lib`."""
    source = document.source
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    if not forms_calling(document, RAW_NAMES) or not speaks_of_clients(source):
        return
    if "lib/mix/" in document.path:
        return
    for module in document.modules:
        if module.name:
            found = _read(module)
            if found is not None:
                yield found


def _read(module: Module) -> HttpModule | None:
    direct: list[tuple[Call, str]] = []
    asking: set[str] = set()  # private functions that make a request
    for form in module.forms:
        function = form.function
        if function is None:
            continue
        for call, client in requests(form):
            direct.append((call, client))
            if function.is_private and _ASKING.fullmatch(function.name):
                asking.add(function.name)
    if not direct:
        return None
    through = sum(
        1
        for form in module.forms
        if form.function is not None and form.function.name not in asking
        for call in (form.index.calls(*sorted(asking)) if asking else ())
        if call.receiver is None
    )
    return HttpModule(
        full_name(module),
        max(len(direct), through),
        tuple(sorted({client for _, client in direct})),
        _GUARDS.search(_COMMENT.sub(b"", module.span.slice(direct[0][0].tree.source))) is not None,
        module.name_span,
    )


def requests(form: Form) -> Iterator[tuple[Call, str]]:
    """The requests of a form that no client tries again by itself (ExAws 2 does so up to ten
    times), each with its client."""
    for call in calls_named(form, RAW_NAMES):
        client = http_client(call, form)
        if client and client != "ExAws" and not (client == "Req" and _is_tried_again(call)):
            yield call, client


def _is_tried_again(call: Call) -> bool:
    if call.name.startswith("request"):
        return re.search(rb"method: :(?:post|put|patch|delete)", call.bytes) is None
    return call.name in _TRIED_AGAIN
