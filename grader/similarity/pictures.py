"""Pictures of who shares with whom: a point for each student, a line for each pair.

Knows where points and lines lie (networkx). Refuses to know what is shared, and to write HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import networkx

from grader.pages.sanitize import line

LARGEST: Final = 24
"""Students in a picture; a larger group is only named: in lines without number nobody is found."""
STEP: Final = 34.0
LEAST: Final = 36.0
MARGIN: Final = 16.0
"""Units between neighbours on the circle, of its radius at least, and around the points. A unit is a CSS pixel."""
LETTER: Final = 7.5
"""Units of a letter, on the safe side."""


@dataclass(frozen=True)
class Dot:
    """A student: a point, and the name beside it; `anchor` is the side of the name that is at the point."""

    name: str
    x: float
    y: float
    text_x: float
    anchor: str


@dataclass(frozen=True)
class SharedLine:
    """A pair: a line between two points, and the part of the page that it leads to."""

    one: str
    other: str
    ends: tuple[float, float, float, float]
    link: str


@dataclass(frozen=True)
class GroupPicture:
    """Students who share, directly or through others; a group too large to draw has no dots."""

    students: tuple[str, ...]
    dots: tuple[Dot, ...]
    lines: tuple[SharedLine, ...]
    width: float
    height: float


def picture(links: Mapping[tuple[str, str], str]) -> GroupPicture:
    """A picture of one group; `links` are its pairs, each with where it leads, "" for nowhere."""
    names = {student: line(student, 60) for student in sorted({name for pair in links for name in pair})}
    students = tuple(names.values())
    if len(students) > LARGEST:
        return GroupPicture(students, (), (), 0, 0)
    radius = max(LEAST, STEP * len(students) / 6)
    beside = MARGIN + LETTER * max(map(len, students))
    width, height = 2 * (radius + beside + MARGIN), 2 * (radius + MARGIN)
    circle = networkx.circular_layout(networkx.path_graph(names))
    places = {s: (round(width / 2 + radius * x, 1), round(height / 2 + radius * y, 1)) for s, (x, y) in circle.items()}
    dots = tuple(
        Dot(names[s], x, y, x + (-10 if x < width / 2 - 1 else 10), "end" if x < width / 2 - 1 else "start")
        for s, (x, y) in places.items()
    )
    lines = tuple(
        SharedLine(names[one], names[other], (*places[one], *places[other]), link)
        for (one, other), link in links.items()
    )
    return GroupPicture(students, dots, lines, round(width), round(height))
