"""Endpoints with their plugs, static paths, and how modules are given verified routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.routes.router_pipelines import plug_call
from lsp_server.facts.routes.router_place import Place
from lsp_server.facts.routes.routes import PlugCall
from lsp_server.facts.values import Scope, value_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class Statics(Fact):
    """The first parts of paths that are files: literal ones, or a module's `static_paths/0`.

    They are not `complete` where they are computed in another way.
    """

    paths: tuple[str, ...]
    module: str
    complete: bool


NO_STATICS = Statics((), "", True)


class Endpoint(Fact):
    """A Phoenix endpoint with its plugs in order; `statics` are those of its `Plug.Static`."""

    module: str
    plugs: tuple[PlugCall, ...]
    statics: Statics
    name_span: Span


class StaticPaths(Fact):
    """What `static_paths/0` of a module returns."""

    module: str
    paths: tuple[str, ...]
    complete: bool
    span: Span


class VerifiedRoutes(Fact):
    """A `use Phoenix.VerifiedRoutes`, in a module itself or in the quoted block of its `function`.

    `router` and `endpoint` are full names, empty where they are computed.
    """

    module: str
    function: str
    router: str
    endpoint: str
    statics: Statics
    prefixed: bool  # whether there are `path_prefixes`
    span: Span


@collects(Endpoint, StaticPaths, VerifiedRoutes)
def collect_endpoints(document: Document) -> Iterator[Fact]:
    """The facts of a document; only a file that names one of these things is looked at."""
    source = document.source
    if document.role is not Role.LIB:
        return
    for module in document.modules:
        if any(_brings_endpoint(use.module, use.selector) for use in module.names.uses):
            yield _endpoint(module)
        for form in module.forms if "static_paths" in module.names.functions else ():
            if form.function is not None and form.function.name == "static_paths":
                yield _static_paths(form)
    if b"Phoenix.VerifiedRoutes" in source:
        for form in document.forms:
            for call in form.index.calls("use"):
                found = _verified_routes(call, form)
                if found is not None:
                    yield found


def _brings_endpoint(module: str, selector: str) -> bool:
    return module == "Phoenix.Endpoint" or selector == "endpoint"


def _endpoint(module: Module) -> Endpoint:
    plugs: list[PlugCall] = []
    statics = NO_STATICS
    for form in module.forms:
        if form.callee not in (b"plug", b"if"):
            continue
        place = Place(module.name, form, Scope(module))
        for call in form.index.calls("plug"):
            plug = plug_call(call, place, conditional=form.callee == b"if")
            if plug is None:
                continue
            plugs.append(plug)
            if plug.name == "Plug.Static" and statics is NO_STATICS:
                only = call.keyword("only") or call.keyword("only_matching")
                statics = _statics(only, form)
    return Endpoint(module.name, tuple(plugs), statics, module.name_span)


def _statics(node: Node | None, form: Form) -> Statics:
    if node is None:
        return NO_STATICS
    if isinstance(node, Call) and node.name == "static_paths" and node.module:
        return Statics((), form.names_at(node.start).expand(node.module), True)
    paths, complete = _strings(value_of(node, Scope(form.module)))
    return Statics(paths, "", complete)


def _strings(value: object) -> tuple[tuple[str, ...], bool]:
    """The strings of a list, and whether it holds nothing else."""
    if not isinstance(value, Iterable) or isinstance(value, str):
        return (), False
    items = list(value)
    strings = tuple(one for one in items if isinstance(one, str))
    return strings, len(strings) == len(items)


def _static_paths(form: Form) -> StaticPaths:
    assert form.function is not None
    body = form.function.body
    value = value_of(body[-1], Scope(form.module)) if len(body) == 1 else None
    paths, complete = _strings(value)
    return StaticPaths(form.module.name, paths, complete, form.span)


def _verified_routes(call: Call, form: Form) -> VerifiedRoutes | None:
    written = call.written_arguments
    names = form.names_at(call.start)
    if not written or names.expand(module_text(written[0])) != "Phoenix.VerifiedRoutes":
        return None
    prefixes = call.keyword("path_prefixes")
    return VerifiedRoutes(
        form.module.name,
        "" if form.function is None else form.function.name,
        names.expand(module_text(call.keyword("router"))),
        names.expand(module_text(call.keyword("endpoint"))),
        _statics(call.keyword("statics"), form),
        prefixes is not None and prefixes.text != "[]",
        call.span,
    )
