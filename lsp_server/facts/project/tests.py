"""What test files say: suites and their tests, and what of the project they name and call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.role import Role, app_of, inside_app
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Boolean
from lsp_server.syntax.node import RawNode
from lsp_server.syntax.outline import Form, Module, callee_of
from lsp_server.text import Span

_TESTS = (b"test", b"property", b"feature")  # of ExUnit, ExUnitProperties and Wallaby
_NAMED = re.compile(rb'\w+[\s(]+"((?:[^"\\]|\\.)*)"', re.DOTALL)
_CALLED = re.compile(rb"[ \n(\[{!&]([a-z_]\w*[?!]?)(?:\(| [\w%\"\[{:@~])")
# A module and the function of it, if one follows. Without a look-behind: four times as fast.
_MODULE = re.compile(rb"([A-Z]\w*(?:\.[A-Z]\w*)*)(?:\.([a-z_]\w*[?!]?))?")
# What every test calls and no project defines.
_FRAMEWORK = frozenset(
    (
        *("Application", "Date", "DateTime", "Ecto.Adapters.SQL.Sandbox", "Ecto.Changeset", "Enum"),
        *("ExUnit", "ExUnit.CaptureIO", "ExUnit.CaptureLog", "File", "GenServer", "Jason"),
        *("Keyword", "List", "Map", "NaiveDateTime", "Path", "Phoenix.ConnTest", "Plug.Conn"),
        *("Process", "String", "System", "Task", "Time"),
    )
)


class Suite(Fact):
    """A module of tests. `subject` is the module under test by its name: `Shop.CartTest` is about
    `Shop.Cart`. `template` is what it uses: `ExUnit.Case` or a case template."""

    module: str
    subject: str
    template: str
    is_async: bool
    describes: tuple[str, ...]
    span: Span
    name_span: Span


class TestBlock(Fact):
    """One `test` or `property`; `describe` is empty outside of one, of an
    interpolated name only the text before its first interpolation is known."""

    __test__ = False  # no class of tests for pytest

    suite: str
    describe: str
    name: str
    span: Span
    name_span: Span


class CaseTemplate(Fact):
    """A module that suites use instead of `ExUnit.Case`."""

    module: str
    name_span: Span


class TestReach(Fact):
    """What one test or support file names and calls: modules by full name, functions as (module,
    name). The module is empty for functions that one of `imports` may bring."""

    __test__ = False

    modules: tuple[str, ...]
    functions: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]
    doctests: tuple[str, ...]


@collects(Suite, TestBlock, CaseTemplate, TestReach)
def collect_tests(document: Document) -> Iterator[Fact]:
    """The facts of files below `test/` and of those that end in `_test.exs`."""
    if document.role is not Role.TEST or document.language is not Language.ELIXIR:
        return
    for module in document.modules:
        if module.call is None or not module.name:
            continue
        if module.uses("ExUnit.CaseTemplate"):
            yield CaseTemplate(module.name, module.name_span)
        else:
            yield from _suite(module)
    reach = _reach(document)
    if reach.modules or reach.functions or reach.doctests:
        yield reach


def subject_of(suite: str) -> str:
    """The module that a suite is about by its name; empty where the name does not say it."""
    return suite.removesuffix("Test") if suite.endswith("Test") and suite != "Test" else ""


def subject_path(path: str) -> str:
    """The file under test by a test file's path: `test/shop/cart_test.exs` is about
    `lib/shop/cart.ex`. Empty for a file that mirrors none."""
    inner = inside_app(path)
    if not inner.startswith("test/") or not inner.endswith("_test.exs"):
        return ""
    return f"{app_of(path)}lib/{inner[len('test/') : -len('_test.exs')]}.ex"


def suite_path(path: str) -> str:
    """Where the tests of a file below `lib/` belong; the opposite of `subject_path`."""
    inner = inside_app(path)
    if not inner.startswith("lib/") or not inner.endswith(".ex"):
        return ""
    return f"{app_of(path)}test/{inner[len('lib/') : -len('.ex')]}_test.exs"


def _suite(module: Module) -> Iterator[Fact]:
    blocks: list[TestBlock] = []
    describes: list[str] = []
    for form in module.forms:
        if form.callee == b"describe":
            describe, _ = _name(form.raw, form)
            describes.append(describe)
            for raw in _inside(form):
                if callee_of(raw, form.tree) in _TESTS:
                    blocks.append(_block(module.name, describe, raw, form))
        elif form.callee in _TESTS:
            blocks.append(_block(module.name, "", form.raw, form))
    template = next((one for one in module.names.uses if _is_template(one.module)), None)
    if not blocks and template is None:
        return
    is_async = None if template is None else template.call.keyword("async")
    yield Suite(
        module.name,
        subject_of(module.name),
        "" if template is None else template.module,
        isinstance(is_async, Boolean) and is_async.value,
        tuple(describes),
        module.span,
        module.name_span,
    )
    yield from blocks


def _inside(form: Form) -> Sequence[RawNode]:
    """The expressions of the form's do-block. A test file is not walked: half of many projects is
    tests, and these facts would cost as much as all others."""
    block = form.raw.named_child(form.raw.named_child_count - 1)
    return () if block is None else block.named_children


def _is_template(used: str) -> bool:
    return used.endswith("Case")


def _block(suite: str, describe: str, raw: RawNode, form: Form) -> TestBlock:
    name, span = _name(raw, form)
    return TestBlock(suite, describe, name, Span(raw.start_byte, raw.end_byte), span)


def _name(raw: RawNode, form: Form) -> tuple[str, Span]:
    """The text and the place of the string that `test` or `describe` is followed by."""
    found = _NAMED.match(form.tree.source, raw.start_byte)
    if found is None:
        return "", Span(raw.start_byte, raw.start_byte)
    text = found[1].partition(b"#{")[0].decode("utf-8", "replace")
    return text.replace('\\"', '"'), Span(found.start(1) - 1, found.end())


def _reach(document: Document) -> TestReach:
    modules: set[str] = set()
    imports: set[str] = set()
    doctests: set[str] = set()
    functions: set[tuple[str, str]] = set()
    for module in document.modules:
        modules.update(module.names.aliases.values())
        imports.update(one.module for one in module.names.imports)
    imports -= _FRAMEWORK
    own = {name for module in document.modules for name in module.names.functions}
    if imports:
        functions.update(("", name) for name in _local(document.source) if name not in own)
    for form in document.forms:
        if form.callee == b"doctest":
            for one in Call(form.raw, form.tree).written_arguments[:1]:
                doctests.add(form.module.names.expand(one.text))
    # Read off the text, not off the tree, whose walk would cost more. What a comment or a string
    # mentions counts too: a function that is written about is not one that is forgotten. Names mean
    # what they mean in the file's first module.
    names = document.modules[min(1, len(document.modules) - 1)].names
    expanded: dict[bytes, str] = {}
    for written, name in set(_MODULE.findall(document.source)):
        module_name = expanded.get(written)
        if module_name is None:
            module_name = names.expand(written.decode("utf-8", "replace"))
            expanded[written] = module_name
            modules.add(module_name)
        if name and module_name not in _FRAMEWORK:
            functions.add((module_name, name.decode("utf-8", "replace")))
    modules.update(module for module, _ in functions if module)
    return TestReach(
        tuple(sorted(modules - _FRAMEWORK)),
        tuple(sorted(functions)),
        tuple(sorted(imports)),
        tuple(sorted(doctests)),
    )


def _local(source: bytes) -> Iterator[str]:
    """The names that stand before parentheses or an argument and after no dot."""
    for name in set(_CALLED.findall(source)):
        if name not in _SYNTAX:
            yield name.decode("utf-8", "replace")


_SYNTAX = frozenset(
    (
        *(b"alias", b"assert", b"assert_raise", b"assert_receive", b"case", b"cond", b"def"),
        *(b"defmodule", b"defp", b"describe", b"for", b"if", b"import", b"is_nil", b"on_exit"),
        *(b"refute", b"require", b"self", b"send", b"setup", b"setup_all", b"test", b"unless"),
        *(b"use", b"with"),
    )
)


@join(Suite)
def suites(index: Index) -> Mapping[str, tuple[tuple[str, Suite], ...]]:
    """The suites about each module, by its name, with their paths."""
    found: dict[str, list[tuple[str, Suite]]] = {}
    for path, suite in index.of(Suite):
        if suite.subject:
            found.setdefault(suite.subject, []).append((path, suite))
    return {module: tuple(listed) for module, listed in found.items()}


@join(TestReach)
def named_in_tests(index: Index) -> frozenset[str]:
    """Every module that a test or support file names."""
    return frozenset(
        module for _, reach in index.of(TestReach) for module in (*reach.modules, *reach.doctests)
    )


@join(TestReach)
def called_in_tests(index: Index) -> frozenset[tuple[str, str]]:
    """Every function (module and name) that a test or support file calls; one that an import may
    bring stands under each of the imported modules."""
    found: set[tuple[str, str]] = set()
    for _, reach in index.of(TestReach):
        for module, name in reach.functions:
            if module:
                found.add((module, name))
            else:
                found.update((one, name) for one in reach.imports)
    return frozenset(found)
