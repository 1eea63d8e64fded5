"""Precision: how many digits the truth has, and how near an answer must come.

Knows the table of tolerances, each figure with its source, and the way from float64 to mpmath.
Refuses to know what is being computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from grader.judge.truth import Tolerance
from grader.protocol.messages import Array

DIGITS = 50
"""Decimal digits of the truth; float64 holds 16."""

EPS32 = 2.0**-23
EPS64 = 2.0**-52

TOLERANCE: dict[tuple[str, str], Tolerance] = {
    # 4096 ulp: the reference stays below 64 ulp on every domain (tests measure it); the factor of 64 is for
    # other ways of writing the same formula. Central differences reach about 1e-10 at best.
    # The slip is 128 ulp of float32: a constant or a cast in float32 costs one, and a few steps amplify it.
    ("float64", "cpu"): Tolerance(agree=4096 * EPS64, slip=128 * EPS32),
    # CUDA's elementary functions are within 2 ulp (CUDA C++ Programming Guide, mathematical functions) and
    # sums are taken in another order: twice the allowance.
    ("float64", "cuda"): Tolerance(agree=8192 * EPS64, slip=128 * EPS32),
    ("float32", "cpu"): Tolerance(agree=128 * EPS32, slip=128 * EPS32),
    ("float32", "cuda"): Tolerance(agree=256 * EPS32, slip=256 * EPS32),
}

ULP_LIMIT: dict[str, float] = {"value": 80.0, "gradient": 80.0}
"""Allowed error of a stable function in units in the last place.

Of all known forms the right ones reach 33 (a rounded exponent near 33 in float64), and the wrong ones never less than
200: none lies between half of the limit and twice it, which a test measures.
"""


@contextmanager
def precise(digits: int = DIGITS) -> Iterator[None]:
    """Within it, mpmath computes with so many decimal digits: nothing else sets them."""
    with mpmath.workdps(digits):
        yield


def exact(values: Array | float) -> Any:
    """Floats (or integers) as mpmath numbers, without rounding, in the same shape."""
    found = np.empty(np.shape(values), dtype=object)
    for index, value in np.ndenumerate(np.asarray(values)):
        ratio = Fraction(value.item())
        found[index] = mpmath.mpf(ratio.numerator) / ratio.denominator
    return found if found.shape else found[()]
