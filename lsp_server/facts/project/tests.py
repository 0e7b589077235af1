"""What test files say: suites, their tests, and the case templates that they use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.role import Role
from lsp_server.syntax.literals import Boolean
from lsp_server.syntax.node import RawNode
from lsp_server.syntax.outline import Form, Module, callee_of
from lsp_server.text import Span

_TESTS = (b"test", b"property", b"feature")  # of ExUnit, ExUnitProperties and Wallaby
_NAMED = re.compile(rb'\w+[\s(]+"((?:[^"\\]|\\.)*)"', re.DOTALL)


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


@collects(Suite, TestBlock, CaseTemplate, suites=True, only_if_read=True)
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


def subject_of(suite: str) -> str:
    """The module that a suite is about by its name; empty where the name does not say it."""
    return suite.removesuffix("Test") if suite.endswith("Test") and suite != "Test" else ""


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


@join(Suite)
def suites(index: Index) -> Mapping[str, tuple[tuple[str, Suite], ...]]:
    """The suites about each module, by its name, with their paths."""
    found: dict[str, list[tuple[str, Suite]]] = {}
    for path, suite in index.of(Suite):
        if suite.subject:
            found.setdefault(suite.subject, []).append((path, suite))
    return {module: tuple(listed) for module, listed in found.items()}
