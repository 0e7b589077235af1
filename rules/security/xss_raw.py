"""security/xss-raw"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.calls.primitives import words
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.raw_html import (
    HtmlGiven,
    HtmlMaker,
    HtmlPart,
    HtmlSink,
)
from lsp_server.facts.pages.written_texts import TextAttribute, WrittenTexts
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

_WIDTH = 98
# Names of what holds no markup that a visitor wrote.
_HARMLESS = re.compile(
    r"(?:^|_)(?:ids?|uuid|url|uri|path|href|src|class|css|style|nonce|count|total|size|width|height"
    r"|days?|hours?|months?|years?|quantity|qty|price|amount|date|time|at|on|index|number|num|page"
    r"|pages|percent|color|colour|icons?|svg|chart|graph|plot|sparkline|qr|qr_code|barcode|version"
    r"|digest|hash|base|highlights?|locale|inner_content|inner_block|streams?|highlighted|safe|escaped|sanitized"
    r"|sanitised|clean|cleaned|csrf_token|json_ld|attrs|tag)\d?$"
)
_SAYS_HTML = re.compile(r"_html$|^html_|_svg$|_markup$")
# Parameters that hold markup, or data, which whoever calls the function has made.
_MADE = words("html markup inner rendered iodata json data opts options assigns form field svg")
_TEXT_TYPES = (":string", ":text", ":map", ":citext")


@dataclass(frozen=True)
class _Project:
    """What the project says of the values that templates get."""

    fields: frozenset[str]  # texts of schemas; empty where there is no schema
    cleaned: frozenset[str]  # names in functions that clean
    cleaning: frozenset[str]  # these functions
    rendering: frozenset[str]  # functions that make HTML without cleaning
    given: dict[str, set[str]]  # what an assign is given: kinds, or the function in full
    written: dict[str, set[str]]  # keys of lists of maps that are written out, by the list's name

    @staticmethod
    def of(snapshot: Snapshot) -> _Project:
        index = snapshot.index
        makers = [one for _, one in index.of(HtmlMaker)]
        cleaning: dict[str, list[Span]] = {}
        for path, maker in index.of(HtmlMaker):
            if maker.cleans:
                cleaning.setdefault(path, []).append(maker.span)
        given: dict[str, set[str]] = {}
        for path, one in index.of(AssignSet):
            # What a clause that cleans something assigns may be just that.
            cleaned = any(span.covers(one.span) for span in cleaning.get(path, ()))
            given.setdefault(one.key, set()).add("unknown" if cleaned else _kind_of(one))
        for _, rendered in index.of(HtmlGiven):
            given.setdefault(rendered.name, set()).add(rendered.kind or "unknown")
        fields = {
            field.name
            for file in schemas(index)
            for field in file.schema.fields
            if field.type in _TEXT_TYPES
        }
        # What a resource calls HTML was made by one of its changes, which are not followed.
        attributes = (one.name for _, one in index.of(TextAttribute))
        fields.update(name for name in attributes if not _SAYS_HTML.search(name))
        written: dict[str, set[str]] = {}
        for _, texts in index.of(WrittenTexts):
            written.setdefault(texts.name, set()).update(texts.keys)
        return _Project(
            frozenset(fields),
            frozenset(name for one in makers if one.cleans for name in one.names),
            frozenset(one.function for one in makers if one.cleans),
            frozenset(one.function for one in makers if not one.cleans),
            given,
            written,
        )

    def is_dangerous(self, part: HtmlPart, module: str) -> bool:
        """Whether a part of an unescaped text can hold what a visitor wrote."""
        name = part.name
        if part.kind in ("request", "markdown"):
            return True
        if part.kind == "call":
            # A template does not say what an alias stands for.
            ends = [one for one in self.rendering if one == name or one.endswith(f".{name}")]
            return bool(ends) and not any(
                one == name or one.endswith(f".{name}") for one in self.cleaning
            )
        if part.kind == "parameter":
            return not (name in _MADE or _HARMLESS.search(name) or _SAYS_HTML.search(name))
        if _HARMLESS.search(name) or name in self.cleaned:
            return False
        if part.kind == "field":
            if self._is_written(part):
                return False
            if self.fields:
                return name in self.fields
            return not _SAYS_HTML.search(name)
        if part.kind == "assign":
            return self._assign_is_dangerous(name)
        return False

    def _is_written(self, part: HtmlPart) -> bool:
        """Whether a field is one of maps that are written out: `event.title` of `@events`."""
        stem = part.of.removesuffix("y")
        return any(
            part.name in keys and (part.name not in self.fields or (stem and name.startswith(stem)))
            for name, keys in self.written.items()
        )

    def _assign_is_dangerous(self, name: str) -> bool:
        given = self.given.get(name, set()) - {"literal"}
        if not given:
            return name not in self.given and not _SAYS_HTML.search(name)
        return all(one in ("field", "request", "markdown", "assign") for one in given) or bool(
            given & self.rendering
        )


def _kind_of(one: AssignSet) -> str:
    """`field` for a value that is no call, `literal`, or the function that gives it."""
    value = one.value
    if not value:
        return "field"
    if value.startswith("Earmark.as_html"):
        return "markdown"
    if "/" not in value or value[0] in "\"'[%":
        return "literal"
    name = value.rpartition("/")[0]
    return name if "." in name else f"{one.module}.{name}"


class XssRaw(ProjectRule):
    """
    Text that somebody wrote is sent to the browser unescaped.

    A `<script>` in it runs in the browser of everyone who looks at the page, with their session: it
    reads what they may read and does what they may do. One comment with such a text is enough to
    take over the account of the administrator who reads it.

    ## Bad

    `lib/shop_web/live/review_live.ex`:

    ```elixir
    defmodule ShopWeb.ReviewLive do
      use ShopWeb, :live_view

      def render(assigns) do
        ~H\"\"\"
        <article>{raw(@review.body)}</article>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/controllers/greeting_controller.ex`:

    ```elixir
    defmodule ShopWeb.GreetingController do
      use ShopWeb, :controller

      def show(conn, %{"name" => name}) do
        html(conn, "<h1>Hello #{name}</h1>")
      end
    end
    ```

    ## Good

    `lib/shop_web/live/review_live.ex`:

    ```elixir
    defmodule ShopWeb.ReviewLive do
      use ShopWeb, :live_view

      def render(assigns) do
        ~H\"\"\"
        <article>{@review.body}</article>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/controllers/greeting_controller.ex`:

    ```elixir
    defmodule ShopWeb.GreetingController do
      use ShopWeb, :controller

      def show(conn, %{"name" => name}) do
        html(conn, "<h1>Hello #{Plug.HTML.html_escape(name)}</h1>")
      end
    end
    ```

    ## What it looks for

    `raw`, `{:safe, …}`, `html(conn, …)`, and bodies that are sent as `text/html`, with the
    request's values, fields, assigns, Markdown that was converted with its HTML left in (Earmark,
    or Cmark and MDEx with `unsafe`), and JSON for a `<script>` without `escape: :html_safe`.

    ## When it stays silent

    - The text is written out, or made of numbers, dates, addresses, icons and the like.
    - It went through something that cleans or escapes: HtmlSanitizeEx, Floki, `html_escape`, Makeup
      or a function of the project that calls one of them, also where another file does it before
      the value is assigned or stored.
    - It is the result of another function, whose work is not seen.
    - A field that is no text of any schema or Ash resource of the project, as that of a page that
      is compiled in; one of a list of maps that is written out (`faq.answer` of `@faqs`).
    - Mail and other templates that are no HTML.

    ## What the fix changes

    `raw` and `:safe` are dropped, so that markup is shown as it was written. In a text that is put
    together only the value is escaped. Where markup is wanted there is no fix: clean the text with
    HtmlSanitizeEx first.
    """

    severity = Severity.ERROR
    reads = (HtmlSink, HtmlMaker, HtmlGiven, AssignSet, WrittenTexts, TextAttribute, schemas)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        project: _Project | None = None
        for path, sink in snapshot.index.of(HtmlSink):
            project = project or _Project.of(snapshot)
            parts = [one for one in sink.parts if project.is_dangerous(one, sink.module)]
            parts += [one for one in sink.parts if one.kind == "json" and sink.kind == "raw"]
            if parts:
                yield self._finding(path, sink, parts)

    def _finding(self, path: str, sink: HtmlSink, parts: list[HtmlPart]) -> Finding:
        first = parts[0]
        what = f"`{first.name}`"
        if first.kind == "markdown" or first.kind == "call":
            message = f"{what} leaves HTML in the text as it is: clean it before it is shown"
        elif first.kind == "json":
            message = f"{what} lets `</script>` in a text end the script: `escape: :html_safe`"
        else:
            how = {
                "raw": "`raw`",
                "capture": "`raw`",
                "safe": "`{:safe, …}`",
                "html": "`html`",
            }.get(sink.kind, "text/html")
            message = f"{what} goes out unescaped through {how}: markup in it runs in the browser"
        fix: Fix | None = None
        if all(one.kind in ("request", "field", "assign", "parameter") for one in parts):
            sent = sink.kind in ("html", "response") and first.span == sink.value
            if sent or all(one.inside for one in parts):
                fix = Fix.review(
                    "Escape the value", lambda snapshot: _escaped(snapshot, path, parts)
                )
            elif sink.kind in ("raw", "safe") and first.span == sink.value:
                fix = Fix.review(
                    "Let it be escaped", lambda snapshot: _dropped(path, snapshot, sink)
                )
        return self.finding(sink.span, message, path=path, fix=fix)


def _dropped(path: str, snapshot: Snapshot, sink: HtmlSink) -> list[Edit]:
    document = snapshot.document(path)
    if document is None:
        return []
    text = sink.value.slice(document.source).decode()
    if document.source[sink.whole.start - 1 : sink.whole.start] == b"&":
        text = f" {text}"  # `& &1.body`
    return [Edit(sink.whole, text, path)]


def _escaped(snapshot: Snapshot, path: str, parts: list[HtmlPart]) -> list[Edit]:
    """Every value in its own call of `Plug.HTML.html_escape/1`; nothing where a line grows too
    long."""
    document = snapshot.document(path)
    if document is None:
        return []
    edits: list[Edit] = []
    grown: dict[int, int] = {}
    for part in parts:
        value = part.span.slice(document.source).decode()
        given = value if part.kind == "request" else f"to_string({value})"
        text = f"Plug.HTML.html_escape({given})"
        edits.append(Edit(part.span, text, path))
        line = document.lines.line_at(part.span.start)
        grown[line] = grown.get(line, 0) + len(text) - len(value)
    if any(_too_long(document, line, more) for line, more in grown.items()):
        return []
    return edits


def _too_long(document: Document, line: int, more: int) -> bool:
    text = document.lines.line_bytes(line).decode("utf-8", "replace").rstrip()
    return len(text) + more > _WIDTH
