"""Samples for sweeps: in every draw each regime of a function has points of its own, spread evenly over it.

Knows where exp leaves the range of a dtype, where 1 swallows it, and which differences are exact. Refuses to know the
formulas that meet these inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import floor
from random import Random
from typing import Any, Final, TypeAlias

from grader.protocol.messages import GRID


@dataclass(frozen=True)
class Reach:
    """How far exp goes in a dtype: 1 + exp(-swallowed) is 1, exp(-normal) is the last that has all of its digits.

    exp(-least) is 0, and exp(overflow) is infinite. Between `deep` and `normal` there is nothing to tell forms by.
    """

    swallowed: float
    deep: float
    normal: float
    least: float
    overflow: float


REACHES: Final = {"float32": Reach(17, 79, 87.4, 104, 89), "float64": Reach(37, 700, 708.5, 746, 710)}

Row: TypeAlias = tuple[Any, ...]
"""The arguments of one call."""
Draw: TypeAlias = Callable[[Random, str], list[Row]]
"""Points of a regime, for a dtype."""

BASES: Final = (0.0, 1.0, -12.5, 100.0, 1000.0, -1000.0, -10_000.0)
FAR: Final = 10_000.0
ENORMOUS: Final = 1e30
SIGNS: Final = (1, -1)


@dataclass(frozen=True)
class Stratum:
    """A regime of a function, named as in "right for ...", its `share` of the points, and how its points are drawn.

    An `easy` one is a regime in which the formula as written is right too.
    """

    name: str
    share: float
    draw: Draw
    easy: bool = False


def dyadic(value: float) -> float:
    """The next multiple of 1/1024 below: differences of such numbers are exact in float32 too."""
    return floor(value * GRID) / GRID


def spaced(random: Random, low: float, high: float, count: int) -> list[float]:
    """One number in each of `count` equal parts of a range, in any order."""
    step = (high - low) / count
    found = [low + step * (i + random.random()) for i in range(count)]
    random.shuffle(found)
    return found


def tiny(random: Random) -> list[float]:
    """Numbers near 0 of either sign, which no grid holds."""
    return [sign * 10**size for size in spaced(random, -9, -1, 4) for sign in SIGNS]


def _stretches(dtype: str) -> list[tuple[float, float]]:
    """From small to where 1 swallows an exponential; the halves matter, since softplus takes a shortcut at 20."""
    end = REACHES[dtype].swallowed
    return [(0.25, 4), (4, 0.55 * end), (0.55 * end, end)]


def moderate(random: Random, dtype: str, count: int) -> list[float]:
    """Numbers from small to where 1 swallows their exponential."""
    return [d for ends in _stretches(dtype) for d in spaced(random, *ends, count)]


def fading(random: Random, dtype: str, count: int) -> list[float]:
    """Those of them of which 1 swallows many digits."""
    return [d for ends in _stretches(dtype)[1:] for d in spaced(random, *ends, count)]


def deep(random: Random, dtype: str, count: int) -> list[float]:
    """Numbers beyond that whose exponential has all of its digits, and the last of them."""
    reach = REACHES[dtype]
    return [*spaced(random, reach.swallowed, reach.deep, count - 1), reach.deep]


def high(random: Random, dtype: str, count: int) -> list[float]:
    """Numbers whose exponential is large and finite."""
    reach = REACHES[dtype]
    return spaced(random, reach.swallowed, 0.84 * reach.overflow, count)


def beyond(random: Random, dtype: str) -> list[float]:
    """Numbers of which exp is infinite, and exp of their negative 0 or next to it."""
    reach = REACHES[dtype]
    near = spaced(random, reach.overflow, reach.least, 2)
    return [*near, *spaced(random, reach.least, 2 * reach.overflow, 4), 1000.0, FAR]


def _apart(random: Random, differences: list[float]) -> list[Row]:
    """x and y with such differences y - x, over all bases by turns; beside 0 the difference is any number."""
    bases = random.sample(BASES, len(BASES))
    turns = zip(differences, bases * len(differences), strict=False)
    return [(base, base + dyadic(d)) if base else (0.0, d) for d, base in turns]


def scores(random: Random, dtype: str) -> list[Row]:
    """Pairs of any size with y above x, near enough for exp."""
    first, *others = _stretches(dtype)
    # Beside large scores small differences lose digits by chance.
    near = [row for ends in (first, first, first, *others) for row in _apart(random, spaced(random, *ends, len(BASES)))]
    return [*near, *_apart(random, high(random, dtype, len(BASES)))]


def ties(random: Random, dtype: str) -> list[Row]:
    """Equal pairs of any size, and nearly equal ones."""
    return [*((base, base) for base in BASES), *((0.0, d) for d in tiny(random))]


def losses(random: Random, dtype: str) -> list[Row]:
    """Pairs with y so far below x that 1 swallows their exponential, or most of its digits."""
    lower = [*fading(random, dtype, len(BASES)), *deep(random, dtype, len(BASES)), 50.0]
    return _apart(random, [-d for d in lower])


def distant(random: Random, dtype: str) -> list[Row]:
    """Pairs so far apart that the exponential of their difference is infinite, or 0."""
    reach = REACHES[dtype]
    lower = spaced(random, reach.normal, reach.least, 3)
    found = _apart(random, [sign * d for d in beyond(random, dtype) for sign in SIGNS] + [-d for d in lower])
    return [*found, *((0.0, sign * d) for d in (1000.0, FAR, ENORMOUS) for sign in SIGNS)]


def middle(random: Random, dtype: str) -> list[Row]:
    """Numbers near 0, and 0."""
    return [(0.0,), *((d,) for d in tiny(random)), *((s * d,) for d in spaced(random, 0.25, 3, 6) for s in SIGNS)]


def one_side(sign: int) -> Draw:
    """Numbers of one sign whose exponential has all of its digits."""

    def draw(random: Random, dtype: str) -> list[Row]:
        found = [*fading(random, dtype, 8), *deep(random, dtype, 8), 30.0]
        return [(sign * d,) for d in found]

    return draw


def outside(random: Random, dtype: str) -> list[Row]:
    """Numbers of either sign whose exponential is infinite, or 0."""
    reach = REACHES[dtype]
    found = [*beyond(random, dtype), ENORMOUS, *spaced(random, reach.normal, reach.least, 3)]
    return [(sign * d,) for d in found for sign in SIGNS]


def _beside(random: Random, below: list[float], near: float) -> list[Row]:
    """Three entries of which one is below a base, one within `near` of it and one at it, the lowest in every place."""
    rows: list[Row] = []
    bases = random.sample(BASES, len(BASES)) * len(below)
    for (d, place), base in zip(product(below, range(3)), bases, strict=False):
        entries = random.sample((base, base - dyadic(random.uniform(min(0.25, near), near))), 2)
        rows.append(([*entries[:place], base - dyadic(d), *entries[place:]],))
    return rows


def triples(random: Random, dtype: str) -> list[Row]:
    """Three entries of any size near one another, some of them equal."""
    near = [row for ends in _stretches(dtype) for row in _beside(random, spaced(random, *ends, 5), 4)]
    equal: list[Row] = [([base] * 3,) for base in BASES]
    return [*near, *equal, *_beside(random, spaced(random, 0.25, 4, 2), 0)]


def small_entries(random: Random, dtype: str) -> list[Row]:
    """Three entries of which one is far below the others."""
    return _beside(random, deep(random, dtype, 8), 4)


def lone(random: Random, dtype: str) -> list[Row]:
    """Three entries of which one is so far above the others that exp of the difference is infinite."""
    rows: list[Row] = []
    bases = random.sample(BASES, len(BASES)) * 3
    for (d, place), base in zip(product((*beyond(random, dtype)[4:], ENORMOUS), range(3)), bases, strict=False):
        entries = [base + dyadic(random.uniform(-2, 2)) for _ in range(3)]
        entries[place] = base + (d if d == ENORMOUS else dyadic(d))
        rows.append((entries,))
    return rows


EIGHTHS: Final = tuple(k / 8 for k in range(1, 8))
"""Targets whose product with a dyadic logit is exact in float32."""


def wrong_side(hard: bool) -> Draw:
    """Logits for the other class, or with a target between 0 and 1; a `hard` target is 0 or 1."""

    def draw(random: Random, dtype: str) -> list[Row]:
        sizes = [*moderate(random, dtype, 6), *high(random, dtype, 8)]
        rows: list[Row] = [(dyadic(d) if i % 2 else d, 0.0) for i, d in enumerate(sizes)]
        rows += [(-d, 1.0) for d, _ in rows]
        if not hard:
            soft = [dyadic(d) for d in (*moderate(random, dtype, 4), *high(random, dtype, 4), *tiny(random), 0.0)]
            rows += [(sign * d, t) for d, t in zip(soft, EIGHTHS * 4, strict=False) for sign in SIGNS]
            rows += [(0.0, 0.0), (0.0, 1.0)]
        return rows

    return draw


def right_side(random: Random, dtype: str) -> list[Row]:
    """Logits for the class of the target, 0 or 1, with a tiny loss."""
    sizes = [*fading(random, dtype, 8), *deep(random, dtype, 8), 50.0]
    return [(d, 1.0) for d in sizes] + [(-d, 0.0) for d in sizes]


def certain(random: Random, dtype: str) -> list[Row]:
    """Logits of either sign whose exponential is infinite, with any target."""
    sizes = [*beyond(random, dtype), ENORMOUS]
    return [(sign * d, t) for d in sizes for sign in SIGNS for t in (0.0, 0.25, 0.5, 1.0)]


OFFSETS: Final = (-2, -1, 0, 1, 2)


def means(*ratios: tuple[float, float]) -> Draw:
    """Five numbers with a mean of so many times their spread, as ranges of powers of 10."""

    def draw(random: Random, dtype: str) -> list[Row]:
        rows: list[Row] = []
        for i, ratio in enumerate(r for ends in ratios for r in spaced(random, *ends, 12)):
            size = 10 ** random.uniform(-2, 2)
            centre = SIGNS[i % 2] * size * 10**ratio
            offsets = random.sample(OFFSETS, len(OFFSETS))
            rows.append(([centre + size * (o + random.uniform(-0.4, 0.4)) for o in offsets],))
        return rows

    return draw


GAPS: Final = {"float32": 2.0**22, "float64": 2.0**51}
"""Numbers of this size are half a unit apart."""
SPREADS: Final = ((0, 1, 1, 1, 1), (0, 0, 0, 0, 1), (0, 0, 0, 1, 3), (0, 1, 2, 3, 3), (0, 0, 1, 2, 3), (0, 2, 2, 3, 4))
"""Whole numbers whose mean is no multiple of a half."""


def gaps(random: Random, dtype: str) -> list[Row]:
    """Five numbers a few gaps of the dtype apart, so that their mean is rounded."""
    return [([sign * GAPS[dtype] + o for o in random.sample(s, len(s))],) for s in SPREADS for sign in SIGNS]
