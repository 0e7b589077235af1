"""The forms of a file that can hold what a collector looks for: by what they call, which is known,
or by a search of the text, where each word costs 0.6 % of the parse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from lsp_server.document import Document
from lsp_server.syntax.outline import Form


def forms_calling(document: Document, names: AbstractSet[bytes]) -> Sequence[Form]:
    """The forms that call a function with one of some names, whatever its module, in the order of
    the text.

    Most files call none of them: that is told without a look at their forms or their text.
    """
    callers = document.outline.callers
    found = [callers[name] for name in callers.keys() & names]
    if len(found) < 2:
        return found[0] if found else ()
    return sorted({form for forms in found for form in forms}, key=_start)


def _start(form: Form) -> int:
    return form.raw.start_byte


def forms_with(document: Document, *signs: bytes) -> Iterator[Form]:
    """The forms in which one of some texts begins, in the order of the text.

    Searching a file for plain texts costs a tenth of asking the index of every form of it, and a
    third of searching it for a pattern.
    """
    found = sorted(_offsets(document.source, signs), reverse=True)
    for form in document.forms if found else ():
        start, end = form.raw.start_byte, form.raw.end_byte
        while found and found[-1] < start:
            found.pop()
        if not found:
            return
        if found[-1] < end:
            yield form


def _offsets(source: bytes, signs: tuple[bytes, ...]) -> Iterator[int]:
    for sign in signs:
        at = source.find(sign)
        while at >= 0:
            yield at
            at = source.find(sign, at + len(sign))
