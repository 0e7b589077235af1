"""Records that controllers and LiveViews load by an id of the request, without saying for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import assigned
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Access, Call, Identifier
from lsp_server.syntax.literals import Map, String
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.operators import BinaryOperator
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, without_suppressions


class LoadById(Fact):
    """One such call in an action, or in a callback of a LiveView.

    `callee` is the module that is called, by its full name, `name` its function, `record` the
    schema as the call names it (`Repo.get!(Order, id)`), else empty. `live`: the module is a
    LiveView. No word of the function speaks of who the visitor is.
    """

    module: str
    function: str
    live: bool
    callee: str
    name: str
    record: str
    span: Span  # module and name
    arguments: Span  # of the id


_LOADS = re.compile(r"(?:get|fetch|find|load|read)(?:_\w+)?!?")
_VERBS = (b"get", b"fetch", b"find", b"load", b"read")
_ASKS = re.compile(
    rb"current_|scope|actor|authori|permit|permission|can\?|polic|Bodyguard|Canada|owner|tenant"
    rb"|member|access|allowed|belongs"
)
_KEY = re.compile(r"(?:\w+_)?(?:id|uuid)")
_LIVE = {("mount", 3): 0, ("handle_params", 3): 0, ("handle_event", 3): 1}
_NO_CONTEXT = frozenset(
    {"Map", "Keyword", "Access", "Enum", "List", "Application", "System", "File"}
)


@collects(LoadById)
def collect_loads(document: Document) -> Iterator[LoadById]:
    """The loads of the controllers and LiveViews of a file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for module in document.modules:
        kind = _kind([use.selector or use.module for use in module.names.uses])
        for form in module.forms if kind else ():
            function = form.function
            if function is None or form.callee != b"def":
                continue
            at = 1 if kind == "controller" and function.arity == 2 else None
            if kind == "live":
                at = _LIVE.get((function.name, function.arity))
            if at is None or not any(name.startswith(_VERBS) for name in form.index.callee_names):
                continue
            if not _ASKS.search(without_suppressions(form.bytes)):
                yield from _loads(form, function, at, kind == "live")


def _kind(uses: list[str]) -> str:
    if any(one in ("controller", "Phoenix.Controller") for one in uses):
        return "controller"
    return "live" if any(one in ("live_view", "Phoenix.LiveView") for one in uses) else ""


def _loads(form: Form, function: Function, at: int, live: bool) -> Iterator[LoadById]:
    ids = set(_bound(function.parameters[at]))
    for name in form.index.callee_names:
        text = name.decode("utf-8", "replace")
        if not _LOADS.fullmatch(text):
            continue
        for call in form.index.calls(text):
            written = call.module
            if written is None or written.startswith(":"):
                continue
            callee = form.names_at(call.start).expand(written)
            if callee in _NO_CONTEXT:
                continue
            arguments = call.arguments
            record = ""
            if len(arguments) == 2 and module_text(arguments[0]):
                record = form.names_at(call.start).expand(module_text(arguments[0]))
                arguments = arguments[1:]
            if len(arguments) == 1 and _is_id(arguments[0], ids, form):
                yield LoadById(
                    form.module.name,
                    function.name,
                    live,
                    callee,
                    call.name,
                    record,
                    call.callee_span,
                    arguments[0].span,
                )


def _bound(pattern: Node) -> Iterator[str]:
    """The variables that hold ids of the request."""
    for one in pattern.find(Map):
        for pair in one.elements:
            match pair:
                case BinaryOperator("=>", String(str(key)), Identifier(name)):
                    if _KEY.fullmatch(key):
                        yield name


def _is_id(node: Node, ids: set[str], form: Form) -> bool:
    for _ in range(5):
        match node:
            case Identifier(name):
                if name in ids:
                    return True
                value = assigned(node, form)
                if value is None:
                    return False
                node = value
            case Access(Node() as target, String(str(key))):
                return target.text.rpartition(".")[2].endswith("params") and bool(
                    _KEY.fullmatch(key)
                )
            case Call() if node.name in ("to_integer", "cast!") and node.arguments:
                node = node.arguments[0]
            case _:
                return False
    return False
