"""Where in a function a call stands: in a loop, under a guard, in code that runs elsewhere.

The places of a form are a few spans found by callee name; a call's place is the sum of the spans
around it. Climbing from every call instead costs five times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

# Bits of a place.
LOOP = 1  # runs once for each element of a collection, or of a list that a function recurses over
SMALL = 2  # with LOOP: over a literal, a module attribute or options, or only the last time around
CHUNKED = 4  # with LOOP: each element is a chunk of the collection
CONCURRENT = 8  # with LOOP: `async_stream`, each element in a process of its own, awaited here
ELSEWHERE = 16  # in a process of its own that is not awaited here
LATER = 32  # only stored or returned here
CONNECTED = 64  # in one of both renders only, by `connected?(socket)`
TRANSACTION = 128  # inside a transaction of a repo, or with MULTI
RESCUED = 256  # in a `try` or function body that rescues or catches
TEMPLATE = 512  # in a template
UNUSED = 1024  # the value is thrown away
ASSIGN_NEW = 2048  # in the function given to `assign_new`
CACHED = 4096  # in the function that fills a cache
MULTI = 8192  # in a step of an `Ecto.Multi`, which runs when its transaction does
ATTRIBUTE = 16384  # with LOOP: over `@name`, which is small in code and anything in a template

_LOOPS = LOOP | SMALL | CHUNKED | CONCURRENT


class Region(NamedTuple):
    """A range of bytes that puts what is in it in a place. `over` is the text of the collection
    that a loop runs over if it is short and on one line."""

    start: int
    end: int
    place: int
    over: str = ""


def place_at(regions: Sequence[Region], start: int, end: int) -> tuple[int, str]:
    """The place of a call, and what the innermost loop around it runs over.

    `regions` begin with the outermost. What runs in another process is no part of a loop outside
    of it, nor of a transaction, nor rescued; a step of an `Ecto.Multi` is no part of the loop that
    puts the steps together, nor what fills a cache of the loop around it.
    """
    place, over = 0, ""
    for region in regions:
        if region.start > start:
            break
        if region.end < end:
            continue
        bits = region.place
        if bits & ELSEWHERE:
            place &= ~(_LOOPS | TRANSACTION | RESCUED)
        if bits & (MULTI | CACHED):
            place &= ~_LOOPS
        if bits & LOOP:
            if bits & SMALL and place & LOOP:
                continue  # the loop around it is the one that counts
            place, over = place & ~_LOOPS, region.over
        place |= bits
    return place, over


def in_order(regions: Iterable[Region], template: bool) -> list[Region]:
    """The regions of a template or of code, outermost first."""
    small = 0 if template else SMALL
    settled = [
        region._replace(place=region.place ^ ATTRIBUTE | small)
        if region.place & ATTRIBUTE
        else region
        for region in regions
    ]
    settled.sort(key=lambda region: (region.start, -region.end))
    return settled
