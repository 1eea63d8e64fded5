"""How large a ball is, also where no float is as large or as small.

Knows mantissas and exponents. Refuses to know what a number stands for.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from flint import arb

KEPT: Final = 64
"""Bits of a mantissa that a size is told by."""


def log_size(number: arb) -> float:
    """The logarithm to base 2 of the middle of a ball, without its sign; -inf of 0, inf of what is not finite."""
    if not number.is_finite():
        return math.inf
    mantissa, exponent = (int(part) for part in number.mid().man_exp())
    size = abs(mantissa)
    if not size:
        return -math.inf
    cut = max(size.bit_length() - KEPT, 0)
    try:
        return math.log2(size >> cut) + float(cut + exponent)
    except OverflowError:
        return math.inf if exponent > 0 else -math.inf


def as_float(number: arb) -> float:
    """The float64 next to the middle of a ball."""
    size = log_size(number)
    if size == -math.inf or size < -1080:
        return 0.0
    if size >= 1024:
        return math.inf if number > 0 else -math.inf
    mantissa, exponent = (int(part) for part in number.mid().man_exp())
    try:
        return float(mantissa << exponent) if exponent >= 0 else mantissa / (1 << -exponent)
    except OverflowError:
        return math.inf if mantissa > 0 else -math.inf


def bits_of(dtype: str) -> int:
    """How many bits the mantissa of a dtype has."""
    return int(np.finfo(dtype).nmant) + 1 if dtype.startswith("float") else 64
