"""What is said about each question, and after which cell of the notebook it is said.

Knows the words and the order of a panel. Refuses to know HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grader.desk.plain import cut, line, points
from grader.judge.model import Comparison, Mark, Status
from grader.judge.source import Source
from grader.runner.notebook import Notebook

MESSAGE: Final = 6_000
CELL: Final = 600
"""Characters of a message, and of a cell of a table."""
OPEN: Final = 6
ROWS: Final = 20
AGREEING: Final = 8
"""Rows of a table that are open to the eye, rows at all, and rows where all agree."""


@dataclass(frozen=True)
class Look:
    """How a status is named and drawn: a word and a sign, because colour alone tells some people nothing."""

    word: str
    sign: str


LOOKS: Final = {
    Status.PASS: Look("Right", "\u2713"),
    Status.PARTIAL: Look("Partly right", "\u25d0"),
    Status.FAIL: Look("Not right yet", "\u2717"),
    Status.MISSING: Look("Missing", "\u2013"),
    Status.UNGRADED: Look("Not graded", "?"),
}


@dataclass(frozen=True)
class Panel:
    """A question as the page shows it. `open` rows are seen at once, `folded` ones on demand."""

    anchor: str
    name: str
    status: str
    look: Look
    score: str
    points: str
    weight: float
    brief: str
    message: str
    remarks: tuple[str, ...]
    open: tuple[Comparison, ...]
    folded: tuple[Comparison, ...]
    agreeing: int
    total: int


def panel(mark: Mark) -> Panel:
    """A mark as a panel: what differs comes first, and a table in which all agrees is folded."""
    verdict = mark.verdict
    # The badge says it already.
    said = "" if verdict.note == "correct" else verdict.message
    agreeing = sum(row.agrees for row in verdict.comparisons)
    first, most = (0, AGREEING) if agreeing == len(verdict.comparisons) else (OPEN, ROWS)
    rows = tuple(_cut(row) for row in _telling(verdict.comparisons)[:most])
    return Panel(
        anchor=f"q-{mark.question.name}",
        name=mark.question.name,
        status=str(verdict.status),
        look=LOOKS[verdict.status],
        score=points(mark.score),
        points=points(mark.question.points),
        weight=mark.question.points,
        brief=line(said.partition("\n")[0], 140),
        message=cut(said, MESSAGE),
        remarks=tuple(cut(remark, MESSAGE) for remark in verdict.remarks),
        open=rows[:first],
        folded=rows[first:],
        agreeing=agreeing,
        total=len(verdict.comparisons),
    )


def homes(names: Sequence[str], notebook: Notebook) -> dict[str, int]:
    """For each name that the notebook binds at the top level, the index of the last code cell that does."""
    found: dict[str, int] = {}
    for cell in notebook.code:
        bound = Source((cell.source,)).definitions
        found |= {name: cell.index for name in names if name in bound}
    return found


def _telling(rows: Sequence[Comparison]) -> list[Comparison]:
    """What differs before what agrees, and each part of the answer once before any of them a second time."""
    seen: Counter[tuple[bool, str]] = Counter()
    ranked = []
    for place, row in enumerate(rows):
        ranked.append((row.agrees, seen[row.agrees, row.what], place))
        seen[row.agrees, row.what] += 1
    return [rows[place] for _, _, place in sorted(ranked)]


def _cut(row: Comparison) -> Comparison:
    return Comparison(
        cut(row.what, CELL), cut(row.at, CELL), cut(row.theirs, CELL), cut(row.expected, CELL), row.agrees
    )
