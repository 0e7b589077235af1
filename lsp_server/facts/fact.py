"""What facts are, and how a file's facts are kept and compared.

A fact is a small frozen record that one file states about the project. Facts are msgspec structs
because a scan makes hundreds of thousands of them and the cache stores them: a frozen dataclass
takes ten times as long to make and cannot be decoded from msgpack without a second record.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar, dataclass_transform

import msgspec

from lsp_server.document import Document
from lsp_server.text import Span

log = logging.getLogger(__name__)
FactType = TypeVar("FactType", bound="Fact")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all facts. Fields are plain data: str, int, bool, Span, tuples and other facts.

    Spans are bytes of the file that states the fact; they do not count when facts are compared.
    """


FACT_TYPES: dict[str, type[Fact]] = {}
Collector = Callable[[Document], Iterable[Fact]]
Found = dict["type[Fact]", list["Fact"]]
COLLECTORS: list[tuple[frozenset[type[Fact]], Collector]] = []
_ONLY_IF_READ: set[type[Fact]] = set()
_OF_SUITES: set[Collector] = set()


def collects(
    *types: type[Fact], suites: bool = False, only_if_read: bool = False
) -> Callable[[Collector], Collector]:
    """Function decorator: the function finds facts of these types in a document.

    A third of many projects is `_test.exs` files, and most of what they say concerns no rule: only
    collectors with `suites` are asked about them, so that few of them are parsed at all. A scan
    spares what is marked `only_if_read` where no rule reads it.
    """

    def register(function: Collector) -> Collector:
        for one in types:
            FACT_TYPES[one.__name__] = one
        if only_if_read:
            _ONLY_IF_READ.update(types)
        if suites:
            _OF_SUITES.add(function)
        COLLECTORS.append((frozenset(types), function))
        return function

    return register


class FileFacts:
    """The facts of one file by type, in the order of the text; decoded only when asked for."""

    __slots__ = ("_decoded", "_encoded")

    def __init__(
        self,
        decoded: Mapping[type[Fact], tuple[Fact, ...]] | None = None,
        encoded: Mapping[str, bytes] | None = None,
    ) -> None:
        self._decoded: dict[type[Fact], tuple[Fact, ...]] = dict(decoded or {})
        self._encoded: dict[str, bytes] = dict(encoded or {})

    def of(self, kind: type[FactType]) -> tuple[FactType, ...]:
        """The facts of one type."""
        found = self._decoded.get(kind)
        if found is None:
            blob = self._encoded.get(kind.__name__)
            found = () if blob is None else _decoder(kind).decode(blob)
            self._decoded[kind] = found
        return found  # type: ignore[return-value]

    @property
    def types(self) -> set[type[Fact]]:
        """The types of which there is a fact."""
        named = {FACT_TYPES[name] for name in self._encoded if name in FACT_TYPES}
        return named | {kind for kind, facts in self._decoded.items() if facts}

    def encode(self) -> dict[str, bytes]:
        """The facts as msgpack by type name."""
        blobs = dict(self._encoded)
        for kind, facts in self._decoded.items():
            if facts and kind.__name__ not in blobs:
                blobs[kind.__name__] = _ENCODER.encode(facts)
        return blobs

    def differing_types(self, other: FileFacts) -> set[type[Fact]]:
        """The types whose facts differ, be it only by their spans."""
        return {kind for kind in self.types | other.types if not self._equal(kind, other)}

    def _equal(self, kind: type[Fact], other: FileFacts) -> bool:
        mine, theirs = self._encoded.get(kind.__name__), other._encoded.get(kind.__name__)
        if mine is not None and mine == theirs:  # spares decoding what a scan has found again
            return True
        return self.of(kind) == other.of(kind)

    def changed_types(self, other: FileFacts) -> set[type[Fact]]:
        """The types whose facts differ in more than their spans."""
        if not other.types:
            return self.types
        return {
            kind
            for kind in self.differing_types(other)
            if not _same_meaning(self.of(kind), other.of(kind))
        }


def types_for(read: Iterable[type[Fact]]) -> frozenset[type[Fact]]:
    """The types that a scan collects for rules that read some."""
    return frozenset(FACT_TYPES.values()) - _ONLY_IF_READ.difference(read)


EMPTY = FileFacts()
_ENCODER = msgspec.msgpack.Encoder()  # keeps its buffer, which a call of `encode` makes anew
_DECODERS: dict[type[Fact], msgspec.msgpack.Decoder[Any]] = {}


def _decoder(kind: type[Fact]) -> msgspec.msgpack.Decoder[Any]:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.msgpack.Decoder(tuple[kind, ...])  # type: ignore[valid-type]
    return decoder


def _same_meaning(one: tuple[Fact, ...], other: tuple[Fact, ...]) -> bool:
    if len(one) != len(other):
        return False
    return all(a == b or _meaning(a) == _meaning(b) for a, b in zip(one, other, strict=True))


def _meaning(value: object) -> object:
    """The value without its spans."""
    if isinstance(value, Span):
        return None
    if isinstance(value, Fact):
        return tuple(_meaning(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, tuple):
        return tuple(_meaning(one) for one in value)
    return value


def collect(document: Document, wanted: Collection[type[Fact]] | None = None) -> FileFacts:
    """The facts of a document: all, or those that come with the `wanted` types. A collector that
    raises is logged and gives none."""
    found: Found = {}
    deque(collecting(document, found, wanted), maxlen=0)
    return file_facts(found)


def collecting(
    document: Document, found: Found, wanted: Collection[type[Fact]] | None = None
) -> Iterator[None]:
    """Put the facts of a document into `found`, a step for each of them and for each collector."""
    is_suite = document.path.endswith("_test.exs")
    for types, collector in COLLECTORS:
        if wanted is not None and types.isdisjoint(wanted):
            continue
        if is_suite and collector not in _OF_SUITES:
            continue
        facts: Found = {}
        try:
            for fact in collector(document):
                facts.setdefault(type(fact), []).append(fact)
                yield
        except Exception:
            log.exception("%s failed on %s and was skipped", collector.__name__, document.path)
            continue
        for kind, some in facts.items():
            found.setdefault(kind, []).extend(some)
        yield


def file_facts(found: Found) -> FileFacts:
    """What was collected."""
    return FileFacts({kind: tuple(facts) for kind, facts in found.items()})


def load_collectors() -> Iterator[str]:
    """Import every module of this package and of the families in it, which registers their facts
    and collectors."""
    import importlib
    import pkgutil

    package = importlib.import_module("lsp_server.facts")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    for module in sorted(found, key=lambda one: one.name):
        importlib.import_module(module.name)
        yield module.name
