"""What expressions of rows evaluate to: rows of a schema with the associations that are loaded.

Ecto loads no association by itself (ecto 3.13): it is an `Ecto.Association.NotLoaded` until a query
or `Repo.preload` names it. What cannot be followed is `None`, and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lsp_server.facts.modules import FunctionKey
from lsp_server.text import Span


@dataclass(frozen=True)
class Loaded:
    """The associations that are loaded, each with those of its rows; `open` where more may be."""

    below: Mapping[str, Loaded] = field(default_factory=dict, hash=False)
    open: bool = False

    def __or__(self, other: Loaded) -> Loaded:
        below = dict(self.below)
        for name, one in other.below.items():
            below[name] = below[name] | one if name in below else one
        return Loaded(below, self.open or other.open)

    def get(self, name: str) -> Loaded | None:
        """What is loaded below an association; None where it is not loaded itself."""
        return self.below.get(name, OPEN if self.open else None)


BARE = Loaded()
OPEN = Loaded(open=True)


@dataclass(frozen=True)
class Site:
    """The call of a repo that fetched rows, and the function that it stands in."""

    path: str
    span: Span
    function: FunctionKey
    name: str  # `Repo.all`


@dataclass(frozen=True)
class Rows:
    """Rows of a schema: one, or `many`. `way` are the associations from the rows that the sites
    fetched to these; `each`: one of them in a loop."""

    schema: str
    loaded: Loaded = BARE
    many: bool = False
    each: bool = False
    sites: tuple[Site, ...] = ()
    way: tuple[str, ...] = ()
    listed: bool = False  # fetched as a list


@dataclass(frozen=True)
class Query:
    """A query for rows of a schema."""

    schema: str
    loaded: Loaded = BARE


@dataclass(frozen=True)
class NotLoaded:
    """What an association is that nobody has loaded: the rows that it is of, its name, and those
    of the associations that are read below it. `target` is the schema that the last leads to."""

    rows: Rows
    names: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Record:
    """A map of known keys, or a tuple whose keys are numbers."""

    values: Mapping[str, Values] = field(hash=False)


@dataclass(frozen=True)
class Constant:
    """An atom, or a list of preloads."""

    name: str
    loaded: Loaded


@dataclass(frozen=True)
class Nothing:
    """nil, or an empty list."""


Value = Rows | Query | NotLoaded | Record | Constant | Nothing | None
Values = tuple[Value, ...]  # one of these
NOT_KNOWN: Values = (None,)
