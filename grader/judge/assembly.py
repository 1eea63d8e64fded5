"""Answers put together from parts that are functions of their own, and may be wrong: what follows from them.

Knows which parts an answer uses, and when what they gave may stand in for what is right. Refuses to know what comes of
them: the truth works it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from grader.judge.compare import Compared, compared, part, plausible, relative_error
from grader.judge.model import Evidence
from grader.judge.truth import Named, Parts, UpdateTruth, ValueTruth
from grader.judge.values import rows_of
from grader.protocol.messages import Array, Reply, Value


def followed(parts: Parts, evidence: Evidence) -> tuple[tuple[str, ...], Sequence[Named]]:
    """The wrong parts that an answer uses, and what is right at every point in terms of them; nothing where none is.

    Parts that gave no numbers, or numbers of another size, lead nowhere.
    """
    own: dict[str, dict[str, list[Array]]] = {}
    for (name, known), reply in zip(parts.known.items(), evidence.prerequisites, strict=True):
        if not evidence.source.uses(evidence.name, [name]):
            continue
        rows = {path: _rows(known, reply, path) for path in known.points[0].expected}
        if not all(rows.values()):
            return (), ()
        if any(_departs(row, known) for found in rows.values() for row in found):
            own[name] = {path: _numbers(found) for path, found in rows.items()}
            if not all(map(_usable, rows.values())):
                return (), ()
    return tuple(own), parts.carried(own) if own else ()


def _rows(known: ValueTruth | UpdateTruth, reply: Reply, path: str) -> list[Compared]:
    """What a part gave at a path, at every point; none where it gave no numbers at one."""
    if not all(isinstance(seen, Value) for seen in reply):
        return []
    rows = moved(known, reply, path) if isinstance(known, UpdateTruth) else rows_of(known, reply, path)
    return [] if any(row.numbers is None for row in rows) else rows


def _departs(row: Compared, known: ValueTruth | UpdateTruth) -> bool:
    return relative_error(_numbers([row])[0], row.expected) > known.tolerance.slip


def _usable(rows: Sequence[Compared]) -> bool:
    """Whether all that a part gave is of a size to stand in for what is right."""
    given, right = (
        np.concatenate([np.ravel(a) for a in side]) for side in (_numbers(rows), [r.expected for r in rows])
    )
    return plausible(given, right, float(np.abs(right).max()))


def _numbers(rows: Iterable[Compared]) -> list[Array]:
    return [row.numbers for row in rows if row.numbers is not None]


def moved(truth: UpdateTruth, reply: Reply, path: str) -> list[Compared]:
    """A parameter after all updates at once, at every point where it could be updated so often."""
    rows = []
    for point, seen in zip(truth.points, reply, strict=True):
        assert isinstance(seen, Value)
        expected = point.expected[path]
        nodes = [part(looked_at, path, list(point.expected)) for looked_at in seen.results]
        found = [compared(n, point.inputs, e, path, truth.tolerance) for n, e in zip(nodes, expected, strict=False)]
        numbers = _numbers(found)
        if len(numbers) == len(expected):
            rows.append(Compared(point.inputs, expected, np.stack(numbers)))
    return rows if len(rows) == len(truth.points) else []
