"""phoenix/state-changing-get"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.routes.controllers import Entry
from lsp_server.facts.routes.routes import Route
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._access import access
from ._plug_lines import code_routers

_CHANGES = re.compile(
    r"^(?:create|update|delete|destroy|remove|purge|revoke|publish|unpublish)(?:_|$)"
)
_DELETES = re.compile(r"^(?:delete|destroy|remove|purge|revoke)(?:_|$)")
# Followed from mails and from other sites, where only a GET can come.
_LINKS = re.compile(
    r"callback|o?auth|confirm|unsub|subscri|token|verif|activat|invit|accept|magic|webhook|hook|opt_?out|"
    r"return|complete|success|cancel|sso|saml",
    re.I,
)
# Counting is no change that anybody minds twice.
_COUNTS = re.compile(
    r"visit|click|track|open|impress|view|count|^go$|redirect|link|read|seen", re.I
)


class StateChangingGet(ProjectRule):
    """
    A GET route that creates, changes or deletes something.

    GET is followed by everybody: crawlers, link previews in chats, browsers that fetch pages ahead,
    and any page on the internet that shows an image with that address. The CSRF token protects
    forms, not links, so that a logged-in user who sees such an image has done what it says.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        get "/products/:id/delete", ProductController, :delete
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        delete "/products/:id/delete", ProductController, :delete
      end
    end
    ```

    ## When it stays silent

    - Links of mails and of other sites: confirmation, unsubscribing, invitations, callbacks of
      OAuth, and every path with a `:token`.
    - The action shows a page and never redirects, as one that asks whether to delete.
    - The name of the action says nothing of a change, and the action does more than write and
      redirect, or only counts visits.

    ## What the fix changes

    The route becomes a `delete` or `post`. Links to it have to become forms, or
    `<.link href={…} method="delete">`.
    """

    reads = (access, call_graph)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every GET route of every router."""
        known, graph = access(snapshot.index), call_graph(snapshot.index)
        clauses: dict[tuple[str, str], list[Clause]] = {}
        for clause in graph.clauses:
            if clause.arity == 2 and clause.module in known.controllers:
                clauses.setdefault((clause.module, clause.name), []).append(clause)
        for table in code_routers(known.routing):
            for route in table.routes:
                if route.verb != "get" or route.kind != "plug" or route.dev or not route.action:
                    continue
                if _is_link(route):
                    continue
                entries = [one for one in known.entries.get(route.plug, ()) if _acts(one, route)]
                shows = bool(entries) and not any(one.redirects for one in entries)
                shows = shows and any(one.renders for one in entries)
                named = _CHANGES.search(route.action) is not None
                wrote = _write(graph, clauses, route, entries)
                if not (named and not (shows and wrote is None)) and (wrote is None or shows):
                    continue
                if not named and (_COUNTS.search(f"{route.action} {route.path}")):
                    continue
                verb = "delete" if _DELETES.search(route.action) else "post"
                what = f"`{route.action}` of `{route.plug}`"
                does = "changes data" if wrote is None else f"calls `{wrote[0]}`"
                related = () if wrote is None else (wrote[1],)
                build = partial(_edits, path=table.path, route=route, verb=verb)
                yield self.finding(
                    route.name_span,
                    f"`get {route.path}`: {what} {does}, and any link or image can make it run",
                    path=table.path,
                    related=related,
                    fix=Fix.review(f"Make it a {verb} route", build),
                )


def _acts(entry: Entry, route: Route) -> bool:
    return entry.name == route.action


def _is_link(route: Route) -> bool:
    text = f"{route.path} {route.plug.rpartition('.')[2]} {route.action}"
    return _LINKS.search(text) is not None


def _write(
    graph: CallGraph,
    clauses: Mapping[tuple[str, str], list[Clause]],
    route: Route,
    entries: list[Entry],
) -> tuple[str, Related] | None:
    """The write of an action that does nothing else but redirect; None where there is none."""
    found: tuple[str, Related] | None = None
    redirects = bool(entries) and all(one.redirects and not one.renders for one in entries)
    named = _CHANGES.search(route.action) is not None
    for clause in clauses.get((route.plug, route.action), ()):
        for call in clause.calls:
            if call.place & (ELSEWHERE | LATER):
                continue
            effects = graph.effects(clause.module, call)
            if Effect.DB_WRITE in effects and found is None:
                name = graph.name_of(clause.module, call)
                found = name, Related(call.span, f"`{name}` writes", clause.path)
            elif effects & (Effect.HTTP | Effect.MAIL) and not named:
                return None
    return found if redirects or named else None


def _edits(snapshot: Snapshot, path: str, route: Route, verb: str) -> list[Edit]:
    document = snapshot.document(path)
    if document is None or route.name_span.slice(document.source) != b"get":
        return []
    return [Edit(route.name_span, verb, path)]
