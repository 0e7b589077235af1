"""Controllers with their plugs, and what their actions and the mounts of LiveViews do, roughly."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.values import Scope, Value, value_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, without_suppressions


class ControllerPlug(Fact):
    """One `plug` line of a controller: `name` is a function's, or a module's in full.

    It runs for the actions in `only` (empty: for all) but those in `excluded`; a guard that says
    anything else counts as none. `options` is the text of the options.
    """

    name: str
    options: str
    only: tuple[str, ...]
    excluded: tuple[str, ...]

    def runs(self, action: str) -> bool:
        """Whether the plug runs before an action."""
        return (not self.only or action in self.only) and action not in self.excluded


class Controller(Fact):
    """A module with actions; `limits` tells that it speaks of a rate limit anywhere."""

    module: str
    plugs: tuple[ControllerPlug, ...]
    limits: bool
    name_span: Span


class Entry(Fact):
    """One clause of an action, or of a LiveView's `mount` or `handle_params`.

    `asks` tells that it speaks of who the visitor is or what they may do.
    """

    module: str
    name: str
    arity: int
    asks: bool
    renders: bool
    redirects: bool
    span: Span  # of the name


# Looked for one by one: a pattern of so many branches takes five times as long.
_ASKS = (
    *(b"current_", b"authori", b"authenticat", b"access_", b"permi", b"logged_in", b"signed_in"),
    *(b"ensure_", b"require_", b"verify", b"signature", b"token", b"secret", b"api_key"),
    *(b"password", b"scope"),
)
_LIMITS = (
    *(b"hammer", b"rate_limit", b"ratelimit", b"throttl", b"exrated", b"ex_rated", b"plugattack"),
    *(b"plug_attack", b"check_rate", b"captcha"),
)
_RENDERS = (
    *("render", "json", "text", "html", "send_resp", "send_file", "send_download", "resp"),
    *("send_chunked", "live_render"),
)
_ENTRIES = frozenset({("mount", 3), ("handle_params", 3)})


@collects(Controller, Entry)
def collect_controllers(document: Document) -> Iterator[Fact]:
    """The facts of the modules that are controllers or LiveViews by their `use` or their name."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for module in document.modules:
        if _is_controller(module):
            yield Controller(
                module.name,
                tuple(_plugs(module)),
                _names_any(_LIMITS, module.span.slice(document.source).lower()),
                module.name_span,
            )
            yield from _entries(module, controller=True)
        elif _is_live(module):
            yield from _entries(module, controller=False)


def _names_any(words: tuple[bytes, ...], text: bytes) -> bool:
    return any(word in text for word in words)


def _is_controller(module: Module) -> bool:
    if not module.name or not module.names.uses:
        return False
    return module.name.endswith("Controller") or any(
        use.module == "Phoenix.Controller" or use.selector.endswith("controller")
        for use in module.names.uses
    )


def _is_live(module: Module) -> bool:
    return any(
        use.module == "Phoenix.LiveView" or "live_view" in use.selector for use in module.names.uses
    )


def _plugs(module: Module) -> Iterator[ControllerPlug]:
    for form in module.forms:
        if form.callee != b"plug":
            continue
        written = Call(form.raw, form.tree).written_arguments
        if written:
            yield from _plug(written, form, module)


def _plug(written: list[Node], form: Form, module: Module) -> Iterator[ControllerPlug]:
    guard: Node | None = None
    last = written[-1]
    if isinstance(last, BinaryOperator) and last.operator == "when":
        guard = last.right
        written = [*written[:-1], last.left]
    first = written[0]
    name = module_text(first)
    name = first.name if isinstance(first, Atom) else form.names_at(first.start).expand(name)
    if name:
        only, excluded = _actions(guard, Scope(module))
        yield ControllerPlug(name, " ".join(one.text for one in written[1:]), only, excluded)


def _actions(guard: Node | None, scope: Scope) -> tuple[tuple[str, ...], tuple[str, ...]]:
    match guard:
        case BinaryOperator("in", _, right):
            return _names(value_of(right, scope)), ()
        case BinaryOperator("not in", _, right):
            return (), _names(value_of(right, scope))
        case BinaryOperator("==", _, right):
            return _names([value_of(right, scope)]), ()
        case BinaryOperator("!=", _, right):
            return (), _names([value_of(right, scope)])
    return (), ()


def _names(value: Value) -> tuple[str, ...]:
    return (
        tuple(str(one) for one in value if isinstance(one, str)) if isinstance(value, list) else ()
    )


def _entries(module: Module, controller: bool) -> Iterator[Entry]:
    for form in module.forms:
        function = form.function if form.callee == b"def" else None
        if function is None or (controller and function.arity != 2):
            continue
        if not controller and (function.name, function.arity) not in _ENTRIES:
            continue
        yield Entry(
            module.name,
            function.name,
            function.arity,
            _names_any(_ASKS, without_suppressions(form.bytes)),
            any(form.index.calls(*_RENDERS)),
            any(form.index.calls("redirect")),
            function.name_span,
        )
