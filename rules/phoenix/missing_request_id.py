"""phoenix/missing-request-id"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from lsp_server.facts.routes.endpoints import Endpoint
from lsp_server.facts.routes.router import routing
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

from ._plug_lines import written_like

_WANTED = (
    ("Plug.RequestId", re.compile(r"request_?id", re.I), "Plug.RequestId"),
    (
        "Plug.Telemetry",
        re.compile(r"telemetry", re.I),
        "Plug.Telemetry, event_prefix: [:phoenix, :endpoint]",
    ),
)
# What they stand before, as Phoenix 1.8 generates an endpoint.
_LATER = ("Plug.Telemetry", "Plug.Parsers", "Plug.MethodOverride", "Plug.Head", "Plug.Session")


class MissingRequestId(ProjectRule):
    """
    An endpoint whose requests have no id, or are not measured.

    `Plug.RequestId` gives every request an id that all its log lines carry, and answers with it: it
    is how the one failing request of a customer is found again. `Plug.Telemetry` emits the events
    from which request times and error rates come, and the request log itself.

    ## Bad

    ```elixir
    defmodule ShopWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop

      plug Plug.Static, at: "/", from: :shop

      plug Plug.Parsers, parsers: [:urlencoded, :json]
      plug ShopWeb.Router
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop

      plug Plug.Static, at: "/", from: :shop

      plug Plug.RequestId
      plug Plug.Telemetry, event_prefix: [:phoenix, :endpoint]
      plug Plug.Parsers, parsers: [:urlencoded, :json]
      plug ShopWeb.Router
    end
    ```

    ## When it stays silent

    - A plug of another module has `RequestId` or `Telemetry` in its name.
    - The endpoint has no plugs at all: something else defines them.

    ## What the fix changes

    The missing plugs are added before `Plug.Parsers`, as Phoenix generates them. There is no fix
    where the endpoint has none of the plugs that usually follow.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (routing,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every endpoint."""
        for path, endpoint in routing(snapshot.index).endpoints.values():
            missing = [
                (name, text)
                for name, pattern, text in _WANTED
                if not any(pattern.search(plug.name) for plug in endpoint.plugs)
            ]
            if not missing or not endpoint.plugs or role_of(path) is not Role.LIB:
                continue
            texts = tuple(text for _, text in missing)
            fix = None
            if any(_may_follow(plug.name, plug.conditional) for plug in endpoint.plugs):
                build = partial(_edits, path=path, endpoint=endpoint, texts=texts)
                fix = Fix.safe(f"Add {' and '.join(name for name, _ in missing)}", build)
            names = " and ".join(f"`{name}`" for name, _ in missing)
            message = f"`{endpoint.module}` has no {names}: a request cannot be followed in the log"
            yield self.finding(endpoint.name_span, message, path=path, fix=fix)


def _may_follow(name: str, conditional: bool) -> bool:
    return name in _LATER and not conditional


def _edits(snapshot: Snapshot, path: str, endpoint: Endpoint, texts: Sequence[str]) -> list[Edit]:
    document = snapshot.document(path)
    later = [plug for plug in endpoint.plugs if _may_follow(plug.name, plug.conditional)]
    if document is None or not later:
        return []
    lines, newline = document.lines, line_ending(document.source)
    plug = later[0]
    if texts[0].startswith("Plug.Telemetry"):
        later = [one for one in endpoint.plugs if one.name == "Plug.RequestId"]
        if later:
            end = lines.line_span(lines.line_at(later[0].span.end)).end
            indent = lines.indentation(later[0].span.start).decode()
            text = f"{newline}{indent}{written_like(document, later[0], texts[0])}"
            return [Edit(Span(end, end), text, path)]
    line = lines.line_at(plug.span.start)
    indent = lines.indentation(plug.span.start).decode()
    while lines.line_bytes(line - 1).lstrip().startswith(b"#"):
        line -= 1
    at = lines.line_span(line).start
    added = "".join(f"{indent}{written_like(document, plug, one)}{newline}" for one in texts)
    if lines.line_at(plug.span.end) > lines.line_at(plug.span.start):
        added += newline  # an expression of several lines has an empty line before it
    return [Edit(Span(at, at), added, path)]
