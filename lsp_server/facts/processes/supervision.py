"""What a file says about processes: modules that are processes, children, and what starts what.

Children are read in every notation that Elixir 1.18's `Supervisor` documents; what is computed
makes a list incomplete, never wrong. `mentions.py` is the safety net below it: a module that other
code hands around as a value may be started in ways that no reader of text can follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import function_name, module_of, origin
from lsp_server.facts.processes.child_specs import Child, Elsewhere, Reading, child_of, children_of
from lsp_server.facts.processes.process_names import name_of, option
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Map, QuotedAtom, Tuple
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span

# Behaviours whose modules are processes, by the name that stands in `use` or `@behaviour`.
PROCESSES = frozenset(
    {
        "Agent",
        "Broadway",
        "ConsumerSupervisor",
        "DynamicSupervisor",
        "GenServer",
        "GenStage",
        "Horde.DynamicSupervisor",
        "Horde.Registry",
        "Horde.Supervisor",
        "Supervisor",
        "Task",
        ":gen_event",
        ":gen_server",
        ":gen_statem",
        ":supervisor",
    }
)
SUPERVISORS = frozenset(
    {
        "ConsumerSupervisor",
        "DynamicSupervisor",
        "Horde.DynamicSupervisor",
        "Horde.Supervisor",
        "PartitionSupervisor",
        "Supervisor",
        "Task.Supervisor",
        ":supervisor",
    }
)
# Those that give their module no `child_spec/1`.
WITHOUT_CHILD_SPEC = frozenset({":gen_event", ":gen_server", ":gen_statem", ":supervisor"})


class ProcessUse(Fact):
    """A `use` or `@behaviour` that makes its module a process, or that may: `used` is a process
    behaviour, `Application`, or a module that may be a base module of the project.

    `start_arities` are those of the module's own `start_link`. `registers` is the name that it
    registers: a module, an atom with its colon, `via` or `global` with what follows them, `*` for
    one that is computed, empty for none. `per_key` says that each start makes another instance.
    """

    module: str
    used: str
    selector: str  # `:worker` of `use Shop.Process, :worker`, without its colon
    span: Span  # from `use` to the end of the module's name
    start_arities: tuple[int, ...] = ()
    child_spec: bool = False
    registers: str = ""
    per_key: bool = False


class Children(Fact):
    """The children that a function gives to a supervisor.

    `name` is that of the supervisor, `lists` are the list literals that always count, in brackets.
    `complete` is False where some children are computed. `strategy` is an atom without its colon.
    `elsewhere` names functions of other modules whose children come in between.
    """

    module: str
    function: str
    span: Span  # of the call that takes them
    children: tuple[Child, ...]
    lists: tuple[Span, ...] = ()
    complete: bool = True
    strategy: str = ""
    name: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()


class Start(Fact):
    """A call that starts a process of a module, from a supervisor's `start_child` or directly.

    `module` is what is started (`Task` for a function in `Task.start_link`), `by` and `function`
    are where the call stands (empty outside of them), `through` is the name of the function called,
    `supervisor` the name of the one that `start_child` asks (see `ProcessUse.registers`).
    """

    module: str
    by: str
    function: str
    through: str
    span: Span  # receiver and name of the call
    supervisor: str = ""


# The calls that are looked at; forms without one of them are passed by.
_CHILD_TAKERS = ("init", "supervise", "start_link")
_STARTERS = (
    "start_link",
    "start",
    "start_monitor",
    "start_link_supervised!",
    "start_supervised",
    "start_supervised!",
    "start_child",
    "start_child!",
    "child_spec",
)
_WORDS = (b"start_", b".start(", b"child_spec", b"upervis")  # one of them is in every such file
_WANTED = frozenset(name.encode() for name in (*_CHILD_TAKERS, *_STARTERS))
_UNTOLD = PROCESSES - {"Task"}  # what is started is a module of theirs, or nothing that is named
# First parts of names of packages whose modules are processes only if they are named above.
_LIBRARIES = frozenset(
    (
        *("Absinthe", "Ash", "AshPostgres", "Bamboo", "Boundary", "Config", "Ecto", "ExUnit"),
        *("ExUnitProperties", "Gettext", "Guardian", "Joken", "Logger", "Mix", "Oban", "Phoenix"),
        *("PhoenixHTMLHelpers", "Plug", "Rustler", "Swoosh", "Tesla", "Timex"),
    )
)


@collects(ProcessUse, Children, Start, suites=True)
def collect_supervision(document: Document) -> Iterator[Fact]:
    """Everything that a file says about processes. Test files define none that count."""
    if document.language is not Language.ELIXIR or document.role in _SILENT:
        return
    if document.role is not Role.TEST:
        for module in document.modules:
            if module.call is not None and module.name:
                yield from _uses(module)
    elif not starts_processes(document.source):
        return
    forms = forms_calling(document, _WANTED)
    if not forms or not any(word in document.source for word in _WORDS):
        return
    for form in forms:
        if form.callee == b"defdelegate":
            yield from _delegated(form)
        yield from _children(form)
        yield from _starts(form)


_SILENT = frozenset({Role.DEPENDENCY, Role.MIX})
_STARTING = re.compile(rb"\bstart_(?:link|supervised|child|monitor)|\.start\(|child_spec")


def starts_processes(code: bytes) -> bool:
    """Whether the code of a test can start a process at all."""
    return _STARTING.search(code) is not None


def _uses(module: Module) -> Iterator[ProcessUse]:
    found: list[tuple[str, str, Node, Node]] = [
        (use.module, use.selector, use.call, use.call.written_arguments[0])
        for use in module.names.uses
        if use.module in PROCESSES or _may_be_base(use.module)
    ]
    source = b"" if module.call is None else module.call.tree.source
    for form in module.forms if b"@behaviour" in source else ():
        if form.callee or not source.startswith(b"@behaviour", form.raw.start_byte):
            continue
        node = form.node
        if isinstance(node, ModuleAttribute) and node.value is not None:
            behaviour = module.names.expand(module_text(node.value))
            if behaviour in PROCESSES:
                found.append((behaviour, "", node, node.value))
    if not found:
        return
    start = _Start.of(module)
    has_spec = 1 in module.names.functions.get("child_spec", ())
    for used, selector, node, name in found:
        yield ProcessUse(
            module.name,
            used,
            selector,
            Span(node.start, name.end),
            start.arities,
            has_spec,
            start.registers,
            start.per_key,
        )


def _may_be_base(used: str) -> bool:
    """Whether a used module may be one of the project, whose `__using__` makes processes."""
    first = used.partition(".")[0]
    return used == "Application" or (first not in _LIBRARIES and not used.startswith(":"))


_KEY_NAMES = ("id", "key", "uuid", "slug", "topic", "pid", "socket", "conn", "session")


class _Start:
    """How a module's own `start_link` starts it."""

    def __init__(self, arities: tuple[int, ...], registers: str, per_key: bool) -> None:
        self.arities = arities
        self.registers = registers
        self.per_key = per_key

    @staticmethod
    def of(module: Module) -> _Start:
        """What the clauses of `start_link` say."""
        arities = tuple(sorted(module.names.functions.get("start_link", ())))
        registers, per_key = "", bool(arities) and min(arities) > 1
        for form in module.forms if arities else ():
            function = form.function
            if function is None or function.name != "start_link":
                continue
            keys = [one for one in function.parameters if _is_key(one)]
            per_key = per_key or bool(keys)
            for call in form.index.calls("start_link", "start", "start_monitor"):
                name = _registered(call, form)
                registers = registers or name_of(name, form)
                per_key = per_key or _varies(name, form, function.parameters)
        return _Start(arities, registers, per_key)


def _registered(call: Call, form: Form) -> Node | None:
    """The `name:` that a `start_link` gives; of Erlang's behaviours the first of four arguments."""
    if call.receiver is None or not call.arguments:
        return None
    if (call.module or "").startswith(":"):
        return call.arguments[0] if isinstance(call.arguments[0], Tuple) else None
    return option(origin(call.arguments[-1], form), "name")


def _is_key(parameter: Node) -> bool:
    """Whether a parameter names one of many instances: an id, a key, or parts of a struct."""
    if isinstance(parameter, BinaryOperator) and parameter.operator == "=":
        return any(isinstance(one, Map) for one in (parameter.left, parameter.right))
    if isinstance(parameter, Identifier):
        name = parameter.name
        return name in _KEY_NAMES or name.endswith(("_id", "_key", "_pid", "_name", "_slug"))
    return isinstance(parameter, (Map, Tuple)) and any(parameter.find(Identifier))


def _varies(name: Node | None, form: Form, parameters: list[Node]) -> bool:
    """Whether a registered name differs from instance to instance. One that callers may give in
    options (`opts[:name]`, `Keyword.get(opts, :name, __MODULE__)`) does not have to."""
    if isinstance(name, Identifier):
        if any(isinstance(one, Identifier) and one.name == name.name for one in parameters):
            return True
        name = origin(name, form)
    if isinstance(name, Tuple):
        return any(
            isinstance(one, Call) or (isinstance(one, Identifier) and one.name != "__MODULE__")
            for one in name.descendants()
        )
    if isinstance(name, QuotedAtom):
        return bool(name.interpolations)
    if isinstance(name, Call) and name.receiver is None:
        return any(any(one.find(Identifier)) for one in name.arguments)
    return False


def _children(form: Form) -> Iterator[Children]:
    for call in form.index.calls(*_CHILD_TAKERS):
        behaviour = module_of(call.receiver, form)
        arguments = call.arguments
        if not arguments or (behaviour not in SUPERVISORS and call.name != "supervise"):
            continue
        first, options = arguments[0], origin(arguments[-1], form)
        reading = Reading()  # of a supervisor that begins with no children
        if len(arguments) > 1 or option(options, "strategy") is None:
            if module_of(first, form):
                continue  # a supervisor that is a module of its own
            reading = children_of(first, form)
        strategy = option(options, "strategy")
        yield Children(
            form.module.name,
            function_name(form),
            call.callee_span,
            tuple(reading.children),
            tuple(reading.lists),
            reading.complete,
            strategy.name if isinstance(strategy, Atom) else "",
            name_of(option(options, "name"), form),
            tuple(reading.elsewhere),
        )


def _starts(form: Form) -> Iterator[Start]:
    for call in form.index.calls(*_STARTERS):
        arguments = call.arguments
        supervisor = ""
        started: list[str] = []
        if call.name in ("start_child", "start_child!"):
            specs = arguments
            if call.receiver is not None and len(arguments) > 1:
                supervisor = name_of(origin(arguments[0], form), form)
                specs = arguments[1:2]
            for spec in specs:
                for child in child_of(spec, form).children:
                    started += (child.module, *child.modules)
        elif call.receiver is None:
            for spec in arguments[:1] if "supervised" in call.name else ():
                started += (child.module for child in child_of(spec, form).children)
        else:
            started += _started(call, arguments, form)
        for module in dict.fromkeys(started):
            if module == "Task" and call.name != "start_link":
                continue
            if module and module not in _UNTOLD and not module.startswith("__MODULE__"):
                yield Start(
                    module,
                    form.module.name,
                    function_name(form),
                    call.name,
                    call.callee_span,
                    supervisor,
                )


def _delegated(form: Form) -> Iterator[Start]:
    """`defdelegate child_spec(options), to: Mod`: whoever starts this module starts that one."""
    call = Call(form.raw, form.tree)
    function = form.function
    module = module_of(call.keyword("to"), form)
    if function is not None and module and function.name in ("child_spec", "start_link"):
        yield Start(
            module, form.module.name, function_name(form), function.name, function.name_span
        )


def _started(call: Call, arguments: list[Node], form: Form) -> Iterator[str]:
    """What `Mod.start_link(…)`, `GenServer.start_link(Mod, …)` and their like start."""
    receiver = module_of(call.receiver, form)
    if receiver not in PROCESSES:
        yield "" if receiver.startswith(":") else receiver
        return
    named = (module_of(one, form) for one in arguments[:2])
    yield next((one for one in named if one and one[0] != ":"), "")
    if receiver == "Task" and arguments:
        yield receiver
