"""The command line as a person meets it: exit codes, sentences, files."""

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import typer
from commands import grader

from grader.__main__ import fill
from grader.desk.locking import OccupiedError, occupy
from grader.judge.model import Question
from grader.runner import grading, marking
from grader.runner.grading import Assignment

ROOT = Path(__file__).parents[1]

RIGHT = "import torch\ndef polynomial(x):\n    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3"


def notebook(path: Path, *cells: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), path)
    return path


def report(out: Path) -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text("utf-8"))
    assert found["version"] == 2
    results: list[dict[str, Any]] = found["results"]
    return results


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
    assert heading[0] == "student" and heading[-2:] == ["total", "status"]
    assert [(r[0], r[2], r[-2]) for r in rows] == [("s01", "1", "1"), ("s02", "0", "0")]
    assert (tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html").exists()


def break_the_judge() -> None:
    """A defect in the judge, planted: one question's judging fails."""
    module: Any = grading
    judge = module.judge

    def broken(question: Question, *rest: Any) -> Any:
        if question.name == "polynomial_gradient":
            raise IndexError("planted")
        return judge(question, *rest)

    module.judge = broken


def test_where_the_judging_fails_everything_else_is_graded_and_it_is_graded_again(tmp_path: Path) -> None:
    """It must not take the class with it, nor pass for a mark."""
    notebook(tmp_path / "class" / "s01" / "lab2.ipynb", RIGHT, "def polynomial_gradient(x):\n    return x")
    given = ("grade", tmp_path / "class", "--out", tmp_path / "out")
    ran = grader(*given, before=break_the_judge), grader(*given)
    assert [done.returncode for done in ran] == [3, 0]
    assert "IndexError: planted" in ran[0].stderr
    assert "The grader itself failed at 1 notebooks" in ran[0].stderr
    marks = {mark["name"]: mark for mark in report(tmp_path / "out")[0]["questions"]}
    assert (marks["polynomial"]["note"], marks["polynomial_gradient"]["note"]) == ("correct", "wrong_value")


def kill_the_judge() -> None:
    """A machine that ends the process which judges one student's notebook."""
    module: Any = marking
    mark = module.mark

    def deadly(assignment: Assignment, *rest: Any) -> Any:
        if assignment.submission.student == "s02":
            os.kill(os.getpid(), signal.SIGKILL)
        return mark(assignment, *rest)

    module.mark = deadly


def test_a_judging_process_that_is_killed_costs_one_notebook_which_is_graded_again(tmp_path: Path) -> None:
    for student in ("s01", "s02", "s03", "s04"):
        notebook(tmp_path / "class" / student / "lab2.ipynb", RIGHT)
    out = tmp_path / "out"
    given = ("grade", tmp_path / "class", "--out", out, "--jobs", "2")
    done = grader(*given, before=kill_the_judge)
    assert done.returncode == 3
    assert "The grader itself failed at 1 notebooks" in done.stderr
    problems = {r["student"]: r["problem"] for r in report(out)}
    page = (out / "feedback" / "s02" / "lab2_graphs.html").read_text("utf-8")
    for told in (problems.pop("s02"), page):
        assert "the process that judged it ended: SIGKILL" in told
    assert set(problems.values()) == {""}
    again = grader(*given)
    assert again.returncode == 0
    assert "3 notebooks have not changed" in again.stdout
    assert [r["status"] for r in report(out)] == ["graded"] * 4


def test_the_report_is_the_same_with_any_number_of_jobs(tmp_path: Path) -> None:
    for number in range(5):
        wrong = f"def polynomial(x):\n    return {number} * x" if number else RIGHT
        notebook(tmp_path / "class" / f"s{number}" / "lab2.ipynb", RIGHT, wrong)
    found = []
    for jobs in ("1", "2"):
        out = tmp_path / jobs
        grader("grade", tmp_path / "class", "--out", out, "--jobs", jobs, "--seed", "again")
        found.append([{**result, "seconds": 0} for result in report(out)])
    assert found[0] == found[1]
    assert len(found[0]) == 5


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
    (folder / "s06").mkdir()
    (folder / "s06" / "answers.pdf").write_text("%PDF")
    (folder / "s07").symlink_to(folder / "s01")
    done = grader("grade", folder, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "1 student has nothing to grade." in done.stdout
    assert "5 of 6 hand-ins could not be graded." in done.stdout
    results = {r["student"]: r for r in report(tmp_path / "out")}
    assert results["s06"]["problem"].startswith("No notebook (.ipynb) lies in this folder, only answers.pdf")
    assert results["s07"]["problem"].startswith("This folder is a symbolic link")
    missing = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["missing"]
    assert missing == [{"student": "s05", "lab": "", "reason": "Nothing was handed in: the folder is empty."}]
    assert_everybody_has_a_row(done.stdout, tmp_path / "out", [f"s0{n}" for n in range(1, 8)])
    assert results["s01"]["status"] == "graded"
    assert "defines no function or variable of" in results["s02"]["problem"]
    assert "no notebook, because it is no JSON" in results["s03"]["problem"]
    assert "format 99" in results["s04"]["problem"]
    assert all(results[s]["status"] == "unreadable" for s in ("s02", "s03", "s04", "s06", "s07"))
    assert "Traceback" not in done.stdout + done.stderr


def assert_everybody_has_a_row(printed: str, out: Path, students: list[str]) -> None:
    """In the terminal, in the gradebook, and on the instructor's page."""
    with (out / "gradebook.csv").open(newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == students
    index = (out / "index.html").read_text("utf-8")
    assert f"{len(students)} students, graded on" in index
    for student in students:
        assert re.search(rf"^{student} ", printed, flags=re.MULTILINE), student
        assert re.search(rf">{student}(</a>)?</th>", index.partition('id="scores"')[2]), student


def test_who_is_on_the_roster_and_handed_nothing_in_has_a_row(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\nbob\neve\n")
    (tmp_path / "roster.secret").write_text("ab" * 32)
    notebook(tmp_path / "class" / "ada" / "lab2.ipynb", RIGHT)
    notebook(tmp_path / "class" / "eve" / "lab3.ipynb", "def predict(x, w, b):\n    return w * x + b")
    given = ("grade", tmp_path / "class", "--out", tmp_path / "out", "--roster", tmp_path / "roster.csv")
    done = grader(*given, "--lab", "lab2_graphs")
    assert done.returncode == 0, done.stderr
    assert "2 students have nothing to grade." in done.stdout
    assert_everybody_has_a_row(done.stdout, tmp_path / "out", ["ada", "bob", "eve"])
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["missing"] == [
        {
            "student": "bob",
            "lab": "lab2_graphs",
            "reason": "The roster has this student, of whom nothing was handed in.",
        },
        {"student": "eve", "lab": "lab2_graphs", "reason": "No notebook in this folder is of lab2_graphs."},
    ]


def test_a_notebook_with_two_labs_is_graded_for_each(tmp_path: Path) -> None:
    """Each with a row of its own; taken up again, both are kept."""
    second = "def predict(x, w, b):\n    return w * x + b\n" + "".join(
        f"{name} = 0.0\n" for name in ("quadratic_fit", "linear_fit", "proportional_fit", "train")
    )
    more = "".join(f"def {name}(*_):\n    return 0\n" for name in ("path_forward", "ratio", "tanh_log", "exponential"))
    notebook(tmp_path / "s01" / "all.ipynb", RIGHT, more, second)
    done = grader("grade", tmp_path / "s01", "--out", tmp_path / "out")
    two, three = report(tmp_path / "out")
    assert [(r["lab"], r["status"], r["max_score"]) for r in (two, three)] == [
        ("lab2_graphs", "graded", 25.0),
        ("lab3_regression", "graded", 20.0),
    ]
    said = "This notebook holds lab2_graphs and lab3_regression; it was graded for each."
    assert two["remarks"] == three["remarks"] == [said]
    again = grader("grade", tmp_path / "s01", "--out", tmp_path / "out")
    assert (done.returncode, again.returncode) == (0, 0)
    assert "2 notebooks have not changed" in again.stdout


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
        ((".", "--out", "OUT"), ". is the project's own folder: name a class in it, such as submissions, or one"),
        (("CANVAS", "--out", "OUT"), "holds notebooks of several people, such as doejane_1_2_lab2.ipynb, roejohn_3_4_"),
        (("NOTEBOOK", "--out", "FILE"), "cannot be written"),
        (("NOTEBOOK", "--out", "OUT", "--lab", "lab9"), "There is no lab called lab9. There are: lab1_tensors"),
        (("NOTEBOOK", "--out", "OUT", "--lab", "lab5_backprop"), "None of these notebooks is of lab5_backprop."),
        (("NOTEBOOK", "--out", "OUT", "--secret", "s"), "--secret is of use only with --roster."),
        (("NOTEBOOK", "--out", "OUT", "--seed", " "), "--seed is empty: give it a text, or leave it out"),
        (("NOTEBOOK", "--out", "OUT", "--limits", "TIGHT"), "With these limits no notebook can be confined ("),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "canvas").mkdir()
    for name in ("doejane_1_2_lab2.ipynb", "roejohn_3_4_lab2.ipynb"):
        (tmp_path / "canvas" / name).touch()
    (tmp_path / "tight.toml").write_text("[limits]\nmemory_mib = 1\n")
    places = {
        "OUT": tmp_path / "out",
        "EMPTY": tmp_path / "empty",
        "FILE": tmp_path / "file" / "out",
        "TIGHT": tmp_path / "tight.toml",
        "CANVAS": tmp_path / "canvas",
        "NOTEBOOK": notebook(tmp_path / "s01" / "n.ipynb", RIGHT),
    }
    done = grader("grade", *(places.get(a, a) for a in arguments))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_who_wrote_the_same_is_asked_of_a_folder_with_a_run(tmp_path: Path) -> None:
    found = [grader("similar", place) for place in (tmp_path / "none", tmp_path)]
    assert [done.returncode for done in found] == [2, 2]
    assert found[0].stderr.startswith("There is no folder called ")
    assert found[1].stderr.startswith("There is no run in ")


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
    # With these only the interrupt can end the loop.
    limits = tmp_path / "limits.toml"
    limits.write_text("[limits]\ncell_seconds = 1000000\nnotebook_seconds = 1000000\ncpu_seconds = 1000000\n")
    command = [sys.executable, "-m", "grader", "grade", str(tmp_path / "class"), "--out", str(out), "--jobs", "2"]
    command += ["--limits", str(limits)]
    with started(command) as running:
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline and not list((out / "records" / "s01").glob("*.json")):
            time.sleep(0.1)
        with pytest.raises(OccupiedError):
            occupy(out)
        running.send_signal(signal.SIGINT)
        running.wait(600)
        left = running_with(out)
        said, wrong = running.communicate()
    assert running.returncode == 1, wrong
    assert left == []
    assert "Interrupted: 1 of 2 notebooks are graded" in said
    assert "Traceback" not in wrong
    assert [r["student"] for r in report(out)] == ["s01"]
    occupy(out).release()


@contextlib.contextmanager
def started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A process in the project's folder that ends with the test, and hears interrupts as none behind a shell does."""
    command = ["env", "--default-signal=INT", *command]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()


def running_with(argument: Path) -> list[Path]:
    """The processes that were given this argument, or forked from one that was."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [path] if os.fsencode(argument) in path.read_bytes().split(b"\0") else []
    return found


def test_an_interrupt_while_a_notebook_is_filed_ends_what_is_under_way_too() -> None:
    """Else its thread would be waited for, to the end of a notebook that may have none."""
    ended: list[bool] = []

    def coming() -> Iterator[None]:
        try:
            yield None
        finally:
            ended.append(True)

    class Interrupted(contextlib.nullcontext[Any]):
        report = SimpleNamespace(results=())

        def __enter__(self) -> "Interrupted":
            return self

        def add(self, _: object) -> None:
            raise KeyboardInterrupt

    run: Any = SimpleNamespace(kept=0, left=1, refused=(), notices=(), filing=Interrupted(), coming=coming())
    with pytest.raises(typer.Exit):
        fill(run)
    assert ended


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
    run = tmp_path / "out" / "records" / "run.json"
    run.write_text(run.read_text("utf-8").replace('"version": 2', '"version": 1'), "utf-8")
    outdated = grader("grade", tmp_path / "class", "--out", tmp_path / "out")
    assert "of another version of the grader: all of it is graded again." in outdated.stderr
    assert "have not changed" not in outdated.stdout
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


def test_what_was_graded_unconfined_says_so_and_is_not_kept_by_a_confined_run(tmp_path: Path) -> None:
    path = notebook(tmp_path / "s01" / "n.ipynb", RIGHT)
    page = tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html"
    done = grader("grade", path, "--out", tmp_path / "out", "--unconfined")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "report.json").read_text())["confinement"] == []
    assert "unconfined" in page.read_text("utf-8")
    done = grader("grade", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "have not changed" not in done.stdout
    assert "unconfined" not in page.read_text("utf-8")
