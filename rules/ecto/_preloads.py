"""Preloads written where rows are fetched: added to those that are there, or as a step more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.rows.kinds import Site
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import rewritten
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import (
    Access,
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Dot,
    Identifier,
    Match,
    Pipe,
    UnaryOperator,
)
from lsp_server.syntax.literals import Atom, Keywords, List, Pair
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._batched import Loop, as_block, call_at, loop_around

WIDTH = 98  # the formatter's line length
_DEEPEST = 12
Tree = Mapping[str, "Tree"]


def tree_of(ways: Iterable[tuple[str, ...]]) -> Tree:
    """The associations to preload, each with those below it."""
    root: dict[str, dict] = {}  # type: ignore[type-arg]
    for way in ways:
        here = root
        for name in way:
            here = here.setdefault(name, {})
    return root


def merged(one: Tree, other: Tree) -> Tree:
    """The associations of both, in the order in which they are named."""
    found = dict(one)
    for name, below in other.items():
        found[name] = merged(found[name], below) if name in found else below
    return found


def spelled(tree: Tree) -> str:
    """`[:author, comments: [:author]]`."""
    plain = [f":{name}" for name, below in tree.items() if not below]
    nested = [f"{name}: {_below(below)}" for name, below in tree.items() if below]
    return f"[{', '.join(plain + nested)}]"


def _argument(tree: Tree) -> str:
    """Preloads as the last argument of a call: the formatter takes the brackets off keywords."""
    text = spelled(tree)
    return text[1:-1] if all(tree.values()) else text


def _below(tree: Tree) -> str:
    names = list(tree)
    if len(names) == 1 and not tree[names[0]]:
        return f":{names[0]}"
    return spelled(tree)


def literal(node: Node | None, depth: int = 0) -> Tree | None:
    """The associations that a literal names; None for anything else."""
    if depth > _DEEPEST:
        return None
    found: Tree = {}
    match node:
        case Atom(name):
            return {name: {}}
        case List() | Keywords():
            for one in node.elements if isinstance(node, List) else [node]:
                pairs: list[Pair] = one.pairs if isinstance(one, Keywords) else []
                for pair in pairs:
                    below = literal(pair.value, depth + 1)
                    if below is None:
                        return None
                    found = merged(found, {pair.key: below})
                if not isinstance(one, Keywords):
                    inner = literal(one, depth + 1)
                    if inner is None:
                        return None
                    found = merged(found, inner)
            return found
    return None


def preload_at(
    snapshot: Snapshot, sites: Iterable[Site], ways: Iterable[tuple[str, ...]]
) -> list[Edit]:
    """The edits that preload associations in each of the places that fetch rows; none at all where
    one of them is not of a form that is known."""
    wanted = tree_of(ways)
    edits: list[Edit] = []
    for site in sites:
        document = snapshot.document(site.path)
        call = None if document is None else call_at(document, site.span)
        edit = None if document is None or call is None else _edit(document, call, wanted)
        if edit is None:
            return []
        edits.append(edit)
    return edits


def _edit(document: Document, call: Call, wanted: Tree) -> Edit | None:
    whole: Node = call.pipe or call
    after = _following(whole)
    known = literal(after) if after is not None else None
    if after is not None and known is not None:
        return _extended(document, after, known, wanted)
    arguments = call.arguments
    if not arguments:
        return None
    inside = _in_query(document, arguments[0], wanted)
    if inside is not None:
        return inside
    if call.name in ("stream", "paginate"):
        return None  # neither returns a list
    return _appended(document, call, whole, wanted)


def _following(whole: Node) -> Node | None:
    """The preloads of a `Repo.preload` that takes an expression."""
    parent = whole.parent
    if isinstance(parent, Pipe) and parent.left == whole and isinstance(parent.right, Call):
        step, at = parent.right, 0
    else:
        outer = None if parent is None else parent.parent
        if not isinstance(outer, Call) or outer.written_arguments[:1] != [whole]:
            return None
        step, at = outer, 1
    written = step.written_arguments
    if step.name != "preload" or step.module is None or len(written) != at + 1:
        return None
    return written[at]


def _extended(document: Document, node: Node, known: Tree, wanted: Tree) -> Edit:
    spell = spelled if isinstance(node.parent, Pair) else _argument
    return Edit(node.span, spell(merged(known, wanted)), document.path)


def _in_query(document: Document, query: Node, wanted: Tree) -> Edit | None:
    """The preloads of a query that is written out, or a `from` that gets some."""
    node = query
    for _ in range(60):
        match node:
            case Pipe(_, left, Call() as step):
                if step.name == "preload" and len(step.written_arguments) in (1, 2):
                    known = literal(step.written_arguments[-1])
                    if known is not None:
                        return _extended(document, step.written_arguments[-1], known, wanted)
                node = left
            case Call("from", [_, *_]):
                return _in_from(document, node, wanted)
            case _:
                return None
    return None


def _in_from(document: Document, call: Call, wanted: Tree) -> Edit | None:
    written = call.written_arguments
    last = written[-1]
    if isinstance(last, Keywords):
        present = last.get("preload")
        if present is not None:
            known = literal(present)
            return None if known is None else _extended(document, present, known, wanted)
        pair = last.pairs[-1]
        text = f"preload: {spelled(wanted)}"
        if document.lines.line_at(call.start) == document.lines.line_at(call.end):
            line = document.lines.line_at(pair.end)
            width = _width(document, line)
            if width + len(text) + 2 <= WIDTH:
                return Edit(Span(pair.end, pair.end), f", {text}", document.path)
            return None
        indent = document.lines.indentation(pair.start).decode()
        newline = line_ending(document.source)
        return Edit(Span(pair.end, pair.end), f",{newline}{indent}{text}", document.path)
    if len(written) == 1:
        text = f", preload: {spelled(wanted)}"
        if _width(document, document.lines.line_at(last.end)) + len(text) <= WIDTH:
            return Edit(Span(last.end, last.end), text, document.path)
    return None


def _width(document: Document, line: int) -> int:
    starts = document.lines.starts
    end = starts[line + 1] if line + 1 < len(starts) else len(document.source)
    return len(document.source[starts[line] : end].rstrip().decode("utf-8", "replace"))


def _appended(document: Document, call: Call, whole: Node, wanted: Tree) -> Edit | None:
    """`Repo.preload` as one more step behind the call."""
    module = call.module
    if module is None or (not call.has_parentheses and call.written_arguments):
        return None
    step = f"{module}.preload({_argument(wanted)})"
    newline = line_ending(document.source)
    parent = whole.parent
    if isinstance(parent, BinaryOperator) and not isinstance(parent, (Pipe, Match)):
        if parent.operator not in ("<-", "|", "->", "when"):
            text = f"{module}.preload({whole.text}, {_argument(wanted)})"
            return Edit(whole.span, text, document.path)
    line = document.lines.line_at(whole.end)
    if isinstance(parent, (Access, Dot, UnaryOperator)):  # they bind closer than a pipe
        text = f"{module}.preload({whole.text}, {_argument(wanted)})"
        fits = _width(document, line) + len(text) - len(whole.text) <= WIDTH
        return Edit(whole.span, text, document.path) if fits and b"\n" not in whole.bytes else None
    if call.pipe is not None:
        sign = document.source[document.lines.starts[line] : call.start].lstrip()
        if sign.startswith(b"|>"):
            indent = document.lines.indentation(call.start).decode()
            text = f"{newline}{indent}|> {step}"
            return Edit(Span(whole.end, whole.end), text, document.path)
    if isinstance(parent, Pipe) and document.lines.line_at(parent.right.start) != line:
        indent = document.lines.indentation(parent.right.start).decode()
        return Edit(Span(whole.end, whole.end), f"{newline}{indent}|> {step}", document.path)
    if _width(document, line) + len(step) + 8 > WIDTH or b"\n" in whole.bytes:
        return _broken(document, whole, step, newline)
    written = call.written_arguments
    if call.pipe is None and isinstance(written[0], (Alias, Identifier)):
        rest = ", ".join(one.text for one in written[1:])
        text = f"{written[0].text} |> {module}.{call.name}({rest}) |> {step}"
        if not isinstance(parent, Pipe):
            return Edit(whole.span, text, document.path)
    return Edit(Span(whole.end, whole.end), f" |> {step}", document.path)


def _ends(top: Node) -> list[int]:
    """Where the steps of a chain end."""
    return [one.end for one in top.steps] if isinstance(top, Pipe) else [top.end]


def _broken(document: Document, whole: Node, step: str, newline: str) -> Edit | None:
    """The step on a line of its own; of a chain on one line all others too."""
    top = whole
    while isinstance(top.parent, Pipe):
        top = top.parent
    start = document.lines.starts[document.lines.line_at(top.start)]
    before = document.source[start : top.start].decode("utf-8", "replace")
    indent = document.lines.indentation(top.start).decode()
    bound = before.strip().endswith(" =") and before.strip().count("=") == 1
    steps = [one.text for one in top.steps] if isinstance(top, Pipe) else [top.text]
    place = next((at for at, one in enumerate(_ends(top)) if one == whole.end), len(steps) - 1)
    steps.insert(place + 1, step)
    if before.strip() and not bound and b"\n" not in top.bytes:
        block = as_block(document, top, [steps[0], *(f"|> {one}" for one in steps[1:])])
        if block is not None:
            return block
        opened = _opened(document, whole, step, newline)
        if opened is not None:
            return opened
    if (before.strip() and not bound) or b"\n" in top.bytes:
        long = _width(document, document.lines.line_at(whole.end)) + len(step) + 4 > WIDTH
        return None if long else Edit(Span(whole.end, whole.end), f" |> {step}", document.path)
    if bound:
        indent += "  "
        text = f"{newline}{indent}" + f"{newline}{indent}|> ".join(steps)
        at = len(before) - len(before.rstrip())
        return Edit(Span(top.start - at, top.end), text, document.path)
    return rewritten(document, top, f"{newline}{indent}|> ".join(steps))


def _opened(document: Document, whole: Node, step: str, newline: str) -> Edit | None:
    """The step in the first argument of a call whose function moves to lines of its own."""
    outer = whole.enclosing(Call)
    if outer is None or outer.written_arguments[:1] != [whole] or b"\n" in outer.bytes:
        return None
    function = outer.written_arguments[-1]
    clauses = function.clauses if isinstance(function, AnonymousFunction) else []
    end = document.lines.line_span(document.lines.line_at(outer.end)).end
    if len(clauses) != 1 or len(clauses[0].body) != 1 or document.source[outer.end : end].strip():
        return None
    body = clauses[0].body[0]
    indent = document.lines.indentation(outer.start).decode()
    start = document.lines.starts[document.lines.line_at(outer.start)]
    between = document.source[whole.end : body.start].decode("utf-8", "replace").rstrip()
    head = f"{whole.text} |> {step}{between}"
    before = document.source[start : whole.start].decode("utf-8", "replace")
    if len(before) + len(head) > WIDTH:
        return None
    rest = document.source[function.end : outer.end].decode("utf-8", "replace")
    text = newline.join([head, f"{indent}  {body.text}", f"{indent}end{rest}"])
    return Edit(Span(whole.start, outer.end), text, document.path)


def preload_together(snapshot: Snapshot, path: str, site: CallSite) -> list[Edit]:
    """`Repo.preload` of each element as one of the list that the loop goes over."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, site.span)
    loop = None if call is None else loop_around(call)
    if document is None or call is None or loop is None or len(call.arguments) < 2:
        return []
    element, *rest = call.arguments
    own = re.compile(rf"(?<![\w.:&]){re.escape(loop.element)}(?![\w:])")
    given = ", ".join(one.text for one in rest)
    if element.text != loop.element or own.search(given) or "\n" in given:
        return []
    step = f"{call.module}.preload({given})"
    whole = call.pipe or call
    if loop.body == whole and loop.call.name in ("map", "for"):
        if loop.call.pipe is not None:
            return [Edit(loop.call.span, step, path)]
        text = f"{call.module}.preload({loop.collection.text}, {given})"
        return [Edit(loop.call.span, text, path)]
    return _moved(document, loop, whole, f"{call.module}.preload", given)


def _moved(document: Document, loop: Loop, whole: Node, function: str, given: str) -> list[Edit]:
    """The preload before the loop; in its place stands the element."""
    collection, parent = loop.collection, whole.parent
    if loop.call.pipe is not None:
        line = document.lines.starts[document.lines.line_at(loop.call.start)]
        sign = document.source[line : loop.call.start]
        between = " "
        if sign.lstrip().startswith(b"|>"):
            between = line_ending(document.source) + document.lines.indentation(line).decode()
        added = f"{between}|> {function}({given})"
        edits = [Edit(Span(collection.end, collection.end), added, document.path)]
    else:
        edits = [Edit(collection.span, f"{function}({collection.text}, {given})", document.path)]
    if isinstance(parent, Match) and parent.left.text == loop.element:
        start = document.lines.starts[document.lines.line_at(parent.start)]
        after = document.lines.line_at(parent.end) + 1
        if after >= len(document.lines.starts):
            return []
        end = document.lines.starts[after]
        if (
            document.source[start : parent.start].strip()
            or document.source[parent.end : end].strip()
        ):
            return []
        if not document.source[end:].lstrip(b" \t").startswith((b"\n", b"\r\n")):
            return [*edits, Edit(Span(start, end), "", document.path)]
        return [*edits, Edit(Span(start, document.lines.starts[after + 1]), "", document.path)]
    return [*edits, Edit(whole.span, loop.element, document.path)]
