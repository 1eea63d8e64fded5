"""The labs' sheets as tests read them: the text, its prose, its hints, and what its code does when it runs."""

import contextlib
import io
import re
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from grader.authoring.notebooks import solution_notebook

SOLUTIONS = Path(__file__).parents[1] / "solutions"
HINT = re.compile(r"<details><summary>Hint (\d+) for (\w+)</summary>\n\n(.+?)\n\n</details>", re.DOTALL)
"""A hint's number, the exercise that it is for, and its text."""
PLOTS = 3
"""Figures that a lab may have: they are drawn in every notebook that is graded."""


def sheet(name: str) -> str:
    """The text of a lab's solution."""
    return (SOLUTIONS / f"{name}.py").read_text("utf-8")


def prose(name: str) -> str:
    """Its comments, line by line."""
    lines = sheet(name).splitlines()
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#"))


def words(name: str) -> str:
    """All of it in one line: where a sentence is broken does not matter then."""
    return " ".join(" ".join(line.removeprefix("#") for line in sheet(name).splitlines()).split())


def cells(name: str) -> list[Any]:
    """Its cells, without those that need the package."""
    found: list[Any] = solution_notebook(sheet(name)).cells
    return found


@dataclass(frozen=True)
class SheetRun:
    """What a sheet leaves and prints when it runs."""

    names: dict[str, Any]
    told: str


def run(name: str) -> SheetRun:
    """Run a sheet without a display; it draws, and not too much."""
    plt.switch_backend("agg")
    # Another test of this process may have left some.
    plt.close("all")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), mpl.rc_context():
        names = runpy.run_path(str(SOLUTIONS / f"{name}.py"))
    made = len(plt.get_fignums())
    plt.close("all")
    assert 1 <= made <= PLOTS
    return SheetRun(names, printed.getvalue())
