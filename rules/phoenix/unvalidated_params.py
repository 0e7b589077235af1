"""phoenix/unvalidated-params"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    Match,
)
from lsp_server.syntax.literals import Keywords, List, Map, String
from lsp_server.syntax.node import Node
from lsp_server.text import LineIndex, Span, line_ending

from ._request_values import RequestValues

_FILES = (
    *(
        "read",
        "read!",
        "write",
        "write!",
        "rm",
        "rm!",
        "rm_rf",
        "rm_rf!",
        "stream!",
        "open",
        "open!",
    ),
    *("cp", "cp!", "cp_r", "cp_r!", "ls", "ls!", "mkdir", "mkdir!", "mkdir_p", "mkdir_p!"),
    *("rename", "rename!", "touch", "touch!"),
)
_WRITES = ("insert", "insert!", "insert_all", "update_all", "query", "query!")
_CHECKS = re.compile(r"Integer\.parse|Path\.(?:safe_relative|basename)|=~|Regex\.match")
# What is in them may not be reached.
_SOMETIMES = frozenset({"do_block", "stab_clause", "block"})
_SKIPPED = re.compile(r"(?:do|else):")
_LAZY = frozenset({"&&", "||", "and", "or", "<-", "->"})
_RESCUES = re.compile(r"\brescue\b")


class UnvalidatedParams(Rule):
    """
    What came in the request, handed as it is to a function that trusts it.

    `String.to_integer("abc")` raises, and the visitor who mistyped an address gets the page for a
    server error, while an alarm wakes somebody. A path or a command made of a parameter reads
    other files and runs other commands than meant. A map of parameters that goes straight to the
    database stores whatever a stranger has added to it.

    ## Bad

    ```elixir
    defmodule ShopWeb.ProductController do
      use ShopWeb, :controller

      def index(conn, params) do
        page = String.to_integer(params["page"])

        render(conn, :index, products: Shop.Catalog.list_products(page))
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.ProductController do
      use ShopWeb, :controller

      def index(conn, params) do
        page =
          case Integer.parse(params["page"] || "") do
            {number, ""} -> number
            _ -> raise Plug.BadRequestError
          end

        render(conn, :index, products: Shop.Catalog.list_products(page))
      end
    end
    ```

    ## When it stays silent

    - The value goes through `cast`, a changeset or any function of the project before.
    - The function has a guard or a `rescue`, or one of its statements parses the value
      (`Integer.parse/1`), matches it with a regular expression, or takes `Path.basename/1` of it.
    - `Repo.get`, `get!`, `get_by`: phoenix_ecto answers 400 or 404 for what does not fit.
    - `String.to_integer` in `handle_event/3`: the value is one that the page itself has sent, and a
      forged one crashes nobody else's page.

    ## What the fix changes

    `x = String.to_integer(value)` becomes a `case` over `Integer.parse/1` that raises
    `Plug.BadRequestError`, for which the visitor gets a 400; a number that is given to a call is
    parsed in a line before it. A default may be better than that. The other calls have no fix: cast
    the parameters with a changeset, or look the value up in a list of what is allowed.
    """

    @on(Call, name="to_integer")
    def converts(self, call: Call, file: File) -> Iterator[Finding]:
        """`String.to_integer(params["x"])`."""
        values = _values(file)
        given = _first(call)
        if values is None or given is None or not file.calls(call, "String", "to_integer"):
            return
        function = values.function
        if function is None or function.name == "handle_event" or not values.holds(given):
            return
        if _defaulted(given) or _is_checked(given, function):
            return
        edits = _parsed(call, given, function, file) if call.capture_arity is None else None
        fix = None if edits is None else Fix.review("Parse it, and answer 400", lambda _: edits)
        yield self.finding(
            call.callee_span,
            f"`String.to_integer` crashes for any `{_short(given)}` that is no number: "
            "use `Integer.parse`",
            fix=fix,
        )

    @on(Call, name=_FILES)
    def files(self, call: Call, file: File) -> Iterator[Finding]:
        """`File.read!(params["path"])`."""
        if call.module is not None and file.names(call).expand(call.module) == "File":
            yield from self._trusts(call, call.arguments[:1], file, "look it up in a list")

    @on(Call, name=("cmd", "shell"))
    def commands(self, call: Call, file: File) -> Iterator[Finding]:
        """`System.cmd("convert", [params["file"]])`."""
        if file.calls(call, "System", "cmd", "shell"):
            yield from self._trusts(call, call.arguments[:2], file, "look it up in a list")

    @on(Call, name=("struct", "struct!"))
    def structs(self, call: Call, file: File) -> Iterator[Finding]:
        """`struct(User, params)`."""
        if call.receiver is None and call.arity == 2 and not file.is_local(call):
            yield from self._trusts(call, call.arguments[1:], file, "cast it with a changeset")

    @on(Call, name=_WRITES)
    def writes(self, call: Call, file: File) -> Iterator[Finding]:
        """`Repo.insert_all(User, params["users"])`."""
        if file.is_repo(call):
            yield from self._trusts(call, call.arguments[:2], file, "cast it with a changeset")

    def _trusts(
        self, call: Call, arguments: list[Node], file: File, advice: str
    ) -> Iterator[Finding]:
        values = _values(file)
        if values is None:
            return
        for argument in arguments:
            for value in _direct(argument, values):
                if _is_checked(value, values.function):
                    continue
                yield self.finding(
                    call.callee_span,
                    f"`{call.dotted}` is given `{_short(value)}` as the request has it: {advice}",
                )
                return


def _values(file: File) -> RequestValues | None:
    values = RequestValues.of(file)
    if values is None or values.function is None or values.function.guard is not None:
        return None
    return values


def _is_checked(value: Node, function: Function | None) -> bool:
    """Whether a statement of the function checks something together with a value."""
    if function is None:
        return True
    name = re.compile(rf"(?<!\w){re.escape(value.text)}(?!\w)")
    return _RESCUES.search(function.call.text) is not None or any(
        _CHECKS.search(one.text) and name.search(one.text) for one in function.body
    )


def _first(call: Call) -> Node | None:
    """What a function of one argument is given; captured, what it is mapped over."""
    if call.capture_arity == 1:
        around = call.enclosing(Call)
        return around.arguments[0] if around is not None and around.arguments else None
    written = call.written_arguments
    if call.pipe is not None:
        return call.piped if not written else None
    return written[0] if len(written) == 1 else None


def _defaulted(given: Node) -> bool:
    return False if isinstance(given, (Identifier, Access)) else '"' not in given.text


def _direct(argument: Node, values: RequestValues) -> Iterator[Node]:
    """The request's values that an argument is, or that a path or list is made of."""
    if values.holds(argument):
        yield argument
        return
    if isinstance(argument, Map) and argument.struct is not None:
        fields = [pair.value for one in argument.find(Keywords) for pair in one.pairs]
        yield from [field for field in fields if field and values.holds(field)][:1]
        return
    pathlike = isinstance(argument, Call) and argument.dotted == "Path.join"
    if isinstance(argument, List) or pathlike or argument.kind in ("string", "binary_operator"):
        for one in values.within(argument):
            around = one.enclosing(Call)
            if around is not None and around.start >= argument.start and not pathlike:
                if around != argument:
                    continue
            yield one
            return


def _short(node: Node) -> str:
    text = " ".join(node.text.split())
    return text if len(text) <= 40 else f"{text[:37]}…"


def _parsed(call: Call, given: Node, function: Function, file: File) -> list[Edit] | None:
    """The parsing of a value: in the place of a match with a variable, or in a line of its own
    before the statement that needs it; None where that is deeper in."""
    if not isinstance(given, (Identifier, Access)):
        return None
    whole: Node = call if call.pipe is None else call.pipe
    statement = _statement(whole, function)
    if statement is None:
        return None
    lines, newline = file.document.lines, line_ending(file.document.source)
    first, last = lines.line_at(statement.start), lines.line_at(statement.end)
    indent = lines.indentation(statement.start).decode()
    if lines.line_span(first).start + len(indent) != statement.start:
        return None
    if lines.line_span(last).end != statement.end:
        return None
    value = given.text if isinstance(given, Identifier) else f'{given.text} || ""'
    match = statement if isinstance(statement, Match) and statement.right == whole else None
    if match is not None and isinstance(match.left, Identifier) and first == last:
        edits = [Edit(match.span, f"{newline}{indent}".join(_rows(match.left.text, value)))]
    else:
        name = _name(given, function)
        if not name:
            return None
        rows = f"{newline}{indent}".join(_rows(name, value))
        at = statement.start
        edits = [
            Edit(Span(at, at), f"{rows}{newline}{newline}{indent}"),
            Edit(whole.span, name),
        ]
        last = -1
    above = first
    while lines.line_bytes(above - 1).lstrip().startswith(b"#"):
        above -= 1
    siblings = [] if statement.parent is None else statement.parent.children
    if siblings[:1] != [statement] and lines.line_bytes(above - 1).strip():
        edits.append(_blank(lines, above, newline))
    if last >= 0 and siblings[-1:] != [statement] and lines.line_bytes(last + 1).strip():
        edits.append(_blank(lines, last + 1, newline))
    return edits


def _rows(name: str, value: str) -> tuple[str, ...]:
    return (
        f"{name} =",
        f"  case Integer.parse({value}) do",
        '    {number, ""} -> number',
        "    _ -> raise Plug.BadRequestError",
        "  end",
    )


def _statement(node: Node, function: Function) -> Node | None:
    """The statement of a function's `do` block that a node is in, if it always comes to it."""
    if function.call.do_block is None:
        return None
    while node not in function.body:
        parent = node.parent
        if parent is None or parent.span == function.call.span:
            return None
        if isinstance(parent, (AnonymousFunction, Capture)) or parent.kind in _SOMETIMES:
            return None
        if _SKIPPED.match(parent.text) is not None and parent.kind == "pair":
            return None
        if isinstance(parent, BinaryOperator) and parent.operator in _LAZY:
            return None
        node = parent
    return node


def _name(given: Node, function: Function) -> str:
    """A name for the number: the value's own where nothing else needs that."""
    match given:
        case Identifier(name):
            used = 1 + any(_has_word(one.text, name) for one in function.parameters)
        case Access(Node(), String(str(name))) if re.fullmatch(r"[a-z]\w*", name):
            used = 1
        case _:
            return ""
    words = [one.name for one in function.call.find(Identifier)]
    taken = used if isinstance(given, Identifier) else 0
    if words.count(name) > taken:
        name = f"{name}_number"
    return "" if name.endswith("_number") and name in words else name


def _has_word(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def _blank(lines: LineIndex, line: int, newline: str) -> Edit:
    """The edit that sets a line off from the one before it. It takes the line ending between them,
    so that fixes of both lines come one after the other."""
    return Edit(Span(lines.line_span(line - 1).end, lines.line_span(line).start), newline * 2)
