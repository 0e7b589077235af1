"""Tags laid out as LiveView's formatter does; LiveView 1.2 leaves each expected text alone."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.syntax.template_layout import (
    Place,
    element,
    following,
    moved,
    opening_tag,
    place_of,
    shifted,
    verbatim_spans,
)
from lsp_server.text import Span

LONG = "x" * 50
PATH = HeexAttribute("patch", "{Routes.session_path(@socket, :runtime_settings, @session.id)}")
CLASS = HeexAttribute("class", '"button-base button-outlined-gray"')


def test_a_tag_that_fits_stands_on_one_line() -> None:
    assert opening_tag("br", (), Place()) == "<br>"
    assert opening_tag(".icon", (), Place(), self_closing=True) == "<.icon />"
    assert element(".link", (PATH,), "Go", Place("  ", 2, 2)) == (
        "<.link patch={Routes.session_path(@socket, :runtime_settings, @session.id)}>Go</.link>"
    )
    bare = HeexAttribute("replace")
    assert opening_tag(".link", (CLASS, bare), Place(), self_closing=True) == (
        '<.link class="button-base button-outlined-gray" replace />'
    )


def test_attributes_stand_one_on_a_line_when_the_tag_is_too_long() -> None:
    assert element(".link", (PATH, CLASS), "Go", Place("    ", 4, 4)) == (
        "<.link\n"
        "      patch={Routes.session_path(@socket, :runtime_settings, @session.id)}\n"
        '      class="button-base button-outlined-gray"\n'
        "    >Go</.link>"
    )
    assert opening_tag(".live", (PATH, CLASS), Place(), self_closing=True).endswith('gray"\n/>')


@pytest.mark.parametrize(("width", "broken"), [(0, False), (1, True)])
def test_what_follows_on_the_line_counts(width: int, broken: bool) -> None:
    attributes = (HeexAttribute("a", f'"{LONG}"'), HeexAttribute("b", '"c"'))
    line = opening_tag("p", attributes, Place())
    follows = 98 - len(line) + width
    assert ("\n" in opening_tag("p", attributes, Place(), follows=follows)) is broken
    assert ("\n" in opening_tag("p", attributes, Place("", follows, 0))) is broken
    assert ("\n" in element("p", attributes, "x" * (follows - 4), Place())) is broken
    more = element("p", attributes, "x" * (follows - 4) + "\nmore", Place())
    assert "\n b" not in more.replace("\n  ", "\n ")


def test_a_tag_with_one_attribute_breaks_inside_of_it() -> None:
    path = HeexAttribute("navigate", f"{{Routes.path(@socket, {LONG}, {LONG[:20]})}}")
    assert element(".link", (path,), "Go", Place("  ", 2, 2)) == (
        f"<.link navigate={{\n    Routes.path(@socket, {LONG}, {LONG[:20]})\n  }}>Go</.link>"
    )
    text = HeexAttribute("title", f'"{LONG}{LONG}"')
    assert opening_tag("p", (text,), Place()) == f'<p title="{LONG}{LONG}">'
    short = HeexAttribute("id", "{@id}")
    assert element("p", (short,), LONG * 2, Place()) == f"<p id={{@id}}>{LONG * 2}</p>"


def test_a_long_value_gets_lines_of_its_own() -> None:
    path = HeexAttribute("navigate", f"{{Routes.path({LONG}, {LONG[:30]})}}")
    joined = HeexAttribute("id", f'{{"{LONG}" <> "{LONG}"}}', (), True)
    names = (f'"{LONG}"', f'"{LONG[:40]}"')
    classes = HeexAttribute("class", f"{{[{', '.join(names)}]}}", names, True)
    assert opening_tag(".link", (path, joined, classes), Place()) == (
        "<.link\n"
        "  navigate={\n"
        f"    Routes.path({LONG}, {LONG[:30]})\n"
        "  }\n"
        f'  id={{"{LONG}" <> "{LONG}"}}\n'
        "  class={[\n"
        f"    {names[0]},\n"
        f"    {names[1]}\n"
        "  ]}\n"
        ">"
    )


def test_code_of_several_lines_moves_as_a_whole() -> None:
    code = "{Routes.path(\n        @socket,\n        :show\n      )}"
    value = HeexAttribute("patch", code)
    assert opening_tag(".link", (value, CLASS), Place("  ", 2, 2)) == (
        "<.link\n"
        "    patch={\n"
        "      Routes.path(\n"
        "        @socket,\n"
        "        :show\n"
        "      )\n"
        "    }\n"
        '    class="button-base button-outlined-gray"\n'
        "  >"
    )
    classes = HeexAttribute("class", '{[\n    "a",\n    @b\n  ]}', ('"a"', "@b"), True)
    assert opening_tag("p", (classes,), Place()) == '<p class={[\n  "a",\n  @b\n]}>'
    assert moved("a\n    |> b()\n\n    |> c()", "") == "a\n  |> b()\n\n  |> c()"
    assert moved("a(\r\n 1\r\n)", "  ", "\r\n") == "a(\r\n   1\r\n  )"


def test_lines_end_as_the_file_has_them() -> None:
    document = Document("lib/a.html.heex", b"<p>\r\n  x\r\n</p>\r\n")
    layer = next(document.templates)
    place = place_of(layer, document.lines, 7)
    assert place == Place("  ", 2, 2, "\r\n")
    assert opening_tag(".link", (PATH, CLASS), place).count("\r\n") == 3


def test_a_heredoc_is_measured_from_its_closing_quotes() -> None:
    source = b'def render(assigns) do\n    ~H"""\n    <p>\n      {x} y\n    </p>\n    """\nend\n'
    document = Document("lib/a.ex", source)
    layer = next(document.templates)
    assert place_of(layer, document.lines, source.index(b"{x}")) == Place("      ", 2, 2)
    assert following(document.lines, source.index(b"y\n")) == 1
    document = Document("lib/a.ex", b'def render(assigns), do: ~H"<b>{x}</b>"\n')
    layer = next(document.templates)
    assert place_of(layer, document.lines, document.source.index(b"{x}")) == Place("", 3, 0)


@pytest.mark.parametrize(
    ("rest", "width"),
    [
        ("", 0),
        ("</b>", 4),
        ("</b>, or a <i>c</i>", 10),
        (" and more", 0),
        (", and more  ", 10),
        ("</b> <i>c</i>", 4),
        ("{a b}<i c> d", 10),
    ],
)
def test_what_follows_ends_where_the_line_may_be_broken(rest: str, width: int) -> None:
    document = Document("lib/a.html.heex", f"<p>\n{{x}}{rest}\n</p>\n".encode())
    assert following(document.lines, 7) == width


TEXT = """\
<div>
  <p>

    a
  </p>
  <pre>
    b
  </pre>
  <i title="c
    d">
    {f(\"\"\"
    e
    \"\"\")}
    {"f
    g"}
  </i>
</div>
"""


def test_children_are_indented_anew_but_for_what_would_change() -> None:
    document = Document("lib/a.html.heex", TEXT.encode())
    layer = next(document.templates)
    start, end = TEXT.index("<p>"), TEXT.index("</div>")
    span = Span(start, end)
    kept = verbatim_spans(layer, span)
    less = shifted(document.source, span, -2, kept)
    assert less == (
        "<p>\n\n  a\n</p>\n<pre>\n    b\n  </pre>\n"
        '<i title="c\n    d">\n  {f("""\n  e\n  """)}\n  {"f\n    g"}\n</i>\n'
    )
    more = shifted(document.source, span, 2, kept)
    assert more.startswith("<p>\n\n      a\n    </p>\n    <pre>\n    b\n  </pre>\n    <i")
    assert shifted(document.source, span, 0, kept) == TEXT[start:end]
    assert shifted(b"a\n b\n", Span(0, 5), -4) == "a\nb\n"
