"""What functions return, as far as it may be rows of the database or a query for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.fact import Fact
from lsp_server.facts.rows.expressions import UNKNOWN, Expression, parts
from lsp_server.facts.rows.patterns import place_of
from lsp_server.facts.rows.reader import Reader
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Identifier
from lsp_server.syntax.literals import Map, Tuple
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class RowsReturned(Fact):
    """What one clause of a function returns, as far as it may be rows or a query for them.

    `defaults` are pairs of the number of a parameter and its default.
    """

    module: str
    name: str
    arity: int
    result: Expression
    defaults: tuple[Expression, ...] = ()
    span: Span = Span(0, 0)  # of the name


_FETCHING = frozenset(
    b"all one one! get! get_by get_by! all_by preload paginate reload reload!".split()
)
_FETCHING_FROM_REPO = frozenset(b"get stream".split())
_QUERYING = frozenset(b"from where or_where order_by limit offset preload".split())
# What stands in functions that return sockets, conns, changesets and the like.
_OTHERS = (b"~H", b"socket", b"conn", b"changeset", b"|> put_", b"{:noreply")
_WRAPPING = re.compile(
    rb"(?:\|>\s*)?(?:(?!(?:Map|String|Keyword|Logger|Phoenix|Plug|Changeset|Jason|DateTime|Date"
    rb"|Process|GenServer|Application|System|IO|Routes|Gettext|Integer|MapSet|URI|Access|Task"
    rb"|Agent|Multi|Regex|NaiveDateTime|Decimal|Supervisor|File|Path|Float|Time)\.)"
    rb"(?:[A-Z]\w*\.)+|(?!(?:assign|put_|render|redirect|json|push_|cast|validate_|halt|send|raise"
    rb"|if|is_|stream|update|to_string|inspect|elem|max|min|round|unique_constraint|gettext|dgettext"
    rb"|Enum\.(?:map|each|reduce|join|any|all|count|into|sum|member))\b))"
    rb"[a-z_]\w*[?!]?(?:\(.*\)?)?"
)
# `posts`, `{:ok, posts}`, `%{posts: posts}`
_GATHERING = re.compile(rb"[a-z_]\w*|.*\}")
_LISTING = re.compile(rb"\b(?:list|all)_|\.(?:list|all)")


def returned(form: Form, function: Function, path: str) -> Iterator[RowsReturned]:
    """What the clause of a function in a form returns."""
    sure = _fetches(form)
    if not sure and not _wraps(form):
        if function.name == "prepare_query" and b"preload" in form.bytes:
            yield RowsReturned(*place_of(form), UNKNOWN)
        return
    body = function.body
    if not body:
        return
    if not sure and len(body) > 1 and not isinstance(body[-1], (Identifier, Map, Tuple)):
        return
    reader = Reader(path, form, brief=not sure)
    result = reader.read(body[-1])
    kinds = {one.kind for one in parts(result)}
    if kinds.isdisjoint(("call", "schema", "step", "param")) or result.kind == "atom":
        return
    defaults = [
        Expression("pair", str(at), (reader.read(one.right),))
        for at, one in enumerate(function.parameters)
        if isinstance(one, BinaryOperator) and one.operator == "\\\\"
    ]
    yield RowsReturned(*place_of(form), result, tuple(defaults), function.name_span)


def _fetches(form: Form) -> bool:
    """Whether a function builds a query or asks a repo."""
    names = form.index.raw_calls.keys()
    if not _FETCHING.isdisjoint(names) or not _QUERYING.isdisjoint(names):
        return True
    return not _FETCHING_FROM_REPO.isdisjoint(names) and b"Repo" in form.bytes


def _wraps(form: Form) -> bool:
    """Whether a function may return what another of the project does: its last line is a call, or
    gathers what it has fetched."""
    written = form.bytes
    if written.endswith(b"end"):
        last = written[:-3].rstrip().rpartition(b"\n")[2].strip()
    else:
        last = written.rpartition(b"do:")[2].strip()
    if _WRAPPING.fullmatch(last) is None:
        if _GATHERING.fullmatch(last) is None or _LISTING.search(written) is None:
            return False
    return not any(sign in written for sign in _OTHERS)
