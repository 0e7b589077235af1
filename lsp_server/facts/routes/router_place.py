"""What the scopes around a place in a router give to a route, as Phoenix 1.8 joins it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsp_server.facts.values import Name, Scope, Value, options_of, value_of
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import List, Tuple
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class Place:
    """A place in a router. `alias` and `prefix` are None where a scope around it computes them."""

    router: str
    form: Form
    values: Scope
    path: tuple[str, ...] = ()
    alias: tuple[str, ...] | None = ()
    prefix: tuple[str, ...] | None = ()  # of helpers, `as:`
    pipes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    session: str = ""
    dev: bool = False
    conditional: bool = False
    certain: bool = True
    trailing_slash: bool = False
    scope_span: Span = NOWHERE
    depth: int = 0

    def value(self, node: Node | None) -> Value:
        """The value of an expression here."""
        return value_of(node, self.values)

    def name(self, node: Node | None) -> str:
        """A module's full name by the aliases; empty where the expression is no name."""
        if node is None:
            return ""
        return self.form.names_at(node.start).expand(module_text(node))

    def plug_name(self, node: Node | None) -> str:
        """The name of a plug: a function's, or a module's in full; empty where it is computed."""
        value = self.value(node)
        return str(value) if isinstance(value, Name) else self.name(node)

    def join_path(self, path: str = "") -> str:
        """The whole path of a route."""
        return "/" + "/".join((*self.path, *segments(path)))

    def join_alias(self, name: str) -> str:
        """The full name of a controller or LiveView; empty where it is not known."""
        if not name or name.startswith(":"):
            return name
        return "" if self.alias is None else ".".join((*self.alias, name))

    def join_helper(self, name: str) -> str:
        """The helper's full name; empty where there is none or it is not known."""
        if not name or self.prefix is None:
            return ""
        return "_".join((*self.prefix, name))

    def piped(self, call: Call) -> Place:
        """The place after a `pipe_through`; not certain where it names what cannot be read."""
        written = call.written_arguments
        pipes: list[str] = []
        certain = self.certain and bool(written)
        for node in self._listed(written[0]) if written else ():
            if isinstance(node, Tuple) and node.elements:
                node = node.elements[0]
            name = self.plug_name(node)
            certain = certain and name != ""
            pipes += [name] if name else []
        return replace(self, pipes=(*self.pipes, *pipes), certain=certain)

    def _listed(self, node: Node) -> list[Node]:
        """The elements of a list, also of one in an attribute; else the one node."""
        if isinstance(node, ModuleAttribute) and self.values.module is not None:
            node = self.values.module.attribute(node.name) or node
        return node.elements if isinstance(node, List) else [node]

    def inside(self, call: Call) -> Place | None:
        """The place inside a `scope`; None where its path is computed."""
        written = call.written_arguments
        options = dict(options_of(written[-1])) if written else {}
        path: Value = ""
        alias = options.get("alias")
        if written and not is_options(written[0]):
            path = self.value(written[0])
            if len(written) > 1 and not is_options(written[1]):
                alias = written[1]
        elif "path" in options:
            path = self.value(options["path"])
        if path is not None and not isinstance(path, str):
            return None
        slash = options.get("trailing_slash")
        return replace(
            self,
            path=(*self.path, *segments(path or "")),
            alias=self._aliased(alias),
            prefix=self._prefixed(options.get("as")),
            hosts=self._hosted(options.get("host")),
            trailing_slash=self.trailing_slash if slash is None else self.value(slash) is True,
            scope_span=call.span,
            depth=self.depth + 1,
        )

    def member(self, path: str, prefix: str | None, alias: str, span: Span) -> Place:
        """The place inside nested `resources`; `prefix` is None where it is computed."""
        joined = None if prefix is None or self.prefix is None else (*self.prefix, prefix)
        return replace(
            self,
            path=(*self.path, *segments(path)),
            alias=(*self.alias, alias) if alias and self.alias is not None else self.alias,
            prefix=self.prefix if prefix == "" else joined,
            scope_span=span,
            depth=self.depth + 1,
        )

    def _aliased(self, node: Node | None) -> tuple[str, ...] | None:
        if node is None:
            return self.alias
        name = self.name(node)
        if name:
            return None if self.alias is None else (*self.alias, name)
        value = self.value(node)
        if value is False:
            return ()
        return self.alias if value is None else None

    def _prefixed(self, node: Node | None) -> tuple[str, ...] | None:
        if node is None:
            return self.prefix
        value = self.value(node)
        if value is False:
            return ()
        if value is None or self.prefix is None:
            return self.prefix
        return (*self.prefix, str(value)) if isinstance(value, str) else None

    def _hosted(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return self.hosts
        value = self.value(node)
        if isinstance(value, list):
            return tuple(one for one in value if isinstance(one, str))
        return (value,) if isinstance(value, str) else ()


def is_options(node: Node) -> bool:
    """Whether a node is a list of keyword pairs, in brackets or without."""
    return next(options_of(node), None) is not None


def segments(path: str) -> list[str]:
    """The parts of a path between its slashes."""
    return [part for part in path.split("/") if part]
