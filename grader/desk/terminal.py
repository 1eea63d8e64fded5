"""What an instructor sees in the terminal: a bar while the class is graded, and a table of it afterwards.

Knows rich. Refuses to print: the command line does. Text from students never reaches rich as markup.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grader.judge.findings import FAULT, MACHINE
from grader.judge.model import Absence, Cause, Report, Result, Status
from grader.pages.labels import STATUS_LABELS
from grader.pages.sanitize import line, points

OURS: Final = "This is a fault of the grader, not of a submission. What was graded is kept."
"""What is said below the traceback of an exception that nobody expected."""
_COUNTED: Final = (
    (Status.PASS, "green"),
    (Status.PARTIAL, "yellow"),
    (Status.FAIL, "red"),
    (Status.MISSING, "red"),
    (Status.UNGRADED, "magenta"),
)

_NONE: Final = Text("\u2013", style="red")


def table(report: Report) -> Table:
    """The class, a row a notebook, in 80 columns: scores, how the questions ended, seconds, and remarks.

    Who has nothing to grade has a row too.
    """
    legend = "   ".join(f"{look.sign} {look.word.lower()}" for look in STATUS_LABELS.values())
    made = Table(
        caption=legend,
        caption_justify="left",
        min_width=72,
        box=None,
        pad_edge=False,
        padding=(0, 1),
        header_style="bold",
    )
    made.add_column("Student", max_width=18, no_wrap=True, overflow="ellipsis")
    made.add_column("Lab", max_width=16, no_wrap=True, overflow="ellipsis")
    made.add_column("Score", justify="right", no_wrap=True)
    made.add_column("Questions", ratio=1)
    made.add_column("s", justify="right", no_wrap=True)
    rows = [(r.student, r.lab, r.file, _graded(r)) for r in report.results]
    rows += [(m.student, m.lab, "", _missing(m)) for m in report.missing]
    for *_, cells in sorted(rows, key=lambda row: row[:3]):
        made.add_row(*cells)
    return made


def absences(report: Report) -> list[str]:
    """A sentence where of some students there is nothing to grade."""
    count = len(report.missing)
    return [f"{count} student{' has' if count == 1 else 's have'} nothing to grade."] if count else []


def shortfalls(report: Report, fail_under: float) -> list[str]:
    """A sentence on the notebooks that earned less than `fail_under` per cent, and one on those not graded."""
    said, results = [], report.results
    if short := sum(not r.problem and 100 * r.score < fail_under * r.max_score for r in results):
        said.append(f"{short} of {len(results)} notebooks earned less than {fail_under:g} %.")
    if ungraded := sum(bool(r.problem) for r in results):
        said.append(f"{ungraded} of {len(results)} hand-ins could not be graded.")
    return said


def faults(report: Report) -> list[str]:
    """A sentence for each cause, but a notebook itself, that kept answers or whole notebooks from being graded."""
    said = []
    if count := sum(_kept_back(result, Cause.GRADER, FAULT) for result in report.results):
        said.append(f"The grader itself failed at {count} notebooks, at what is marked ?; it printed above where.")
    if count := sum(_kept_back(result, Cause.MACHINE, MACHINE) for result in report.results):
        said.append(
            f"The machine could not do all that was needed, at {count} of the notebooks. What it could not do is not "
            "graded, and no zero; "
            "their pages say what it lacks. Run the command again to grade it."
        )
    return said


def _kept_back(result: Result, cause: Cause, note: str) -> bool:
    """Whether a notebook, or an answer of it, was not graded for this cause."""
    whole = bool(result.problem) and result.cause is cause
    return whole or any(mark.verdict.note == note for mark in result.marks)


def progress() -> Progress:
    """A bar: the student at hand (rich markup is off), M of N, time gone and to go."""
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=None),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        transient=True,
    )


def description(student: str) -> str:
    """A student's id for the bar: one line of 20 characters, whatever it holds."""
    return f"{line(student, 20):<20}"


def _graded(result: Result) -> tuple[Text, ...]:
    return (
        Text(line(result.student, 60)),
        Text(line(result.lab or _file(result), 60)),
        _score(result),
        _questions(result),
        Text(f"{result.seconds:.1f}"),
    )


def _file(result: Result) -> str:
    """The name of a file that is of no lab; a student's whole folder is named already."""
    name = Path(result.file).name
    return name if name != result.student else ""


def _missing(missing: Absence) -> tuple[Text, ...]:
    return (
        Text(line(missing.student, 60)),
        Text(missing.lab),
        _NONE,
        Text(line(missing.reason, 300), style="yellow"),
        Text(),
    )


def _score(result: Result) -> Text:
    if result.problem:
        return _NONE
    full = result.score == result.max_score
    return Text(f"{points(result.score)}/{points(result.max_score)}", style="green" if full else "")


def _questions(result: Result) -> Text:
    """How many ended in which way; below, what is to be said about the notebook as a whole."""
    if result.problem:
        return Text(line(result.problem, 300), style="red")
    said = Text()
    for status, style in _COUNTED:
        if count := sum(mark.verdict.status is status for mark in result.marks):
            said.append("  " if said else "").append(f"{count} {STATUS_LABELS[status].sign}", style=style)
    for remark in result.remarks:
        said.append("\n").append(line(remark, 300), style="dim")
    return said
