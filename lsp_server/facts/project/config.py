"""Facts of `config/*.exs`: every setting with its key path and the environments that have it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.role import Role
from lsp_server.syntax.elixir import (
    SECTIONS,
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
    ModuleAttribute,
    UnaryOperator,
    strip_parentheses,
)
from lsp_server.syntax.literals import (
    Atom,
    Boolean,
    Keywords,
    List,
    Pair,
    QuotedAtom,
    String,
    StringInterpolation,
)
from lsp_server.syntax.names import Names
from lsp_server.syntax.node import Node
from lsp_server.text import Span

_CONFIGURERS = frozenset({"config", "import_config"})
_COMPUTED = (Call, Identifier, StringInterpolation, ModuleAttribute, Capture, AnonymousFunction)


class Environments(Fact):
    """In which environments something holds: in those of `only` (empty: in all) but `excluded`.

    It is `conditional` where it also hangs on what is known at run time only.
    """

    only: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    conditional: bool = False

    def include(self, environment: str) -> bool:
        """Whether it can hold in an environment."""
        named = not self.only or environment in self.only
        return named and environment not in self.excluded

    def narrowed(self, other: Environments) -> Environments:
        """Where both hold."""
        if self.only and other.only:
            # "-" is no environment: nothing can satisfy both.
            only = tuple(one for one in self.only if one in other.only) or ("-",)
        else:
            only = self.only or other.only
        excluded = tuple(dict.fromkeys((*self.excluded, *other.excluded)))
        return Environments(only, excluded, self.conditional or other.conditional)

    @property
    def negated(self) -> Environments:
        """Where it does not hold."""
        if self.only and not self.excluded and not self.conditional:
            return Environments((), self.only)
        if self.excluded and not self.only and not self.conditional:
            return Environments(self.excluded)
        return Environments(conditional=True)


ALL = Environments()


class Setting(Fact):
    """One value of a configuration: `config :shop, Shop.Repo, ssl: [verify: x]` has the keys
    `("Shop.Repo", "ssl", "verify")`. Modules stand by their full names, atoms without colon."""

    app: str
    keys: tuple[str, ...]
    # The value as written; empty where it holds a text, which may be a secret: facts are cached.
    text: str
    literal: bool  # whether the value is written out: no call, no variable, no interpolation
    string: str | None  # the value of a string literal under a key that is known to be harmless
    span: Span  # the value
    key_span: Span  # the last key
    call_span: Span  # the whole `config …`
    environments: Environments = ALL


class ConfigImport(Fact):
    """An `import_config`; an interpolated part of the name is written `*`."""

    file: str
    span: Span
    environments: Environments = ALL


@collects(Setting, ConfigImport)
def collect_config(document: Document) -> Iterator[Fact]:
    """The settings of one file of a `config` folder."""
    if document.role is not Role.CONFIG:
        return
    for form in document.forms:
        for call in form.index.calls(*_CONFIGURERS):
            written = call.written_arguments
            if call.receiver is not None or not written:
                continue
            where = environments_of(call)
            if call.name == "import_config":
                if isinstance(written[0], String):
                    parts = (one if isinstance(one, str) else "*" for one in written[0].parts)
                    yield ConfigImport("".join(parts), call.span, where)
            else:
                yield from _settings(call, written, form.names_at(call.start), where)


def _settings(
    call: Call, written: list[Node], names: Names, where: Environments
) -> Iterator[Setting]:
    app = _key(written[0], names)
    if app is None or len(written) not in (2, 3):
        return
    keys: tuple[str, ...] = ()
    key_span = written[0].span
    if len(written) == 3:
        key = _key(written[1], names)
        if key is None:
            return
        keys, key_span = (key,), written[1].span
    elif _keywords(written[1]) is None:
        return
    pending: list[tuple[tuple[str, ...], Span, Node]] = [(keys, key_span, written[-1])]
    while pending:
        keys, key_span, value = pending.pop()
        keywords = _keywords(value)
        if keywords is not None:
            for pair in reversed(keywords.pairs):
                if pair.value is not None:
                    pending.append(((*keys, pair.key), pair.key_span, pair.value))
            continue
        harmless = keys[-1] in _HARMLESS
        string = value.value if harmless and isinstance(value, String) else None
        yield Setting(
            app,
            keys,
            "" if _holds_text(value) else value.text,
            is_literal(value),
            string,
            value.span,
            key_span,
            call.span,
            where,
        )


_HARMLESS = frozenset({"priv", "migration_source", "otp_app", "view", "layout", "locale"})


def _holds_text(value: Node) -> bool:
    return b'"' in value.bytes or b"'" in value.bytes or b"~" in value.bytes


def _keywords(node: Node) -> Keywords | None:
    if isinstance(node, List) and node.is_keyword_list:
        return node.keywords
    return node if isinstance(node, Keywords) else None


def _key(node: Node, names: Names) -> str | None:
    match node:
        case Alias(name):
            return names.expand(name)
        case Atom(name) | QuotedAtom(name):
            return name
    return None


def is_literal(node: Node) -> bool:
    """Whether a value is written out: nothing in it is called, read or interpolated."""
    for one in node.descendants():
        if isinstance(one, _COMPUTED):
            return False
        if isinstance(one, BinaryOperator) and one.operator != "=>":
            return False
    return True


def environments_of(node: Node) -> Environments:
    """Where the code at a node runs, by the `if`, `unless`, `cond` and `case` around it."""
    where = ALL
    inner, section = node, "do"
    for outer in node.ancestors():
        if outer.raw.kind_id in SECTIONS:
            section = SECTIONS[outer.raw.kind_id]
        elif isinstance(outer, Pair):
            section = outer.key
        elif isinstance(outer, Clause):
            inner = outer
        elif isinstance(outer, Call):
            where = where.narrowed(_branch(outer, section, inner))
            section = "do"
    return where


def _branch(call: Call, section: str, inner: Node) -> Environments:
    """Where a section of an `if` or `unless`, or a clause of `cond` or `case` runs."""
    written = call.written_arguments
    if call.receiver is None and call.name == "cond":
        return _condition(call, inner)
    if call.receiver is not None or not written:
        return ALL
    if call.name in ("if", "unless"):
        holds = _holds(written[0])
        return holds if (call.name == "if") == (section == "do") else holds.negated
    if call.name == "case":
        return _clause(call, inner) if _is_environment(written[0]) else _SOMETIMES
    return _SOMETIMES if call.name in ("with", "for") else ALL


_SOMETIMES = Environments(conditional=True)


def _clause(call: Call, clause: Node) -> Environments:
    """Where a clause of `case config_env() do` runs."""
    before: list[str] = []
    for one in call.clauses():
        pattern = one.patterns[0] if one.patterns else None
        if one == clause and one.guard is None:
            if isinstance(pattern, Atom):
                return Environments((pattern.name,))
            return Environments((), tuple(before))
        if isinstance(pattern, Atom):
            before.append(pattern.name)
    return _SOMETIMES


def _condition(call: Call, clause: Node) -> Environments:
    """Where a clause of `cond` runs: where its condition holds and none before it does."""
    where = ALL
    for one in call.clauses():
        holds = _holds(one.patterns[0]) if one.patterns else _SOMETIMES
        if one == clause:
            return where.narrowed(holds)
        where = where.narrowed(holds.negated)
    return _SOMETIMES


def _holds(condition: Node) -> Environments:
    """Where a condition holds."""
    match strip_parentheses(condition):
        case Boolean(value=True):
            return ALL
        case BinaryOperator("==" | "===", left, right):
            return _compared(left, right)
        case BinaryOperator("!=" | "!==", left, right):
            return _compared(left, right).negated
        case BinaryOperator("in", left, right):
            return _listed(left, right)
        case BinaryOperator("not in", left, right):
            return _listed(left, right).negated
        case BinaryOperator("and" | "&&", left, right):
            return _holds(left).narrowed(_holds(right)) if _simple(left) else _SOMETIMES
        case UnaryOperator("not" | "!", operand):
            return _holds(operand).negated if _simple(operand) else _SOMETIMES
    return _SOMETIMES


def _simple(node: Node) -> bool:
    """Whether a condition is not itself joined of others, so that no text makes this go deep."""
    inner = strip_parentheses(node)
    joined = ("and", "&&", "or", "||")
    return not isinstance(inner, UnaryOperator) and not (
        isinstance(inner, BinaryOperator) and inner.operator in joined
    )


def _compared(left: Node, right: Node) -> Environments:
    for one, other in ((left, right), (right, left)):
        if _is_environment(one) and isinstance(other, Atom):
            return Environments((other.name,))
    return _SOMETIMES


def _listed(left: Node, right: Node) -> Environments:
    names = (
        [one.name for one in right.elements if isinstance(one, Atom)]
        if (isinstance(right, List))
        else []
    )
    return Environments(tuple(names)) if names and _is_environment(left) else _SOMETIMES


def _is_environment(node: Node) -> bool:
    """Whether a value is the environment, or a variable that a statement before gives it to."""
    if isinstance(node, Identifier):
        return any(
            isinstance(one, Match)
            and one.left.same_code(node)
            and isinstance(one.right, Call)
            and _is_environment(one.right)
            for outer in node.ancestors()
            for one in outer.children
            if one.end <= node.start
        )
    return isinstance(node, Call) and node.dotted in ("config_env", "Mix.env")


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings of a project with their paths, files in the order of their paths."""

    settings: tuple[tuple[str, Setting], ...]

    def of(self, app: str | None, *keys: str) -> Iterator[tuple[str, Setting]]:
        """The settings of an application (None: of any) whose key path begins with `keys`."""
        for path, setting in self.settings:
            if app in (None, setting.app) and setting.keys[: len(keys)] == keys:
                yield path, setting


@join(Setting, ConfigImport)
def configuration(index: Index) -> Configuration:
    """Every setting, its environments narrowed by those that read its file.

    `config.exs` and `runtime.exs` are read everywhere, `releases.exs` in production; a file that
    another one imports by its name is read where that one is; any other is named after the only
    environment that reads it (`prod.secret.exs`).
    """
    imports: dict[str, tuple[str, ConfigImport]] = {}
    for path, one in index.of(ConfigImport):
        if "*" not in one.file:
            folder = path.rpartition("/")[0]
            imports.setdefault(f"{folder}/{one.file}", (path, one))

    def readers(path: str) -> Environments:
        where = ALL
        seen: set[str] = set()
        while path in imports and path not in seen:
            seen.add(path)
            path, one = imports[path]
            where = where.narrowed(one.environments)
        return where.narrowed(_named(path))

    found: list[tuple[str, Setting]] = []
    where: dict[str, Environments] = {}
    for path, setting in index.of(Setting):
        if path not in where:
            where[path] = readers(path)
        both = where[path].narrowed(setting.environments)
        found.append((path, msgspec.structs.replace(setting, environments=both)))
    return Configuration(tuple(found))


def _named(path: str) -> Environments:
    stem = path.rpartition("/")[2].partition(".")[0]
    if stem in ("config", "runtime"):
        return ALL
    return Environments(("prod" if stem == "releases" else stem,))
