"""otp/supervisor-options"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from lsp_server.facts.local_flow import module_of, origin
from lsp_server.facts.processes.child_specs import Child, children_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom, Keywords, List, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

from ._one_shot import restarted_tasks

STRATEGIES = ("one_for_one", "rest_for_one", "one_for_all")
# `simple_one_for_one` is deprecated, and Elixir itself says so when it meets it.
DEPRECATED = frozenset({"simple_one_for_one"})
DYNAMIC = ("one_for_one",)  # all that a DynamicSupervisor has (Elixir 1.18)
WIDTH = 98  # the formatter's line length
# Modules whose `child_spec/1` gives every child the same id (Elixir 1.18).
SAME_ID = frozenset({"Agent", "Task"})
LITERAL = re.compile(r":?[\w.]+[?!]?|:?\"[^\"#]*\"")


class SupervisorOptions(Rule):
    """
    A supervisor that cannot start: no strategy, one that is none, one id twice; or that gives up.

    `Supervisor` has no default strategy, and it refuses two children with one id. It does so when
    it starts, so that the code compiles, and the release stops right after its deployment. A task
    that does its work and ends is started again at once where its child is `:permanent`; after
    three times in five seconds the supervisor gives up, and takes all its children with it.

    ## Bad

    ```elixir
    defmodule Shop.Workers do
      use Supervisor

      def start_link(opts), do: Supervisor.start_link(__MODULE__, opts, name: __MODULE__)

      @impl true
      def init(_opts) do
        children = [Shop.Stock, Shop.Prices]
        Supervisor.init(children, max_restarts: 5)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Workers do
      use Supervisor

      def start_link(opts), do: Supervisor.start_link(__MODULE__, opts, name: __MODULE__)

      @impl true
      def init(_opts) do
        children = [Shop.Stock, Shop.Prices]
        Supervisor.init(children, strategy: :one_for_one, max_restarts: 5)
      end
    end
    ```

    ## When it stays silent

    - Options that are computed, merged or taken from an argument.
    - Children of one module of a library with different options: many make an id of their name. Of
      the standard library only `Task` and `Agent` give all their children the same id, and of the
      project's own modules those that do not define `child_spec/1`.
    - Tasks that may go on for ever: what they call is named like a loop (`accept`, `listen`, `run`
      …), calls itself, or waits for messages.
    - Children of which only one may be in the list, those of another function, and ids that are
      computed.

    ## What the fix changes

    It adds `strategy: :one_for_one`, with which a child that crashes is started again alone, or
    puts the nearest strategy in the place of one that does not exist. As the supervisor has not
    started before, nothing else can change. For two children with one id there is none: give one
    of them another with `Supervisor.child_spec(child, id: …)`. A `restart: :permanent` that is
    written for a task becomes `:transient`, with which it is started again only after a crash; that
    fix is to be reviewed.
    """

    severity = Severity.ERROR

    @on(Call, name=("start_link", "init"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        arguments = call.arguments
        form = file.form
        if form is None or not arguments or call.capture_arity is not None:
            return
        supervisor = file.module_of(call)
        if supervisor == "DynamicSupervisor" and len(arguments) == 1:
            yield from self._known(arguments[0], form, DYNAMIC)
        if supervisor != "Supervisor" or len(arguments) > 2:
            return
        if module_of(arguments[0], form):
            return  # a supervisor that is a module of its own
        if len(arguments) == 2:
            yield from self._options(call, arguments[1], form, file)
        elif _are_children(arguments[0], form):
            yield self._without(call, _appended(call, file))
        yield from self._twice(arguments[0], form, file)

    @on(Tuple, name="DynamicSupervisor")
    def check_child(self, child: Tuple, file: File) -> Iterator[Finding]:
        """`{DynamicSupervisor, name: …, strategy: …}`."""
        if file.form is not None and len(child.elements) == 2:
            yield from self._known(child.elements[1], file.form, DYNAMIC)

    @on(Module)
    def check_tasks(self, module: Module, file: File) -> Iterator[Finding]:
        """Tasks that end and are started again for ever."""
        for task in restarted_tasks(module):
            message = (
                "a task that ends is started again at once until the supervisor gives up; use "
                "`restart: :transient`"
            )
            fix = None
            if task.written:
                fix = _transient(task.where)
            else:
                message += ", as a map without `restart:` means `:permanent`"
            yield self.finding(task.where, message, fix=fix)

    def _options(self, call: Call, written: Node, form: Form, file: File) -> Iterator[Finding]:
        options = origin(written, form)
        keywords = options.keywords if isinstance(options, List) else options
        if isinstance(options, List) and not options.elements:
            yield self._without(call, _filled(options, options == written, file))
        elif isinstance(options, List) and not options.is_keyword_list:
            return
        elif isinstance(keywords, Keywords) and keywords.pairs and not keywords.has_error:
            if keywords.get("strategy") is None:
                yield self._without(call, _prepended(keywords, file))
            else:
                yield from self._known(keywords, form)

    def _known(
        self, options: Node, form: Form, strategies: Sequence[str] = STRATEGIES
    ) -> Iterator[Finding]:
        node = origin(options, form)
        keywords = node.keywords if isinstance(node, List) else node
        value = keywords.get("strategy") if isinstance(keywords, Keywords) else None
        match value:
            case Atom(name) if name not in strategies and name not in DEPRECATED:
                pass
            case String(str(name)):
                pass
            case _:
                return
        nearest = next(iter(get_close_matches(name, strategies, 1)), strategies[0])
        edit = Edit(value.span, f":{nearest}")
        supervisor = "DynamicSupervisor" if strategies is DYNAMIC else "supervisor"
        yield self.finding(
            value,
            f"`{value.text}` is no strategy of a {supervisor}: it refuses to start",
            fix=Fix.safe(f"Use :{nearest}", lambda _: [edit]),
        )

    def _without(self, call: Call, edit: Edit | None) -> Finding:
        fix = None if edit is None else Fix.safe("Add `strategy: :one_for_one`", lambda _: [edit])
        message = f"`{call.dotted}` is given no `strategy:`, without which no supervisor starts"
        return self.finding(call.callee_span, message, fix=fix)

    def _twice(self, children: Node, form: Form, file: File) -> Iterator[Finding]:
        seen: dict[str, Span] = {}
        for child in children_of(children, form).children:
            identity = _identity(child, form, file)
            if not identity:
                continue
            if identity in seen:
                related = [Related(seen[identity], "The other child with this id")]
                message = (
                    f"two children have the id {identity}: the supervisor refuses to start; "
                    "give one of them another with `Supervisor.child_spec(child, id: …)`"
                )
                yield self.finding(child.span, message, related=related)
            else:
                seen[identity] = child.span


def _are_children(argument: Node, form: Form) -> bool:
    """Whether the only argument is a list of children, also one with a name."""
    value = origin(argument, form)
    if isinstance(value, List):
        return not value.is_keyword_list
    return isinstance(value, Identifier) and value.name == "children"


def _transient(value: Node) -> Fix:
    edit = Edit(value.span, ":transient")
    return Fix.review("Start the task again only after a crash", lambda _: [edit])


def _identity(child: Child, form: Form, file: File) -> str:
    """The id of a child as far as it is certain; of children that are written alike their text."""
    if child.conditional or not form.span.covers(child.span):
        return ""
    text = file.document.source[child.span.start : child.span.end].decode("utf-8", "replace")
    if child.id:
        if not LITERAL.fullmatch(child.id) or re.match(r"[a-z_]", child.id):
            return ""
        return f"`{form.names_at(child.span.start).expand(child.id)}`"
    for call in form.index.calls("child_spec"):
        if call.module is not None and call.span.covers(child.span):
            overrides = call.arguments[1:2]
            if not all(isinstance(one, (Keywords, List)) for one in overrides):
                return ""
            if overrides and _may_name(overrides[0]):
                return ""
            if call.pipe is None and not overrides:
                return ""  # what a module's own function makes
    if text.startswith("%") or child.module.startswith(":"):
        return ""
    if (
        child.module in SAME_ID
        or _is_named_so(child, text, form, file)
        or text.rpartition(".")[2] == child.module.rpartition(".")[2]
    ):
        return f"`{child.module}`"
    return f"of `{text}`" if "\n" not in text and "(" not in text else ""


def _is_named_so(child: Child, text: str, form: Form, file: File) -> bool:
    """Whether a child is a module of the project that lets `use` write its `child_spec/1`."""
    if not text.startswith("{") or child.module in file.context.child_specs:
        return False
    return child.module.partition(".")[0] == form.module.name.partition(".")[0]


def _may_name(overrides: Node) -> bool:
    keywords = overrides.keywords if isinstance(overrides, List) else overrides
    return not isinstance(keywords, Keywords) or keywords.get("id") is not None


def _appended(call: Call, file: File) -> Edit | None:
    """Options for a call that has none."""
    if not call.has_parentheses:
        return None
    at = call.end - 1
    text = "strategy: :one_for_one" if call.pipe is not None else ", strategy: :one_for_one"
    return _fitting(Edit(Span(at, at), text), file)


def _filled(options: List, last: bool, file: File) -> Edit | None:
    """Options where the list of them is empty; the last argument of a call needs no brackets."""
    return _fitting(
        Edit(options.span, "strategy: :one_for_one" if last else "[strategy: :one_for_one]"), file
    )


def _prepended(keywords: Keywords, file: File) -> Edit | None:
    """The strategy before the other options, on a line of its own where they have such."""
    first, lines = keywords.pairs[0], file.document.lines
    line = lines.line_at(first.start)
    last = keywords.pairs[-1]
    if lines.line_at(last.start) != line:
        start = lines.starts[line]
        before = file.document.source[start : first.start]
        if before.strip():
            return None
        text = f"strategy: :one_for_one,{line_ending(file.document.source)}{before.decode()}"
        return Edit(Span(first.start, first.start), text)
    return _fitting(Edit(Span(first.start, first.start), "strategy: :one_for_one, "), file)


def _fitting(edit: Edit, file: File) -> Edit | None:
    """The edit if its line stays as long as the formatter leaves lines."""
    lines = file.document.lines
    written = lines.line_bytes(lines.line_at(edit.span.start)).decode("utf-8", "replace").rstrip()
    return edit if len(written) + len(edit.text) - edit.span.length <= WIDTH else None
