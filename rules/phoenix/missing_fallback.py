"""phoenix/missing-fallback"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import CreateFile, Edit, Finding, Fix, Operation, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Clause, Identifier
from lsp_server.syntax.literals import Atom, Comment, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module
from lsp_server.text import Span, line_ending

from ._actions import actions, is_controller

WIDTH = 98  # the formatter's line length
_SPACE = re.compile(r"\s+")
# Functions of Plug.Conn and Phoenix.Controller (1.8) that every controller has.
_SHARED = frozenset(
    {"put_status", "json", "text", "send_resp", "put_view", "put_resp_header", "halt", "resp"}
    | {"render", "put_resp_content_type", "inspect", "to_string"}
)
_FALLBACK = """defmodule {module} do
  use {web}, :controller

{clauses}
end
"""


_ERROR_PAGE = re.compile(r":errors?\b|\"errors?\.json\"")


class MissingFallback(Rule):
    """
    Actions of one controller that answer the same error with the same lines.

    Each copy is a chance to forget the status or to word the error in another way, and clients
    have to know all of them. `action_fallback` gives what an action returns instead of a `conn` to
    one controller, which answers every error in one place.

    ## Bad

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def show(conn, %{"id" => id}) do
        case Shop.Orders.fetch_order(id) do
          {:ok, order} -> json(conn, order)
          {:error, :not_found} -> send_resp(conn, 404, "")
        end
      end

      def cancel(conn, %{"id" => id}) do
        case Shop.Orders.cancel_order(id) do
          {:ok, order} -> json(conn, order)
          {:error, :not_found} -> send_resp(conn, 404, "")
        end
      end
    end
    ```

    ## Good

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      action_fallback ShopWeb.FallbackController

      def show(conn, %{"id" => id}) do
        with {:ok, order} <- Shop.Orders.fetch_order(id) do
          json(conn, order)
        end
      end

      def cancel(conn, %{"id" => id}) do
        with {:ok, order} <- Shop.Orders.cancel_order(id) do
          json(conn, order)
        end
      end
    end
    ```

    `lib/shop_web/controllers/fallback_controller.ex`:

    ```elixir
    defmodule ShopWeb.FallbackController do
      use ShopWeb, :controller

      def call(conn, {:error, :not_found}), do: send_resp(conn, 404, "")
    end
    ```

    ## When it stays silent

    - The controller has an `action_fallback`.
    - The clauses differ, or need more than `conn` and what the clause itself binds.
    - The clause renders a page of this controller (other than `error`), redirects to one, or calls
      private functions: that is an answer of this page alone.
    - The clauses are in one action.

    ## What the fix changes

    `action_fallback` is added, and a FallbackController with the repeated clause if the application
    has none; one that is there has to answer the error. Where an action ends in a `case` of just
    this clause and another one, it becomes a `with`; a `with` whose `else` is just
    this clause loses it; other actions stay as they are.
    """

    severity = Severity.INFORMATION

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        """Every controller."""
        if not is_controller(module, file):
            return
        if any(form.callee == b"action_fallback" for form in module.forms):
            return
        found: dict[str, dict[str, Clause]] = {}
        for form, function in actions(module):
            for clause in form.index.nodes(Clause):
                if _is_error(clause) and _can_move(clause, module):
                    text = _SPACE.sub(" ", clause.text)
                    found.setdefault(text, {}).setdefault(function.name, clause)
        for places in found.values():
            if len(places) > 1:
                yield self._finding(list(places.values()), list(places), module, file)

    def _finding(
        self, clauses: list[Clause], names: list[str], module: Module, file: File
    ) -> Finding:
        first = clauses[0]
        pattern = first.patterns[0]
        related = [
            Related(one.patterns[0].span, f"`{name}` answers the same")
            for one, name in zip(clauses[1:], names[1:], strict=True)
        ]
        others = ", ".join(f"`{name}`" for name in names[1:])
        build = partial(_operations, module=module, file=file, clauses=clauses)
        fix = Fix.review("Add action_fallback", build, needs_files=True)
        own_view = "render" in first.text and "put_view" not in first.text
        return self.finding(
            pattern,
            f"`{pattern.text}` is answered in `{names[0]}` as in {others}: let an "
            "`action_fallback` do it",
            related=related,
            fix=None if own_view else fix,
        )


def _is_error(clause: Clause) -> bool:
    patterns = clause.patterns
    if len(patterns) != 1 or clause.guard is not None or not clause.body:
        return False
    elements = patterns[0].elements if isinstance(patterns[0], Tuple) else []
    return bool(elements) and isinstance(elements[0], Atom) and elements[0].name == "error"


def _can_move(clause: Clause, module: Module) -> bool:
    """Whether a clause needs nothing but `conn` and what it binds, and no page of its own."""
    bound = {one.name for one in clause.patterns[0].find(Identifier)} | {"conn"}
    for statement in clause.body:
        views = "put_view" in statement.text
        for node in statement.descendants():
            if isinstance(node, Identifier) and node.name not in bound:
                if not _is_callee(node):
                    return False
            elif isinstance(node, Call) and node.receiver is None:
                if node.name not in _SHARED:
                    return False
                if node.name == "render" and not views and not _ERROR_PAGE.search(node.text):
                    return False
                if module.names.functions.get(node.name):
                    return False
    return "conn" in clause.text


def _is_callee(node: Identifier) -> bool:
    parent = node.parent
    return (isinstance(parent, Call) and parent.name_span == node.span) or _is_step(node)


def _is_step(node: Identifier) -> bool:
    """Whether a name is the right side of a dot."""
    parent = node.parent
    return parent is not None and parent.kind == "dot" and parent.children[-1:] == [node]


def _operations(
    snapshot: Snapshot, module: Module, file: File, clauses: Sequence[Clause]
) -> Iterator[Operation]:
    document = snapshot.document(file.path)
    if document is None:
        return
    web = module.name.partition(".")[0]
    fallback = f"{web}.FallbackController"
    edit = _directive(document.source, module, file, f"action_fallback {fallback}")
    if edit is None:
        return
    yield edit
    for clause in clauses:
        yield from _shortened(clause, document)
    path = f"{_controllers(file.path)}/fallback_controller.ex"
    if path not in snapshot.index:
        yield CreateFile(
            path, _FALLBACK.format(module=fallback, web=web, clauses=_call(clauses[0]))
        )


def _shortened(clause: Clause, document: Document) -> Iterator[Edit]:
    """The edit that makes a `with` of a `case` which has one clause beside the repeated one, or
    takes the `else` off a `with` which has none beside it."""
    case = clause.enclosing(Call)
    while case is not None and case.name not in ("case", "with"):
        case = case.enclosing(Call)
    if case is not None and case.name == "with":
        yield from _without_else(case, document)
        return
    if case is None or len(case.clauses()) != 2 or len(case.written_arguments) != 1:
        return
    function = Function.around(case)
    other = next(one for one in case.clauses() if one != clause)
    if function is None or function.body[-1:] != [case] or next(case.find(Comment), None):
        return
    if other.guard is not None or len(other.patterns) != 1 or not other.body:
        return
    newline = line_ending(document.source)
    indent = document.lines.indentation(case.start).decode()
    head = f"with {other.patterns[0].text} <- {case.written_arguments[0].text} do"
    if "\n" in head or len(indent) + len(head) > WIDTH or "\n" in other.patterns[0].text:
        return
    first, last = other.body[0].start, other.body[-1].end
    rows = Span(first, last).slice(document.source).decode("utf-8", "replace").split(newline)
    by = len(indent) + 2 - _column(other.body[0])
    if len(rows) > 1 and document.lines.line_at(first) == document.lines.line_at(other.start):
        return
    shifted = [rows[0], *(_shift(row, by) for row in rows[1:])]
    body = "".join(
        f"{newline}{indent}  {row}" if not n else f"{newline}{row}" for n, row in enumerate(shifted)
    )
    yield Edit(case.span, f"{head}{body}{newline}{indent}end", document.path)


def _without_else(block: Call, document: Document) -> Iterator[Edit]:
    function, body = Function.around(block), block.section("do")
    if function is None or function.body[-1:] != [block] or block.do_block is None or not body:
        return
    if len(block.clauses("else")) != 1 or next(block.find(Comment), None):
        return
    newline = line_ending(document.source)
    indent = document.lines.indentation(block.start).decode()
    yield Edit(Span(body[-1].end, block.end), f"{newline}{indent}end", document.path)


def _shift(row: str, by: int) -> str:
    if not row.strip():
        return ""
    return row[-by:] if by < 0 and not row[:-by].strip() else " " * max(by, 0) + row


def _controllers(path: str) -> str:
    folder = path.rpartition("/")[0]
    head, found, _ = folder.partition("/controllers")
    return head + found if found else folder


def _directive(source: bytes, module: Module, file: File, text: str) -> Edit | None:
    """The edit that adds a line after the `use`, `alias`, `import`, `require` of a module."""
    last = None
    for form in module.forms:
        if form.callee in (b"use", b"alias", b"import", b"require"):
            last = form
    if last is None:
        return None
    lines, newline = file.document.lines, line_ending(source)
    end = lines.line_span(lines.line_at(last.span.end)).end
    indent = lines.indentation(last.span.start).decode()
    return Edit(Span(end, end), f"{newline}{newline}{indent}{text}", file.path)


def _call(clause: Clause) -> str:
    """The clause as one of `call/2`."""
    pattern = clause.patterns[0].text
    body: Sequence[Node] = clause.body
    if len(body) == 1 and "\n" not in body[0].text:
        line = f"  def call(conn, {pattern}), do: {body[0].text}"
        if len(line) <= 98:
            return line
    rows: list[str] = []
    for statement in body:
        column = _column(statement)
        first, *others = statement.text.replace("\r\n", "\n").split("\n")
        rows.append(f"    {first}")
        rows += [f"    {one[column:]}" if one.strip() else "" for one in others]
    return "\n".join([f"  def call(conn, {pattern}) do", *rows, "  end"])


def _column(node: Node) -> int:
    before = node.tree.source[: node.start]
    return len(before) - (before.rfind(b"\n") + 1)
