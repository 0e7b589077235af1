"""The API for rule authors: `Rule`, `ProjectRule`, `@on`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from lsp_server.facts.fact import Fact
from lsp_server.facts.index import Join
from lsp_server.facts.secrets.secret_shapes import without_tokens
from lsp_server.lint.finding import Finding, Fix, Related, Tag
from lsp_server.role import Role
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.node import Node
from lsp_server.text import Span

_LONG_WORD = re.compile(r"[\w+/-]{16,}|://[^/\s]*@")  # what every token holds
Requires = str | tuple[str, ...]
Handler = TypeVar("Handler", bound=Callable[..., Iterable[Finding] | None])


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a method of a rule wants to see: a class of nodes, perhaps only those of some names."""

    view: type
    names: tuple[str, ...] = ()


def on(view: type, *, name: str | Iterable[str] = ()) -> Callable[[Handler], Handler]:
    """Method decorator: call the method with every node of a class and the `File` it is in.

    `name` narrows calls to callee names (`"get!"`, without the module), operators to how they are
    written, pairs to their keys, tuples to how their first element is written, tags to tag names
    and attributes to attribute names, modules to those of files that call something of a name.
    Always give it for the first four: rules are found by it.
    `view` may also be `Module` or `Document` (from `outline` and `document`): those handlers run on
    each change. Handlers of other classes may look at the form that holds the node and at the
    module's directives, attributes and function names, and at nothing else of the file: their
    findings are kept until one of these changes.
    """
    names = (name,) if isinstance(name, str) else tuple(name)

    def register(method: Handler) -> Handler:
        subscriptions: list[Subscription] = getattr(method, "subscriptions", [])
        method.subscriptions = [*subscriptions, Subscription(view, names)]  # type: ignore[attr-defined]
        return method

    return register


# Where nearly all rules look. Tests, scripts and dependencies are left alone.
CODE = frozenset({Role.LIB, Role.TEMPLATE, Role.CONFIG, Role.MIGRATION})


class AnyRule:
    """What both shapes of rule share. The docstring is the rule's page; the registry demands it."""

    id: ClassVar[str] = ""
    severity: ClassVar[Severity] = Severity.WARNING
    profile: ClassVar[Profile] = Profile.RECOMMENDED
    # `"phoenix_live_view >= 0.18"`: the rule is silent in a project whose version is lower or that
    # does not depend on the package. Without mix.exs and mix.lock it is not silent.
    requires: ClassVar[Requires] = ()
    roles: ClassVar[frozenset[Role]] = CODE
    tags: ClassVar[tuple[Tag, ...]] = ()
    # Settings of the rule itself in `.retort.toml`: name -> default.
    options: ClassVar[Mapping[str, Any]] = {}

    def finding(
        self,
        where: Node | heex.Node | Span,
        message: str,
        *,
        path: str = "",
        fix: Fix | None = None,
        related: Iterable[Related] = (),
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule. A message may quote code, but no secret in it."""
        span = where if isinstance(where, Span) else where.span
        return Finding(
            span,
            without_tokens(message) if _LONG_WORD.search(message) else message,
            path,
            fix,
            tuple(related),
            self.tags,
            self.id,
            self.severity if severity is None else severity,
        )


class Rule(AnyRule):
    """A rule that one document decides. Its handlers are marked with `@on`."""

    subscriptions: ClassVar[tuple[tuple[str, Subscription], ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.subscriptions = tuple(
            (name, subscription)
            for name, method in inspect.getmembers(cls, inspect.isfunction)
            for subscription in getattr(method, "subscriptions", ())
        )


class ProjectRule(AnyRule):
    """A rule that joins facts of many files. It runs again when a type that it `reads` has
    changed."""

    reads: ClassVar[tuple[type[Fact] | Join[Any], ...]] = ()

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """All findings of the rule in the project; each names its path.

        It must be decided by facts (`snapshot.index`) and settings alone. Documents may be read
        (`snapshot.document`) only while a fix is built.
        """
        raise NotImplementedError
