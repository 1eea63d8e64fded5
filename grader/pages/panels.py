"""What is said about each question, and after which cell of the notebook it is said.

Knows the words and the order of a panel. Refuses to know HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from grader.judge.model import Comparison, Mark, Verdict
from grader.judge.source import Source
from grader.pages.curves import CurvePicture, picture
from grader.pages.diagram import Diagram, diagram
from grader.pages.labels import STATUS_LABELS, StatusLabel
from grader.pages.sanitize import cut, line, points
from grader.pages.sentences import brief, message, remarks, requirements
from grader.pages.wording import row

if TYPE_CHECKING:
    from grader.runner.notebook import Notebook

MESSAGE: Final = 6_000
CELL: Final = 600
"""Characters of a message, and of a cell of a table."""
OPEN: Final = 6
ROWS: Final = 20
AGREEING: Final = 8
"""Rows of a table that are open to the eye, rows at all, and rows where all agree."""


@dataclass(frozen=True)
class ComparedRow:
    """A row of theirs against expected. `span` rows from this one on share the place; 0 for those after the first."""

    what: str
    at: str
    theirs: str
    expected: str
    agrees: bool
    span: int


@dataclass(frozen=True)
class Panel:
    """A question as the page shows it. `open` rows are seen at once, `folded` ones on demand.

    Of the sweeps the `failing` ones are seen at once, and those `holding` on demand.
    """

    anchor: str
    name: str
    status: str
    look: StatusLabel
    score: str
    points: str
    brief: str
    message: str
    requirements: str
    remarks: tuple[str, ...]
    diagrams: tuple[Diagram, ...]
    open: tuple[ComparedRow, ...]
    folded: tuple[ComparedRow, ...]
    agreeing: int
    total: int
    failing: tuple[CurvePicture, ...]
    holding: tuple[CurvePicture, ...]


def panel(mark: Mark) -> Panel:
    """A mark as a panel: what differs comes first, and a table in which all agrees is folded."""
    verdict = mark.verdict
    # Of a right answer the badge says it already.
    said = message(verdict) if verdict.findings else ""
    agreeing = sum(one.agrees for one in verdict.comparisons)
    first, most = (0, AGREEING) if agreeing == len(verdict.comparisons) else (OPEN, ROWS)
    drawn = [picture(swept) for swept in verdict.sweeps]
    telling = _telling(verdict.comparisons)[:most]
    return Panel(
        anchor=f"q-{mark.question.name}",
        name=mark.question.name,
        status=str(verdict.status),
        look=STATUS_LABELS[verdict.status],
        score=points(mark.score),
        points=points(mark.question.points),
        brief=_brief(verdict),
        message=cut(said, MESSAGE),
        requirements=requirements(verdict),
        remarks=tuple(cut(remark, MESSAGE) for remark in remarks(verdict)),
        diagrams=tuple(diagram(sketch) for sketch in verdict.sketches),
        open=_rows(telling[:first]),
        folded=_rows(telling[first:]),
        agreeing=agreeing,
        total=len(verdict.comparisons),
        failing=tuple(p for p in drawn if p.first),
        holding=tuple(p for p in drawn if not p.first),
    )


def homes(names: Sequence[str], notebook: Notebook) -> dict[str, int]:
    """For each name that the notebook binds at the top level, the index of the last code cell that does."""
    found: dict[str, int] = {}
    for cell in notebook.code:
        # Only where it is at least written: most cells define none, and reading code takes time.
        written = [name for name in names if name in cell.source]
        bound = Source((cell.source,)).definitions if written else {}
        found |= {name: cell.index for name in written if name in bound}
    return found


def _telling(rows: Sequence[Comparison]) -> list[Comparison]:
    """What differs before what agrees, and each part of the answer once before any of them a second time."""
    seen: Counter[tuple[bool, str]] = Counter()
    ranked = []
    for place, one in enumerate(rows):
        ranked.append((one.agrees, seen[one.agrees, one.what], place))
        seen[one.agrees, one.what] += 1
    return [rows[place] for _, _, place in sorted(ranked)]


def _rows(compared: Sequence[Comparison]) -> tuple[ComparedRow, ...]:
    """Rows of one table, in which a place that several rows in a row share is named once."""
    rows: list[ComparedRow] = []
    told_rows = [(row(one), one.agrees) for one in compared]
    for _, group in groupby(told_rows, key=lambda one: one[0].at):
        same = list(group)
        for position, (told, agrees) in enumerate(same):
            what, at, theirs, expected = (cut(t, CELL) for t in (told.what, told.at, told.theirs, told.expected))
            rows.append(ComparedRow(what, at, theirs, expected, agrees, 0 if position else len(same)))
    return tuple(rows)


BRIEF: Final = 320
"""Characters of a finding in the summary; of a longer one, what explains it is left out."""


def _brief(verdict: Verdict) -> str:
    """The first line of what was found first, without the place: in the summary there is room for no more."""
    if not verdict.findings:
        return ""
    first, _, _ = brief(verdict.findings[0], BRIEF).partition("\n")
    return line(first, BRIEF)
