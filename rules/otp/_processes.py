"""What a process module needs before a supervisor can start it, as edits of the module."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.processes.supervision_edits import NewChild
from lsp_server.facts.processes.supervision_tree import Process
from lsp_server.lint.finding import Edit
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Alias, BinaryOperator, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

# What `start_link/1` is for behaviours whose own `start_link` takes the module and its argument.
_STARTED_BY = {
    "DynamicSupervisor": "DynamicSupervisor",
    "GenServer": "GenServer",
    "GenStage": "GenStage",
    "Supervisor": "Supervisor",
    ":gen_server": "GenServer",
    ":gen_statem": ":gen_statem",
}
_DOCS = frozenset({"doc", "spec", "impl", "since", "deprecated"})
_CLIENT_CALLS = ("call", "cast", "sync_notify", "count_children", "start_child", "which_children")


def can_be_started(process: Process) -> bool:
    """Whether a process has a `start_link`, or one can be written for it without guessing."""
    return bool(process.start_arities) or process.behaviour in _STARTED_BY


def has_many_instances(process: Process) -> bool:
    """Whether the process is one of many, each started with a key or data of its own."""
    arities = process.start_arities
    return bool(arities) and (process.use.per_key or min(arities) > 1)


def module_in(document: Document, name: str) -> Module | None:
    """The module of a name in a document."""
    return next((one for one in document.modules if one.name == name and one.call), None)


def singleton_edits(document: Document, process: Process) -> Iterator[Edit]:
    """`start_link/1` and `child_spec/1` where they are missing."""
    module = module_in(document, process.module)
    if module is None:
        return
    writer = _Writer(document, module)
    added: list[str] = []
    if not process.start_arities:
        added += writer.start_link(process)
    elif 1 not in process.start_arities and 0 in process.start_arities:
        yield from writer.widened_start_link()
    if not process.child_spec:
        added += writer.child_spec(process)
    if added:
        yield writer.insert(added, after="start_link")


def instances(
    document: Document, process: Process, supervisor: str
) -> tuple[list[NewChild], list[Edit]]:
    """The children and the edit that let instances of a process be started by a supervisor.

    The edit is empty where the module's `start_link` cannot be followed.
    """
    module = module_in(document, process.module)
    if module is None:
        return [], []
    writer = _Writer(document, module)
    children = [
        NewChild("Registry", f"keys: :unique, name: {registry}", registry)
        for registry in writer.registries()
    ]
    options = f"name: {supervisor}, strategy: :one_for_one"
    children.append(NewChild("DynamicSupervisor", options, supervisor))
    added = writer.start(supervisor)
    if not process.child_spec:
        added += writer.child_spec(process)
    return children, [writer.insert(added, after="start_link")] if added else []


def functions_inserted(document: Document, module: Module, written: list[str], after: str) -> Edit:
    """Functions, each with an empty line behind it, after a function of the module or before
    all."""
    return _Writer(document, module).insert(written, after)


class _Writer:
    """Writes functions into one module."""

    def __init__(self, document: Document, module: Module) -> None:
        self.document, self.module = document, module
        self.newline = line_ending(document.source)
        self.indent = document.lines.indentation(module.span.start).decode() + "  "

    def start_link(self, process: Process) -> list[str]:
        """The lines of a `start_link/1`."""
        starter = _STARTED_BY[process.behaviour]
        named = self._is_called_by_name
        if starter == ":gen_statem":
            name = "{:local, __MODULE__}, " if named else ""
            call = f":gen_statem.start_link({name}__MODULE__, opts, [])"
        else:
            call = f"{starter}.start_link(__MODULE__, opts{', name: __MODULE__' if named else ''})"
        return ["def start_link(opts) do", f"  {call}", "end", ""]

    def child_spec(self, process: Process) -> list[str]:
        """The lines of a `child_spec/1`."""
        kind = ", type: :supervisor" if process.is_supervisor else ""
        start = "{__MODULE__, :start_link, [opts]}"
        return [
            "def child_spec(opts) do",
            f"  %{{id: __MODULE__, start: {start}{kind}}}",
            "end",
            "",
        ]

    def start(self, supervisor: str) -> list[str]:
        """The lines of a function that starts an instance under a supervisor."""
        clauses = [one for one in self.module.functions if one.name == "start_link"]
        if not clauses:
            return []
        clause = min(clauses, key=lambda one: one.arity)
        required = [one for one in clause.parameters if not _has_default(one)]
        arguments = [_argument(one, number) for number, one in enumerate(required, 1)]
        if not arguments:
            return []
        given = ", ".join(arguments)
        taken = self.module.names.functions
        names = ("start", "start_child", "start_supervised")
        name = next(one for one in (*names, "start_instance") if one not in taken)
        shown = self.module.names.shorten(supervisor)
        if len(arguments) == 1:
            body = [f"  DynamicSupervisor.start_child({shown}, {{__MODULE__, {given}}})"]
        else:
            start = f"{{__MODULE__, :start_link, [{given}]}}"
            body = [
                f"  spec = Supervisor.child_spec(__MODULE__, start: {start})",
                f"  DynamicSupervisor.start_child({shown}, spec)",
            ]
        doc = '@doc "Starts an instance under its supervisor."'
        return [doc, f"def {name}({given}) do", *body, "end", ""]

    def widened_start_link(self) -> Iterator[Edit]:
        """`start_link/0` that also takes what a supervisor gives it."""
        for function in self.module.functions:
            if function.name == "start_link" and function.arity == 0:
                yield Edit(function.head.span, "start_link(_opts \\\\ [])", self.document.path)

    def registries(self) -> list[str]:
        """The registries that names of instances are in, as far as they are written out."""
        found: dict[str, None] = {}
        for form in self.module.forms:
            for node in form.index.nodes(Tuple):
                match node.elements:
                    case [Atom("via"), Alias("Registry"), Tuple([Alias() as table, *_])]:
                        found[form.names_at(table.start).expand(table.name)] = None
        return list(found)

    @property
    def _is_called_by_name(self) -> bool:
        """Whether the module's functions send to a process of its own name, or to none at all."""
        targets = [
            call.arguments[0]
            for form in self.module.forms
            for call in form.index.calls(*_CLIENT_CALLS)
            if call.receiver is not None and call.arguments
        ]
        return not targets or any(one.text in ("__MODULE__", self.module.name) for one in targets)

    def insert(self, written: list[str], after: str) -> Edit:
        """Functions, each with an empty line behind it, put after a function or before all."""
        lines = self.document.lines
        forms = self.module.forms
        last = next((one for one in reversed(forms) if _defines(one, after)), None)
        text = [self.indent + line if line else "" for line in written]
        if last is not None:
            at = lines.line_span(lines.line_at(last.span.end)).end
            block = "".join(self.newline + line for line in ["", *text[:-1]])
            return Edit(Span(at, at), block, self.document.path)
        first = next((number for number, one in enumerate(forms) if one.is_function), None)
        if first is None:
            end = self.module.span.end - len("end")
            at = lines.line_span(lines.line_at(end)).start
            block = "".join(line + self.newline for line in ["", *text[:-1]])
            return Edit(Span(at, at), block, self.document.path)
        while first > 0 and _documents(forms[first - 1]):
            first -= 1
        line = lines.line_at(forms[first].span.start)
        while line > 0 and re.match(rb"[ \t]*#", lines.line_bytes(line - 1)):
            line -= 1
        at = lines.line_span(line).start
        return Edit(Span(at, at), "".join(line + self.newline for line in text), self.document.path)


def _defines(form: Form, name: str) -> bool:
    function: Function | None = form.function
    return function is not None and function.name == name


def _documents(form: Form) -> bool:
    node = form.node
    return isinstance(node, ModuleAttribute) and node.name in _DOCS


def _has_default(parameter: object) -> bool:
    return isinstance(parameter, BinaryOperator) and parameter.operator == "\\\\"


def _argument(parameter: object, number: int) -> str:
    """A variable for a parameter: its own name where it has one."""
    if isinstance(parameter, BinaryOperator) and parameter.operator == "=":
        for side in (parameter.left, parameter.right):
            if isinstance(side, Identifier):
                parameter = side
    if isinstance(parameter, Identifier):
        return parameter.name.lstrip("_") or f"argument{number}"
    return "argument" if number == 1 else f"argument{number}"
