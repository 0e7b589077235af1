"""phoenix/insecure-session"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from lsp_server.document import Document
from lsp_server.facts.project.config import Configuration, Setting, configuration
from lsp_server.facts.routes.endpoints import Endpoint
from lsp_server.facts.routes.router import routing
from lsp_server.facts.routes.sessions import SessionOptions
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.lint.set_apart import set_apart
from lsp_server.role import app_of
from lsp_server.severity import Profile
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import List
from lsp_server.syntax.node import cast
from lsp_server.text import Span, line_ending

WIDTH = 98  # the formatter's line length
_FORBIDDEN = {
    "http_only": "lets scripts of the page read the cookie",
    "secure": "sends the cookie over connections that anybody can listen to",
}
# What production must not have: the value, and what it does.
_UNSAFE = {
    "check_origin": ("false", "lets every site open sockets with the user's cookies"),
    "debug_errors": ("true", "shows code and requests to whoever meets an error"),
    "code_reloader": ("true", "compiles code on every request"),
}


class InsecureSession(ProjectRule):
    """
    A session cookie, or an endpoint in production, without what protects it.

    Without `same_site` every browser decides for itself whether a form of another site is sent with
    the cookie. With `http_only: false` a single injected script reads it, with `secure: false` a
    wireless network does. `check_origin: false`, `debug_errors: true` and `code_reloader: true` are
    made for development, and reach production by a line that was copied or meant for a day.

    ## Bad

    ```elixir
    defmodule ShopWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop

      @session_options [
        store: :cookie,
        key: "_shop",
        signing_salt: "Zk2f8xq1"
      ]

      plug Plug.Session, @session_options
      plug ShopWeb.Router
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop

      @session_options [
        store: :cookie,
        key: "_shop",
        signing_salt: "Zk2f8xq1",
        same_site: "Lax"
      ]

      plug Plug.Session, @session_options
      plug ShopWeb.Router
    end
    ```

    ## When it stays silent

    - The options are computed, or given by a function; `extra: "SameSite=Lax"`.
    - The setting is not for production: `dev.exs`, `test.exs`, `if config_env() == :dev`, or under
      a condition that only a running system knows.
    - `force_ssl` missing in the production configuration is said in the profile `aggressive` only:
      a proxy may redirect in its place. A plug of the endpoint with SSL in its name counts too.

    ## What the fix changes

    `same_site: "Lax"` is added, with which links from other sites still find the visitor logged in;
    a value that protects nothing becomes its opposite. Sites that are embedded in others need
    `same_site: "None"`.
    """

    reads = (SessionOptions, configuration, routing)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Sessions, and the settings of endpoints."""
        for path, session in snapshot.index.of(SessionOptions):
            yield from self._session(path, session)
        settings = configuration(snapshot.index)
        for path, endpoint in routing(snapshot.index).endpoints.values():
            yield from self._endpoint(settings, path, endpoint, snapshot)

    def _session(self, path: str, session: SessionOptions) -> Iterator[Finding]:
        keys = {option.key for option in session.options}
        if keys.isdisjoint(("same_site", "extra")) and session.options:
            build = partial(_same_site, path=path, session=session)
            yield self.finding(
                session.span,
                "The session cookie has no `same_site`: forms of other sites are sent with it",
                path=path,
                fix=Fix.review('Add same_site: "Lax"', build),
            )
        for option in session.options:
            if option.key in _FORBIDDEN and option.value == "false":
                edit = Edit(option.value_span, "true", path)
                yield self.finding(
                    option.span,
                    f"`{option.key}: false` {_FORBIDDEN[option.key]}",
                    path=path,
                    fix=Fix.review(f"Say {option.key}: true", partial(_edits, edit=edit)),
                )

    def _endpoint(
        self, settings: Configuration, path: str, endpoint: Endpoint, snapshot: Snapshot
    ) -> Iterator[Finding]:
        production: list[tuple[str, Setting]] = []
        module = endpoint.module
        forces = any("ssl" in plug.name.lower() for plug in endpoint.plugs)
        for where, setting in settings.of(None, module):
            if app_of(where) not in ("", app_of(path)):
                continue
            forces = forces or "force_ssl" in setting.keys
            if not _is_production(where, setting):
                continue
            production.append((where, setting))
            unsafe = _UNSAFE.get(setting.keys[-1]) if len(setting.keys) == 2 else None
            if unsafe is not None and setting.text == unsafe[0]:
                other = "true" if unsafe[0] == "false" else "false"
                name = setting.keys[-1]
                yield self.finding(
                    Span(setting.key_span.start, setting.span.end),
                    f"`{name}: {setting.text}` in production {unsafe[1]}",
                    path=where,
                    fix=Fix.review(
                        f"Say {name}: {other}",
                        partial(_edits, edit=Edit(setting.span, other, where)),
                    ),
                )
        if production and not forces and snapshot.settings.profile >= Profile.AGGRESSIVE:
            where, setting = production[0]
            start = setting.call_span.start
            yield self.finding(
                Span(start, start + len("config")),
                f"`{module}` has no `force_ssl` in production: the first request is readable",
                path=where,
                fix=Fix.review("Add force_ssl", partial(_force_ssl, path=where, setting=setting)),
            )


def _is_production(path: str, setting: Setting) -> bool:
    where = setting.environments
    if where.conditional or not where.include("prod"):
        return False
    return "prod" in where.only or path.endswith(("runtime.exs", "releases.exs"))


def _edits(snapshot: Snapshot, edit: Edit) -> list[Edit]:
    return [edit]


def _same_site(snapshot: Snapshot, path: str, session: SessionOptions) -> list[Edit]:
    document = snapshot.document(path)
    if document is None:
        return []
    lines = document.lines
    last = session.options[-1].span
    line = lines.line_at(last.start)
    indent = lines.indentation(last.start).decode()
    if lines.line_span(line).start + len(indent) == last.start and len(session.options) > 1:
        text = f',{line_ending(document.source)}{indent}same_site: "Lax"'
    else:
        text = ', same_site: "Lax"'
        if len(lines.line_bytes(line).decode("utf-8", "replace")) + len(text) > WIDTH:
            return _one_a_line(document, session, path)
    return [Edit(Span(last.end, last.end), text, path)]


def _one_a_line(document: Document, session: SessionOptions, path: str) -> list[Edit]:
    """The options on lines of their own, where one more does not fit on theirs."""
    source, newline = document.source, line_ending(document.source)
    first, last = session.options[0].span, session.options[-1].span
    indent = document.lines.indentation(first.start).decode()
    written = [one.span.slice(source).decode() for one in session.options]
    break_ = f",{newline}{indent}  "
    rows = break_.join((*written, 'same_site: "Lax"'))
    if source[first.start - 1 : first.start] == b"[" and source[last.end : last.end + 1] == b"]":
        edit = Edit(Span(first.start, last.end), f"{break_[1:]}{rows}{newline}{indent}", path)
    else:
        before = len(source[: first.start].rstrip(b" "))
        edit = Edit(Span(before, last.end), f"{break_[1:]}{rows}", path)
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(first.start, last.end)
    node = None if raw is None else cast(raw, document.tree)
    return [edit, *([] if node is None else set_apart(document, node))]


def _force_ssl(snapshot: Snapshot, path: str, setting: Setting) -> list[Edit]:
    document = snapshot.document(path)
    if document is None:
        return []
    lines, source, start = document.lines, document.source, setting.call_span.start
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*setting.call_span)
    pairs = Call(raw, document.tree).keywords if raw is not None and raw.type == "call" else None
    if pairs is None:
        return []
    option, newline = "force_ssl: [rewrite_on: [:x_forwarded_proto]]", line_ending(source)
    indent = lines.indentation(pairs.start).decode()
    if lines.line_span(lines.line_at(pairs.start)).start + len(indent) == pairs.start:
        return [Edit(Span(pairs.start, pairs.start), f"{option},{newline}{indent}", path)]
    break_ = f"{newline}{lines.indentation(start).decode()}  "
    if isinstance(pairs.parent, List):
        return [Edit(Span(pairs.start, pairs.start), f"{option}, ", path)]
    before = Span(len(source[: pairs.start].rstrip(b" ")), pairs.start)
    written = [Edit(before, f"{break_}{option},{break_}", path)]
    for one, other in pairwise(pairs.pairs):
        written.append(Edit(Span(one.end, other.start), f",{break_}", path))
    return written
