"""What a function answers where a request to another server has failed."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.facts.calls.request_path import Turn
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Identifier
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

# Callbacks whose results other code takes apart: an error in their place would only fail later.
_CALLBACKS = frozenset(
    {
        *("init", "handle_call", "handle_cast", "handle_continue", "handle_info", "terminate"),
        *("start", "start_link", "child_spec", "perform", "mount", "update", "render", "on_mount"),
        *("handle_in", "join", "handle_async", "handle_batch", "handle_message", "handle_demand"),
        *("prepare_query", "load", "dump", "cast", "run"),
    }
)
_NO_REPLY = frozenset({"handle_event", "handle_info", "handle_params"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A clause for `{:error, …}`; without a body the error itself is the answer. `first` is a line
    that comes before it."""

    pattern: str = "{:error, reason}"
    body: str = ""
    first: str = ""

    @property
    def written(self) -> str:
        """The body as it has to be written in a clause."""
        return self.body or self.pattern

    def after(self, line: str) -> Answer:
        """The answer after a line that needs the reason."""
        return Answer("{:error, reason}", self.written, line)


def answer_of(form: Form, function: Function, turn: Turn | None) -> Answer | None:
    """What a function answers; None where it can answer nothing that its caller would take."""
    parameters = [_variable(one) for one in function.parameters]
    match turn:
        case Turn.ACTION:
            if any(one.callee == b"action_fallback" for one in form.module.forms):
                return Answer()
            if not parameters or not parameters[0]:
                return None
            body = f'send_resp({parameters[0]}, :bad_gateway, "Bad Gateway")'
            return Answer("{:error, _reason}", body)
        case Turn.PLUG if parameters and parameters[0]:
            names = form.module.names
            known = names.uses or any(one.module == "Plug.Conn" for one in names.all_imports())
            conn = "" if known else "Plug.Conn."
            body = f'{parameters[0]} |> {conn}send_resp(:bad_gateway, "Bad Gateway")'
            return Answer("{:error, _reason}", f"{body} |> {conn}halt()")
        case Turn.LIVE if function.name in _NO_REPLY and parameters and parameters[-1]:
            text = "Please try again later"
            body = f'{{:noreply, put_flash({parameters[-1]}, :error, "{text}")}}'
            return Answer("{:error, _reason}", body)
        case None if function.name not in _CALLBACKS and not function.name.endswith(("?", "!")):
            return Answer()
    return None


def _variable(parameter: Node) -> str:
    """The variable that a parameter is bound to; empty for an ignored one."""
    if isinstance(parameter, BinaryOperator) and parameter.operator in ("=", "\\\\"):
        for side in (parameter.right, parameter.left):
            if isinstance(side, Identifier):
                parameter = side
                break
    if isinstance(parameter, Identifier) and not parameter.name.startswith("_"):
        return parameter.name
    return ""
