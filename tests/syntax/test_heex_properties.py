"""What holds of every template: nothing is lost, nothing raises, and time is linear."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.syntax import heex
from lsp_server.syntax.heex import Dialect, Node, Template, elixir_pieces, walk
from lsp_server.syntax.heex_parser import parse
from lsp_server.syntax.template_elixir import prepare
from lsp_server.text import Span
from tests.syntax.heex_outline import errors, outline

FRAGMENTS = st.sampled_from(
    [
        *"<>{}\"'/=\\ \n\t#%-!:.aZ",
        *("</", "/>", "<%", "<%=", "<%%", "<%#", "<%!--", "--%>", "%>", "<!--", "-->", "ä", "\r\n"),
        *(
            "<div>",
            "</div>",
            "<br>",
            "<.c>",
            "</.c>",
            "<:s>",
            "</:s>",
            "<A.b/>",
            "<p class=",
            "</ p>",
        ),
        *("{@x}", "{%{a: {b}}}", "\\{", "\\}", "={x}", '="y"', " a", " {@r}", ' b="<%= x %>"'),
        *(
            "<% end %>",
            "<%= if x do %>",
            "<% else %>",
            "<% 1 -> %>",
            "<%= f fn x -> %>",
            "<% end) %>",
        ),
        *("<script>", "</script>", "<style>", "</style>", "<!doctype html>", "<!DOCTYPE"),
        *(" phx-no-curly-interpolation", "<%!-- c --%>", "<%# c %>", "{x # c\n}", "<% # c %>"),
    ]
)
TEXTS = st.lists(FRAGMENTS, max_size=30).map("".join) | st.text(max_size=40)


def tiles(parts: Iterable[Span], whole: Span) -> bool:
    """Whether the parts follow each other without gap or overlap from end to end."""
    at = whole.start
    for part in parts:
        if part.start != at or part.end < at:
            return False
        at = part.end
    return at == whole.end


def assert_sound(template: Template, span: Span) -> None:
    """Every byte of the template belongs to one leaf, and every span lies in that around it."""
    assert template.span == span
    assert tiles((it.span for it in template.children), span)
    in_tags: set[int] = set()
    for node in walk(template):
        for child in heex.children_of(node):
            assert node.span.covers(child.span), (node, child)
            if id(node) in in_tags and not isinstance(node, heex.Attribute):
                in_tags.add(id(child))
        match node:
            case heex.Tag():
                assert node.opening.covers(node.name_span)
                assert tiles(
                    [node.opening, *(it.span for it in node.children)]
                    + ([node.closing] if node.closing else []),
                    node.span,
                )
                assert all(node.opening.covers(it.span) for it in node.items)
                assert all(a.span.end <= b.span.start for a, b in pairwise(node.items))
                in_tags.update(map(id, node.items))
            case heex.EexBlock():
                assert tiles((it.span for it in heex.children_of(node)), node.span)
            case heex.Clause() if id(node) not in in_tags:
                assert tiles([node.head, *(it.span for it in node.children)], node.span)
            case heex.Quoted():
                assert tiles((it.span for it in node.parts), node.content)
            case heex.HtmlComment():
                inner = Span(node.span.start + 4, node.span.end - 3)
                assert tiles((it.span for it in node.children), inner)
            case heex.Attribute():
                assert node.span.start == node.name_span.start
                assert node.span.end == (node.value.span if node.value else node.name_span).end
    assert all(span.covers(error.span) for error in template.errors)


@given(
    text=TEXTS, before=st.text(max_size=5), dialect=st.sampled_from(Dialect), curly=st.booleans()
)
def test_nothing_is_lost(text: str, before: str, dialect: Dialect, curly: bool) -> None:
    source = (before + text + before).encode()
    span = Span(len(before.encode()), len((before + text).encode()))
    template = parse(source, [span], dialect, curly=curly)
    assert_sound(template, span)
    pieces = elixir_pieces(template)
    assert all(a.span.end < b.span.start for a, b in pairwise(pieces))
    for piece in pieces:
        assert span.start < piece.span.start < piece.span.end <= span.end
        assert piece.span.slice(source).strip() == piece.span.slice(source)
    prepared, ranges = prepare(source, pieces)
    assert len(prepared) == len(source)
    assert all(a.end_byte <= b.start_byte for a, b in pairwise(ranges))
    included = bytearray(prepared)
    for it in ranges:
        included[it.start_byte : it.end_byte] = source[it.start_byte : it.end_byte]
    assert included == source, "only the parts that are shown to the parser may differ"


@given(content=st.binary(max_size=60), dialect=st.sampled_from(Dialect))
def test_any_bytes_are_a_template(content: bytes, dialect: Dialect) -> None:
    span = Span(0, len(content))
    assert_sound(parse(content, [span], dialect), span)


@given(texts=st.lists(TEXTS, min_size=2, max_size=4), dialect=st.sampled_from(Dialect))
def test_gaps_do_not_break_anything(texts: list[str], dialect: Dialect) -> None:
    source, ranges = b"", []
    for text in texts:
        source += b"\\"
        ranges.append(Span(len(source), len(source) + len(text.encode())))
        source += text.encode()
    template = parse(source, ranges, dialect)
    assert_sound(template, Span(1, len(source)))


# Well-formed templates with the outline that they must have.
Model = tuple[str, str]


def many(models: list[Model]) -> Model:
    return "".join(text for text, _ in models), " ".join(shown for _, shown in models if shown)


def tag(name: str, attributes: list[Model], inner: Model) -> Model:
    head = "".join(f" {text}" for text, _ in attributes)
    shown = f"({' '.join(shown for _, shown in attributes)})" if attributes else ""
    return f"<{name}{head}>{inner[0]}</{name}>", f"{name}{shown}[{inner[1]}]"


def component(name: str, slot: Model, inner: Model) -> Model:
    slotted = tag(":item", [], slot)
    return tag(name, [], (inner[0] + slotted[0], f"{inner[1]} {slotted[1]}".strip()))


def condition(then: Model, otherwise: Model) -> Model:
    return (
        f"<%= if @a do %>{then[0]}<% else %>{otherwise[0]}<% end %>",
        f"{{= if @a do [{then[1]}] else [{otherwise[1]}] end}}",
    )


def function(inner: Model) -> Model:
    return f"<%= f @a, fn b -> %>{inner[0]}<% end) %>", f"{{= f @a, fn b -> [{inner[1]}] end)}}"


ATTRIBUTES = st.lists(
    st.sampled_from(
        [
            ("a", "a"),
            ("b='<c> {d}'", "b='<c> {d}'"),
            ('e=""', 'e=""'),
            ("f = {%{g: {h}}}", "f={%{g: {h}}}"),
            (":if={i < j}", ":if={i < j}"),
            ("{@k}", "{@k}"),
        ]
    ),
    max_size=3,
)
LEAVES = st.sampled_from(
    [
        ("{@x}", "{@x}"),
        ("<%= y %>", "<%= y>"),
        ("<br>", "br"),
        ("<.z />", ".z/"),
        ("<%!-- <p> --%>", "#"),
        ("<!-- <p> {q} -->", "<!--[' <p> {q} ']"),
        ("<script>if (a < b) { c }</script>", "script['if (a < b) { c }']"),
        ("<hr/>text<hr/>", "hr/ 'text' hr/"),
    ]
)
TEMPLATES: st.SearchStrategy[Model] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(many),
        st.builds(tag, st.sampled_from(["div", "p", ".c", "A.b"]), ATTRIBUTES, inner),
        st.builds(component, st.sampled_from([".c", "A.b"]), inner, inner),
        st.builds(condition, inner, inner),
        st.builds(function, inner),
    ),
    max_leaves=12,
)


@given(TEMPLATES)
def test_well_formed_templates_are_read_as_they_were_meant(model: Model) -> None:
    text, expected = model
    assert errors(text) == []
    assert outline(text) == expected


HOSTILE = [
    *(
        "<",
        "{",
        "}",
        "<%",
        '"',
        "=",
        "</",
        "</a",
        "<!--",
        "<!doctype",
        "<%!--",
        "\\{",
        "{{}",
        "{ {} ",
    ),
    *("<a ", '<a x="', "<a x='", "<a x={", "<a {", "<a {><", "<a {> } ", "<a =", "<a }", "<a b<%"),
    *('<a x="\n y="z', "<a x=\"\n y='z", '<a x="<%= x %>', "<a x=<%= y %>", "<a></b>", "<.a><:b>"),
    *(
        "<script><%%>",
        "<!doctype<%%>",
        "<% if x do %>",
        "<% else %>",
        "<% end %>",
        "<!-- <% if x do %> -->",
    ),
    *(
        '<%= "\\" -> %>',
        "<%= # %>",
        '{"',
        '<%= "#{',
        "<%= ~s(",
        "<%=#\n#\n",
        "<a phx-no-curly-interpolation>{",
    ),
]


def seconds(text: bytes, dialect: Dialect) -> float:
    """The time of one run without the garbage collector, whose part is not ours."""
    gc.disable()
    try:
        begin = time.process_time()
        prepare(text, elixir_pieces(parse(text, [Span(0, len(text))], dialect)))
        return time.process_time() - begin
    finally:
        gc.enable()


@pytest.mark.parametrize("dialect", [Dialect.HEEX, Dialect.EEX])
@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear(unit: str, dialect: Dialect) -> None:
    for end in (b"", b'"%>}'):
        short = unit.encode() * (20_000 // len(unit)) + end
        long = unit.encode() * (200_000 // len(unit)) + end
        # Ten times the text takes ten times as long, if not for caches; squared it would be 100.
        # A busy machine gets a second chance.
        assert any(
            seconds(long, dialect) < 30 * seconds(short, dialect) + 0.05 for _ in range(2)
        ), end


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 50_000 + "</a>" * 50_000,
        "<a>" * 50_000,
        "<a><b>" * 25_000 + "</a></b>" * 25_000,
        "<a>" * 50_000 + "</b>" * 50_000 + "</a>" * 50_000,
        "<% if x do %>" * 50_000 + "<% end %>" * 50_000,
        "<a " + "<% if x do %>" * 50_000 + ">",
        "{" * 50_000 + "}" * 50_000,
    ],
    ids=lambda text: text[:14],
)
def test_nesting_may_be_as_deep_as_it_likes(text: str, dialect: Dialect) -> None:
    source = text.encode()
    template = parse(source, [Span(0, len(source))], dialect)
    assert_sound(template, Span(0, len(source)))
    deepest: tuple[Node, ...] = heex.path_to(template, len(source) // 2)
    assert deepest[0] is template
