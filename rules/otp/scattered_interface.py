"""otp/scattered-interface"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from lsp_server.document import Document
from lsp_server.facts.calls.primitives import KERNEL
from lsp_server.facts.processes.process_messages import ProcessMessage, function_of
from lsp_server.facts.processes.supervision_tree import Process, processes
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Alias, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

from ._known_callbacks import CALLBACKS
from ._later import WIDTH
from ._processes import functions_inserted, module_in

Sent = tuple[str, ProcessMessage]  # with the path of its file
_NAME = re.compile(r"[a-z_]\w*[?!]?")
_OTHER = frozenset({"child_spec", "start_link", "init"})


class ScatteredInterface(ProjectRule):
    """
    Several modules send messages to a process that is another module's.

    What a process understands is then written down in many places: who changes a message has to
    find them all, and one that was forgotten fails only while it runs. Behind functions of the
    owning module the messages are its own business, callers get names, types and documentation,
    and a call can become a read from ETS without anybody noticing.

    ## Bad

    `lib/shop/stock.ex`:

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      def start_link(opts) do
        GenServer.start_link(__MODULE__, opts, name: __MODULE__)
      end

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end
    end
    ```

    `lib/shop/orders.ex`:

    ```elixir
    defmodule Shop.Orders do
      alias Shop.Stock

      def available?(line), do: GenServer.call(Stock, {:count, line.product_id}) >= line.quantity
    end
    ```

    `lib/shop/reports.ex`:

    ```elixir
    defmodule Shop.Reports do
      def stock(ids), do: Enum.map(ids, &GenServer.call(Shop.Stock, {:count, &1}))
    end
    ```

    ## Good

    `lib/shop/stock.ex`:

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      def start_link(opts) do
        GenServer.start_link(__MODULE__, opts, name: __MODULE__)
      end

      def count(product), do: GenServer.call(__MODULE__, {:count, product})

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end
    end
    ```

    `lib/shop/orders.ex`:

    ```elixir
    defmodule Shop.Orders do
      alias Shop.Stock

      def available?(line), do: Stock.count(line.product_id) >= line.quantity
    end
    ```

    `lib/shop/reports.ex`:

    ```elixir
    defmodule Shop.Reports do
      def stock(ids), do: Enum.map(ids, &Shop.Stock.count(&1))
    end
    ```

    ## When it stays silent

    - Only one other module sends to the process: that may be where its functions are.
    - The process is named by a variable, a pid or a key in a Registry, or no module of the project
      is that process, nor registers an atom that is its name.
    - The owning module itself; tests and scripts.

    ## What the fix changes

    The owning module gets a function named like the message, and every call that sends this message
    becomes a call of it, in all files. It is offered for messages that are an atom or a tuple that
    begins with one, and for functions of an Agent like `& &1` and `&Map.get(&1, key)`. There is
    none where a timeout is given, or where the module has another function of that name.
    """

    severity = Severity.INFORMATION
    reads = (ProcessMessage, processes)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        known = processes(index)
        names = {one.use.registers: one.module for one in known.values()}
        sent: dict[str, list[Sent]] = {}
        for path, message in index.of(ProcessMessage):
            process = known.get(names.get(message.target, message.target))
            if process is None or process.module == message.by:
                continue
            if process.behaviour == message.through.partition(".")[0]:
                sent.setdefault(process.module, []).append((path, message))
        for target, messages in sent.items():
            modules = {message.by for _, message in messages}
            if len(modules) < 2:
                continue
            for path, message in messages:
                same = [one for one in messages if _key(one[1]) == _key(message)]
                fix = None
                if message.shape and all(one.plain for _, one in same):
                    name = _name(message.shape)
                    if name:
                        title = f"Call a function `{name}` of {target}"
                        fix = Fix.review(title, partial(_named, process=known[target], sent=same))
                yield self.finding(
                    message.span,
                    f"{len(modules)} modules send messages to `{target}` with "
                    f"`{message.through.partition('.')[0]}`; give it functions for them",
                    path=path,
                    fix=fix,
                )


def _key(message: ProcessMessage) -> tuple[str, str, str]:
    return message.target, message.through, message.shape


def _name(shape: str) -> str:
    """What the client function is called; empty where it cannot be."""
    name = shape.rpartition("/")[0].rpartition(".")[2] or "get"
    taken = name.encode() in KERNEL or name in _OTHER
    return name if _NAME.fullmatch(name) and not taken else ""


def _named(snapshot: Snapshot, process: Process, sent: Sequence[Sent]) -> list[Edit]:
    """The function in the owner, and the calls of it."""
    owner = snapshot.document(process.path)
    module = None if owner is None else module_in(owner, process.module)
    name = _name(sent[0][1].shape)
    if owner is None or module is None:
        return []
    edits: list[Edit] = []
    calls: list[tuple[Call, list[Node]]] = []
    for path, message in sent:
        document = owner if path == process.path else snapshot.document(path)
        call = None if document is None else _call_at(document, message)
        if document is None or call is None:
            return []
        values = _values(call.written_arguments[1])
        first = call.written_arguments[0]
        names = document.names_at(call.start)
        written = isinstance(first, (Alias, ModuleAttribute)) and message.target[:1] != ":"
        target = first.text if written else names.shorten(process.module)
        given = ", ".join(one.text for one in values)
        edits.append(Edit(call.span, f"{target}.{name}({given})", path))
        calls.append((call, values))
    size = len(calls[0][1])
    if any(len(values) != size for _, values in calls):
        return []
    if size in module.names.functions.get(name, ()):
        return edits if _is_there(module, name, size, sent[0][1]) else []
    call, values = calls[0]
    parameters = _parameters(module, call, values)
    own = sent[0][1].target
    lines = _client(call, own if own[:1] == ":" else "__MODULE__", name, values, parameters)
    indent = owner.lines.indentation(module.span.start).decode() + "  "
    if any(len(indent) + len(line) > WIDTH for line in lines):
        return []
    return [*edits, functions_inserted(owner, module, [*lines, ""], _last_client(module))]


def _call_at(document: Document, message: ProcessMessage) -> Call | None:
    form = document.outline.form_at(message.span.start)
    name = message.through.rpartition(".")[2]
    for call in () if form is None else form.index.calls(name):
        if call.callee_span == message.span and len(call.written_arguments) == 2:
            return call
    return None


def _values(message: Node) -> list[Node]:
    """What the message or the function of an Agent is given."""
    if isinstance(message, Tuple):
        return message.elements[1:]
    called = None if isinstance(message, Atom) else function_of(message)
    return [] if called is None else called[1]


def _parameters(module: Module, call: Call, values: Sequence[Node]) -> list[str]:
    """Names for the values: those in the clause that takes the message, else those of a caller."""
    found = _taken(module, call.written_arguments[1], len(values)) or values
    names: list[str] = []
    for number, one in enumerate(found, 1):
        name = one.name.lstrip("_") if isinstance(one, Identifier) else ""
        if not name or name in names:
            name = f"value{number}" if len(values) > 1 else "value"
        names.append(name)
    return names


def _taken(module: Module, message: Node, size: int) -> Sequence[Node]:
    tag = message.elements[0].text if isinstance(message, Tuple) else ""
    for function in module.functions:
        if tag and function.name in ("handle_call", "handle_cast") and function.parameters:
            for pattern in function.parameters[0].find(Tuple):
                elements = pattern.elements
                if len(elements) == size + 1 and elements[0].text == tag:
                    return elements[1:]
    return ()


def _client(
    call: Call, own: str, name: str, values: Sequence[Node], parameters: Sequence[str]
) -> list[str]:
    """The lines of the function; `own` is how the process is called there."""
    message = call.written_arguments[1]
    text = message.text
    for value, parameter in reversed([*zip(values, parameters, strict=True)]):
        start, end = value.start - message.start, value.end - message.start
        raw = text.encode()
        text = (raw[:start] + parameter.encode() + raw[end:]).decode("utf-8", "replace")
    head = f"def {name}({', '.join(parameters)})" if parameters else f"def {name}"
    body = f"{call.dotted}({own}, {text})"
    whole = f"{head}, do: {body}"
    if len(whole) + 2 <= WIDTH:
        return [whole]
    return [f"{head} do", f"  {body}", "end"]


def _is_there(module: Module, name: str, size: int, message: ProcessMessage) -> bool:
    """Whether the module has this very client function."""
    clauses = [one for one in module.functions if (one.name, one.arity) == (name, size)]
    if len(clauses) != 1 or len(clauses[0].body) != 1:
        return False
    match clauses[0].body:
        case [Call() as call] if call.dotted == message.through and len(call.arguments) == 2:
            target, sent = call.arguments
            own = target.text in ("__MODULE__", module.name, message.target)
            parameters = [one.text for one in clauses[0].parameters]
            same = [one.text for one in _values(sent)] == parameters
            tag = message.shape.rpartition("/")[0]
            first = sent.elements[0] if isinstance(sent, Tuple) and sent.elements else sent
            tagged = first.text == f":{tag}" or not isinstance(sent, (Atom, Tuple))
            return own and same and tagged
    return False


def _last_client(module: Module) -> str:
    """The last public function above the callbacks, after which a new one goes."""
    last = "start_link"
    for form in module.forms:
        function = form.function
        if function is None or function.is_private:
            continue
        if _is_callback(function):
            break
        last = function.name
    return last


def _is_callback(function: Function) -> bool:
    return (function.name, function.arity) in CALLBACKS["GenServer"]
