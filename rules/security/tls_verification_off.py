"""security/tls-verification-off"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.project.config import environments_of
from lsp_server.facts.project.production import holds_in_production
from lsp_server.facts.values import Scope
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Alias, BinaryOperator, Call, Clause, elements_of
from lsp_server.syntax.literals import Atom, Boolean, Keywords, List, Pair, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

_DEVELOPMENT = re.compile(r"(?:^|/)config/(?:dev|test)[\w.]*\.exs$")
_PRODUCTION = re.compile(r"(?:^|/)config/(?:prod|runtime|releases)[\w.]*\.exs$")


class TlsVerificationOff(Rule):
    """
    A connection that does not look whose certificate it is shown.

    The bytes are encrypted, but for anybody: who stands between the two ends shows a certificate
    of their own, reads the passwords and tokens that pass, and changes the answers. Nothing in the
    logs tells.

    ## Bad

    ```elixir
    defmodule Shop.Payments.Client do
      def charge(order) do
        Req.post("https://pay.example.com/charges",
          json: order,
          connect_options: [transport_opts: [verify: :verify_none]]
        )
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Payments.Client do
      def charge(order) do
        Req.post("https://pay.example.com/charges",
          json: order,
          connect_options: [transport_opts: [verify: :verify_peer]]
        )
      end
    end
    ```

    ## When it stays silent

    - `config/dev.exs`, `config/test.exs`, and what stands under `if config_env() == :dev` and the
      like; mix tasks, scripts and tests.
    - `ssl: false` anywhere but for a repo in `config/prod.exs` or `config/runtime.exs`.
    - Patterns, and atoms that are no option.

    ## What the fix changes

    `:verify_peer` takes the place of `:verify_none`, `:insecure` is taken away, and `ssl: false`
    becomes `ssl: true`. A server whose certificate is not signed by a known authority, or is for
    another name, then is refused: give its authority with `cacertfile:`. Clients that bring no
    list of authorities (`:ssl`, `:httpc`, `:gen_tcp` with an upgrade) also need
    `cacerts: :public_key.cacerts_get()`.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB, Role.CONFIG})

    @on(Pair, name=("verify", "insecure", "hackney", "ssl"))
    def check_pair(self, pair: Pair, file: File) -> Iterator[Finding]:
        value = pair.value
        match pair.key, value:
            case "verify", Atom("verify_none"):
                if _matters(pair, file):
                    yield self._unverified(pair, value, file)
            case "insecure", Boolean(True) if _is_for_hackney(pair) and _matters(pair, file):
                message = "`insecure: true` accepts any certificate"
                edit = Edit(value.span, "false")
                fix = Fix.review("Verify the certificate", lambda _: [edit])
                yield self.finding(pair, message, fix=fix)
            case "hackney", List():
                for one in value.elements:
                    if isinstance(one, Atom) and one.name == "insecure" and _matters(pair, file):
                        yield self._insecure(one, value)
            case "ssl", Boolean(False) if _is_of_repo(pair, file) and _matters(pair, file):
                message = "`ssl: false` sends the database's password and rows unencrypted"
                edit = Edit(value.span, "true")
                fix = Fix.review("Encrypt the connection", lambda _: [edit])
                yield self.finding(pair, message, fix=fix)

    @on(Tuple, name="Tesla.Adapter.Hackney")
    def check_adapter(self, adapter: Tuple, file: File) -> Iterator[Finding]:
        yield from self._among(adapter.elements[-1], file)

    @on(Call, name=("request", "get", "post", "put", "patch", "delete", "head"))
    def check_hackney(self, call: Call, file: File) -> Iterator[Finding]:
        if call.module == ":hackney" and call.written_arguments:
            yield from self._among(call.written_arguments[-1], file)

    def _among(self, options: Node, file: File) -> Iterator[Finding]:
        """`:insecure` among the options of hackney."""
        for one in options.elements if isinstance(options, List) else ():
            if isinstance(one, Atom) and one.name == "insecure" and _matters(one, file):
                yield self._insecure(one, options)

    @on(Call, name=("put", "put_new"))
    def check_put(self, call: Call, file: File) -> Iterator[Finding]:
        match call.arguments:
            case [_, Atom("verify"), Atom("verify_none") as value]:
                if call.module in ("Keyword", "Map") and _matters(call, file):
                    yield self._unverified(value, value, file)

    @on(Tuple, name=":verify")
    def check_tuple(self, pair: Tuple, file: File) -> Iterator[Finding]:
        match pair.elements:
            case [Atom("verify"), Atom("verify_none") as value] if _matters(pair, file):
                yield self._unverified(pair, value, file)

    def _unverified(self, pair: Node, value: Node, file: File) -> Finding:
        edit = Edit(value.span, ":verify_peer")
        fix = Fix.review("Verify the certificate", lambda _: [edit])
        return self.finding(pair, "`:verify_none` accepts any certificate", fix=fix)

    def _insecure(self, option: Node, options: Node) -> Finding:
        elements = elements_of(options)
        at = elements.index(option)
        if at + 1 < len(elements):
            span = Span(option.start, elements[at + 1].start)
        else:
            span = Span(elements[at - 1].end if at else option.start, option.end)
        fix = Fix.review("Verify the certificate", lambda _: [Edit(span, "")])
        return self.finding(option, "`:insecure` accepts any certificate", fix=fix)


def _is_matched(node: Node) -> bool:
    """Whether an option is part of a pattern: of a function's head, a clause, or before `=`."""
    function = Function.around(node)
    if function is not None and function.head.span.covers(node.span):
        return not any(isinstance(one, BinaryOperator) for one in node.ancestors())
    for outer in node.ancestors():
        match outer:
            case Clause():
                return any(one.span.covers(node.span) for one in outer.patterns)
            case BinaryOperator("=" | "<-", left, _) if left.span.covers(node.span):
                return True
    return False


def _matters(node: Node, file: File) -> bool:
    """Whether an option is set where production may read it."""
    if file.is_mix_task or _DEVELOPMENT.search(file.path) or _is_matched(node):
        return False
    if file.role is Role.CONFIG and not environments_of(node).include("prod"):
        return False
    scope = Scope(None if file.form is None else file.module)
    inner = node
    for outer in node.ancestors():
        if isinstance(outer, Call) and outer.receiver is None and outer.name == "if":
            conditions = outer.written_arguments
            if conditions and not conditions[0].span.covers(inner.span):
                holds = holds_in_production(conditions[0], scope)
                in_else = any(one.span.covers(node.span) for one in outer.section("else"))
                if holds is not None and holds == in_else:
                    return False
        inner = outer
    return True


def _is_for_hackney(pair: Pair) -> bool:
    return any(isinstance(one, Pair) and one.key == "hackney" for one in pair.ancestors())


def _is_of_repo(pair: Pair, file: File) -> bool:
    """Whether a setting is one of `config :app, App.Repo, …` of production."""
    if not _PRODUCTION.search(file.path):
        return False
    keywords = pair.parent
    call = keywords.parent if isinstance(keywords, Keywords) else None
    while call is not None and not isinstance(call, Call):
        if isinstance(call, (Pair, Tuple)):
            return False
        call = call.parent
    if call is None or call.name != "config":
        return False
    arguments = call.written_arguments
    return len(arguments) == 3 and (
        isinstance(arguments[1], Alias) and arguments[1].name.endswith("Repo")
    )
