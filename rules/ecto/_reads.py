"""`Repo.all` and what is given its rows, written anew as another query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.rows.query_shape import Shape
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit
from lsp_server.lint.imports import import_edit
from lsp_server.syntax.elixir import BinaryOperator, Call, Match, UnaryOperator
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._discarded import whole

WIDTH = 98  # the formatter's line length
# Parts of a query under which a further condition or order means the same as on the rows.
_PLAIN = frozenset({"where", "or_where", "order_by", "as", "prefix", "put_query_prefix"})
JOINS = frozenset(
    {"join", "inner_join", "left_join", "right_join", "cross_join", "full_join", "on", "preload"}
)


@dataclass(frozen=True, slots=True)
class Read:
    """`Repo.all` and the call that is given its rows."""

    all: Call
    consumer: Call
    shape: Shape

    @property
    def rest(self) -> list[Node]:
        """The consumer's arguments after the rows."""
        return self.consumer.arguments[1:]

    @property
    def is_plain(self) -> bool:
        """Whether the whole query is seen and has nothing but conditions and an order."""
        return bool(self.shape.schema) and self.shape.parts <= _PLAIN

    @property
    def is_open_to_more(self) -> bool:
        """Whether a condition can be added to the query with the meaning that it has for rows."""
        return bool(self.shape.schema) and self.shape.parts <= _PLAIN | JOINS

    @property
    def is_of_values(self) -> bool:
        """Whether the query fetches what it selects of each row, and does no more with it."""
        parts = self.shape.parts - {"select"}
        is_selected = bool(self.shape.schema) and parts < self.shape.parts
        return is_selected and parts <= _PLAIN | JOINS - {"preload"}


def instead(read: Read, file: File, name: str, argument: str, before: str = "") -> list[Edit]:
    """The edits that put another function of the repo in the place of `all` and its consumer."""
    options = [one.text for one in read.all.arguments[1:]]
    extra = [argument, *options] if argument else options
    return _rewritten(read, file, before, "", f"{read.all.module}.{name}", extra)


def more(
    read: Read,
    file: File,
    macro: str,
    argument: str,
    ending: str = "all",
    extra: Sequence[str] = (),
) -> list[Edit]:
    """The edits that add a step to the query, with the import that it needs."""
    options = [*extra, *(one.text for one in read.all.arguments[1:])]
    step = f"{macro}({argument})"
    edits = _rewritten(read, file, "", step, f"{read.all.module}.{ending}", options)
    return _imported(edits, macro, argument, read.all, file)


def within(call: Call, file: File, macro: str, argument: str) -> list[Edit]:
    """The edits that add a step to the query of `Repo.all` where it stands, with the import."""
    source, written = file.document.source, call.written_arguments
    if not call.has_parentheses or "\n" in call.text:
        return []
    if call.pipe is not None:
        gap = Span(call.pipe.left.end, call.start).slice(source).decode("utf-8", "replace")
        edit = Edit(Span(call.start, call.start), f"{macro}({argument}){gap}")
        if gap.replace("|>", "", 1).strip():
            return []
    else:
        query = as_argument(written[0], source)
        if not query:
            return []
        edit = Edit(written[0].span, f"{macro}({query}, {argument})")
    return _imported([edit], macro, argument, call, file)


def fits(document: Document, edits: list[Edit]) -> bool:
    """Whether no line becomes wider than the formatter allows by edits of pieces of lines."""
    lines = document.lines
    growth: dict[int, int] = {}
    for edit in edits:
        if "\n" in edit.text:
            continue  # lines of its own
        line = lines.line_at(edit.span.start)
        growth[line] = growth.get(line, 0) + len(edit.text) - edit.span.length
    return all(
        by <= 0 or len(lines.line_bytes(line).decode("utf-8", "replace").rstrip()) + by <= WIDTH
        for line, by in growth.items()
    )


def _imported(edits: list[Edit], macro: str, argument: str, call: Call, file: File) -> list[Edit]:
    """The edits with the import of the macro that they need; nothing where it cannot be had."""
    form = file.form
    if not edits or form is None or file.layer is not None:
        return []
    arity = argument.count(", ") + 2 if macro != "limit" else 2
    arity = 3 if argument.startswith("[") else arity
    known = file.context.imports(form.names_at(call.start)).get("Ecto.Query")
    if known is not None:
        return [] if known.offers(macro, arity) is False else edits
    added = import_edit(file.document, form.module, f"import Ecto.Query, only: [{macro}: {arity}]")
    return [*edits, added] if added is not None else []


def as_argument(query: Node, source: bytes) -> str:
    """A query as an argument among others: a `from` gets its parentheses."""
    if isinstance(query, Call) and query.written_arguments and not query.has_parentheses:
        if query.do_block is not None or query.name != "from":
            return ""
        inside = Span(query.written_arguments[0].start, query.end)
        return f"from({inside.slice(source).decode('utf-8', 'replace')})"
    return query.text


def _rewritten(
    read: Read, file: File, before: str, step: str, function: str, extra: list[str]
) -> list[Edit]:
    """The expression of a read written anew: the query with a further `step` (a call without its
    first argument, perhaps none), given to `function` with `extra` arguments. Nothing where it
    would need another layout."""
    call, consumer = read.all, read.consumer
    lines, source = file.document.lines, file.document.source
    written = call.written_arguments
    if not call.has_parentheses or (
        written and "\n" in Span(call.start, call.end).slice(source).decode("utf-8", "replace")
    ):
        return []
    ended = f"{function}({', '.join(extra)})"
    chain = whole(call)
    if call.pipe is None:
        inner = as_argument(written[0], source)
        if not inner:
            return []
        if step:
            macro, _, rest = step.partition("(")
            inner = f"{macro}({inner}, {rest}"
        ended = f"{before}{function}({', '.join([inner, *extra])})"
        target = whole(consumer) if consumer.pipe is None else consumer.pipe
        span = target.span
    elif consumer.pipe is not None:
        between = Span(call.end, consumer.start).slice(source)
        if between.replace(b"|>", b"", 1).strip():
            return []
        left = call.pipe.span.start
        gap = Span(call.pipe.left.end, call.start).slice(source).decode("utf-8", "replace")
        if gap.replace("|>", "", 1).strip() or left > call.start:
            return []
        ended = f"{step}{gap}{ended}" if step else ended
        span = Span(call.start, consumer.end)
    else:
        around = whole(consumer).parent
        if isinstance(around, (BinaryOperator, UnaryOperator)) and not isinstance(around, Match):
            return []
        left_text = Span(chain.start, call.start).slice(source).decode("utf-8", "replace")
        if "\n" in left_text:
            return []
        ended = f"{left_text}{step} |> {ended}" if step else f"{left_text}{ended}"
        span = consumer.span
    first = lines.line_span(lines.line_at(span.start))
    ahead = Span(first.start, span.start).slice(source).decode("utf-8", "replace")
    behind = Span(span.end, max(span.end, lines.line_span(lines.line_at(span.end)).end))
    rest_of_line = behind.slice(source).decode("utf-8", "replace").rstrip("\r\n")
    if max(map(len, f"{ahead}{ended}{rest_of_line}".splitlines())) > WIDTH:
        return []
    return [Edit(span, ended)]
