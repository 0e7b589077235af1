"""Whether a template is that of a LiveView or a live component."""

from __future__ import annotations

from lsp_server.document import Language
from lsp_server.lint.file import File

_LIVE = frozenset({"Phoenix.LiveView", "Phoenix.LiveComponent"})


def is_live(file: File) -> bool:
    """Whether the file's own `use`s make it one, or a template file lies in a folder `live`."""
    if file.document.language is Language.HEEX:
        return "/live/" in file.path and "layout" not in file.path
    if file.layer is None or file.layer.sigil is None:
        return False
    used = file.context.used(file.names(file.layer.sigil))
    return not used.isdisjoint(_LIVE)
