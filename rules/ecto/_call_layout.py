"""Lays calls out as the formatter does: `add :x, :string, null: false`, and what is too long."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import set_apart
from lsp_server.syntax.elixir import Call
from lsp_server.text import line_ending

WIDTH = 98
_CREATES = ("create", "create_if_not_exists")


def laid_out(
    name: str,
    arguments: Sequence[str],
    options: Sequence[str],
    indent: int,
    *,
    parentheses: bool = False,
    before: int = 0,
) -> str | None:
    """A call that begins at column `indent`, without indentation at its start.

    `before` is how much stands before it on its line (`create `). The answer is None where an
    argument alone is too long for a line.
    """
    open_, close = ("(", ")") if parentheses else (" ", "")
    column = indent + before
    flat = f"{name}{open_}{', '.join([*arguments, *options])}{close}"
    # Of `create constraint(…, key: value)` the formatter does not count the last parenthesis.
    if column + len(flat) <= WIDTH + (1 if before and parentheses and options else 0):
        return flat
    head = f"{name}{open_}{', '.join(arguments)}"
    inner = " " * (column + 2)
    ending = f"\n{' ' * column})" if parentheses else ""
    if options and column + len(head) + 1 <= WIDTH:
        shown = [_option(f"{one},", inner) for one in options[:-1]]
        return "\n".join([f"{head},", *shown, _option(options[-1], inner)]) + ending
    lines = [*arguments, *options]
    if parentheses:
        laid = f"{name}(" + ",".join(f"\n{inner}{one}" for one in lines) + ending
    else:
        inner = " " * (column + len(name) + 1)
        laid = f"{name} " + f",\n{inner}".join(lines)
    if any(len(inner) + len(one) + 1 > WIDTH for one in lines):
        return None
    return laid


def _option(pair: str, indent: str) -> str:
    """An option on a line of its own, a string that is too long on the next one."""
    key, _, value = pair.partition(": ")
    if value.startswith('"') and len(indent) + len(pair) > WIDTH:
        return f"{indent}{key}:\n{indent}  {value}"
    return f"{indent}{pair}"


def relaid(
    document: Document, call: Call, arguments: Sequence[str], options: Sequence[str]
) -> list[Edit]:
    """The edits that give a call of one line other arguments; none where they cannot be laid out,
    or where more than the call stands on its line."""
    lines, newline = document.lines, line_ending(document.source)
    number = lines.line_at(call.start)
    line = lines.line_span(number)
    whole = _statement(call)
    indent = document.source[line.start : whole.start]
    after = document.source[whole.end : line.end].strip()
    if lines.line_at(call.end) != number or indent.strip() or (after and after[:1] != b"#"):
        return []
    column, before = len(indent), call.start - whole.start
    if whole != call and whole.has_parentheses:
        laid = laid_out(call.name, arguments, options, column + 2, parentheses=True)
        if laid is not None:
            laid = f"{whole.name}(\n{' ' * (column + 2)}{laid}\n{' ' * column})"
    else:
        written = call.has_parentheses
        laid = laid_out(call.name, arguments, options, column, parentheses=written, before=before)
        if laid is not None:
            laid = f"{'' if whole == call else whole.name + ' '}{laid}"
    if laid is None:
        return []
    edits = [Edit(whole.span, laid.replace("\n", newline), document.path)]
    if "\n" in laid:
        if after:
            return []
        edits += set_apart(document, whole)
    return edits


def _statement(call: Call) -> Call:
    """The `create` whose one argument a call is; else the call itself."""
    outer = call.enclosing(Call)
    if outer is None or outer.receiver is not None or outer.name not in _CREATES:
        return call
    return outer if outer.written_arguments == [call] and outer.do_block is None else call
