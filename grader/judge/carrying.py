"""Results that follow rightly from a student's own wrong values of the steps before.

Knows when an own value may stand in for what is right. Refuses to know the formulas: the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grader.judge.compare import Compared, compared, part, plausible, relative_error
from grader.judge.facts import Array, Reply, Value
from grader.judge.truth import Before, Named, Tolerance


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
