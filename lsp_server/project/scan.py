"""Reads many files: which of them need it, in what batches, and in which processes.

Parsing never releases the interpreter's lock, so bulk work goes to processes. They are told the
project's context once and answer in msgpack.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path

import msgspec

from lsp_server.config import Settings
from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collect, load_collectors, types_for
from lsp_server.facts.index import fact_types
from lsp_server.facts.project.context import ProjectContext, context_relevant
from lsp_server.lint.checker import check_document
from lsp_server.lint.registry import registry
from lsp_server.lint.rule import Rule
from lsp_server.project.files import Entry
from lsp_server.project.project_facts import context_facts
from lsp_server.project.result import FileResult, plain

LEARN_FROM = 1000  # files; to look for what they say about the context takes 0.1 s
POOL_FROM = 64  # files; starting a pool takes as long as reading so many
CAN_FORK = sys.platform == "linux"
BATCH = 400_000  # bytes of source in one batch: about 0.2 s of work
EACH = 500  # bytes of which reading takes as long as all that is done for a file beside them

Learned = list[tuple[str, dict[str, bytes]]]  # paths with their facts, encoded


@dataclass(frozen=True, slots=True)
class Job:
    """What every batch of one scan needs."""

    root: str
    context: ProjectContext
    settings: Settings


def enabled_rules(settings: Settings) -> list[Rule]:
    """The document rules that the settings let run somewhere."""
    return [rule for rule in registry().document_rules if settings.may_run(rule)]


@cache
def collected() -> frozenset[type[Fact]]:
    """The types of facts that a scan collects."""
    return types_for(kind for rule in registry().project_rules for kind in fact_types(rule.reads))


def check_file(
    document: Document, entry: Entry, rules: Sequence[Rule], job: Job, digest: bytes
) -> FileResult:
    """Facts and findings of one file."""
    findings = check_document(document, rules, job.context, job.settings)
    return FileResult(
        entry.path,
        entry.mtime,
        entry.size,
        digest,
        collect(document, collected()).encode(),
        tuple(plain(one) for one in findings),
        b"retort:ignore" in document.source,
        context_relevant(entry.path, document.source),
        document.refusal or "",
    )


def unread(entry: Entry, error: OSError) -> FileResult:
    """What is known of a file that may not be opened."""
    refusal = f"it cannot be opened ({error.strerror or error})"
    return FileResult(entry.path, entry.mtime, entry.size, b"", {}, (), False, False, refusal)


def text_digest(source: bytes) -> bytes:
    """What tells two texts of a file apart."""
    return hashlib.blake2b(source, digest_size=16).digest()


def run(
    job: Job, entries: Iterable[Entry], rules: Sequence[Rule] | None = None
) -> Iterator[FileResult]:
    """Check files one after the other; those that are gone are left out."""
    rules = enabled_rules(job.settings) if rules is None else rules
    root = Path(job.root)
    for entry in entries:
        try:
            source = (root / entry.path).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            yield unread(entry, error)
            continue
        document = Document(entry.path, source)
        yield check_file(document, entry, rules, job, text_digest(source))
        document.release()


def batches(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Entries in batches of about equal size, the largest files first so that no process idles."""
    found: list[list[Entry]] = []
    room = 0
    for entry in sorted(entries, key=lambda one: -one.size):
        if room < entry.size or not found:
            found.append([])
            room = BATCH
        found[-1].append(entry)
        room -= entry.size + EACH
    return found


def workers() -> int:
    """How many processes a scan uses."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def pool(job: Job, *, fork: bool) -> ProcessPoolExecutor:
    """Processes for a scan. `fork` starts them at once, but only where no other thread runs."""
    method = "fork" if fork and CAN_FORK else "spawn"
    return ProcessPoolExecutor(
        workers(),
        mp_context=multiprocessing.get_context(method),
        initializer=_start_worker,
        initargs=(job,),
    )


_job: Job | None = None


def _start_worker(job: Job) -> None:
    global _job
    _job = job
    list(load_collectors())
    registry()
    gc.disable()  # trees are freed by reference counts; collections only cost time here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """An editor may kill the server without a word: its workers must not live on."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def learn_batch(entries: list[Entry]) -> bytes:
    """In a worker: what the files of a batch say about the context; msgpack of `Learned`."""
    assert _job is not None
    root = Path(_job.root)
    found = ((one.path, context_facts(root, one.path)) for one in entries)
    return msgspec.msgpack.encode(
        [(path, facts.encode()) for path, facts in found if facts is not None]
    )


def run_batch(entries: list[Entry]) -> bytes:
    """In a worker: check a batch; msgpack of tuple[FileResult, ...]."""
    assert _job is not None
    return msgspec.msgpack.encode(tuple(run(_job, entries)))
