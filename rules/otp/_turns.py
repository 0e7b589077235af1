"""Which functions of a module a process runs itself, one message after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.facts.calls.places import ELSEWHERE, LATER, in_order, place_at
from lsp_server.facts.calls.regions import regions_of
from lsp_server.lint.file import File
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

Key = tuple[str, int]

# Callbacks that take a message: while one runs the process answers nothing else (Elixir 1.18,
# gen_stage 1.2, phoenix 1.8, phoenix_live_view 1.1, websockex 0.4).
_SERVER = frozenset(
    {
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_continue", 2),
        ("handle_info", 2),
        ("init", 1),
    }
)
TURNS: Mapping[str, frozenset[Key]] = {
    "GenServer": _SERVER,
    "GenStage": _SERVER,
    ":gen_server": _SERVER,
    ":gen_statem": frozenset({("handle_event", 4), ("init", 1)}),
    "Plug": frozenset({("call", 2)}),
    "WebSockex": frozenset({("handle_frame", 2), ("handle_cast", 2), ("handle_info", 2)}),
    "Phoenix.Channel": frozenset(
        {("join", 3), ("handle_in", 3), ("handle_out", 3), ("handle_info", 2)}
    ),
}
# In these every public function runs in the process of a page or request.
_PAGES = frozenset({"Phoenix.Controller", "Phoenix.LiveComponent", "Phoenix.LiveView"})
_AT_THE_END = frozenset({("terminate", 2), ("code_change", 3)})


@dataclass(frozen=True)
class Turns:
    """The functions that run in a process whose messages wait meanwhile.

    `kind` is the behaviour that says so; `callers` holds for each function the form of one that
    calls it, None for the callbacks themselves.
    """

    kind: str
    callers: Mapping[Key, Form | None]


def turns(module: Module, file: File) -> Turns | None:
    """The functions of a module that its process runs; None where it is no process."""
    kind = _kind(module, file)
    if not kind:
        return None
    functions: dict[Key, list[Form]] = {}
    for form in module.forms:
        function = form.function
        if function is not None and not function.is_macro:
            functions.setdefault((function.name, function.arity), []).append(form)
    roots = _roots(kind, functions)
    callers: dict[Key, Form | None] = dict.fromkeys(roots)
    pending = list(roots)
    for key in pending:  # grows while it is read
        for form in functions[key]:
            for called in _own_calls(form, functions):
                if called not in callers:
                    callers[called] = form
                    pending.append(called)
    return Turns(kind, callers)


def _kind(module: Module, file: File) -> str:
    used = file.context.used(module.names) | set(behaviours(module))
    for kind in (*TURNS, *sorted(_PAGES)):
        if kind in used:
            return kind
    return ""


def _roots(kind: str, functions: Mapping[Key, Sequence[Form]]) -> list[Key]:
    if kind in TURNS:
        return [key for key in functions if key in TURNS[kind]]
    return [
        key
        for key, forms in functions.items()
        if key not in _AT_THE_END and forms[0].callee == b"def"
    ]


def _own_calls(form: Form, functions: Mapping[Key, object]) -> Iterator[Key]:
    """The functions of the module that a clause calls in the same process."""
    names = {name for name, _ in functions}
    head = None if form.function is None else form.function.head
    called = [name for name in form.index.callee_names if name.decode("utf-8", "replace") in names]
    for call in form.index.calls(*(name.decode("utf-8", "replace") for name in called)):
        if call == head or not (call.receiver is None or call.module == "__MODULE__"):
            continue
        if (call.name, call.arity) in functions and is_in_turn(call, form):
            yield call.name, call.arity


def is_in_turn(node: Node, form: Form) -> bool:
    """Whether code runs when its function does: not in a process of its own, nor later."""
    place, _ = place_at(
        in_order(regions_of(form.index, [node.start]), template=False), node.start, node.end
    )
    return not place & (ELSEWHERE | LATER)


def behaviours(module: Module) -> Iterator[str]:
    """The full names of the module's `@behaviour`s."""
    for form in module.forms:
        if not form.callee and form.bytes.startswith(b"@behaviour"):
            node = form.node
            if isinstance(node, ModuleAttribute):
                yield module.names.expand(module_text(node.value))


def head_of(function: Function) -> str:
    """`handle_info/2`."""
    return f"{function.name}/{function.arity}"


def is_call_of(call: Call, modules: frozenset[str], file: File) -> bool:
    """Whether a call is of a function of one of these modules."""
    return file.module_of(call) in modules
