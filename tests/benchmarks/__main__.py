"""Measures what users wait for: `python -m tests.benchmarks [TREE]`.

TREE is a folder with real Elixir projects; without it the shop is scanned. Figures of one run
belong together: machines differ and are noisy, so read the ratios. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.editor import Typist

SHOP = Path(__file__).parent.parent / "shop"
RETORT = [sys.executable, "-m", "lsp_server"]


def parse_files(paths: list[str]) -> int:
    """Parse files and nothing else: what a scan is compared with."""
    import tree_sitter

    from lsp_server.syntax.node import LANGUAGE

    parser = tree_sitter.Parser(LANGUAGE)
    size = 0
    for path in paths:
        source = Path(path).read_bytes()
        size += len(source)
        parser.parse(source)
    return size


def elixir_files(tree: Path) -> list[str]:
    from lsp_server.config import Settings
    from lsp_server.project.files import project_files

    return [
        str(tree / one.path)
        for one in project_files(tree, Settings())
        if one.path.endswith((".ex", ".exs"))
    ]


def pure_parse(tree: Path, processes: int) -> tuple[float, int, int]:
    """Seconds to parse all Elixir files of a tree, and how many files and bytes they are."""
    files = elixir_files(tree)
    parts = [files[start::32] for start in range(32)]
    begun = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        size = sum(pool.map(parse_files, parts))
    return time.perf_counter() - begun, len(files), size


def timed(command: list[str], **env: str) -> tuple[float, int]:
    """Seconds and peak memory (KB, the largest process) of a command."""
    import resource

    begun = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{command} ended with {done.returncode}")
    return time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def scans(tree: Path, runs: int) -> Iterator[tuple[str, str]]:
    """Rows about a cold and a warm check of a tree, beside a pure parse."""
    from lsp_server.project.scan import workers

    processes = workers()
    command = [*RETORT, "check", str(tree), "--quiet", "--statistics", "--fail-on", "never"]
    cold, warm, parse = [], [], []
    memory = files = size = 0
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(runs):
            seconds, files, size = pure_parse(tree, processes)
            parse.append(seconds)
            seconds, memory = timed([*command, "--no-cache"], RETORT_CACHE_DIR=cache)
            cold.append(seconds)
        timed(command, RETORT_CACHE_DIR=cache)
        time.sleep(2.1)  # files that are younger than the clock's grain are read again
        timed(command, RETORT_CACHE_DIR=cache)
        for _ in range(runs):
            warm.append(timed(command, RETORT_CACHE_DIR=cache)[0])
    base = statistics.median(parse)
    yield "Elixir files", f"{files} files, {size / 1e6:.1f} MB, {processes} processes"
    yield "pure parse of them", f"{base:.2f} s"
    cold_median, warm_median = statistics.median(cold), statistics.median(warm)
    yield (
        "cold check (all files, templates too)",
        f"{cold_median:.2f} s = {cold_median / base:.2f} × parse",
    )
    yield "warm check", f"{warm_median:.2f} s = {warm_median / base:.2f} × parse"
    yield "peak memory of the largest process", f"{memory / 1024:.0f} MB"


def starts(runs: int) -> Iterator[tuple[str, str]]:
    """Rows about start-up."""
    bare = statistics.median(timed([sys.executable, "-c", ""])[0] for _ in range(runs))
    version = statistics.median(timed([*RETORT, "--version"])[0] for _ in range(runs))
    yield "a bare Python", f"{bare * 1000:.0f} ms"
    yield "retort --version", f"{version * 1000:.0f} ms"
    answers = []
    for _ in range(runs):
        with Typist(RETORT) as typist:
            answers.append(typist.started)
    yield "initialize answered", f"{statistics.median(answers) * 1000:.0f} ms after the start"


def keystrokes(lines: int, strokes: int) -> Iterator[tuple[str, str]]:
    """Rows about the time from a keystroke to its diagnostics, over stdio."""
    with Typist(RETORT) as typist:
        took = sorted(typist.type_in_a_module(lines, strokes))
    p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
    yield f"keystroke at {lines} lines", f"p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"


def compile_once() -> None:
    """Have the modules compiled, as pip leaves them: some machines tell Python to keep nothing, and
    would compile 400 modules in each run."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    timed([*RETORT, "rules"])
    timed([*RETORT, "check", str(SHOP), "--quiet", "--fail-on", "never", "--no-cache"])


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("tree", nargs="?", type=Path, default=SHOP)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--strokes", type=int, default=200)
    given = parser.parse_args()
    compile_once()
    table = Table("what", "figure")
    for lines in (200, 2_000, 10_000):
        for row in keystrokes(lines, given.strokes):
            table.add_row(*row)
    for row in starts(given.runs):
        table.add_row(*row)
    for row in scans(given.tree, given.runs):
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
