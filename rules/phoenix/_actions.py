"""The actions of a controller, as its file has them."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Identifier, Match
from lsp_server.syntax.outline import Form, Module


def is_controller(module: Module, file: File) -> bool:
    """Whether a module uses Phoenix.Controller, also through the project's own `:controller`."""
    uses = module.names.uses
    if not uses or module.call is None:
        return False
    if any(use.selector.endswith("controller") for use in uses):
        return True
    return "Phoenix.Controller" in file.context.used(module.names)


def actions(module: Module) -> Iterator[tuple[Form, Function]]:
    """The clauses of public functions that take a `conn` and parameters."""
    for form in module.forms:
        function = form.function
        if function is None or function.keyword != "def" or function.arity != 2:
            continue
        first = function.parameters[0]
        sides = [first.left, first.right] if isinstance(first, Match) else [first]
        if any(isinstance(one, Identifier) and one.name.lstrip("_") == "conn" for one in sides):
            yield form, function
