"""security/timing-compare"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    OPERATOR,
    Access,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    ModuleAttribute,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, Boolean, Integer, Nil, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ..phoenix._request_values import RequestValues
from ._sources import values_of

_SECRET = re.compile(
    r"(?:^|_)(?:signature|sig|hmac|mac|digest|api_?key|secret|secret_key|(?:auth|access|api|session|"
    r"reset|csrf|webhook|verify|verification|bearer|refresh)_token|token)$"
)
# Names that nothing but a secret has: both sides are called so where one is checked.
_STRONG = re.compile(
    r"(?:^|_)(?:signature|hmac|api_?key|secret_key|(?:auth|access|api|session|reset|csrf|webhook|"
    r"verify|verification|bearer|refresh|confirm|confirmation|invite|invitation|unsubscribe|"
    r"remember|login|magic|password|activation)_token)$"
)
_CLUE = re.compile(rb"sig|mac|digest|key|secret|token", re.I)  # what every such name holds
_COMPUTING = re.compile(r"(?:re)?(?:comput|calculat|generat|build|mak|creat|sign|expect)")
# What a module computes or reads that says that such a value guards something.
_MAKING = frozenset(
    {":crypto.mac", ":crypto.hmac", ":crypto.hash", "Plug.Conn.get_req_header", "get_req_header"}
)
_SETTINGS = frozenset(
    {"Application.get_env", "Application.fetch_env!", "System.get_env", "System.fetch_env!"}
)
_QUERIES = frozenset({"from", "where", "or_where", "having", "dynamic", "join", "select", "filter"})
_PLUG = ("plug_crypto >= 1.0.0", "plug", "phoenix")
_WIDTH = 98


class TimingCompare(Rule):
    """
    A secret that is compared with `==`.

    `==` stops at the first byte that differs. How long it takes says how many bytes were right,
    and with enough tries a signature or a token is guessed byte by byte instead of as a whole.

    ## Bad

    ```elixir
    defmodule Shop.Webhooks do
      def valid?(body, signature, key) do
        expected = Base.encode16(:crypto.mac(:hmac, :sha256, key, body), case: :lower)
        signature == expected
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Webhooks do
      def valid?(body, signature, key) do
        expected = Base.encode16(:crypto.mac(:hmac, :sha256, key, body), case: :lower)
        Plug.Crypto.secure_compare(signature, expected)
      end
    end
    ```

    ## When it stays silent

    - Nothing in the function tells that a value comes from outside or guards anything: it neither
      reads the request nor a header, computes no hash, and compares with no setting.
    - A comparison with a literal, `nil` or a number, also of lengths; comparisons in queries and in
      guards.
    - Names that do not end like a secret: `token_type`, `secret_version`.

    ## What the fix changes

    `Plug.Crypto.secure_compare/2` takes the same time whatever differs. It takes two binaries and
    raises for anything else, `nil` among it: check what may be missing before.
    """

    roles = frozenset({Role.LIB})

    @on(BinaryOperator, name=("==", "===", "!=", "!=="))
    def check(self, comparison: BinaryOperator, file: File) -> Iterator[Finding]:
        operator = comparison.operator
        if file.form is None or file.is_mix_task or not _CLUE.search(comparison.bytes):
            return
        sides = (strip_parentheses(comparison.left), strip_parentheses(comparison.right))
        if any(_cannot_be(side) for side in sides):
            return
        names = [_name(side) for side in sides]
        secret = next((name for name in names if _SECRET.search(name)), "")
        if not secret or _stands_in_query(comparison):
            return
        if not _guards(sides, file):
            return
        span = _operator_span(comparison)
        message = f"`{operator}` tells by its time how much of `{secret}` was right"
        yield self.finding(
            span, f"{message}: use `Plug.Crypto.secure_compare`", fix=_fix(comparison, file)
        )


def _operator_span(comparison: BinaryOperator) -> Span:
    raw = comparison.raw.child_by_field_id(OPERATOR)
    return comparison.span if raw is None else Span(raw.start_byte, raw.end_byte)


def _cannot_be(side: Node) -> bool:
    match side:
        case Atom() | Boolean() | Integer() | Nil() | String() | Capture():
            return True
        case Call() if side.name in ("byte_size", "length", "size", "count", "is_nil", "elem"):
            return True
        case BinaryOperator() if side.operator not in ("<>", "|>"):
            return True
    return side.kind in ("char", "list", "map", "tuple", "unary_operator") and not isinstance(
        side, ModuleAttribute
    )


def _name(side: Node) -> str:
    """What a value is called: the variable, the field, the key, the setting."""
    match side:
        case Identifier(name) | ModuleAttribute(name):
            return name
        case Call() if side.is_field_access:
            return side.name
        case Call(_, [_, Atom(name), *_]) if side.dotted in _SETTINGS:
            return name
        case Call(_, [String(name), *_]) if side.dotted in _SETTINGS and name is not None:
            return name.lower()
        case Access(_, Atom(name)):
            return name
        case Access(_, String(name)) if name is not None:
            return name
    return ""


def _stands_in_query(comparison: Node) -> bool:
    """Whether a comparison is SQL or stands in a guard."""
    for outer in comparison.ancestors():
        if isinstance(outer, Call):
            function = Function.of(outer)
            if function is not None:
                guard = function.guard
                return guard is not None and guard.span.covers(comparison.span)
            if outer.name in _QUERIES:
                return True
        elif isinstance(outer, Clause):
            guard = outer.guard
            if guard is not None and guard.span.covers(comparison.span):
                return True
    return any(
        one.text.startswith("^") for one in comparison.descendants() if one.kind == "unary_operator"
    )


def _guards(sides: tuple[Node, Node], file: File) -> bool:
    """Whether one side comes from outside, or is what the module computes or is configured with."""
    form = file.form
    if form is None:
        return False
    values = RequestValues.of(file)
    if values is not None and any(values.holds(side) for side in sides):
        return True
    for side in sides:
        given = [side, *values_of(side, form)] if isinstance(side, Identifier) else [side]
        if any(_is_made(one) for one in given):
            return True
    names = [_name(side) for side in sides]
    strong = [name for name in names if _STRONG.search(name)]
    # A field that can only be a secret, and what a function is given to compare it with.
    if len(strong) == 1 and isinstance(sides[names.index(strong[0])], Call):
        strong += [name for name in names if name not in strong]
    if len(strong) == 2 and len({side.text for side in sides}) == 2:
        return any(isinstance(side, Identifier) and _is_parameter(side, file) for side in sides)
    return any(call.dotted == ":crypto.mac" for call in form.index.calls("mac"))


def _is_parameter(variable: Identifier, file: File) -> bool:
    function = None if file.form is None else file.form.function
    return function is not None and any(
        one.name == variable.name
        for parameter in function.parameters
        for one in parameter.find(Identifier)
    )


def _is_made(value: Node) -> bool:
    for call in value.find(Call):
        if call.dotted in _MAKING:
            return True
        if not call.is_field_access and _SECRET.search(call.name) and call.arguments:
            if call.receiver is not None or _COMPUTING.match(call.name):
                return True
        if call.dotted in _SETTINGS:
            return True
    return False


def _fix(comparison: BinaryOperator, file: File) -> Fix | None:
    if not any(file.depends(one) for one in _PLUG):
        return None
    left, right = strip_parentheses(comparison.left), strip_parentheses(comparison.right)
    text = f"Plug.Crypto.secure_compare({left.text}, {right.text})"
    if comparison.operator.startswith("!"):
        text = f"not {text}"
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(comparison.start)).rstrip()
    length = len(line) - len(comparison.bytes) + len(text.encode())
    if "\n" in comparison.text or length > _WIDTH:
        return None
    parent = comparison.parent
    if text.startswith("not ") and parent is not None and parent.kind.endswith("_operator"):
        return None
    edit = Edit(comparison.span, text)
    return Fix.review("Compare in constant time", lambda _: [edit])
