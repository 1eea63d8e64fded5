"""How fast the grader is: run `make bench`, read the ratios.

Knows how to time whole commands on copies of lab 2's solution, and how two other graders are used on it. Refuses to
judge: seconds belong to a machine and to what else it does, so each row begins with the ratio of two of one run.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import nbclient
import nbformat
import torch
from bench_classes import HEADING, whole_classes
from nbformat import NotebookNode

from grader.authoring.notebooks import answered, solution_notebook
from grader.judge.model import Conditions
from grader.kernel import answers
from grader.labs import all_labs
from grader.runner.grading import ask_all, prepare
from grader.runner.session import Session
from grader.runner.starting import Cold, Warm

ROOT = Path(__file__).parents[1]
NAME = "lab2_graphs"
FEW, MANY, OTHERS = 10, 110, 4
"""Notebooks in a small class and in a large one, and in the class that other graders get."""

ONE = "one = torch.ones((), dtype=torch.float64)"
ASSERTED = {
    "path_gradient": "assert path_gradient(one, one)[0] == 34",
    "relu_neuron_gradient": "assert relu_neuron_gradient(one, one, one)[0] == 1",
    "sigmoid_neuron_gradient": "assert abs(sigmoid_neuron_gradient(one, one, one)[0] - 0.1049936) < 1e-6",
    "exponential_gradient": "assert abs(exponential_gradient(one) + 0.0974440036) < 1e-8",
    "polynomial_gradient": "assert polynomial_gradient(2 * one) == 326",
    "tanh_log_backward": 'assert abs(tanh_log_backward(one, one, one)["df_dx"] - 0.2086996) < 1e-6',
    "ratio_gradient": "assert ratio_gradient(one, 0 * one) == (-7, 7)",
}
"""A test for each exercise, as the other graders take them: the values that the lab's text gives."""

Other: TypeAlias = tuple[str, int, Callable[[], float]]
"""Another grader, how many of its processes work at a time, and a measurement of one more notebook in seconds."""


def row(slow: str, fast: str, costs: Iterable[float], unit: str = "s") -> str:
    """A line of the table: `slow` costs so many times what `fast` does; both in seconds or MB."""
    high, low = costs
    words = (f"{1000 * cost:.0f} ms" if unit == "s" and cost < 1 else f"{cost:.3g} {unit}" for cost in (high, low))
    return f"| {high / low:.1f} | {slow} | {next(words)} | {fast} | {next(words)} |"


def notebook() -> NotebookNode:
    """Lab 2's solution: what a student hands in who is right throughout."""
    return solution_notebook((ROOT / "solutions" / f"{NAME}.py").read_text("utf-8"))


def wall(*command: str | Path, folder: Path = ROOT) -> float:
    """Seconds that a command takes, its own environment active. Raises RuntimeError with what it said last."""
    env = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    began = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if ended.returncode:
        said = (ended.stdout + ended.stderr).strip().rpartition("\n")[2]
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {said}")
    return seconds


def medians(repeats: int, *measures: Callable[[], float]) -> list[float]:
    """The median of each measurement. They take turns, so that what else the machine does falls on all alike."""
    rounds = [[measure() for measure in measures] for _ in range(repeats)]
    return [statistics.median(costs) for costs in zip(*rounds, strict=True)]


def graded(students: int, jobs: int) -> float:
    """Seconds for grading a class in which every student hands in the solution."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as out:
        for number in range(students):
            home = Path(folder) / f"student{number:03}"
            home.mkdir()
            nbformat.write(notebook(), home / f"{NAME}.ipynb")
        return wall(sys.executable, "-m", "grader", "grade", folder, "--out", out, "--jobs", str(jobs))


def started() -> float:
    """Seconds from the command line to the first line of the first notebook, which prints when it runs."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as out:
        code = "import time\nprint('began', time.time())\ndef polynomial(x):\n    return x"
        clock = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        (Path(folder) / "student").mkdir()
        nbformat.write(clock, Path(folder) / "student" / f"{NAME}.ipynb")
        now = time.time()
        wall(sys.executable, "-m", "grader", "grade", folder, "--out", out)
        page = Path(out, "feedback", "student", f"{NAME}.html").read_text("utf-8")
    return float(re.findall(r"began (\d+\.\d+)", page)[0]) - now


def one_more(jobs: int) -> float:
    """Seconds that one more notebook adds to a run."""
    return (graded(MANY, jobs) - graded(FEW, jobs)) / (MANY - FEW)


def cold_kernel() -> float:
    """Seconds for running the same cells in a Jupyter kernel that starts for them."""
    client, began = nbclient.NotebookClient(notebook(), kernel_name="python3"), time.perf_counter()
    client.execute(stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def private(make: Callable[[], Warm | Cold]) -> float:
    """Megabytes that a notebook's process shares with no other, once every question has been asked."""
    posed = prepare(next(lab for lab in all_labs() if lab.name == NAME), Conditions("bench"))
    with closing(make()) as starter, Session(starter=starter) as session:
        session.run([cell.source for cell in notebook().cells if cell.cell_type == "code"])
        ask_all(session, posed)
        parent = os.getpid()
        if isinstance(starter, Warm):
            assert starter._popen is not None
            parent = starter._popen.pid
        (child,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        fields = map(str.split, Path(f"/proc/{child}/smaps_rollup").read_text().splitlines())
        return sum(int(words[1]) for words in fields if words[0] in ("Private_Clean:", "Private_Dirty:")) / 1024


def own_work() -> float:
    """Seconds of the notebook's own work: its cells, its functions as often as they are called, and their gradients."""
    spent = 0.0

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal spent
            began = time.perf_counter()
            try:
                return work(*arguments, **options)
            finally:
                spent += time.perf_counter() - began

        return run

    names: dict[str, Any] = {"display": print}
    posed = prepare(next(lab for lab in all_labs() if lab.name == NAME), Conditions("bench"))
    asked = [ask for question in posed.trials for trial in question for ask in trial.asks]
    with redirect_stdout(io.StringIO()):
        timed(exec)("\n".join(cell.source for cell in notebook().cells if cell.cell_type == "code"), names)
        with (
            patch.object(answers.Visit, "call", timed(answers.Visit.call)),
            patch.object(answers, "_grad", timed(torch.autograd.grad)),
        ):
            for ask in asked:
                answers.answer(ask, answers.Namespace(names, "cpu", lambda _: False))
    return spent


def ours(repeats: int) -> Iterator[str]:
    """What can be measured without another grader."""
    costs = medians(repeats, cold_kernel, partial(one_more, 2))
    yield row("a cold kernel that runs the cells", "one more notebook, two jobs", costs)
    more, own = medians(repeats, partial(one_more, 1), own_work)
    yield row("one more notebook, one job", "its own cells and functions", (more, own))
    yield f"| | of it not its own | {1000 * (more - own):.0f} ms | | |"
    costs = medians(repeats, started, partial(wall, sys.executable, "-c", "import torch, sympy"))
    yield row("a run, up to the first line of its first notebook", "`import torch, sympy`", costs)
    costs = medians(repeats, partial(private, Cold), partial(private, Warm))
    yield row("private memory of a cold process", "of a forked one", costs, "MB")


def installed(cache: Path, package: str, version: str) -> Path:
    """The folder with another grader's programs, in an environment with our torch and nothing of ours."""
    home = cache.resolve() / f"{package}-{version}"
    if not (home / "ready").exists():
        wall(sys.executable, "-m", "venv", "--clear", home)
        same = f"torch=={torch.__version__.partition('+')[0]}"
        # In this order, because a package that asks for any torch may get one built for CUDA.
        for wanted in ([same], [same, "ipykernel", f"{package}=={version}"]):
            wall(home / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted)
        (home / "ready").touch()
    return home / "bin"


def nbgrader_notebook() -> NotebookNode:
    """The solution with a locked cell of tests after each exercise."""
    assignment, cells = notebook(), []
    for cell in assignment.cells:
        cells.append(cell)
        for name in answered(cell.source, ASSERTED) if cell.cell_type == "code" else ():
            test = nbformat.v4.new_code_cell(f"{ONE}\n{ASSERTED[name]}")
            for each, tests in ((cell, False), (test, True)):
                roles = {"grade": tests, "locked": tests, "solution": not tests, "task": False}
                each.metadata.nbgrader = {"grade_id": f"{name}_{tests}", "points": 1, "schema_version": 3, **roles}
            cells.append(test)
    assignment.cells = cells
    return assignment


def nbgrader(version: str, cache: Path, folder: Path) -> list[Other]:
    """A course of nbgrader's with the lab released, and handed in by a few. Raises RuntimeError."""
    program = installed(cache, "nbgrader", version) / "nbgrader"
    for room in ("source", *(f"submitted/student{number}" for number in range(OTHERS))):
        (folder / room / NAME).mkdir(parents=True)
        nbformat.write(nbgrader_notebook(), folder / room / NAME / f"{NAME}.ipynb")
    wall(program, "generate_assignment", NAME, folder=folder)
    command = program, "autograde", NAME, "--force"

    def measure() -> float:
        return (wall(*command, folder=folder) - wall(*command, "--student=student0", folder=folder)) / (OTHERS - 1)

    measure()
    wall(program, "export", folder=folder)
    scores = [float(row["score"]) for row in csv.DictReader((folder / "grades.csv").open())]
    if scores != [len(ASSERTED)] * OTHERS:
        raise RuntimeError(f"it gave {scores} points")
    return [(f"nbgrader {version}, `autograde`", 1, measure)]


def otter(version: str, cache: Path, folder: Path) -> list[Other]:
    """An autograder of otter's with the same tests, without containers. Raises RuntimeError."""
    program = installed(cache, "otter-grader", version) / "otter"
    for room in ("tests", *(f"out{number}" for number in range(OTHERS))):
        (folder / room).mkdir()
    for name, asserted in ASSERTED.items():
        case = {"code": f">>> {ONE}\n>>> {asserted}", "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": name, "points": 1, "suites": [suite]}
        (folder / "tests" / f"{name}.py").write_text(f"OK_FORMAT = True\n\ntest = {test}\n", "utf-8")
    nbformat.write(notebook(), folder / f"{NAME}.ipynb")
    wall(program, "generate", "--tests-dir", "tests", "--output-path", "autograder.zip", folder=folder)
    command = program, "run", "--autograder", "autograder.zip", f"{NAME}.ipynb", "--output-dir"

    def measure(processes: int) -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(lambda number: wall(*command, f"out{number}", folder=folder), range(OTHERS)))
        return (time.perf_counter() - began) / OTHERS

    measure(2)
    told = json.loads((folder / "out0" / "results.json").read_text("utf-8"))["tests"]
    if (score := sum(test.get("score", 0) for test in told)) != len(ASSERTED):
        raise RuntimeError(f"it gave {score} points")
    return [(f"otter-grader {version}, `run`, {n} at a time", n, partial(measure, n)) for n in (1, 2)]


def others(options: argparse.Namespace) -> Iterator[str]:
    """The same notebook in other graders, beside ours with as many processes."""
    with tempfile.TemporaryDirectory() as folder:
        found: list[Other] = []
        for name, prepare in (("nbgrader", nbgrader), ("otter", otter)):
            (home := Path(folder) / name).mkdir()
            try:
                found += prepare(getattr(options, name), options.cache or Path(folder), home)
            except RuntimeError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
        measures = [measure for _, _, measure in found]
        costs = medians(options.repeats, partial(one_more, 1), partial(one_more, 2), *measures) if found else [0.0] * 2
        for (words, processes, _), cost in zip(found, costs[2:], strict=True):
            jobs = ("one job", "two jobs")[processes - 1]
            yield row(words, f"one more notebook, {jobs}", (cost, costs[processes - 1]))


def machine() -> str:
    """What the numbers were measured on, and when."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, nbclient {nbclient.__version__}"
    return f"{os.cpu_count()} cores ({processor}), {versions}, {datetime.now(UTC):%Y-%m-%d}"


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="each number is the median of so many")
    sizes = "sizes of the classes in which every notebook differs"
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 400, 2000], help=sizes)
    parser.add_argument("--only-ours", action="store_true", help="leave other graders out, which need a network")
    parser.add_argument("--nbgrader", default="0.9.6", help="its version")
    parser.add_argument("--otter", default="7.0", help="its version")
    parser.add_argument("--cache", type=Path, help="where other graders are kept installed; default: nowhere")
    options = parser.parse_args()
    print(f"{machine()}; medians of {options.repeats}\n")
    print("| times | this | costs | what this does | costs |\n|---:|---|---:|---|---:|")
    for line in chain(ours(options.repeats), () if options.only_ours else others(options)):
        print(line, flush=True)
    print(f"\n{HEADING}")
    for line in whole_classes(NAME, options.sizes, statistics.median(cold_kernel() for _ in range(options.repeats))):
        print(line, flush=True)


if __name__ == "__main__":
    main()
