"""Judging a sweep: errors in units in the last place, over a whole range.

Knows ulp, and that a result below the smallest normal number may be flushed to 0. Refuses to know functions.
"""

from __future__ import annotations

import numpy as np

from grader.judge.compare import numbers
from grader.judge.facts import Array, Reply, Value
from grader.judge.model import Comparison, Evidence, Verdict
from grader.judge.notes import Finding, finding
from grader.judge.truth import Sweep
from grader.judge.values import RIGHT, failed
from grader.judge.wording import both, number, place

TABLE_ROWS = 6


def ulp_errors(theirs: Array, truth: Sweep) -> Array:
    """The error at each point in ulp, (points,): the worst entry's; infinite where not finite.

    An error below the smallest normal number of the dtype counts as none: CPUs and CUDA may flush there.
    """
    kind = np.dtype(truth.dtype)
    sizes = truth.sizes.reshape(*truth.sizes.shape, *[1] * (truth.expected.ndim - truth.sizes.ndim))
    size = np.maximum(np.abs(truth.expected), sizes)
    unit = np.spacing(np.minimum(size, np.finfo(kind).max).astype(kind)).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(theirs - truth.expected)
        error = np.where(gap <= np.finfo(kind).tiny, 0.0, gap / unit)
    error = np.where(np.isfinite(theirs), error, np.inf)
    worst: Array = error.reshape(len(error), -1).max(axis=1)
    return worst


def judge_sweep(truth: Sweep, evidence: Evidence) -> Verdict:
    """All inputs within the limit, or the first that fails by size."""
    what = "value" if truth.path is None else "autograd gradient"
    found = _collected(truth, evidence.replies[0], what)
    if isinstance(found, Finding):
        return failed(found)
    errors = ulp_errors(found, truth)
    wrong = errors > truth.limit
    if not wrong.any():
        return RIGHT
    reach = np.max([np.abs(v).reshape(len(v), -1).max(axis=1) for v in truth.inputs.values()], axis=0)
    order = [int(i) for i in np.argsort(np.where(wrong, reach, np.inf))[: int(wrong.sum())]]
    first = order[0]
    yours, right = both(found[first], truth.expected[first])
    error = f" (an error of {errors[first]:.3g} ulp, at most {truth.limit:g} allowed)"
    problem = finding(
        "unstable",
        dtype=truth.dtype,
        what=what,
        right=int((~wrong).sum()),
        total=len(wrong),
        at=_at(truth, first),
        theirs=yours,
        expected=right,
        error=error if np.isfinite(errors[first]) else "",
    )
    rows = tuple(
        Comparison(f"{truth.dtype} {what}", _at(truth, i), *both(found[i], truth.expected[i]), False)
        for i in order[:TABLE_ROWS]
    )
    return failed(problem, comparisons=rows)


def _at(truth: Sweep, point: int) -> str:
    return place({n: v[point] for n, v in truth.inputs.items()}).removeprefix(" at ") or number(point)


def _collected(truth: Sweep, reply: Reply, what: str) -> Array | Finding:
    """Theirs at every point, in the shape of what is expected."""
    rows = []
    for seen, expected in zip(reply, truth.expected, strict=True):
        assert isinstance(seen, Value)
        node = seen.results[0] if truth.path is None else seen.gradients.get(truth.path)
        if node is None:
            if not expected.any():
                rows.append(np.zeros(expected.shape))
                continue
            return finding("no_gradient", what=f"the gradient in {list(truth.inputs)[int(truth.path or 0)]}")
        found = numbers(node, expected.shape, f"the {what}")
        if isinstance(found, Finding):
            return found
        rows.append(found)
    return np.stack(rows)
