"""What a router asks visitors with, and the edits that have a route ask too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from lsp_server.facts.routes.router import RouterTable
from lsp_server.facts.routes.routes import OnMount, Route
from lsp_server.lint.finding import Edit
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._access import authenticates
from ._router_edits import Frame, in_blocks, scope_through, with_hook

Way = tuple[str, Callable[[Snapshot], list[Edit]]]
_READS = ("index", "show")
_CHOSEN = re.compile(r"\b(?:only|except): *(?:\[[^\[\]]*\]|~w[^,\n)]*\)?a?|@\w+)")
WIDTH = 98


def usual_plug(table: RouterTable) -> str:
    """The plug or pipeline by which most routes authenticate; empty where none is named."""
    counts = Counter(
        name
        for route in table.routes
        for name in route.pipes
        if authenticates(name) and "." not in name and not route.dev
    )
    return counts.most_common(1)[0][0] if counts else ""


def usual_hook(table: RouterTable) -> OnMount | None:
    """The hook by which most live sessions authenticate."""
    hooks: dict[tuple[str, str], OnMount] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for session in table.sessions.values():
        for hook in session.on_mount:
            given = "" if hook.argument == "default" else f":{hook.argument}"
            if authenticates(hook.module, given):
                hooks.setdefault((hook.module, hook.argument), hook)
                counts[hook.module, hook.argument] += 1
    return hooks[counts.most_common(1)[0][0]] if counts else None


def way_in(
    table: RouterTable,
    bare: Sequence[Route],
    routes: Sequence[Route],
    bare_spans: Collection[Span],
    plug: str,
    hook: OnMount | None,
) -> Way | None:
    """Title and edits that have the routes of a line ask who somebody is; `bare` are those that
    do not. None where none can be right."""
    route = bare[0]
    within = [one for one in table.routes if route.span.covers(one.span)]
    if route.kind == "live" and route.session:
        return _through_session(table, route, bare_spans, hook)
    if any(one.span not in bare_spans for one in within):
        return None
    if route.kind == "live":
        return _in_session(table, route, plug, hook)
    if not plug:
        return None
    if len(bare) < len(routes):
        return _split(table, bare, within, plug) if len(within) == len(routes) else None

    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(table.path)
        if document is None:
            return []
        return in_blocks(document, route.span, [scope_through(document, route.span, f":{plug}")])

    return f"Pipe through :{plug}", build


def _through_session(
    table: RouterTable, route: Route, bare_spans: Collection[Span], hook: OnMount | None
) -> Way | None:
    session = table.sessions.get(route.session)
    others = [one for one in table.routes if one.session == route.session]
    if session is None or hook is None or any(one.span not in bare_spans for one in others):
        return None

    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(table.path)
        if document is None:
            return []
        return with_hook(document, session, hook.span.slice(document.source).decode())

    return f"Mount the session with {hook.module}", build


def _in_session(table: RouterTable, route: Route, plug: str, hook: OnMount | None) -> Way | None:
    if not plug and hook is None:
        return None
    name = _session_name(table, route)
    if hook is None or not name:
        title = f"Pipe through :{plug}"
        if not plug:
            return None
    else:
        title = f"Mount it with {hook.module}" + (f", pipe through :{plug}" if plug else "")

    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(table.path)
        if document is None:
            return []
        frames: list[Frame] = []
        if plug:
            frames.append(scope_through(document, route.span, f":{plug}"))
        if hook is not None and name:
            written = hook.span.slice(document.source).decode()
            head = f"live_session :{name}, on_mount: [{written}] do"
            margin = len(document.lines.indentation(route.span.start)) + 2
            if margin + len(head) > WIDTH:
                head = f"live_session :{name},\n  on_mount: [{written}] do"
            frames.append((head, ""))
        return in_blocks(document, route.span, frames)

    return title, build


def _session_name(table: RouterTable, route: Route) -> str:
    """A name for a live session that no other has, and none that another route would be given;
    empty where none is left."""
    taken = set(table.sessions)
    for one in table.routes:
        if one.kind == "live" and not one.session:
            words = [
                it.replace("-", "_") for it in one.segments if re.fullmatch(r"[a-z][\w-]*", it)
            ]
            names = (*words[:1], "_".join(words[:2]), "_".join(words), "authenticated")
            name = next((it for it in names if it and it not in taken), "")
            if one.span == route.span:
                return name
            taken.add(name)
    return ""


def _split(
    table: RouterTable, bare: Sequence[Route], within: Sequence[Route], plug: str
) -> Way | None:
    """Two lines for `resources` of which strangers may read the pages, or register."""
    route = bare[0]
    actions = list(dict.fromkeys(one.action for one in within))
    asked = {one.action for one in bare}
    open_to_all = _READS if "create" in asked else (*_READS, "new", "create")
    public = [one for one in actions if one in open_to_all]
    if not public or len(public) == len(actions):
        return None

    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(table.path)
        if document is None:
            return []
        text = route.span.slice(document.source).decode()
        chosen = _CHOSEN.search(text)
        open_ = _listed(public)
        end = ")" if text.endswith(")") else ""
        if chosen is not None:
            closed = _listed([one for one in actions if one not in public])
            readers = text.replace(chosen[0], f"only: [{open_}]")
            writers = text.replace(chosen[0], f"only: [{closed}]")
        else:
            body = text.removesuffix(")") if end else text
            readers = f"{body}, only: [{open_}]{end}"
            writers = f"{body}, except: [{open_}]{end}"
        frames = [scope_through(document, route.span, f":{plug}")]
        return in_blocks(document, route.span, frames, writers, readers)

    return f"Pipe what writes through :{plug}", build


def _listed(actions: Sequence[str]) -> str:
    return ", ".join(f":{one}" for one in actions)
