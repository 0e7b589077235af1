"""Trees of well-formed templates."""

from __future__ import annotations

import pytest

from lsp_server.syntax import heex
from lsp_server.syntax.heex import Dialect, TagKind
from lsp_server.syntax.heex_parser import parse
from lsp_server.text import Span
from tests.syntax.heex_outline import errors, outline, template

WELL_FORMED = [
    ("", ""),
    ("just text", "'just text'"),
    ("<p>a</p>", "p['a']"),
    ("a<br>b<hr />c", "'a' br 'b' hr/ 'c'"),
    ("<BR></BR>", "BR[]"),  # void tags are lower case only
    ("<.button/>", ".button/"),
    ("<.list><:item>x</:item></.list>", ".list[:item['x']]"),
    ("<Shop.Card.header id='1'></Shop.Card.header>", "Shop.Card.header(id='1')[]"),
    ("<p class={@c} {@rest} hidden>", "p(class={@c} {@rest} hidden)[]!"),
    ('<p a = "1"\n  b\t=\n{2}/>', 'p(a="1" b={2})/'),
    ("<p a=''/>", "p(a='')/"),
    ("<li :for={x <- @xs} :if={x}>{x}</li>", "li(:for={x <- @xs} :if={x})[{x}]"),
    ("<.f :let={%{a: {b, c}}}></.f>", ".f(:let={%{a: {b, c}}})[]"),
    ('{"a #{@x} \\} b"}', '{"a #{@x} \\} b"}'),
    ("{%{a: %{b: %{c: 1}}}}", "{%{a: %{b: %{c: 1}}}}"),
    ('<p a={"\\{"}/>', 'p(a={"\\{"})/'),
    ("\\{x}", "'\\' {x}"),  # a backslash protects braces inside an expression only
    ("{ x  # note\n}", "{x}"),
    ("<%= x %><% y %><%| z %><%/ w %>", "<%= x> <% y> <%| z> <%/ w>"),
    ("<%# x %><%!-- %> --%>", "# #"),
    ("a <%% b", "'a <%% b'"),
    ("<!-- {x} <p> <%= y %> -->", "<!--[' {x} <p> ' <%= y> ' ']"),
    ("<!doctype html>\n<!DOCTYPE {x}>", "'<!doctype html>\n<!DOCTYPE {x}>'"),
    ("<script>if (a < b) {x}</script>{y}", "script['if (a < b) {x}'] {y}"),
    ("<style>a { <%= b %> }</style>", "style['a { ' <%= b> ' }']"),
    ("<script/>{x}", "script/ {x}"),
    (
        "<p phx-no-curly-interpolation>{a}<b>{c}</b><br>{d}</p>{e}",
        "p(phx-no-curly-interpolation)['{a}' b['{c}'] br '{d}'] {e}",
    ),
    ("<pre phx-no-curly-interpolation/>{e}", "pre(phx-no-curly-interpolation)/ {e}"),
    ("<p><%= if a do %>b<% end %></p>", "p[{= if a do ['b'] end}]"),
    ("<%= if a do %>b<% else %><i/><% end %>", "{= if a do ['b'] else [i/] end}"),
    (
        "<%= case a do %>\n<% 1 -> %>b<% _ -> %>c<% end %>",
        "{= case a do ['\n'] 1 -> ['b'] _ -> ['c'] end}",
    ),
    (
        "<%= f a, fn x -> %><%= x %><% end) %>",
        "{= f a, fn x -> [<%= x>] end)}",
    ),
    (
        "<%= if a do %><%= if b do %>c<% end %>d<% end %>",
        "{= if a do [{= if b do ['c'] end} 'd'] end}",
    ),
    ("<%= if a do # why %>b<% end # if %>", "{= if a do ['b'] end}"),
    ("<ä-ö>ü</ä-ö>", "ä-ö['ü']"),
    ("<p\r\n  a='b'\r\n>\r\n</p>", "p(a='b')['\r\n']"),
]


@pytest.mark.parametrize(("text", "expected"), WELL_FORMED)
def test_well_formed_heex(text: str, expected: str) -> None:
    assert outline(text) == expected
    if "!" not in expected:
        assert errors(text) == []


HTML = [
    ("<P>a</p>", "P['a']"),
    ("{a} <p b={c}>", "'{a} ' p(b={c})[]!"),
    ("1 < 2 <- 3 </ <.x> <:y>", "'1 < 2 <- 3 </ <.x> <:y>'"),
    ("<ul><li>a<li>b</ul>", "ul[li['a' li['b']!]!]"),
    ("a</p>b", "'a' '</p>' 'b'"),
    ("<a href=/x?y=1>z</a >", "a(href=/x?y=1)['z']"),
    ('<a href="<%= x %>?<%= y %>">', "a(href=\"[<%= x> '?' <%= y>]\")[]!"),
    ("<a href=/<%= x %>/y b>", "a(href=['/' <%= x> '/y'] b)[]!"),
    ('<p class="a<%= if x do %> b<% end %>">', "p(class=\"['a' {= if x do [' b'] end}]\")[]!"),
    ("<p <%= x %> b>", "p(<%= x> b)[]!"),
    ("<p <%= if x do %>a='1'<% else %>b<% end %>>", "p({= if x do [a='1'] else [b] end})[]!"),
    ("<wbr><embed>x", "wbr embed 'x'"),
    (
        "<%= if x do %><div><% else %><div a><% end %></div>",
        "{= if x do [div[]!] else [div(a)[]!] end} '</div>'",
    ),
    (
        "<!-- <% if x do %> --><p><!-- <% end %> -->",
        "<!--[' ' { if x do [' '] !}] p[<!--[' ' end ' ']]!",
    ),
]


@pytest.mark.parametrize("dialect", [Dialect.EEX, Dialect.LEEX])
@pytest.mark.parametrize(("text", "expected"), HTML)
def test_html_with_eex_is_read_tolerantly(text: str, expected: str, dialect: Dialect) -> None:
    assert outline(text, dialect) == expected
    assert errors(text, dialect) == []


def test_before_liveview_1_braces_in_text_mean_nothing() -> None:
    assert outline("<p a={b}>{c}</p>", curly=False) == "p(a={b})['{c}']"


def test_a_tag_knows_its_parts() -> None:
    text = '<div>\n  <.card title="ä" {@rest}>b</.card>\n</div>'
    tag = template(text).children[0]
    assert isinstance(tag, heex.Tag)
    card = tag.children[1]
    assert isinstance(card, heex.Tag)
    source = text.encode()
    assert (card.kind, card.name, card.local_name) == (TagKind.COMPONENT, ".card", "card")
    assert card.is_component and not tag.is_component
    assert card.opening.slice(source).decode() == '<.card title="ä" {@rest}>'
    assert card.inner.slice(source) == b"b"
    assert card.closing is not None and card.closing.slice(source) == b"</.card>"
    assert card.name_span.slice(source) == b".card"
    assert card.has_root_attribute and not tag.has_root_attribute
    title = card.attribute("title")
    assert title is not None and isinstance(title.value, heex.Quoted) and title.value.literal
    assert title.span.slice(source).decode() == 'title="ä"'
    assert title.value.content.slice(source).decode() == "ä"
    assert card.attribute("missing") is None


def test_attributes_inside_eex_belong_to_the_tag() -> None:
    tag = template("<p <%= if x do %>a='1'<% end %> b>", Dialect.EEX).children[0]
    assert isinstance(tag, heex.Tag)
    assert [it.name for it in tag.attributes if isinstance(it, heex.Attribute)] == ["a", "b"]
    assert len(tag.items) == 2


def test_spans_are_those_of_the_document() -> None:
    source = b'x = ~H"""\n<p>{@a}</p>\n"""'
    tree = parse(source, [Span(10, 22)], Dialect.HEEX)
    tag = tree.children[0]
    assert isinstance(tag, heex.Tag)
    assert tree.span == Span(10, 22)
    assert tag.span.slice(source) == b"<p>{@a}</p>"
    path = heex.path_to(tree, source.index(b"@a"))
    assert [type(node).__name__ for node in path] == ["Template", "Tag", "Interpolation"]
    assert heex.path_to(tree, 3) == ()


def test_the_gaps_of_escapes_are_blanks() -> None:
    source = b'~H"<p a=\\"b\\">c</p>"'
    ranges = [Span(3, 8), Span(9, 11), Span(12, len(source) - 1)]
    tag = parse(source, ranges, Dialect.HEEX).children[0]
    assert isinstance(tag, heex.Tag)
    attribute = tag.attribute("a")
    assert attribute is not None and attribute.value is not None
    assert attribute.value.span.slice(source) == b'"b\\"'
    assert parse(source, [], Dialect.HEEX).children == ()


def test_nodes_compare_by_identity() -> None:
    first, second = template("<p/>").children[0], template("<p/>").children[0]
    assert first != second
    assert first == first
    assert len({first, second}) == 2
