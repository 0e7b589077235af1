"""What the client can do, read once from its `initialize` parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from lsp_server.text import Encoding


def _get(value: Any, *path: str) -> Any:
    for name in path:
        value = getattr(value, name, None)
        if value is None:
            return None
    return value


@dataclass(frozen=True, slots=True)
class Features:
    """Capabilities that change what the server sends. The defaults are those of a bare client."""

    name: str = ""
    encoding: Encoding = Encoding.UTF16
    # Only with a way to say that it is time to pull again: what one file does to another is known
    # later, and a client that is never told would not show it until the next keystroke.
    pull_diagnostics: bool = False
    related_information: bool = False
    code_description: bool = False
    diagnostic_data: bool = False
    diagnostic_tags: frozenset[int] = frozenset()
    code_action_resolve: bool = False
    code_action_preferred: bool = False
    document_changes: bool = False
    create_files: bool = False
    rename_files: bool = False
    change_annotations: bool = False
    apply_edit: bool = False
    progress: bool = False
    configuration: bool = False
    watched_files: bool = False
    dynamic_configuration: bool = False
    show_document: bool = False
    markdown_hover: bool = False
    nested_symbols: bool = False

    @staticmethod
    def of(params: types.InitializeParams, encoding: str | None) -> Features:
        """The features behind a client's `initialize` parameters."""
        workspace, document = params.capabilities.workspace, params.capabilities.text_document
        window = params.capabilities.window
        published = _get(document, "publish_diagnostics")
        actions = _get(document, "code_action")
        edit = _get(workspace, "workspace_edit")
        kinds = _get(edit, "resource_operations") or ()
        names = {str(getattr(kind, "value", kind)) for kind in kinds}
        versioned = bool(_get(edit, "document_changes"))
        resolvable = _get(actions, "resolve_support", "properties") or ()
        hover = _get(document, "hover", "content_format") or ()
        return Features(
            name=_get(params, "client_info", "name") or "",
            encoding=Encoding(encoding or "utf-16"),
            pull_diagnostics=_get(document, "diagnostic") is not None
            and bool(_get(workspace, "diagnostics", "refresh_support")),
            related_information=bool(_get(published, "related_information")),
            code_description=bool(_get(published, "code_description_support")),
            diagnostic_data=bool(_get(published, "data_support")),
            diagnostic_tags=frozenset(
                int(tag) for tag in _get(published, "tag_support", "value_set") or ()
            ),
            code_action_resolve="edit" in resolvable and bool(_get(actions, "data_support")),
            code_action_preferred=bool(_get(actions, "is_preferred_support")),
            document_changes=versioned,
            # Neovim takes `documentChanges` without declaring them; it declares what is in them.
            create_files="create" in names,
            rename_files="rename" in names,
            change_annotations=versioned and _get(edit, "change_annotation_support") is not None,
            apply_edit=bool(_get(workspace, "apply_edit")),
            progress=bool(_get(window, "work_done_progress")),
            configuration=bool(_get(workspace, "configuration")),
            watched_files=bool(_get(workspace, "did_change_watched_files", "dynamic_registration")),
            dynamic_configuration=bool(
                _get(workspace, "did_change_configuration", "dynamic_registration")
            ),
            show_document=bool(_get(window, "show_document", "support")),
            markdown_hover=any(str(getattr(kind, "value", kind)) == "markdown" for kind in hover),
            nested_symbols=bool(
                _get(document, "document_symbol", "hierarchical_document_symbol_support")
            ),
        )
