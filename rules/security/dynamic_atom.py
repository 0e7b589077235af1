"""security/dynamic-atom"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import origin
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, List, Pair, QuotedAtom, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.operators import Match

from ._bounded import comes_from_outside, is_bounded, is_capture, is_many, iterates_over_few

# Functions that make atoms, and their twins that only look them up.
_MAKERS = {
    ("String", "to_atom"): "to_existing_atom",
    ("List", "to_atom"): "to_existing_atom",
    (":erlang", "binary_to_atom"): "binary_to_existing_atom",
    (":erlang", "list_to_atom"): "list_to_existing_atom",
}
_DECODERS = frozenset({"Jason", "Poison"})
# Modules that read the settings of whoever starts the program, once.
_START_UP = re.compile(r"(?:^|\.)(?:Application|CLI|Config|ConfigProvider|Release\w*)$")
# Nodes and their cookies have to be atoms, whoever names them.
_NODES = re.compile(r"(?:^|_)(?:node|cookie)(?:_|$)")
_NODE_MODULE = re.compile(r"Node|EPMD")
# Code about code: the names that it meets are those of modules and functions.
_LANGUAGE = re.compile(
    r"(?:^|\.)(?:Intellisense|Introspect\w*|Compiler|CodeGen\w*|AST|Beam)(?:\.|$)"
)
_CORE = re.compile(r"(?:Kernel|List|Macro|Module|String)(?:\.|$)")  # of Elixir itself
_COMMAND_LINE = re.compile(r"(?:^|[/_])cli(?:[/_.])|/release_tasks?[/.]")


class DynamicAtom(Rule):
    """
    An atom that is made of a text which can be anything.

    The virtual machine never frees an atom, and stops when it has about a million of them. If the
    text comes from a request, a message or another service, whoever sends enough different texts
    takes the whole node down.

    ## Bad

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def index(conn, %{"sort" => sort}) do
        render(conn, :index, orders: Shop.Orders.list(String.to_atom(sort)))
      end

      def import(conn, %{"data" => data}) do
        Shop.Orders.import(Jason.decode!(data, keys: :atoms))
        redirect(conn, to: ~p"/orders")
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def index(conn, %{"sort" => sort}) do
        render(conn, :index, orders: Shop.Orders.list(String.to_existing_atom(sort)))
      end

      def import(conn, %{"data" => data}) do
        Shop.Orders.import(Jason.decode!(data, keys: :atoms!))
        redirect(conn, to: ~p"/orders")
      end
    end
    ```

    ## When it stays silent

    - The text is written out, or is made of own atoms, of settings and of environment variables.
    - The code around has compared it with a list: `when sort in ["name", "price"]`; or it runs over
      a list that is written out.
    - `:"prefix_#{part}"` whose part is, by its name, one of few (a status, a format, an index), or
      is a call, unless it comes out of a map with text keys.
    - Names of nodes and their cookies, which have to be atoms.
    - Code that runs while compiling: module bodies, macros, functions that build quoted code.
    - Mix tasks, command lines, release tasks and modules of settings, which read what the operator
      says; config, migrations, seeds and tests.
    - The value of `name:`, which is for another rule.
    - A comment on the lines above speaks of the atom.
    - Code about code: modules of compilers and of introspection, names of `.beam` files.
    - Packages (`package:` in mix.exs), unless the text is bound by a map with text keys, or is
      JSON: where a library's text comes from is for whoever calls it to say.

    ## What the fix changes

    The atom is looked up instead of made: `String.to_existing_atom/1` and `keys: :atoms!` raise an
    ArgumentError for a text that is no atom of the program yet. For texts that nobody listed that
    is what should happen; but an atom exists only once a module that mentions it is loaded, so the
    fix has to be reviewed. A `case` over the few texts that are allowed is better still.
    """

    roles = frozenset({Role.LIB, Role.TEMPLATE})

    @on(Call, name=("to_atom", "binary_to_atom", "list_to_atom"))
    def check_conversion(self, call: Call, file: File) -> Iterator[Finding]:
        module = file.module_of(call)
        existing = _MAKERS.get((module or "", call.name))
        if existing is None or call.receiver is None or not _may_matter(call, file):
            return
        if is_capture(call):
            capture = call.parent.parent if call.parent is not None else None
            if capture is None or iterates_over_few(capture):
                return
        else:
            arguments = call.arguments
            if not arguments or file.form is None or is_bounded(arguments[0], file.form):
                return
            text = arguments[0]
            if isinstance(text, String) and len(text.parts) > 1 and not is_many(text):
                return
        if not _is_ours(call, file):
            return
        span = call.name_span
        fix = Fix.review(f"Look the atom up with {existing}", lambda _: [Edit(span, existing)])
        yield self.finding(call.callee_span, _message(call), fix=fix)

    @on(Call, name=("decode", "decode!"))
    def check_decoder(self, call: Call, file: File) -> Iterator[Finding]:
        keywords = call.keywords
        if keywords is None and len(call.arguments) == 2 and file.form is not None:
            given = origin(call.arguments[1], file.form)
            keywords = given.keywords if isinstance(given, List) else None
        pair = None if keywords is None else keywords.pair("keys")
        if pair is None or not isinstance(pair.value, Atom) or pair.value.name != "atoms":
            return
        if file.module_of(call) not in _DECODERS or not _may_matter(call, file):
            return
        if call.arguments and _is_own_file(call.arguments[0]):
            return
        span = pair.value.span
        fix = Fix.review("Take only keys that are atoms already", lambda _: [Edit(span, ":atoms!")])
        message = f"`{call.dotted}` with `keys: :atoms` makes an atom of every key in the text"
        inside = call.span.covers(pair.span)
        yield self.finding(pair if inside else call.callee_span, message, fix=fix)

    @on(QuotedAtom)
    def check_interpolation(self, atom: QuotedAtom, file: File) -> Iterator[Finding]:
        if not atom.interpolations or not _may_matter(atom, file) or file.form is None:
            return
        if (
            not _is_ours(atom, file)
            or not is_many(atom)
            or all(
                one.expression is None or is_bounded(one.expression, file.form)
                for one in atom.interpolations
            )
        ):
            return
        text = atom.text.removeprefix(":")
        new = f"String.to_existing_atom({text})"
        fix = Fix.review("Look the atom up with to_existing_atom", lambda _: [Edit(atom.span, new)])
        yield self.finding(atom, f"{_shown(atom)} makes a new atom for every text", fix=fix)


def _may_matter(node: Node, file: File) -> bool:
    """Whether code runs in the running program, on what may come from outside."""
    if file.is_mix_task or _COMMAND_LINE.search(file.path) or _START_UP.search(file.module.name):
        return False
    if file.layer is not None:
        return True
    function = Function.around(node)
    if function is None or function.is_macro or file.form is None:
        return False
    names = file.form.index.raw_calls
    if b"quote" in names or b"unquote" in names or file.module.uses("Spark.Dsl.Transformer"):
        return False
    if any(call.module == "Macro" for call in file.form.index.calls("var", "escape", "to_string")):
        return False
    if _LANGUAGE.search(file.module.name) or b".beam" in file.form.bytes:
        return False
    if _CORE.match(file.module.name):
        return False
    if _NODES.search(function.name) or _NODE_MODULE.search(file.module.name):
        return False
    for outer in node.ancestors():
        if isinstance(outer, Pair) and outer.key == "name":
            return False
        if isinstance(outer, Match) and _NODES.search(outer.left.text):
            return False
        if isinstance(outer, Call) and Function.of(outer) is not None:
            break
    return not _is_explained(node, file)


def _is_ours(node: Node, file: File) -> bool:
    """Whether the project is no package, or the text comes from outside for all to see."""
    if not file.context.is_library(file.path):
        return True
    arguments = node.arguments if isinstance(node, Call) else []
    return comes_from_outside(arguments[0] if arguments else node)


def _is_explained(node: Node, file: File) -> bool:
    """Whether comments directly above the line, or above the clauses before it, speak of atoms."""
    lines = file.document.lines
    line = lines.line_at(node.start) - 1
    function = Function.around(node)
    clause = b"" if function is None else f"{function.keyword} {function.name}(".encode()
    while line >= 0:
        text = lines.line_bytes(line).lstrip()
        if text.startswith(b"#"):
            if b"atom" in text and b"retort:ignore" not in text:
                return True
        elif not clause or not text.startswith(clause):
            break
        line -= 1
    return False


def _is_own_file(text: Node) -> bool:
    """Whether a text is read from a file of the program itself."""
    return any(call.dotted in ("Application.app_dir", ":code.priv_dir") for call in text.find(Call))


def _message(call: Call) -> str:
    shown = _shown(call)
    return f"{shown} makes a new atom for every text it is given"


def _shown(node: Node) -> str:
    text = node.text
    if isinstance(node, Call) and (len(text) > 60 or "\n" in text or node.pipe is not None):
        text = node.tree.source[slice(*node.callee_span)].decode("utf-8", "replace")
    return f"`{text}`" if len(text) <= 60 and "\n" not in text else "the interpolated atom"
