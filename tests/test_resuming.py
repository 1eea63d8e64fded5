"""What is kept from an earlier run: what has not changed, by a grader that has not changed, and unread."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader.desk import resuming
from grader.desk.course import OTHERS
from grader.desk.files import page_path, write_whole
from grader.desk.resuming import code_digest, fingerprint, recognised, split
from grader.judge.model import Conditions, Lab, Report, Result
from grader.labs import all_labs
from grader.runner.assigning import assign
from grader.runner.grading import Assignment
from grader.runner.limits import LIMITS
from grader.runner.submissions import Submission, find_submissions

LABS = {lab.name: lab for lab in all_labs()}
CONDITIONS = Conditions("seed")


def numbers(student: str, lab: str) -> tuple[Lab, str] | None:
    return LABS[lab], ""


def hand_in(folder: Path, student: str, name: str, code: str) -> None:
    (folder / student).mkdir(parents=True, exist_ok=True)
    cell = nbformat.v4.new_code_cell(code)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / student / f"{name}.ipynb")


@pytest.fixture
def class_(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    hand_in(folder, "ada", "lab2", "def polynomial(x):\n    return x")
    hand_in(folder, "bob", "lab2", "def polynomial(x):\n    return 1 * x")
    hand_in(folder, "bob", "lab3", "def predict(x, w, b):\n    return x")
    return folder


def read(folder: Path) -> list[Assignment]:
    found, _ = assign(find_submissions([folder]).notebooks, list(LABS.values()), set(LABS))
    return found


def graded(assignments: list[Assignment], out: Path) -> Report:
    """As if all of them had been graded into the folder `out`."""
    results = []
    for one in assignments:
        name = one.submission
        printed = fingerprint(one, CONDITIONS, LIMITS)
        result = Result(
            student=name.student,
            lab=one.lab.name,
            file=str(name.path),
            marks=(),
            seconds=0.1,
            remarks=one.remarks,
            fingerprint=printed,
            seed=CONDITIONS.seed,
        )
        write_whole(page_path(out, result), b"page")
        results.append(result)
    return Report("cpu", "seed", tuple(results))


def kept(report: Report, out: Path, folder: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is kept unread, by student and lab, and what has to be read, by student and file."""
    holding, left = recognised(report, out, find_submissions([folder]).notebooks, numbers, CONDITIONS, LIMITS)
    assert {one.submission.path for one in holding}.isdisjoint({one.path for one in left})
    return (
        [(one.submission.student, one.lab.name) for one in holding],
        [(one.student, one.path.stem) for one in left],
    )


ADA, BOB2, BOB3 = ("ada", "lab2_graphs"), ("bob", "lab2_graphs"), ("bob", "lab3_regression")


def test_what_has_not_changed_is_kept_and_nobody_reads_it(
    class_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = graded(read(class_), tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("json.loads", None)
        patch.setattr("ast.parse", None)
        found = kept(report, tmp_path / "out", class_)
    assert found == ([ADA, BOB2, BOB3], [])


def test_where_one_of_a_students_files_is_new_all_of_them_are_read(class_: Path, tmp_path: Path) -> None:
    """The new one may be for the same lab, which the page of the other then has to say."""
    out = tmp_path / "out"
    report = graded(read(class_), out)
    hand_in(class_, "bob", "lab2_new", "def polynomial(x):\n    return 2 * x")
    assert kept(report, out, class_) == ([ADA], [("bob", "lab2"), ("bob", "lab2_new"), ("bob", "lab3")])
    unread, left = split(report, out, [a for a in read(class_) if a.submission.student == "bob"], CONDITIONS, LIMITS)
    assert [one.lab.name for one in unread] == ["lab3_regression"]
    assert [one.submission.path.stem for one in left] == ["lab2_new"]


def test_a_notebook_that_counted_before_another_was_taken_away_is_graded_again(class_: Path, tmp_path: Path) -> None:
    """Its page names a notebook that is not there."""
    hand_in(class_, "ada", "lab2_new", "def polynomial(x):\n    return 2 * x")
    report = graded(read(class_), tmp_path / "out")
    (class_ / "ada" / "lab2.ipynb").unlink()
    assert kept(report, tmp_path / "out", class_)[1] == [("ada", "lab2_new")]


def test_two_copies_of_one_file_are_read(class_: Path, tmp_path: Path) -> None:
    report = graded(read(class_), tmp_path / "out")
    shutil.copy(class_ / "ada" / "lab2.ipynb", class_ / "ada" / "lab2 (1).ipynb")
    assert ("ada", "lab2") in kept(report, tmp_path / "out", class_)[1]


def test_a_change_of_the_file_its_name_its_page_or_a_fault_makes_it_anew(class_: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = graded(read(class_), out)
    page_path(out, report.results[0]).unlink()
    assert kept(report, out, class_)[0] == [BOB2, BOB3]
    report = graded(read(class_), out)
    (class_ / "ada" / "lab2.ipynb").rename(class_ / "ada" / "lab.ipynb")
    assert kept(report, out, class_)[0] == [BOB2, BOB3]
    report = graded(read(class_), out)
    assert kept(replace(report, results=(replace(report.results[0], fingerprint=""),)), out, class_)[0] == []


def test_a_remark_that_follows_from_the_file_alone_is_kept(class_: Path, tmp_path: Path) -> None:
    report = graded([replace(one, remarks=(OTHERS,)) for one in read(class_)], tmp_path / "out")
    assert kept(report, tmp_path / "out", class_) == ([ADA, BOB2, BOB3], [])


def test_a_result_of_other_numbers_or_of_a_lab_that_is_no_more_does_not_hold(class_: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = graded(read(class_), out)
    submissions = [Submission("ada", class_ / "ada" / "lab2.ipynb")]
    for odd in (lambda *_: None, lambda _, lab: (LABS[lab], "p=2")):
        assert recognised(report, out, submissions, odd, CONDITIONS, LIMITS) == ([], submissions)


def test_the_grader_itself_is_part_of_what_a_mark_depends_on(
    class_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence changed in one of its files, a template changed, a library updated: nothing is kept."""
    out = tmp_path / "out"
    report = graded(read(class_), out)
    package = tmp_path / "grader"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(resuming.PACKAGE, package, ignore=ignored)
    assert code_digest(package) == code_digest()
    for name in ("pages/notes.py", "pages/templates/page.css", "kernel/cells.py"):
        before = code_digest.__wrapped__(package)
        (package / name).write_bytes((package / name).read_bytes() + b"\n")
        assert code_digest.__wrapped__(package) != before
    after = code_digest.__wrapped__(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").touch()
    (package / "desk" / ".page.py.swp").touch()
    assert code_digest.__wrapped__(package) == after != code_digest()
    monkeypatch.setattr(resuming, "code_digest", lambda: code_digest.__wrapped__(package))
    assert kept(report, out, class_)[0] == []
    other = code_digest.__wrapped__()
    monkeypatch.setattr(resuming, "version", lambda name: "0")
    assert code_digest.__wrapped__() != other
