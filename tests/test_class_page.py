"""The instructor's page: everybody of whom something is said has a row, and what was not graded says why."""

from __future__ import annotations

import re

from grader.desk.gradebook import everybody
from grader.judge.model import Absence, Mark, Question, Report, Result, Status, Verdict
from grader.pages.class_page import index

MARKS = (Mark(Question("q", 2, ()), Verdict(Status.PASS, 1.0)),)
REPORT = Report(
    "cpu",
    "s",
    (
        Result("ada", "lab1_tensors", "class/ada/a.ipynb", MARKS, 0.1),
        Result("karl", "", "class/karl/x.ipynb", (), 0.0, "This file is no notebook."),
    ),
    missing=(Absence("bob", "", "Nothing was handed in."), Absence("<i>eve", "", "<b>Nothing.")),
)


def page_of(report: Report, *labs: str) -> str:
    return index(report, everybody(report), labs, lambda result: "")


def cells(page: str, heading: str) -> list[list[str]]:
    """The rows of a section's table, as text."""
    (section,) = re.findall(rf'<section aria-labelledby="{heading}">.*?</section>', page, flags=re.DOTALL)
    body = section.split("<tbody>")[1].split("</tbody>")[0]
    texts = (
        [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in body.split("<tr>")
    )
    return [row for row in texts if row]


def test_everybody_has_a_row_of_scores() -> None:
    page = page_of(REPORT, "lab1_tensors", "lab2_graphs")
    assert "4 students, graded on the CPU" in page
    assert cells(page, "scores") == [["&lt;i&gt;eve", ""], ["ada", "2 of 2"], ["bob", ""], ["karl", ""]]


def test_what_was_not_graded_says_why() -> None:
    assert cells(page_of(REPORT, "lab1_tensors"), "unread") == [
        ["&lt;i&gt;eve", "", "&lt;b&gt;Nothing."],
        ["bob", "", "Nothing was handed in."],
        ["karl", "class/karl/x.ipynb", "This file is no notebook."],
    ]


def test_a_class_of_which_nothing_is_missing_has_no_such_table() -> None:
    report = Report("cpu", "s", REPORT.results[:1])
    assert 'id="unread"' not in page_of(report, "lab1_tensors")
