"""phoenix/fat-controller"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Match
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex

from ._actions import actions, is_controller

COMPLEXITY = 8
LINES = 40
_BRANCHING = ("if", "unless", "case", "cond", "with", "try")
_MAILS = ("deliver", "deliver!", "deliver_now", "deliver_now!", "deliver_later", "deliver_later!")
_JOINING = frozenset({"and", "&&", "or", "||"})


class FatController(Rule):
    """
    A controller's action that does the work of the application itself.

    What an action decides can only be tested by requests, and can only be reached by one: the
    import, the job and the LiveView that want the same have to write it again. An action turns
    parameters into one call of a context, and its result into an answer.

    ## Bad

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def create(conn, %{"order" => params}) do
        changeset = Shop.Orders.Order.changeset(%Shop.Orders.Order{}, params)

        if changeset.valid? do
          order = Shop.Repo.insert!(changeset)
          order |> Shop.Mails.confirmation() |> Shop.Mailer.deliver()
          redirect(conn, to: ~p"/orders/#{order}")
        else
          render(conn, :new, changeset: changeset)
        end
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def create(conn, %{"order" => params}) do
        case Shop.Orders.place_order(params) do
          {:ok, order} -> redirect(conn, to: ~p"/orders/#{order}")
          {:error, changeset} -> render(conn, :new, changeset: changeset)
        end
      end
    end
    ```

    ## When it stays silent

    - One clause of the action has at most 40 lines and a complexity of at most 8 (one, and one
      more for each further branch, `and` and `or`), and does not query, mail and branch at once.
    - The action is one `case` or `with` over calls, whose clauses do not branch again, however many
      clauses it has.

    ## What the fix changes

    There is none: what belongs together is not written in the code. Move what does not speak of
    `conn` into a function of the context, and let that function answer with `{:ok, …}` or
    `{:error, …}`.
    """

    severity = Severity.INFORMATION

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        """Every action of a controller."""
        if not is_controller(module, file):
            return
        for form, function in actions(module):
            if _is_one_case(form, function):
                continue
            complexity = _complexity(form.index)
            lines = file.document.lines
            rows = lines.line_at(function.span.end) - lines.line_at(function.span.start) + 1
            if complexity > COMPLEXITY:
                says = f"has a complexity of {complexity}"
            elif rows > LINES:
                says = f"has {rows} lines"
            elif _does_all(form, file):
                says = "queries, sends mail and branches"
            else:
                continue
            yield self.finding(
                function.name_span,
                f"`{function.name}` {says}: move what is not about the request into a context",
            )


def _is_one_case(form: Form, function: Function) -> bool:
    """Whether an action is one choice between the results of calls, after plain assignments."""
    body = function.body
    if not body or any(not isinstance(one, Match) for one in body[:-1]):
        return False
    last = body[-1]
    if not isinstance(last, Call) or last.name not in ("case", "with") or last.receiver is not None:
        return False
    return sum(1 for _ in form.index.calls(*_BRANCHING)) == 1


def _complexity(index: NodeIndex) -> int:
    found = 1
    for call in index.calls(*_BRANCHING):
        if call.receiver is not None:
            continue
        if call.name in ("if", "unless"):
            found += 1
        elif call.name == "with":
            found += max(len(call.clauses("else")), 1)
        elif call.name == "try":
            found += len(call.clauses("rescue")) + len(call.clauses("catch"))
        else:
            found += max(len(call.clauses()) - 1, 0)
    return found + sum(1 for one in index.nodes(BinaryOperator) if one.operator in _JOINING)


def _does_all(form: Form, file: File) -> bool:
    index = form.index
    if not any(call.receiver is None for call in index.calls(*_BRANCHING)):
        return False
    mails = any(call.module is not None for call in index.calls(*_MAILS))
    return mails and any(call.module and file.is_repo(call) for call in index.all_calls())
