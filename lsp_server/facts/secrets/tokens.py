"""How code reads JSON Web Tokens: with JOSE (1.11), Joken (2.6) and Guardian (2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call, Capture, Identifier, Match, ModuleAttribute
from lsp_server.syntax.literals import Atom, List, Map, Pair, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class TokenMistake(Fact):
    """A place where a token is believed too easily.

    `kind`: `peek` (claims without a look at the signature), `loose` (`JOSE.JWT.verify`), `header`
    (the algorithm comes from the token), `none` (no signature is fine), `unchecked` (`name` is the
    claim that nobody asks about), `unsecured` (JOSE takes tokens without signature everywhere).
    """

    kind: str
    name: str  # the function, or the claim
    span: Span
    key: str = ""  # of a peek: the key or signer at hand that could verify the token


class GuardianModule(Fact):
    """A module that says `use Guardian`; `ttl`: it says there how long its tokens live."""

    module: str
    ttl: bool
    span: Span  # the module's name after `use`


class TokenLife(Fact):
    """A call that says how long a token of Guardian lives."""

    span: Span


_SIGNS = (b"JOSE", b"Joken", b"Guardian", b"default_claims", b"encode_and_sign")
_PEEKS = {
    "Joken": ("peek_claims",),
    "JOSE.JWT": ("peek_payload", "peek"),
    "JOSE.JWS": ("peek_payload", "peek"),
    "Guardian": ("peek",),
    "Guardian.Token.Jwt": ("peek",),
}
_ASKED = frozenset(
    b"encode_and_sign peek peek_claims peek_payload verify verify_strict create unsecured_signing "
    b"default_claims verify_and_validate verify_and_validate!".split()
)
_SPEAKING = re.compile(r"peek|unverified|insecure|unsafe|untrusted|without_verif")
_ASKING = re.compile(r"verif|valid|authenticat")
_FROM_HEADER = (b'"alg"', b".alg", b"peek_protected", b"peek_header")


@collects(TokenMistake, GuardianModule, TokenLife)
def collect_tokens(document: Document) -> Iterator[Fact]:
    """The facts of a file of the program that speaks of one of the libraries."""
    if document.role is Role.CONFIG:
        if b"allowed_algos" in document.source:
            for form in document.forms:
                yield from _allowed(form)
        return
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for module in document.modules:
        yield from _guardian(module)
    configures = any("token_config" in module.names.functions for module in document.modules)
    if not (configures or forms_calling(document, _ASKED) or b"allowed_algos" in document.source):
        return
    if not any(sign in document.source for sign in _SIGNS):
        return
    for form in document.forms:
        for call in form.index.calls("encode_and_sign"):
            if any(one in call.text for one in ("ttl:", '"exp"')):
                yield TokenLife(call.name_span)
        if b"allowed_algos" in form.bytes:
            yield from _allowed(form)
        yield from _mistakes(form)


def _allowed(form: Form) -> Iterator[TokenMistake]:
    """The `none` among the algorithms that Guardian takes."""
    for pair in form.index.nodes(Pair):
        if pair.key == "allowed_algos" and isinstance(pair.value, List):
            for one in pair.value.elements:
                if isinstance(one, String) and (one.value or "").lower() == "none":
                    yield TokenMistake("none", pair.key, one.span)


def _guardian(module: Module) -> Iterator[GuardianModule]:
    for use in module.names.uses:
        if use.module == "Guardian":
            text = module.span.slice(use.call.tree.source)
            lives = b"ttl" in text or b'"exp"' in text
            yield GuardianModule(module.name, lives, use.call.written_arguments[0].span)


def _mistakes(form: Form) -> Iterator[TokenMistake]:
    index = form.index
    for call in index.calls("peek_claims", "peek_payload", "peek"):
        if call.name in _PEEKS.get(_module(call, form), ()) and call.arity == 1:
            if not _says_so(form) and not _is_verified(call, form):
                yield TokenMistake("peek", call.dotted, call.callee_span, _key(call, form))
    for call in index.calls("verify"):
        if _module(call, form) in ("JOSE.JWT", "JOSE.JWS") and call.arity == 2:
            yield TokenMistake("loose", call.dotted, call.callee_span)
    for call in index.calls("verify_strict"):
        if _module(call, form) in ("JOSE.JWT", "JOSE.JWS") and call.arity == 3:
            yield from _algorithms(call.arguments[1], call, form)
    for call in index.calls("create"):
        if _module(call, form) == "Joken.Signer" and call.arguments:
            yield from _algorithm(call.arguments[0], call, form)
    for call in index.calls("unsecured_signing"):
        if _module(call, form) in ("JOSE", "JOSE.JWA") and call.text.endswith("(true)"):
            yield TokenMistake("unsecured", call.dotted, call.callee_span)
    yield from _claims(form)


def _module(call: Call, form: Form) -> str:
    written = call.module
    if written is None:
        for one in form.module.names.all_imports():
            if call.receiver is None and one.offers(call.name, call.arity):
                return one.module
        return ""
    return form.names_at(call.start).expand(written)


def _key(peek: Call, form: Form) -> str:
    """The key (JOSE) or the signer (Joken) at hand where a function peeks at a token."""
    if form.function is None or not peek.arguments or isinstance(peek.arguments[0], Capture):
        return ""
    joken = peek.name == "peek_claims"
    wanted = _SIGNER if joken else _JWK
    if not joken and _module(peek, form) != "JOSE.JWT":
        return ""
    names = [one.name for given in form.function.parameters for one in given.find(Identifier)]
    names += [
        one.left.name
        for one in form.index.nodes(Match)
        if isinstance(one.left, Identifier) and one.end < peek.start
    ]
    found = next((name for name in names if wanted.search(name)), "")
    if found:
        return found
    for other in form.module.forms:
        node, function = other.node, other.function
        if isinstance(node, ModuleAttribute) and wanted.search(node.name):
            return f"@{node.name}"
        if function is not None and function.arity == 0 and wanted.search(function.name):
            return f"{function.name}()"
    return ""


_SIGNER = re.compile(r"(?:^|_)signer$")
_JWK = re.compile(r"(?:^|_)jwk$|^(?:public|signing|verification|verifying|secret)_key$")


def _says_so(form: Form) -> bool:
    """Whether the function's name tells its callers that nothing was verified."""
    return form.function is not None and _SPEAKING.search(form.function.name) is not None


def _is_verified(peek: Call, form: Form) -> bool:
    """Whether the function gives the same token to something that verifies it; of a capture, whose
    token has no name, any will do."""
    given = peek.arguments
    token = given[0].text if given and not isinstance(given[0], Capture) else ""
    for call in form.index.all_calls():
        if call.start == peek.start or not _ASKING.search(call.name):
            continue
        if call.name == "verify" and _module(call, form).startswith("JOSE."):
            continue  # takes whatever algorithm the token asks for
        if not token or any(one.text == token for one in call.arguments):
            return True
    return False


def _algorithms(node: Node, call: Call, form: Form) -> Iterator[TokenMistake]:
    if not isinstance(node, List):
        return
    for one in node.elements:
        yield from _algorithm(one, call, form)


def _algorithm(node: Node, call: Call, form: Form) -> Iterator[TokenMistake]:
    if isinstance(node, String):
        if (node.value or "").lower() == "none":
            yield TokenMistake("none", call.dotted, node.span)
    elif isinstance(node, (Identifier, Call)) or node.kind == "access_call":
        if any(sign in form.bytes for sign in _FROM_HEADER):
            yield TokenMistake("header", call.dotted, node.span)


def _claims(form: Form) -> Iterator[TokenMistake]:
    """Claims that Joken is told not to look at."""
    for call in form.index.calls("default_claims"):
        if call.module not in (None, "Joken.Config"):
            continue
        skipped = call.keyword("skip")
        for one in skipped.elements if isinstance(skipped, List) else ():
            match one:
                case Atom("exp"):
                    yield TokenMistake("unchecked", "exp", one.span)
                case Atom("aud") if b'"aud"' not in form.bytes:
                    yield TokenMistake("unchecked", "aud", one.span)
    for call in form.index.calls("verify_and_validate", "verify_and_validate!"):
        if _module(call, form) == "Joken" and len(call.arguments) >= 2:
            first = call.arguments[0]
            if isinstance(first, Map) and not first.elements:
                yield TokenMistake("unchecked", "exp", first.span)
    function = form.function
    if function is not None and (function.name, function.arity) == ("token_config", 0):
        body = function.body
        if len(body) == 1 and isinstance(body[0], Map) and not body[0].elements:
            yield TokenMistake("unchecked", "exp", body[0].span)
