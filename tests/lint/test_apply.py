"""Edits applied to texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.lint.apply import Overlap, apply_edits, changes, merge
from lsp_server.lint.finding import CreateFile, Edit, Operation, RenameFile
from lsp_server.text import Span


def test_edits_are_all_of_the_same_text() -> None:
    edits = [Edit(Span(4, 5), "E"), Edit(Span(0, 1), "AA"), Edit(Span(2, 2), "-")]
    assert apply_edits(b"abcde", edits) == b"AAb-cdE"


def test_overlaps_are_refused() -> None:
    for other in (Span(1, 3), Span(0, 9), Span(1, 2)):
        with pytest.raises(Overlap):
            apply_edits(b"abcdefghij", [Edit(Span(0, 2), ""), Edit(other, "x")])
    assert apply_edits(b"abcd", [Edit(Span(0, 2), ""), Edit(Span(2, 4), "x")]) == b"x"


def test_merge_takes_whole_groups_only() -> None:
    one: list[Operation] = [Edit(Span(0, 1), "1", "a"), Edit(Span(9, 9), "1", "b")]
    two: list[Operation] = [Edit(Span(5, 6), "2", "a"), Edit(Span(0, 2), "2", "a")]
    three: list[Operation] = [Edit(Span(5, 6), "3", "a"), CreateFile("c", "new")]
    merged, taken = merge([one, two, three])
    assert taken == [0, 2]
    assert [edit.text for edit in merged.edits["a"]] == ["1", "3"]
    assert merged.created == {"c": "new"}


def test_equal_edits_of_two_fixes_are_made_once() -> None:
    alias = Edit(Span(0, 0), "alias A\n", "a")
    one, two = Edit(Span(3, 4), "x", "a"), Edit(Span(5, 6), "y", "a")
    merged, taken = merge([[alias, one], [alias, two]])
    assert taken == [0, 1]
    assert len(merged.edits["a"]) == 3


def test_two_migrations_of_one_version_are_refused() -> None:
    one = CreateFile("priv/repo/migrations/20260101000000_index_a.exs", "1")
    with pytest.raises(Overlap):
        changes([one, CreateFile("priv/repo/migrations/20260101000000_index_b.exs", "2")])
    changes([one, CreateFile("priv/other/migrations/20260101000000_index_b.exs", "2")])
    changes([one, CreateFile("priv/repo/migrations/20260101000001_index_b.exs", "2")])


def test_two_files_at_one_path_are_refused() -> None:
    with pytest.raises(Overlap):
        changes([CreateFile("a", "1"), CreateFile("a", "2")])
    with pytest.raises(Overlap):
        changes([RenameFile("a", "b"), RenameFile("a", "c")])


EDITS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.text()))


@given(st.binary(max_size=40), EDITS)
def test_applying_in_order_equals_applying_from_the_end(
    source: bytes, given_edits: list[tuple[int, int, str]]
) -> None:
    edits = [
        Edit(Span(min(a, len(source)), min(a + n, len(source))), text) for a, n, text in given_edits
    ]
    try:
        result = apply_edits(source, edits)
    except Overlap:
        return
    expected = source
    for edit in sorted(edits, key=lambda one: one.span, reverse=True):
        expected = expected[: edit.span.start] + edit.text.encode() + expected[edit.span.end :]
    assert result == expected
