"""Requests to other servers that wait as long as it takes: no limit is given, and none is the
client's default, or the limit is `:infinity`.

Defaults of the clients: `:httpc` (inets 9) waits for ever, Tesla 1.x does so on `:httpc`, its
default adapter; Mint 1.x leaves it to the `receive` of its caller. Req 0.5 and Finch 0.20 wait
15 s, HTTPoison 2 and hackney 5 s, ExAws 2 30 s, Tesla's other adapters between 1 and 30 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.local_flow import clauses_of, origin
from lsp_server.facts.project.config import configuration
from lsp_server.facts.sightings import forms_calling, forms_with
from lsp_server.role import Role
from lsp_server.syntax.elixir import Alias, Call
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, Tuple
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class UnlimitedWait(Fact):
    """One request, client or option that sets no limit to waiting.

    `client` is `:httpc`, `Tesla`, `Mint` or, for an explicit `:infinity`, empty. `module` is the
    one that it stands in; `name` is what is called or the option's key. `adapter` says that Tesla's
    default adapter is asked for by name, so that no configuration matters.
    """

    client: str
    module: str
    name: str
    span: Span
    adapter: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fact, and the syntax in which a limit belongs: options (a list), a call, or a value."""

    fact: UnlimitedWait
    place: Node


_CLIENT = re.compile(rb"\b(?:HTTPoison|hackney|Req|Finch|Tesla|ExAws|Mojito|HTTPotion|httpc)\b")
_VERBS = frozenset(
    f"{verb}{end}"
    for verb in ("get", "post", "put", "patch", "delete", "head", "options", "trace", "request")
    for end in ("", "!")
)
_REQUEST, _RECEIVE = frozenset({b"request"}), frozenset({b"receive"})
_TESLA = frozenset(name.encode() for name in ("client", *_VERBS))
_BODIES = frozenset({"post", "put", "patch"})
# Libraries whose calls take options with a limit, by the first part of the module's name.
_CLIENTS = frozenset(
    {"HTTPoison", "Req", "Finch", "Tesla", "ExAws", "Mojito", "HTTPotion", ":httpc", ":hackney"}
)
# A limit for what a stream sends next is another matter: it may rightly be silent for hours.
_STREAMING = frozenset({"into", "stream_to", "async", "stream", "self"})
_OWN_LIMITS = frozenset({"recv_timeout", "receive_timeout"})
_LIMITS = _OWN_LIMITS | {"timeout", "connect_timeout"}
_DEVELOPMENT = re.compile(r"(?:^|/)config/(?:dev|test)\b|(?:^|/)lib/mix/")


@collects(UnlimitedWait)
def collect_unlimited_waits(document: Document) -> Iterator[UnlimitedWait]:
    """The waits of one file of `lib` or `config`."""
    for sighting in sightings(document):
        yield sighting.fact


def sightings(document: Document) -> Iterator[Sighting]:
    """The waits of one file with their syntax."""
    source = document.source
    if document.role not in (Role.LIB, Role.CONFIG) or document.language is not Language.ELIXIR:
        return
    if _DEVELOPMENT.search(document.path):
        return
    if document.role is Role.LIB:
        yield from _erlang(document)
        if b"Tesla" in source:
            yield from _tesla(document)
        yield from _mint(document)
    if b":infinity" in source:
        yield from _infinite(document)


# ---- :httpc


def _erlang(document: Document) -> Iterator[Sighting]:
    for form in forms_calling(document, _REQUEST):
        for call in form.index.calls("request"):
            if call.module != ":httpc" or call.capture_arity is not None:
                continue
            arguments = call.arguments
            if len(arguments) <= 2:
                place: Node | None = call
            else:
                place = _options(arguments[2], form)
            if place is not None:
                name = f":httpc.request/{len(arguments)}"
                fact = UnlimitedWait(":httpc", form.module.name, name, call.callee_span)
                yield Sighting(fact, place)


def _options(node: Node, form: Form) -> List | None:
    """The list of options behind an argument, if it is written out and has no limit."""
    found = _list(node, form)
    if found is None or "timeout" in _keys(found):
        return None
    # `| rest`, or an option that is put together elsewhere, may hold one.
    seen = all(isinstance(one, (Keywords, Tuple)) for one in found.elements)
    return found if seen else None


def _list(node: Node, form: Form) -> List | None:
    """The list literal that an expression is, behind a variable, an attribute or a function of the
    module that returns nothing else."""
    found = origin(node, form)
    if found is not None and not isinstance(found, List):
        clauses = clauses_of(found, form)
        body = clauses[0].function.body if len(clauses) == 1 and clauses[0].function else []
        found = body[-1] if body else None
    return found if isinstance(found, List) else None


def _keys(options: Node | None) -> set[str]:
    """The keys of options, written as pairs or as tuples."""
    found: set[str] = set()
    if isinstance(options, List):
        for one in options.elements:
            if isinstance(one, Tuple) and one.elements and isinstance(one.elements[0], Atom):
                found.add(one.elements[0].name)
        options = options.keywords
    if isinstance(options, Keywords):
        found.update(options.values)
    return found


# ---- Tesla


def _tesla(document: Document) -> Iterator[Sighting]:
    for module in document.modules:
        use = next((one for one in module.names.uses if one.module == "Tesla"), None)
        if use is not None and not _has_limit(module) and _is_client(module):
            name = "use Tesla"
            adapter = _adapter(module)
            if adapter is not None:
                written = use.call.written_arguments[0]
                span = Span(use.call.start, written.end)
                fact = UnlimitedWait("Tesla", module.name, name, span, adapter)
                yield Sighting(fact, use.call)
    for form in forms_calling(document, _TESLA):
        for call in form.index.calls("client", *_VERBS):
            if call.module is None or call.capture_arity is not None:
                continue
            if form.names_at(call.start).expand(call.module) != "Tesla":
                continue
            place = _client(call, form) if call.name == "client" else _direct(call)
            if place is not None:
                name = f"Tesla.{call.name}"
                fact = UnlimitedWait("Tesla", form.module.name, name, call.callee_span)
                yield Sighting(fact, place)


def _has_limit(module: Module) -> bool:
    """Whether anything in a module speaks of a limit: a middleware, or an option of a request."""
    for form in module.forms:
        if b"imeout" in form.bytes:
            if any("timeout" in pair.key for pair in form.index.nodes(Pair)):
                return True
            if any(b"Timeout" in _source(raw, form) for raw in form.index.aliases):
                return True
    return False


def _source(raw: object, form: Form) -> bytes:
    start, end = raw.start_byte, raw.end_byte  # type: ignore[attr-defined]
    return form.tree.source[start:end]


def _is_client(module: Module) -> bool:
    """Whether requests are made with the module's own functions, as far as the module shows."""
    made = False
    for form in module.forms:
        for call in form.index.calls("client"):
            if call.module is not None and form.names_at(call.start).expand(call.module) == "Tesla":
                made = True
        if any(call.receiver is None for call in form.index.calls(*_VERBS)) and form.function:
            return True
    return not made


def _adapter(module: Module) -> bool | None:
    """True for a module that names `:httpc`'s adapter, False for one that names none, None for
    any other."""
    for form in module.forms:
        if form.callee == b"adapter":
            written = Call(form.raw, form.tree).written_arguments
            named = form.names_at(form.span.start).expand(
                module_text(written[0] if written else None)
            )
            return True if named == "Tesla.Adapter.Httpc" else None
    return False


def _client(call: Call, form: Form) -> List | None:
    """The list of middleware of `Tesla.client`, if it is written out, has no limit, and no
    adapter of the client's own is given."""
    arguments = call.arguments
    if len(arguments) != 1:
        return None
    found = _list(arguments[0], form)
    if found is None or b"imeout" in found.bytes:
        return None
    # What is put together elsewhere may hold a limit.
    seen = all(isinstance(one, (Alias, Tuple)) for one in found.elements)
    return found if seen else None


def _is_part(options: List) -> bool:
    """Whether a list is one side of `++`, or has a tail that is not seen."""
    return any(getattr(one, "operator", "") in ("|", "++") for one in options.elements)


def _direct(call: Call) -> Node | None:
    """The options of a request that is made without a client, or the call, where they are missing;
    None where a limit is there or cannot be seen."""
    arguments = call.arguments
    verb = call.name.rstrip("!")
    least = 0 if verb == "request" else 2 if verb in _BODIES else 1
    keywords = call.keywords
    if verb == "request":
        if len(arguments) != 1 or keywords is None:
            return None
    elif keywords is None or len(arguments) == least:
        # Two arguments of `get` are an address and options, or a client and an address.
        return call if len(arguments) == least else None
    elif len(arguments) != least + 1:
        return None
    opts = keywords.get("opts")
    if opts is None:
        return call
    if not isinstance(opts, List) or _is_part(opts):
        return None
    adapter = opts.keywords.get("adapter") if opts.keywords is not None else None
    if adapter is None:
        return opts
    if not isinstance(adapter, List) or b"timeout" in adapter.bytes:
        return None
    return adapter


@join(configuration)
def tesla_adapters(index: Index) -> frozenset[str]:
    """Where production's configuration names another adapter than Tesla's default, or a limit for
    it: modules, and `*` for all of them."""
    found: set[str] = set()
    for _, setting in configuration(index).settings:
        if setting.app != "tesla" or not setting.environments.include("prod"):
            continue
        if "adapter" in setting.keys and setting.text != "Tesla.Adapter.Httpc":
            found.add("*" if setting.keys[0] == "adapter" else setting.keys[0])
    return frozenset(found)


# ---- Mint


def _mint(document: Document) -> Iterator[Sighting]:
    for form in forms_calling(document, _RECEIVE):
        streams = [
            call
            for call in form.index.calls("stream")
            if call.module is not None
            and form.names_at(call.start).expand(call.module).startswith("Mint.HTTP")
        ]
        for call in form.index.calls("receive") if streams else ():
            block = call.do_block
            if call.receiver is None and block is not None and "after" not in block.sections:
                fact = UnlimitedWait("Mint", form.module.name, "receive", call.name_span)
                yield Sighting(fact, call)


# ---- :infinity


def _infinite(document: Document) -> Iterator[Sighting]:
    speaks = document.role is Role.CONFIG or _CLIENT.search(document.source) is not None
    for form in forms_with(document, b":infinity"):
        for pair in form.index.nodes(Pair):
            value = pair.value
            if pair.key not in _LIMITS or not isinstance(value, Atom) or value.name != "infinity":
                continue
            if _is_in_stream(pair):
                continue
            if _is_given(pair, form) or (pair.key in _OWN_LIMITS and speaks):
                fact = UnlimitedWait("", form.module.name, pair.key, pair.span)
                yield Sighting(fact, value)
        for call in form.index.calls("recv"):
            last = call.written_arguments[-1:]
            if call.module is None or not last or last[0].text != ":infinity":
                continue
            if form.names_at(call.start).expand(call.module).startswith("Mint.HTTP"):
                fact = UnlimitedWait("", form.module.name, "Mint.HTTP.recv", last[0].span)
                yield Sighting(fact, last[0])


def _is_in_stream(pair: Pair) -> bool:
    around: Node = pair
    for _ in range(3):
        parent = around.parent
        if isinstance(parent, (Keywords, List, Call)):
            keywords = parent.keywords if isinstance(parent, (List, Call)) else parent
            if keywords is not None and not _STREAMING.isdisjoint(keywords.values):
                return True
            if isinstance(parent, Call) and parent.name.startswith("stream"):
                return True
        if parent is None or isinstance(parent, Call):
            break
        around = parent
    return False


def _is_given(pair: Pair, form: Form) -> bool:
    """Whether an option stands in the arguments of a client's function, or of its middleware."""
    for around in pair.ancestors():
        if isinstance(around, Call):
            written = around.module
            if around.receiver is None and around.name == "plug":
                named = around.written_arguments[0].text if around.written_arguments else ""
                return "Tesla" in named or "Timeout" in named
            if written is None:
                return False
            name = form.names_at(around.start).expand(written)
            return name.partition(".")[0] in _CLIENTS
        if isinstance(around, Tuple) and around.elements:
            named = module_text(around.elements[0])
            if "Tesla" in form.names_at(around.start).expand(named):
                return True
    return False
