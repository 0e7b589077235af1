"""phoenix/sensitive-params-logged"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import (
    Access,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Identifier,
    Pipe,
)
from lsp_server.syntax.literals import (
    Atom,
    Keywords,
    List,
    Map,
    Pair,
    String,
    StringInterpolation,
    Tuple,
)
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._actions import is_controller
from ._request_values import RequestValues

_LEVELS = (
    *("debug", "info", "notice", "warning", "warn", "error", "critical", "alert", "emergency"),
    "log",
)
_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|secret_key|token|api_key|private_key|cvv|cvc"
    r"|card_number|credit_card)$|^card$"
)
_SHOWING = frozenset({"inspect", "to_string"})


class SensitiveParamsLogged(Rule):
    """
    A log line with parameters or secrets in it.

    Logs are copied to services, kept for years, and read by people who may not see the data
    itself. Phoenix filters passwords out of the parameters that it logs; a line of your own that
    shows `params` filters nothing, and one that shows a token gives everybody who reads logs the
    right that the token gives.

    ## Bad

    ```elixir
    defmodule ShopWeb.SessionController do
      use ShopWeb, :controller
      require Logger

      def create(conn, params) do
        Logger.info("Log in with #{inspect(params)}")
        redirect(conn, to: "/")
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.SessionController do
      use ShopWeb, :controller
      require Logger

      def create(conn, params) do
        Logger.info("Log in with #{inspect(Map.keys(params))}")
        redirect(conn, to: "/")
      end
    end
    ```

    ## When it stays silent

    - A function stands between the value and the log: `mask(token)`, `String.length(token)`,
      `Map.take(params, ["page"])`, `params["page"]`.
    - One field of a connection, `conn.request_path`.
    - `params` of functions that are no actions or callbacks of the web layer: those of a query are
      no secret.
    - `filter_parameters` that still filters passwords, or is computed, or keeps a list of what may
      be shown (`{:keep, […]}`).

    ## What the fix changes

    All parameters become their names, a connection its path; a secret in a text becomes
    `[FILTERED]`; a list of `filter_parameters` gets `"password"`, which a list of your own takes
    out of Phoenix's default.
    """

    @on(Call, name=_LEVELS)
    def logs(self, call: Call, file: File) -> Iterator[Finding]:
        """`Logger.info(…)` and its like."""
        if call.module is None or file.names(call).expand(call.module) != "Logger":
            return
        values = RequestValues.of(file)
        for argument in call.arguments:
            for shown in _shown(argument):
                whole = _inspected(shown)
                fix: Fix | None = None
                if whole is not None and _is_connection(shown, file):
                    title = "Log the path only"
                    edit = Edit(whole.span, f"{shown.text}.request_path")
                    fix = Fix.review(title, _only(edit))
                    message = f"`{shown.text}` in the log holds its parameters and cookies"
                elif values is not None and _is_sent(shown, values):
                    names = _names(shown)
                    title = "Log the names of the parameters only"
                    edit = Edit(shown.span, names)
                    fix = Fix.review(title, _only(edit)) if names else None
                    message = f"`{shown.text}` in the log holds whatever a visitor sends"
                elif _is_secret(shown):
                    text = shown.parent
                    if isinstance(text, StringInterpolation) or _in_text(shown):
                        fix = Fix.review("Leave it out", _only(_filtered(shown)))
                    message = f"`{_short(shown)}` stands readable in the log: leave it out"
                else:
                    continue
                yield self.finding(shown, message, fix=fix)

    @on(Call, name="config")
    def filters(self, call: Call, file: File) -> Iterator[Finding]:
        """`config :phoenix, :filter_parameters, […]`."""
        written = call.written_arguments
        first = written[0] if written else None
        if call.receiver is not None or not isinstance(first, Atom) or first.name != "phoenix":
            return
        value = call.keyword("filter_parameters")
        if len(written) == 3 and isinstance(written[1], Atom):
            value = written[2] if written[1].name == "filter_parameters" else None
        if not isinstance(value, List) or not value.elements:
            return
        texts = [one.value for one in value.elements if isinstance(one, String)]
        if len(texts) != len(value.elements) or any(one is None for one in texts):
            return
        if not any(one and one in "password" for one in texts):
            at = value.elements[0].start
            edit = Edit(Span(at, at), '"password", ')
            one_line = b"\n" not in value.bytes
            yield self.finding(
                value,
                "`filter_parameters` no longer filters passwords: the list replaces Phoenix's own",
                fix=Fix.review('Filter "password" too', _only(edit)) if one_line else None,
            )


def _only(edit: Edit) -> Callable[[Snapshot], list[Edit]]:
    return lambda _: [edit]


def _shown(argument: Node) -> Iterator[Node]:
    """The values that a text shows as they are: no function but `inspect` stands between."""
    pending = [argument]
    while pending:
        node = pending.pop()
        match node:
            case String():
                pending += [one.expression for one in node.interpolations if one.expression]
            case Pipe():
                if isinstance(node.right, Call) and node.right.dotted in _SHOWING:
                    pending.append(node.left)
            case BinaryOperator("<>" | "++", left, right):
                pending += [left, right]
            case List() | Tuple():
                pending += node.elements
            case Map():
                pending += node.elements if node.struct is None else []
            case Keywords():
                pending += [pair.value for pair in node.pairs if pair.value is not None]
            case Pair():
                pending += [node.value] if node.value is not None else []
            case Call() if node.dotted in _SHOWING:
                pending += node.written_arguments[:1]
            case AnonymousFunction():
                pending += [clause.body[-1] for clause in node.clauses if clause.body]
            case Identifier() | Access() | Call():
                yield node


def _inspected(shown: Node) -> Node | None:
    """`inspect(shown, …)` or `shown |> inspect()`; None where another function shows the value."""
    parent = shown.parent
    if isinstance(parent, Pipe):
        right = parent.right
        return parent if isinstance(right, Call) and right.dotted == "inspect" else None
    outer = shown.enclosing(Call)
    return outer if outer is not None and outer.dotted == "inspect" else None


def _is_connection(shown: Node, file: File) -> bool:
    """Whether a value is Plug's connection: a client of another protocol has a `conn` too."""
    if not isinstance(shown, Identifier) or shown.name != "conn" or file.form is None:
        return False
    function, names = file.form.function, file.names(shown)
    if function is not None and (function.name, function.arity) == ("call", 2):
        return True
    imported = any(one.module == "Plug.Conn" for one in names.all_imports())
    return imported or is_controller(file.module, file)


def _is_sent(shown: Node, values: RequestValues) -> bool:
    """Whether a value is a map of parameters: all, or those of a form by their name."""
    if isinstance(shown, Identifier) and shown.name.endswith("_params"):
        return values.holds(shown)
    return values.is_map(shown)


def _names(shown: Node) -> str:
    """The names of a map's keys, as they are written where `inspect` shows the map; else empty."""
    if _inspected(shown) is None:
        return ""
    piped = isinstance(shown.parent, Pipe)
    return f"{shown.text} |> Map.keys()" if piped else f"Map.keys({shown.text})"


def _in_text(shown: Node) -> bool:
    return shown.enclosing(StringInterpolation) is not None


def _filtered(shown: Node) -> Edit:
    text = shown.enclosing(StringInterpolation)
    return Edit(shown.span if text is None else text.span, "[FILTERED]")


def _is_secret(node: Node) -> bool:
    match node:
        case Identifier(name):
            return _SECRET.search(name) is not None
        case Access(_, (String() | Atom()) as key):
            text = key.value if isinstance(key, String) else key.name
            return text is not None and _SECRET.search(text) is not None
        case Call() if node.is_field_access:
            return _SECRET.search(node.name) is not None
    return False


def _short(node: Node) -> str:
    text = " ".join(node.text.split())
    return text if len(text) <= 40 else f"{text[:37]}…"
