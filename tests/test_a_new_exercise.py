"""A new exercise is its prose and solution, its declaration and its mistakes: no test has to know of it.

It takes longest of all, and is the first by name, so that nothing waits for it at the end.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".*_cache", "__pycache__", ".venv", ".git", ".hypothesis", "out")
UNTOUCHED = ("test_structure", "test_judging", "test_readme")
"""Tests that read all questions, or what is written of them."""

SOLUTION = '''# %% [markdown]
# ## A cube
#
# Compute $c = t^3$, and its derivative by hand. (1 point each, 2 minutes)

# %%
def cube(t: Tensor) -> Tensor:
    """Compute t^3.

    t: 0-d
    returns: 0-d
    """
    return t * t * t


def cube_gradient(t: Tensor) -> Tensor:
    """Compute the derivative of `cube` by hand.

    t: 0-d
    returns: 0-d
    """
    return 3 * t * t


'''
DECLARED = """t, cubed = symbols("t cubed", real=True)
CUBE = Problem(Graph((t,), {cubed: t**3}), Domain(), ("t",), cubed)
"""
QUESTIONS = """        Question("cube", 1, (GradientCheck(forward(CUBE), "cubed", of=("cubed",)),)),
        Question("cube_gradient", 1, by_hand(CUBE, "dcubed_dt", ("cube", "cubed"))),
"""
MISTAKES = [
    ("cube", "return t * t * t", "return t * t", "wrong_exponent"),
    ("cube", "return t * t * t", "return t + t + t", "wrong_exponent"),
    ("cube", "return t * t * t", "return t * t * t + 1", "wrong_value"),
    ("cube_gradient", "return 3 * t * t", "return 3 * t * t * t", "exponent_not_reduced"),
    ("cube_gradient", "return 3 * t * t", "return t * t", "exponent_lost"),
    ("cube_gradient", "return 3 * t * t", "return t * t * t", "value_for_gradient"),
]
"""Three for each function: what stands in the solution, what becomes of it, and the note that it deserves."""


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with one more exercise in lab 2, as CONTRIBUTING says how."""
    copied = tmp_path / "project"
    shutil.copytree(ROOT, copied, ignore=LEFT_OUT)
    prose = copied / "solutions" / "lab2_graphs.py"
    changed(prose, "# %% [markdown]\n# ## What to remember\n", SOLUTION + "# %% [markdown]\n# ## What to remember\n")
    changed(prose, "The lab is worth 25 points.", "The lab is worth 27 points.")
    declared = copied / "grader" / "labs" / "lab2_graphs.py"
    changed(declared, "WORKED = {\n", DECLARED + "\nWORKED = {\n")
    changed(declared, '        Question("polynomial", 1,', QUESTIONS + '        Question("polynomial", 1,')
    mistakes = copied / "tests" / "mistakes" / "lab2_graphs.toml"
    with mistakes.open("a", encoding="utf-8") as file:
        for name, old, new, note in MISTAKES:
            file.write(f'\n[[{name}]]\nslip = "{new}"\nold = "{old}"\nnew = "{new}"\nnote = "{note}"\n')
    changed(copied / "README.md", "| Computational graphs | 25 |", "| Computational graphs | 27 |")
    return copied


def run_in(folder: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_new_exercise_is_built_verified_and_changes_no_test(copy: Path) -> None:
    run_in(copy, "-m", "grader", "build")
    assert "cube_gradient" in (copy / "labs" / "lab2_graphs.ipynb").read_text("utf-8")
    alone = [part for name in ("cube", "cube_gradient") for part in ("--exercise", name)]
    assert "solution 27 of 27, blank 0" in run_in(copy, "-m", "grader", "verify", "--lab", "lab2_graphs", *alone)
    run_in(copy, "-m", "pytest", "-q", *(f"tests/{name}.py" for name in UNTOUCHED))
