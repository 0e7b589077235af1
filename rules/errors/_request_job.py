"""The edits that leave a request to a job of Oban's, where nobody waits for its answer."""

from __future__ import annotations

import re

from lsp_server.document import Document
from lsp_server.facts.local_flow import assigned
from lsp_server.facts.modules import modules
from lsp_server.facts.processes.supervision_tree import application_of
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.lint.set_apart import set_apart
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Dot,
    Identifier,
    ModuleAttribute,
)
from lsp_server.syntax.literals import Map, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import line_ending

from ._arguments import WIDTH
from ._handed_over import queue_for, worker_place
from ._taken_errors import begins_line, open_body

_HTTP_QUEUE = re.compile(r"http|request|api|external|web_?hook")


def in_request_job(
    snapshot: Snapshot, document: Document, form: Form, call: Call
) -> list[Operation]:
    """A worker that makes the request, and the call that puts the job for it into the queue.

    Only where the request is a statement of its own, and needs nothing but parameters of the
    request to this server: those are of JSON, as the arguments of a job have to be.
    """
    function, application = form.function, application_of(snapshot.index, document.path)
    node: Node = call.pipe or call
    if function is None or application is None or "\n" in node.text:
        return []
    if node not in open_body(function, node)[:-1] or not begins_line(document, node):
        return []
    arguments = _arguments(form, function, node)
    written = _with_full_names(document, node)
    if arguments is None or written is None:
        return []
    subject = form.module.name.rpartition(".")[2].removesuffix("Controller")
    name = f"{_camel(function.name)}{subject}Request"
    namespace = application.module.partition(".")[0]
    module, path = worker_place(snapshot, document.path, namespace, name)
    if module in modules(snapshot.index) or path in snapshot.index:
        return []
    where = f"{form.module.name}.{function.name}/{function.arity}"
    queue = queue_for(snapshot, _HTTP_QUEUE)
    worker = _worker(module, where, queue, arguments, written, call.name.endswith("!"))
    indent = document.lines.indentation(node.start).decode()
    newline = f"{line_ending(document.source)}{indent}"
    given = "%{" + ", ".join(f"{one}: {one}" for one in arguments) + "}"
    steps = [given, f"|> {module}.new()", "|> Oban.insert!()"]
    if max(*(len(indent) + len(one) for one in steps), *map(len, worker)) > WIDTH:
        return []
    created = CreateFile(path, "\n".join(worker) + "\n")
    flat = " ".join(steps)
    if len(indent) + len(flat) <= WIDTH:
        return [Edit(node.span, flat, document.path), created]
    edit = Edit(node.span, newline.join(steps), document.path)
    return [edit, *set_apart(document, node), created]


def _worker(
    module: str, where: str, queue: str, arguments: list[str], request: str, raises: bool
) -> list[str]:
    taken = ", ".join(f'"{one}" => {one}' for one in arguments)
    head = f"%Oban.Job{{args: %{{{taken}}}}}" if arguments else "_job"
    return [
        f"defmodule {module} do",
        f'  @moduledoc "Makes the request of `{where}` in the background."',
        "",
        f"  use Oban.Worker, queue: :{queue}",
        "",
        "  @impl Oban.Worker",
        f"  def perform({head}) do",
        f"    {request}",
        *(["    :ok"] if raises else []),
        "  end",
        "end",
    ]


def _arguments(form: Form, function: Function, node: Node) -> list[str] | None:
    """The variables that a request needs; None if one of them may be no JSON."""
    known = set(_given(function))
    found: dict[str, None] = {}
    for one in node.descendants():
        if isinstance(one, (AnonymousFunction, Capture, ModuleAttribute)):
            return None
        if isinstance(one, Call) and one.receiver is None:
            return None
        if isinstance(one, Identifier):
            if isinstance(one.parent, Dot) and one.start > one.parent.start:
                continue  # the name of a function or field
            if one.name not in known or assigned(one, form) is not None:
                return None
            found[one.name] = None
    return list(found)


def _given(function: Function) -> list[str]:
    """The variables that an action's parameters give: `%{"id" => id} = params`."""
    pattern = function.parameters[1] if len(function.parameters) == 2 else None
    parts = [pattern]
    if isinstance(pattern, BinaryOperator) and pattern.operator == "=":
        parts = [pattern.left, pattern.right]
    found: list[str] = []
    for part in parts:
        if isinstance(part, Identifier):
            found.append(part.name)
        elif isinstance(part, Map):
            for entry in part.find(BinaryOperator):
                if entry.operator == "=>" and isinstance(entry.left, String):
                    if isinstance(entry.right, Identifier):
                        found.append(entry.right.name)
    return [one for one in found if not one.startswith("_")]


def _with_full_names(document: Document, node: Node) -> str | None:
    """The text of a request with its modules in full."""
    edits: list[tuple[int, int, str]] = []
    for one in node.find(Alias):
        full = document.names_at(one.start).expand(one.text)
        edits.append((one.start - node.start, one.end - node.start, full))
    text = node.bytes
    for start, end, full in sorted(edits, reverse=True):
        text = text[:start] + full.encode() + text[end:]
    return text.decode("utf-8", "replace")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.rstrip("?!").split("_"))
