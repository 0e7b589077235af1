"""One file at one version: its bytes, lines, syntax tree and layers; edits make the next
version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from posixpath import splitext
from typing import Any

import tree_sitter

from lsp_server.role import Role, role_of
from lsp_server.syntax.guard import refusal
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.layers import TemplateLayer, template_layer
from lsp_server.syntax.lazy import lazy
from lsp_server.syntax.names import Names
from lsp_server.syntax.node import LANGUAGE, Tree
from lsp_server.syntax.outline import Form, Module, Outline
from lsp_server.text import LineIndex, Span


class Language(StrEnum):
    """What a file is written in, by the ending of its name."""

    ELIXIR = "elixir"
    HEEX = "heex"
    LEEX = "leex"
    EEX = "eex"
    OTHER = "other"


_LANGUAGES = {
    ".ex": Language.ELIXIR,
    ".exs": Language.ELIXIR,
    ".lock": Language.ELIXIR,
    ".heex": Language.HEEX,
    ".leex": Language.LEEX,
    ".eex": Language.EEX,
}
_DIALECTS = {
    Language.HEEX: Dialect.HEEX,
    Language.LEEX: Dialect.LEEX,
    Language.EEX: Dialect.EEX,
}


def language_of(path: str) -> Language:
    """The language of a file by its name."""
    return _LANGUAGES.get(splitext(path)[1], Language.OTHER)


@dataclass(frozen=True, slots=True)
class Change:
    """The replacement of a range of bytes."""

    span: Span
    text: bytes


_parser = tree_sitter.Parser(LANGUAGE)
_form_parser = tree_sitter.Parser(LANGUAGE)  # its range is set before each use


class Document:
    """An immutable version of a file. `path` is relative to the project's root, in POSIX form.

    Parsing happens on first use. `version` is the editor's, None for a file read from disk.
    """

    def __init__(
        self,
        path: str,
        source: bytes,
        version: int | None = None,
        *,
        lines: LineIndex | None = None,
        earlier: tuple[tree_sitter.Tree, tuple[Mapping[str, Any], ...]] | None = None,
    ) -> None:
        self.path = path
        self.source = source
        self.version = version
        self._earlier = earlier  # the tree of some version before, and the edits since
        if lines is not None:
            self.__dict__["lines"] = lines

    @lazy
    def language(self) -> Language:
        """What the file is written in."""
        return language_of(self.path)

    @lazy
    def role(self) -> Role:
        """What part the file plays in its project."""
        return role_of(self.path)

    @lazy
    def lines(self) -> LineIndex:
        """The line index."""
        return LineIndex(self.source)

    @lazy
    def refusal(self) -> str | None:
        """Why the text is not parsed; None for every ordinary text."""
        return refusal(self.source)

    @lazy
    def tree(self) -> Tree:
        """The Elixir tree; an empty one for templates and for texts that are refused."""
        if self.language is not Language.ELIXIR or self.refusal is not None:
            return Tree(_parser.parse(b""), b"")
        if self._earlier is None:
            return Tree(_parser.parse(self.source), self.source)
        earlier, edits = self._earlier
        edited = earlier.copy()
        for edit in edits:
            edited.edit(**edit)
        self._earlier = None
        return Tree(_parser.parse(self.source, edited), self.source)

    def lone_form(self, span: Span, module: Module) -> Form | None:
        """The function clause or other form that fills `span`, parsed without the rest of the file;
        None where the span holds anything else or broken code."""
        _form_parser.included_ranges = [
            tree_sitter.Range(
                _point(self.lines, self.source, span.start),
                _point(self.lines, self.source, span.end),
                span.start,
                span.end,
            )
        ]
        tree = Tree(_form_parser.parse(self.source), self.source)
        root = tree.raw.root_node
        raw = root.named_child(0)
        if raw is None or root.named_child_count != 1 or root.has_error:
            return None
        if (raw.start_byte, raw.end_byte) != span:
            return None
        return Form.lone(raw, tree, module)

    @lazy
    def outline(self) -> Outline:
        """Modules and forms."""
        return Outline(self.tree)

    @property
    def forms(self) -> list[Form]:
        """The forms in the order of the text."""
        return self.outline.forms

    @property
    def modules(self) -> list[Module]:
        """The modules, the nameless top of the file first."""
        return self.outline.modules

    @lazy
    def template(self) -> TemplateLayer | None:
        """The layer of a file that is a template as a whole."""
        dialect = _DIALECTS.get(self.language)
        if dialect is None or self.refusal is not None:
            return None
        return template_layer(self.source, Span(0, len(self.source)), dialect)

    @property
    def templates(self) -> Iterator[TemplateLayer]:
        """All template layers of the file, that of the whole file or those of its sigils."""
        if self.template is not None:
            yield self.template
        for form in self.forms:
            yield from form.templates

    def parsing(self) -> Iterator[None]:
        """Read all that everybody asks for, in small steps: forms, templates and their nodes."""
        for form in self.forms:
            _ = form.index
            yield
        for layer in self.templates:
            _ = layer.index
            yield

    def names_at(self, offset: int) -> Names:
        """What names mean at a byte offset."""
        form = self.outline.form_at(offset)
        return self.outline.module_at(offset).names if form is None else form.names_at(offset)

    def edit(self, changes: Iterable[Change], version: int | None = None) -> Document:
        """The next version: each change applies to the text that the one before it left.

        The tree is told of every change and parsed once, when it is next asked for.
        """
        source, lines = self.source, self.lines
        edits: list[Mapping[str, Any]] = []
        for change in changes:
            start = min(max(change.span.start, 0), len(source))
            end = min(max(change.span.end, start), len(source))
            edited = source[:start] + change.text + source[end:]
            after = lines.edit(Span(start, end), change.text, edited)
            new_end = start + len(change.text)
            edits.append(
                {
                    "start_byte": start,
                    "old_end_byte": end,
                    "new_end_byte": new_end,
                    "start_point": _point(lines, source, start),
                    "old_end_point": _point(lines, source, end),
                    "new_end_point": _point(after, edited, new_end),
                }
            )
            source, lines = edited, after
        return Document(
            self.path, source, version, lines=lines, earlier=self._earlier_than(tuple(edits))
        )

    def _earlier_than(
        self, edits: tuple[Mapping[str, Any], ...]
    ) -> tuple[tree_sitter.Tree, tuple[Mapping[str, Any], ...]] | None:
        """The newest tree that was parsed, and all edits since."""
        if self.language is not Language.ELIXIR or self.refusal is not None:
            return None
        known: Tree | None = self.__dict__.get("tree")
        if known is not None:
            return known.raw, edits
        if self._earlier is None:
            return None
        tree, before = self._earlier
        return tree, before + edits

    def release(self) -> None:
        """Let go of what was found in the text, as nobody will ask for it again.

        Modules and forms hold each other: a scan would keep every tree until a garbage collection,
        and one over a scan's many objects costs a fifth of the scan.
        """
        outline: Outline | None = self.__dict__.pop("outline", None)
        for module in () if outline is None else outline.modules:
            module.forms.clear()

    def renamed(self, path: str) -> Document:
        """The same text under another path."""
        return Document(path, self.source, self.version)


def _point(lines: LineIndex, source: bytes, offset: int) -> tuple[int, int]:
    """Row and byte column as tree-sitter counts them: rows end at LF alone."""
    row = source.count(b"\n", 0, offset) if b"\r" in source else lines.line_at(offset)
    return row, offset - (source.rfind(b"\n", 0, offset) + 1)
