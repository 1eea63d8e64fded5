"""The instructor's page: who has how much, where the pages are, and which questions were hard.

Knows the class as a whole. Refuses to know answers: those are on the students' pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.judge.model import Report, Result, Status
from grader.pages.labels import STATUS_LABELS
from grader.pages.sanitize import line, points
from grader.pages.templating import template


@dataclass(frozen=True)
class Entry:
    """A cell of the table of the class: points, and a link where the page was written."""

    score: str
    max_score: str
    link: str
    problem: str


@dataclass(frozen=True)
class Tally:
    """How a question ended over the class; `counts` are in the order of the statuses."""

    name: str
    counts: tuple[tuple[str, str, int], ...]


def index(
    report: Report, students: Sequence[str], labs: Sequence[str], link: Callable[[Result], str], similar: str = ""
) -> str:
    """The page as HTML, a row for each of the `students`, a column for each of the `labs` that somebody handed in.

    `link` is the address of a result's page, `similar` that of the page on who wrote the same, "" where there is none.
    """
    graded = [r for r in report.results if r.status == "graded"]
    columns = [lab for lab in labs if any(r.lab == lab for r in graded)]
    found = {(r.student, r.lab): r for r in graded}
    return template("class/index.html.j2").render(
        labs=columns,
        device=report.device,
        similar=similar,
        rows=[
            (line(s, 60), [_entry(found[s, lab], link) if (s, lab) in found else None for lab in columns])
            for s in students
        ],
        unread=_unread(report, link),
        refused=[(line(r.student, 60), r.lab, tried(r.refused)) for r in report.results if r.refused],
        means=[_mean([r.score for r in graded if r.lab == lab]) for lab in columns],
        tallies=[(lab, tally([r for r in graded if r.lab == lab])) for lab in columns],
    )


def tally(results: Sequence[Result]) -> list[Tally]:
    """For each question of one lab, how many notebooks ended in which status; the hardest first."""
    counts: dict[str, Counter[Status]] = {}
    for mark in (mark for result in results for mark in result.marks):
        counts.setdefault(mark.question.name, Counter())[mark.verdict.status] += 1
    hardest = sorted(counts, key=lambda name: (counts[name][Status.PASS], -counts[name][Status.FAIL]))
    return [Tally(n, tuple((str(s), STATUS_LABELS[s].word, counts[n][s]) for s in Status)) for n in hardest]


def _unread(report: Report, link: Callable[[Result], str]) -> list[tuple[str, str, Entry]]:
    """Everybody of whom something could not be graded or was not handed in, with the file and the reason."""
    rows = [(r.student, r.file, _entry(r, link)) for r in report.results if r.problem]
    rows += [(m.student, "", Entry("", "", "", line(m.reason, 300))) for m in report.missing]
    return [
        (line(student, 60), line(file, 200), entry) for student, file, entry in sorted(rows, key=lambda row: row[:2])
    ]


def tried(refused: Sequence[str]) -> str:
    """What a notebook was refused, in a sentence."""
    *first, last = refused
    names = f"{', '.join(first)} and {last}" if first else last
    return line(f"It tried {names}, which a graded notebook may not call.", 300)


def _entry(result: Result, link: Callable[[Result], str]) -> Entry:
    return Entry(points(result.score), points(result.max_score), link(result), line(result.problem, 300))


def _mean(scores: Sequence[float]) -> str:
    return points(sum(scores) / len(scores))
