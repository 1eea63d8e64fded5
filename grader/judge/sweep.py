"""Judging a sweep: errors in units in the last place, over a whole range.

Knows ulp, and that a result below the smallest normal number may be flushed to 0. Refuses to know functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grader.judge.blame import lost_digits
from grader.judge.error_curve import ErrorCurve
from grader.judge.facts import both, place
from grader.judge.findings import Facts, Finding, Place
from grader.judge.given import ANY, AskedOutput, collected
from grader.judge.leaks import LostDigits
from grader.judge.model import Comparison, Evidence, Verdict
from grader.judge.reproduced import Failure
from grader.judge.truth import Point, Slip, SweepTruth
from grader.judge.values import RIGHT, failed
from grader.protocol.messages import Array, Reply, Value

TABLE_ROWS = 6

ALIKE = 0.9
"""The share of inputs at which two inaccurate ways of writing must agree on being too far off to be the same."""

FACTOR = 256
"""How much larger the errors of one than those of the other may be, in the middle: roundings come as they like."""

UNSTABLE = "unstable"
"""The code of a sweep whose numbers are not right."""


def ulp_errors(theirs: Array, truth: SweepTruth) -> Array:
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
    # A finite number beside one of the smallest is off by more units than there are numbers for.
    error = np.where(np.isfinite(theirs), np.minimum(error, np.finfo(np.float64).max), np.inf)
    worst: Array = error.reshape(len(error), -1).max(axis=1)
    return worst


def judge_sweep(truth: SweepTruth, evidence: Evidence) -> Verdict:
    """All inputs within the limit; else the first that fails by size, and the first that is not finite."""
    what = "value" if truth.path is None else "autograd gradient"
    found = _collected(truth, evidence.answer, what)
    if isinstance(found, Finding):
        return failed(found)
    errors = ulp_errors(found, truth)
    wrong = errors > truth.limit
    reach = np.max([np.abs(v).reshape(len(v), -1).max(axis=1) for v in truth.inputs.values()], axis=0)
    order = [int(i) for i in np.lexsort((reach, ~wrong))[: int(wrong.sum())]]
    swept = curve_of(truth, found, errors, order)
    if not order:
        return replace(RIGHT, sweeps=(swept,))
    # Infinity and nan teach more than a few ulp too many.
    order.sort(key=lambda i: not np.isinf(errors[i]))
    rows = tuple(
        Comparison(f"{truth.dtype} {what}", _at(truth, i), *both(found[i], truth.expected[i]), False)
        for i in order[:TABLE_ROWS]
    )
    telling, lost = rows[0], _lost(truth, found, evidence.answer, order[0])
    facts = Facts(
        dtype=truth.dtype,
        what=what,
        right=int((~wrong).sum()),
        total=len(wrong),
        where=swept.where,
        not_finite_at=None if telling.where == swept.where else telling.where,
        theirs=telling.theirs,
        expected=telling.expected,
        error=float(errors[order[0]]),
        limit=truth.limit,
        lost=lost,
    )
    problem = Finding(UNSTABLE, _explained(truth, facts, found, errors, order[0]))
    return replace(
        failed(problem, comparisons=rows), sweeps=(replace(swept, lost=lost, lost_at=order[0] if lost else None),)
    )


def _lost(truth: SweepTruth, found: Array, reply: Reply, point: int) -> LostDigits | None:
    """Where the digits go at a point: by the operations of a call in the same regime, or of any that gives the same."""
    size = np.broadcast_to(truth.sizes[point], truth.expected[point].shape)
    failure = Failure(found[point], truth.expected[point], size, truth.limit, truth.dtype)
    inputs = {str(place): values[point] for place, values in enumerate(truth.inputs.values())}
    near = next((regime.points for regime in truth.regimes if point in regime.points), range(0))
    traces = [(at not in near, seen.trace) for at, seen in enumerate(reply) if isinstance(seen, Value) and seen.trace]
    for _, trace in sorted(traces, key=lambda pair: pair[0]):
        if lost := lost_digits(trace, inputs, failure, truth.path or ""):
            return lost
    return None


def _explained(truth: SweepTruth, facts: Facts, found: Array, errors: Array, point: int) -> Facts:
    """The facts; where it fails at the same inputs as a way that is known to fail, that and why."""
    for note, given, breaking in truth.beside.uncured:
        wrong = ulp_errors(given, truth)
        alike = (errors > truth.limit) == (wrong > truth.limit)
        if np.isinf(errors).any() and np.array_equal(np.isfinite(found), np.isfinite(given)):
            return replace(facts, mistakes=((Slip(note, ()),),), breaking=breaking[point])
        same = alike.mean() > ALIKE and _as_far_off(errors, wrong)
        if not np.isinf(wrong).any() and (wrong > truth.limit).any() and same:
            return replace(facts, mistakes=((Slip(note, ()),),), cancels=True)
    return facts


def _as_far_off(errors: Array, others: Array) -> bool:
    """Whether errors are of about the same size: where all inputs fail, any other way fails at the same ones."""
    middle, other = np.median(errors) + 1, np.median(others) + 1
    return bool(middle <= FACTOR * other and other <= FACTOR * middle)


def broken(verdict: Verdict) -> bool:
    """Whether there is more to a verdict than results of a sweep that are finite and too far off."""
    return any(f.code != UNSTABLE for f in verdict.findings) or any(np.isinf(s.yours).any() for s in verdict.sweeps)


def curve_of(truth: SweepTruth, found: Array, errors: Array, order: Sequence[int]) -> ErrorCurve:
    """The errors of what was found, beside those of other ways; `order` has the inputs that fail, the first first."""
    beside = truth.beside
    others = [ulp_errors(given, truth) if given.size else given for given in (beside.as_written, beside.stable)]
    along, yours, as_written, stable = (tuple(column.tolist()) for column in (beside.along, errors, *others))
    name = f"{truth.dtype} {'value' if truth.path is None else 'gradient'}"
    curve = ErrorCurve(name, beside.axis, along, yours, as_written, stable, truth.limit)
    if not order:
        return curve
    theirs, expected = both(found[order[0]], truth.expected[order[0]])
    return replace(curve, first=order[0], where=_at(truth, order[0]), theirs=theirs, expected=expected)


def _at(truth: SweepTruth, point: int) -> Place | None:
    return place({n: v[point] for n, v in truth.inputs.items()})


def _collected(truth: SweepTruth, reply: Reply, what: str) -> Array | Finding:
    """Theirs at every point, in the shape of what is expected."""
    path = truth.path or ""
    points = tuple(Point({}, {path: expected}) for expected in truth.expected)
    argument = "" if truth.path is None else f"the gradient in {list(truth.inputs)[int(path or 0)]}"
    rows = collected(AskedOutput(f"the {what}", path, points, ANY, key=path, gradient=argument), reply)
    problems = (row.problem for row in rows if row.problem and row.problem.code != "not_finite")
    return next(problems, None) or np.stack([row.numbers for row in rows])  # type: ignore[misc] # numbers are there
