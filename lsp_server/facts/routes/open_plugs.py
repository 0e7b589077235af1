"""Plugs of the project that let every request through, whatever their names say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call, Identifier, Pipe
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module


class OpenPlug(Fact):
    """A module whose `call/2` surely hands every connection on: it looks at who visits, but none of
    the functions of the module that it comes to halts, answers or raises, or gives the connection
    to a function that may."""

    module: str


_FUNCTIONS = frozenset({b"def", b"defp"})
_REFUSING = frozenset(
    b"halt raise reraise throw exit apply super resp send_resp send_chunked send_file render json "
    b"text html redirect delegate".split()
)
# fmt: off
# Of Plug.Conn 1.16 and Phoenix.Controller 1.8: what changes or reads a connection, and no more.
_KEEPING = frozenset({
    "assign", "merge_assigns", "put_private", "merge_private", "fetch_session", "get_session",
    "put_session", "delete_session", "clear_session", "configure_session", "fetch_cookies",
    "get_cookies", "put_resp_cookie", "delete_resp_cookie", "fetch_query_params",
    "get_req_header", "put_req_header", "get_resp_header", "put_resp_header",
    "delete_resp_header", "put_resp_content_type", "put_status", "register_before_send",
    "get_peer_data", "request_url", "fetch_flash", "put_flash", "get_flash", "clear_flash",
    "put_layout", "put_root_layout", "put_view", "put_new_layout", "put_new_view", "put_format",
    "get_format", "current_path", "current_url", "controller_module", "action_name", "if",
    "unless", "case", "cond", "with", "is_nil", "is_map", "is_struct",
})
# fmt: on
_OF_CONNECTIONS = frozenset({"Plug.Conn", "Conn", "Phoenix.Controller", "Controller"})
_TOKENS = frozenset({"Phoenix.Token.sign", "Phoenix.Token.verify", "Token.sign", "Token.verify"})
_Clauses = Mapping[str, list[Form]]


@collects(OpenPlug)
def collect_open_plugs(document: Document) -> Iterator[OpenPlug]:
    """The open plugs of a file of `lib`."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for module in document.modules:
        if 2 not in module.names.functions.get("call", ()):
            continue
        clauses: dict[str, list[Form]] = {}
        for form in module.forms:
            function = form.function if form.callee in _FUNCTIONS else None
            if function is not None:
                clauses.setdefault(function.name, []).append(form)
        if _is_plain(module) and _lets_through(clauses):
            yield OpenPlug(module.name)


def _is_plain(module: Module) -> bool:
    """Whether nothing that a module uses can be part of the plug, as it is of Plug.Builder."""
    return all(use.module.endswith("Web") for use in module.names.uses)


def _lets_through(clauses: _Clauses) -> bool:
    reached = ["call"]
    for name in reached:  # grows while it is read
        for form in clauses.get(name, ()):
            if not form.index.raw_calls.keys().isdisjoint(_REFUSING):
                return False
            head = 0 if form.function is None else form.function.head.end
            for call in form.index.nodes(Call):
                if call.start < head:
                    continue
                if call.receiver is None and call.name in clauses:
                    if call.name not in reached:
                        reached.append(call.name)
                elif _hands_on(call) and not _keeps(call):
                    return False
    return "call" in clauses


def _hands_on(call: Call) -> bool:
    """Whether a call is given the connection."""
    return any(_is_connection(one) for one in call.arguments)


def _is_connection(node: Node) -> bool:
    for _ in range(30):
        match node:
            case Identifier(name):
                return name.lstrip("_").startswith("conn")
            case Pipe():
                node = node.left
            case Call() if node.arguments and not node.is_field_access:
                node = node.arguments[0]
            case _:
                return False
    return True


def _keeps(call: Call) -> bool:
    if call.dotted in _TOKENS:
        return True
    if call.receiver is not None and call.module not in _OF_CONNECTIONS:
        return False
    return call.name in _KEEPING


@join(OpenPlug)
def open_plugs(index: Index) -> frozenset[str]:
    """The modules of all open plugs."""
    return frozenset(one.module for _, one in index.of(OpenPlug))
