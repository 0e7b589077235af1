"""liveview/legacy-js-client"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lsp_server.facts.pages.live_clients import LiveClient
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

_Build = Callable[[Snapshot], list[Operation]]

_TOKEN = 'document.querySelector("meta[name=\'csrf-token\']").getAttribute("content")'


class LegacyJsClient(ProjectRule):
    """
    A LiveView client in `assets/js` that is written for an old version or is not finished.

    LiveView 0.16 took the default export away: `import LiveSocket from` gives undefined, and no
    page is live. Without the CSRF token in its parameters the server does not let the socket read
    the session, so that pages reload for ever; without `connect()` nothing happens at all. None of
    these is an error that a test on the server would see.

    ## Bad

    `assets/js/app.js`:

    ```js
    import {Socket} from "phoenix"
    import LiveSocket from "phoenix_live_view"

    let liveSocket = new LiveSocket("/live", Socket)
    ```

    ## Good

    `assets/js/app.js`:

    ```js
    import {Socket} from "phoenix"
    import {LiveSocket} from "phoenix_live_view"

    let csrfToken = document.querySelector("meta[name='csrf-token']").getAttribute("content")
    let liveSocket = new LiveSocket("/live", Socket, {params: {_csrf_token: csrfToken}})

    liveSocket.connect()
    ```

    ## When it stays silent

    - Options or parameters that are not written out in the call, and any `_csrf_token` in the file.
    - A socket that the script exports: another one may connect it.
    - Scripts outside of `assets/js`, and a LiveView before 0.16.

    ## What the fix changes

    The import names the class; the token is read from the page and given as a parameter; the call
    of `connect()` follows the socket. Each asks to be looked at: the layout must have the token's
    `<meta>`, and a script may connect later on purpose.
    """

    severity = Severity.INFORMATION
    requires = "phoenix_live_view >= 0.16"
    roles = frozenset({Role.OTHER})
    reads = (LiveClient,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Scripts that make a LiveSocket."""
        for path, client in snapshot.index.of(LiveClient):
            if client.default_import:
                message = "`LiveSocket` is no default export since LiveView 0.16: import it by name"
                named = Edit(client.clause, "{LiveSocket}", path)
                fix = Fix.review("Write {LiveSocket}", _edits(named))
                yield self.finding(client.clause, message, path=path, fix=fix)
            if client.makes and not client.has_token and _is_open(client):
                message = "`LiveSocket` is given no `_csrf_token`: the server refuses the session"
                fix = Fix.review("Give the CSRF token", _token(path, client))
                yield self.finding(client.span, message, path=path, fix=fix)
            if client.variable and not client.connects:
                message = f"`{client.variable}` is never connected: no page becomes live"
                fix = Fix.review("Connect it", _connect(path, client))
                yield self.finding(client.span, message, path=path, fix=fix)


def _is_open(client: LiveClient) -> bool:
    """Whether all parameters that the socket is given are seen."""
    return not client.has_params or client.params is not None


def _edits(*edits: Edit) -> _Build:
    return lambda _: list(edits)


def _token(path: str, client: LiveClient) -> _Build:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        pair = "_csrf_token: csrfToken"
        if client.params is not None:
            at, text = client.params.start + 1, f"{pair}, "
            if not document.source[at : client.params.end - 1].strip():
                text = pair
        elif client.options is not None:
            at, text = client.options.start + 1, f"params: {{{pair}}}, "
            inside = document.source[at : client.options.end - 1]
            if not inside.strip():
                text = f"params: {{{pair}}}"
            elif opened := re.match(rb"[ \t]*(\r?\n[ \t]*)", inside):
                text = f"{opened[1].decode()}params: {{{pair}}},"
        else:
            at, text = client.arguments.end, f", {{params: {{{pair}}}}}"
        edits = [Edit(Span(at, at), text, path)]
        if not client.has_token_variable:
            start = client.statement.start
            newline = line_ending(document.source)
            indent = document.lines.indentation(start).decode()
            line = f"{indent}let csrfToken = {_TOKEN}{newline}"
            edits.append(Edit(Span(start, start), line, path))
        return [*edits]

    return build


def _connect(path: str, client: LiveClient) -> _Build:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        end, newline = client.statement.end, line_ending(document.source)
        indent = document.lines.indentation(client.statement.start).decode()
        semicolon = ";" if document.source[end - 1 : end] == b";" else ""
        text = f"{newline}{newline}{indent}{client.variable}.connect(){semicolon}"
        return [Edit(Span(end, end), text, path)]

    return build
