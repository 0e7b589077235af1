"""The list of fields that `cast` permits, written anew or with fewer of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import BinaryOperator, Call, ModuleAttribute
from lsp_server.syntax.literals import Atom, List, Sigil
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module
from lsp_server.text import Span, line_ending

WIDTH = 98  # the formatter's line length


def taken_out(atom: Atom) -> list[Edit]:
    """The list without one of its atoms; nothing for the only one, and beside comments."""
    around = atom.parent
    if not isinstance(around, List):
        return []
    elements, source = around.elements, atom.tree.source
    at = next((number for number, one in enumerate(elements) if one == atom), -1)
    if at < 0 or len(elements) == 1:
        return []
    if at + 1 < len(elements):
        span = gap = Span(atom.start, elements[at + 1].start)
    else:
        span = gap = Span(elements[at - 1].end, atom.end)
    return [] if b"#" in gap.slice(source) else [Edit(span, "")]


def without(permitted: Node, names: Sequence[str], module: Module) -> list[Edit]:
    """A list of which the names are not written out at `cast`, less these."""
    if isinstance(permitted, Sigil):
        return _without_words(permitted, names)
    taken = f"[{', '.join(f':{name}' for name in names)}]"
    if isinstance(permitted, ModuleAttribute):
        value = module.attribute(permitted.name)
        once = len(re.findall(rf"@{permitted.name}\b", _text(module))) == 2
        if value is not None and once:
            edits = _without_names(value, names)
            if edits:
                return edits
        text = f"{permitted.text} -- {taken}"
    elif isinstance(permitted, BinaryOperator) and permitted.operator == "++":
        text = f"({permitted.text}) -- {taken}"
    else:
        return []
    source = permitted.tree.source
    row = source.rfind(b"\n", 0, permitted.start) + 1
    end = source.find(b"\n", permitted.end)
    line = source[row : end if end >= 0 else len(source)].decode("utf-8", "replace").rstrip()
    if "\n" in permitted.text or len(line) + len(text) - len(permitted.text) > WIDTH:
        return []
    around = permitted.parent
    span = permitted.span
    if around is not None and around.text == f"({permitted.text})" and not text.startswith("("):
        span = around.span
    return [Edit(span, text)]


def _text(module: Module) -> str:
    return "\n".join(form.bytes.decode("utf-8", "replace") for form in module.forms)


def _without_names(value: Node, names: Sequence[str]) -> list[Edit]:
    if isinstance(value, Sigil):
        return _without_words(value, names)
    if not isinstance(value, List):
        return []
    atoms = [one for one in value.elements if isinstance(one, Atom) and one.name in names]
    if len(atoms) != 1 or len(names) != 1:
        return []
    return taken_out(atoms[0])


def _without_words(sigil: Sigil, names: Sequence[str]) -> list[Edit]:
    text = sigil.text
    for name in names:
        text, count = re.subn(rf"(?<=[\s(\[{{|/\"'<]){re.escape(name)}(?:[ \t]+|(?=\W))", "", text)
        if count != 1:
            return []
    text = re.sub(r"[ \t]+(?=[)\]}|/\"'>][a-z]*$)", "", text)
    if "\n" in text or not re.search(r"\w", text[2:].rpartition(text[-2])[0]):
        return []
    return [Edit(sigil.span, text)]


def listed(permitted: Node, names: Sequence[str], file: File) -> list[Edit]:
    """A computed list as a list of these names."""
    if not names or b"\n" in permitted.bytes:
        return []
    atoms = [f":{name}" for name in names]
    text = f"[{', '.join(atoms)}]"
    lines, source = file.document.lines, file.document.source
    row = lines.line_span(lines.line_at(permitted.start)).slice(source).decode("utf-8", "replace")
    if len(row.rstrip()) - len(permitted.text) + len(text) <= WIDTH:
        return [Edit(permitted.span, text)]
    call = permitted.enclosing(Call)
    if call is None or call.end != permitted.end + 1 or not row.rstrip().endswith(")"):
        return []
    if b"\n" in call.bytes or re.search(r"\bdo: ", row):
        return []
    newline = line_ending(source)
    indent = lines.indentation(permitted.start).decode()
    inner = f",{newline}{indent}  ".join(atoms)
    return [Edit(permitted.span, f"[{newline}{indent}  {inner}{newline}{indent}]")]
