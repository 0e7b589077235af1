"""Secrets that are written into the source. Their values are in no fact, so in no cache either."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.project.config import environments_of
from lsp_server.facts.secrets.secret_shapes import Shape, shaped, shapes_in, tokens_in
from lsp_server.facts.secrets.secret_values import is_secret, is_sentence, names_secret
from lsp_server.role import Role
from lsp_server.syntax.blocks import Clause
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Access, Alias, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, String, Tuple
from lsp_server.syntax.node import Node, RawNode, cast, kind_id
from lsp_server.syntax.operators import BinaryOperator
from lsp_server.syntax.outline import Form
from lsp_server.syntax.walk import SIGIL, STRING
from lsp_server.text import Span


class Secret(Fact):
    """A literal that is a secret, without its value.

    `label` and `shown` say what kind it is, if its form tells; `key` is what it is the value of, if
    that tells. `place` is `config`, `attribute`, `function` or `other`: where it stands, as far as
    it can be moved from there. In a config file `app` and `keys` are its path, as of `Setting`.
    """

    span: Span  # the token, or the literal with its quotes
    place: str
    label: str = ""
    shown: str = ""
    key: str = ""
    app: str = ""
    keys: tuple[str, ...] = ()
    module: str = ""


_ROLES = frozenset({Role.LIB, Role.TEMPLATE, Role.CONFIG, Role.MIGRATION, Role.MIX})
CHARLIST = kind_id("charlist")
_TEXTS = frozenset({STRING, SIGIL, CHARLIST})
_SHORTEST = 10  # bytes of a literal, its quotes counted
_DIGIT = re.compile(rb"[0-9]")
_DOCS = (b"@doc", b"@moduledoc", b"@typedoc", b"@shortdoc", b"@deprecated")
_COMMENT = re.compile(rb"#[^\n]{10,}")  # and what looks like one
_FOR_TESTS = re.compile(r"(?:^|[/_])(?:factory|factories|(?:fixture|mock|stub|seed|test)s?)[/_.]")
_PRODUCTION = re.compile(r"config|runtime|releases?|(?:prod|staging|live|demo)\w*")


@collects(Secret)
def collect_secrets(document: Document) -> Iterator[Secret]:
    """The secrets of code, templates and configuration that production reads."""
    if document.role not in _ROLES or _FOR_TESTS.search(document.path):
        return
    if document.role is Role.CONFIG:
        stem = PurePosixPath(document.path).name.partition(".")[0]
        if _PRODUCTION.fullmatch(stem) is None:
            return
    if document.language is not Language.ELIXIR:
        for found in tokens_in(document.source):
            yield Secret(found.span, "other", found.label, found.shown)
        return
    source = document.source
    strings: list[tuple[RawNode, Form]] = []
    texts = _COMMENT.findall(source)
    for form in document.forms:
        index = form.index
        if _TEXTS.isdisjoint(index.kinds):
            continue
        if not form.callee and source.startswith(_DOCS, form.raw.start_byte):
            continue
        for raw in index.raw_of_kind(STRING):
            start, end = raw.start_byte, raw.end_byte
            if end - start >= _SHORTEST and _DIGIT.search(source, start, end):
                strings.append((raw, form))
                texts.append(source[start:end])
        for kind in (SIGIL, CHARLIST):
            texts += [source[raw.start_byte : raw.end_byte] for raw in index.raw_of_kind(kind)]
    shapes = shapes_in(b"\n".join(texts))  # a tenth of the file, which is what the search costs
    for raw, form in strings:
        yield from _of_string(String(raw, form.tree), form, document, shapes)
    for found in shaped(source, shapes):
        if _is_elsewhere(found.span, document):
            yield Secret(found.span, "other", found.label, found.shown)


def _is_elsewhere(span: Span, document: Document) -> bool:
    """Whether a token stands in a comment, a sigil or a charlist, not in documentation."""
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(span.start, span.start + 1)
    while raw is not None and raw.type in ("quoted_content", "escape_sequence"):
        raw = raw.parent
    if raw is None or raw.type not in ("comment", "sigil", "charlist"):
        return False
    form = document.outline.form_at(span.start)
    if form is not None and document.source.startswith(_DOCS, form.raw.start_byte):
        return False
    if form is None or document.role is not Role.CONFIG:
        return True
    node = cast(raw, document.tree)
    return environments_of(node).include("prod") and not _is_example(node)


def _of_string(
    node: String, form: Form, document: Document, shapes: Iterable[Shape]
) -> Iterator[Secret]:
    key = ""
    found = next(tokens_in(node.bytes, shapes), None)
    if found is None:
        value = None if document.role is Role.MIX else node.value
        if value is None or is_sentence(value):
            return
        key = key_of(node)
        if not key or not names_secret(key) or not is_secret(value, key):
            return
    if _is_example(node):
        return
    text = node.value
    one_word = text is not None and not any(map(str.isspace, text))
    whole = one_word or found is None or found.span.length >= node.content.length
    span = node.span if found is None or whole else found.span.shift(node.start)
    label, shown = ("", "") if found is None else (found.label, found.shown)
    key = key or key_of(node)
    if document.role is Role.CONFIG:
        if not environments_of(node).include("prod"):
            return
        app, keys = config_path(node, form)
        place = "config" if whole and app else "other"
        yield Secret(span, place, label, shown, key, app, keys)
        return
    place = _place(node, form) if whole and document.role is not Role.MIX else "other"
    yield Secret(span, place, label, shown, key, module=form.module.name)


def key_of(node: Node) -> str:
    """The name of what a literal is the value of; empty where it is none."""
    parent = node.parent
    match parent:
        case Pair():
            return parent.key
        case BinaryOperator("=>", String() as key, _):
            return key.value or ""
        case BinaryOperator("=" | "\\\\" | "==" | "===" | "!=" | "!==", left, right):
            return _named(left if right == node else right)
        case Tuple([String() | Atom() as first, value]) if value == node:
            around = parent.parent
            if isinstance(around, Pair) and around.key == "basic_auth":
                return "password"
            return _text(first)
        case List():
            around = parent.parent
            plural = around.key if isinstance(around, Pair) else ""
            return plural.removesuffix("s") if plural.endswith("s") else ""
    call = None if parent is None else parent.parent
    if not isinstance(call, Call) or call.dotted in _ENVIRONMENT:
        return ""
    if isinstance(call.parent, ModuleAttribute):
        return call.name
    arguments = call.written_arguments
    number = arguments.index(node) if node in arguments else 0
    known = _ARGUMENTS.get(call.dotted)
    if known is not None and number + (call.pipe is not None) == known:
        return "secret"
    if call.dotted in _DECODING and number == 0:
        name = key_of(call)
        return "private_key" if name == "key" else name
    return call.name if number == 0 else _text(arguments[number - 1])


_ENVIRONMENT = frozenset({"System.get_env", "System.fetch_env", "System.fetch_env!"})
_DECODING = frozenset({"Base.decode64", "Base.decode64!", "Base.decode16!", "Base.url_decode64!"})
# Functions that take a secret without a name, and where (Joken 2.6, OTP 26, JOSE 1.11).
_ARGUMENTS = {
    "Joken.Signer.create": 1,
    "JOSE.JWK.from_oct": 0,
    ":crypto.mac": 2,
    ":crypto.hmac": 1,
    "Plug.Crypto.encrypt": 0,
    "Plug.Crypto.sign": 0,
}


def _named(node: Node) -> str:
    """The name of what is assigned or compared: a variable, a field, a key."""
    match node:
        case Identifier(name) | ModuleAttribute(name):
            return name
        case Call() if node.is_field_access:
            return node.name
        case Access(_, Atom() | String() as key):
            return _text(key)
    return ""


def _text(node: Node) -> str:
    if isinstance(node, String):
        return node.value or ""
    return node.name if isinstance(node, Atom) else ""


def _is_example(node: Node) -> bool:
    """Whether a literal is part of an example: `example: %{token: …}` of an OpenAPI schema."""
    return any(isinstance(one, Pair) and one.key.startswith("example") for one in node.ancestors())


def _place(node: Node, form: Form) -> str:
    form_node = form.node
    if isinstance(form_node, ModuleAttribute):
        return "attribute" if form_node.value == node else "other"
    function = Function.around(node)
    if function is None or function.is_macro or b"quote" in form.index.raw_calls:
        return "other"
    head, guard = function.head, function.guard
    if head.start <= node.start < head.end or (guard is not None and guard.span.covers(node.span)):
        return "other"
    return "other" if any(_only_matches(one, node) for one in node.ancestors()) else "function"


def _only_matches(outer: Node, node: Node) -> bool:
    """Whether a literal is part of a pattern or a guard, which cannot call anything."""
    match outer:
        case Clause():
            guard = outer.guard
            patterns = outer.patterns if guard is None else [*outer.patterns, guard]
            return any(one.span.covers(node.span) for one in patterns)
        case BinaryOperator("=" | "<-", left, _):
            return left.span.covers(node.span)
        case BinaryOperator("when", _, right):
            return right.span.covers(node.span)
    return False


def config_path(node: Node, form: Form) -> tuple[str, tuple[str, ...]]:
    """The application and the keys of a value in a `config …`; empty where it cannot be moved."""
    keys: list[str] = []
    for outer in node.ancestors():
        match outer:
            case Pair():
                keys.insert(0, outer.key)
            case Call() if outer.name == "config" and outer.receiver is None:
                written = outer.written_arguments
                if len(written) == 3 or (len(written) == 2 and keys):
                    names = [_config_key(one, form) for one in written[: len(written) - 1]]
                    if all(names) and written[-1].span.covers(node.span):
                        return names[0], (*names[1:], *keys)
                return "", ()
            case Keywords() | List():
                pass
            case _ if outer.raw.type != "arguments":
                return "", ()
    return "", ()


def _config_key(node: Node, form: Form) -> str:
    if isinstance(node, Atom):
        return node.name
    return form.names_at(node.start).expand(node.name) if isinstance(node, Alias) else ""
