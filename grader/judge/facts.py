"""Making facts: how much of numbers, points and results is told, and in which way two results differ.

Knows what is cut from what is long. Refuses to know what is right, and how anything is written.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import islice

import numpy as np

from grader.judge.clipping import FEW, NAME, SHOWN, clipped
from grader.judge.findings import Difference, Form, Numbers, Place, Way
from grader.judge.truth import Named
from grader.protocol.messages import Array, Leaf, Node, Other

MOST_DECIMALS = 8
"""Beyond so many decimals a number is not rounded by hand."""

FIRST = 6
"""Entries of a long array that are told."""


def excerpt(values: Array) -> Numbers:
    """An array of up to `SHOWN` entries, or the first of a longer one."""
    if not values.shape:
        single = float(values)
        return Numbers((math.nan if math.isnan(single) else single,))
    flat = values.ravel()[: SHOWN if values.size <= SHOWN else FIRST].tolist()
    # One nan is another here, so that equal findings are equal.
    return Numbers(tuple(math.nan if math.isnan(v) else float(v) for v in flat), values.shape)


def both(theirs: Array, expected: Array) -> tuple[Numbers, Numbers]:
    """Two arrays that differ; long ones by the first entry that differs most."""
    if theirs.shape != expected.shape or expected.size <= SHOWN:
        return excerpt(theirs), excerpt(expected)
    gaps = np.nan_to_num(np.abs(theirs - expected), nan=np.inf)
    worst = np.unravel_index(np.argmax(gaps), expected.shape)
    index = tuple(int(i) for i in worst)
    return Numbers(excerpt(theirs[worst]).values, (), index), excerpt(expected[worst])


def place(inputs: Named) -> Place | None:
    """A point, its long inputs by their shapes; None where there are no inputs."""
    short = {name: excerpt(values) for name, values in inputs.items() if values.size <= SHOWN}
    long = {name: Numbers((), values.shape) for name, values in inputs.items() if values.size > SHOWN}
    return {**short, **long} or None


def named(names: Collection[str], count: int, kind: str) -> Form:
    """Up to `count` of some names, each cut."""
    return Form(kind, count=len(names), names=tuple(clipped(name, NAME) for name in islice(names, count)))


CALLABLE = frozenset({"function", "method", "builtin_function_or_method", "method_descriptor", "type"})
"""Types of what stands where a call has lost its parentheses."""


def described(node: Node) -> Form:
    """What a result is."""
    match node:
        case Leaf(kind="tensor"):
            return Form("tensor", clipped(node.dtype, NAME), node.array.shape)
        case Leaf(kind="numpy"):
            return Form("numpy", shape=node.array.shape)
        case Leaf(kind="list"):
            return Form("list", "complex" if node.array.dtype.kind == "c" else "", count=node.array.size)
        case Leaf():
            return Form("python", node.kind)
        case Other(type_name="None"):
            return Form("None")
        case Other(type_name=kind) if kind in CALLABLE:
            return Form("function")
        case Other(type_name="dict"):
            return Form("mapping")
        case Other():
            return Form("object", names=(clipped(node.type_name, NAME),))
        case tuple():
            return Form("tuple or list", count=len(node))
    return named(node, len(node) if len(node) <= SHOWN else FEW, "dict")


def difference(theirs: Sequence[Array], expected: Sequence[Array]) -> Difference | None:
    """What kind of difference it is, over all points together; None when no simple one fits.

    Each sequence holds one array a point, in equal shapes.
    """
    yours = np.concatenate([np.ravel(t) for t in theirs]).astype(np.float64)
    right = np.concatenate([np.ravel(e) for e in expected]).astype(np.float64)
    if not np.isfinite(yours).all():
        return None
    if not yours.any():
        return Difference(Way.ZERO)
    steady = _ratio(yours, right)
    if steady:
        return steady
    offset = yours - right
    if len(theirs) > 1 and _unmoved(theirs) and not _unmoved(expected):
        return Difference(Way.STILL)
    digits = next((d for d in range(1, MOST_DECIMALS) if _is_rounded(yours, right, d)), 0)
    if digits:
        return Difference(Way.ROUNDED, digits)
    if len(theirs) > 1 and np.ptp(offset) <= 1e-6 * np.abs(offset).max():
        return Difference(Way.SHIFTED, float(offset[0]))
    if all(
        t.size > 1 and np.allclose(np.sort(t, None), np.sort(e, None)) for t, e in zip(theirs, expected, strict=True)
    ):
        return Difference(Way.MISPLACED)
    gap, size = np.abs(offset).max(), max(np.abs(right).max(), np.finfo(float).tiny)
    return Difference(Way.CLOSE, float(gap / size)) if gap < 1e-3 * size else None


def _unmoved(arrays: Sequence[Array]) -> bool:
    return all(array.shape == arrays[0].shape and np.array_equal(array, arrays[0]) for array in arrays)


def _is_rounded(yours: Array, right: Array, decimals: int) -> bool:
    """Whether what is given is what is right to so many decimals; one number alone may be so by chance."""
    return len(yours) > 1 and bool(np.allclose(yours, np.round(right, decimals), rtol=0, atol=1e-9 * 10.0**-decimals))


def _ratio(yours: Array, right: Array) -> Difference | None:
    known = np.abs(right) > 0
    if known.sum() < 2 or yours[~known].any():
        return None
    with np.errstate(over="ignore"):
        ratios = yours[known] / right[known]
    if not np.isfinite(ratios).all():
        return None
    if np.ptp(ratios) > 1e-6 * np.abs(ratios).max() or abs(ratios[0] - 1) < 1e-3:
        return None
    return Difference(Way.FLIPPED) if abs(ratios[0] + 1) < 1e-6 else Difference(Way.TIMES, float(ratios[0]))
