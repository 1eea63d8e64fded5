"""The command line as a person meets it: exit codes, sentences, files."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]

RIGHT = "import torch\ndef polynomial(x):\n    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3"


def notebook(path: Path, *cells: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), path)
    return path


def grader(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=ROOT)


def report(out: Path) -> list[dict[str, object]]:
    found = json.loads((out / "report.json").read_text("utf-8"))
    assert found["version"] == 1
    return found["results"]


def test_a_class_is_graded_and_filed(tmp_path: Path) -> None:
    notebook(tmp_path / "class" / "s01" / "anything.ipynb", RIGHT)
    notebook(tmp_path / "class" / "s02" / "lab2.ipynb", "def polynomial(x):\n    return 0 * x")
    done = grader("grade", tmp_path / "class", "--out", tmp_path / "out", "--seed", "cli")
    assert done.returncode == 0, done.stderr
    assert "s01" in done.stdout
    assert str(tmp_path / "out" / "index.html") in done.stdout
    one, two = report(tmp_path / "out")
    assert (one["lab"], one["score"], one["max_score"], one["status"]) == ("lab2_graphs", 1.0, 25.0, "graded")
    assert two["score"] == 0
    (row,) = [q for q in two["questions"] if q["name"] == "polynomial"]
    assert (row["status"], row["note"], row["points"]) == ("fail", "wrong_value", 1.0)
    with (tmp_path / "out" / "gradebook.csv").open(newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading[0] == "student" and heading[-1] == "total"
    assert [(r[0], r[2], r[-1]) for r in rows] == [("s01", "1", "1"), ("s02", "0", "0")]
    assert (tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html").exists()


def test_where_the_judging_fails_everything_else_is_graded_and_it_is_graded_again(tmp_path: Path) -> None:
    """A defect in the judge, planted: it must not take the class with it, nor pass for a mark."""
    code = """
import sys
from grader.runner import grading
from grader.__main__ import app
judge = grading.judge
def broken(question, *rest):
    if question.name == "polynomial_gradient":
        raise IndexError("planted")
    return judge(question, *rest)
grading.judge = broken if sys.argv.pop(1) == "broken" else judge
app()
"""
    notebook(tmp_path / "class" / "s01" / "lab2.ipynb", RIGHT, "def polynomial_gradient(x):\n    return x")
    given = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out")]
    ran = [
        subprocess.run([sys.executable, "-c", code, how, *given], capture_output=True, text=True, check=False, cwd=ROOT)
        for how in ("broken", "whole")
    ]
    assert [done.returncode for done in ran] == [3, 0]
    assert "IndexError: planted" in ran[0].stderr
    assert "The grader itself failed at 1 answers" in ran[0].stderr
    marks = {mark["name"]: mark for mark in report(tmp_path / "out")[0]["questions"]}
    assert (marks["polynomial"]["note"], marks["polynomial_gradient"]["note"]) == ("correct", "wrong_value")


def test_the_same_seed_gives_the_same_report(tmp_path: Path) -> None:
    path = notebook(tmp_path / "s01" / "lab2.ipynb", "def polynomial(x):\n    return 7 * x")
    for out in ("one", "two"):
        grader("grade", path, "--out", tmp_path / out, "--seed", "again")
    one, two = (report(tmp_path / out)[0]["questions"] for out in ("one", "two"))
    assert one == two


def test_what_cannot_be_graded_is_said_and_the_rest_is_graded(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    notebook(folder / "s01" / "lab2.ipynb", RIGHT)
    notebook(folder / "s02" / "other.ipynb", "x = 1")
    (folder / "s03").mkdir()
    (folder / "s03" / "lab1.ipynb").write_text("this is no notebook")
    (folder / "s04").mkdir()
    (folder / "s04" / "lab1.ipynb").write_text('{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}')
    (folder / "s05").mkdir()
    done = grader("grade", folder, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "No notebook (.ipynb) lies in the folder of: s05." in done.stdout
    assert "3 of 4 notebooks could not be graded." in done.stdout
    results = {r["student"]: r for r in report(tmp_path / "out")}
    assert results["s01"]["status"] == "graded"
    assert "defines no function or variable of" in results["s02"]["problem"]
    assert "no notebook, because it is no JSON" in results["s03"]["problem"]
    assert "format 99" in results["s04"]["problem"]
    assert all(results[s]["status"] == "unreadable" for s in ("s02", "s03", "s04"))
    assert "Traceback" not in done.stdout + done.stderr


def test_a_notebook_of_format_3_is_graded(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "input": RIGHT, "language": "python", "outputs": [], "metadata": {}}]
    content = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    (tmp_path / "s01").mkdir()
    (tmp_path / "s01" / "old.ipynb").write_text(json.dumps(content))
    assert grader("grade", tmp_path / "s01", "--out", tmp_path / "out").returncode == 0
    assert report(tmp_path / "out")[0]["score"] == 1


def test_of_two_notebooks_for_one_lab_the_newer_counts(tmp_path: Path) -> None:
    old = notebook(tmp_path / "s01" / "a.ipynb", RIGHT)
    notebook(tmp_path / "s01" / "b.ipynb", "def polynomial(x):\n    return x")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    grader("grade", tmp_path / "s01", "--out", tmp_path / "out")
    (result,) = report(tmp_path / "out")
    assert result["file"].endswith("b.ipynb")
    assert result["remarks"] == [
        "Of two notebooks for this lab, b.ipynb was graded, the newer by its file's date; a.ipynb was not."
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no/such/folder", "--out", "OUT"), "There is no file or folder called no/such/folder."),
        (("EMPTY", "--out", "OUT"), "No notebooks were found in"),
        (("NOTEBOOK", "--out", "FILE"), "cannot be written"),
        (("NOTEBOOK", "--out", "OUT", "--lab", "lab9"), "There is no lab called lab9. There are: lab1_tensors"),
        (("NOTEBOOK", "--out", "OUT", "--lab", "lab5_backprop"), "None of these notebooks is of lab5_backprop."),
        (("NOTEBOOK", "--out", "OUT", "--secret", "s"), "--secret is of use only with --roster."),
        (("NOTEBOOK", "--out", "OUT", "--limits", "TIGHT"), "With these limits no notebook can be confined ("),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "tight.toml").write_text("[limits]\nmemory_mib = 1\n")
    places = {
        "OUT": tmp_path / "out",
        "EMPTY": tmp_path / "empty",
        "FILE": tmp_path / "file" / "out",
        "TIGHT": tmp_path / "tight.toml",
        "NOTEBOOK": notebook(tmp_path / "s01" / "n.ipynb", RIGHT),
    }
    done = grader("grade", *(places.get(a, a) for a in arguments))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("percent", ["-1", "101", "nan"])
def test_a_share_is_between_0_and_100(tmp_path: Path, percent: str) -> None:
    path = notebook(tmp_path / "s01" / "n.ipynb", RIGHT)
    done = grader("grade", path, "--out", tmp_path / "out", "--fail-under", percent)
    assert (done.returncode, "--fail-under" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", [("build",), ("verify",), ("release", "--roster", "r.csv", "--out", "OUT")])
def test_a_folder_that_is_not_the_projects_is_wrong_usage(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = grader(*command, "--root", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no folder called ")
    assert done.stderr.endswith("solutions: name the project's folder with --root.\n")


def test_cuda_that_is_not_there_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    path = notebook(tmp_path / "s01" / "n.ipynb", RIGHT)
    done = grader("grade", path, "--out", tmp_path / "out", "--device", "cuda")
    assert done.returncode == 2
    assert done.stderr == "This machine has no CUDA device that torch can use; grade with --device cpu.\n"


def test_falling_below_what_was_asked_is_exit_1(tmp_path: Path) -> None:
    path = notebook(tmp_path / "s01" / "n.ipynb", RIGHT)
    done = grader("grade", path, "--out", tmp_path / "out", "--fail-under", "50")
    assert done.returncode == 1
    assert "1 of 1 notebooks earned less than 50 %." in done.stdout


def test_an_interrupted_run_keeps_what_is_graded(tmp_path: Path) -> None:
    notebook(tmp_path / "class" / "s01" / "n.ipynb", RIGHT)
    notebook(tmp_path / "class" / "s02" / "n.ipynb", RIGHT, "while True:\n    pass")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "grader", "grade", str(tmp_path / "class"), "--out", str(out), "--jobs", "2"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (out / "feedback" / "s01").exists():
        time.sleep(0.1)
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    said, wrong = running.communicate(timeout=30)
    assert running.returncode == 1, wrong
    assert "Interrupted: 1 of 2 notebooks are graded" in said
    assert time.monotonic() - began < 10
    assert [r["student"] for r in report(out)] == ["s01"]


def test_a_run_taken_up_grades_only_what_is_missing_or_changed(tmp_path: Path) -> None:
    one = notebook(tmp_path / "class" / "s01" / "n.ipynb", RIGHT)
    notebook(tmp_path / "class" / "s02" / "n.ipynb", RIGHT)
    first = grader("grade", tmp_path / "class", "--out", tmp_path / "out")
    again = grader("grade", tmp_path / "class", "--out", tmp_path / "out")
    assert "have not changed" not in first.stdout
    assert "2 notebooks have not changed since they were graded" in again.stdout
    before = report(tmp_path / "out")
    notebook(one, "def polynomial(x):\n    return x")
    changed = grader("grade", tmp_path / "class", "--out", tmp_path / "out")
    assert "1 notebooks have not changed" in changed.stdout
    after = report(tmp_path / "out")
    assert [r["score"] for r in after] == [0.0, 1.0]
    assert after[1] == before[1]
    forced = grader("grade", tmp_path / "class", "--out", tmp_path / "out", "--force", "--seed", "other")
    assert "have not changed" not in forced.stdout
    assert [r["score"] for r in report(tmp_path / "out")] == [0.0, 1.0]


def seeds(out: Path) -> tuple[str, dict[str, str]]:
    """A run's own seed, and that of each student's points."""
    return json.loads((out / "report.json").read_text("utf-8"))["seed"], {r["student"]: r["seed"] for r in report(out)}


def test_what_is_graded_anew_gets_new_points_and_what_is_kept_keeps_its_own(tmp_path: Path) -> None:
    notebook(tmp_path / "class" / "s01" / "n.ipynb", RIGHT)
    out = tmp_path / "out"
    grader("grade", tmp_path / "class", "--out", out)
    first, _ = seeds(out)
    notebook(tmp_path / "class" / "s02" / "n.ipynb", RIGHT)
    grader("grade", tmp_path / "class", "--out", out)
    second, drawn = seeds(out)
    assert first != second
    assert drawn == {"s01": first, "s02": second}

    again = grader("grade", tmp_path / "class", "--out", out, "--seed", second)
    assert "1 notebooks have not changed" in again.stdout, "what has its points from another seed is graded again"
    assert seeds(out) == (second, {"s01": second, "s02": second})


def test_a_notebook_graded_unconfined_says_so(tmp_path: Path) -> None:
    path = notebook(tmp_path / "s01" / "n.ipynb", RIGHT)
    done = grader("grade", path, "--out", tmp_path / "out", "--unconfined")
    assert done.returncode == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["confinement"] == []
    assert "unconfined" in (tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html").read_text("utf-8")


def test_what_was_graded_unconfined_is_not_kept_by_a_confined_run(tmp_path: Path) -> None:
    path = notebook(tmp_path / "s01" / "lab2.ipynb", RIGHT)
    for options in (("--unconfined",), ()):
        done = grader("grade", path, "--out", tmp_path / "out", *options)
        assert done.returncode == 0, done.stderr
    assert "have not changed" not in done.stdout
    page = (tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html").read_text("utf-8")
    assert "unconfined" not in page
