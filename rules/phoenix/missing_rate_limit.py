"""phoenix/missing-rate-limit"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.facts.routes.router import RouterTable
from lsp_server.facts.routes.routes import PlugCall, Route
from lsp_server.lint.finding import Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot

from ._access import Access, access, limits
from ._hammer import READS, rate_limit
from ._plug_lines import code_routers
from ._router_edits import in_scope_of_its_own

_GUESSED = re.compile(
    r"^(?:sessions?|log_?in|sign_?in|sign_?up|authenticate|register|registrations?|passwords?|tokens?"
    r"|reset_?password|forgot_?password|contact|webhooks?|otp|send_?otp)$",
    re.I,
)


class MissingRateLimit(ProjectRule):
    """
    A route where passwords, codes or messages can be sent as often as somebody likes.

    A login without a limit is guessed at by lists of leaked passwords, thousands a minute, and each
    guess costs you a slow hash. A contact form or a password reset sends that many mails in your
    name.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :slow_guessing do
        plug ShopWeb.Plugs.RateLimit, limit: 5, window: :timer.minutes(1)
      end

      scope "/", ShopWeb do
        pipe_through :browser

        post "/login", SessionController, :create
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :slow_guessing do
        plug ShopWeb.Plugs.RateLimit, limit: 5, window: :timer.minutes(1)
      end

      scope "/", ShopWeb do
        pipe_through :browser

        scope "/" do
          pipe_through :slow_guessing

          post "/login", SessionController, :create
        end
      end
    end
    ```

    ## When it stays silent

    - A plug of the endpoint, of a pipeline or of the controller limits, as far as its name tells
      (`RateLimit`, `Attack`, `Throttle`, a captcha), or the controller speaks of one.
    - The route is behind a plug that asks who the visitor is, or checks a signature.
    - A macro may add plugs that cannot be seen. A limit in front of the application is not seen
      either: turn the rule off then.

    ## What the fix changes

    The route goes into a scope of its own that pipes through a rate limit: the pipeline of the
    router that holds nothing else, or else a new plug that counts with Hammer. Where mix.exs does
    not name Hammer it gets it, and the application the counter that Hammer 7 wants among its
    children: run `mix deps.get` then.
    """

    severity = Severity.INFORMATION
    reads = (access, *READS)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every POST route of every router."""
        known = access(snapshot.index)
        for table in code_routers(known.routing):
            if known.forwarded_behind(table):
                continue
            seen: set[tuple[int, int]] = set()
            for route in table.routes:
                if route.span in seen or not _is_open(known, table, route):
                    continue
                seen.add(route.span)
                pipeline = _limiting_pipeline(table)
                build = partial(_operations, table=table, route=route, pipeline=pipeline)
                alone = sum(one.span == route.span for one in table.routes) == 1
                title = f"Pipe through {pipeline or 'a new rate limit'}"
                yield self.finding(
                    route.name_span,
                    f"`post {route.path}` can be tried as often as somebody likes: no rate limit",
                    path=table.path,
                    fix=Fix.review(title, build, needs_files=not pipeline) if alone else None,
                )


def _is_open(known: Access, table: RouterTable, route: Route) -> bool:
    if route.verb != "post" or route.kind != "plug" or route.dev or route.conditional:
        return False
    words = [part.replace("-", "_") for part in route.segments if part[0] not in ":*"]
    if not any(_GUESSED.match(word) for word in words) or not table.is_certain(route):
        return False
    if route.plug.partition(".")[0] != table.module.partition(".")[0]:
        return False
    controller = known.controllers.get(route.plug)
    if controller is not None and controller.limits:
        return False
    if any(limits(name) for name, _ in known.plugs(table, route)):
        return False
    return not known.is_behind(table, route)


def _limiting_pipeline(table: RouterTable) -> str:
    """A pipeline that does nothing but limit; empty where there is none."""
    for pipeline in table.pipelines.values():
        if pipeline.complete and pipeline.plugs and all(_limits(one) for one in pipeline.plugs):
            return f":{pipeline.name}"
    return ""


def _limits(plug: PlugCall) -> bool:
    return limits(plug.name) and not plug.conditional


def _operations(
    snapshot: Snapshot, table: RouterTable, route: Route, pipeline: str
) -> Iterator[Operation]:
    document = snapshot.document(table.path)
    if document is None:
        return
    web = table.module.partition(".")[0]
    edits = in_scope_of_its_own(document, route.span, pipeline or f"{web}.Plugs.RateLimit")
    yield from edits
    if not pipeline and edits:
        yield from rate_limit(snapshot, table.path, web, f"{web}.Plugs.RateLimit")
