"""Suppressions in comments: `# retort:ignore ecto/query-in-loop -- reason`.

One stands at the end of the line it is about, or alone on the line before; `retort:ignore-file`
holds for its whole file. In templates the comment is `<%!-- retort:ignore … --%>`. A rule may be
named by its pack alone (`ecto`). Text after ` -- ` is the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from lsp_server.document import Document, Language
from lsp_server.lint.checker import finish
from lsp_server.lint.finding import Edit, Finding, Fix, Tag
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Charlist, Sigil, String
from lsp_server.syntax.node import kind_id
from lsp_server.text import BOM, Span, line_ending

UNUSED = "retort/unused-suppression"
UNKNOWN = "retort/unknown-suppression"
UNREADABLE = "retort/unreadable-file"
_MARK = re.compile(rb"retort:(ignore-file|ignore)\b([^\n\r]*)")
_COMMENT = kind_id("comment")
_COMMENTS = (b"#", b"//", b"<%!--", b"<%#")  # what a line of nothing but a comment begins with


@dataclass(frozen=True, slots=True)
class Named:
    """One rule or pack that a suppression names."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment. `lines` are the zero-based lines it is about, None for the whole file."""

    names: tuple[Named, ...]
    span: Span
    lines: frozenset[int] | None
    whole: Span  # what to remove when nothing of it is needed

    def covers(self, rule: str, line: int) -> Named | None:
        """The name by which the suppression silences a rule on a line."""
        if self.lines is not None and line not in self.lines:
            return None
        return next((one for one in self.names if one.name in (rule, _pack(rule))), None)


def _pack(rule: str) -> str:
    return rule.partition("/")[0]


def suppressions(document: Document) -> list[Suppression]:
    """The suppressions of a file in the order of the text."""
    if b"retort:ignore" not in document.source or document.refusal is not None:
        return []
    found: list[Suppression] = []
    for match in _MARK.finditer(document.source):
        comment = _comment_around(document, match.start())
        if comment is not None:
            found.append(_suppression(document, match, comment))
    return found


def _comment_around(document: Document, offset: int) -> Span | None:
    layer = _layer_at(document, offset)
    if layer is not None:
        path = heex.path_to(layer.template, offset)
        last = path[-1] if path else None
        return last.span if isinstance(last, heex.EexComment) else None
    if document.language is Language.OTHER:
        line = document.lines.line_span(document.lines.line_at(offset))
        at = document.source.find(b"//", line.start, offset)
        return None if at < 0 else Span(at, line.end)
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(offset, offset)
    if raw is None or raw.kind_id != _COMMENT:
        return None
    return Span(raw.start_byte, raw.end_byte)


def _layer_at(document: Document, offset: int) -> TemplateLayer | None:
    """The template around a byte; of the file's forms only the one that is there is looked at."""
    if document.template is not None:
        return document.template
    form = document.outline.form_at(offset)
    for layer in () if form is None else form.templates:
        if layer.span.start <= offset < layer.span.end:
            return layer
    return None


def _suppression(document: Document, match: re.Match[bytes], comment: Span) -> Suppression:
    lines, source = document.lines, document.source
    rest = match[2].split(b"--", 1)[0]
    names = tuple(
        Named(name[0].decode("utf-8", "replace"), Span(*name.span()).shift(match.start(2)))
        for name in re.finditer(rb"[\w/-]*\w", rest)
    )
    first, last = lines.line_at(comment.start), lines.line_at(comment.end)
    line = lines.line_span(first)
    begin = line.start + len(BOM) * source.startswith(BOM, line.start, line.end)
    alone = (
        not source[begin : comment.start].strip()
        and not source[comment.end : lines.line_span(last).end].strip()
    )
    about = None
    if match[1] == b"ignore":
        about = frozenset(reach(document, last + 1) if alone else {first, last})
    if alone:
        after = lines.starts[last + 1] if last + 1 < lines.line_count else len(source)
        whole = Span(begin, after)
    else:
        before = source[line.start : comment.start]
        whole = Span(comment.start - (len(before) - len(before.rstrip())), comment.end)
    return Suppression(names, Span(match.start(), match.end(2)), about, whole)


def reach(document: Document, line: int) -> range:
    """The lines that a comment above `line` is about.

    One line, after further comments; but where a text of several lines, the opening tag of an
    element or Elixir in a template begins on it, no comment can stand inside that, so the lines
    down to its end belong to it.
    """
    lines = document.lines
    while line + 1 < lines.line_count and lines.line_bytes(line).strip().startswith(_COMMENTS):
        line += 1
    start = lines.line_span(line).start + len(lines.indentation(lines.line_span(line).start))
    last = line
    for span in sorted(_solid(document, start)):
        if line <= lines.line_at(span.start) <= last:
            last = max(last, lines.line_at(span.end))
    return range(line, last + 1)


def _solid(document: Document, offset: int) -> Iterator[Span]:
    """Stretches of text around a byte in which no comment of its own line can stand: quoted texts,
    opening tags, and the Elixir of templates."""
    form = document.outline.form_at(offset)
    layers = form.templates if form is not None else []
    for layer in layers if document.template is None else [document.template]:
        for node in heex.walk(layer.template):
            if isinstance(node, heex.Tag):
                yield node.opening
            elif isinstance(node, heex.Clause):
                yield node.head
            elif isinstance(node, (heex.Interpolation, heex.EexComment)):
                yield node.span
    if form is not None:
        inner = {layer.sigil.span for layer in layers if layer.sigil is not None}
        for view in (String, Charlist, Sigil):
            for quoted in form.index.nodes(view):
                if quoted.span not in inner:
                    yield quoted.span


def suppress(
    document: Document,
    findings: Iterable[Finding],
    known: Collection[str],
    ran: Collection[str],
    pending: Collection[str] = (),
) -> list[Finding]:
    """What is left of a file's findings, and what is wrong with its suppressions.

    `known` are all rules and packs that exist. `ran` are the rules that were run on the file:
    only of those can it be said that a suppression of them suppresses nothing. `pending` are rules
    that will be run yet.
    """
    comments = suppressions(document)
    if not comments:
        return list(findings)
    left: list[Finding] = []
    used: set[Named] = set()
    for finding in findings:
        line = document.lines.line_at(finding.span.start)
        hits = [hit for one in comments if (hit := one.covers(finding.rule, line))]
        used.update(hits)
        if not hits:
            left.append(finding)
    judged = {*ran} | ({_pack(rule) for rule in ran} - {_pack(rule) for rule in pending})
    complaints = (
        complaint
        for one in comments
        for complaint in _complaints(document, one, used, known, judged)
    )
    return [*left, *finish(complaints, document.path)]


def _complaints(
    document: Document,
    comment: Suppression,
    used: Collection[Named],
    known: Collection[str],
    judged: Collection[str],
) -> Iterable[Finding]:
    idle = [
        name
        for name in comment.names
        if name not in used and (name.name in judged or name.name not in known)
    ]
    for name in idle:
        fix = Fix.safe("Remove the suppression", _removal(comment, name, idle))
        if name.name in known:
            message, rule = f"`{name.name}` finds nothing here to suppress", UNUSED
        else:
            near = get_close_matches(name.name, known, 1)
            message, rule = f"there is no rule or pack `{name.name}`", UNKNOWN
            if near:
                message += f"; did you mean `{near[0]}`?"
                fix = Fix.review(f"Write {near[0]}", partial(_renaming, name, near[0]))
        yield Finding(
            name.span,
            message,
            document.path,
            fix,
            tags=(Tag.UNNECESSARY,) if rule == UNUSED else (),
            rule=rule,
            severity=Severity.WARNING if rule == UNKNOWN else Severity.INFORMATION,
        )
    if not comment.names:
        fix = Fix.safe("Remove the suppression", lambda _: [Edit(comment.whole, "")])
        yield Finding(
            comment.span,
            "the suppression names no rule",
            document.path,
            fix,
            rule=UNUSED,
            severity=Severity.INFORMATION,
        )


def _removal(
    comment: Suppression, name: Named, idle: list[Named]
) -> Callable[[Snapshot], list[Edit]]:
    def build(_: Snapshot) -> list[Edit]:
        if len(idle) == len(comment.names):
            return [Edit(comment.whole, "")]
        at = comment.names.index(name)
        if at + 1 < len(comment.names):
            return [Edit(Span(name.span.start, comment.names[at + 1].span.start), "")]
        return [Edit(Span(comment.names[at - 1].span.end, name.span.end), "")]

    return build


def _renaming(name: Named, right: str, _: Snapshot) -> list[Edit]:
    return [Edit(name.span, right)]


def ignore_here(document: Document, finding: Finding) -> list[Edit]:
    """The edits that insert a suppression of a finding, or add its rule to one that is there."""
    lines, source = document.lines, document.source
    line = lines.line_at(finding.span.start)
    for one in suppressions(document):
        if one.lines is not None and line in one.lines and one.names:
            end = one.names[-1].span.end
            return [Edit(Span(end, end), f", {finding.rule}", document.path)]
    at = lines.starts[line]
    solid = sorted(_solid(document, finding.span.start), reverse=True)
    for span in solid:
        if span.start < at < span.end:
            at = lines.starts[lines.line_at(span.start)]
    indent = lines.indentation(at)
    if at == 0 and source.startswith(BOM):
        at = len(BOM)
    if _layer_at(document, at + len(indent)) is not None:
        comment = f"<%!-- retort:ignore {finding.rule} --%>"
    else:
        comment = (
            f"{'//' if document.language is Language.OTHER else '#'} retort:ignore {finding.rule}"
        )
    text = f"{indent.decode()}{comment}{line_ending(source)}"
    return [Edit(Span(at, at), text, document.path)]


def unreadable(path: str, refusal: str) -> list[Finding]:
    """The one finding of a file that is not read or not parsed."""
    message = f"Retort does not read this file: {refusal}"
    finding = Finding(Span(0, 0), message, path, rule=UNREADABLE, severity=Severity.INFORMATION)
    return finish([finding], path)
