"""Settings that come from the editor, and `.retort.toml` when it changes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.config import FILE_NAME
from lsp_server.project.workspace import Workspace
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

log = logging.getLogger(__name__)
SECTION = "retort"


def register(server: RetortServer) -> None:
    """Register the notification of changed settings."""

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        if server.session.features.configuration:
            await pull(server)
        else:
            take(server, params.settings)


async def pull(server: RetortServer) -> None:
    """Ask the client for its settings, and to be told when they change."""
    features = server.session.features
    if features.dynamic_configuration:
        changed = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        options = types.DidChangeConfigurationRegistrationOptions(SECTION)
        server.client_register_capability(
            types.RegistrationParams([types.Registration("retort-settings", changed, options)])
        )
    if not features.configuration:
        return
    asked = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    try:
        answer = await server.workspace_configuration_async(asked)
    except Exception as error:  # a client may refuse what it has declared
        log.warning("the client does not tell its settings: %s", error)
        return
    take(server, answer[0] if answer else None)


def overrides_in(given: object) -> Mapping[str, Any]:
    """The settings in what a client sent, with or without the section's name around them."""
    if not isinstance(given, Mapping):
        return {}
    inner = given.get(SECTION, given)
    return dict(inner) if isinstance(inner, Mapping) else {}


def take(server: RetortServer, given: object) -> None:
    """Use the client's settings in all projects."""
    if given is None:
        return
    overrides = overrides_in(given)
    session = server.session
    if overrides == session.overrides:
        return
    session.overrides = overrides
    for workspace in session.workspaces.values():
        workspace.overrides = overrides
        reread(server, workspace)
        for problem in workspace.override_problems:
            server.show(f"Retort's settings: {problem}", types.MessageType.Warning)


def reread(server: RetortServer, workspace: Workspace) -> None:
    """Read `.retort.toml` again and say what is found under it."""
    changed = workspace.read_settings()
    server.changed(Place(workspace, FILE_NAME))
    if changed:
        server.scheduler.recheck(workspace)
        if workspace.loaded:
            from lsp_server.server.server import load

            server.start(load(server, workspace))
