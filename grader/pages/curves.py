"""Stability as a picture: errors in ulp over a whole range, an answer's beside those of two other ways of writing.

Knows where a number stands on the axes, and that of several inputs in one column of pixels the worst is drawn.
Refuses to know how the errors were found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grader.judge.error_curve import ErrorCurve
from grader.pages.digits import lost_label, lost_sentence
from grader.pages.sentences import first_failure
from grader.pages.wording import number

LEFT, RIGHT, LANE, TOP, FLOOR = 46, 410, 14, 36, 160
"""Pixels: both ends of the x axis; where nan and infinity are drawn, and the largest and the least finite error."""
COLUMN: Final = 4
LEAST, MOST = 0.5, 18
"""Ulp, and a power of ten of ulp: errors outside are drawn at the edge. Half an ulp is a right answer, rounded."""
BELOW, ABOVE = 22, 9
"""Pixels from a dot to the words that go with it."""
FAR: Final = 1e9
"""Larger inputs share a column at the end of the axis, behind a break."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in pixels."""

    at: int
    label: str


@dataclass(frozen=True)
class Label:
    """A few words at a place of a picture, which begin or (`before`) end there."""

    x: int
    y: int
    words: str
    before: bool


@dataclass(frozen=True)
class CurvePicture:
    """A sweep as it is drawn: `yours`, `as_written` and `stable` are data of SVG paths, other places are in pixels.

    `told` says where it first fails, or how near it stays; `first` is the place of the first failing input. `counts`
    says how many inputs are right in each of the three ways. `lost` names the operation in which the digits go.
    """

    what: str
    axis: str
    told: str
    counts: str
    yours: str
    as_written: str
    stable: str
    across: tuple[Tick, ...]
    breaks: tuple[int, ...]
    upward: tuple[Tick, ...]
    limit: str
    allowed: int
    first: tuple[tuple[int, int], ...]
    lost: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Across:
    """The x axis from `low` to `high`: linear from -1 to 1, `decades` beyond, and then what is far away."""

    low: float
    high: float
    decades: int

    def pixel(self, value: float) -> int:
        """The middle of the column in which a value stands."""
        share = (_placed(value, self.decades) - self.low) / (self.high - self.low)
        return LEFT + COLUMN * round(share * (RIGHT - LEFT) / COLUMN)


@dataclass(frozen=True)
class Upward:
    """The y axis: the logarithm of the error, up to 10 to the `top` ulp."""

    top: int

    def pixel(self, error: float) -> int:
        """The height at which an error is drawn."""
        if math.isinf(error):
            return LANE
        least = math.log10(LEAST)
        share = (min(math.log10(max(error, LEAST)), self.top) - least) / (self.top - least)
        return round(FLOOR + (TOP - FLOOR) * share)


def picture(swept: ErrorCurve) -> CurvePicture:
    """A sweep, drawn."""
    columns = (swept.yours, swept.as_written, swept.stable)
    finite = [e for errors in columns for e in errors if math.isfinite(e)] + [1e6]
    step = 3 if max(finite) <= 1e9 else 6
    top = step * min(math.ceil(math.log10(max(finite)) / step), MOST // step)
    x, y = _across(swept.along), Upward(top)
    yours, as_written, stable = (_worst(x, y, swept.along, errors) for errors in columns)
    powers = [10.0**i for i in range(0, top + 1, step)]
    first = () if swept.first is None else ((x.pixel(swept.along[swept.first]), y.pixel(swept.yours[swept.first])),)
    return CurvePicture(
        what=swept.what,
        axis=swept.axis,
        told=f"first fails {first_failure(swept)}{_lost(swept)}"
        if first
        else f"is never more than {max(swept.yours):.2g} ulp off",
        counts=_counts(swept),
        yours="".join(f"M{at} {height}h0" for at, height in (*yours.items(), *first)),
        as_written="".join(f"M{at} {FLOOR}V{height}" for at, height in as_written.items()),
        stable="".join(f"M{at - COLUMN // 2} {height}h{COLUMN}" for at, height in stable.items()),
        across=_ticks(x, swept.along),
        breaks=tuple((x.pixel(v) + x.pixel(math.copysign(10.0**x.decades, v))) // 2 for v in _far(swept.along)),
        upward=(Tick(LANE, "nan, inf"), *(Tick(y.pixel(p), power(p)) for p in powers)),
        limit=f"{swept.limit:g}",
        allowed=y.pixel(swept.limit),
        first=first,
        lost=_labels(x, y, swept),
    )


def _lost(swept: ErrorCurve) -> str:
    """Where the digits go, after how it fails."""
    if swept.lost is None:
        return ""
    at = f" at {_place(swept)}" if swept.lost_at != swept.first and swept.lost_at is not None else " there"
    return f". {lost_sentence(swept.lost, at)}".removesuffix(".")


def _place(swept: ErrorCurve) -> str:
    return f"{swept.axis} = {number(swept.along[swept.lost_at or 0], 4)}"


def _labels(x: Across, y: Upward, swept: ErrorCurve) -> tuple[Label, ...]:
    """The operation to blame, beside the input at which it is."""
    if swept.lost is None or swept.lost_at is None:
        return ()
    at, height = x.pixel(swept.along[swept.lost_at]), y.pixel(swept.yours[swept.lost_at])
    before = at > (LEFT + RIGHT) // 2
    return (Label(at, height + BELOW if height == LANE else height - ABOVE, lost_label(swept.lost), before),)


def power(value: float) -> str:
    """A power of ten, signed, as an axis has it: 0, 1, −10, 10³."""
    if not value:
        return "0"
    exponent = round(math.log10(abs(value)))
    size = ("1", "10", "100")[exponent] if 0 <= exponent < 3 else "10" + str(exponent).translate(_RAISED)
    return "\u2212" + size if value < 0 else size


def _across(along: Sequence[float]) -> Across:
    near = max((abs(v) for v in along if abs(v) <= FAR), default=1.0)
    decades = math.ceil(math.log10(max(near, 10)))
    whole, places = decades + 1.0, [_placed(v, decades) for v in along]
    low = min(-whole, *places) if min(along) < 0 else 0.0
    high = max(whole, *places) if max(along) > 0 or not low else 0.0
    return Across(low, high, decades)


def _placed(value: float, decades: int) -> float:
    """Where a value stands from 0, in decades; the first of them is linear."""
    size = abs(value)
    if size <= 1:
        return value
    return math.copysign(decades + 2 if size > FAR else 1 + math.log10(size), value)


def _far(along: Sequence[float]) -> list[float]:
    """The ends of the axis that are behind a break."""
    return [v for v in (min(along), max(along)) if abs(v) > FAR]


def _ticks(x: Across, along: Sequence[float]) -> tuple[Tick, ...]:
    sizes = [10.0**i for i in range(0, x.decades + 1, 2)]
    near = [s * v for s, end in ((-1, x.low), (1, x.high)) if end for v in sizes]
    return tuple(Tick(x.pixel(v), power(v)) for v in (*near, 0.0, *_far(along)))


def _worst(x: Across, y: Upward, along: Sequence[float], errors: Sequence[float]) -> dict[int, int]:
    """The height of the greatest error in every column that has one; of another way of writing there may be none."""
    found: dict[int, float] = {}
    for value, error in zip(along, errors, strict=bool(errors)):
        column = x.pixel(value)
        found[column] = max(error, found.get(column, 0.0))
    return {column: y.pixel(error) for column, error in sorted(found.items())}


def _counts(swept: ErrorCurve) -> str:
    ways = {"yours": swept.yours, "as written": swept.as_written, "stable": swept.stable}
    counts = ", ".join(f"{way} {sum(e <= swept.limit for e in errors)}" for way, errors in ways.items() if errors)
    return f"Right at: {counts} of {len(swept.along)} inputs."
