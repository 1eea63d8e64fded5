"""How fast whole classes are graded, how much memory that takes, and what a rerun costs: the second table of `bench`.

Knows classes in which every cell of every notebook differs, as in a real one. Refuses to judge.
"""

from __future__ import annotations

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

PEAK = """
import sys
from grader.__main__ import app
try:
    app(standalone_mode=False)
finally:
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
"""
"""The command line, which says at its end how many KiB it had in memory at most."""


def run_of(class_: Path, out: Path, jobs: int) -> tuple[float, float]:
    """Seconds for grading a class into a folder, and the most memory that the grader itself had, in MB."""
    command: list[str | Path] = [sys.executable, "-c", PEAK, "grade", class_, "--out", out, "--jobs", str(jobs)]
    began = time.perf_counter()
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise RuntimeError(f"a class was not graded: {ended.stderr.strip()}")
    return seconds, int(ended.stderr.split()[-1]) / 1024


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
