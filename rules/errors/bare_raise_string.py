"""errors/bare-raise-string"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call
from lsp_server.syntax.literals import Sigil, String
from lsp_server.syntax.node import Node

# Modules that run once and whose reader is a person at a terminal, and the web layer.
_ELSEWHERE = re.compile(r"(?:^|/)lib/(?:[^/]+_web(?:/|\.ex)|mix/)|/(?:release|application)\.ex$")
# Failures that are no part of what a function promises: nobody shall rescue them.
_IMPOSSIBLE = re.compile(
    r"not (?:yet )?(?:implemented|supported)|unreachable|impossible|should never|todo\b|bug",
    re.I,
)


class BareRaiseString(Rule):
    """
    A public function that raises a text.

    `raise "…"` raises a RuntimeError, as does every other mistake that somebody has put into a
    sentence. A caller who wants to rescue this failure has to compare the text, and rescues
    everything else along with it.

    ## Bad

    ```elixir
    defmodule Shop.Stock do
      def take!(product, count) do
        if product.stock < count, do: raise("not enough in stock")
        %{product | stock: product.stock - count}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Stock do
      defmodule OutOfStock do
        defexception [:message]
      end

      def take!(product, count) do
        if product.stock < count, do: raise(OutOfStock, "not enough in stock")
        %{product | stock: product.stock - count}
      end
    end
    ```

    ## When it stays silent

    - Private functions, macros, and code inside `quote`.
    - An exception is named: `raise ArgumentError, "…"`.
    - What cannot happen or is not there yet: "not implemented", "unreachable".
    - The web layer, mix tasks, `application.ex` and `release.ex`, whose exceptions nobody rescues
      by name.

    ## What the fix changes

    There is none: the name of the exception is yours to find. Define it with `defexception`, or
    raise one of Elixir's own, like ArgumentError for an argument that cannot be.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    roles = frozenset({Role.LIB})

    @on(Call, name="raise")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        written = call.written_arguments
        if call.receiver is not None or len(written) != 1 or not _is_text(written[0]):
            return
        if _IMPOSSIBLE.search(written[0].text):
            return
        if _ELSEWHERE.search(file.path) or file.is_mix_task or file.is_local(call):
            return
        function = Function.around(call)
        if function is None or function.keyword != "def":
            return
        if any(isinstance(one, Call) and one.name == "quote" for one in call.ancestors()):
            return
        yield self.finding(
            call.name_span,
            f"`{function.name}` raises a text, which no caller can rescue by name:"
            " raise an exception of your own",
        )


def _is_text(node: Node) -> bool:
    if isinstance(node, BinaryOperator) and node.operator == "<>":
        return True
    return isinstance(node, String) or (isinstance(node, Sigil) and node.name in ("s", "S"))
