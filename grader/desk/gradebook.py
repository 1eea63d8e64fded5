"""The gradebook: a table for a spreadsheet, a row a student and a column a lab, with a total and a status.

Knows CSV, and what a spreadsheet takes for a formula. Refuses to know questions.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from grader.desk.files import write_whole
from grader.judge.model import Cause, Report, Result, Status
from grader.pages.sanitize import points, spelled_out

FORMULA: Final = frozenset("=+-@")
"""A cell that begins so would be computed: `=HYPERLINK(…)` as a student's name. Full-width and small forms count."""
UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Unicode's categories of characters that show nothing of their own: controls, marks of direction, spaces."""


def everybody(report: Report) -> list[str]:
    """The students of whom something is said, in order: also those who handed nothing in."""
    return sorted({result.student for result in report.results} | {missing.student for missing in report.missing})


def rows(report: Report, labs: Sequence[str]) -> list[list[str]]:
    """The table with its heading. What was not read or not handed in leaves its cell empty, which is not a zero."""
    students: dict[str, list[Result]] = {student: [] for student in everybody(report)}
    for result in report.results:
        students[result.student].append(result)
    table = [["student", *labs, "total", "status"]]
    for student, results in students.items():
        scores = {result.lab: result.score for result in results if result.status == "graded"}
        own = [scores[lab] for lab in labs if lab in scores]
        cells = (points(scores[lab]) if lab in scores else "" for lab in labs)
        table.append([student, *cells, points(sum(own)) if own else "", status(results)])
    return [[harmless(cell) for cell in row] for row in table]


def status(results: Sequence[Result]) -> str:
    """Of a student's results `graded`, `partly graded`, `unreadable`, or `ungraded`; `missing` where there are none.

    `ungraded` is what the machine or the grader failed at: it is graded again in the next run.
    """
    found = {"ungraded" if r.problem and r.cause is not Cause.NOTEBOOK else r.status for r in results}
    whole = all(mark.verdict.status is not Status.UNGRADED for result in results for mark in result.marks)
    if "graded" in found and (len(found) > 1 or not whole):
        return "partly graded"
    return ", ".join(sorted(found)) or "missing"


def write_gradebook(report: Report, labs: Sequence[str], out: Path) -> Path:
    """Write `gradebook.csv` into the folder `out`; returns its path."""
    path = out / "gradebook.csv"
    text = io.StringIO(newline="")
    # All cells in quotes: where semicolons part cells, an id with one in it would otherwise be two.
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows(report, labs))
    write_whole(path, text.getvalue().encode("utf-8", "replace"))
    return path


def harmless(cell: str) -> str:
    """A cell as text that no spreadsheet computes: in one visible line, after an apostrophe where it begins a formula.

    What it begins with is its first character that is seen (OWASP, CSV Injection).
    """
    first = next((c for c in cell if unicodedata.category(c) not in UNSEEN), "")
    return f"'{spelled_out(cell)}" if unicodedata.normalize("NFKC", first) in FORMULA else spelled_out(cell)
