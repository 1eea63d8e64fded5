"""How fast whole classes are graded, how much memory that takes, and what a rerun costs: the second table of `bench`.

Knows classes in which every cell of every notebook differs, as in a real one. Refuses to judge.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from classes import write_class

ROOT = Path(__file__).parents[1]
HEADING = """\
| notebooks | jobs | a second | times a cold kernel | one more | the grader's memory | a rerun, one more |
|---:|---:|---:|---:|---:|---:|---:|"""

LOOK = 0.2
"""Seconds between two looks at the memory."""


def memory(out: Path) -> int:
    """KiB that the processes of the grader have which files into this folder; what several share counts once."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(out) in (process / "cmdline").read_bytes().split(b"\0"):
                lines = (process / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def run_of(class_: Path, out: Path, jobs: int) -> tuple[float, float]:
    """Seconds for grading a class into a folder, and the most memory that was seen of the grader itself, in MB."""
    command: list[str | Path] = [sys.executable, "-m", "grader", "grade", class_, "--out", out, "--jobs", str(jobs)]
    began, most = time.perf_counter(), 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            most = max(most, memory(out))
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(LOOK)
        seconds = time.perf_counter() - began
        assert running.stderr is not None
        if running.returncode:
            raise RuntimeError(f"a class was not graded: {running.stderr.read().strip()}")
    return seconds, most / 1024


def whole_classes(lab: str, sizes: Sequence[int], kernel: float) -> Iterator[str]:
    """A line for every size and number of jobs: a class in which every cell of every notebook differs.

    `kernel` are the seconds of a cold kernel in this run. A notebook's time is of what it adds to a run of one.
    """
    with tempfile.TemporaryDirectory() as folder:
        start = {}
        for size in (1, *sizes):
            # The same seed: a larger class is the smaller one with more students.
            write_class(Path(folder, "class"), [lab], size, "bench")
            for jobs in (1, 2):
                out = Path(folder, f"{size}-{jobs}")
                seconds, peak = run_of(Path(folder, "class"), out, jobs)
                again, _ = run_of(Path(folder, "class"), out, jobs)
                shutil.rmtree(out)
                if size == 1:
                    start[jobs] = seconds, again
                    continue
                each, rerun = (seconds - start[jobs][0]) / (size - 1), (again - start[jobs][1]) / (size - 1)
                costs = f"{1 / each:.1f} | {kernel / each:.1f} | {1000 * each:.0f} ms"
                yield f"| {size} | {jobs} | {costs} | {peak:.0f} MB | {1000 * rerun:.1f} ms |"
