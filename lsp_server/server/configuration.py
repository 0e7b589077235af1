"""Settings that come from the editor, and `.retort.toml` when it changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.config import FILE_NAME
from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import to_uri
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

log = logging.getLogger(__name__)
SECTION = "retort"
PATIENCE = 3.0  # seconds that a client has to tell its settings
RELOAD_AFTER = 0.5  # seconds without a change of settings until all files are read under them


def register(server: RetortServer) -> None:
    """Register the notification of changed settings."""

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        if server.session.features.configuration:
            await pull(server)
        else:
            take(server, params.settings)


def watch(server: RetortServer) -> None:
    """Ask to be told when the client's settings change, where it can."""
    if server.session.features.dynamic_configuration:
        changed = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        options = types.DidChangeConfigurationRegistrationOptions(SECTION)
        server.client_register_capability(
            types.RegistrationParams([types.Registration("retort-settings", changed, options)])
        )


async def pull(server: RetortServer) -> None:
    """Ask the client for its settings, where it can tell them."""
    if not server.session.features.configuration:
        take(server, None)
        return
    roots = list(server.session.workspaces)  # each may lie in a folder with settings of its own
    items = [types.ConfigurationItem(to_uri(root), SECTION) for root in roots]
    asked = types.ConfigurationParams([types.ConfigurationItem(section=SECTION), *items])
    try:
        answer = await asyncio.wait_for(server.workspace_configuration_async(asked), PATIENCE)
    except Exception as error:  # a client may refuse what it has declared, or never answer
        log.warning("the client does not tell its settings: %s", error)
        return
    take(server, answer[0] if answer else None, dict(zip(roots, answer[1:], strict=False)))


def overrides_in(given: object) -> Mapping[str, Any]:
    """The settings in what a client sent, with or without the section's name around them."""
    if not isinstance(given, Mapping):
        return {}
    inner = given.get(SECTION, given)
    return dict(inner) if isinstance(inner, Mapping) else {}


def take(server: RetortServer, given: object, own: Mapping[Path, object] | None = None) -> None:
    """Use the client's settings: `given` in all projects but those that have their own. None means
    those that the client was started with."""
    session = server.session

    def meant(settings: object) -> Mapping[str, Any]:
        return session.options if settings is None else overrides_in(settings)

    session.overrides = meant(given)
    session.own = {root: meant(settings) for root, settings in (own or {}).items()}
    for root, workspace in session.workspaces.items():
        overrides = session.settings_of(root)
        if overrides != workspace.overrides:
            workspace.overrides = overrides
            reread(server, workspace)
    problems = (one for all_ in session.workspaces.values() for one in all_.override_problems)
    for problem in dict.fromkeys(problems):
        server.show(f"Retort's settings: {problem}", types.MessageType.Warning)


def reread(server: RetortServer, workspace: Workspace) -> None:
    """Read `.retort.toml` again and say what is found under it."""
    changed = workspace.read_settings()
    server.changed(Place(workspace, FILE_NAME))
    if changed:
        server.scheduler.recheck(workspace)
        server.scheduler.run_project_rules(workspace)
        if workspace.loaded:
            server.loader.read_again(workspace, RELOAD_AFTER)
