"""What a notebook shows of an exercise, a lab or a graph: a card that brings its own style.

Knows the order of a card, and that it takes its colours from the page around it, light or dark. Refuses to know how
a picture is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from grader.judge.annotated_graph import AnnotatedGraph
from grader.judge.error_curve import ErrorCurve
from grader.judge.model import Mark
from grader.pages.curves import CurvePicture, picture
from grader.pages.diagram import Diagram, diagram
from grader.pages.labels import STATUS_LABELS, StatusLabel
from grader.pages.panels import ComparedRow, panel
from grader.pages.sanitize import cut, points
from grader.pages.sentences import told
from grader.pages.templating import template

TEXT: Final = 1_500
"""Characters of a piece of text on a card."""
ROWS: Final = 6
"""Rows of a card's table."""
CURVES: Final = 2
"""Curves of a card that are seen at once, and as many on demand: more would make a notebook heavy."""

_numbers: Final = count(1)


@dataclass(frozen=True)
class Card:
    """An exercise as a notebook shows it: `first` and `then` are seen at once, the `folded` on demand."""

    number: int
    name: str
    status: str
    look: StatusLabel
    points: str
    first: str
    then: str
    requirements: str
    folded: tuple[str, ...]
    rows: tuple[ComparedRow, ...]
    diagrams: tuple[Diagram, ...]
    failing: tuple[CurvePicture, ...]
    holding: tuple[CurvePicture, ...]


def exercise_card(mark: Mark, graphs: Sequence[AnnotatedGraph] = ()) -> str:
    """An exercise's card as HTML; of a right answer too, with the `graphs` that belong to it."""
    whole, pieces = panel(mark), [told(finding) for finding in mark.verdict.findings]
    first = pieces[0] if pieces else None
    folded = [*([first.rest] if first else []), *(f"{p.first} {p.then} {p.rest}".strip() for p in pieces[1:])]
    card = Card(
        number=next(_numbers),
        name=mark.question.name,
        status=whole.status,
        look=whole.look,
        points=f"{whole.score} of {whole.points}",
        first=cut(first.first, TEXT) if first else RIGHT,
        then=cut(first.then, TEXT) if first else "",
        requirements=whole.requirements,
        folded=tuple(cut(text, TEXT) for text in (*filter(None, folded), *whole.remarks)),
        rows=tuple(row for row in (whole.open + whole.folded)[:ROWS] if not row.agrees),
        diagrams=whole.diagrams or tuple(map(diagram, graphs)),
        failing=whole.failing[:CURVES],
        holding=whole.holding[:CURVES],
    )
    return _rendered("exercise.html.j2", card=card)


RIGHT: Final = "Right at the public points."


@dataclass(frozen=True)
class LabRow:
    """A line of a lab's card: an exercise, how it stands, and its points."""

    name: str
    status: str
    look: StatusLabel
    points: str


@dataclass(frozen=True)
class Standing:
    """How a whole lab stands: `share` of its points, in hundredths."""

    title: str
    points: str
    share: int
    rows: tuple[LabRow, ...]


def standing(title: str, marks: Sequence[Mark]) -> Standing:
    """A lab's marks in one table."""
    earned, whole = sum(mark.score for mark in marks), sum(mark.question.points for mark in marks)
    rows = tuple(
        LabRow(
            mark.question.name,
            str(mark.verdict.status),
            STATUS_LABELS[mark.verdict.status],
            f"{points(mark.score)} of {points(mark.question.points)}",
        )
        for mark in marks
    )
    return Standing(title, f"{points(earned)} of {points(whole)}", round(100 * earned / whole) if whole else 0, rows)


def lab_card(found: Standing) -> str:
    """A lab's card as HTML."""
    return _rendered("lab.html.j2", standing=found)


def graph_card(title: str, told_below: str, graph: AnnotatedGraph) -> str:
    """A graph with a title and a sentence below, as HTML."""
    return _rendered("graph.html.j2", number=next(_numbers), title=title, below=told_below, diagram=diagram(graph))


def curves_card(title: str, curves: Sequence[ErrorCurve]) -> str:
    """Error curves with a title, as HTML."""
    return _rendered("curves.html.j2", title=title, pictures=[picture(curve) for curve in curves])


def _rendered(name: str, **values: object) -> str:
    made: str = template(name).render(**values)
    return made
