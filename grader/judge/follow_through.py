"""Results that follow rightly from a student's own wrong values of the steps before.

Knows when an own value may stand in for what is right. Refuses to know the formulas: the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grader.judge.compare import REAL, Compared, compared, part, plausible, relative_error
from grader.judge.model import Evidence
from grader.judge.truth import Before, GradientTruth, Named, Tolerance
from grader.protocol.messages import Array, Observation, Reply, Value

STILL = 3
"""So many values, no two alike, each of which is the same beside its point or anything there, are a table's.

A constant, a step or a clamp that is made by mistake stands still at one or two values.
"""

LEAP = 2.0**-6
"""Relative differences from here up are not those of a formula's values at a point and a hair's breadth beside it."""


def own_steps(
    keys: Mapping[str, str], points: Sequence[Named], reply: Reply, tolerance: Tolerance
) -> list[dict[str, Array]]:
    """What a function gave at each point, by step, where it can stand in for what is right in `points`."""
    scales = {step: max(float(np.abs(point[step]).max()) for point in points) for step in keys.values()}
    found: list[dict[str, Array]] = []
    for expected, seen in zip(points, reply, strict=True):
        found.append({})
        if not isinstance(seen, Value) or not isinstance(seen.results[0], Mapping):
            continue
        for key, step in keys.items():
            node = part(seen.results[0], key, list(keys))
            row = compared(node, {}, expected[step], key, tolerance)
            if row.numbers is not None and plausible(row.numbers, expected[step], scales[step]):
                found[-1][step] = row.numbers
    return found


def looked_up(
    own: Sequence[Named], beside: Sequence[Named], mine: Sequence[str], tolerance: Tolerance
) -> frozenset[str]:
    """The steps of which own values do not go with the arguments: nothing can be seen to follow from those alone.

    What a formula gives beside a point, in `beside`, is nearly the same as there and not quite, be it right or wrong.
    One wrong step may stand still. Where all of the function's own (`mine`) are the same everywhere, it does not look
    at its arguments, and then nothing follows from any.
    """
    values = {step: [at[step] for at in own if step in at] for step in {step for at in own for step in at}}
    shown = [values[step] for step in mine if step in values]
    if shown and all(_differing(each, tolerance) == 1 for each in shown):
        return frozenset(values)
    loose: dict[str, list[Array]] = {step: [] for step in values}
    for one, other in zip(own, beside, strict=True):
        for step in one.keys() & other.keys():
            if not tolerance.agree < relative_error(other[step], one[step]) < LEAP:
                loose[step].append(one[step])
    return frozenset(step for step, each in loose.items() if _differing(each, tolerance) >= STILL)


def _differing(values: Sequence[Array], tolerance: Tolerance) -> int:
    """How many values there are, without those that are nearly the same as an earlier one."""
    found: list[Array] = []
    for value in values:
        if all(relative_error(value, earlier) > tolerance.slip for earlier in found):
            found.append(value)
    return len(found)


def taken_through(truth: GradientTruth, evidence: Evidence) -> list[dict[str, Array]]:
    """What another function gave at each point, where the answer can be seen to be taken from it; else nothing.

    The answer's code uses that function, and autograd's gradients through the answer are the slopes of what that
    function gives.
    """
    through, before, tolerance = truth.through, truth.values.before, truth.values.tolerance
    if not through or not before or not evidence.source.uses(evidence.name, [through.name]):
        return []
    count = len(through.ways)
    (reply,) = evidence.prerequisites
    own = own_steps(before.keys, before.points * 3, reply, tolerance)
    if not all(own):
        return []
    (step,) = before.keys.values()
    onward, back = (np.array([at[step] for at in own[i : i + count]]) for i in (count, 2 * count))
    flows = [_flows(seen, way) for seen, way in zip(evidence.answer, through.ways, strict=True)]
    slopes, sizes = np.array([sum(each) for each in flows]), np.array([sum(map(abs, each)) for each in flows])
    right = np.abs(slopes - (onward - back) / (2 * through.step)) <= tolerance.slip * sizes
    return own[:count] if right.all() and sizes.any() else []


def _flows(seen: Observation, way: Named) -> list[float]:
    """What each argument's gradient adds to the slope along a way."""
    found = seen.gradients if isinstance(seen, Value) else {}
    moved = [(x.array, way[path]) for path, x in found.items() if x and x.array.dtype.kind in REAL and path in way]
    return [float((slope * along).sum()) for slope, along in moved if slope.shape == along.shape]


def departing(before: Before, own: Sequence[Named], tolerance: Tolerance) -> list[str]:
    """The steps of which own values are not right somewhere."""
    pairs = [
        (step, value, right[step])
        for given, right in zip(own, before.points, strict=True)
        for step, value in given.items()
    ]
    return list(dict.fromkeys(step for step, value, right in pairs if relative_error(value, right) > tolerance.slip))


def follows(before: Before, path: str, rows: Sequence[Compared], own: Sequence[Named], slack: float) -> list[Compared]:
    """The rows against what the result is in terms of own values, in the way of writing that fits; else none."""
    if any(row.numbers is None for row in rows) or len(rows) != len(own):
        return []
    for way in before.carried(path, own):
        if all(np.isfinite(local).all() for local in way) and any(local.any() for local in way):
            anew = [_against(row, local) for row, local in zip(rows, way, strict=True)]
            if max(row.error for row in anew) <= slack:
                return anew
    return []


def _against(row: Compared, local: Array) -> Compared:
    assert row.numbers is not None
    return Compared(row.inputs, local, row.numbers, None, relative_error(row.numbers, local))
