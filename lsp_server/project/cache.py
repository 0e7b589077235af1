"""What earlier scans found, in one flat file per project below the user's cache folder.

The file is msgpack, never pickle: a cache is untrusted input. Its head decides whether the rest
is of use: a digest of Retort's own files and of the settings. A scan in which no file has changed
reads the head and the final findings alone; the facts stay encoded.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from lsp_server import __version__
from lsp_server.project.files import Entry
from lsp_server.project.result import FileResult, PlainFinding

FORMAT = 1
# A file changed again within the clock's grain of its last reading has the same time: read it
# again.
RACY = 2_000_000_000  # nanoseconds


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The part that every scan reads."""

    format: int
    engine: bytes
    settings: bytes
    context: bytes  # digest of the context that document rules saw
    written: int  # nanoseconds since the epoch
    files: dict[str, tuple[int, int]]  # mtime and size by path
    findings: bytes  # msgpack of tuple[PlainFinding, ...]: the final findings of the project
    results: bytes  # msgpack of tuple[FileResult, ...]


class Cache:
    """What was read from disk, or nothing."""

    def __init__(self, head: Head | None = None) -> None:
        self.head = head

    def is_fresh(self, entry: Entry) -> bool:
        """Whether a file is as the cache knows it, judged by time and size."""
        head = self.head
        if head is None or head.files.get(entry.path) != (entry.mtime, entry.size):
            return False
        return head.written - entry.mtime > RACY

    def is_current(self, entries: Iterable[Entry]) -> bool:
        """Whether the project is exactly as at the last scan."""
        if self.head is None:
            return False
        seen = 0
        for entry in entries:
            if not self.is_fresh(entry):
                return False
            seen += 1
        return seen == len(self.head.files)

    def findings(self) -> tuple[PlainFinding, ...]:
        """The final findings of the last scan."""
        if self.head is None:
            return ()
        return msgspec.msgpack.decode(self.head.findings, type=tuple[PlainFinding, ...])

    def results(self) -> Mapping[str, FileResult]:
        """What is known of single files, by path."""
        if self.head is None:
            return {}
        found = msgspec.msgpack.decode(self.head.results, type=tuple[FileResult, ...])
        return {one.path: one for one in found}


def engine_digest() -> bytes:
    """A digest of everything that decides what is found: version and state of Retort's own
    files."""
    here = Path(__file__).parent.parent
    rules = here / "_shipped" / "rules"
    digest = hashlib.blake2b(__version__.encode(), digest_size=16)
    for root in (here, rules if rules.is_dir() else here.parent / "rules"):
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".py", ".json")):
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
    name = hashlib.blake2b(str(root.resolve()).encode(), digest_size=12).hexdigest()
    return cache_folder() / f"{name}.msgpack"


def load_cache(root: Path, settings: bytes) -> Cache:
    """The cache of a project; an empty one where it is missing, damaged or made by another
    engine."""
    try:
        head = msgspec.msgpack.decode(cache_path(root).read_bytes(), type=Head)
    except (OSError, msgspec.MsgspecError):
        return Cache()
    if (head.format, head.engine, head.settings) != (FORMAT, engine_digest(), settings):
        return Cache()
    return Cache(head)


def store_cache(
    root: Path,
    settings: bytes,
    context: bytes,
    results: Mapping[str, FileResult],
    findings: Iterable[PlainFinding],
    read_at: int,
) -> None:
    """Write the cache of a project atomically; a place that cannot be written is no error.

    `read_at` is the time in nanoseconds before the first file was read.
    """
    head = Head(
        FORMAT,
        engine_digest(),
        settings,
        context,
        read_at,
        {one.path: (one.mtime, one.size) for one in results.values()},
        msgspec.msgpack.encode(tuple(findings)),
        msgspec.msgpack.encode(tuple(results.values())),
    )
    path = cache_path(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.msgpack.encode(head))
        Path(temporary).replace(path)
    except OSError:
        return


def clear_cache(root: Path) -> bool:
    """Remove the cache of a project; whether there was one."""
    path = cache_path(root)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def now() -> int:
    """The time in nanoseconds since the epoch."""
    return time.time_ns()
