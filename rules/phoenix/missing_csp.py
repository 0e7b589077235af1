"""phoenix/missing-csp"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.facts.routes.page_plugs import POLICY, page_plugs
from lsp_server.facts.routes.router import RouterTable, routing
from lsp_server.facts.routes.routes import Pipeline, PlugCall
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot

from ._plug_lines import (
    all_plugs,
    brought_by_others,
    by_endpoint,
    code_routers,
    done_for,
    written_like,
)

_HEADERS = "put_secure_browser_headers"
_POLICY = re.compile(r"csp|content_?security_?policy", re.I)
_COMPUTED = re.compile(r"[@&#]|\(|\b[a-z_]+\s*$")
_PLUG = ':put_secure_browser_headers, %{"content-security-policy" => "default-src \'self\'"}'


class MissingCsp(ProjectRule):
    """
    A pipeline for pages without a content security policy that says where scripts come from.

    Escaping fails once in the life of every application. A content security policy is what keeps
    that one script from running. Up to Phoenix 1.7 `put_secure_browser_headers` sends none; from
    1.8 on it sends one that speaks of `base-uri` and `frame-ancestors` only.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
        plug :put_secure_browser_headers
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
        plug :put_secure_browser_headers, %{"content-security-policy" => "default-src 'self'"}
      end
    end
    ```

    ## When it stays silent

    - The headers given to the plug are computed, or hold a policy with `default-src` or
      `script-src`.
    - Another plug of the pipeline or of the endpoint has the policy in its name, or is a function
      or a module of the project that sets one.
    - A macro in the pipeline may add plugs that cannot be seen.

    ## What the fix changes

    The strictest policy that a page without foreign scripts, styles and images can live with. Look
    at the browser's console afterwards: what the pages load from elsewhere has to be named.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (routing, page_plugs)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every `put_secure_browser_headers` of a pipeline."""
        found, known = routing(snapshot.index), page_plugs(snapshot.index)
        for table in code_routers(found):
            if by_endpoint(found, table, _POLICY):
                continue
            for pipeline in table.pipelines.values():
                plug = next((one for one in pipeline.plugs if one.name == _HEADERS), None)
                if plug is None or not pipeline.complete:
                    continue
                if _has_policy(plug) or _elsewhere(table, pipeline):
                    continue
                if not done_for(known, found, table, pipeline, POLICY):
                    build = partial(_edits, path=table.path, plug=plug)
                    fix = None if plug.options else Fix.review("Add a strict policy", build)
                    yield self.finding(
                        plug.name_span,
                        f"Pipeline `:{pipeline.name}` has no content security policy with "
                        "`default-src` or `script-src`",
                        path=table.path,
                        fix=fix,
                    )


def _has_policy(plug: PlugCall) -> bool:
    options = plug.options
    if "content-security-policy" not in options:
        return bool(options) and not options.lstrip().startswith("%{")
    value = options.partition("content-security-policy")[2].partition("=>")[2]
    return "default-src" in value or "script-src" in value or bool(_COMPUTED.search(value))


def _elsewhere(table: RouterTable, pipeline: Pipeline) -> bool:
    if any(_POLICY.search(plug.name) for plug in all_plugs(table, pipeline)):
        return True
    return brought_by_others(table, pipeline, _POLICY)


def _edits(snapshot: Snapshot, path: str, plug: PlugCall) -> list[Edit]:
    document = snapshot.document(path)
    return [] if document is None else [Edit(plug.span, written_like(document, plug, _PLUG), path)]
