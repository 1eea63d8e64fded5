"""What torch's operations compute, in two arithmetics: in floats as torch does, and exactly, in balls.

Knows the operations by torch's names for them, and no others: whatever is not listed here is not computed. Refuses to
know where an operation comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from flint import arb

from grader.protocol.messages import Array

Function: TypeAlias = "Callable[..., Any]"


class UnknownOperationError(Exception):
    """An operation that is not listed, or one that was asked for in a way that is not."""


@dataclass(frozen=True, eq=False)
class EntrywiseFunctions:
    """Functions of arrays, entry by entry."""

    exact: bool
    functions: Mapping[str, Function]

    def __getattr__(self, name: str) -> Function:
        """A function by its name."""
        try:
            return self.functions[name]
        except KeyError:
            raise UnknownOperationError(name) from None

    def constant(self, values: Any, like: Array | None = None) -> Array:
        """Numbers as an array of this arithmetic."""
        if self.exact:
            return balls(values)
        return np.asarray(values, None if like is None or like.dtype.kind != "f" else like.dtype)


def balls(values: Any) -> Array:
    """Numbers as balls, floats without width, in the same shape; truth values as they are."""
    found = np.asarray(values)
    if found.dtype.kind == "b":
        return found
    made = np.empty(found.shape, dtype=object)
    made.reshape(-1)[:] = [value if type(value) is arb else arb(value) for value in found.reshape(-1).tolist()]
    return made


def _each(function: Callable[..., arb], count: int = 1) -> Function:
    """A function of balls, entry by entry; of the smallest arrays an array too."""
    made = np.frompyfunc(function, count, 1)
    return lambda *arrays: np.asarray(made(*map(balls, arrays)), dtype=object)


def _sign(value: arb) -> arb:
    return arb(1) if value > 0 else arb(-1) if value < 0 else arb(0)


def _power(base: arb, exponent: arb) -> arb:
    """As torch has it: 0 to the 0 is 1, and a negative number has whole powers."""
    if exponent.is_integer() and abs(exponent) < 2**20:
        whole = int(float(exponent))
        return arb(base) ** whole
    return arb(base) ** exponent


def _larger(a: arb, b: arb) -> arb:
    return a if a >= b else b


def _smaller(a: arb, b: arb) -> arb:
    return a if a <= b else b


def _sigmoid_float(values: Array) -> Array:
    one = values.dtype.type(1)
    return np.asarray(one / (one + np.exp(-values)))


FLOATS: Final = EntrywiseFunctions(
    False,
    {
        **{name: getattr(np, name) for name in ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "abs")},
        **{name: getattr(np, name) for name in ("sinh", "cosh", "log2", "log10", "exp2", "maximum", "minimum")},
        "sign": np.sign,
        "power": np.power,
        "sigmoid": _sigmoid_float,
    },
)
EXACT: Final = EntrywiseFunctions(
    True,
    {
        **{name: _each(getattr(arb, name)) for name in ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos")},
        **{name: _each(getattr(arb, name)) for name in ("sinh", "cosh")},
        "abs": _each(abs),
        "log2": _each(lambda v: v.log() / arb(2).log()),
        "log10": _each(lambda v: v.log() / arb(10).log()),
        "exp2": _each(lambda v: (v * arb(2).log()).exp()),
        "maximum": _each(_larger, 2),
        "minimum": _each(_smaller, 2),
        "sign": _each(_sign),
        "power": _each(_power, 2),
        "sigmoid": _each(lambda v: 1 / (1 + (-v).exp())),
    },
)
