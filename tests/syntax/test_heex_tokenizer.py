"""Tokens, the roles of EEx tags, braces, and where a piece of Elixir ends."""

from __future__ import annotations

import pytest

from lsp_server.syntax.braces import matching_braces
from lsp_server.syntax.code_span import code_span
from lsp_server.syntax.eex import Role, role_of, split
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.heex_tokenizer import tokenize
from lsp_server.text import Span


def tokens(text: str, dialect: Dialect = Dialect.HEEX) -> list[tuple[str, str]]:
    source = text.encode()
    span = Span(0, len(source))
    eex, _ = split(source, *span)
    found, _ = tokenize(source, span, eex, dialect)
    return [(kind.name, source[start:end].decode()) for kind, start, end in found]


def test_an_opening_tag_is_a_run_of_tokens() -> None:
    assert tokens("<a b c='d' e={f} {g}>h</a>") == [
        ("OPEN", "<a"),
        ("FLAG", "b"),
        ("NAME", "c"),
        ("QUOTED", "'d'"),
        ("NAME", "e"),
        ("BRACES", "{f}"),
        ("ROOT", "{g}"),
        ("TAG_END", ">"),
        ("TEXT", "h"),
        ("CLOSE", "</a>"),
    ]


def test_a_value_with_eex_is_a_run_of_tokens() -> None:
    assert tokens('<a b="c<%= d %>"/>', Dialect.EEX) == [
        ("OPEN", "<a"),
        ("NAME", "b"),
        ("VALUE", '"'),
        ("TEXT", "c"),
        ("EEX", "<%= d %>"),
        ("VALUE_END", '"'),
        ("TAG_SELF_CLOSE", "/>"),
    ]


def test_a_tag_that_breaks_off_ends_before_the_blanks() -> None:
    assert tokens("<a b\n <i>") == [
        ("OPEN", "<a"),
        ("FLAG", "b"),
        ("TAG_BROKEN_OFF", ""),
        ("TEXT", "\n "),
        ("OPEN", "<i"),
        ("TAG_END", ">"),
    ]


def test_quotes_and_closers_in_eex_do_not_count() -> None:
    assert tokens('<!-- <%= "-->" %> -->') == [
        ("COMMENT", "<!--"),
        ("TEXT", " "),
        ("EEX", '<%= "-->" %>'),
        ("TEXT", " "),
        ("COMMENT_END", "-->"),
    ]
    assert ("VALUE_END", '"') in tokens('<a b="<%= "c" %>">', Dialect.EEX)


@pytest.mark.parametrize(
    ("code", "role"),
    [
        ("x", Role.EXPRESSION),
        ("", Role.EXPRESSION),
        ("if x do", Role.START),
        ("if(x)do", Role.START),
        ("for x <- xs, do: x", Role.EXPRESSION),
        ("x.do", Role.EXPRESSION),
        ("undo", Role.EXPRESSION),
        ("@do", Role.EXPRESSION),
        ("else", Role.MIDDLE),
        ("rescue", Role.MIDDLE),
        ("x.else", Role.EXPRESSION),
        ("somewhere_else", Role.EXPRESSION),
        ("f x, fn y ->", Role.START),
        ('f "end", fn {a, b} ->', Role.START),
        ("fn -> 1 end; x ->", Role.MIDDLE),
        ("{:ok, x} ->", Role.MIDDLE),
        ("_ when is_function(fn_x) ->", Role.MIDDLE),
        ("end", Role.END),
        ("end)", Role.END),
        (") end", Role.END),
        ("end |> f()", Role.END),
        ("ending", Role.EXPRESSION),
        ("end?", Role.EXPRESSION),
        ("end, fn ->", Role.MIDDLE),
        ("end) |> case do", Role.MIDDLE),
    ],
)
def test_the_role_of_an_eex_tag(code: str, role: Role) -> None:
    assert role_of(code.encode()) is role


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ""),
        ("  \n\t", ""),
        (" a ", "a"),
        ("a # b", "a"),
        ("a # b\n# c\n", "a"),
        ("# a", ""),
        ("# a\nb", "# a\nb"),
        ('"a # b"', '"a # b"'),
        ('"#{"}#" <> f(%{})} #"', '"#{"}#" <> f(%{})} #"'),
        ('"\\"#" # a', '"\\"#"'),
        ("'#' # a", "'#'"),
        ("?# # a", "?#"),
        ('?" # a', '?"'),
        ('empty?"#"', 'empty?"#"'),
        ("~w(# a) # b", "~w(# a)"),
        ("~S|#{| # a", "~S|#{|"),
        ("~r{#{a}#} # b", "~r{#{a}#}"),
        ('"""\n# a\n""" # b', '"""\n# a\n"""'),
        ('a # "b', "a"),
        ("[a: 1, # b\n c: 2]", "[a: 1, # b\n c: 2]"),
    ],
)
def test_a_piece_ends_before_blanks_and_comments(text: str, code: str) -> None:
    source = f"##{text}##".encode()
    span = code_span(source, 2, len(source) - 2)
    assert span.slice(source).decode() == code


def test_braces_are_counted_blindly() -> None:
    source = b'{"}" {} {a{b}c} \\{d \\} {e}'
    closing = matching_braces(source, [Span(0, len(source))])
    assert closing == {0: 2, 5: 6, 8: 14, 10: 12, 23: 25}


def test_a_brace_behind_a_backslash_may_begin_an_expression() -> None:
    source = b"{a \\{b {c} } \\{"
    assert matching_braces(source, [Span(0, len(source))]) == {0: 11, 4: 11, 7: 9}


def test_braces_do_not_reach_over_a_border() -> None:
    source = b"{a{b}c}"
    assert matching_braces(source, [Span(0, 3), Span(3, 7)]) == {}
