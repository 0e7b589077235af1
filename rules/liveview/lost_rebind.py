"""liveview/lost-rebind"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lsp_server.lint.apply import apply_edits
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import AnonymousFunction, Call, Identifier, Match
from lsp_server.syntax.literals import Atom, Nil, Quoted, Sigil
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_layout import LINE_LENGTH, shifted
from lsp_server.text import Span, line_ending

_NAMES = frozenset({"socket", "assigns", "conn", "changeset"})
# No `\b` in front, with which the search takes twice as long: nodes tell what it lets through.
_REBOUND = re.compile(rb"(?:" + "|".join(sorted(_NAMES)).encode() + rb")\s*=")
_BLOCKS = ("if", "unless", "case", "cond", "for", "each")
_LOOPS = ("for", "each")
_SEQUENCES = frozenset({"do_block", "body", "block", "else_block"})
_SECTIONS = frozenset({"else_block", "rescue_block", "catch_block", "after_block"})
_INSIDE = _SEQUENCES | {"stab_clause", "anonymous_function", "arguments"}
_DEEPEST = 20  # blocks in blocks
_JUMPS = frozenset({"raise", "throw", "exit", "reraise"})


class LostRebind(Rule):
    """
    A socket, conn or changeset rebound inside a block whose value nobody takes.

    A variable that is bound inside `if`, `case` or `for` ends with the block: outside, the name
    still means the old value. The assign, the header or the validation is silently lost.

    ## Bad

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def handle_params(params, _uri, socket) do
        if params["tab"] do
          socket = assign(socket, :tab, params["tab"])
        end

        {:noreply, socket}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def handle_params(params, _uri, socket) do
        socket =
          if params["tab"] do
            assign(socket, :tab, params["tab"])
          else
            socket
          end

        {:noreply, socket}
      end
    end
    ```

    ## When it stays silent

    - The block's value is bound, returned or passed on.
    - The branch uses the new value itself, as in `changeset = …` before a `Repo.insert`.
    - The new value does not come from the old one, or the old one is not used after the block.

    ## What the fix changes

    The block's value is bound to the variable; branches that left it alone return it as it was.
    A `for` and `Enum.each` have no fix, because what must become of the single results is not
    known: `Enum.reduce` is what is mostly meant. A block at the end of another one is bound first,
    and then the one around it.
    """

    severity = Severity.ERROR

    @on(Call, name=_BLOCKS)
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Every block that is a statement of a function."""
        if file.layer is not None or file.form is None or file.form.function is None:
            return
        if not _REBOUND.search(call.bytes):
            return
        if call.receiver is not None and call.dotted != "Enum.each":
            return
        if (call.name == "each") == (call.receiver is None):
            return
        node: Node = call if call.pipe is None else call.pipe
        following, in_loop = _following(node)
        if not following:
            return
        branches = list(_branches(call))
        for name in sorted(_NAMES):
            lost = [match for one in branches if (match := _loses(one, name)) is not None]
            read = _read(following, name) if lost else None
            if read is None:
                continue
            if any(outer.name == "quote" for outer in call.ancestors() if isinstance(outer, Call)):
                return
            where = "`Enum.each`" if call.name == "each" else f"the `{call.name}`"
            message = f"the new `{name}` ends with {where}: after it `{name}` is still the old one"
            fix = None if in_loop else _fix(call, branches, name, file)
            related = [Related(read.span, f"here `{name}` is the old one")]
            yield self.finding(lost[0].left, message, fix=fix, related=related)


class _Branch(NamedTuple):
    """The expressions of one branch."""

    body: Sequence[Node]


def _following(node: Node) -> tuple[list[Node], bool]:
    """The expressions after one whose value is not used, also after the blocks that it ends, and
    whether one of these is a loop; nothing for any other."""
    in_loop = False
    for _ in range(_DEEPEST):
        parent = node.parent
        if parent is None or parent.kind not in _SEQUENCES:
            return [], in_loop
        siblings = [one for one in parent.children if one.kind not in _SECTIONS]
        if node not in siblings:
            return [], in_loop
        after = siblings[siblings.index(node) + 1 :]
        if after:
            return after, in_loop
        outer = next((it for it in parent.ancestors() if it.kind not in _INSIDE), None)
        if not isinstance(outer, Call) or outer.name not in _BLOCKS:
            return [], in_loop
        in_loop = in_loop or outer.name in _LOOPS
        node = outer if outer.pipe is None else outer.pipe
    return [], in_loop


def _branches(call: Call) -> Iterator[_Branch]:
    if call.name == "each":
        for argument in call.written_arguments[-1:]:
            if isinstance(argument, AnonymousFunction):
                for clause in argument.clauses:
                    yield _Branch(clause.body)
        return
    if call.name in ("case", "cond"):
        for clause in call.clauses():
            yield _Branch(clause.body)
        return
    for section in ("do", "else") if call.name != "for" else ("do",):
        body = call.section(section)
        if body:
            yield _Branch(body)


def _loses(branch: _Branch, name: str) -> Match | None:
    """Where a branch gives the variable a value made of its own that nothing after it reads."""
    last = branch.body[-1] if branch.body else None
    if isinstance(last, Call) and last.receiver is None and last.name in _JUMPS:
        return None
    found: Match | None = None
    for one in branch.body:
        if isinstance(one, Match) and one.left.text == name:
            # Where the branch itself has bound the name, from something else, it means that.
            if not _mentions(one.right, name):
                return None
            found = one
        elif isinstance(one, Match) and _mentions(one.left, name):
            return None
        elif found is not None and (_mentions(one, name) or any(True for _ in one.find(Sigil))):
            found = None
    return found


def _mentions(node: Node, name: str) -> bool:
    return any(one.name == name for one in node.find(Identifier))


def _read(following: Sequence[Node], name: str) -> Node | None:
    """Where a variable is read before it means something else."""
    for one in following:
        if isinstance(one, Match) and _mentions(one.left, name) and not _mentions(one.right, name):
            return None
        value = one.right if isinstance(one, Match) else one
        for found in value.find(Identifier):
            if found.name == name:
                return found
        # `~H` reads the variable `assigns` without naming it.
        if name == "assigns":
            for sigil in one.find(Sigil):
                if sigil.name == "H":
                    return sigil
    return None


def _fix(call: Call, branches: list[_Branch], name: str, file: File) -> Fix | None:
    if call.name in ("for", "each") or call.pipe is not None or call.has_error:
        return None
    text = (
        _inline(call, name, file) if call.do_block is None else _block(call, branches, name, file)
    )
    if text is None:
        return None
    edit = Edit(call.span, text)
    return Fix.safe(f"Bind the value to `{name}`", lambda _: [edit])


def _inline(call: Call, name: str, file: File) -> str | None:
    """`if c, do: socket = …` on one line."""
    if call.name not in ("if", "unless") or not call.written_arguments or "\n" in call.text:
        return None
    parts: list[str] = []
    for section in ("do", "else"):
        body = call.section(section)
        if len(body) > 1:
            return None
        value = name if not body else body[0].text
        if body and isinstance(body[0], Match):
            if body[0].left.text != name:
                return None
            value = body[0].right.text
        elif body and not isinstance(body[0], Identifier):
            return None
        parts.append(f"{section}: {value}")
    text = f"{name} = {call.name} {call.written_arguments[0].text}, {', '.join(parts)}"
    indent = file.document.lines.indentation(call.start).decode()
    return text if len(indent) + len(text) <= LINE_LENGTH else None


def _block(call: Call, branches: list[_Branch], name: str, file: File) -> str | None:
    source, lines = call.tree.source, file.document.lines
    newline = line_ending(source)
    block = call.do_block
    if block is None or not all(one.body for one in branches):
        return None
    if any("\n" in one.text and not one.is_heredoc for one in call.find(Quoted)):
        return None
    edits: list[Edit] = []
    for branch in branches:
        last = branch.body[-1]
        if isinstance(last, Match) and last.left.text == name:
            right = last.right
            first = lines.line_at(last.start)
            by = len(lines.indentation(last.start)) - len(lines.indentation(right.start))
            below = lines.line_at(right.start) > first
            edits.append(Edit(last.span, shifted(source, right.span, by if below else 0)))
        elif isinstance(last, Match) and _mentions(last.left, name):
            return None
        elif isinstance(last, Identifier) and last.name == name:
            continue
        elif isinstance(last, Atom | Nil):
            edits.append(Edit(last.span, name))
        elif not (isinstance(last, Call) and last.receiver is None and last.name in _JUMPS):
            line = lines.line_at(last.start)
            if lines.line_bytes(line)[: last.start - lines.line_span(line).start].strip():
                return None  # a clause of one line
            indent = lines.indentation(last.start).decode()
            empty = newline if lines.line_at(last.end) > line else ""
            edits.append(Edit(Span(last.end, last.end), f"{newline}{empty}{indent}{name}"))
    if call.name in ("if", "unless") and "else" not in block.sections:
        indent = lines.indentation(call.start).decode()
        end = call.end - len("end")
        text = f"else{newline}{indent}  {name}{newline}{indent}"
        edits.append(Edit(Span(end, end), text))
    at = call.start
    moved = [Edit(Span(one.span.start - at, one.span.end - at), one.text) for one in edits]
    changed = apply_edits(call.bytes, moved)
    indent = lines.indentation(call.start).decode()
    body = shifted(changed, Span(0, len(changed)), 2)
    return f"{name} ={newline}{indent}  {body}"
