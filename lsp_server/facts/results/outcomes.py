"""The last expressions of a function clause: the results among them, and calls whose results they
are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lsp_server.facts.calls.primitives import KERNEL
from lsp_server.facts.fact import Fact
from lsp_server.facts.results.transactions import (
    TRANSACTIONS,
    deletes_changeset,
    is_transaction,
    of_transaction,
)
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    BINARY,
    BODY,
    DO_BLOCK,
    DOT,
    LEFT,
    RIGHT,
    SECTIONS,
    STAB,
    AnonymousFunction,
    BinaryOperator,
    Block,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.elixir import CALL as CALL_KIND
from lsp_server.syntax.literals import KEYWORDS, VALUE, Atom, Tuple
from lsp_server.syntax.node import Node, RawNode, cast, kind_id
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

CALL = "call"
REST = "rest"


class Outcome(Fact):
    """One thing that a clause can return: a name of `facts.results.Shape`; or `CALL`, what a call
    returns, and `REST`, what it returns if not success. `span` is the result's or the callee's."""

    kind: str
    span: Span


Found = tuple[str, Span]  # an outcome that is not yet one, and can be a key
_Tail = tuple[Node, dict[str, Found]]  # an expression in last place; variables that are results

_TUPLE, _ATOM, _NAME, _BLOCK = map(kind_id, ("tuple", "atom", "identifier", "block"))
_LAST = frozenset({CALL_KIND, BINARY, _TUPLE, _ATOM, _NAME, _BLOCK})
_TRANSACTION = re.compile(rb"\.transact(?:ion)?$")
_LITERAL = re.compile(rb"(\{)?\s*:(?:ok|error)\b(?![?!@])")
_RESULT = re.compile(rb":error|:ok|Repo\.")
# Receivers whose functions return no results that are followed, and what is no module.
_PURE = re.compile(
    rb"(?:[a-z@]|(?:Enum|Map|String|List|Keyword|Stream|Regex|Integer|Float|Ecto\.|Changeset|Query"
    rb"|DateTime|NaiveDateTime|Date|Time|MapSet|Path|Phoenix|Plug|Logger|IO|Decimal|Timex|Process"
    rb"|GenServer|Application|System|Jason|Multi|Agent|Task|URI|Access|Tuple|Atom)\b)"
)
_SPECIAL = frozenset({b"if", b"unless", b"case", b"cond", b"with", b"try", b"receive", b"tap"})
_BODIES = frozenset({DO_BLOCK, BODY, *SECTIONS})
_BRANCHES = frozenset({"if", "unless", "case", "cond", "with", "try", "receive"})
_ALL_SECTIONS = ("do", "else", "rescue", "catch")
_DECIDING = frozenset(_ALL_SECTIONS)
_LEAVING = frozenset({"raise", "reraise", "throw", "exit"})
# Names of what `Repo.insert` and its like return in an error.
_CHANGESET = re.compile(r"_?(?:\w+_)?changeset|%(?:Ecto\.)?Changeset\{.*")
_MOST = 60  # expressions of one clause that are looked at


def outcomes_of(form: Form, function: Function) -> Iterator[Outcome]:
    """The results that a clause of a function can return.

    Most functions end in one call or in what is no result. That much is decided on raw nodes,
    because views of all of them would cost as much as all calls of the project.
    """
    raw, source = form.raw, form.tree.source
    if form.callee == b"defdelegate":
        target = function.call.keyword("to")
        if target is not None:
            yield Outcome(CALL, target.span)
        return
    tail = body = _last_expression(raw, source)
    if body is not None:
        while body.kind_id == BINARY:
            if source.find(b"|>", body.start_byte, body.end_byte) < 0:
                break
            right = body.child_by_field_id(RIGHT)
            if right is None:
                return
            body = right
        kind = body.kind_id
        if kind not in _LAST:
            return
        if kind == CALL_KIND:
            callee = body.child(0)
            if callee is None:
                return
            name = source[callee.start_byte : callee.end_byte]
            if callee.kind_id == DOT:
                if _TRANSACTION.search(name) is None:
                    if _PURE.match(name) is None:
                        yield Outcome(CALL, Span(callee.start_byte, callee.end_byte))
                        if name.endswith(b".delete") and deletes_changeset(Call(body, form.tree)):
                            yield Outcome("CHANGESET", Span(callee.start_byte, callee.end_byte))
                    return
            elif name not in _SPECIAL:
                if name not in KERNEL:
                    yield Outcome(CALL, Span(callee.start_byte, callee.end_byte))
                return
        elif kind in (_TUPLE, _ATOM):
            found = _LITERAL.match(source, body.start_byte)
            if found is None:
                return
            if found[1] is None:
                yield Outcome("OK" if found[0] == b":ok" else "ERROR", Span(*found.span()))
                return
        elif kind == _NAME:
            if _RESULT.search(source, raw.start_byte, raw.end_byte) is None:
                return
    tails = _tails(function.call) if tail is None else [cast(tail, form.tree)]
    bound: dict[str, Found] = {}
    if b":" in function.head.bytes:
        bound = {name: shape for one in function.parameters for name, shape in _bound(one)}
    for one in dict.fromkeys(_outcomes(tails, bound)):
        yield Outcome(*one)


def _tails(definition: Call) -> list[Node]:
    """The last expressions of a function with several sections."""
    tails = definition.body[-1:]
    block = definition.do_block
    if block is not None and len(block.sections) > 1:
        if "else" in block.sections:
            tails = []
        for section in ("rescue", "catch", "else"):
            tails += [one.body[-1] for one in definition.clauses(section) if one.body]
    return tails


def _last_expression(definition: RawNode, source: bytes) -> RawNode | None:
    """The last expression of a definition; None where that takes a closer look."""
    last = definition.child(definition.child_count - 1)
    if last is None:
        return None
    if last.kind_id == DO_BLOCK:
        tail = last.child(last.child_count - 2)
        if tail is None or tail.is_extra or tail.kind_id in SECTIONS:
            return None
        return tail
    keywords = last.named_child(last.named_child_count - 1)
    if keywords is None or keywords.kind_id != KEYWORDS or keywords.named_child_count != 1:
        return None
    pair = keywords.named_child(0)
    value = None if pair is None else pair.child_by_field_id(VALUE)
    return value


def _outcomes(
    tails: Sequence[Node], bound: dict[str, Found], *, through_matches: bool = True
) -> Iterator[Found]:
    """What expressions in last position return; `bound` are variables that are results."""
    pending: list[_Tail] = [(one, bound) for one in tails]
    seen = 0
    while pending and seen < _MOST:
        node, known = pending.pop()
        node, seen = strip_parentheses(node), seen + 1
        match node:
            case Tuple() | Atom():
                shape = shape_of(node)
                if shape:
                    yield shape, node.span
            case Identifier(name):
                if name in known:
                    yield known[name]
                else:
                    value = _assigned(node)
                    if value is not None:
                        pending.append((value, known))
            case Match():
                if through_matches:
                    pending.append((node.right, known))
            case Pipe():
                pending.append((node.right, known))
            case BinaryOperator():
                operator = node.operator
                if operator in ("||", "or"):
                    pending.append((node.left, known))
                if operator in ("||", "or", "&&", "and"):
                    pending.append((node.right, known))
            case Block():
                pending += [(one, known) for one in node.children[-1:]]
            case Call():
                for one in _of_call(node, known):
                    if isinstance(one[0], Node):
                        pending.append(one)
                    else:
                        yield one


def _of_call(call: Call, known: dict[str, Found]) -> Iterator[Found | _Tail]:
    """What a call returns, or the expressions that decide it."""
    name = call.name
    if name in _BRANCHES and call.receiver is None:
        yield from _branches(call, known)
        if name == "with" and not call.clauses("else"):
            yield from _failing(call)
    elif name == "tap" and call.receiver is None and len(call.arguments) == 2:
        yield call.arguments[0], known
    elif name in TRANSACTIONS and call.receiver is not None:
        if is_transaction(call):
            for one in of_transaction(call):
                yield (one, known) if isinstance(one, Node) else one
    elif name and name not in _LEAVING and not call.is_field_access:
        yield CALL, call.callee_span
        if deletes_changeset(call):
            yield "CHANGESET", call.callee_span


def last_calls(node: Node) -> Iterator[Span]:
    """The callees whose results are the value of a block, of each run of a loop, or of a function
    that is given to `Enum.each`."""
    tails = [node]
    if isinstance(node, Call):
        if node.dotted == "Enum.each":
            tails = []
            for one in node.written_arguments[-1:]:
                if isinstance(one, Capture):
                    if one.function is not None:
                        target = one.function[0]
                        yield target.callee_span if isinstance(target, Call) else target.span
                    else:
                        tails = [one.operand]
                elif isinstance(one, AnonymousFunction):
                    tails = [clause.body[-1] for clause in one.clauses if clause.body]
        elif node.name == "for":
            tails = node.body[-1:]
    for kind, span in _outcomes(tails, {}, through_matches=False):
        if kind == CALL:
            yield span


def told_by_argument(node: Node) -> tuple[Outcome, ...]:
    """The outcomes of a repo's transaction or deletion, which what it is given decides; nothing
    for other calls."""
    while isinstance(node, Pipe):
        node = node.right
    if isinstance(node, Call) and node.receiver is not None:
        if node.name in TRANSACTIONS or deletes_changeset(node):
            return tuple(Outcome(*one) for one in _outcomes([node], {}))
    return ()


def shape_of(node: Node) -> str:
    """The name of the `Shape` of a literal or a pattern; empty for what is no result."""
    if isinstance(node, Atom):
        return {"ok": "OK", "error": "ERROR"}.get(node.name, "")
    if not isinstance(node, Tuple):
        return ""
    match node.elements:
        case [Atom("ok"), _]:
            return "OK_VALUE"
        case [Atom("ok"), _, *_]:
            return "OK_VALUES"
        case [Atom("error"), reason]:
            return "CHANGESET" if _CHANGESET.fullmatch(reason.text) else "REASON"
        case [Atom("error"), _, *_]:
            return "DETAILS"
    return ""


def _bound(pattern: Node) -> Iterator[tuple[str, Found]]:
    """`error` of `{:error, _} = error`, with what it is."""
    if isinstance(pattern, Match):
        for name, other in ((pattern.left, pattern.right), (pattern.right, pattern.left)):
            shape = shape_of(other)
            if isinstance(name, Identifier) and shape:
                yield name.name, (shape, other.span)


def callee_of(node: Node) -> Span | None:
    """The callee of the call that an expression is, or that its pipe ends in."""
    node = strip_parentheses(node)
    while isinstance(node, (Pipe, Match)):
        node = strip_parentheses(node.right)
    if isinstance(node, Call) and node.name and not node.is_field_access:
        return node.callee_span
    return None


def subject_of(call: Call) -> Node | None:
    """What a `case` chooses by, also piped into it."""
    chain = call.piped_chain
    if chain is not None:
        return chain
    written = call.written_arguments
    return written[0] if written else None


def _branches(call: Call, known: dict[str, Found]) -> Iterator[_Tail]:
    """The last expressions of the branches, and of `error -> error` what `error` is."""
    source, taken = call.tree.source, _DECIDING
    if call.name == "try" and call.clauses("else"):
        taken = _DECIDING - {"do"}
    for name, body in _sections(call):
        if name not in taken:
            continue
        for raw in body:
            if raw.kind_id != STAB:
                continue
            tail = _last(raw.child_by_field_id(RIGHT))
            if tail is None:
                continue
            inner = known
            head = raw.child_by_field_id(LEFT)
            if head is not None and source.find(b"=", head.start_byte, head.end_byte) >= 0:
                patterns = Clause(raw, call.tree).patterns
                inner = known | {n: shape for one in patterns for n, shape in _bound(one)}
            if tail.kind_id == _NAME and _passes(Clause(raw, call.tree)):
                callee = next(filter(None, map(callee_of, _sources(call))), None)
                if callee is None:
                    continue
                name_ = source[tail.start_byte : tail.end_byte].decode("utf-8", "replace")
                inner = inner | {name_: (REST, callee)}
            yield cast(tail, call.tree), inner
        if body and body[-1].kind_id != STAB:
            yield cast(body[-1], call.tree), known


def _sections(call: Call) -> Iterator[tuple[str, list[RawNode]]]:
    """The expressions of each section by its name, those of `do` first."""
    block = call.do_block
    if block is None:
        for name in _ALL_SECTIONS:
            yield name, [one.raw for one in call.section(name)]
        return
    inner = [one for one in block.raw.named_children if not one.is_extra]
    yield "do", [one for one in inner if one.kind_id not in SECTIONS]
    for raw in inner:
        if raw.kind_id in SECTIONS:
            yield SECTIONS[raw.kind_id], [one for one in raw.named_children if not one.is_extra]


def _last(body: RawNode | None) -> RawNode | None:
    """The last expression of what follows an arrow."""
    children = () if body is None else body.named_children
    return next((one for one in reversed(children) if not one.is_extra), None)


def _passes(clause: Clause) -> bool:
    """Whether a clause is `error -> error`."""
    patterns = clause.patterns
    return len(patterns) == 1 and patterns[0].same_code(clause.body[-1])


def _sources(call: Call) -> list[Node]:
    """What a `case` or `with` takes its values from."""
    if call.name == "with":
        return [step.right for step in _steps(call)]
    subject = subject_of(call) if call.name == "case" else None
    return [] if subject is None else [subject]


def _steps(call: Call) -> list[BinaryOperator]:
    """The `pattern <- value` of a `with`."""
    return [
        one
        for one in call.written_arguments
        if isinstance(one, BinaryOperator) and one.operator == "<-"
    ]


def _failing(call: Call) -> Iterator[Found]:
    """What a `with` without `else` returns where a step does not match."""
    for step in _steps(call):
        pattern = step.left
        if isinstance(pattern, BinaryOperator) and pattern.operator == "when":
            pattern = pattern.left
        if shape_of(pattern).startswith("OK"):
            value = strip_parentheses(step.right)
            if isinstance(value, Identifier):
                value = _assigned(value) or value
            if isinstance(value, Pipe):
                value = value.right
            callee = callee_of(value)
            if isinstance(value, Call) and is_transaction(value):
                for kind, span in _outcomes([value], {}):
                    if not kind.startswith("OK"):
                        yield (REST if kind == CALL else kind), span
            elif callee is not None:
                yield REST, callee


_ASSIGNED = re.compile(rb"\s*=[^=~>]")


def _assigned(variable: Identifier) -> Node | None:
    """The value that a variable was given before in the same body."""
    raw = variable.tree.parent(variable.raw)
    while raw is not None and raw.kind_id not in _BODIES:
        raw = variable.tree.parent(raw)
    name, source = variable.bytes, variable.tree.source
    if raw is None:
        return None
    found: RawNode | None = None
    for one in raw.named_children:
        if one.end_byte > variable.start:
            break
        if one.kind_id == BINARY and source.startswith(name, one.start_byte):
            if _ASSIGNED.match(source, one.start_byte + len(name)):
                found = one
    viewed = None if found is None else cast(found, variable.tree)
    return viewed.right if isinstance(viewed, Match) else None
