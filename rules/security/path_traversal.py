"""security/path-traversal"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.calls.primitives import words
from lsp_server.facts.local_flow import assigned
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import (
    Access,
    Call,
    Capture,
    DoBlock,
    Identifier,
    ModuleAttribute,
    Pipe,
)
from lsp_server.syntax.literals import Atom, List, String, StringInterpolation, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.operators import BinaryOperator, Match
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ..phoenix._request_values import RequestValues
from ._bounded import is_bounded, is_capture

_WIDTH = 98
_FILE = words(
    "read read! write write! rm rm! rm_rf rm_rf! stream! open open! cp cp! cp_r cp_r! ls ls! "
    "rename rename! mkdir mkdir! mkdir_p mkdir_p! touch touch!"
)
_FOLDER = re.compile(
    r"/(?:var|tmp|srv|opt|home|mnt|data|app|usr|etc)(?:/|\Z)|(?:priv|uploads?)(?:/|\Z)"
)
_FOLDER_NAME = re.compile(r"(?:^|_)(?:dir|directory|folder|root)$|^(?:uploads?|storage)_path$")
_FOLDERS = frozenset(
    {"Application.app_dir", ":code.priv_dir", "System.tmp_dir", "System.tmp_dir!"}
) | {*("File.cwd!", "Path.expand")}
_BOTH = frozenset({"cp", "cp!", "cp_r", "cp_r!", "rename", "rename!"})
# Calls whose result still says where to go, if their argument did.
_KEEPING = frozenset(
    {"Path.join", "Path.expand", "Path.absname", "Path.rootname", "to_string", "String.trim"}
    | {"Path.relative", "URI.decode", "String.downcase", "URI.decode_www_form"}
)
# Signs that the function looks at the path before it uses it.
_LOOKING = frozenset(
    {"safe_relative", "safe_relative_to", "basename", "starts_with?", "contains?", "valid?"}
    | {"regex", "match?", "safe"}
)


class PathTraversal(Rule):
    """
    A file whose name comes in the request.

    `../` in a name leaves the folder, and a name that begins with `/` never enters it once it is
    expanded. Whoever asks then reads the configuration and the keys of the server, or writes over
    its code.

    ## Bad

    ```elixir
    defmodule ShopWeb.ManualController do
      use ShopWeb, :controller

      def show(conn, %{"name" => name}) do
        send_download(conn, {:file, Path.join("/srv/manuals", name)})
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.ManualController do
      use ShopWeb, :controller

      def show(conn, %{"name" => name}) do
        {:ok, name} = Path.safe_relative(name, "/srv/manuals")
        send_download(conn, {:file, Path.join("/srv/manuals", name)})
      end
    end
    ```

    ## When it stays silent

    - The name went through `Path.safe_relative`, `Path.basename` or a function that is not known
      to keep it as it is, or the function asks about it (`String.contains?`, `in` a list, a regex).
    - An uploaded file's own path, which the server chose.
    - Values whose way from the request is not seen in one function.
    - `Path.join` alone, unless what it begins with is by its look or name a folder.

    ## What the fix changes

    A line before the statement lets a name pass only if it stays in the folder; any other raises a
    MatchError, which answers 500. Who would rather answer 404 matches `:error` in a `case`. With
    two arguments `Path.safe_relative` follows links; where mix.exs allows an Elixir before 1.16 it
    gets one, and there is no fix before 1.14. It is offered where the statement that makes the path
    stands on a line of its own. Of an uploaded file's name only the last part is taken.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB})

    @on(Call, name=(*sorted(_FILE), "send_file", "send_download"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        if is_capture(call):
            return
        paths = _paths(call, file)
        values = RequestValues.of(file) if paths else None
        if values is None or file.form is None or _looks(file.form):
            return
        for path in paths:
            value = _from_request(path, values, file.form)
            if value is not None:
                message = (
                    f"`{value.text}` comes in the request and chooses the file of `{call.dotted}`"
                )
                hint = _hint(file)
                fix = _fix(call, value, file)
                yield self.finding(call.callee_span, f"{message}: {hint}", fix=fix)
                return

    @on(Call, name="join")
    def check_join(self, call: Call, file: File) -> Iterator[Finding]:
        """A path that another function will open."""
        form = file.form
        if form is None or is_capture(call) or file.module_of(call) != "Path" or _looks(form):
            return
        parts = call.arguments
        if len(parts) == 1 and isinstance(parts[0], List):
            parts = parts[0].elements
        if len(parts) < 2 or not _is_folder(parts[0], form) or _is_opened(form, file):
            return
        values = RequestValues.of(file)
        if values is None:
            return
        for part in parts[1:]:
            value = _from_request(part, values, form)
            if value is not None:
                message = f"`{value.text}` comes in the request and may leave the folder"
                fix = _fix(call, value, file)
                yield self.finding(call.callee_span, f"{message}: {_hint(file)}", fix=fix)
                return


def _is_folder(base: Node, form: Form) -> bool:
    """Whether the first part of a path is by its look or name a folder of the server."""
    made = base
    if isinstance(base, Identifier):
        made = assigned(base, form) or base
    match made:
        case String():
            first = made.parts[0] if made.parts else ""
            return isinstance(first, str) and _FOLDER.match(first) is not None
        case Identifier(name) | ModuleAttribute(name):
            return _FOLDER_NAME.search(name) is not None
        case Call():
            return made.dotted in _FOLDERS or _FOLDER_NAME.search(made.name) is not None
    return False


def _is_opened(form: Form, file: File) -> bool:
    """Whether the function itself opens files, which is looked at there."""
    if b"send_file" in form.index.raw_calls or b"send_download" in form.index.raw_calls:
        return True
    return any(file.module_of(one) == "File" for one in form.index.calls(*sorted(_FILE)))


def _hint(file: File) -> str:
    """What the versions of Elixir that mix.exs allows have."""
    if file.depends("elixir >= 1.16.0"):
        return "ask `Path.safe_relative/2` first"
    if file.depends("elixir >= 1.14.0"):
        return "ask `Path.safe_relative/1` first"
    return "take its `Path.basename/1`"


def _paths(call: Call, file: File) -> list[Node]:
    """The arguments that are paths."""
    arguments = call.arguments
    if call.name in ("send_file", "send_download"):
        if call.receiver is not None and file.module_of(call) not in (
            "Plug.Conn",
            "Phoenix.Controller",
        ):
            return []
        at = 2 if call.name == "send_file" else 1
        if len(arguments) <= at:
            return []
        path = arguments[at]
        if call.name == "send_file":
            return [path]
        if isinstance(path, Tuple) and len(path.elements) == 2:
            kind, named = path.elements
            if isinstance(kind, Atom) and kind.name == "file":
                return [named]
        return []
    if file.module_of(call) != "File":
        return []
    return arguments[:2] if call.name in _BOTH else arguments[:1]


def _looks(form: Form) -> bool:
    return any(name.encode() in form.index.raw_calls for name in _LOOKING)


def _from_request(path: Node, values: RequestValues, form: Form) -> Node | None:
    """The request's value that a path is made of; None where there is none."""
    pending, seen = [path], 0
    while pending:
        node = pending.pop()
        seen += 1
        if seen > 60:
            break
        match node:
            case Identifier() | Access():
                if values.holds(node):
                    if not is_bounded(node, form):
                        return node
                elif isinstance(node, Identifier):
                    value = assigned(node, form)
                    if value is not None:
                        pending.append(value)
            case Pipe(_, left, right) if isinstance(right, Call) and right.dotted in _KEEPING:
                pending += [left, *right.written_arguments]
            case Call() if node.dotted in _KEEPING:
                pending += node.written_arguments
            case Call() if node.is_field_access and values.holds(node):
                return node
            case Call(receiver=Identifier("conn"), name="request_path" | "path_info"):
                return node
            case Call(name="client_name") if node.is_field_access:
                return node  # of an entry of LiveView's uploads
            case Call(receiver=Identifier() as upload) if node.is_field_access:
                # The browser says what an uploaded file is called.
                if node.name == "filename" and values.holds(upload):
                    return node
            case Call() | Pipe():
                continue
            case BinaryOperator("<>" | "|", left, right):
                pending += [left, right]
            case Capture() if node.placeholder == 1:
                pending += [one for one in [_iterated(node)] if one is not None]
            case StringInterpolation():
                pending += node.children
            case _ if node.kind in ("string", "list"):
                pending += node.children
    return None


def _iterated(placeholder: Capture) -> Node | None:
    """What `Enum.map` and its like run over with the function that has a `&1`."""
    capture = next((one for one in placeholder.ancestors() if isinstance(one, Capture)), None)
    call = None if capture is None else capture.enclosing(Call)
    return call.arguments[0] if call is not None and call.module == "Enum" else None


def _fix(call: Call, value: Node, file: File) -> Fix | None:
    """A line that lets only names pass that stay in the folder."""
    if isinstance(value, Call) and value.name in ("filename", "client_name"):
        text = f"Path.basename({value.text})"
        return Fix.review("Take the name alone", lambda _: [Edit(value.span, text)])
    if not file.depends("elixir >= 1.14.0") or _is_list(value, call):
        return None
    statement: Node = value
    for outer in value.ancestors():
        if isinstance(outer, DoBlock):
            break
        statement = outer
    lines = file.document.lines
    start = lines.starts[lines.line_at(statement.start)]
    block = statement.parent
    around = None if not isinstance(block, DoBlock) else block.parent
    name = _variable(value, file)
    if block is None or not name or not isinstance(around, Call) or around.name != "def":
        return None
    if isinstance(value, Identifier) and not _binds(around, value):
        if not any(_gives(one, value) for one in block.children if one.end <= statement.start):
            return None
    if file.document.source[start : statement.start].strip():
        return None
    folder = _folder(value) if file.depends("elixir >= 1.16.0") else ""
    arguments = f"{value.text}, {folder}" if folder else value.text
    indent = lines.indentation(statement.start).decode()
    newline = line_ending(file.document.source)
    line = f"{indent}{{:ok, {name}}} = Path.safe_relative({arguments}){newline}"
    gap = newline if "\n" in statement.text else ""  # as `mix format` has it
    edits = [Edit(Span(start, start), line + gap)]
    if not isinstance(value, Identifier):
        if len(line) > _WIDTH:
            return None
        edits.append(Edit(value.span, name))
    return Fix.review("Refuse names that leave the folder", lambda _: edits)


def _is_list(value: Node, call: Call) -> bool:
    """Whether a value is a list of names: `[folder | names]`, or what `Enum.map` runs over."""
    around = value.parent
    if isinstance(around, BinaryOperator) and around.operator == "|":
        return True
    return not call.span.covers(value.span) and any(
        isinstance(one, Capture) and one.span.covers(call.span) for one in call.ancestors()
    )


def _variable(value: Node, file: File) -> str:
    """The variable that is to hold the name: its own, or one named as its key if that is free."""
    if isinstance(value, Identifier):
        return value.name
    key = value.key if isinstance(value, Access) else None
    name = key.value or "" if isinstance(key, String) else ""
    if file.form is None or not re.fullmatch(r"[a-z]\w*", name):
        return ""
    return "" if re.search(rf"(?<![\w\"]){name}(?![\w\":])", file.form.node.text) else name


def _binds(definition: Call, value: Identifier) -> bool:
    heads = definition.written_arguments
    return any(one.name == value.name for head in heads[:1] for one in head.find(Identifier))


def _gives(statement: Node, value: Identifier) -> bool:
    """Whether a statement binds a variable: `name = params["name"]`."""
    match statement:
        case Match(_, Identifier(name), _):
            return name == value.name
    return False


def _folder(value: Node) -> str:
    """The folder of `Path.join(folder, value)` where it can be said twice."""
    outer = value.enclosing(Call)
    if outer is None or outer.dotted != "Path.join" or len(outer.arguments) != 2:
        return ""
    folder = outer.arguments[0]
    written = isinstance(folder, (String, ModuleAttribute, Identifier))
    return folder.text if written and outer.arguments[1] == value else ""
