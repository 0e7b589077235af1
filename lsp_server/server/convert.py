"""Between Retort's spans and paths and the protocol's ranges and URIs, as plain dicts."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from pygls.uris import from_fs_path, to_fs_path

from lsp_server.document import Change, Document
from lsp_server.lint.apply import Changes
from lsp_server.lint.finding import Edit, Finding
from lsp_server.report.pages import rule_url
from lsp_server.server.features import Features
from lsp_server.text import Encoding, LineIndex, Position, Span

Plain = dict[str, Any]
Read = Callable[[str], Document | None]
UriOf = Callable[[str], str]  # by path from the project's root

SOURCE = "retort"
# The names that editors have for the languages of Retort's files.
SUFFIXES = {
    "elixir": ".ex",
    "heex": ".heex",
    "phoenix-heex": ".heex",
    "eex": ".eex",
    "eelixir": ".eex",
    "html-eex": ".eex",
}


def to_path(uri: str) -> Path | None:
    """The file that a URI names; None for `untitled:` and other schemes."""
    if not uri.startswith("file:"):
        return None
    written = to_fs_path(uri)
    return None if written is None else Path(written)


def unsaved_path(uri: str, language: str) -> Path | None:
    """Where a text is thought to lie that is in no file yet (`untitled:`), in a folder that can
    hold none; None for files, and for languages that Retort does not read."""
    scheme, _, name = uri.partition(":")
    suffix = SUFFIXES.get(language)
    if scheme != "untitled" or suffix is None:
        return None
    return Path(os.devnull) / "unsaved" / f"{name.rpartition('/')[2].removesuffix(suffix)}{suffix}"


def to_uri(path: Path) -> str:
    """The URI of a file."""
    return str(from_fs_path(str(path)))


def to_range(document: Document, span: Span, encoding: Encoding) -> Plain:
    """The protocol's range of a span."""
    start = document.lines.position(span.start, encoding)
    end = document.lines.position(span.end, encoding)
    return {
        "start": {"line": start.line, "character": start.column},
        "end": {"line": end.line, "character": end.column},
    }


def to_span(document: Document, given: Any, encoding: Encoding) -> Span:
    """The span of a protocol range (an lsprotocol `Range`), clamped to the text."""
    start = document.lines.offset(Position(given.start.line, given.start.character), encoding)
    end = document.lines.offset(Position(given.end.line, given.end.character), encoding)
    return Span(min(start, end), max(start, end))


def to_diagnostic(
    finding: Finding, document: Document, read: Read, uri: UriOf, features: Features
) -> Plain:
    """The protocol's diagnostic of a finding, with what the client can show."""
    diagnostic: Plain = {
        "range": to_range(document, finding.span, features.encoding),
        "severity": int(finding.severity),
        "code": finding.rule,
        "source": SOURCE,
        "message": finding.message,
    }
    if features.code_description:
        diagnostic["codeDescription"] = {"href": rule_url(finding.rule)}
    tags = [int(tag) for tag in finding.tags if int(tag) in features.diagnostic_tags]
    if tags:
        diagnostic["tags"] = tags
    if features.related_information and finding.related:
        related = []
        for one in finding.related:
            path = one.path or finding.path
            other = document if path == finding.path else read(path)
            if other is not None:
                place = to_range(other, one.span, features.encoding)
                location = {"uri": uri(path), "range": place}
                related.append({"location": location, "message": one.message})
        diagnostic["relatedInformation"] = related
    if features.diagnostic_data:
        diagnostic["data"] = {"fingerprint": finding.fingerprint}
    return diagnostic


def to_text_edits(document: Document, edits: Iterable[Edit], encoding: Encoding) -> list[Plain]:
    """The protocol's edits of one document."""
    return [
        {"range": to_range(document, edit.span, encoding), "newText": edit.text} for edit in edits
    ]


def to_changes(document: Document, events: Sequence[Any], encoding: Encoding) -> list[Change]:
    """The byte changes of `contentChanges`; each range is of the text that the one before left.

    Text that cannot be UTF-8 (lone surrogates) is replaced, as the editor would on saving.
    """
    changes: list[Change] = []
    for event in events:
        text = event.text.encode("utf-8", "replace")
        given = getattr(event, "range", None)
        if given is None:
            change = Change(Span(0, len(document.source)), text)
        else:
            change = Change(to_span(document, given, encoding), text)
        changes.append(change)
        if len(changes) < len(events):
            document = document.edit([change])
    return changes


def difference(before: bytes, after: bytes) -> list[Edit]:
    """Edits of whole lines that turn one text into the other."""
    old, new = _lines(before), _lines(after)
    starts = [0, *accumulate(map(len, old))]
    same = min(len(old), len(new))
    head = next((n for n in range(same) if old[n] != new[n]), same)
    rest = same - head
    tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    middle = slice(head, len(old) - tail), slice(head, len(new) - tail)
    matcher = difflib.SequenceMatcher(None, old[middle[0]], new[middle[1]], autojunk=False)
    return [
        Edit(
            Span(starts[head + a], starts[head + b]),
            b"".join(new[head + c : head + d]).decode("utf-8", "replace"),
        )
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]


def _lines(source: bytes) -> list[bytes]:
    starts = LineIndex(source).starts
    return [source[a:b] for a, b in pairwise([*starts, len(source)])]


def workspace_edit(
    todo: Changes, *, read: Read, uri: UriOf, features: Features, annotation: str = ""
) -> Plain | None:
    """The protocol's WorkspaceEdit; None where the client cannot create or rename files.

    `annotation` asks for confirmation under this title, where the client can.
    """
    if (todo.created and not features.create_files) or (todo.renamed and not features.rename_files):
        return None
    documents = {path: one for path in todo.edits if (one := read(path)) is not None}
    per_file = {
        path: to_text_edits(document, todo.edits[path], features.encoding)
        for path, document in documents.items()
    }
    if not features.document_changes and not todo.needs_files:
        return {"changes": {uri(path): edits for path, edits in per_file.items()}}
    annotate = bool(annotation) and features.change_annotations
    mark = {"annotationId": "retort"} if annotate else {}
    operations: list[Plain] = []
    for path, edits in per_file.items():
        target = {"uri": uri(path), "version": documents[path].version}
        operations.append({"textDocument": target, "edits": [{**one, **mark} for one in edits]})
    for path, new in todo.renamed.items():
        operations.append({"kind": "rename", "oldUri": uri(path), "newUri": uri(new), **mark})
    for path, text in todo.created.items():
        options = {"overwrite": False, "ignoreIfExists": False}
        operations.append({"kind": "create", "uri": uri(path), "options": options, **mark})
        zero = {"line": 0, "character": 0}
        insert = {"range": {"start": zero, "end": zero}, "newText": text, **mark}
        operations.append({"textDocument": {"uri": uri(path), "version": None}, "edits": [insert]})
    edit: Plain = {"documentChanges": operations}
    if annotate:
        edit["changeAnnotations"] = {"retort": {"label": annotation, "needsConfirmation": True}}
    return edit


def joined(edits: Iterable[Plain]) -> Plain | None:
    """Edits of different projects as one; None where there is none."""
    changes: Plain = {}
    operations: list[Plain] = []
    for edit in edits:
        changes |= edit.get("changes", {})
        operations += edit.get("documentChanges", [])
    if operations:
        for uri, made in changes.items():
            operations.append({"textDocument": {"uri": uri, "version": None}, "edits": made})
        return {"documentChanges": operations}
    return {"changes": changes} if changes else None
