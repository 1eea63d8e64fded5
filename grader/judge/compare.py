"""Comparing one result with what is right: its kind, its shape, its numbers, in that order.

Knows what counts as a number and how near is near enough. Refuses to know questions and points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from grader.judge.clipping import FEW, LISTED
from grader.judge.facts import both, described, difference, excerpt, named, place
from grader.judge.findings import Facts, Finding, Form, Remark, Shown
from grader.judge.model import Comparison
from grader.judge.truth import Named, Tolerance
from grader.protocol.messages import Array, Leaf, Node

EPS32 = 2.0**-23

FLOAT32_LIKE = 1e-9
"""Relative errors from here up to the slip are those of a float32 constant or cast (6e-8 and a few steps)."""


REAL = "iuf"
"""The kinds of dtype that hold numbers to compare. What a leaf calls its dtype may be a lie."""


@dataclass(frozen=True)
class Compared:
    """One result at one point: `numbers` where it has any of the right shape, and the relative `error`.

    It may be that nothing `came` back: no value, or no gradient.
    """

    inputs: Named
    expected: Array
    numbers: Array | None
    problem: Finding | None = None
    error: float = np.inf
    remarks: tuple[Remark, ...] = ()
    came: bool = True


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
        return _structure(result, Form("tuple", count=len(wanted)))
    if not isinstance(result, Mapping):
        return _structure(result, Form("dict with", names=tuple(wanted)))
    if path not in result:
        return Finding("missing_key", Facts(what=path, theirs=_keys(result, wanted)))
    return result[path]


def _structure(result: Node, asked: Form) -> Finding:
    return Finding("wrong_structure", Facts(theirs=described(result), expected=asked))


def _keys(result: Mapping[str, Node], wanted: Sequence[str]) -> Form:
    """The keys of a dict; of far more than are `wanted` only a few, those first that nobody asked for."""
    if len(result) <= max(2 * len(wanted), FEW):
        return named(result, LISTED, "keys")
    others = [key for key in result if key not in wanted]
    return replace(named(others, FEW, "keys"), count=len(result))


def numbers(
    node: Node, shape: tuple[int, ...], what: str, kind: str = "", inputs: Named = MappingProxyType({})
) -> Array | Finding:
    """The numbers of a result in the given shape, or what is wrong with it.

    A scalar may come as a tensor with one element, a Python number or a NumPy scalar. Elsewhere `kind` (a
    tensor where nothing is said) is required.
    """
    if kind == "list":
        node = _listed(node)
    real = isinstance(node, Leaf) and node.array.dtype.kind in REAL
    scalar = isinstance(node, Leaf) and not shape and node.array.size == 1 and node.kind != "list"
    if not isinstance(node, Leaf) or not real or not (scalar or node.kind == (kind or "tensor")):
        asked = {"list": "numbers", "numpy": "array"}.get(kind, "tensor of numbers" if shape else "number")
        return Finding("wrong_type", Facts(what=what, theirs=described(node), expected=Form(asked)))
    if not scalar and node.array.shape != shape:
        theirs, expected = (Form("shape", shape=each) for each in (node.array.shape, shape))
        return Finding("wrong_shape", Facts(what=what, where=place(inputs), theirs=theirs, expected=expected))
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
    if not theirs.shape and not expected.shape:
        # The same for single numbers, of which there are most.
        gap, size = abs(float(theirs) - float(expected)), abs(float(expected))
        if not math.isfinite(theirs):
            return math.inf
        return 0.0 if gap == 0 else gap / size if size else math.inf
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
        facts = Facts(what=what, where=place(inputs), theirs=excerpt(found), expected=excerpt(expected))
        return Compared(inputs, expected, found, Finding("not_finite", facts))
    return Compared(inputs, expected, found, None, error, _remarks(result, error, expected, what, tolerance))


def slipped(rows: Sequence[Compared], what: str, tolerance: Tolerance) -> tuple[Remark, ...]:
    """The remark on an output that is right to float32 precision only."""
    worst = max((row.error for row in rows), default=0.0)
    if not FLOAT32_LIKE < worst <= tolerance.slip or tolerance.agree > FLOAT32_LIKE or any(r.remarks for r in rows):
        return ()
    # To one digit: outputs that are off by about as much are told of together.
    return (Remark("float32_slip", what, Facts(error=float(f"{worst:.0e}"))),)


def _remarks(node: Node, error: float, expected: Array, what: str, tolerance: Tolerance) -> tuple[Remark, ...]:
    if not isinstance(node, Leaf) or error > tolerance.slip:
        return ()
    said = []
    low = node.kind in ("tensor", "numpy") and node.dtype in ("float32", "float16", "bfloat16")
    if low and tolerance.agree < EPS32:
        theirs, asked = Form("dtype", node.dtype), Form("dtype", "float64")
        said.append(Remark("dtype_slip", what, Facts(theirs=theirs, expected=asked)))
    if not expected.shape and node.array.shape:
        said.append(Remark("shape_slip", what, Facts(theirs=Form("shape", shape=node.array.shape))))
    return tuple(said)


def verdict_on(
    rows: Sequence[Compared], what: str, tolerance: Tolerance, code: str = "wrong_value"
) -> tuple[Finding | None, tuple[Remark, ...]]:
    """What is wrong with one output over all points (None where nothing is), and the remarks on it."""
    problems = [row.problem for row in rows if row.problem]
    for problem in problems:
        if problem.code != "not_finite":
            return problem, ()
    wrong = [row for row in rows if row.error > tolerance.slip and not row.problem]
    if not wrong and problems:
        return problems[0], ()
    if not wrong:
        remarks = dict.fromkeys(r for row in rows for r in row.remarks)
        return None, (*remarks, *slipped(rows, what, tolerance))
    return departure(code, what, wrong[0], [row for row in rows if not row.problem]), ()


def departure(code: str, what: str, row: Compared, among: Sequence[Compared] = ()) -> Finding:
    """The finding that a result is not what is right, and how it differs `among` all of its points."""
    assert row.numbers is not None
    theirs, expected = both(row.numbers, row.expected)
    there = [(each.numbers, each.expected) for each in among if each.numbers is not None]
    kind = difference(*zip(*there, strict=True)) if there else None
    return Finding(code, Facts(what=what, where=place(row.inputs), theirs=theirs, expected=expected, difference=kind))


def shown(rows: Sequence[Compared], what: str, tolerance: Tolerance) -> tuple[Comparison, ...]:
    """The rows of a feedback table."""
    table = []
    for row in rows:
        agrees = row.error <= tolerance.slip
        table.append(Comparison(what, place(row.inputs), *_sides(row, agrees), agrees))
    return tuple(table)


def _sides(row: Compared, agrees: bool) -> tuple[Shown, Shown]:
    """Theirs and expected; of what has no numbers its shape, where that is what is wrong."""
    expected = excerpt(row.expected)
    if row.numbers is not None:
        return (excerpt(row.numbers), expected) if agrees else both(row.numbers, row.expected)
    misshapen = row.problem and row.problem.code == "wrong_shape"
    return row.problem.facts.theirs if row.problem and misshapen else None, expected
