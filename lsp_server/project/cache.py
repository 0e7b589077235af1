"""What earlier scans found, in one flat file per project below the user's cache folder.

The file is msgpack below a checksum, never pickle: a cache is untrusted input. Its head decides
whether the rest is of use: a digest of Retort's own files and of the settings. A scan in which no
file has changed reads the head and the final findings alone; the facts stay encoded.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from lsp_server import __version__
from lsp_server.config import KEYS, Settings
from lsp_server.project.files import Entry
from lsp_server.project.result import FileResult, PlainFinding

FORMAT = 3
# A file changed again within the clock's grain of its last reading has the same time: read it
# again.
RACY = 2_000_000_000  # nanoseconds
CHECKSUM = 16  # bytes


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What decides whether the rest can be used. The rest is left encoded."""

    format: int
    engine: bytes
    settings: bytes
    configuration: bytes  # digest of the texts that the settings were read from
    exclude: tuple[str, ...]  # of the settings
    context: bytes  # digest of the context that document rules saw
    written: int  # nanoseconds since the epoch, before the first file was read
    files: dict[str, tuple[int, int]]  # mtime and size by path
    findings: bytes | None  # msgpack of the project's final findings; None if they are not known
    results: bytes  # msgpack of tuple[FileResult, ...]


class Cache:
    """What an earlier scan knows, or nothing. `results` are given where they are still at hand."""

    def __init__(
        self, head: Head | None = None, results: Mapping[str, FileResult] | None = None
    ) -> None:
        self.head = head
        self._results = results

    def fits(self, settings: bytes) -> bool:
        """Whether it was made by this engine under these settings."""
        head = self.head
        wanted = (FORMAT, engine_digest(), settings)
        return head is not None and (head.format, head.engine, head.settings) == wanted

    def is_fresh(self, entry: Entry) -> bool:
        """Whether a file is as the cache knows it, judged by time and size."""
        head = self.head
        if head is None or head.files.get(entry.path) != (entry.mtime, entry.size):
            return False
        return head.written - entry.mtime > RACY

    def is_current(self, entries: Iterable[Entry]) -> bool:
        """Whether the project is exactly as at the last scan, and its findings are known."""
        if self.head is None or self.head.findings is None:
            return False
        seen = 0
        for entry in entries:
            if not self.is_fresh(entry):
                return False
            seen += 1
        return seen == len(self.head.files)

    def findings(self) -> tuple[PlainFinding, ...]:
        """The final findings of the last scan."""
        if self.head is None or self.head.findings is None:
            return ()
        return msgspec.msgpack.decode(self.head.findings, type=tuple[PlainFinding, ...])

    def results(self) -> Mapping[str, FileResult]:
        """What is known of single files, by path."""
        if self._results is None:
            blob = b"\x90" if self.head is None else self.head.results
            found = msgspec.msgpack.decode(blob, type=tuple[FileResult, ...])
            self._results = {one.path: one for one in found}
        return self._results


@functools.cache
def engine_digest() -> bytes:
    """A digest of everything that decides what is found: version and state of Retort's own files
    and of the grammar, as they were when the process first asked."""
    here = Path(__file__).parent.parent
    rules = here / "_shipped" / "rules"
    digest = hashlib.blake2b(__version__.encode(), digest_size=16)
    grammar = importlib.util.find_spec("tree_sitter_elixir")  # importing it would cost more
    assert grammar is not None and grammar.origin is not None
    parts = (here, rules if rules.is_dir() else here.parent / "rules", Path(grammar.origin).parent)
    for root in parts:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".py", ".json", ".so", ".pyd")):
                    stat = Path(folder, name).stat()
                    digest.update(f"{name} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    return digest.digest()


def cache_folder() -> Path:
    """Where caches lie; `RETORT_CACHE_DIR` names another place."""
    named = os.environ.get("RETORT_CACHE_DIR")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("retort", appauthor=False))


def cache_path(root: Path) -> Path:
    """The cache file of the project at `root`."""
    name = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=12).hexdigest()
    return cache_folder() / f"{name}.msgpack"


def stored_cache(root: Path) -> Cache:
    """The cache of a project as it lies there, whatever made it; an empty one where it is missing
    or damaged."""
    try:
        stored = cache_path(root).read_bytes()
        if _checksum(memoryview(stored)[CHECKSUM:]) != stored[:CHECKSUM]:
            return Cache()
        return Cache(msgspec.msgpack.decode(memoryview(stored)[CHECKSUM:], type=Head))
    except (OSError, msgspec.MsgspecError):
        return Cache()


def load_cache(root: Path, settings: bytes) -> Cache:
    """The cache of a project; an empty one where it is missing, damaged or made by another engine
    or under other settings."""
    cache = stored_cache(root)
    return cache if cache.fits(settings) else Cache()


def configuration_digest(source: bytes | None, overrides: Mapping[str, Any]) -> bytes:
    """What tells two configurations apart: the text of `.retort.toml` (None where there is none)
    and what is laid over it."""
    said = {key: overrides[key] for key in KEYS if overrides.get(key)}
    seen = msgspec.msgpack.encode((source, said), order="deterministic")
    return hashlib.blake2b(seen, digest_size=16).digest()


def make_cache(
    settings: Settings,
    configuration: bytes,
    context: bytes,
    results: Mapping[str, FileResult],
    read_at: int,
) -> Cache:
    """What a scan that has just ended knows, to be asked again in this process.

    `read_at` is the time in nanoseconds before the first file was read.
    """
    head = Head(
        FORMAT,
        engine_digest(),
        settings.encode(),
        configuration,
        settings.exclude,
        context,
        read_at,
        {one.path: (one.mtime, one.size) for one in results.values()},
        None,
        b"",
    )
    return Cache(head, dict(results))


def store_cache(root: Path, cache: Cache, findings: Iterable[PlainFinding] | None) -> None:
    """Write a cache atomically; a place that cannot be written is no error.

    `findings` are the final findings of the project, None where open files decided them too.
    """
    assert cache.head is not None
    head = msgspec.structs.replace(
        cache.head,
        findings=None if findings is None else msgspec.msgpack.encode(tuple(findings)),
        results=msgspec.msgpack.encode(tuple(cache.results().values())),
    )
    body = msgspec.msgpack.encode(head)
    path = cache_path(root)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(_checksum(body) + body)
        Path(temporary).replace(path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=CHECKSUM).digest()


def clear_cache(root: Path) -> bool:
    """Remove the cache of a project; whether there was one."""
    try:
        cache_path(root).unlink()
    except OSError:
        return False
    return True


def now() -> int:
    """The time in nanoseconds since the epoch."""
    return time.time_ns()
