"""An annotated graph as a picture: shapes, signs, and the words for those who do not see it.

Knows what each standing looks like, in pixels. Refuses to know HTML, and what makes a standing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.pages.layout import Arrow, Layout, Spot, laid_out
from grader.pages.sanitize import line

NAME: Final = 16
"""Characters of a node's name."""
LETTER: Final = 7.9
ROW: Final = 46
GAP: Final = 62
NODE: Final = 26
MARGIN: Final = 14
"""Widths and heights in pixels: of a letter, from row to row, between columns, of a node, and around it all."""
HEAD: Final = 8
"""Length of an arrow's head."""


@dataclass(frozen=True)
class EdgeStyle:
    """What a standing is called in the legend, and the sign on an edge, because colour alone tells some nothing."""

    words: str
    sign: str = ""


LOOKS: Final = {
    EdgeStatus.WRONG: EdgeStyle("not right in itself: look here first", "✗"),
    EdgeStatus.ABSENT: EdgeStyle("not returned", "?"),
    EdgeStatus.EXTRA: EdgeStyle("drawn, but not in the formulas", "✗"),
    EdgeStatus.MISSING: EdgeStyle("in the formulas, but not drawn", "+"),
    EdgeStatus.TURNED: EdgeStyle("drawn the wrong way round", "⇄"),
    EdgeStatus.CARRIED: EdgeStyle("follows rightly from what is wrong, and counts as right"),
    EdgeStatus.RIGHT: EdgeStyle("right"),
    EdgeStatus.PLAIN: EdgeStyle("not asked for"),
    EdgeStatus.FAILED: EdgeStyle("where the call stops", "✗"),
    EdgeStatus.BUILT: EdgeStyle(""),
}
"""In the order of the legend."""


@dataclass(frozen=True)
class DrawnNode:
    """A box around its middle, with a name in it and perhaps a label below."""

    name: str
    label: str
    standing: EdgeStatus
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class EdgeLine:
    """An edge: the path of its line, the corners of its head, and its sign with the place of that."""

    path: str
    head: str
    sign: str
    x: float
    y: float
    standing: EdgeStatus


@dataclass(frozen=True)
class Diagram:
    """All that a template prints. `told` is the picture in words; `legend` has standings with sign and words."""

    caption: str
    told: str
    width: float
    height: float
    nodes: tuple[DrawnNode, ...]
    lines: tuple[EdgeLine, ...]
    legend: tuple[tuple[EdgeStatus, str, str], ...]


def diagram(sketch: AnnotatedGraph) -> Diagram:
    """A sketch drawn to scale."""
    layout = laid_out(tuple(sketch.nodes), tuple(sketch.edges), _flow(sketch))
    nodes = _nodes(sketch, layout)
    lines = [_line(edge, nodes, layout, standing) for edge, standing in sketch.edges.items()]
    within = [edge for edge in sketch.edges if len({layout.spots[name].column for name in edge}) == 1]
    # What is wrong lies above what is right.
    lines.sort(key=lambda drawn: list(LOOKS).index(drawn.standing), reverse=True)
    seen = {*sketch.edges.values()} | {*sketch.nodes.values()} - {EdgeStatus.PLAIN}
    return Diagram(
        caption=sketch.caption,
        told=" ".join(_told(sketch)),
        # An edge within a column goes out to the right and back.
        width=max(node.x + node.width / 2 for node in nodes.values()) + MARGIN + GAP / 2 * bool(within),
        height=layout.rows * ROW + MARGIN,
        nodes=tuple(nodes.values()),
        lines=tuple(lines),
        legend=tuple(
            (standing, look.sign, look.words) for standing, look in LOOKS.items() if look.words and standing in seen
        ),
    )


def _flow(sketch: AnnotatedGraph) -> tuple[Arrow, ...]:
    """The edges as they should go; of those that should not be, only what places a node that no other does."""
    flow = [
        edge[::-1] if standing is EdgeStatus.TURNED else edge
        for edge, standing in sketch.edges.items()
        if standing is not EdgeStatus.EXTRA
    ]
    placed = {name for edge in flow for name in edge}
    return tuple(flow + [edge for edge, s in sketch.edges.items() if s is EdgeStatus.EXTRA and not placed >= {*edge}])


def _told(sketch: AnnotatedGraph) -> Iterator[str]:
    """What a picture shows, in sentences."""
    of_nodes = {*sketch.nodes.values()} != {EdgeStatus.PLAIN}
    for standing, look in LOOKS.items():
        if of_nodes:
            found = [sketch.labels.get(name, name) for name, s in sketch.nodes.items() if s is standing]
        else:
            found = [f"{source} to {target}" for (source, target), s in sketch.edges.items() if s is standing]
        if found and look.words:
            yield f"{look.words[0].upper()}{look.words[1:]}: {', '.join(line(name, 3 * NAME) for name in found)}."
    if sketch.slips:
        yield f"The slip is on: {', '.join(f'{source} to {target}' for source, target in sketch.slips)}."


def _nodes(sketch: AnnotatedGraph, layout: Layout) -> dict[str, DrawnNode]:
    """The boxes, each column as wide as its widest name or label."""
    names = {name: line(name, NAME) for name in sketch.nodes}
    widths = {name: max(len(text) * LETTER + 18, 34) for name, text in names.items()}
    columns: dict[int, float] = {}
    for name, spot in layout.spots.items():
        wide = max(widths[name], len(sketch.labels.get(name, "")) * LETTER)
        columns[spot.column] = max(columns.get(spot.column, 0), wide)
    middles, right = {}, float(MARGIN)
    for column in range(max(columns) + 1):
        middles[column] = right + columns.get(column, 0) / 2
        right += columns.get(column, 0) + GAP
    return {
        name: DrawnNode(
            text, sketch.labels.get(name, ""), sketch.nodes[name], middles[spot.column], _y(spot, layout), widths[name]
        )
        for (name, text), spot in zip(names.items(), layout.spots.values(), strict=True)
    }


def _y(spot: Spot, layout: Layout) -> float:
    return MARGIN / 2 + spot.down * layout.rows * ROW


def _line(edge: Arrow, nodes: dict[str, DrawnNode], layout: Layout, standing: EdgeStatus) -> EdgeLine:
    """An edge from side to side of its boxes; what goes to the left lies a little lower than what comes from there."""
    source, target = (nodes[name] for name in edge)
    across = layout.spots[edge[1]].column - layout.spots[edge[0]].column
    ahead = 1 if across > 0 else -1
    lower = 0 if across > 0 else 6
    leaves = source.x + (source.width / 2 if across >= 0 else -source.width / 2)
    arrives = target.x - ahead * target.width / 2
    end = target.y + lower
    middles = {spot.column: node.x for node, spot in zip(nodes.values(), layout.spots.values(), strict=True)}
    between = [(middles.get(spot.column, 0), _y(spot, layout)) for spot in layout.ways[edge]]
    points = [
        (leaves, source.y + lower * (across != 0) - 6 * (edge[0] == edge[1])),
        *between,
        (arrives - ahead * HEAD, end),
    ]
    bends = [((x2 - x1) / 2 if across else GAP / 2) for (x1, _), (x2, _) in pairwise(points)]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for ((x1, y1), (x2, y2)), bend in zip(pairwise(points), bends, strict=True):
        path += f" C{x1 + bend:.1f} {y1:.1f} {x2 - bend if across else x2 + bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    head = (
        f"{arrives:.1f},{end:.1f} {arrives - ahead * HEAD:.1f},{end - 4:.1f} {arrives - ahead * HEAD:.1f},{end + 4:.1f}"
    )
    (x1, y1), (x2, y2) = list(pairwise(points))[(len(points) - 1) // 2]
    aside = 0 if across else 0.75 * GAP / 2
    return EdgeLine(path, head, LOOKS[standing].sign, (x1 + x2) / 2 + aside, (y1 + y2) / 2, standing)
