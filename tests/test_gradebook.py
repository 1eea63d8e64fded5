"""The gradebook: a row a student, a column a lab, and nothing that a spreadsheet would compute."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from grader.desk.gradebook import rows, write_gradebook
from grader.judge.model import Mark, Question, Report, Result, Status, Verdict

LABS = ("lab1_tensors", "lab2_graphs")


def graded(student: str, lab: str, share: float) -> Result:
    verdict = Verdict(Status.PARTIAL, "wrong_value", "", share)
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
        ["student", "lab1_tensors", "lab2_graphs", "total"],
        ["ada", "3.33", "10", "13.33"],
        ["emmy", "0", "", "0"],
        ["grace", "", "7.5", "7.5"],
        ["karl", "", "", ""],
    ]


def test_an_unreadable_notebook_beside_a_graded_one_takes_nothing_away() -> None:
    second = replace(unreadable("ada"), lab="lab2_graphs")
    report = Report("cpu", "s", (graded("ada", "lab1_tensors", 1.0), unreadable("ada"), second))
    assert rows(report, LABS)[1:] == [["ada", "10", "", "10"]]


@pytest.mark.parametrize("student", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_a_formula_is_text(student: str, tmp_path: Path) -> None:
    path = write_gradebook(Report("cpu", "s", (graded(student, "lab1_tensors", 1.0),)), LABS, tmp_path)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["'" + student, "10", "", "10"]


def test_names_with_commas_quotes_and_half_characters(tmp_path: Path) -> None:
    results = tuple(graded(s, "lab1_tensors", 1.0) for s in ("Doe, Jane", 'the "one"', "\udcff"))
    path = write_gradebook(Report("cpu", "s", results), LABS, tmp_path)
    with path.open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)] == ["student", "Doe, Jane", 'the "one"', "?"]
