"""The live check: after any edits it says what a check of the final text alone says."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.document import Change, Document
from lsp_server.lint.finding import Finding
from lsp_server.lint.registry import Registry, load
from lsp_server.project.workspace import Workspace
from lsp_server.syntax.outline import Module
from lsp_server.text import Span
from tests.planted import CLASSES

RULES = Registry([*load(), *(rule() for rule in CLASSES)])
# What the quick check may leave for later.
LATER = {
    rule.id
    for rule in RULES.document_rules
    if any(view in (Module, Document) for view in (one.view for _, one in rule.subscriptions))
}
NOWHERE = Path("/nowhere")
EXAMPLES = int(os.environ.get("RETORT_EXAMPLES", "150"))

FUNCTION = "  def f{n}(x) do\n    two()\n    x\n  end\n\n"
SHORT = "  def g(socket), do: push_redirect(socket, to: one())\n"
TEMPLATE = '  def render(assigns) do\n    ~H"""\n    <b bgcolor="x">{one()}</b>\n    """\n  end\n'
DOC = '  @doc """\n  About teh function, with one() in it.\n  """\n'
DIRECTIVES = (
    "  use Shop, :live_view\n  alias Shop.Repo\n  import Phoenix.LiveView, only: [one: 0]\n"
)
IGNORED = "  def h do\n    # retort:ignore planted/counting -- known\n    one() # two\n  end\n"
NESTED = "  defmodule Repo do\n    def one, do: one()\n  end\n"
CALLS = "  def fetch(x), do: x\n  def all(x) do\n    Repo.fetch(x)\n    fetch(x)\n  end\n"
LIMIT = "  @limit 3\n\n  def limit(x) do\n    limited()\n    x\n  end\n"
PARTS = [
    FUNCTION.format(n=1),
    FUNCTION.format(n=2),
    SHORT,
    TEMPLATE,
    DOC,
    DIRECTIVES,
    IGNORED,
    NESTED,
    CALLS,
    LIMIT,
]
MODULES = st.lists(st.sampled_from(PARTS), max_size=6).map(
    lambda parts: "defmodule Shop.Page do\n" + "".join(parts) + "end\n"
)
TEXTS = st.lists(MODULES, min_size=1, max_size=2).map("".join)

SNIPPETS = ["one()", "two()", "x", " ", "\n", "\r\n", "😀é", '"teh"', '"', '"""', "'", "#", "# c\n"]
SNIPPETS += [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "do",
    "end",
    "end\n  def k do\n",
    "fn -> ",
    "->",
    ",",
    "\\",
]
SNIPPETS += ["<b>", "</b>", "<%= ", "%>", "{one()}", '~H"<b>"', "~s(", "#{one()}", "|> one()", "\0"]
SNIPPETS += [
    "alias A.Repo\n",
    "fetch(1)",
    "Repo",
    "import X\n",
    "  def new, do: one()\n",
    "@x one()\n",
]
SNIPPETS += ["defmodule N do\n", "retort:ignore planted/spelling", "def f1(a, b), do: a"]
STATEMENTS = [
    "limited()",
    "one()",
    "two(x)",
    'y = "teh"',
    "fetch(1)",
    "Repo.fetch(x)",
    "😀 = 1",
    "# one()",
    'z = ~H"<b>é</b>"',
]

Edit = tuple[
    str, int, int, str
]  # how, a place in thousandths, how much is deleted, what is inserted


# Anywhere, mostly small; or as people type: inside the body of a function, whole or half words.
WILD = st.tuples(
    st.just("wild"),
    st.integers(0, 1000),
    st.one_of(st.just(0), st.integers(0, 6), st.integers(0, 80)),
    st.sampled_from(["", *SNIPPETS]),
)
TYPED = st.tuples(
    st.sampled_from(["line", "end", "middle"]),
    st.integers(0, 1000),
    st.sampled_from([0, 0, 0, 1, 4]),
    st.sampled_from([*STATEMENTS, "x", " ", "\n", "1"]),
)
EDITS = st.one_of(
    st.lists(TYPED, min_size=1, max_size=2),
    st.lists(st.one_of(WILD, TYPED), min_size=1, max_size=4),
)
BODY = re.compile(rb"^    .*$", re.M)


def changed(document: Document, edit: Edit) -> Change:
    """The change, at whole characters as editors make it."""
    source, (how, place, length, text) = document.source, edit
    start = len(source) * place // 1000
    lines = list(BODY.finditer(source))
    if how != "wild" and lines:
        line = lines[(len(lines) - 1) * place // 1000]
        start = {"line": line.start(), "end": line.end(), "middle": line.start() + 8}[how]
        text = f"    {text}\n" if how == "line" else text
    start = min(start, len(source))
    end = min(start + length, len(source))
    while 0 < start < len(source) and source[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(source) and source[end] & 0xC0 == 0x80:
        end += 1
    return Change(Span(start, end), text.encode())


def fresh(path: str, source: bytes) -> list[Finding]:
    workspace = Workspace(NOWHERE, rules=RULES)
    workspace.open_document(path, source, 0)
    workspace.check(path)
    return workspace.findings(path)


def quick_ones(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.rule not in LATER]


@settings(max_examples=EXAMPLES, deadline=None)
@given(TEXTS, st.lists(EDITS, min_size=1, max_size=5))
def test_any_edits_of_a_module(text: str, notifications: list[list[Edit]]) -> None:
    check_edits("lib/shop/page.ex", text, notifications)


TAGS = [
    '<b bgcolor="x">',
    "</b>",
    "{one()}",
    "<%= if x do %>",
    "<% end %>",
    "text\n",
    "<i>\n</i>\n",
    "<%# c %>",
]
TEMPLATES = st.lists(st.sampled_from(TAGS), max_size=8).map("".join)


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(TEMPLATES, st.lists(EDITS, min_size=1, max_size=4))
def test_any_edits_of_a_template(text: str, notifications: list[list[Edit]]) -> None:
    check_edits("lib/shop_web/page.html.heex", text, notifications)


def check_edits(path: str, text: str, notifications: list[list[Edit]]) -> None:
    workspace = Workspace(NOWHERE, rules=RULES)
    document = workspace.open_document(path, text.encode(), 0)
    workspace.check(path)
    for version, edits in enumerate(notifications, 1):
        changes, after = [], document
        for edit in edits:
            changes.append(changed(after, edit))
            after = after.edit([changes[-1]])
        document = workspace.edit(path, changes, version)
        assert document.source == after.source
        workspace.check(path, quick=True)
        expected = fresh(path, document.source)
        assert quick_ones(workspace.findings(path)) == quick_ones(expected)
        if version % 2 == 0:
            workspace.check(path)
            assert workspace.findings(path) == expected
    workspace.check(path)
    assert workspace.findings(path) == fresh(path, document.source)


def test_typing_in_documentation_reads_no_other_form() -> None:
    workspace = Workspace(NOWHERE, rules=RULES)
    text = f"defmodule Shop.Page do\n{DOC}{CALLS}end\n".encode()
    workspace.open_document("lib/page.ex", text, 0)
    workspace.check("lib/page.ex")
    at = text.index(b"function")
    workspace.edit("lib/page.ex", [Change(Span(at, at), b"whole ")], 1)
    workspace.check("lib/page.ex", quick=True)
    document = workspace.open["lib/page.ex"]
    assert "tree" not in document.__dict__
    assert quick_ones(workspace.findings("lib/page.ex")) == quick_ones(
        fresh("lib/page.ex", document.source)
    )
