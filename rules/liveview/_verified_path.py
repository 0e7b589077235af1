"""What a call of a path helper is as a verified route: `~p"/users/#{user}"`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.facts.routes.endpoints import VerifiedRoutes
from lsp_server.facts.routes.named_paths import HelperArgument, HelperCall
from lsp_server.facts.routes.router import RouterTable
from lsp_server.facts.routes.routes import Route

STATIC = ("static_path", "static_url")
# What the path itself may hold: `~p` leaves these as they are, as the helper does.
_PLAIN_PATH = re.compile(r"[\w/.~!$&'()*+,;=:@-]*", re.ASCII)
# What needs no escaping inside a segment.
_PLAIN_SEGMENT = re.compile(r"[\w.~-]+", re.ASCII)
# First arguments that stand for the endpoint which `~p` knows anyway.
_REQUEST = re.compile(r"(?:@|assigns\.|socket\.assigns\.|\w+\.)?(?:conn|socket)")
# First arguments that can be read twice or not at all without a difference.
_PURE = re.compile(r"@?[a-z_]\w*(?:\.[a-z_]\w*)*|[A-Z][\w.]*")


@dataclass(frozen=True)
class VerifiedPath:
    """A path in place of a helper call.

    `shown` is the route's path, for messages. `text` is the code to write, empty where none can be
    right: then `reason` says why. With a text, a `reason` says why somebody should look at it.
    """

    shown: str
    text: str = ""
    reason: str = ""


def verified_path(
    call: HelperCall,
    table: RouterTable,
    settings: VerifiedRoutes | None,
    statics: Sequence[str],
    endpoint: str,
) -> VerifiedPath | None:
    """What to write for a call of a helper of a router; None for a helper that the router lacks.

    `settings` are those of `~p` where the call stands, if there are any, `statics` the first parts
    of its static paths, and `endpoint` the endpoint that it uses.
    """
    if call.name in STATIC:
        return _static(call, statics, endpoint)
    routes = table.helpers.get(call.name.rpartition("_")[0], ())
    if not routes:
        return None
    if call.captured and not call.arguments:
        return VerifiedPath(routes[0].path, reason="it is captured")
    found = _route(call, routes)
    if not isinstance(found, tuple):
        return found
    route, query = found
    if settings is not None and settings.router != table.module:
        return VerifiedPath(route.path, reason="`~p` is checked against another router here")
    if settings is not None and settings.prefixed:
        return VerifiedPath(route.path, reason="`~p` puts a prefix before every path here")
    path = _path(route, call.arguments[1:])
    if path is None:
        return VerifiedPath(route.path, reason="an argument does not fit on one line")
    if not _PLAIN_PATH.fullmatch(route.path) or any(":" in one[1:] for one in route.segments):
        return VerifiedPath(route.path, reason="`~p` cannot write this path")
    if any(path.startswith(f"/{static}") for static in statics):
        return VerifiedPath(route.path, reason="`~p` takes this path for a static file")
    reason = ""
    if query is not None:
        written = _query(query, route)
        if written is None:
            return VerifiedPath(route.path, reason="a parameter is named as a part of the path")
        path += written
        if written and query.kind == "value" and route.parameters:
            reason = "the helper leaves parameters out that are named as a part of the path"
    if route.dev or route.conditional:
        reason = "not every environment has the route"
    return _finish(call, route.path, path, endpoint, reason)


def _route(
    call: HelperCall, routes: Sequence[Route]
) -> tuple[Route, HelperArgument | None] | VerifiedPath | None:
    """The route that a call means, and the argument with its parameters.

    Phoenix 1.7 defines `user_path(conn, :show, id)` and `user_path(conn, :show, id, params)` for
    the first route of each action and number of path parameters.
    """
    if not call.arguments:
        return None
    action, *rest = call.arguments
    if action.kind not in ("atom", "module"):
        return VerifiedPath(routes[0].path, reason="its action is computed")
    fitting = [one for one in routes if one.helper_action == action.value]
    bare = next((one for one in fitting if len(one.parameters) == len(rest)), None)
    last = rest[-1] if rest else None
    more = next((one for one in fitting if len(one.parameters) == len(rest) - 1), None)
    if more is None or last is None:
        if bare is None:
            return None
        return bare, None
    if bare is None or last.kind in ("keywords", "map", "list"):
        return (more, last) if last.kind not in ("text", "integer", "atom") else None
    if last.kind in ("text", "integer", "atom"):
        return bare, None
    return VerifiedPath(bare.path, reason=f"`{last.text}` is part of the path or its parameters")


def _path(route: Route, arguments: Sequence[HelperArgument]) -> str | None:
    """The path with its arguments; None where one cannot be written on a line."""
    parts: list[str] = []
    left = list(arguments)
    for segment in route.segments:
        if segment[0] not in ":*":
            parts.append(segment)
            continue
        one = left.pop(0)
        if not one.text:
            return None
        plain = one.kind in ("text", "integer") and _PLAIN_SEGMENT.fullmatch(one.value)
        parts.append(one.value if plain and segment[0] == ":" else f"#{{{one.text}}}")
    path = "/" + "/".join(parts)
    return f"{path}/" if route.trailing_slash and parts else path


def _query(query: HelperArgument, route: Route) -> str | None:
    """The query string; None where the helper would drop a parameter of that name."""
    if set(query.keys) & set(route.parameters) or not query.text:
        return None
    if query.kind == "keywords" and not query.keys:
        return ""
    return f"?#{{{query.text}}}"


def _static(call: HelperCall, statics: Sequence[str], endpoint: str) -> VerifiedPath | None:
    if len(call.arguments) != 1 or call.arguments[0].kind != "text":
        return None
    path = call.arguments[0].value
    if not _PLAIN_PATH.fullmatch(path) or not any(path.startswith(f"/{one}") for one in statics):
        return None
    return _finish(call, path, path, endpoint, "")


def _finish(call: HelperCall, shown: str, path: str, endpoint: str, reason: str) -> VerifiedPath:
    """The code for a path at the place of a call."""
    if call.captured:
        return VerifiedPath(shown, reason="it is captured")
    if call.place != "function":
        where = "in a quoted block" if call.place == "quote" else "outside of a function"
        return VerifiedPath(shown, reason=f"it stands {where}")
    if not call.quotable and ")" in re.sub(r"#\{[^}]*\}", "", path):
        return VerifiedPath(shown, reason="no quote can be written here")
    sigil = f'~p"{path}"' if call.quotable else f"~p({path})"
    context = call.context
    if not _PURE.fullmatch(context.text):
        return VerifiedPath(shown, reason="its first argument is computed")
    known = _REQUEST.fullmatch(context.text) is not None or (
        context.kind == "module" and context.value in (endpoint, "Endpoint")
    )
    where = "" if known and endpoint else context.text
    if call.name.endswith("_url"):
        text = f"url({where}, {sigil})" if where else f"url({sigil})"
    else:
        text = f"path({where}, {sigil})" if where else sigil
    return VerifiedPath(shown, text, reason)
