"""Whether a template is that of a LiveView, a live component or a function component."""

from __future__ import annotations

from lsp_server.document import Language
from lsp_server.lint.file import File

_LIVE = frozenset({"Phoenix.LiveView", "Phoenix.LiveComponent"})
_PAGES = ("HTML", "View", "Layout", "Layouts", "Email", "Emails", "Mail", "Mailer")


def is_live(file: File) -> bool:
    """Whether the file's own `use`s make it one, or a template file lies in a folder `live`."""
    if file.document.language is Language.HEEX:
        return "/live/" in file.path and "layout" not in file.path
    if file.layer is None or file.layer.sigil is None:
        return False
    used = file.context.used(file.names(file.layer.sigil))
    return not used.isdisjoint(_LIVE)


def is_component(file: File) -> bool:
    """Whether the template is a `~H` of a module of function components: of one that uses
    Phoenix.Component and is not named as the layouts or what a controller or a mail renders."""
    if file.layer is None or file.layer.sigil is None or file.module.name.endswith(_PAGES):
        return False
    return "Phoenix.Component" in file.context.used(file.names(file.layer.sigil))


def is_page(file: File) -> bool:
    """Whether the template is a LiveView's own: the `~H` of its `render`, or a file in a folder
    `live` that is not named as a component's."""
    if not is_live(file):
        return False
    if file.document.template is not None:
        return not file.path.partition(".")[0].endswith("component")
    function = None if file.form is None else file.form.function
    used = file.context.used(file.module.names)
    return function is not None and function.name == "render" and "Phoenix.LiveView" in used
