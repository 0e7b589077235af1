"""Documents and their edits."""

from __future__ import annotations

import tree_sitter
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.document import Change, Document
from lsp_server.syntax.node import LANGUAGE
from lsp_server.text import LineIndex, Span

CODE = ["defmodule A do\n", "end\n", "  def f(x), do: x\n", "|> f()", "%{a: 1}", "# c\n"]
SIGNS = ['"a', '"', "#{", "}", "(", ")", "\n", "\r\n", "\r", " ", "é", "😀", "\u2028"]
TEMPLATE = '~H"""\n<p>{x}</p>\n"""\n'
PIECES = st.sampled_from([*CODE, *SIGNS, TEMPLATE])
TEXTS = st.lists(PIECES, max_size=12).map("".join)
EDITS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30), TEXTS), min_size=1, max_size=5)


def shape(node: tree_sitter.Node) -> list[tuple[str, int, int]]:
    found, stack = [], [node]
    while stack:
        node = stack.pop()
        found.append((node.type, node.start_byte, node.end_byte))
        stack.extend(node.children)
    return found


@settings(max_examples=300)
@given(TEXTS, EDITS, st.booleans())
def test_edits_leave_what_a_fresh_parse_gives(
    text: str, edits: list[tuple[int, int, str]], parse_between: bool
) -> None:
    document = Document("lib/a.ex", text.encode(), 0)
    assert document.tree is not None
    for version, (start, length, insert) in enumerate(edits, 1):
        begin = min(start, len(document.source))
        span = Span(begin, min(begin + length, len(document.source)))
        expected = document.source[: span.start] + insert.encode() + document.source[span.end :]
        document = document.edit([Change(span, insert.encode())], version)
        assert document.source == expected
        if parse_between:
            assert document.tree is not None
    assert document.version == len(edits)
    assert document.lines.starts == LineIndex(document.source).starts
    if document.refusal is None:
        fresh = tree_sitter.Parser(LANGUAGE).parse(document.source)
        assert shape(document.tree.raw.root_node) == shape(fresh.root_node)


def test_several_changes_apply_one_after_the_other() -> None:
    document = Document("lib/a.ex", b"abc")
    changes = [Change(Span(0, 1), b"xy"), Change(Span(2, 3), b"")]
    assert document.edit(changes).source == b"xyc"


def test_hostile_texts_are_refused_and_named() -> None:
    refusals = {
        "larger": b"x" * 2_000_001,
        "NUL": b"a\0b",
        "UTF-8": b"\xff",
        "blanks": b"x\n" + (b" " * 60 + b"\n") * 2000,
    }
    for word, source in refusals.items():
        document = Document("lib/a.ex", source)
        assert document.refusal is not None and word in document.refusal
        assert document.forms == []


def test_a_byte_order_mark_and_crlf_do_no_harm() -> None:
    document = Document("lib/a.ex", b"\xef\xbb\xbfdefmodule A do\r\n  def f, do: 1\r\nend\r\n")
    assert [module.name for module in document.modules] == ["", "A"]
    assert [function.name for function in document.modules[1].functions] == ["f"]


def test_deep_nesting_is_no_recursion() -> None:
    document = Document("lib/a.ex", b"x = " + b"[" * 50_000 + b"]" * 50_000)
    assert sum(1 for form in document.forms for _ in form.node.descendants()) > 50_000
