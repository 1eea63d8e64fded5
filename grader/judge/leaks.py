"""How digits go, as data: the operation that loses them, and how.

Knows what is told of it. Refuses to know how it is found, and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Leak(StrEnum):
    """How digits go."""

    OVERFLOW = "overflow"
    """A number is too large for the dtype."""
    UNDERFLOW = "underflow"
    """A number is too small for it."""
    CANCELLATION = "cancellation"
    """Nearly equal numbers are subtracted, and what is left is what rounding had made of them."""
    BITS = "bits"
    """A function is steep where it is taken, or the library's own way loses bits."""
    ROUNDING = "rounding"
    """A cast to a dtype of fewer bits."""


@dataclass(frozen=True)
class LostDigits:
    """The `operation` in which digits go, as a formula in the student's own names, and torch's `name` for it.

    `value` is what came out, at `index` where that is an array, and `exact` the float64 next to what should have. Of
    the `total` bits of the sweep's dtype so many `bits` are lost; the operation is carried out in `dtype`. `line` is of
    the student's code, 0 where that is not known; `backward` says that it happens on the way back.
    """

    leak: Leak
    operation: str
    name: str
    value: float
    exact: float
    bits: int
    total: int
    dtype: str
    index: tuple[int, ...] = ()
    line: int = 0
    backward: bool = False
