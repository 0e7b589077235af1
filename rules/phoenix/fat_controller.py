"""phoenix/fat-controller"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call, Identifier, Match, Pipe
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex

from ._actions import actions, is_controller

COMPLEXITY = 8
LINES = 40
_BRANCHING = ("if", "unless", "case", "cond", "with", "try")
_MAIL = b"deliver"  # `deliver`, `deliver_now!`, `deliver_user_confirmation_instructions`
_JOINING = (b"and", b"&&", b"or", b"||")


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
    - Most of the action is one `case` or `with` over the result of a context, whose clauses do not
      branch again: they do not count, however many they are and however long their answers.

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
            complexity = _complexity(form.index)
            rows = _rows(function.call, file)
            answered = _answered(form, file)
            spared, branches = 0, 0
            if answered is not None and 2 * _rows(answered, file) >= rows:
                spared, branches = _rows(answered, file) - 2, _branches(answered)
            if complexity - branches > COMPLEXITY:
                says = f"has a complexity of {complexity}"
            elif rows - spared > LINES:
                says = f"has {rows} lines"
            elif _does_all(form, file):
                says = "queries, sends mail and branches"
            else:
                continue
            yield self.finding(
                function.name_span,
                f"`{function.name}` {says}: move what is not about the request into a context",
            )


def _answered(form: Form, file: File) -> Call | None:
    """The `case` or `with` that makes answers of a context's results, if there is just one."""
    found = [
        call
        for call in form.index.calls("case", "with")
        if call.receiver is None and _is_of_context(call, form, file)
    ]
    branching = [call for call in form.index.calls(*_BRANCHING) if call.receiver is None]
    if len(found) != 1 or any(
        one.start > found[0].start and one.end <= found[0].end for one in branching
    ):
        return None
    return found[0]


def _is_of_context(call: Call, form: Form, file: File) -> bool:
    """Whether the results of calls are told apart: of one call in `case`, also by a variable."""
    if call.name == "with":
        return True
    value = call.arguments[0] if call.arguments else None
    if isinstance(value, Identifier):
        bound = [it.right for it in form.index.nodes(Match) if it.left.text == value.name]
        value = bound[-1] if bound else None
    if isinstance(value, Pipe):
        value = value.right
    return isinstance(value, Call) and value.module is not None and not file.is_repo(value)


def _rows(node: Node, file: File) -> int:
    lines = file.document.lines
    return lines.line_at(node.span.end) - lines.line_at(node.span.start) + 1


def _complexity(index: NodeIndex) -> int:
    branches = sum(_branches(one) for one in index.calls(*_BRANCHING) if one.receiver is None)
    joined = sum(len(index.binaries(sign)) for sign in _JOINING)
    return 1 + branches + joined


def _branches(call: Call) -> int:
    """The ways that a call adds to those through an action."""
    if call.name in ("if", "unless"):
        return 1
    if call.name == "with":
        return max(len(call.clauses("else")), 1)
    if call.name == "try":
        return len(call.clauses("rescue")) + len(call.clauses("catch"))
    return max(len(call.clauses()) - 1, 0)


def _does_all(form: Form, file: File) -> bool:
    index = form.index
    if not any(call.receiver is None for call in index.calls(*_BRANCHING)):
        return False
    names = [name.decode() for name in index.callee_names if name.startswith(_MAIL)]
    mails = any(call.module is not None for call in index.calls(*names))
    return mails and any(call.module and file.is_repo(call) for call in index.all_calls())
