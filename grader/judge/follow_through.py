"""Results that follow rightly from a student's own wrong values of the steps before.

Knows when an own value may stand in for what is right, and when an answer follows from it. Refuses to know the
formulas: the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from grader.judge.agreement import Followed
from grader.judge.compare import REAL, Compared, plausible, relative_error
from grader.judge.given import ANY, AskedOutput, collected, collected_after_updates
from grader.judge.model import Evidence
from grader.judge.truth import GradientTruth, KnownSteps, Named, Point, Prior, Tolerance
from grader.protocol.messages import Array, Observation, Reply, Value

STILL = 3
"""So many values, no two alike, each of which is the same beside its point or anything there, are a table's.

A constant, a step or a clamp that is made by mistake stands still at one or two values.
"""

LEAP = 2.0**-6
"""Relative differences from here up are not those of a formula's values at a point and a hair's breadth beside it."""


def steps_given(known: KnownSteps, reply: Reply) -> list[dict[str, Array]]:
    """What a function gave at each point, by step, where it is numbers of the right shape."""
    found: list[dict[str, Array]] = [{} for _ in known.points]
    points = tuple(Point({}, expected) for expected in known.points)
    for key, step in known.keys.items():
        output = AskedOutput(key, step, points, ANY, key=key, wanted=tuple(known.keys))
        rows = collected_after_updates(output, reply) if known.updates else collected(output, reply)
        for at, row in zip(found, rows, strict=True):
            if row.numbers is not None:
                at[step] = row.numbers
    return found


def own_steps(functions: Iterable[KnownSteps], replies: Iterable[Reply]) -> list[dict[str, Array]]:
    """What functions gave at each point, by step, where it can stand in for what is right there."""
    found: list[dict[str, Array]] = []
    for known, reply in zip(functions, replies, strict=True):
        scales = {step: max(float(np.abs(p[step]).max()) for p in known.points) for step in known.keys.values()}
        usable = [
            {step: value for step, value in given.items() if plausible(value, expected[step], scales[step])}
            for given, expected in zip(steps_given(known, reply), known.points, strict=True)
        ]
        found = _merged(found, usable)
    return found


def wrong_parts(
    prior: Prior, evidence: Evidence, tolerance: Tolerance
) -> tuple[tuple[str, ...], list[dict[str, Array]]]:
    """The wrong functions that an answer is put together from, and what they gave; nothing where one leads nowhere.

    Those are the ones that gave no numbers somewhere, or numbers of another size.
    """
    names: list[str] = []
    own: list[dict[str, Array]] = []
    for (name, known), reply in zip(prior.functions.items(), evidence.prerequisites, strict=True):
        if not evidence.source.uses(evidence.name, [name]):
            continue
        given = steps_given(known, reply)
        if any(step not in at for at in given for step in known.keys.values()):
            return (), []
        if departing(known, given, tolerance):
            if not all(_of_its_size(known, given, step) for step in known.keys.values()):
                return (), []
            names.append(name)
            own = _merged(own, given)
    return tuple(names), own


def _of_its_size(known: KnownSteps, given: Sequence[Named], step: str) -> bool:
    """Whether all that was given of a step, over all points together, is of a size to stand in for what is right."""
    theirs, right = (np.concatenate([np.ravel(at[step]) for at in side]) for side in (given, known.points))
    return plausible(theirs, right, float(np.abs(right).max()))


def _merged(own: Sequence[Named], more: Sequence[Named]) -> list[dict[str, Array]]:
    """Own values with those of another function, which need not be asked at as many points."""
    nothing: Named = {}
    return [{**one, **other} for one, other in zip_longest(own, more, fillvalue=nothing)]


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
    through, prior, tolerance = truth.through, truth.values.prior, truth.values.tolerance
    if not through or not prior or not evidence.source.uses(evidence.name, prior.functions):
        return []
    count = len(through.ways)
    (known,) = prior.functions.values()
    own = own_steps([replace(known, points=known.points * 3)], evidence.prerequisites)
    if not all(own):
        return []
    (step,) = known.keys.values()
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


def departing(known: KnownSteps, own: Sequence[Named], tolerance: Tolerance) -> list[str]:
    """The steps of which own values are not right somewhere."""
    pairs = [
        (step, at[step], right[step])
        for at, right in zip(own, known.points, strict=True)
        for step in known.keys.values()
        if step in at
    ]
    return list(dict.fromkeys(step for step, value, right in pairs if relative_error(value, right) > tolerance.slip))


def follows(prior: Prior, output: AskedOutput, own: Sequence[Named], rows: Sequence[Compared]) -> Followed:
    """The rows against what the output is in terms of own values, in the way of writing that all of them fit."""
    if any(row.numbers is None for row in rows) or len(rows) != len(own):
        return Followed(rows)
    for way in prior.recipe([output.path], own):
        values = [at[output.path] for at in way]
        if all(np.isfinite(local).all() for local in values) and any(local.any() for local in values):
            anew = [_against(row, local, relative_error) for row, local in zip(rows, values, strict=True)]
            if max(row.error for row in anew) <= output.tolerance.slip:
                wrong = (step for known in prior.functions.values() for step in departing(known, own, output.tolerance))
                return Followed(anew, tuple(wrong))
    return Followed(rows)


def nearest(row: Compared, ways: Iterable[Array]) -> Compared:
    """The row against what a step is in terms of own values, in the way of writing that is nearest to it."""
    usable = [way for way in ways if np.isfinite(way).all() and (way.any() or not row.expected.any())]
    return min((_against(row, local, _gap) for local in usable), key=lambda one: one.error, default=row)


def _against(row: Compared, local: Array, error: Callable[[Array, Array], float]) -> Compared:
    assert row.numbers is not None
    return replace(row, expected=local, problem=None, error=error(row.numbers, local))


def _gap(theirs: Array, local: Array) -> float:
    """The relative error, where what is right may be 0; infinite where theirs are no numbers."""
    gap = float(np.abs(theirs - local).max() / np.abs(local).max(initial=1e-300))
    return np.inf if np.isnan(gap) else gap
