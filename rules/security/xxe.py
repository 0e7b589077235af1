"""security/xxe"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import origin
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.syntax.blocks import AnonymousFunction
from lsp_server.syntax.elixir import Call, Capture, Identifier
from lsp_server.syntax.literals import Atom, Boolean, List, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._bounded import is_capture
from ._running import is_own_text, is_running

_WIDTH = 98
# SweetXml's functions that read a text, with the number of arguments before their options.
_NEEDED = {"parse": 1, "stream_tags": 2, "stream_tags!": 2}


class Xxe(Rule):
    """
    XML from outside, whose document type may name entities.

    An entity can stand for a file of the server or for an address in its network, and the parser
    fetches it; nested entities make a few lines into gigabytes. Hardly any service needs a document
    type in what it is sent.

    ## Bad

    ```elixir
    defmodule Shop.Suppliers.Feed do
      def parse(body) do
        SweetXml.parse(body)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Suppliers.Feed do
      def parse(body) do
        SweetXml.parse(body, dtd: :none)
      end
    end
    ```

    ## When it stays silent

    - The text is written out, or the options are no list that is written out.
    - `dtd:` is among the options of SweetXml (also for `stream_tags`), or `:allow_entities` among
      those of `:xmerl_scan`.
    - Mix tasks, command lines, tests, and code that runs while compiling.

    ## What the fix changes

    SweetXml (0.7.0 and later) raises for what a document type declares; documents without one are
    read as before. For `:xmerl_scan` there is no fix: older OTPs do not know `:allow_entities`.
    """

    roles = frozenset({Role.LIB})

    @on(Call, name=sorted({*_NEEDED, "string", "file"}))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form, module = file.form, _module(call, file)
        needed = _NEEDED.get(call.name, 0) if module == "SweetXml" else 0
        if module == ":xmerl_scan" and call.name in ("string", "file"):
            needed = 1
        if form is None or not needed or not is_running(call, file):
            return
        message = _XMERL if module == ":xmerl_scan" else _SWEET.format(call.name)
        if is_capture(call):
            if call.capture_arity == needed:
                yield self.finding(call.callee_span, message, fix=_captured(call, file, needed))
            return
        arguments = call.arguments
        if not needed <= len(arguments) <= needed + 1 or is_own_text(arguments[0], form):
            return
        options: Node | None = None
        if len(arguments) > needed:
            options = origin(arguments[needed], form)
            if call.keywords is None and not isinstance(options, List):
                return
        if module == ":xmerl_scan":
            if not _has_key(options, "allow_entities"):
                yield self.finding(call.callee_span, message)
        elif call.keyword("dtd") is None and not _has_key(options, "dtd"):
            yield self.finding(call.callee_span, message, fix=_fix(call, file, needed))

    @on(Call, name=("stream", "stream!"))
    def check_stream(self, call: Call, file: File) -> Iterator[Finding]:
        """The options of SweetXml's own streams are what a function of the caller gives."""
        form = file.form
        if form is None or _module(call, file) != "SweetXml" or len(call.arguments) != 2:
            return
        made = isinstance(call.arguments[1], AnonymousFunction)
        if made and "dtd" not in call.text and is_running(call, file):
            if not is_own_text(call.arguments[0], form):
                yield self.finding(call.callee_span, _SWEET.format(call.name))

    @on(Call, name=("xpath", "xmap"))
    def check_text(self, call: Call, file: File) -> Iterator[Finding]:
        """SweetXml's functions for documents parse a text themselves."""
        form = file.form
        if form is None or _module(call, file) != "SweetXml" or is_capture(call):
            return
        arguments = call.arguments
        if len(arguments) < 2 or not is_running(call, file):
            return
        text = arguments[0]
        if _is_text(text) and origin(text, form) == text:
            edit = (
                Edit(text.span, f"{text.text} |> SweetXml.parse(dtd: :none)")
                if call.pipe is not None
                else Edit(text.span, f"SweetXml.parse({text.text}, dtd: :none)")
            )
            lines = file.document.lines
            line = lines.line_bytes(lines.line_at(call.start)).rstrip()
            fits = len(line) + len(edit.text) - len(text.text) <= _WIDTH
            sweet = fits and file.depends("sweet_xml >= 0.7.0")
            fix = Fix.safe("Refuse document types", lambda _: [edit]) if sweet else None
            yield self.finding(call.callee_span, _SWEET.format("parse"), fix=fix)


def _module(call: Call, file: File) -> str | None:
    """The module of a call, also of one that `import SweetXml` must bring."""
    module = file.module_of(call)
    if module is None and call.receiver is None:
        names = file.names(call)
        imported = any(one.module == "SweetXml" for one in names.all_imports())
        return "SweetXml" if imported and not names.defines(call.name, call.arity) else None
    return module


def _is_text(node: Node) -> bool:
    """Whether a value is by its name the text of a document."""
    if isinstance(node, Identifier):
        return _TEXT.search(node.name) is not None
    return isinstance(node, Call) and node.is_field_access and node.name in ("body", "xml")


_TEXT = re.compile(r"(?:^|_)(?:xml|body|text|string|payload|raw)$")
_SWEET = "`SweetXml.{}` reads what the document type names: say `dtd: :none`"
_XMERL = "`:xmerl_scan` reads what the document type names: say `{:allow_entities, false}`"


def _has_key(options: Node | None, key: str) -> bool:
    if options is None:
        return False
    for one in options.find(Tuple):
        match one.elements:
            case [Atom(name), Atom() | Boolean()] if name == key:
                return True
    return f"{key}:" in options.text


def _fix(call: Call, file: File, needed: int) -> Fix | None:
    if not file.depends("sweet_xml >= 0.7.0"):
        return None
    written = call.written_arguments
    raw = call.argument_list
    if raw is None or not (written or call.has_parentheses):
        return None
    if len(call.arguments) > needed and (call.keywords is None or isinstance(written[-1], List)):
        return None
    end = written[-1].end if written else raw.end_byte - 1
    text = ", dtd: :none" if written else "dtd: :none"
    lines = file.document.lines
    if b"\n" in call.tree.source[raw.start_byte : raw.end_byte]:
        # `mix format` wrote one argument a line; any other layout is not guessed at.
        start = lines.line_span(lines.line_at(end)).start
        indent = lines.indentation(start).decode()
        alone = not call.tree.source[start : written[-1].start].strip() if written else False
        if not alone:
            return None
        text = f",{line_ending(call.tree.source)}{indent}dtd: :none"
    elif len(lines.line_bytes(lines.line_at(call.start)).rstrip()) + len(text) > _WIDTH:
        return None
    return Fix.safe("Refuse document types", lambda _: [Edit(Span(end, end), text)])


def _captured(call: Call, file: File, needed: int) -> Fix | None:
    """`&SweetXml.parse/1` with the option."""
    around = call.parent
    capture = None if around is None else around.parent
    if not isinstance(capture, Capture) or not file.depends("sweet_xml >= 0.7.0"):
        return None
    if _module(call, file) != "SweetXml":
        return None
    given = ", ".join(f"&{number + 1}" for number in range(needed))
    callee = call.callee_span.slice(call.tree.source).decode()
    text = f"&{callee}({given}, dtd: :none)"
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(call.start)).rstrip()
    if len(line) - capture.span.length + len(text) > _WIDTH:
        return None
    return Fix.safe("Refuse document types", lambda _: [Edit(capture.span, text)])
