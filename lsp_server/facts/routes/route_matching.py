"""Which routes a path matches, and which route is most like a path that matches none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsp_server.facts.routes.routes import Route

# The parts of a path between its slashes, None for one that is computed.
Segments = Sequence[str | None]


def path_segments(path: str) -> list[str | None]:
    """The segments of a path without computed parts; its query and fragment are left out."""
    bare = path.partition("#")[0].partition("?")[0]
    return [part for part in bare.split("/") if part]


def matches(route: Route, segments: Segments) -> bool:
    """Whether a route can match a path; a computed segment can be anything, also what is literal
    in the route."""
    mine = route.segments
    glob = route.is_prefix
    if mine and mine[-1].startswith("*"):
        mine, glob = mine[:-1], True
    if len(segments) < len(mine) or (len(segments) > len(mine) and not glob):
        return False
    return all(
        theirs is None or _fits(part, theirs) for part, theirs in zip(mine, segments, strict=False)
    )


def _fits(part: str, segment: str) -> bool:
    """Whether a route's segment takes a literal one: `users`, `:id`, `user-:id` (Plug 1.15)."""
    before, colon, _ = part.partition(":")
    return segment.startswith(before) if colon else part == segment


def nearest(routes: Iterable[Route], segments: Segments) -> str | None:
    """The path of the route that takes the fewest changed letters; None where it takes many.

    Only routes with as many segments count. Dynamic segments of the route are filled with what the
    path has in their place, computed ones with `#{}`.
    """
    best: tuple[int, list[str]] | None = None
    size = sum(len(part or "") for part in segments)
    for route in routes:
        mine = route.segments
        if len(mine) != len(segments) or not any(part[0] not in "*:" for part in mine):
            continue
        cost, filled = 0, list[str]()
        for part, theirs in zip(mine, segments, strict=True):
            if part[0] in "*:":
                filled.append("#{}" if theirs is None else theirs)
                continue
            filled.append(part)
            cost += len(part) if theirs is None else distance(part, theirs)
        if best is None or cost < best[0]:
            best = cost, filled
    if best is None or best[0] > max(2, size // 4):
        return None
    return "/" + "/".join(best[1])


def distance(one: str, other: str) -> int:
    """How many letters must be put in, taken out or changed to make one text of the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
