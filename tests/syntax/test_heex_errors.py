"""Broken templates: what is reported and where, and that the rest is read as it was meant."""

from __future__ import annotations

import pytest

from lsp_server.syntax.heex import Dialect
from tests.syntax.heex_outline import errors, outline, template

BROKEN = [
    # text, errors as kind and place, tree
    ("<div><p>a</div>b", [("unclosed-tag", "p")], "div[p['a']!] 'b'"),
    ("<div>a", [("unclosed-tag", "div")], "div['a']!"),
    ("a</p>b", [("stray-closing-tag", "</p>")], "'a' '</p>' 'b'"),
    ("a</br>b", [("stray-closing-tag", "</br>")], "'a' '</br>' 'b'"),
    ("<h1>a</h2>b", [("mismatched-closing-tag", "h2")], "h1['a'] 'b'"),
    ("<a><h1>a</h2>b</a>", [("mismatched-closing-tag", "h2")], "a[h1['a'] 'b']"),
    ("<.c><:x>a</:y></.c>", [("mismatched-closing-tag", ":y")], ".c[:x['a']]"),
    ("<a></b></a>", [("stray-closing-tag", "</b>")], "a['</b>']"),
    ("<p>a</p >b", [("malformed-closing-tag", "</p >")], "p['a'] 'b'"),
    ("<p><i>a</i\n</p>b", [("malformed-closing-tag", "</i")], "p[i['a'] '\n'] 'b'"),
    ("1 < 2", [("missing-tag-name", "<")], "'1 < 2'"),
    ("a</>b", [("missing-tag-name", "</")], "'a</>b'"),
    ("<./>", [("missing-component-name", ".")], "./"),
    ("<:x/>", [("misplaced-slot", ":x")], ":x/"),
    ("<.c><p><:x/></p></.c>", [("misplaced-slot", ":x")], ".c[p[:x/]]"),
    ("<.c><%= if a do %><:x/><% end %></.c>", [("misplaced-slot", ":x")], None),
    ("<.c><:inner_block/></.c>", [("reserved-slot", ":inner_block")], None),
    ("<p class={@a}}>b</p>", [("stray-brace", "}")], "p(class={@a})['b']"),
    ("<p class{@a}>b</p>", [("stray-brace", "}")], "p(class{@a)['b']"),
    ('<p class="a"">b</p>', [("stray-quote", '"')], "p(class=\"a\")['b']"),
    ('<p ="a">b</p>', [("missing-attribute-name", "=")], "p['b']"),
    ("<p / a>b</p>", [("missing-attribute-name", "/")], "p(a)['b']"),
    ("<p a=>b</p>", [("missing-attribute-value", "=")], "p(a)['b']"),
    ("<p a=b c>d</p>", [("missing-attribute-value", "=")], "p(a=b c)['d']"),
    ("<p a={b c>d</p>e", [("unclosed-brace", "{")], "p(a={b c})['d'] 'e'"),
    ("<p a={%{b: 1} c='d'>e</p>", [("unclosed-brace", "{")], "p(a={%{b: 1} c='d')['e']"),
    ("<p>a { b</p>c", [("unclosed-brace", "{")], "p['a { b'] 'c'"),
    ("<p>{a <%= b %>}</p>", [("unclosed-brace", "{")], "p['{a ' <%= b> '}']"),
    ("<p a='b>c</p>d", [("unclosed-quote", "'")], "p(a='b')['c'] 'd'"),
    (
        '<p a="b>c</p>\n<i d="e">f</i>',
        [("unclosed-quote", '"')],
        "p(a=\"b\")['c'] '\n' i(d=\"e\")['f']",
    ),
    ("<!-- a <p>b</p>", [("unclosed-comment", "<!--")], "'<!-- a ' p['b']"),
    ("<!doctype <%= a %>>", [("unclosed-doctype", "<!doctype")], None),
    ("<p a='b'\n<i>c</i></p>", [("unfinished-tag", "p")], "p(a='b')['\n' i['c']]"),
    ("<i>a</i><p", [("unfinished-tag", "p")], "i['a'] p[]!"),
    ('<p a="<%= b %>">c</p>', [("eex-in-tag", "<%= b %>")], "p(a=\"[<%= b>]\")['c']"),
    ("<p a=<%= b %>>c</p>", [("eex-in-tag", "<%= b %>")], "p(a=[<%= b>])['c']"),
    ("<p <%= b %>>c</p>", [("eex-in-tag", "<%= b %>")], "p(<%= b>)['c']"),
    ("<p <%!-- b --%>>c</p>", [("eex-in-tag", "<%!-- b --%>")], "p(#)['c']"),
    (
        "<p <%= if b do %>c<% else %>d<% end %>>e</p>",
        [("eex-in-tag", "<%= if b do %>")],
        "p({= if b do [c] else [d] end})['e']",
    ),
    ("<script>a", [("unclosed-tag", "script")], "script['a']!"),
    (
        "<%= if a do %><p>b<% else %>c<% end %></p>",
        [("unclosed-tag", "p"), ("stray-closing-tag", "</p>")],
        "{= if a do [p['b']!] else ['c'] end} '</p>'",
    ),
    ("<p><%= if a do %></p>b<% end %>", None, "p[{= if a do ['</p>' 'b'] end}]!"),
]


@pytest.mark.parametrize(("text", "expected", "tree"), BROKEN)
def test_broken_heex(text: str, expected: list[tuple[str, str]] | None, tree: str | None) -> None:
    if expected is not None:
        assert errors(text) == expected
    if tree is not None:
        assert outline(text) == tree


EEX_ERRORS = [
    ("a <%= b", [("unclosed-eex", "<%=")]),
    ("a <%!-- b %>", [("unclosed-eex", "<%!--")]),
    ("<%= if a do %>b", [("unclosed-block", "<%= if a do %>")]),
    ("a<% end %>", [("stray-end", "<% end %>")]),
    ("a<% else %>", [("stray-clause", "<% else %>")]),
    ("<%= for a <- b do %><%= if c do %><% end %>", [("unclosed-block", "<%= for a <- b do %>")]),
]


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(("text", "expected"), EEX_ERRORS)
def test_broken_eex(text: str, expected: list[tuple[str, str]], dialect: Dialect) -> None:
    assert errors(text, dialect) == expected


def test_errors_tell_what_a_message_needs() -> None:
    text = "<h1>a</h2><p><%= if a do %><i><% end %></p>"
    mismatched, unclosed = template(text).errors
    assert (mismatched.name, mismatched.expected) == ("h2", "h1")
    assert mismatched.related is not None
    assert mismatched.related.slice(text.encode()) == b"h1"
    assert unclosed.name == "i"
    assert unclosed.related is not None
    assert unclosed.related.slice(text.encode()) == b"<% end %>"


AROUND = "<header><.icon name={@a} /></header>{hole}<ul><li :for={x <- @xs}>{x}</li></ul>"


@pytest.mark.parametrize(
    "hole",
    [
        "<p>",
        "</p>",
        "<p class=",
        "<p class={",
        "<p {",
        "<p\n",
        "<p a='b'",
        "<p a={%{b: c}\n",
        "<",
        "</",
        "<p }>",
        "{",
        "<!--",
        "<% end %>",
        "<p <%= a %>>",
        "<.",
        "<:x>",
    ],
)
def test_an_error_leaves_its_neighbours_alone(hole: str) -> None:
    text = AROUND.replace("{hole}", hole)
    assert errors(text)
    seen = outline(text)
    assert seen.startswith("header[.icon(name={@a})/]")
    assert "ul[li(:for={x <- @xs})[{x}]]" in seen
