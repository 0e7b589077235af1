"""EEx inside of tags, rewritten as the expressions that HEEx takes there.

States what LiveView 0.18 to 1.2 make of `name={value}`: nil and false leave the attribute out, true
writes its name alone, and a list is a value of `class` whose nil and false are dropped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BinaryOperator, Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Nil, Sigil, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import Unsure, balanced, brace_safe

# Text, or the code of an expression with its node (None for code that was put together here).
_Part = str | tuple[str, Node | None]

_NAME = re.compile(r"[A-Za-z_@:][\w.:@-]*")
_PAIR = re.compile(r"""([A-Za-z_@:][\w.:@-]*)=(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""")
_ENTITY = re.compile(r"&#?\w+;")
_PLAIN = re.compile(r"@?[A-Za-z_][\w.]*[?!]?")
_SPECIAL = re.compile(r'["\\]|#\{')
_SPECIAL_IN_SIGIL = re.compile(r"\\|#\{")
_BRACE = re.compile(r"[{}]")
_ESCAPED_QUOTES = 3
_DELIMITERS = (("~s(", ")"), ("~s[", "]"), ("~s|", "|"))
# What Phoenix.HTML marks as safe is a tuple, which a string cannot take in.
_SAFE = frozenset({"raw", "content_tag", "tag", "link", "img_tag", "html_escape", "sigil_E"})


def has_eex(attribute: heex.AnyAttribute) -> bool:
    """Whether the attribute's value is text with EEx in it."""
    return (
        isinstance(attribute, heex.Attribute)
        and isinstance(attribute.value, heex.Quoted)
        and not attribute.value.literal
    )


def value_of(attribute: heex.Attribute, layer: TemplateLayer) -> str | Unsure:
    """The value, with its braces or quotes, that says in HEEx what text with EEx says."""
    value = attribute.value
    if not isinstance(value, heex.Quoted):
        return Unsure("its value is no text")
    parts = _parts(value.parts, layer)
    if isinstance(parts, Unsure):
        return parts
    code = _classes(parts) if attribute.name == "class" else _expression(parts)
    if isinstance(code, Unsure):
        return code
    return f"{{{code}}}" if balanced(code) else Unsure("its braces do not pair up")


def item_of(item: heex.Node, layer: TemplateLayer) -> str | Unsure:
    """The attribute that `<%= if c do %>name="x"<% end %>` or `<%= if c, do: "name" %>` writes."""
    match item:
        case heex.Interpolation(marker="="):
            node = layer.expression(item.expression)
            if isinstance(node, BinaryOperator) and node.operator in ("&&", "and"):
                condition, text = brace_safe(node.left), _literal([node.right])
                if isinstance(condition, str) and text is not None:
                    return _conditional("if", condition, text.strip(), "")
            if not isinstance(node, Call) or node.name not in ("if", "unless"):
                return Unsure("what it writes is not known")
            branches = [node.section("do"), node.section("else")]
            texts = [_literal(branch) for branch in branches]
        case heex.EexBlock(marker="="):
            found = layer.block_call(item)
            if found is None or found.name not in ("if", "unless") or len(item.clauses) > 2:
                return Unsure("what it writes is not known")
            node = found
            texts = [_source(clause.children, layer) for clause in item.clauses]
        case _:
            return Unsure("what it writes is not known")
    if len(node.written_arguments) == 0 or any(text is None for text in texts):
        return Unsure("what it writes is not known")
    condition = brace_safe(node.written_arguments[0])
    if isinstance(condition, Unsure):
        return condition
    written = [(text or "").strip() for text in texts]
    return _conditional(node.name, condition, written[0], "".join(written[1:]))


def _conditional(word: str, condition: str, text: str, other: str) -> str | Unsure:
    pair = _PAIR.fullmatch(text)
    named = pair[1] if pair is not None and pair[1] in (pair[2], pair[3], pair[4]) else text
    if other == "" and _NAME.fullmatch(named):  # `selected`, also written `selected="selected"`
        return f"{named}={{{condition if word == 'if' else _negated(condition)}}}"
    otherwise = _PAIR.fullmatch(other) if other else None
    if pair is None or (other and (otherwise is None or otherwise[1] != pair[1])):
        return Unsure("it does not write one attribute")
    code = f"{word} {condition}, do: {_quoted(pair[2] or pair[3] or pair[4] or '')}"
    if otherwise is not None:
        code += f", else: {_quoted(otherwise[2] or otherwise[3] or otherwise[4] or '')}"
    return f"{pair[1]}={{{code}}}"


def _negated(condition: str) -> str:
    return f"!{condition}" if _PLAIN.fullmatch(condition) else f"!({condition})"


def _literal(branch: Sequence[Node]) -> str | None:
    match branch:
        case []:
            return ""
        case [String(str(text))] | [Sigil("s" | "S", str(text))]:
            return text
        case [Nil()]:
            return ""
    return None


def _source(nodes: Sequence[heex.Node], layer: TemplateLayer) -> str | None:
    """The text of nodes that hold no code."""
    if any(isinstance(one, (heex.Interpolation, heex.EexBlock)) for one in _below(nodes)):
        return None
    return "".join(one.span.slice(layer.source).decode("utf-8", "replace") for one in nodes)


def _below(nodes: Sequence[heex.Node]) -> Iterator[heex.Node]:
    for node in nodes:
        yield from heex.walk(node)


def _parts(nodes: Sequence[heex.Node], layer: TemplateLayer) -> list[_Part] | Unsure:
    parts: list[_Part] = []
    for node in nodes:
        part: _Part | Unsure
        match node:
            case heex.Text():
                text = node.span.slice(layer.source).decode("utf-8", "replace")
                part = html.unescape(text) if _ENTITY.search(text) else text
            case heex.EexComment():
                continue
            case heex.Interpolation(marker="="):
                part = _interpolated(node, layer)
            case heex.EexBlock(marker="="):
                part = _block(node, layer)
            case _:
                part = Unsure("it holds code that shows nothing")
        if isinstance(part, Unsure):
            return part
        parts.append(part)
    return parts


def _interpolated(node: heex.Interpolation, layer: TemplateLayer) -> _Part | Unsure:
    found = layer.expression(node.expression)
    if found is None:
        return Unsure("its code is not one expression")
    code = brace_safe(found)
    return code if isinstance(code, Unsure) else (code, found)


def _block(block: heex.EexBlock, layer: TemplateLayer) -> _Part | Unsure:
    """`if` and `unless` as one expression."""
    call = layer.block_call(block)
    if call is None or call.name not in ("if", "unless") or len(call.written_arguments) != 1:
        return Unsure("it holds a block that is no `if`")
    condition = brace_safe(call.written_arguments[0])
    if isinstance(condition, Unsure):
        return condition
    code = f"{call.name} {condition}"
    for word, clause in zip(("do", "else"), block.clauses, strict=False):
        parts = _parts(clause.children, layer)
        if isinstance(parts, Unsure):
            return parts
        value = _expression(parts)
        if isinstance(value, Unsure):
            return value
        code += f", {word}: {value}"
    return code, None


def _expression(parts: Sequence[_Part]) -> str | Unsure:
    """One expression for the parts: the only one as it is, else a string of all."""
    match parts:
        case []:
            return '""'
        case [(str(code), _)]:
            return code
    if any(_is_safe(part) for part in parts if not isinstance(part, str)):
        return Unsure("what `raw` and its like return cannot be a part of a string")
    return _string(parts)


def _string(parts: Sequence[_Part]) -> str:
    """A string of the parts; in `~s` where too many quotes in it would need a backslash."""
    text = "".join(part for part in parts if isinstance(part, str))
    opens, closes = '"', '"'
    if text.count('"') > _ESCAPED_QUOTES:
        fitting = (pair for pair in _DELIMITERS if not set(pair[0][-1] + pair[1]) & set(text))
        opens, closes = next(fitting, (opens, closes))
    special = _SPECIAL if opens == '"' else _SPECIAL_IN_SIGIL
    written = [
        special.sub(lambda found: "\\" + found[0], part)
        if isinstance(part, str)
        else f"#{{{part[0]}}}"
        for part in parts
    ]
    if not balanced("".join(written)):
        written = [
            one if not isinstance(part, str) else _BRACE.sub(r"\\\g<0>", one)
            for one, part in zip(written, parts, strict=True)
        ]
    return f"{opens}{''.join(written)}{closes}"


def _is_safe(part: tuple[str, Node | None]) -> bool:
    node = part[1]
    return node is not None and any(call.name in _SAFE for call in node.find(Call))


def _quoted(text: str) -> str:
    return _string([html.unescape(text)])


def _classes(parts: Sequence[_Part]) -> str | Unsure:
    """The value of `class`: a list where blanks part it into several."""
    runs: list[list[_Part]] = [[]]
    for part in parts:
        if not isinstance(part, str):
            runs[-1].append(part)
            continue
        words = re.split(r"\s+", part)
        for number, word in enumerate(words):
            if number:
                runs.append([])
            if word:
                runs[-1].append(word)
    elements: list[str] = []
    plain: list[str] = []
    for run in [*(run for run in runs if run), None]:
        if run is not None and all(isinstance(part, str) for part in run):
            plain.append("".join(str(part) for part in run))
            continue
        if plain:
            elements.append(_quoted(" ".join(plain)))
            plain = []
        if run is not None:
            code = _expression([_stripped(part) for part in run] if len(run) == 1 else run)
            if isinstance(code, Unsure):
                return code
            elements.append(code)
    if len(elements) == 1:
        return elements[0]
    written = [_in_list(code) for code in elements]
    return f"[{', '.join(written)}]"


def _stripped(part: _Part) -> _Part:
    """A block that stands alone, without the blanks around its texts, which part no classes."""
    if isinstance(part, str) or part[1] is not None:
        return part
    return re.sub(r'(do|else): "\s*([^"\\]*?)\s*"', r'\1: "\2"', part[0]), None


_BARE_CALL = re.compile(r"([a-z_]\w*[?!]?) (?=[^\s=|&<>+*/,)-])")


def _in_list(code: str) -> str:
    """The code as an element of a list: a call without parentheses gets them."""
    bare = _BARE_CALL.match(code)
    if bare is None or bare[1] in ("fn", "not", "case", "cond", "with", "for", "try"):
        return code
    if code.rstrip().endswith("end") or code[bare.end() :].startswith(("and ", "or ", "in ")):
        return code
    return f"{bare[1]}({code[bare.end() :]})"
