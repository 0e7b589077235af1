"""phoenix/open-redirect"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import (
    BinaryOperator,
    Call,
    Identifier,
    Match,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import String
from lsp_server.syntax.node import Node

from ._request_values import RequestValues

# A text that begins so can lead to one host only.
_FIXED = re.compile(r"[a-z][a-z0-9+.-]*://[^/]+/|/(?![/\\])|mailto:|#|\?")
# Calls that look at an address without telling whether it is one of ours.
_HARMLESS = frozenset(
    {"redirect", "starts_with?", "trim", "is_nil", "is_binary", "inspect", "get", "put_flash"}
    | {"debug", "info", "warning", "error", "blank?", "present?", "is_list", "is_map", "has_key?"}
    | {"decode", "decode_www_form", "to_string", "get_in", "fetch!", "put_session", "length"}
    | {"byte_size", "encode", "encode_www_form", "if", "unless", "case", "cond", "with", "fn"}
)


class OpenRedirect(Rule):
    """
    A redirect to whatever address the request names.

    A link to your own site that leads to somebody else's is what phishing mails are made of: the
    address in the mail is right, the certificate is right, and the login form that follows is the
    attacker's. `external:` takes any address. `to:` takes only a path of the own site, and refuses
    `//evil.example` as well.

    ## Bad

    ```elixir
    defmodule ShopWeb.SessionController do
      use ShopWeb, :controller

      def create(conn, %{"return_to" => return_to}) do
        redirect(conn, external: return_to)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.SessionController do
      use ShopWeb, :controller

      def create(conn, %{"return_to" => return_to}) do
        redirect(conn, to: return_to)
      end
    end
    ```

    ## When it stays silent

    - The address begins with a literal scheme and host, or goes through a function that makes
      another one of it.
    - The function compares it, looks it up in a list, parses its host (`URI.parse/1`), or asks
      another function whether it is allowed. `String.starts_with?(address, "/")` alone is no check:
      `//evil.example` passes it.
    - `redirect(conn, to: …)`.

    ## What the fix changes

    `external:` becomes `to:`, with which Phoenix raises for what is not a path of the own site.
    An address written with `https://` never is one and gets no fix. Where other sites are wanted,
    compare the host of the address with a list of them instead.
    """

    severity = Severity.ERROR

    @on(Call, name="redirect")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """`redirect(conn, external: address)`."""
        keywords = call.keywords
        pair = None if keywords is None else keywords.pair("external")
        values = RequestValues.of(file)
        if pair is None or pair.value is None or values is None or call.arity != 2:
            return
        source = _address(pair.value, values)
        if source is None or _is_checked(source, pair.value, values):
            return
        span = pair.key_span
        fix = Fix.review("Redirect to own paths only", lambda _: [Edit(span, "to:")])
        yield self.finding(
            pair.value,
            f"`external: {_short(pair.value)}` redirects to any address that the request names",
            fix=None if pair.value.bytes.startswith(b'"http') else fix,
        )


def _short(node: Node) -> str:
    text = " ".join(node.text.split())
    return text if len(text) <= 40 else f"{text[:37]}…"


def _address(node: Node, values: RequestValues) -> Node | None:
    """The part of an address that decides about its host, if it came in the request."""
    node = strip_parentheses(node)
    if isinstance(node, String):
        parts = node.parts
        if not parts or (isinstance(parts[0], str) and _FIXED.match(parts[0])):
            return None
        inner = next((one for one in parts if not isinstance(one, str)), None)
        node = node if inner is None else (inner.expression or node)
    elif isinstance(node, BinaryOperator) and node.operator == "<>":
        while isinstance(node, BinaryOperator) and node.operator == "<>":
            node = node.left
        return _address(node, values) if not isinstance(node, String) else None
    return node if values.holds(node) else None


def _is_checked(source: Node, written: Node, values: RequestValues) -> bool:
    """Whether the function asks anything about the address that could refuse it."""
    names = {one.name for one in source.find(Identifier)} - {"conn", "params"}
    texts = {source.bytes} | {one.bytes for one in written.find(Call) if one.is_field_access}
    form = values.form
    function = values.function
    if function is not None and function.guard is not None:
        if any(one.name in names for one in function.guard.find(Identifier)):
            return True

    def speaks_of_it(node: Node) -> bool:
        if node.span.start <= source.start and source.end <= node.span.end:
            return False
        for one in node.descendants():
            if one.bytes in texts or (isinstance(one, Identifier) and one.name in names):
                return True
        return False

    for operator in form.index.nodes(BinaryOperator):
        if isinstance(operator, (Match, Pipe)):
            continue
        if operator.operator in ("in", "not in", "==", "=~", "===") and speaks_of_it(operator):
            if not re.search(rb"\b(?:nil|\"\")", operator.bytes):
                return True
    for call in form.index.all_calls():
        if call.name in _HARMLESS or call.name.startswith("def") or call.is_field_access:
            continue
        if not call.name or not speaks_of_it(call):
            continue
        if call.name.endswith("?") or call.module == "URI" or _decides(call):
            return True
    return False


def _decides(call: Call) -> bool:
    """Whether the result of a call chooses between branches."""
    for outer in call.ancestors():
        if isinstance(outer, Call) and outer.name in ("if", "unless", "case", "cond", "with"):
            written = outer.written_arguments
            return any(one.start <= call.start and call.end <= one.end for one in written)
    return False
