"""What a handler is given beside the node: the file it is in, and what names mean there."""

from __future__ import annotations

from typing import Any

import msgspec

from lsp_server.config import Settings
from lsp_server.document import Document
from lsp_server.facts.project.context import ProjectContext
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.names import Names
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module


class File(msgspec.Struct, frozen=True, eq=False):
    """A document in its project. `layer` is the template in which the node stands, if it does.

    A struct, as every form gets one: a frozen dataclass took 3 % of the parse.
    """

    document: Document
    context: ProjectContext
    settings: Settings
    form: Form | None = None
    layer: TemplateLayer | None = None

    @property
    def path(self) -> str:
        """The path from the project's root."""
        return self.document.path

    @property
    def role(self) -> Role:
        """What part the file plays."""
        return self.document.role

    @property
    def is_mix_task(self) -> bool:
        """Whether the file is a mix task."""
        return "lib/mix/" in f"/{self.path}"

    @property
    def module(self) -> Module:
        """The module around the node; of a template file the nameless top."""
        return self.document.outline.top if self.form is None else self.form.module

    def names(self, node: Node) -> Names:
        """What names mean at a node."""
        if self.form is None:
            return self.document.names_at(node.start)
        return self.form.names_at(node.start)

    def module_of(self, call: Call) -> str | None:
        """The full name of the module that a call with a receiver names; `:timer` for Erlang's.

        For a call without receiver: the module of an import with `only:` that names it, or of the
        only import that the project or `context` knows to have it; the file's own module for a
        function it defines; None where that cannot be known.
        """
        written = call.module
        names = self.names(call)
        if written is not None:
            return self.context.expand(names, written)
        if call.receiver is not None:
            return None
        return self._module_of_local(names, call.name, call.arity)

    def _module_of_local(self, names: Names, name: str, arity: int) -> str | None:
        if names.defines(name, arity):
            return names.module
        return self.context.importer(names, name, arity)

    def calls(self, call: Call, module: str, *functions: str) -> bool:
        """Whether a call is of one of these functions of a module (the full name)."""
        return call.name in functions and self.module_of(call) == module

    def is_local(self, call: Call | Identifier, arity: int | None = None) -> bool:
        """Whether the file's own module defines the function that is called."""
        count = arity if arity is not None else (call.arity if isinstance(call, Call) else 0)
        return self.names(call).defines(call.name, count)

    def is_repo(self, call: Call) -> bool:
        """Whether a call is of a function of an Ecto repo of the project."""
        written = call.module
        if written is None or written.startswith(":"):
            return False
        return self.context.is_repo(self.context.expand(self.names(call), written))

    def depends(self, requirement: str) -> bool:
        """Whether the project's version of a package fits `"phoenix >= 1.7"`."""
        return self.context.fits(self.path, requirement)

    def option(self, rule: str, name: str) -> Any:
        """A setting of a rule."""
        return self.settings.option(rule, name)
