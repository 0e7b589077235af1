"""A template's tree on one line, for tests to compare with."""

from __future__ import annotations

from lsp_server.syntax import heex
from lsp_server.syntax.heex import Dialect, Node, Template
from lsp_server.syntax.heex_parser import parse
from lsp_server.text import Span


def template(text: str, dialect: Dialect = Dialect.HEEX, *, curly: bool = True) -> Template:
    source = text.encode()
    return parse(source, [Span(0, len(source))], dialect, curly=curly)


def outline(text: str, dialect: Dialect = Dialect.HEEX, *, curly: bool = True) -> str:
    """The tree in a short notation.

    Text is `'…'`, a tag `name(attributes)[children]`, with `/` if it closes itself and `!` if it is
    never closed, a block `{clause [children] clause [children] end}`.
    """
    return _all(template(text, dialect, curly=curly).children, text.encode())


def errors(text: str, dialect: Dialect = Dialect.HEEX) -> list[tuple[str, str]]:
    """Each error's kind and the text that it covers."""
    source = text.encode()
    found = template(text, dialect).errors
    return [(error.kind.value, error.span.slice(source).decode()) for error in found]


def _all(nodes: tuple[Node, ...], source: bytes) -> str:
    return " ".join(_one(node, source) for node in nodes)


def _one(node: Node, source: bytes) -> str:
    def written(span: Span) -> str:
        return span.slice(source).decode()

    match node:
        case heex.Text(span):
            return f"'{written(span)}'"
        case heex.EexComment():
            return "#"
        case heex.HtmlComment(_, children):
            return f"<!--[{_all(children, source)}]"
        case heex.Interpolation(_, expression, marker, style):
            if style is heex.Style.CURLY:
                return f"{{{written(expression)}}}"
            return f"<%{marker} {written(expression)}>"
        case heex.Clause(_, _, expression, children):
            return f"{written(expression)} [{_all(children, source)}]"
        case heex.EexEnd(_, expression):
            return written(expression)
        case heex.EexBlock(_, marker, clauses, end):
            parts = [_one(clause, source) for clause in clauses]
            parts.append("!" if end is None else _one(end, source))
            return f"{{{marker} {' '.join(parts)}}}"
        case heex.RootAttribute(_, expression):
            return f"{{{written(expression)}}}"
        case heex.Attribute(_, name, _, None):
            return name
        case heex.Attribute(_, name, _, heex.Braces(_, expression)):
            return f"{name}={{{written(expression)}}}"
        case heex.Attribute(_, name, _, heex.Quoted() as value):
            quote = value.delimiter
            if value.literal:
                return f"{name}={quote}{written(value.content)}{quote}"
            return f"{name}={quote}[{_all(value.parts, source)}]{quote}"
        case heex.Tag():
            shown = node.name
            if node.items:
                shown += f"({_all(node.items, source)})"
            if node.self_closing:
                return shown + "/"
            if node.void:
                return shown
            return f"{shown}[{_all(node.children, source)}]" + ("" if node.closing else "!")
    raise AssertionError(node)
