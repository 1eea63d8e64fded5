"""How numbers, arrays and points are written in a message, and in which way two results differ.

Knows formatting. Refuses to know what is right: both sides are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from grader.judge.clipping import FEW, NAME, clipped, listed
from grader.judge.truth import Named
from grader.protocol.messages import GRID, Array, Leaf, Node, Other

MOST_DECIMALS = 8
"""Beyond so many decimals a number is not rounded by hand."""

SHOWN = 12
"""Arrays of up to so many entries are written out."""


def number(value: float, digits: int = 7) -> str:
    """A number to a readable count of digits."""
    # Adding 0 makes 0 of -0.
    return f"{value + 0.0:.{digits}g}"


def coordinate(value: float) -> str:
    """A number of a point, exactly where it lies on the grid of hidden points, so that it can be typed in."""
    short = number(value)
    if float(short) == value or not (GRID * value).is_integer() or abs(value) > GRID**2:
        return short
    return f"{value:.10f}".rstrip("0")


def written(values: Array, write: Callable[[float], str] = number) -> str:
    """An array in a line, each number as `write` does; a long one by its first entries and its shape."""
    if not values.shape:
        return write(values.item())
    flat = [write(v) for v in values.ravel()[:SHOWN].tolist()]
    if values.size > SHOWN:
        return f"[{', '.join(flat[:6])}, … shape {values.shape}]"
    if values.ndim == 1:
        return f"[{', '.join(flat)}]"
    return f"[{', '.join(written(row, write) for row in values)}]"


def both(theirs: Array, expected: Array) -> tuple[str, str]:
    """Two arrays written with as many digits as it takes to tell them apart.

    Arrays too long to write are shown at the first entry that differs most.
    """
    if theirs.shape == expected.shape and expected.size > SHOWN:
        gaps = np.nan_to_num(np.abs(theirs - expected), nan=np.inf)
        worst = np.unravel_index(np.argmax(gaps), expected.shape)
        index = ", ".join(str(int(i)) for i in worst)
        left, right = both(np.asarray(theirs[worst]), np.asarray(expected[worst]))
        return f"{left} in place [{index}]", right
    for digits in (7, 10, 13, 17):
        left, right = (written(values, partial(number, digits=digits)) for values in (theirs, expected))
        if left != right:
            break
    return left, right


def place(inputs: Named) -> str:
    """Where: " at (a = 1, b = 2.5)", in numbers that can be typed in; nothing when there are no inputs."""
    if not inputs:
        return ""
    parts = [f"{name} = {written(values, coordinate)}" for name, values in inputs.items() if values.size <= SHOWN]
    parts += [f"{name} of shape {values.shape}" for name, values in inputs.items() if values.size > SHOWN]
    return f" at ({', '.join(parts)})"


CALLABLE = frozenset({"function", "method", "builtin_function_or_method", "method_descriptor", "type"})
"""Types of what stands where a call has lost its parentheses."""


def described(node: Node) -> str:
    """What a result is, in words: "a tensor of shape (2, 3)", "None", "a dict with keys x, y"."""
    match node:
        case Leaf(kind="tensor"):
            article, dtype = "an" if node.dtype[:1] in "aeiou" else "a", clipped(node.dtype, NAME)
            return f"{article} {dtype} tensor" + (f" of shape {node.array.shape}" if node.array.shape else "")
        case Leaf(kind="numpy"):
            return f"a NumPy array of shape {node.array.shape}" if node.array.shape else "a NumPy number"
        case Leaf(kind="list"):
            kind = "complex numbers" if node.array.dtype.kind == "c" else "numbers"
            return f"a list of {node.array.size} {kind}"
        case Leaf():
            return f"a Python {node.kind}"
        case Other(type_name="None"):
            return "None"
        case Other(type_name=kind) if kind in CALLABLE:
            return "a function that is not called (are its parentheses missing?)"
        case Other(type_name="dict"):
            return "a dict whose keys are not all text"
        case Other():
            return f"of type {clipped(node.type_name, NAME)}"
        case tuple():
            return f"a tuple or list of {len(node)}"
    return f"a dict with keys {listed(node, count=len(node) if len(node) <= SHOWN else FEW) or '(none)'}"


def difference(theirs: Sequence[Array], expected: Sequence[Array]) -> str:
    """What kind of difference it is, over all points together; empty when no simple one fits.

    Each sequence holds one array a point, in equal shapes.
    """
    yours = np.concatenate([np.ravel(t) for t in theirs]).astype(np.float64)
    right = np.concatenate([np.ravel(e) for e in expected]).astype(np.float64)
    if not np.isfinite(yours).all():
        return ""
    if not yours.any():
        return " (yours is 0 everywhere)"
    steady = _ratio(yours, right)
    if steady:
        return steady
    offset = yours - right
    if len(theirs) > 1 and _unmoved(theirs) and not _unmoved(expected):
        return " (yours is the same everywhere)"
    digits = next((d for d in range(1, MOST_DECIMALS) if _is_rounded(yours, right, d)), 0)
    if digits:
        return f" (yours is rounded to {digits} decimal{'s' if digits > 1 else ''}: give the number as it is)"
    if len(theirs) > 1 and np.ptp(offset) <= 1e-6 * np.abs(offset).max():
        direction = "large" if offset[0] > 0 else "small"
        return f" (too {direction} by {number(abs(offset[0]), 4)} at every point)"
    if all(
        t.size > 1 and np.allclose(np.sort(t, None), np.sort(e, None)) for t, e in zip(theirs, expected, strict=True)
    ):
        return " (the right entries, in the wrong places)"
    gap, size = np.abs(offset).max(), max(np.abs(right).max(), np.finfo(float).tiny)
    if gap < 1e-3 * size:
        return f" (close, but a relative difference of {gap / size:.0e} is more than rounding explains)"
    return ""


def _unmoved(arrays: Sequence[Array]) -> bool:
    return all(array.shape == arrays[0].shape and np.array_equal(array, arrays[0]) for array in arrays)


def _is_rounded(yours: Array, right: Array, decimals: int) -> bool:
    """Whether what is given is what is right to so many decimals; one number alone may be so by chance."""
    return len(yours) > 1 and bool(np.allclose(yours, np.round(right, decimals), rtol=0, atol=1e-9 * 10.0**-decimals))


def _ratio(yours: Array, right: Array) -> str:
    known = np.abs(right) > 0
    if known.sum() < 2 or yours[~known].any():
        return ""
    with np.errstate(over="ignore"):
        ratios = yours[known] / right[known]
    if not np.isfinite(ratios).all():
        return ""
    if np.ptp(ratios) > 1e-6 * np.abs(ratios).max() or abs(ratios[0] - 1) < 1e-3:
        return ""
    if abs(ratios[0] + 1) < 1e-6:
        return " (the sign is flipped at every point)"
    simple = Fraction(float(ratios[0])).limit_denominator(64)
    exact = abs(float(simple) - ratios[0]) <= 1e-6 * abs(ratios[0])
    return f" (yours is {simple if exact else number(ratios[0], 4)} times what is right, at every point)"
