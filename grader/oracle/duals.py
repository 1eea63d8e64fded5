"""Derivatives a second time: dual numbers, which carry a slope along with every value, forwards through a graph.

Knows the rules of differentiation as arithmetic on pairs of balls. Refuses to use SymPy's derivatives: it is what they
are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flint import arb

from grader.oracle.balls import BALLS
from grader.oracle.graph import Graph, NumberSystem


@dataclass(frozen=True)
class Dual:
    """A value, and how fast it changes: a + a'e with e squared being 0."""

    value: arb
    slope: arb

    def __add__(self, other: Any) -> Dual:
        """The sum rule."""
        right = dual(other)
        return Dual(self.value + right.value, self.slope + right.slope)

    def __mul__(self, other: Any) -> Dual:
        """The product rule."""
        right = dual(other)
        return Dual(self.value * right.value, self.slope * right.value + self.value * right.slope)

    def __truediv__(self, other: Any) -> Dual:
        """The quotient rule."""
        right = dual(other)
        ratio = self.value / right.value
        return Dual(ratio, (self.slope - ratio * right.slope) / right.value)

    def __pow__(self, exponent: Any) -> Dual:
        """The power rule; only constants are exponents here."""
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def __neg__(self) -> Dual:
        """The value and its slope, both the other way."""
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Dual:
        """The sum rule, of a difference."""
        return self + -dual(other)

    def __rsub__(self, other: Any) -> Dual:
        """A constant minus this."""
        return dual(other) - self

    def __rtruediv__(self, other: Any) -> Dual:
        """A constant divided by this."""
        return dual(other) / self

    __radd__, __rmul__ = __add__, __mul__


def dual(number: Any) -> Dual:
    """A dual number as it is; a constant as one that does not change."""
    return number if isinstance(number, Dual) else Dual(arb(number), arb(0))


def _rule(function: Callable[[arb], arb], derivative: Callable[[arb], arb]) -> Callable[[Any], Dual]:
    """The chain rule for a function of one number."""

    def applied(number: Any) -> Dual:
        inner = dual(number)
        return Dual(function(inner.value), derivative(inner.value) * inner.slope)

    return applied


def _largest(*numbers: Any) -> Dual:
    """The largest, with its own slope: 0 for a tie with a constant that comes first, as torch's clamp has it."""
    first, *others = map(dual, numbers)
    for other in others:
        ahead = BALLS.functions["Heaviside"](other.value - first.value)
        value = first.value.max(other.value)
        first = Dual(value, first.slope + ahead * (other.slope - first.slope))
    return first


def _smallest(*numbers: Any) -> Dual:
    return -_largest(*(-dual(number) for number in numbers))


DUALS: Final = NumberSystem(
    {
        "exp": _rule(arb.exp, arb.exp),
        "log": _rule(arb.log, lambda v: 1 / v),
        "log1p": _rule(arb.log1p, lambda v: 1 / (1 + v)),
        "sin": _rule(arb.sin, arb.cos),
        "cos": _rule(arb.cos, lambda v: -v.sin()),
        "tanh": _rule(arb.tanh, lambda v: 1 / v.cosh() ** 2),
        "sqrt": _rule(arb.sqrt, lambda v: 1 / (2 * v.sqrt())),
        "Abs": _rule(abs, arb.sgn),
        "Max": _largest,
        "Min": _smallest,
        "mpf": BALLS.functions["mpf"],
    }
)


def slopes(graph: Graph, point: Mapping[str, Any], output: str, name: str) -> Any:
    """The gradient of a scalar step in an input or step at a point, in that variable's shape.

    `point` has the balls of the inputs and of `name`. Each entry of it is moved on its own.
    """
    at = np.asarray(point[name], dtype=object)
    found = np.empty(at.shape, dtype=object)
    for place in np.ndindex(at.shape):
        moved = at.copy()
        moved[place] = dual(at[place]) + Dual(arb(0), arb(1))
        start = {**point, name: moved if at.shape else moved[()]}
        found[place] = dual(graph.values(start, DUALS)[output]).slope
    return found if at.shape else found[()]
