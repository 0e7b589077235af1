"""errors/complex-with-else"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Clause
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

_MOST = 3  # clauses of `else` that can still be read together with the steps


class ComplexWithElse(Rule):
    """
    A `with` whose `else` sorts out which of its steps failed.

    All steps fail into the same `else`, so that nobody sees which clause is for which step. A step
    that is added, or a function that learns to return another error, falls into the wrong clause or
    into none, and raises a WithClauseError where an answer was meant.

    ## Bad

    ```elixir
    defmodule Shop.Checkout do
      def pay(order_id, card) do
        with {:order, {:ok, order}} <- {:order, fetch_order(order_id)},
             {:charge, {:ok, charge}} <- {:charge, charge(card, order)} do
          {:ok, charge}
        else
          {:order, {:error, _}} -> {:error, :no_order}
          {:charge, {:error, reason}} -> {:error, {:declined, reason}}
        end
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Checkout do
      def pay(order_id, card) do
        with {:ok, order} <- fetch_order(order_id) do
          charge(card, order)
        end
      end
    end
    ```

    ## When it stays silent

    - `else` has at most three clauses, and the steps are not tagged.
    - There is only one step.
    - Only some of several steps are tagged: those tell two steps apart that fail alike.
    - Mix tasks, code inside `quote`, and packages (`package:` in mix.exs), whose steps often are
      what others' functions return.

    ## What the fix changes

    There is none: what each step should return when it fails belongs into the function of that
    step. Give every step a private function that returns `{:ok, …}` or the error as the caller
    shall see it; then `else` is not needed.
    """

    severity = Severity.INFORMATION
    roles = frozenset({Role.LIB})

    @on(Call, name="with")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        clauses = [one for one in call.section("else") if isinstance(one, Clause)]
        if not clauses or call.receiver is not None or file.is_mix_task:
            return
        if file.context.is_library(file.path) or Function.around(call) is None:
            return
        where = _else_span(call) or call.name_span
        steps = [
            one
            for one in call.written_arguments
            if isinstance(one, BinaryOperator) and one.operator == "<-"
        ]
        if len(steps) > 1 and all(_tag(one) for one in steps):
            message = (
                f"`with` tags each of its {len(steps)} steps, so that `else` can tell them apart"
            )
        elif len(steps) > 1 and len(clauses) > _MOST:
            message = f"`else` of `with` has {len(clauses)} clauses for whatever step failed"
        else:
            return
        yield self.finding(where, f"{message}: let each step return its own error")


def _tag(step: BinaryOperator) -> str:
    """The atom that both sides of a step are put together with."""
    left: Node = step.left
    if isinstance(left, BinaryOperator) and left.operator == "when":
        left = left.left
    right = step.right
    if isinstance(left, Tuple) and isinstance(right, Tuple):
        one, other = left.elements, right.elements
        if len(one) == len(other) == 2 and isinstance(one[0], Atom) and isinstance(other[0], Atom):
            return one[0].name if one[0].name == other[0].name else ""
    return ""


def _else_span(call: Call) -> Span | None:
    """The word `else`."""
    block = call.do_block
    for section in () if block is None else block.raw.children:
        if section.type == "else_block" and section.children:
            word = section.children[0]
            return Span(word.start_byte, word.end_byte)
    return None
