"""The calls that set a list among the assigns, made calls that fill a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.pages.assign_reads import added_by, added_to
from lsp_server.lint.apply import apply_edits
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import rewritten
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, Comment, Keywords, List, Map, Pair, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ._fitted import WIDTH

_BODIES = frozenset({"do_block", "body", "stab_clause", "block", "source", "anonymous_function"})
_SECTIONS = frozenset({"else_block", "after_block", "rescue_block", "catch_block"})
_KEPT = re.compile(r'#(?!\{)|"""|\bdo\b|\bfn\b|->|\|>')
_OPENED = re.compile(r"[(\[{]\s*\n")
_BREAK = re.compile(r"\s*\n\s*")
# Callbacks that run once, before the page has anything of the list.
_FIRST = frozenset({"mount"})


def call_edits(document: Document, module: str, key: str, update: str) -> Iterator[Edit]:
    """The edits that fill the stream `key` wherever a module sets the list. `update` is what
    `phx-update` said: `append` and `prepend` add to what there is, else the list replaces it."""
    found = next((one for one in document.modules if one.name == module), None)
    for form in () if found is None else found.forms:
        function = form.function
        if function is None:
            continue
        first = function.name in _FIRST
        groups: dict[Node, list[Edit]] = {}
        for node, edits in _of_form(form, key, update, first, line_ending(document.source)):
            groups.setdefault(_statement(node), []).extend(edits)
        for statement, edits in groups.items():
            yield _settled(document, statement, edits)


def _of_form(
    form: Form, key: str, update: str, first: bool, newline: str
) -> Iterator[tuple[Node, list[Edit]]]:
    for call in form.index.calls("update"):
        match call.arguments:
            case [_, Atom(name) as written, given] if name == key:
                one = added_by(given)
                if one is not None:
                    front = _front(update, one.first)
                    span = Span(written.end, given.end)
                    text = f", {one.element.text}{front}"
                    yield (
                        call,
                        [Edit(_callee(call), _named(call, "stream_insert")), Edit(span, text)],
                    )
    for call in form.index.calls("assign"):
        match call.arguments:
            case [_, Atom(name), value] if name == key:
                function, text = _filled(value, key, update, first)
                yield (
                    call,
                    [
                        Edit(_callee(call), _named(call, function)),
                        Edit(value.span, text),
                    ],
                )
            case [_, pairs]:
                keywords = _keywords(pairs)
                pair = None if keywords is None else keywords.pair(key)
                if keywords is not None and pair is not None and pair.value is not None:
                    yield call, _of_pair(call, keywords, pair, pair.value, update, first, newline)
    for keywords in form.index.nodes(Keywords):
        option = keywords.get("temporary_assigns")
        inner = option.keywords if isinstance(option, List) else None
        pair = None if inner is None else inner.pair(key)
        if inner is not None and pair is not None:
            several = len(inner.pairs) > 1
            taken = _taken(inner.pairs, pair) if several else _without_option(keywords)
            if taken is not None:
                yield keywords, [Edit(taken, "")]


def _keywords(node: Node) -> Keywords | None:
    match node:
        case Keywords():
            return node
        case List([Keywords() as pairs]):
            return pairs
        case Map() if node.struct is None and len(node.elements) == 1:
            return node.keywords
    return None


def _filled(value: Node, key: str, update: str, first: bool) -> tuple[str, str]:
    """The function that fills the stream with a value, and what it is given."""
    added = added_to(value, key)
    if added is not None:
        return "stream_insert", added.element.text + _front(update, added.first)
    if first:
        return "stream", value.text
    if update == "":
        return "stream", f"{value.text}, reset: true"
    match value:
        case List([element]) if element.kind not in ("keywords", "binary_operator"):
            return "stream_insert", element.text + _front(update, False)
    if update == "prepend" and value.text != "[]":
        return "stream", f"Enum.reverse({value.text}), at: 0"
    return "stream", value.text


def _front(update: str, first: bool) -> str:
    return ", at: 0" if (update == "prepend" or (update == "" and first)) else ""


def _callee(call: Call) -> Span:
    return call.callee_span


def _named(call: Call, function: str) -> str:
    return function if call.receiver is None else f"Phoenix.LiveView.{function}"


def _of_pair(
    call: Call, keywords: Keywords, pair: Pair, value: Node, update: str, first: bool, newline: str
) -> list[Edit]:
    """The edits that fill the stream beside what else an `assign` sets."""
    key = pair.key
    function, text = _filled(value, key, update, first)
    function = _named(call, function)
    last = call.written_arguments[-1]
    if len(keywords.pairs) == 1:
        return [Edit(_callee(call), function), Edit(last.span, f":{key}, {text}")]
    taken = Edit(_taken(keywords.pairs, pair), "")
    step = f"|> {function}(:{key}, {text})"
    source = call.tree.source
    if call.pipe is not None:
        before = source[call.pipe.left.end : call.start]
        line = source[source.rfind(b"\n", 0, call.start) + 1 : call.start]
        indent = line[: len(line) - len(line.lstrip())].decode()
        blank = f"{newline}{indent}" if b"\n" in before else " "
        return [taken, Edit(Span(call.end, call.end), f"{blank}{step}")]
    subject = call.written_arguments[0]
    pairs = [one.text for one in keywords.pairs if one.key != key]
    broken = "\n" in subject.text or any("\n" in one for one in (*pairs, text))
    if broken or any(True for _ in call.find(Comment)) or not call.has_parentheses:
        return [
            taken,
            Edit(Span(call.start, call.start), f"{function}("),
            Edit(Span(call.end, call.end), f", :{key}, {text})"),
        ]
    return [Edit(call.span, _piped(call, subject.text, pairs, step, newline))]


def _piped(call: Call, subject: str, pairs: list[str], step: str, newline: str) -> str:
    """`socket |> assign(…) |> stream(…)`, on one line where it fits."""
    source = call.tree.source
    name = call.callee_span.slice(source).decode()
    start = source.rfind(b"\n", 0, call.start) + 1
    line_end = source.find(b"\n", call.end)
    column = len(source[start : call.start].decode("utf-8", "replace"))
    rest = len(source[call.end : line_end if line_end >= 0 else len(source)].rstrip())
    flat = f"{subject} |> {name}({', '.join(pairs)}) {step}"
    if column + len(flat) + rest <= WIDTH:
        return flat
    indent, lead = " " * column, ""
    parent = call.parent
    begins = not source[start : call.start].strip()
    if isinstance(parent, Tuple) and parent.elements[0] != call and not begins:
        indent = " " * (len(source[start : parent.start].decode("utf-8", "replace")) + 1)
        lead = f"{newline}{indent}"
    elif parent is not None and parent.kind == "binary_operator" and not begins:
        outer = source[start : parent.start].decode("utf-8", "replace")
        indent = f"{outer}  "
        lead = f"{newline}{indent}"
    second = f"|> {name}({', '.join(pairs)})"
    if len(indent) + len(second) > WIDTH:
        inner = f",{newline}{indent}  ".join(pairs)
        second = f"|> {name}({newline}{indent}  {inner}{newline}{indent})"
    return f"{lead}{subject}{newline}{indent}{second}{newline}{indent}{step}"


def _taken(pairs: list[Pair], pair: Pair) -> Span:
    """The span of one of several pairs with its comma."""
    at = pairs.index(pair)
    if at + 1 < len(pairs):
        return Span(pair.start, pairs[at + 1].start)
    return Span(pairs[at - 1].end, pair.end)


def _without_option(keywords: Keywords) -> Span | None:
    """The span of the option `temporary_assigns` in what a callback returns."""
    pair = keywords.pair("temporary_assigns")
    if pair is None:
        return None
    if len(keywords.pairs) > 1:
        return _taken(keywords.pairs, pair)
    whole: Node = keywords
    if isinstance(keywords.parent, List):
        whole = keywords.parent
    around = whole.parent
    if not isinstance(around, Tuple):
        return None
    at = around.elements.index(whole)
    return None if at == 0 else Span(around.elements[at - 1].end, whole.end)


def _statement(node: Node) -> Node:
    """The expression of a body that a node is part of."""
    inner = node
    for outer in node.ancestors():
        if outer.kind in _BODIES or outer.kind in _SECTIONS:
            return inner
        inner = outer
    return inner


def _settled(document: Document, statement: Node, edits: list[Edit]) -> Edit:
    """One edit for all of a statement, whose lines are joined where they fit now, and broken where
    they no longer do."""
    start = statement.start
    unique = {(one.span, one.text): one for one in edits}
    moved = [Edit(one.span.shift(-start), one.text) for one in unique.values()]
    old = statement.text
    new = apply_edits(statement.bytes, sorted(moved, key=lambda it: it.span)).decode()
    new = re.sub(r"([,=]) +(?=\r?\n)", r"\1", new)
    margin = len(document.lines.indentation(start))
    newline = line_ending(document.source)
    if "\n" in new and not _KEPT.search(new) and not _OPENED.search(new):
        if margin + len(_flat(old)) > WIDTH >= margin + len(_flat(new)):
            new = _flat(new)
    elif "\n" not in new and margin + len(new) > WIDTH and isinstance(statement, Tuple):
        first = statement.elements[0].text
        if new.startswith(f"{{{first}, "):
            indent, rest = " " * (margin + 1), new[len(f"{{{first}, ") :]
            if len(indent) + len(rest) > WIDTH:
                rest = f"{newline}{indent}|> ".join(_steps(rest))
            new = f"{{{first},{newline}{indent}{rest}"
    if "\n" in new and "\n" not in old:
        return rewritten(document, statement, new)
    return Edit(statement.span, new, document.path)


def _steps(text: str) -> list[str]:
    """The steps of a pipe on one line."""
    steps, depth = [""], 0
    for part in re.split(r"( \|> )", text):
        if part == " |> " and depth == 0:
            steps.append("")
            continue
        depth += sum(part.count(one) for one in "([{") - sum(part.count(one) for one in ")]}")
        steps[-1] += part
    return steps


def _flat(text: str) -> str:
    return re.sub(r" ([)\]}])", r"\1", _BREAK.sub(" ", text))
