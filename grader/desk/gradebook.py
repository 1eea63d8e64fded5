"""The gradebook: a table for a spreadsheet, a row a student and a column a lab.

Knows CSV, and what a spreadsheet takes for a formula. Refuses to know questions.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from grader.desk.files import write_whole
from grader.desk.plain import points
from grader.judge.model import Report

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be computed: `=HYPERLINK(…)` as a student's name."""


def rows(report: Report, labs: Sequence[str]) -> list[list[str]]:
    """The table with its heading. An unread notebook leaves its cell empty, which is not a zero."""
    scores = {(r.student, r.lab): r.score for r in report.results if r.status == "graded"}
    table = [["student", *labs, "total"]]
    for student in sorted({r.student for r in report.results}):
        own = [scores.get((student, lab)) for lab in labs]
        read = [score for score in own if score is not None]
        total = points(sum(read)) if read else ""
        table.append([student, *("" if score is None else points(score) for score in own), total])
    return [[_harmless(cell) for cell in row] for row in table]


def write_gradebook(report: Report, labs: Sequence[str], out: Path) -> Path:
    """Write `gradebook.csv` into the folder `out`; returns its path."""
    path = out / "gradebook.csv"
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows(report, labs))
    write_whole(path, text.getvalue().encode("utf-8", "replace"))
    return path


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
