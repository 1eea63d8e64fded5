"""Comparing one result with what is right: its kind, its shape, its numbers, in that order.

Knows what counts as a number and how near is near enough. Refuses to know questions and points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType

import numpy as np

from grader.judge.clipping import FEW, listed
from grader.judge.model import Comparison, Remark
from grader.judge.notes import Finding, finding, remark
from grader.judge.truth import Named, Tolerance
from grader.judge.wording import both, described, difference, place, written
from grader.protocol.messages import Array, Leaf, Node

EPS32 = 2.0**-23

FLOAT32_LIKE = 1e-9
"""Relative errors from here up to the slip are those of a float32 constant or cast (6e-8 and a few steps)."""


REAL = "iuf"
"""The kinds of dtype that hold numbers to compare. What a leaf calls its dtype may be a lie."""

PLAUSIBLE = 1e3
"""An own value within this factor of the true one may stand in for it. Beyond, everything would follow
from it: 0 times any factor is 0, and a huge number drowns what is added to it."""


@dataclass(frozen=True)
class Compared:
    """One result at one point: `numbers` where it has any of the right shape, and the relative `error`."""

    inputs: Named
    expected: Array
    numbers: Array | None
    problem: Finding | None = None
    error: float = np.inf
    remarks: tuple[Remark, ...] = ()


def part(result: Node, path: str, wanted: Sequence[str]) -> Node | Finding:
    """The part of a result at a path: "" the whole, "0" of a tuple, "z" of a dict.

    `wanted` are all paths asked for: they tell what the result should have been. A tensor with one entry a
    path, all numbers, serves as a tuple; so does a list of numbers.
    """
    if not path:
        return result
    if path.isdigit():
        if isinstance(result, tuple) and len(result) == len(wanted):
            return result[int(path)]
        if isinstance(result, Leaf) and result.array.shape == (len(wanted),):
            kind = "float" if result.kind == "list" else result.kind
            return Leaf(result.array[int(path), ...], kind, result.dtype, result.device)
        return finding("wrong_structure", theirs=described(result), expected=f"a tuple of {len(wanted)}")
    if not isinstance(result, Mapping):
        return finding(
            "wrong_structure",
            theirs=described(result),
            expected=f"a dict with the keys {', '.join(wanted)}",
        )
    if path not in result:
        return finding("missing_key", what=repr(path), theirs=_keys(result, wanted) or "none")
    return result[path]


def _keys(result: Mapping[str, Node], wanted: Sequence[str]) -> str:
    """The keys of a dict; of far more than are `wanted` only a few, those first that nobody asked for."""
    if len(result) <= max(2 * len(wanted), FEW):
        return listed(result, spelt=repr)
    few = list(islice((key for key in result if key not in wanted), FEW))
    return f"{listed(few, spelt=repr)}, and {len(result) - len(few)} more"


def numbers(
    node: Node, shape: tuple[int, ...], what: str, kind: str = "", inputs: Named = MappingProxyType({})
) -> Array | Finding:
    """The numbers of a result in the given shape, or what is wrong with it.

    A scalar may come as a tensor with one element, a Python number or a NumPy scalar. Elsewhere `kind` (a
    tensor where nothing is said) is required.
    """
    if kind == "list":
        node = _listed(node)
    asked = {"list": "a list of numbers", "numpy": "a NumPy array"}.get(
        kind, "a number or a tensor with one element" if not shape else "a tensor of numbers"
    )
    if not isinstance(node, Leaf) or node.array.dtype.kind not in REAL:
        return finding("wrong_type", what=what, theirs=described(node), expected=asked)
    scalar = not shape and node.array.size == 1 and node.kind != "list"
    if not scalar and node.kind != (kind or "tensor"):
        return finding("wrong_type", what=what, theirs=described(node), expected=asked)
    if not scalar and node.array.shape != shape:
        problem = finding("wrong_shape", what=what, at=place(inputs), theirs=node.array.shape, expected=shape)
        return replace(problem, theirs=f"shape {node.array.shape}")
    return node.array.astype(np.float64).reshape(shape)


def _listed(node: Node) -> Node:
    """A tuple of numbers, or a tensor with one axis, as the list that is asked for."""
    if isinstance(node, tuple):
        values = [item.array.item() for item in node if isinstance(item, Leaf) and _is_one_number(item)]
        if len(values) < len(node):
            return node
        return Leaf(np.array(values, dtype=np.float64), "list", "float64", "cpu")
    if isinstance(node, Leaf) and node.kind in ("tensor", "numpy"):
        return replace(node, kind="list")
    return node


def _is_one_number(leaf: Leaf) -> bool:
    return leaf.array.size == 1 and leaf.array.dtype.kind in REAL


def relative_error(theirs: Array, expected: Array) -> float:
    """The largest difference, relative to the largest entry of what is right; infinite against 0."""
    if not np.isfinite(theirs).all():
        return float(np.inf)
    gap = float(np.abs(theirs - expected).max(initial=0.0))
    size = float(np.abs(expected).max(initial=0.0))
    if gap == 0:
        return 0.0
    return gap / size if size else float(np.inf)


def compared(
    result: Node | Finding,
    inputs: Named,
    expected: Array,
    what: str,
    tolerance: Tolerance,
    kind: str = "",
) -> Compared:
    """One result against what is right at one point."""
    if isinstance(result, Finding):
        return Compared(inputs, expected, None, result)
    found = numbers(result, expected.shape, what, kind, inputs)
    if isinstance(found, Finding):
        return Compared(inputs, expected, None, found)
    error = relative_error(found, expected)
    if error == np.inf and not np.isfinite(found).all():
        theirs, right = written(found), written(expected)
        problem = finding("not_finite", what=what, at=place(inputs), theirs=theirs, expected=right)
        return Compared(inputs, expected, found, problem)
    return Compared(inputs, expected, found, None, error, _remarks(result, error, expected, what, tolerance))


def slipped(rows: Sequence[Compared], what: str, tolerance: Tolerance) -> tuple[Remark, ...]:
    """The remark on an output that is right to float32 precision only."""
    worst = max((row.error for row in rows), default=0.0)
    if not FLOAT32_LIKE < worst <= tolerance.slip or tolerance.agree > FLOAT32_LIKE or any(r.remarks for r in rows):
        return ()
    return (remark("float32_slip", what=what, error=worst),)


def _remarks(node: Node, error: float, expected: Array, what: str, tolerance: Tolerance) -> tuple[Remark, ...]:
    if not isinstance(node, Leaf) or error > tolerance.slip:
        return ()
    said = []
    low = node.kind in ("tensor", "numpy") and node.dtype in ("float32", "float16", "bfloat16")
    if low and tolerance.agree < EPS32:
        said.append(remark("dtype_slip", what=what, theirs=node.dtype, expected="float64"))
    if not expected.shape and node.array.shape:
        said.append(remark("shape_slip", what=what, theirs=node.array.shape))
    return tuple(said)


def verdict_on(
    rows: Sequence[Compared], what: str, tolerance: Tolerance, note: str = "wrong_value"
) -> tuple[Finding | None, tuple[Remark, ...]]:
    """What is wrong with one output over all points (None where nothing is), and the remarks on it."""
    problems = [row.problem for row in rows if row.problem]
    for problem in problems:
        if problem.note != "not_finite":
            return problem, ()
    wrong = [row for row in rows if row.error > tolerance.slip and not row.problem]
    if not wrong and problems:
        return problems[0], ()
    if not wrong:
        remarks = dict.fromkeys(r for row in rows for r in row.remarks)
        return None, (*remarks, *slipped(rows, what, tolerance))
    theirs, expected = both(wrong[0].numbers, wrong[0].expected)  # type: ignore[arg-type] # numbers are there
    told = [r for r in rows if not r.problem]
    kind = difference([r.numbers for r in told], [r.expected for r in told])  # type: ignore[misc]
    at = place(wrong[0].inputs)
    return finding(note, what=what, at=at, theirs=theirs, expected=expected, difference=kind), ()


def shown(rows: Sequence[Compared], what: str, tolerance: Tolerance) -> tuple[Comparison, ...]:
    """The rows of a feedback table."""
    table = []
    for row in rows:
        agrees = row.error <= tolerance.slip
        theirs, expected = row.problem.theirs if row.problem else "–", written(row.expected)
        if row.numbers is not None:
            theirs, expected = (written(row.numbers), expected) if agrees else both(row.numbers, row.expected)
        table.append(Comparison(what, place(row.inputs).removeprefix(" at "), theirs, expected, agrees))
    return tuple(table)


def plausible(own: Array, expected: Array, scale: float) -> bool:
    """Whether an own value may stand in for what is right at a point; `scale` is its size over all points."""
    size, true = np.abs(own).max(), np.abs(expected).max()
    if not np.isfinite(own).all():
        return False
    return bool(true / PLAUSIBLE <= size <= scale * PLAUSIBLE) if true else size == 0
