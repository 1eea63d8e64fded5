"""Samples for sweeps: inputs over the whole range of a floating-point type.

Knows where exp leaves the range, and which differences are exact. Refuses to know the formulas that meet these
inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

import numpy as np

from grader.oracle.domain import LEAST
from grader.protocol.messages import GRID, Array

Sample: TypeAlias = Callable[[Random], Mapping[str, Array]]

POINTS = 160
TAILS = (30.0, 88.0, 89.0, 104.0, 300.0, 709.0, 745.0, 10_000.0)
"""Where exp leaves float32 (88.7 and -103.3) and float64 (709.8 and -744.4), and far beyond."""
BASES = (0.0, 0.0, 1.0, -12.5, 100.0, 1000.0, -10_000.0)


def dyadic(random: Random) -> float:
    """A multiple of 1/1024, moderate or at a tail: differences of such numbers are exact in float32 too.

    Beside the largest of the bases float32 holds nothing finer.
    """
    moderate = random.randrange(int(LEAST * GRID), 4 * GRID), random.randrange(4 * GRID, 50 * GRID)
    size = random.choice((*(steps / GRID for steps in moderate), random.choice(TAILS)))
    return random.choice((-1, 1)) * size


def spread(random: Random) -> float:
    """A number of any size, either sign: dyadic, near zero, or enormous."""
    tiny = random.choice((-1, 1)) * 10 ** random.uniform(-9, 0)
    return random.choice((dyadic(random), dyadic(random), tiny, random.choice((-1e30, 1e30))))


def numbers(random: Random) -> dict[str, Array]:
    """x alone; never 0, where max, abs and clamp have their kinks and good cures use them."""
    return {"x": np.array([spread(random) for _ in range(POINTS)])}


def everywhere(random: Random) -> dict[str, Array]:
    """x alone, 0 included: for values, which have no kink there."""
    return {"x": np.append(0.0, numbers(random)["x"][1:])}


def pairs(random: Random) -> dict[str, Array]:
    """x and y: some that are equal, any difference from 0, dyadic differences from other bases."""
    rows = [(base, base) for base in sorted(set(BASES))]
    for base in random.choices(BASES, k=POINTS - len(rows)):
        rows.append((base, base + dyadic(random)) if base else (0.0, spread(random)))
    return {"x": np.array([x for x, _ in rows]), "y": np.array([y for _, y in rows])}


def triples(random: Random) -> dict[str, Array]:
    """Three numbers: a common base, and dyadic distances from it, some of them 0."""
    return {
        "x": np.array(
            [
                [base + random.choice((0.0, dyadic(random), dyadic(random))) for _ in range(3)]
                for base in random.choices(BASES, k=POINTS)
            ]
        )
    }


def decisions(random: Random) -> dict[str, Array]:
    """A logit and a target, 0 or 1."""
    targets = np.array([float(random.randrange(2)) for _ in range(POINTS)])
    return {"logit": numbers(random)["x"], "target": targets}


def soft_decisions(random: Random) -> dict[str, Array]:
    """A logit and a target from 0 to 1: an eighth, so that its product with a dyadic logit is exact in float32."""
    targets = np.array([random.randrange(9) / 8 for _ in range(POINTS)])
    return {"logit": everywhere(random)["x"], "target": targets}


def measurements(random: Random) -> dict[str, Array]:
    """Five numbers with a mean of up to a million times their spread."""
    rows = []
    for _ in range(POINTS):
        size = 10 ** random.uniform(-2, 2)
        centre = random.choice((-1, 1)) * size * 10 ** random.uniform(0, 6)
        rows.append([centre + size * random.uniform(-2, 2) for _ in range(5)])
    return {"x": np.array(rows)}
