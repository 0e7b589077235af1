"""Helper calls in a template that a tag can replace, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import Unsure
from lsp_server.text import Span

NO_CURLY = "phx-no-curly-interpolation"
_RAW = frozenset({"script", "style"})


@dataclass(frozen=True, slots=True)
class HelperUse:
    """A call that makes a piece of the page: `<%= call %>`, `{call}` or `<%= call do %>` … `end`.

    `head` is what the tag (or its opening half) replaces, `end` what its closing half replaces in a
    block, None without one. `curly`: braces interpolate there where the LiveView version has them.
    """

    head: Span
    end: Span | None
    curly: bool


def helper_use(call: Call, layer: TemplateLayer) -> HelperUse | Unsure:
    """How the template uses what a call returns; `Unsure` unless the call is all that is shown."""
    path = heex.path_to(layer.template, call.start)
    curly = True
    for node in path:
        match node:
            case heex.HtmlComment():
                return Unsure("it stands in an HTML comment")
            case heex.Attribute():
                return Unsure("it stands in an attribute")
            case heex.Tag() if node.name in _RAW:
                return Unsure(f"it stands in a `<{node.name}>`")
            case heex.Tag() if node.attribute(NO_CURLY) is not None:
                curly = False
    whole = call.span if call.pipe is None else call.pipe.span
    match path:
        case (*_, heex.Interpolation(expression=span, marker="=") as node) if span == whole:
            return HelperUse(node.span, None, curly)
        case (
            *_,
            heex.EexBlock(marker="=", clauses=(clause,), end=heex.EexEnd() as end) as block,
            _,
        ):
            if clause.expression.start == call.start and layer.block_call(block) == call:
                return HelperUse(clause.head, end.span, curly)
        case (*_, heex.EexBlock(end=heex.EexEnd()), heex.Clause() as clause):
            if clause.expression.start == call.start:
                return Unsure("its block has several clauses or is not shown")
    return Unsure("it is only a part of an expression")
