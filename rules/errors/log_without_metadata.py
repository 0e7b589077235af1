"""errors/log-without-metadata"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.lint.set_apart import set_apart
from lsp_server.role import Role
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Identifier,
    ModuleAttribute,
)
from lsp_server.syntax.literals import String, StringInterpolation
from lsp_server.syntax.node import Node
from lsp_server.text import line_ending

WIDTH = 98  # the formatter's line length
_LEVELS = ("error", "warning", "warn", "critical", "alert", "emergency")
_FULL_NAMES = {"__MODULE__": "module", "e": "error", "err": "error", "ex": "error"}
_NAME = re.compile(r"[a-z]\w*")
_EMPTY_MARKS = re.compile(r"\(\s*\)|\[\s*\]|'\s*'|`\s*`|<\s*>|\\\"\s*\\\"")
# `order=` or `, reason:` right before what is interpolated.
_LABEL = re.compile(r"(?:\w[\w.]*=|(?<=[,;(]) *\w+:) *$|[:=] *$")
_BEFORE_SIGN = re.compile(r"\s+([,;.!])(?=\s|$)")
# Keys that Erlang's logger and Elixir's Logger give a meaning of their own.
_RESERVED = frozenset(
    {
        *("ansi_color", "application", "crash_reason", "domain", "error_logger", "file"),
        *("function", "gl", "initial_call", "line", "mfa", "module", "pid", "registered_name"),
        *("report_cb", "time"),
    }
)
_HEAD = re.compile(r"^[\s:,;.=-]+")  # what stood behind something at the begin
_TAIL = re.compile(
    r"(?:[\s:;,.=|>/#-]|(?<!\w)(?:for|of|with|to|in|at|from|by|on|as|is|was|and|due to|because|"
    r"because of|reason|with reason|with error|got))+$",
    re.I,
)


class LogWithoutMetadata(Rule):
    """
    A log message in which all that would help is part of the sentence.

    Whoever looks for all failures of one order, or counts how often a reason occurs, has to take
    sentences apart. Metadata arrives at the log service as fields that can be filtered, grouped
    and counted, and the message stays the same for every occurrence.

    ## Bad

    ```elixir
    defmodule Shop.Payments do
      require Logger

      def failed(order, reason) do
        Logger.error("Payment of order #{order.id} failed: #{inspect(reason)}")
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Payments do
      require Logger

      def failed(order, reason) do
        Logger.error("Payment of order failed", order_id: order.id, reason: inspect(reason))
      end
    end
    ```

    ## When it stays silent

    - The call has metadata, whatever it is; the message is no text, or has nothing interpolated or
      joined to it with `<>`.
    - The level is below warning; mix tasks.

    ## What the fix changes

    What is interpolated becomes metadata, named after the variable or field that it is, and is
    taken out of the message; read that once more. The console shows only those keys that
    `config :logger, :default_formatter, metadata: […]` names. There is no fix where an expression
    has no name to take over, where two would have the same, or where `<>` joins the parts.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    roles = frozenset({Role.LIB})

    @on(Call, name=_LEVELS)
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        written = call.written_arguments
        if file.is_mix_task or file.module_of(call) != "Logger" or len(written) != 1:
            return
        text = _message(written[0])
        joined = _is_joined(written[0])
        if not joined and (text is None or not text.interpolations):
            return
        fix = None
        metadata = [] if text is None else _metadata(text)
        if (
            text is not None
            and metadata
            and written[0] == text
            and not text.is_heredoc
            and "\n" not in text.text
        ):
            edits = _edits(file.document, call, text, metadata)
            if edits:
                fix = Fix.review("Hand the context over as metadata", lambda _: edits)
        yield self.finding(
            call.callee_span,
            f"`Logger.{call.name}` puts all its context into the message: use metadata",
            fix=fix,
        )


def _message(node: Node) -> String | None:
    """The text that is logged, also if a function makes it."""
    if isinstance(node, AnonymousFunction) and len(node.clauses) == 1:
        body = node.clauses[0].body
        node = body[-1] if body else node
    return node if isinstance(node, String) else None


def _is_joined(node: Node) -> bool:
    """Whether a text is put together with `<>` of parts that are not all written out."""
    while isinstance(node, BinaryOperator) and node.operator == "<>":
        if isinstance(node.left, (Call, Identifier)) or isinstance(node.right, (Call, Identifier)):
            return True
        node = node.right
    return False


def _metadata(text: String) -> list[tuple[str, str]]:
    """Keys and values for all interpolations; empty where one of them has no name."""
    found: dict[str, str] = {}
    for one in text.interpolations:
        expression = one.expression
        key = "" if expression is None else _key(expression)
        if key in _RESERVED:
            return []
        if expression is None or not key or found.get(key, expression.text) != expression.text:
            return []
        found[key] = expression.text
    return list(found.items())


def _key(expression: Node) -> str:
    match expression:
        case Identifier(name) | ModuleAttribute(name, None):
            name = _FULL_NAMES.get(name, name)
            return name if _NAME.fullmatch(name) else ""
        case Call() if expression.is_field_access and expression.receiver is not None:
            owner = _key(expression.receiver)
            if expression.name.startswith("_"):
                return owner
            short = owner.rpartition("_")[2] if owner else ""
            return f"{owner}_{expression.name}" if owner and short != expression.name else owner
        case Call("inspect" | "to_string" | "Exception.message" | "Exception.format", arguments):
            return _key(arguments[0]) if arguments else ""
        case Call("length" | "map_size" | "byte_size", [Identifier(name)]):
            return f"{name}_count"
        case Call() if expression.pipe is None and not expression.written_arguments:
            return expression.name if _NAME.fullmatch(expression.name) else ""
    return ""


def _sentence(text: String) -> str:
    """The message as written, without what was interpolated and the signs that led to it."""
    parts: list[str] = []
    at = text.content.start
    source = text.tree.source
    for part in text.parts:
        if isinstance(part, StringInterpolation):
            parts.append(_LABEL.sub("", source[at : part.start].decode("utf-8", "replace")))
            at = part.end
    parts.append(source[at : text.content.end].decode("utf-8", "replace"))
    sentence = "".join(parts)
    sentence = " ".join(_EMPTY_MARKS.sub("", sentence).split())
    sentence = _BEFORE_SIGN.sub(r"\1", sentence)
    return _HEAD.sub("", _TAIL.sub("", sentence)).strip()


def _edits(
    document: Document, call: Call, text: String, metadata: list[tuple[str, str]]
) -> list[Edit]:
    sentence = _sentence(text)
    if not re.search(r"[A-Za-z]{3}", sentence):
        return []
    pairs = [f"{key}: {value}" for key, value in metadata]
    flat = ", ".join([f'"{sentence}"', *pairs])
    lines = document.lines
    line = lines.line_span(lines.line_at(text.start))
    last = lines.line_span(lines.line_at(text.end))
    before = document.source[line.start : text.start].decode("utf-8", "replace")
    after = document.source[text.end : last.end].decode("utf-8", "replace").rstrip()
    if b"\n" in call.bytes:
        return []
    if len(before + flat + after) <= WIDTH:
        return [Edit(text.span, flat, document.path)]
    if before.strip() != call.callee_span.slice(document.source).decode() + "(" or after != ")":
        return []
    newline, indent = line_ending(document.source), lines.indentation(call.start).decode()
    inner = f",{newline}".join(f"{indent}  {one}" for one in pairs)
    broken = f'"{sentence}",{newline}{inner}{newline}{indent}'
    return [Edit(text.span, broken, document.path), *set_apart(document, call)]
