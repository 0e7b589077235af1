"""Controllers, and what their actions and the mounts of LiveViews do, roughly."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax.outline import Module
from lsp_server.text import Span, without_suppressions


class Controller(Fact):
    """A module with actions; `limits` tells that it speaks of a rate limit anywhere."""

    module: str
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
