"""security/xxe"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import origin
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom, Boolean, List, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._bounded import is_capture
from ._running import is_own_text, is_running

_WIDTH = 98


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
    - `dtd:` is among the options of SweetXml, or `:allow_entities` among those of `:xmerl_scan`.
    - Mix tasks, command lines, tests, and code that runs while compiling.

    ## What the fix changes

    SweetXml (0.7.0 and later) raises for what a document type declares; documents without one are
    read as before. For `:xmerl_scan` there is no fix: older OTPs do not know `:allow_entities`.
    """

    roles = frozenset({Role.LIB})

    @on(Call, name=("parse", "string", "file"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form, module = file.form, _module(call, file)
        sweet = module == "SweetXml" and call.name == "parse"
        if form is None or not (sweet or (module == ":xmerl_scan" and call.name != "parse")):
            return
        arguments = call.arguments
        if is_capture(call) or not 1 <= len(arguments) <= 2 or not is_running(call, file):
            return
        if is_own_text(arguments[0], form):
            return
        options: Node | None = None
        if len(arguments) == 2:
            options = origin(arguments[1], form)
            if call.keywords is None and not isinstance(options, List):
                return
        if sweet:
            if call.keyword("dtd") is None and not _has_key(options, "dtd"):
                yield self.finding(call.callee_span, _SWEET, fix=_fix(call, file))
        elif not _has_key(options, "allow_entities"):
            yield self.finding(call.callee_span, _XMERL)

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
            yield self.finding(call.callee_span, _SWEET, fix=fix)


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
_SWEET = "SweetXml.parse reads what the document type names: say `dtd: :none`"
_XMERL = "`:xmerl_scan` reads what the document type names: say `{:allow_entities, false}`"


def _has_key(options: Node | None, key: str) -> bool:
    if options is None:
        return False
    for one in options.find(Tuple):
        match one.elements:
            case [Atom(name), Atom() | Boolean()] if name == key:
                return True
    return f"{key}:" in options.text


def _fix(call: Call, file: File) -> Fix | None:
    if not call.has_parentheses or not file.depends("sweet_xml >= 0.7.0"):
        return None
    written = call.written_arguments
    raw = call.argument_list
    if raw is None or "\n" in call.tree.source[raw.start_byte : raw.end_byte].decode():
        return None
    if len(call.arguments) == 2:
        if call.keywords is None or isinstance(written[-1], List):
            return None
    end = written[-1].end if written else raw.end_byte - 1
    text = ", dtd: :none" if written else "dtd: :none"
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(call.start)).rstrip()
    if len(line) + len(text) > _WIDTH:
        return None
    return Fix.safe("Refuse document types", lambda _: [Edit(Span(end, end), text)])
