"""Pictures of graphs: each standing by more than its colour, and all of it in words too."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.pages.diagram import LOOKS, MARGIN, NODE, diagram

CSS = (Path(__file__).parents[1] / "grader/pages/templates/feedback/diagram.css").read_text("utf-8")
PASS = AnnotatedGraph(
    "Backward pass",
    {"x": EdgeStatus.CARRIED, "y": EdgeStatus.WRONG, "z": EdgeStatus.PLAIN},
    {("x", "y"): EdgeStatus.CARRIED, ("y", "z"): EdgeStatus.WRONG},
    {"y": "dz_dy"},
)
DRAWING = AnnotatedGraph(
    "Drawing",
    dict.fromkeys("abxz", EdgeStatus.PLAIN),
    {
        ("a", "z"): EdgeStatus.EXTRA,
        ("a", "x"): EdgeStatus.RIGHT,
        ("x", "b"): EdgeStatus.TURNED,
        ("x", "z"): EdgeStatus.MISSING,
        ("z", "z"): EdgeStatus.EXTRA,
        ("b", "a"): EdgeStatus.EXTRA,
    },
)


def test_a_pass_in_words_and_signs() -> None:
    found = diagram(PASS)
    assert found.told == (
        "Not right in itself: look here first: dz_dy. "
        "Follows rightly from what is wrong, and counts as right: x. Not asked for: z."
    )
    assert [(standing, sign) for standing, sign, _ in found.legend] == [
        (EdgeStatus.WRONG, "✗"),
        (EdgeStatus.CARRIED, ""),
    ]
    assert [(node.name, node.label, node.standing) for node in found.nodes] == [
        ("x", "", EdgeStatus.CARRIED),
        ("y", "dz_dy", EdgeStatus.WRONG),
        ("z", "", EdgeStatus.PLAIN),
    ]
    assert [(line.sign, line.standing) for line in found.lines] == [("", EdgeStatus.CARRIED), ("✗", EdgeStatus.WRONG)]


def test_the_edge_of_a_slip_is_told_too() -> None:
    assert diagram(replace(PASS, slips=(("y", "z"),))).told.endswith(" Not asked for: z. The slip is on: y to z.")


def test_a_drawing_in_words_and_signs() -> None:
    found = diagram(DRAWING)
    assert found.told == (
        "Drawn, but not in the formulas: a to z, z to z, b to a. In the formulas, but not drawn: x to z. "
        "Drawn the wrong way round: x to b. Right: a to x."
    )
    # What is wrong is drawn last, over all else.
    order = [EdgeStatus.RIGHT, EdgeStatus.TURNED, EdgeStatus.MISSING, *[EdgeStatus.EXTRA] * 3]
    assert [line.standing for line in found.lines] == order
    across = {node.name: node.x for node in found.nodes}
    # It flows as the formulas do: b leads to x, whatever was drawn.
    assert across["a"] == across["b"] < across["x"] < across["z"]
    assert {line.sign for line in found.lines if line.standing is EdgeStatus.TURNED} == {"⇄"}


@pytest.mark.parametrize("sketch", [PASS, DRAWING])
def test_everything_lies_within_the_picture(sketch: AnnotatedGraph) -> None:
    found = diagram(sketch)
    for node in found.nodes:
        assert MARGIN <= node.x - node.width / 2 < node.x + node.width / 2 <= found.width - MARGIN
        assert NODE / 2 < node.y < found.height - NODE / 2
    for line in found.lines:
        xs, ys = zip(*[map(float, point.split()) for point in re.findall(r"[\d.-]+ [\d.-]+", line.path)], strict=True)
        assert 0 < min(xs) <= max(xs) < found.width
        assert 0 < min(ys) <= max(ys) < found.height


@pytest.mark.parametrize(
    "together",
    [
        (EdgeStatus.WRONG, EdgeStatus.ABSENT, EdgeStatus.CARRIED, EdgeStatus.RIGHT),
        (EdgeStatus.EXTRA, EdgeStatus.MISSING, EdgeStatus.TURNED, EdgeStatus.RIGHT),
    ],
)
def test_what_stands_in_one_picture_differs_by_more_than_colour(together: tuple[EdgeStatus, ...]) -> None:
    """By sign, dash or width: what the style sheet says of an edge's path."""
    looks = set()
    for standing in together:
        assert f".is-{standing} {{ --line: " in CSS or f".is-{standing}, " in CSS or f", .is-{standing} {{" in CSS
        rules = re.findall(rf"^[^{{]*\.is-{standing} path[^{{]*{{(.*)}}", CSS, re.MULTILINE)
        looks.add((LOOKS[standing].sign, *sorted(rules)))
    assert len(looks) == len(together)


def test_long_names_are_cut_and_make_room() -> None:
    names = {"a" * 500: EdgeStatus.PLAIN, "b": EdgeStatus.PLAIN}
    found = diagram(AnnotatedGraph("c", names, {("a" * 500, "b"): EdgeStatus.EXTRA}))
    assert [len(node.name) for node in found.nodes] == [16, 1]
    assert found.nodes[0].width > 16 * 7
    assert len(found.told) < 200
