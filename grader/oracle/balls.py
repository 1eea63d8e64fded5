"""Numbers with proof: balls that hold the exact value, narrowed until both of their ends round to one float64.

Knows ball arithmetic (FLINT's arb) and how a ball is rounded. Refuses to know what is being computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final

import numpy as np
from flint import arb, ctx, fmpq

from grader.oracle.graph import NumberSystem
from grader.protocol.messages import Array

PRECISIONS: Final = (128, 512, 2048, 8192)
"""Bits to compute with, one after the other: 128 settle nearly all, and log(1 + 5e-324) needs 1 127."""

LARGEST, SMALLEST = 1025, -1080
"""A number of more bits before its point is infinite in float64, and one that begins so far behind it is 0."""


def _constant(value: Any) -> arb:
    """What SymPy's printer writes as `mpf(…)`: a whole number, or a float's sign, mantissa, exponent and bits."""
    if not isinstance(value, tuple):
        return arb(value)
    sign, mantissa, exponent, _ = value
    number: arb = arb(-mantissa if sign else mantissa) * arb(2) ** exponent
    return number


def _heaviside(v: arb, _: object = None) -> arb:
    """0 at 0, as torch has the slope of its kinks."""
    if v > 0:
        return arb(1)
    return arb(0) if v <= 0 else arb(0).union(arb(1))


def _largest(*values: Any) -> arb:
    first, *others = map(arb, values)
    for other in others:
        first = first.max(other)
    return first


def _smallest(*values: Any) -> arb:
    return -_largest(*(-arb(value) for value in values))


BALLS: Final = NumberSystem(
    {
        **{name: getattr(arb, name) for name in ("exp", "log", "sin", "cos", "tanh", "sqrt", "log1p")},
        "Max": _largest,
        "Min": _smallest,
        "Abs": abs,
        "sign": arb.sgn,
        "Heaviside": _heaviside,
        "mpf": _constant,
    }
)


def ball(values: Any) -> Any:
    """Floats or integers as balls without width, in the same shape."""
    return np.frompyfunc(arb, 1, 1)(values)


def as_written(values: Any) -> Any:
    """Decimal numbers as they are written, in the same shape: 0.1 is a tenth, not the float beside it.

    A tenth is no binary number: call this inside of what `narrowed` computes.
    """

    def ratio(value: object) -> arb:
        written = Fraction(str(value))
        return arb(fmpq(written.numerator, written.denominator))

    return np.frompyfunc(ratio, 1, 1)(values)


def narrowed(compute: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What is computed, by name, at the first precision that settles the float64 of every number of it.

    At the last precision some may be left that lie too near the middle of two float64 for any.
    """
    found: Mapping[str, Any] = {}
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            found = compute()
            if all(is_settled(number) for values in found.values() for number in numbers_in(values)):
                break
    return found


def settled(compute: Callable[[], Mapping[str, Any]]) -> dict[str, Array]:
    """The same, each number as the float64 that it is nearest to."""
    return {name: nearest(values) for name, values in narrowed(compute).items()}


@contextmanager
def roughly() -> Iterator[None]:
    """Within it balls have the least precision: enough for what nobody has to prove, such as likely mistakes."""
    with ctx.workprec(PRECISIONS[0]):
        yield


def numbers_in(values: Any) -> Iterator[arb]:
    """The balls of a number or an array of them."""
    # A derivative that is a whole number everywhere comes as it is.
    yield from map(arb, np.ravel(np.asarray(values, dtype=object)))


def is_settled(number: arb) -> bool:
    """Whether all that lies in a ball rounds to one float64."""
    low, high = _ends(number)
    return low == high


def nearest(values: Any) -> Array:
    """Balls as float64, in the same shape: nan where a value is not real; of one that is not settled its middle."""
    return np.array([*map(_nearest, numbers_in(values))], dtype=np.float64).reshape(np.shape(values))


def _nearest(number: arb) -> float:
    low, high = _ends(number)
    if low == high or not number.is_finite():
        return low
    # What lies as good as in the middle of two goes to the even one; + rounds to the precision that is set.
    with ctx.workprec(PRECISIONS[0]):
        return _rounded((+number.mid()).mid())


def _ends(number: arb) -> tuple[float, float]:
    with ctx.workprec(PRECISIONS[-1]):
        return _rounded(number.lower()), _rounded(number.upper())


def _rounded(end: arb) -> float:
    """The float64 that is nearest to a ball without width: by whole numbers, for the smallest ones too."""
    if not end.is_finite():
        return float(end)
    mantissa, exponent = (int(part) for part in end.man_exp())
    size = mantissa.bit_length() + exponent
    if size > LARGEST:
        return float("inf") if mantissa > 0 else float("-inf")
    if size < SMALLEST:
        return 0.0
    try:
        return float(mantissa << exponent) if exponent >= 0 else mantissa / (1 << -exponent)
    except OverflowError:
        return float("inf") if mantissa > 0 else float("-inf")
