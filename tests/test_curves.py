"""Stability as a picture: what is drawn where, what is said, and how much of a page it takes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_feedback_page import ALLOWED, Seen, notebook, result

from grader.judge.error_curve import ErrorCurve
from grader.judge.findings import Finding, Numbers
from grader.judge.model import Mark, Question, Status, Verdict
from grader.pages.cards import curves_card
from grader.pages.curves import FLOOR, LANE, LEFT, RIGHT, TOP, picture, power
from grader.pages.feedback_page import render

POINTS = 160
DRAWN = {"svg", "g", "path", "rect", "circle", "text", "figcaption", "title", "desc"}
LARGEST = 6_000
"""Characters of a picture in the page, however its points lie."""


def swept(along: list[float], yours: list[float], **more: Any) -> ErrorCurve:
    calm = (0.4,) * len(along)
    bad = [i for i, error in enumerate(yours) if error > 16]
    made = ErrorCurve("float32 value", "y \u2212 x", tuple(along), tuple(yours), calm, calm, 16.0)
    if bad:
        theirs, one = Numbers((np.nan,)), Numbers((1.0,))
        made = replace(made, first=bad[0], where={"x": one}, theirs=theirs, expected=one)
    return replace(made, **more)


BROKEN = swept([-1e30, -100.0, 0.0, 88.0, 89.0, 104.0], [0.0, 3.0, 0.5, 1.0, np.inf, np.inf])


def dots(drawn: str) -> list[tuple[int, int]]:
    """Where the dots of a path are."""
    places = (dot.removesuffix("h0").split() for dot in drawn.split("M")[1:])
    return [(int(x), int(y)) for x, y in places]


def test_errors_are_drawn_where_they_belong() -> None:
    drawn = picture(BROKEN)
    places = dict(dots(drawn.yours))
    assert len(places) == 5, "88 and 89 share a column"
    assert min(places) == LEFT
    assert places[min(places)] == FLOOR, "right to the last bit"
    assert places[max(places)] == LANE, "not finite"
    assert all(LEFT <= x <= RIGHT for x in places)
    assert drawn.first[0][1] == LANE
    assert "nan, inf" in [tick.label for tick in drawn.upward if tick.at == LANE]


def test_the_axes_are_logarithms() -> None:
    decades = picture(swept([1.0, 10.0, 100.0, 1000.0], [1.0, 1e2, 1e4, 1e6]))
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = dots(decades.yours)[:4]
    assert x1 - x0 == pytest.approx(x2 - x1, abs=4) == pytest.approx(x3 - x2, abs=4)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=1) == pytest.approx(y2 - y3, abs=1)
    assert y3 == TOP
    assert y0 > decades.allowed > y1
    assert {t.label: t.at for t in decades.across}["100"] == x2
    assert {t.label: t.at for t in decades.upward}["10⁶"] == y3
    assert (power(-1000), power(-1), power(0), power(1e30)) == ("−10³", "−1", "0", "10³⁰")


def test_of_one_column_the_worst_is_drawn() -> None:
    crowd = picture(swept([50.0] * 9, [1.0] * 4 + [1e5] + [1.0] * 4))
    (alone,) = set(dots(picture(swept([50.0], [1e5])).yours))
    assert set(dots(crowd.yours)) == {alone}


def test_what_is_far_away_stands_behind_a_break() -> None:
    drawn = picture(BROKEN)
    assert [tick.label for tick in drawn.across][-1] == "−10³⁰"
    assert len(drawn.breaks) == 1
    assert LEFT < drawn.breaks[0] < min(t.at for t in drawn.across if t.label == "−100")
    assert not picture(swept([-1.0, 2.0], [0.0, 0.0])).breaks


def test_the_picture_says_in_words_what_it_shows(tmp_path: Path) -> None:
    seen = Seen(paged(tmp_path, Status.FAIL, BROKEN, swept([1.0], [1.25])))
    assert {attributes["role"] for attributes in seen.all("svg")} == {"img"}
    assert "float32 value: error in ulp over y − x" in seen.text
    assert "Right at: yours 4, as written 6, stable 6 of 6 inputs. Yours first fails at (x = 1): yours nan" in seen.text
    assert "float32 value is never more than 1.2 ulp off." in seen.text
    assert {tag for tag, _ in seen.elements} <= ALLOWED | DRAWN
    assert not any(name.startswith("on") for _, attributes in seen.elements for name in attributes)


def test_failures_are_seen_at_once_and_the_rest_on_demand(tmp_path: Path) -> None:
    page = paged(tmp_path, Status.PARTIAL, swept([1.0], [1.25]), BROKEN)
    at_once, on_demand = page.split("<details>")
    assert "first fails" in at_once
    assert "never more than" not in at_once
    assert "never more than" in on_demand
    assert "The same where all is right (1 picture)" in on_demand
    assert "<svg" not in paged(tmp_path, Status.PASS, swept([1.0], [0.0])).split("<details>")[0]


def test_pictures_are_small() -> None:
    """However the points lie: here each in a column of its own, with errors of every size."""
    sizes = np.geomspace(1, 1e4, POINTS // 2)
    along = [*(-sizes[::-1]), *sizes]
    crowded = swept(along, list(np.geomspace(0.5, 1e15, POINTS)), as_written=(np.inf,) * POINTS)
    one, two = (len(curves_card("f", [crowded] * count)) for count in (1, 2))
    assert two - one < LARGEST


def paged(tmp_path: Path, status: Status, *sweeps: ErrorCurve) -> str:
    verdict = Verdict(status, 0.0, (Finding("unstable"),), sweeps=sweeps)
    code = notebook(tmp_path, ("code", "def f(x):\n    return x"))
    return render(result(Mark(Question("f", 2, ()), verdict)), code, (), "Stability", "cpu")
