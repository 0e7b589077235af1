"""Suppressions: where they stand, what they silence, what is said of those that silence nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.document import Document, Language, language_of
from lsp_server.lint.apply import apply_edits
from lsp_server.lint.checker import operations
from lsp_server.lint.finding import Edit, Finding, Tag
from lsp_server.lint.suppress import ignore_here, suppressions
from lsp_server.project.workspace import Workspace
from lsp_server.severity import Severity
from tests.elixir_oracle import ElixirOracle
from tests.planted import planted

NOWHERE = Path("/nowhere")
EX, HEEX = "lib/a.ex", "lib/a_web/a.html.heex"


def workspace(source: str, path: str = EX) -> Workspace:
    found = Workspace(NOWHERE, rules=planted())
    found.open_document(path, source.encode(), 0)
    found.check(path)
    return found


def check(source: str, path: str = EX) -> list[tuple[str, int]]:
    """(rule without its pack, zero-based line) of all findings."""
    found = workspace(source, path)
    lines = found.open[path].lines
    return [
        (one.rule.partition("/")[2], lines.line_at(one.span.start)) for one in found.findings(path)
    ]


def fixed(source: str, rule: str, path: str = EX) -> str:
    """The text after the fix of the first finding of a rule."""
    found = workspace(source, path)
    finding = next(one for one in found.findings(path) if one.rule == rule)
    edits = [one for one in operations(finding, found.snapshot) if isinstance(one, Edit)]
    return apply_edits(source.encode(), edits).decode()


ONE = "counting"


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("one() # retort:ignore planted/counting\none()", [(ONE, 1)]),
        ("# retort:ignore planted/counting\none()\none()", [(ONE, 2)]),
        ("# retort:ignore planted\none()", []),
        ("# retort:ignore planted/counting -- as it was\none()", []),
        ("# retort:ignore planted/counting because -- no", [("unknown-suppression", 0)] * 1),
        ("# retort:ignore planted/reviewed, planted/counting\none() + risky()", []),
        ("# retort:ignore planted/counting planted/reviewed\none() + risky()", []),
        ("#retort:ignore planted/counting\none()", []),
        ("# see retort:ignore planted/counting\none()", []),
        ("# retort:ignore-file planted/counting\n\n\none()\ntwo()\nrisky()", [("reviewed", 5)]),
        ("one()\n# retort:ignore-file planted", []),
        ("# retort:ignore planted/counting\n# retort:ignore planted/reviewed\none() + risky()", []),
        ("# retort:ignore planted/counting\n# why\n# so\none()", []),
        ("# retort:ignore planted/counting\r\none()\r\n", []),
        ("# retort:ignore planted/counting\n\none()", [("unused-suppression", 0), (ONE, 2)]),
        ("# retort:ignored planted/counting\none()", [(ONE, 1)]),
        ('x = "# retort:ignore planted/counting"; one()', [(ONE, 0)]),
        ('x = "# retort:ignore planted/counting"\none()', [(ONE, 1)]),
        ("# retort:ignore planted/reviewed\none()", [("unused-suppression", 0), (ONE, 1)]),
        ("one( # retort:ignore planted/counting\n)", []),
        ('# retort:ignore planted/spelling\nx = ~s(a\n  b) <> "teh"', []),
        ('# retort:ignore planted/counting\nx = """\n  #{one()}\n"""', []),
    ],
)
def test_in_code(source: str, left: list[tuple[str, int]]) -> None:
    found = check(source)
    if source.endswith("-- no"):  # two names are wrong and one suppresses nothing
        found = [one for one in found if one[0] == "unknown-suppression"]
    assert found == left


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<%!-- retort:ignore planted/emphasis --%>\n<b>x</b>\n<b>y</b>", [("emphasis", 2)]),
        ("<%# retort:ignore planted/emphasis %>\n<b>x</b>", []),
        ("<b>x</b> <%!-- retort:ignore planted/emphasis --%>\n<b>y</b>", [("emphasis", 1)]),
        ("<!-- retort:ignore planted/emphasis -->\n<b>x</b>", [("emphasis", 1)]),
        ("retort:ignore planted/emphasis\n<b>x</b>", [("emphasis", 1)]),
        ('<p\n  id="retort:ignore planted/emphasis"\n><b>x</b></p>', [("emphasis", 2)]),
        ('<%!-- retort:ignore planted/emphasis --%>\n<p\n  class="x"\n  bgcolor="y"\n>\n</p>', []),
        ("<%!-- retort:ignore planted/counting --%>\n<p\n  class={one()}\n/>{one()}", []),
        ("<%!-- retort:ignore planted/counting --%>\n{f(\n  one()\n)}\n{one()}", [(ONE, 4)]),
        ("<%!-- retort:ignore planted/counting --%>\n<%= if f(\n  one()\n) do %>\n<% end %>", []),
        ("<%!-- retort:ignore-file planted --%>\n\n<b>{one()}</b>", []),
        ("<script>\n<%!-- retort:ignore planted/counting --%>\n<%= one() %>\n</script>", []),
    ],
)
@pytest.mark.parametrize("where", ["file", "sigil"])
def test_in_templates(source: str, left: list[tuple[str, int]], where: str) -> None:
    if where == "file":
        assert check(source, HEEX) == left
        return
    code = f'def f(assigns) do\n~H"""\n{source}\n"""\nend'
    assert check(code) == [(rule, line + 2) for rule, line in left]


def test_around_a_template_the_comment_is_elixirs() -> None:
    code = 'def f(assigns) do\n  # retort:ignore planted/emphasis\n  ~H"<b>x</b>"\nend'
    assert check(code) == []
    code = 'def f(assigns) do\n  # retort:ignore planted/emphasis\n  ~H"""\n  <b>x</b>\n  """\nend'
    assert check(code) == [("unused-suppression", 1), ("emphasis", 3)]


def test_what_is_unused_or_unknown_says_so() -> None:
    source = "# retort:ignore planted/countin, planted/strict, nothing\n# retort:ignore\n1"
    found = workspace(source).findings(EX)
    assert [(one.rule, one.severity) for one in found] == [
        ("retort/unknown-suppression", Severity.WARNING),
        ("retort/unknown-suppression", Severity.WARNING),
        ("retort/unused-suppression", Severity.INFORMATION),
    ]
    assert "did you mean `planted/counting`?" in found[0].message
    assert [Document(EX, source.encode()).source[slice(*one.span)] for one in found] == [
        b"planted/countin",
        b"nothing",
        b"retort:ignore",
    ]
    unused = workspace("# retort:ignore planted/counting\n1").findings(EX)[0]
    assert unused.tags == (Tag.UNNECESSARY,)


def test_a_rule_that_does_not_run_is_not_called_unused() -> None:
    assert check("# retort:ignore planted/strict\n1") == [], "of the other profile"
    found = workspace("# retort:ignore planted/twins\n1")
    assert found.findings(EX) == [], "project rules have not run yet"
    found.loaded = True
    assert [one.rule for one in found.findings(EX)] == ["retort/unused-suppression"]
    found = workspace("# retort:ignore planted\n1")
    assert found.findings(EX) == [], "nor have all rules of the pack"
    found.loaded = True
    assert len(found.findings(EX)) == 1


def test_project_findings_are_suppressed_too() -> None:
    found = workspace("# retort:ignore planted/twins\ndefmodule A do\nend\n")
    found.open_document("lib/b.ex", b"defmodule A do\nend\n", 0)
    for path in (EX, "lib/b.ex"):
        found.collect(path)
    found.loaded = True
    for _ in found.run_project_rules():
        pass
    assert found.findings(EX) == []
    assert [one.rule for one in found.findings("lib/b.ex")] == ["planted/twins"]


UNUSED, UNKNOWN = "retort/unused-suppression", "retort/unknown-suppression"


@pytest.mark.parametrize(
    ("source", "rule", "after"),
    [
        ("a\n  # retort:ignore planted/counting\n  b\n", UNUSED, "a\n  b\n"),
        ("a\r\n# retort:ignore planted/counting -- why\r\nb\r\n", UNUSED, "a\r\nb\r\n"),
        ("a() # retort:ignore planted/counting\nb\n", UNUSED, "a()\nb\n"),
        ("a # retort:ignore planted/counting", UNUSED, "a"),
        ("# retort:ignore planted/counting", UNUSED, ""),
        ("# retort:ignore\na", UNUSED, "a"),
        (
            "# retort:ignore planted/reviewed, planted/counting -- x\none()",
            UNUSED,
            "# retort:ignore planted/counting -- x\none()",
        ),
        (
            "# retort:ignore planted/counting, planted/reviewed -- x\none()",
            UNUSED,
            "# retort:ignore planted/counting -- x\none()",
        ),
        (
            "# retort:ignore a/b, planted/counting\none()",
            UNKNOWN,
            "# retort:ignore planted/counting\none()",
        ),
        (
            "# retort:ignore planted/countin -- why\none()",
            UNKNOWN,
            "# retort:ignore planted/counting -- why\none()",
        ),
    ],
)
def test_the_fix_removes_what_is_not_needed(source: str, rule: str, after: str) -> None:
    assert fixed(source, rule) == after


def test_the_fix_in_a_template() -> None:
    source = "<p>\n  <%!-- retort:ignore planted/emphasis --%>\n  x\n</p>\n"
    assert fixed(source, UNUSED, HEEX) == "<p>\n  x\n</p>\n"
    source = "<p>x</p> <%!-- retort:ignore planted/emphasis --%>\n"
    assert fixed(source, UNUSED, HEEX) == "<p>x</p>\n"


def ignored(source: str, path: str, rule: str) -> str:
    """The text after «Ignore here» on the first finding of a rule."""
    found = workspace(source, path)
    finding = next(one for one in found.findings(path) if one.rule == rule)
    edits = ignore_here(found.open[path], finding)
    return apply_edits(source.encode(), edits).decode()


def rules_left(source: str, path: str) -> list[str]:
    return [one.rule for one in workspace(source, path).findings(path)]


PLACES = [
    "one()",
    "  one()",
    "x = 1\n\tone()\n",
    "def f do\n  x\n  |> one()\n  |> y()\nend",
    "f(a,\n  one(),\n  b)",
    'x = """\na #{one()}\n"""',
    'x = f("""\na\n#{one()}\n""", 1)',
    "x = ~s(a\n#{one()}\nb)",
    "x = 'a\n#{one()}\nb'",
    'x = "a\n#{f("b\n#{one()}")}\n"',
    "one()\r\ntwo()\r\n",
    "\ufeffone()\n",
    "# retort:ignore planted/reviewed\nrisky(one())",
    "risky(one()) # retort:ignore planted/reviewed -- known\n",
    'def f(assigns) do\n  ~H"""\n  <p>\n    {one()}\n  </p>\n  """\nend',
    'def f(assigns) do\n  ~H"<p>{one()}</p>"\nend',
    'def f(assigns) do\n  ~H"""\n  <p\n    id={one()}\n  >x</p>\n  """\nend',
    'def f(assigns) do\n  ~H"""\n  {f(\n    one()\n  )}\n  """\nend',
    'def f(assigns) do\n  ~H"""\n  <%= for x <- f(\n    one()\n  ) do %>\n  <% end %>\n  """\nend',
    'def f(assigns) do\n  ~H"""\n  <p id={f("\n    #{one()}")}\n  />\n  """\nend',
]
TEMPLATES = [
    "{one()}",
    "<p>\n  {one()}\n</p>",
    '<p\n  class="a"\n  id={one()}\n  title="b">\n</p>',
    "<p><i\n  id={f(\n    one())}\n/></p>",
    "<%= f(\n  one()\n) %>",
    "<%= if a do %>\n  <%= one() %>\n<% end %>",
    "<%= if a do %>\n  b\n<% else %>\n  {one()}\n<% end %>",
    "<%= case f(\n  one()) do %>\n<% x -> %>\n<% end %>",
    "<script>\n  f(<%= one() %>)\n</script>",
    "<pre>\n{one()}\n</pre>",
    "<!--\n<%= one() %>\n-->",
    "<p>\r\n  {one()}\r\n</p>\r\n",
    "<%!-- retort:ignore planted/emphasis --%>\n<b>{one()}</b>",
]


@pytest.mark.parametrize(
    ("path", "source"), [(EX, one) for one in PLACES] + [(HEEX, one) for one in TEMPLATES]
)
def test_ignore_here_silences_one_finding_and_breaks_nothing(
    path: str, source: str, elixir: ElixirOracle
) -> None:
    rule = "planted/counting"
    before = rules_left(source, path)
    after = ignored(source, path, rule)
    if before.count(rule) == 1:
        assert rules_left(after, path) == [one for one in before if one != rule]
    else:
        assert rules_left(after, path).count(rule) < before.count(rule)
    assert len(suppressions(Document(path, after.encode()))) == 1
    document = Document(path, after.encode())
    assert all(layer.template.errors == () for layer in document.templates)
    if language_of(path) is Language.ELIXIR:
        assert elixir.parses(after.removeprefix("\ufeff")) is None
    else:
        assert elixir.eex_parses(after) is None
    assert ("\r\n" in after) is ("\r\n" in source)
    assert after.replace("\r\n", "").count("\n") == 0 or "\r" not in source


def test_ignoring_in_scripts_of_the_browser() -> None:
    source = b"let a = 1\n  badCall()\n"
    document = Document("assets/js/app.js", source)
    finding = Finding(document.lines.line_span(1), "x", document.path, rule="planted/counting")
    after = apply_edits(source, ignore_here(document, finding))
    assert after == b"let a = 1\n  // retort:ignore planted/counting\n  badCall()\n"
    found = suppressions(Document("assets/js/app.js", after))
    assert [one.lines for one in found] == [frozenset({2})]
    assert suppressions(Document("assets/js/app.js", b'"retort:ignore x"')) == []
