"""The gradebook: a row a student, a column a lab, and nothing that a spreadsheet would compute."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from grader.desk.gradebook import rows, write_gradebook
from grader.judge.findings import FAULT, Finding
from grader.judge.model import Absence, Cause, Mark, Question, Report, Result, Status, Verdict

LABS = ("lab1_tensors", "lab2_graphs")


def graded(student: str, lab: str, share: float) -> Result:
    verdict = Verdict(Status.PARTIAL, share)
    return Result(student, lab, "x.ipynb", (Mark(Question("q", 10, ()), verdict),), 0.1)


def unreadable(student: str) -> Result:
    return Result(student, "", "x.ipynb", (), 0.0, "No notebook.")


def test_a_class() -> None:
    results = (
        graded("grace", "lab2_graphs", 0.75),
        unreadable("karl"),
        graded("ada", "lab2_graphs", 1.0),
        graded("ada", "lab1_tensors", 0.333),
        graded("emmy", "lab1_tensors", 0.0),
    )
    assert rows(Report("cpu", "s", results), LABS) == [
        ["student", "lab1_tensors", "lab2_graphs", "total", "status"],
        ["ada", "3.33", "10", "13.33", "graded"],
        ["emmy", "0", "", "0", "graded"],
        ["grace", "", "7.5", "7.5", "graded"],
        ["karl", "", "", "", "unreadable"],
    ]


def test_an_unreadable_notebook_beside_a_graded_one_takes_nothing_away() -> None:
    second = replace(unreadable("ada"), lab="lab2_graphs")
    report = Report("cpu", "s", (graded("ada", "lab1_tensors", 1.0), unreadable("ada"), second))
    assert rows(report, LABS)[1:] == [["ada", "10", "", "10", "partly graded"]]


def test_who_handed_nothing_in_has_a_row_of_empty_cells() -> None:
    missing = (Absence("bob", "", "Nothing was handed in."), Absence("zoe", "", "Nothing was handed in."))
    report = Report("cpu", "s", (graded("grace", "lab1_tensors", 0.0),), missing=missing)
    assert rows(report, LABS)[1:] == [
        ["bob", "", "", "", "missing"],
        ["grace", "0", "", "0", "graded"],
        ["zoe", "", "", "", "missing"],
    ]


def test_what_the_machine_could_not_do_is_not_called_unreadable() -> None:
    busy = replace(unreadable("ada"), cause=Cause.MACHINE)
    assert rows(Report("cpu", "s", (busy,)), LABS)[1:] == [["ada", "", "", "", "ungraded"]]


def test_a_total_without_all_questions_says_so() -> None:
    """Where the grader itself failed at a question, the points are not the student's all."""
    failed = Mark(Question("p", 10, ()), Verdict(Status.UNGRADED, 0.0, (Finding(FAULT),)))
    whole = graded("ada", "lab1_tensors", 1.0)
    report = Report("cpu", "s", (replace(whole, marks=(*whole.marks, failed)),))
    assert rows(report, LABS)[1:] == [["ada", "10", "", "10", "partly graded"]]


def written(student: str, folder: Path) -> str:
    """The cell of a student as it is read again."""
    path = write_gradebook(Report("cpu", "s", (graded(student, "lab1_tensors", 1.0),)), LABS, folder)
    with path.open(newline="", encoding="utf-8") as file:
        _, (cell, *scores) = csv.reader(file)
    assert scores == ["10", "", "10", "graded"]
    return cell


BEFORE = [
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\x1b",
    "\x00",
    "\x7f",
    "\x9b",
    "\u00a0",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u00ad",
]


@pytest.mark.parametrize("before", [*BEFORE, " \t\u202e", "\u2028", "\u200d", "\u0301"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe62"])
def test_a_formula_is_text(before: str, sign: str, tmp_path: Path) -> None:
    """What OWASP lists as dangerous at a cell's beginning, and whatever a spreadsheet may drop before it."""
    cell = written(f'{before}{sign}HYPERLINK("http://x")', tmp_path)
    assert cell.startswith("'")
    assert cell.endswith(f'{sign}HYPERLINK("http://x")')


@pytest.mark.parametrize("before", [*BEFORE[2:9], "\r\n", "\x85", "\u2028", "\u2029", "\u202e"])
def test_a_cell_is_one_line_in_which_all_is_seen(before: str, tmp_path: Path) -> None:
    """So nothing begins anew after a line end, and no mark turns what follows."""
    cell = written(f"ada{before}=1+1", tmp_path)
    assert before not in cell
    assert cell.isprintable() and len(cell.splitlines()) == 1
    assert cell.startswith("ada") and cell.endswith("=1+1")


def test_a_semicolon_begins_no_cell_where_semicolons_part_them(tmp_path: Path) -> None:
    path = write_gradebook(Report("cpu", "s", (graded("a;=1;+2", "lab1_tensors", 1.0),)), LABS, tmp_path)
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file, delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    "student", ["ada", "Doe, Jane", "Zoë", "王芳", "x-y", "a@b.edu", "s=1", "نرگس\u200cها", "O'Neil"]
)
def test_an_ordinary_name_stands_as_it_is(student: str, tmp_path: Path) -> None:
    assert written(student, tmp_path) == student


def test_names_with_commas_quotes_and_half_characters(tmp_path: Path) -> None:
    results = tuple(graded(s, "lab1_tensors", 1.0) for s in ("Doe, Jane", 'the "one"', "\udcff"))
    path = write_gradebook(Report("cpu", "s", results), LABS, tmp_path)
    with path.open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)] == ["student", "Doe, Jane", 'the "one"', "\ufffd"]
