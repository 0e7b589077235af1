"""The Elixir of a template as one text in place."""

from __future__ import annotations

import pytest
import tree_sitter
import tree_sitter_elixir

from lsp_server.syntax.heex import Dialect, PieceKind, elixir_pieces
from lsp_server.syntax.heex_parser import parse, without_gaps
from lsp_server.syntax.template_elixir import prepare
from lsp_server.text import Span
from tests.syntax.heex_outline import template

LANGUAGE = tree_sitter.Language(tree_sitter_elixir.language())


def joined(text: str, dialect: Dialect = Dialect.HEEX) -> str:
    """The text that the Elixir grammar gets to see."""
    prepared, ranges = prepare(text.encode(), elixir_pieces(template(text, dialect)))
    return b"".join(prepared[it.start_byte : it.end_byte] for it in ranges).decode()


def elixir_tree(source: bytes, ranges: list[tree_sitter.Range]) -> tree_sitter.Tree:
    return tree_sitter.Parser(LANGUAGE, included_ranges=ranges).parse(source)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("<p>a</p><%# b %><% %>{ }", ""),
        ("{a}{b}", "a;b"),
        ("<%=a%><%b%>", "a;b"),
        ("{a # b\n}{c}", "a;c"),
        ("<p b={c} {@d} :for={e <- f}>{g}</p>", "c;@d;e <- f;g"),
        ("<%= if a do %>b<% else %>{c}<% end %>{d}", "if a do;else;c;end;d"),
        (
            "<%= case a do %>\n<% 1 -> %>b<% 2 -> %>{c}<% end %>",
            "case a do;1 ->_;2 ->_;c;end",
        ),
        ("<%= f a, fn b->%>{b}<% end) %>", "f a, fn b->_;b;end)"),
        ("<!-- <%= a %> --><script><%= b %></script>", "a;b"),
    ],
)
def test_pieces_become_one_text(text: str, expected: str) -> None:
    assert joined(text) == expected


def test_pieces_in_attributes_come_in_order() -> None:
    text = '<a b="<%= c %> <%= if d do %>e<% end %>" <%= f %> g=<%= h %>><%= i %>'
    assert joined(text, Dialect.EEX) == "c;if d do;end;f;h;i"


def test_pieces_tell_where_they_stand() -> None:
    text = "<p a={b} {c}>{d}<%= if e do %><% end %></p>"
    found = [(it.kind, it.span.slice(text.encode())) for it in elixir_pieces(template(text))]
    assert found == [
        (PieceKind.ATTRIBUTE, b"b"),
        (PieceKind.ROOT_ATTRIBUTE, b"c"),
        (PieceKind.INTERPOLATION, b"d"),
        (PieceKind.CLAUSE, b"if e do"),
        (PieceKind.BLOCK_END, b"end"),
    ]


TEMPLATES = [
    '<.form :let={f} for={@form} phx-change={JS.push("x") |> JS.show()}>{f[:a]}</.form>',
    "<%= if a do %><%= for b <- c do %>{b}<% end %><% else %><% end %>",
    "<%= if a do %><% else %>b<% end %>",
    "<%= case a do %><% {:ok, b} when b > 1 -> %><% _ -> %><% end %>",
    "<%= cond do %><% a -> %>{b}<% true -> %><% end %>",
    "<%= cond do %>\n<% a -> %><%= if b do %>c<% end %>\n<% true -> %>d<% end %>",
    "<%= form_for @a, @b, [c: 1], fn f -> %><%= label f, :d %><% end %>",
    "<%= form_for(@a, @b, fn f -> %><%= inputs_for(f, :c, fn g -> %>{g}<% end) %><% end) %>",
    "<%= f a, fn -> %>b<% end %>",
    "<%= unless a do %>b<% end %>{c}",
    "<%= try do %>{a}<% rescue %><% _ -> %>b<% end %>",
    '<p class={["a", @b && "c" # d\n]} style={"e: #{@f}"}>{g} # {h}</p>',
    "<% a = 1 %><%= a %>",
    "<%= live_component @socket, A do %><% b: c -> %><% end %>",
    '{~s(\\})}{if a, do: "b", else: "c"}',
    "{'ä'}\n<p ö={\"ü\"}>\r\n{x}",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_the_grammar_reads_it_in_place(text: str) -> None:
    source = b"# before {\n" + text.encode() + b"\n# after"
    tree = parse(source, [Span(11, 11 + len(text.encode()))], Dialect.HEEX)
    pieces = elixir_pieces(tree)
    prepared, ranges = prepare(source, pieces)
    assert len(prepared) == len(source)
    root = elixir_tree(prepared, ranges).root_node
    assert not root.has_error, root
    for included in ranges:
        for offset, point in (
            (included.start_byte, included.start_point),
            (included.end_byte, included.end_point),
        ):
            before = source[:offset].split(b"\n")
            assert tuple(point) == (len(before) - 1, len(before[-1]))
    # Each piece is covered by nodes that lie where the document has it.
    for piece in pieces:
        node = root.descendant_for_byte_range(piece.span.start, piece.span.start + 1)
        assert node is not None and node.start_byte == piece.span.start


def test_a_block_is_one_call_with_do_and_else() -> None:
    text = "<%= if a do %>{b}<% else %>{c}<% end %>"
    prepared, ranges = prepare(text.encode(), elixir_pieces(template(text)))
    root = elixir_tree(prepared, ranges).root_node
    [call] = root.named_children
    assert call.type == "call"
    assert [it.type for it in call.named_children] == ["identifier", "arguments", "do_block"]
    assert "else_block" in [it.type for it in call.named_children[2].named_children]


def test_gaps_are_blanked_inside_pieces_too() -> None:
    source = b'~H"{f(\\"a\\")}"'
    ranges = [Span(3, 6), Span(7, 9), Span(10, len(source) - 1)]
    pieces = elixir_pieces(parse(source, ranges, Dialect.HEEX))
    prepared, included = prepare(without_gaps(source, ranges), pieces)
    assert not elixir_tree(prepared, included).root_node.has_error
    assert [it.span for it in pieces] == [Span(4, 12)]
