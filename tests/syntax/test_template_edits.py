"""Options as attributes, labels as bodies, and what is left alone to keep its meaning."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.heex import Attribute, Braces, Dialect, Interpolation, Quoted, walk
from lsp_server.syntax.heex_parser import parse
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import (
    AttributeRules,
    Unsure,
    attributes,
    balanced,
    body,
    brace_safe,
    ends_sigil,
    escaped,
    interpolation,
)
from lsp_server.text import Span
from tests.elixir_oracle import ElixirOracle

LINK = AttributeRules({"to": "navigate"}, frozenset({"do"}), frozenset({"href", "inner-block"}))
COMPONENT = AttributeRules(keeps_values=True)
TAG = AttributeRules(is_html=True)


def call(code: str) -> Call:
    node = Document("lib/a.ex", code.encode()).forms[0].node
    assert isinstance(node, Call)
    return node


def node(code: str) -> Node:
    return call(f"f({code})").written_arguments[0]


def written(options: str, rules: AttributeRules = LINK) -> str:
    """The attributes as one line, or the reason why there are none in parentheses."""
    found = attributes(call(f"f({options})").keywords, rules)
    return f"({found.reason})" if isinstance(found, Unsure) else " ".join(map(str, found))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('class: "a"', 'class="a"'),
        ('"data-x": y', "data-x={y}"),
        ('to: ~p"/", class: "nav"', 'navigate={~p"/"} class="nav"'),
        ('class: "nav", to: Routes.home_path(@socket, :page)', None),
        ('data: [confirm: "Sure?", user_id: @id]', 'data-confirm="Sure?" data-user-id={@id}'),
        ('aria: [label: "x"], phx: [click: "go"]', 'aria-label="x" phx-click="go"'),
        ('data: [a: [b: "x", c: y], d: "z"]', 'data-a-b="x" data-a-c={y} data-d="z"'),
        ("data: []", ""),
        ('data: "movie.swf"', 'data="movie.swf"'),
        ('aria_label: "go", phx_click: "x"', 'aria-label="go" phx-click="x"'),
        ("replace: true, hidden: false, title: nil", "replace"),
        ("method: :delete, tabindex: 1", 'method="delete" tabindex={1}'),
        ('method: :"x-y"', 'method="x-y"'),
        ('id: "user-#{@id}"', 'id={"user-#{@id}"}'),
        (r'title: "say \"hi\""', r'title={"say \"hi\""}'),
        (r'title: "a\tb"', r'title={"a\tb"}'),
        (r'title: "back\\slash"', r'title="back\slash"'),
        ('title: "it\'s"', 'title="it\'s"'),
        ('title: "{a"', 'title="{a"'),
        ('class: ["a", @b]', 'class={["a", @b]}'),
        ('title: ""', 'title=""'),
        ('title: "a & b"', 'title="a & b"'),
        ('"x-on:click.once": "go()", "@click": "x"', 'x-on:click.once="go()" @click="x"'),
        ('id: 1, do: "text"', "id={1}"),
        ('class: "a\n  b"', 'class="a\n  b"'),
        ("id: f(%{a: 1})", "id={f(%{a: 1})}"),
        ('id: f("}{")', r'id={f("\}\{")}'),
        ('id: fn -> "}" end', r'id={fn -> "\}" end}'),
        (r'id: f("\\{")', r'id={f("\\{")}'),
    ],
)
def test_options_become_attributes(options: str, expected: str | None) -> None:
    if expected is None:
        expected = 'class="nav" navigate={Routes.home_path(@socket, :page)}'
    assert written(options) == expected


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("data: @data", "`data:` is not a literal list of options"),
        ("data: [{:a, 1}]", "`data:` is not a literal list of options"),
        ("data: [a: [1, 2]]", "`a:` is not a literal list of options"),
        ('href: "/"', "`href` means something else there"),
        ('inner_block: "/"', "`inner-block` means something else there"),
        ("id: 1, id: 2", "`id` is given twice"),
        ("data: [a: 1], data_a: 2", "`data-a` is given twice"),
        ('":if": @x', "`:if` cannot be the name of an attribute"),
        ('".x": @x', "`.x` cannot be the name of an attribute"),
        ('"a b": @x', "`a b` cannot be the name of an attribute"),
        ('"a#{b}": @x', "`a#{b}` cannot be the name of an attribute"),
        ("id: 1, # why\nclass: x", "a comment stands between the options"),
        ("id: ?}", "its braces do not pair up"),
        ("id: ~r/{/", "its braces do not pair up"),
        ("id: ~S({)", "its braces do not pair up"),
        ('id: "<%"', "its code holds an EEx tag"),
        ('id: "a#{b}\nc"', "a string in it runs over several lines"),
    ],
)
def test_what_is_not_sure_says_why(options: str, reason: str) -> None:
    assert written(options) == f"({reason})"


def test_a_comment_inside_a_value_stays_in_it() -> None:
    assert written("id: f(\n# why\n1)") == "id={f(\n# why\n1)}"


def test_a_component_is_given_the_values_themselves() -> None:
    options = 'a: :x, b: true, c: false, d: nil, e: "s"'
    assert written(options, COMPONENT) == 'a={:x} b c={false} d={nil} e="s"'


def test_quoted_text_of_a_tag_is_html() -> None:
    options = 'a: "R&D", b: "x&y;", c: "a & b", d: "&#39;"'
    assert written(options, TAG) == 'a="R&amp;D" b="x&amp;y;" c="a & b" d="&amp;#39;"'


@pytest.mark.parametrize(
    ("label", "curly", "plain"),
    [
        ('"Home"', "Home", "Home"),
        ('""', "", ""),
        ("nil", "", ""),
        ('"a < b & {c}"', "a &lt; b &amp; &lbrace;c&rbrace;", "a &lt; b &amp; {c}"),
        ('"Grüße »x«"', "Grüße »x«", "Grüße »x«"),
        ('"#{@name}!"', '{"#{@name}!"}', '<%= "#{@name}!" %>'),
        (r'"a\nb"', r'{"a\nb"}', r'<%= "a\nb" %>'),
        ('" "', '{" "}', '<%= " " %>'),
        ("@title", "{@title}", "<%= @title %>"),
        ('raw("&times;")', '{raw("&times;")}', '<%= raw("&times;") %>'),
        ("f(%{a: 1})", "{f(%{a: 1})}", "<%= f(%{a: 1}) %>"),
        ("f(?})", "<%= f(?}) %>", "<%= f(?}) %>"),
        ('f("{")', r'{f("\{")}', '<%= f("{") %>'),
    ],
)
def test_labels_become_bodies(label: str, curly: str, plain: str) -> None:
    assert body(node(label), curly=True) == curly
    assert body(node(label), curly=False) == plain


def test_code_with_an_eex_tag_is_left_alone() -> None:
    assert body(node('"<%= x %>"'), curly=True) == Unsure("its code holds an EEx tag")
    assert interpolation(node('f("%>")'), curly=False) == Unsure("its code holds an EEx tag")
    assert brace_safe(node('f("<%")')) == Unsure("its code holds an EEx tag")


def test_broken_code_is_left_alone() -> None:
    assert isinstance(brace_safe(node("f(1, %{")), Unsure)
    assert isinstance(interpolation(node("f(1, %{"), curly=False), Unsure)
    assert isinstance(attributes(call("f(a: , b: 1)").keywords, LINK), Unsure)


def test_braces_are_counted_blindly() -> None:
    assert balanced("") and balanced("{}{{}}") and balanced(r"\{") and balanced(r"{\}}")
    assert not balanced("}{") and not balanced("{") and not balanced(r"{\}")


def test_escaped_text() -> None:
    assert escaped('<a href="x">', curly=True) == '&lt;a href="x"&gt;'


def test_a_delimiter_in_the_text_would_end_a_sigil() -> None:
    def sigil(code: str) -> bool:
        layer = next(Document("lib/a.ex", code.encode()).templates)
        return ends_sigil(layer.sigil, 'a="b" |x}')

    assert sigil('~H"x"') and sigil("~H|x|") and sigil("~H{x}")
    assert not sigil("~H(x)") and not sigil('~H"""\nx\n"""') and not sigil("~H'x'")
    assert not ends_sigil(None, '"')


VALUES = [
    'f("}{", "\\\\", ?a)',
    "%{a: %{b: {1, 2}}}",
    '"#{x} {"',
    "fn -> '}' end",
    'if(@a, do: "{", else: "}")',
    '&(&1 <> "}")',
    r'f("\\{")',
]


@pytest.mark.parametrize("code", VALUES)
def test_what_is_written_is_read_back_and_means_the_same(code: str, elixir: ElixirOracle) -> None:
    """The braces close where they should, and Elixir sees the same code between them."""
    value = attributes(call(f"f(x: {code})").keywords, COMPONENT)
    shown = body(node(code), curly=True)
    assert not isinstance(value, Unsure) and not isinstance(shown, Unsure)
    source = f"<.a {value[0]} y>{shown}</.a>".encode()
    template = parse(source, [Span(0, len(source))], Dialect.HEEX)
    assert template.errors == ()
    nodes = list(walk(template))
    assert [one.name for one in nodes if isinstance(one, Attribute)] == ["x", "y"]
    pieces = [one for one in nodes if isinstance(one, (Braces, Interpolation))]
    assert len(pieces) == 2 and not any(isinstance(one, Quoted) for one in nodes)
    for piece in pieces:
        assert elixir.ast_equal(piece.expression.slice(source).decode(), code)
