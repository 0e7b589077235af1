"""How `init/1` of a process begins it: whether it leaves the work to `handle_continue/2`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.modules import full_name
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom, List, Nil, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span


class Init(Fact):
    """One clause of `init/1`, in the order of the text."""

    module: str
    span: Span  # of the name
    continues: bool  # returns `{:continue, …}`
    # Whether it is the only clause, plain statements that end in replies, in a module that has no
    # handle_continue/2 yet.
    movable: bool


@dataclass(frozen=True)
class PlainInit:
    """An `init/1` that does one thing after the other and ends in a reply, or branches that do."""

    parameter: str  # the name; empty where the argument is not used or a literal
    statements: Sequence[Node]  # the last holds the replies
    replies: Sequence[Tuple]  # `{:ok, state}` or `{:stop, reason}`


def plain_init(function: Function) -> PlainInit | None:
    """The parts of an `init/1` of that form."""
    if function.guard is not None or len(function.parameters) != 1:
        return None
    match function.parameters[0]:
        case Identifier(name):
            parameter = "" if name.startswith("_") else name
        case Atom() | Nil() | List([]):
            parameter = ""
        case _:
            return None
    block = function.call.do_block
    if block is not None and block.sections != ["do"]:
        return None
    body = function.body
    replies = _replies(body[-1]) if body else ()
    return PlainInit(parameter, body, replies) if replies else None


def _replies(expression: Node) -> Sequence[Tuple]:
    """The replies in which an expression ends; none where one of its branches ends otherwise."""
    found: list[Tuple] = []
    pending = [expression]
    while pending:
        node = pending.pop()
        match node:
            case Tuple([Atom("ok" | "stop"), _]):
                found.append(node)
                continue
            case Call("case" | "cond"):
                branches = [clause.body for clause in node.clauses()]
            case Call("if" | "unless"):
                branches = [node.section("do"), node.section("else")]
            case _:
                return ()
        if not branches or not all(branches):
            return ()
        pending.extend(branch[-1] for branch in branches)
    return found


@collects(Init)
def collect_inits(document: Document) -> Iterator[Init]:
    """The clauses of `init/1` of all modules in `lib`."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    for module in document.modules:
        functions = module.names.functions
        if 1 not in functions.get("init", ()):
            continue
        clauses = [one for one in module.functions if one.name == "init" and one.arity == 1]
        movable = len(clauses) == 1 and 2 not in functions.get("handle_continue", ())
        for one in clauses:
            text = one.call.bytes
            yield Init(
                full_name(module),
                one.name_span,
                b"{:continue," in text or b"continue: " in text,
                movable and plain_init(one) is not None,
            )
