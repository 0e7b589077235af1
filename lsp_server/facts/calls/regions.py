"""The regions of a form that decide the places of its calls, found by callee name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from lsp_server.facts.calls.loops import async_stream, comprehension, enumeration, functions_in
from lsp_server.facts.calls.places import (
    ASSIGN_NEW,
    CACHED,
    CONNECTED,
    ELSEWHERE,
    LATER,
    MULTI,
    RESCUED,
    TRANSACTION,
    Region,
)
from lsp_server.syntax.elixir import (
    BODY,
    DO_BLOCK,
    UNARY,
    BinaryOperator,
    Call,
    Identifier,
    Match,
)
from lsp_server.syntax.node import Node, RawNode, kind_id
from lsp_server.syntax.walk import NodeIndex


def regions_of(index: NodeIndex, starts: Sequence[int]) -> list[Region]:
    """The regions of a form or template that its calls and functions make, in no order; of those
    that hold none of the calls in question, which begin at `starts`, most are left out."""
    found: list[Region] = []
    calls = index.raw_calls
    source = index.tree.source
    for name in _OPENERS.keys() & calls.keys():
        begins, opener = _OPENERS[name]
        for raw in calls[name]:
            if opener is not _connected and not _holds(raw.start_byte + 1, raw.end_byte, starts):
                continue
            if begins is None or begins.match(source, raw.start_byte) is not None:
                found.extend(opener(Call(raw, index.tree)))
    for name in calls:
        if b"cache" in name or b"memo" in name:
            for raw in calls[name]:
                found.extend(_cached(Call(raw, index.tree)))
    found.extend(_stored(index, starts))
    return found


def _holds(start: int, end: int, starts: Sequence[int]) -> bool:
    """Whether one of the calls begins in a range."""
    at = bisect_left(starts, start)
    return at < len(starts) and starts[at] < end


def _functions_as(bits: int, *modules: str) -> Callable[[Call], Iterator[Region]]:
    """An opener: the functions given to a call are in a place; an empty module means a call
    without one."""

    def opener(call: Call) -> Iterator[Region]:
        if (call.module or "" if call.receiver is not None else "") in modules:
            for function in functions_in(call):
                yield Region(*function.span, bits)

    return opener


# ---- guards, transactions, rescue


def _connected(call: Call) -> Iterator[Region]:
    """What runs in one of a page's two renders only: under a condition that `connected?` is a part
    of, or a variable that has its answer; a function that is given the answer decides itself."""
    match call.parent:
        case Match(_, Identifier(name)) as bound if bound.parent is not None:
            for one in bound.parent.find(Identifier):
                if one.name == name and one.start > bound.end:
                    yield from _under(one)
        case _:
            yield from _under(call)


def _under(condition: Node) -> Iterator[Region]:
    node = condition
    for outer in condition.ancestors():
        match outer:
            case BinaryOperator("&&" | "and", _, right):
                if node != right:
                    yield Region(*right.span, CONNECTED)
            case BinaryOperator("<-"):
                chain = outer.enclosing(Call)
                if chain is not None:
                    yield Region(outer.end, chain.end, CONNECTED)
                return
            case Call("if" | "unless" | "case", [asked, *_]) if asked == node:
                for one in (*outer.section("do"), *outer.section("else")):
                    yield Region(*one.span, CONNECTED)
                return
            case _ if outer.kind == "stab_clause":
                yield Region(node.end, outer.end, CONNECTED)
                return
            case Call() if outer.receiver is None and node in outer.written_arguments:
                yield Region(*outer.span, CONNECTED)
                return
            case _ if outer.kind in ("arguments", "block", "unary_operator"):
                pass
            case _:
                return
        if outer.kind != "arguments":
            node = outer


def _transaction(call: Call) -> Iterator[Region]:
    module = call.module
    if module is not None and not module.startswith(":"):
        for argument in call.written_arguments:
            yield Region(*argument.span, TRANSACTION)


def _multi(call: Call) -> Iterator[Region]:
    module = call.module
    if module is not None and module.rpartition(".")[2] == "Multi":
        for function in functions_in(call):
            yield Region(*function.span, TRANSACTION | MULTI)


def _try(call: Call) -> Iterator[Region]:
    block = call.do_block
    if block is not None and {"rescue", "catch"}.intersection(block.sections):
        for node in block.section("do"):
            yield Region(*node.span, RESCUED)


# ---- elsewhere and later


def _cache(call: Call) -> Iterator[Region]:
    """The function that fills a cache: of Cachex, ConCache, or one that the project calls so."""
    module = call.module
    if module is not None and "Cach" in module.rpartition(".")[2]:
        yield from _cached(call)


def _cached(call: Call) -> Iterator[Region]:
    for function in functions_in(call):
        yield Region(*function.span, CACHED)


def _quote(call: Call) -> Iterator[Region]:
    if call.receiver is None:
        yield Region(*call.span, LATER)


_FUNCTION = kind_id("anonymous_function")
_PAIR = kind_id("pair")
_DATA = frozenset(map(kind_id, ("tuple", "list", "map_content")))
_BODIES = frozenset({DO_BLOCK, BODY})


def _stored(index: NodeIndex, starts: Sequence[int]) -> Iterator[Region]:
    """Functions that are an element of a list, tuple or map, or all that a body returns."""
    source = index.tree.source
    captures = (
        raw
        for raw in index.raw_of_kind(UNARY)
        if source[raw.start_byte : raw.start_byte + 1] == b"&"
    )
    for raw in (*index.raw_of_kind(_FUNCTION), *captures):
        if not _holds(raw.start_byte, raw.end_byte, starts):
            continue
        parent = raw.parent  # the tree would look up all parents of the form first
        if parent is not None and parent.kind_id == _PAIR:
            parent = parent.parent
            parent = None if parent is None else parent.parent
        if parent is None:
            continue
        above = parent.kind_id
        if above in _DATA or (above in _BODIES and _is_last(raw, parent)):
            yield Region(raw.start_byte, raw.end_byte, LATER)


def _is_last(raw: RawNode, parent: RawNode) -> bool:
    named = [child for child in parent.children if child.is_named and not child.is_extra]
    return not named or named[-1].start_byte == raw.start_byte


_Opener = Callable[[Call], Iterator[Region]]
_Opening = tuple[re.Pattern[bytes] | None, _Opener]  # how the call must begin to be looked at


def _each(names: str, opener: _Opener, begins: bytes = b"") -> dict[bytes, _Opening]:
    pattern = re.compile(begins) if begins else None
    return dict.fromkeys((name.encode() for name in names.split()), (pattern, opener))


_OPENERS: Mapping[bytes, _Opening] = {
    **_each(
        "all? any? chunk_by chunk_while count dedup_by drop_while each filter find find_index "
        "find_value flat_map flat_map_reduce foldl foldr frequencies_by group_by into map "
        "map_every map_intersperse map_join map_reduce max_by min_by new partition reduce "
        "reduce_while reject scan sort_by split_while split_with sum_by take_while transform "
        "uniq_by with_index",
        enumeration,
        rb"(?:Enum|Stream|Map|MapSet|Keyword|List)\.",
    ),
    **_each("for", comprehension),
    **_each("async_stream async_stream_nolink", async_stream),
    **_each("async", _functions_as(ELSEWHERE, "Task", "Task.Supervisor")),
    **_each("async_nolink start_child", _functions_as(ELSEWHERE, "Task.Supervisor")),
    **_each("start start_link", _functions_as(ELSEWHERE, "Task"), rb"Task\."),
    **_each("spawn spawn_link spawn_monitor", _functions_as(ELSEWHERE, "", "Process", "Node")),
    **_each("apply_after", _functions_as(ELSEWHERE, ":timer")),
    **_each(
        "assign_async start_async stream_async", _functions_as(ELSEWHERE, "", "Phoenix.LiveView")
    ),
    **_each("attach attach_many", _functions_as(LATER, ":telemetry")),
    **_each("attach_hook", _functions_as(LATER, "", "Phoenix.LiveView")),
    **_each("quote", _quote),
    **_each("transaction transact checkout", _transaction),
    **_each(
        "run merge insert update delete insert_or_update insert_all update_all delete_all one all",
        _multi,
        rb"(?:\w+\.)*Multi\.",
    ),
    **_each("connected?", _connected),
    **_each("try", _try),
    **_each("assign_new", _functions_as(ASSIGN_NEW, "", "Phoenix.Component")),
    **_each(
        "fetch fetch! get get_or_store fetch_or_store put_new_lazy remember",
        _cache,
        rb"(?:\w+\.)*\w*Cach",
    ),
}
