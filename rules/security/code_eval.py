"""security/code-eval"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import origin
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

from ..phoenix._request_values import RequestValues
from ._bounded import capture_of, given_to, is_given_few
from ._running import is_own_text, is_running

_EVALUATING = {
    "eval_string": ("Code", "EEx"),
    "eval_quoted": ("Code",),
    "eval_file": ("Code", "EEx"),
}
_MESSAGE = "`{}` runs as code what is only known while the program runs: parse it instead"
_CHECKING = re.compile(r"(?:^|_)(?:safe|valid|allowed|trusted|permitted)(?:_|\?|$)")


class CodeEval(Rule):
    """
    Text that is run as code while the program runs.

    What is evaluated may do all that the application may: read the environment with its secrets,
    query every table, start programs. EEx templates are code too. If any part of the text comes
    from a request, from a row that users can write, or from another service, they choose what runs.

    ## Bad

    ```elixir
    defmodule Shop.Discounts do
      def price(total, formula) do
        {price, _binding} = Code.eval_string(formula, total: total)
        price
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Discounts do
      def price(total, "half"), do: div(total, 2)
      def price(total, "minus " <> cents), do: total - String.to_integer(cents)
    end
    ```

    ## When it stays silent

    - What is evaluated is written out, in a module attribute, or made of settings.
    - The code around has asked a function whose name says so (`safe_term?`, `valid_formula?`)
      about the same value.
    - A template that the program chose by a literal: `Templates.template(:welcome, language)`.
    - `apply/3` with a module and a function that do not come from the request, or with a function
      of which a part is written out (`"#{name}_email"`).
    - Mix tasks, command lines, release tasks, configuration, and code that runs while compiling.

    ## What the fix changes

    There is none: what the text may say has to be parsed, and each thing it may say be written as
    a function. For templates that users write there are languages that can only fill in values
    (Solid for Liquid, `:bbmustache`).
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB, Role.TEMPLATE})

    @on(Call, name=("eval_string", "eval_quoted", "eval_file"))
    def check_text(self, call: Call, file: File) -> Iterator[Finding]:
        form = file.form
        if form is None or file.module_of(call) not in _EVALUATING[call.name]:
            return
        if not is_running(call, file):
            return
        capture = capture_of(call)
        text = given_to(capture) if capture is not None else next(iter(call.arguments), None)
        if capture is not None and is_given_few(capture, form):
            return
        if text is None:
            if capture is not None:
                yield self.finding(call.callee_span, _MESSAGE.format(call.dotted))
            return
        if not (is_own_text(text, form) or _is_checked(text) or _is_own_template(text, form)):
            yield self.finding(call.callee_span, _MESSAGE.format(call.dotted))

    @on(Call, name="apply")
    def check_apply(self, call: Call, file: File) -> Iterator[Finding]:
        if call.receiver is not None and file.module_of(call) != "Kernel":
            return
        values = RequestValues.of(file)
        if values is None or len(call.arguments) != 3 or not is_running(call, file):
            return
        for what, argument in zip(("module", "function"), call.arguments, strict=False):
            made = argument if file.form is None else origin(argument, file.form) or argument
            if what == "function" and any(len(one.parts) > 1 for one in made.find(String)):
                continue  # `"#{name}_email"` leaves few to choose from
            if any(True for _ in values.within(made)):
                message = f"the request chooses the {what} that `apply/3` calls"
                yield self.finding(argument, f"{message}: list what it may choose")
                return


def _is_checked(text: Node) -> bool:
    """Whether a condition around asks a function that only lets known things through."""
    if not isinstance(text, Identifier):
        return False
    for outer in text.ancestors():
        if isinstance(outer, Call) and outer.receiver is None and outer.name in ("if", "with"):
            for condition in outer.written_arguments:
                for asked in condition.find(Call):
                    if _CHECKING.search(asked.name) and any(
                        one.text == text.text for one in asked.arguments
                    ):
                        return True
    return False


def _is_own_template(text: Node, form: Form) -> bool:
    """Whether a function named after templates was told by a literal which one to give."""
    made = origin(text, form)
    return (
        isinstance(made, Call)
        and "template" in f"{made.module}.{made.name}".lower()
        and any(isinstance(one, (Atom, String)) for one in made.written_arguments)
    )
