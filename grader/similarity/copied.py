"""Wrong answers that are right for another student's numbers: evidence for the instructor, and no verdict.

Knows what was right for each student at the points that several were asked at. Refuses to take off a point, and to
know how a student's numbers were drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.judge.facts import both, place
from grader.judge.given import AskedOutput, Given
from grader.judge.truth import Named, Point
from grader.pages import wording
from grader.protocol.messages import Array

LEAST = 3
"""Numbers that must be wrong for oneself and right for the other. One may be hit by chance."""

PointKey = tuple[tuple[str, bytes], ...]
"""The inputs of a point, to look it up by."""


@dataclass(frozen=True)
class ForeignValue:
    """What a student gave at one point, and what was right for this student there."""

    at: str
    theirs: str
    expected: str


@dataclass(frozen=True)
class ForeignOutput:
    """One output that is wrong, and right for the numbers of the `owners`; `values` are those that are wrong."""

    what: str
    owners: tuple[str, ...]
    values: tuple[ForeignValue, ...]


@dataclass(frozen=True)
class Known:
    """What is right at one point for each of `students`, (students, *shape)."""

    students: tuple[str, ...]
    values: Array


NOBODY = Known((), np.empty((0, 0)))

Truths = Mapping[tuple[str, PointKey], Known]
"""What is right by output and point."""


@dataclass(frozen=True)
class _Row:
    """What a student gave at a point, what is right there for this student, and what for the others."""

    point: Point
    theirs: Array
    expected: Array
    others: Known


def truths(class_: Mapping[str, Sequence[AskedOutput]]) -> Truths:
    """What is right for each student in one check of one question, by output and point, to look others up in.

    Students are asked at the same points but for those where one's own graph may not be asked.
    """
    found: dict[tuple[str, PointKey], dict[str, Array]] = {}
    for student, outputs in class_.items():
        for output in outputs:
            for point in output.points:
                right = found.setdefault((output.what, _key_of(point.inputs)), {})
                right[student] = point.expected[output.path]
    return {
        key: Known(tuple(known), np.stack(list(known.values())))
        for key, known in found.items()
        if len({value.shape for value in known.values()}) == 1
    }


def copied(own: Sequence[AskedOutput], given: Given, known: Truths) -> tuple[ForeignOutput, ...]:
    """The outputs of an answer that are wrong, and right for somebody else at every point that both were asked at.

    `own` is what is right for the student who gave it.
    """
    found = []
    for output in own:
        slip = output.tolerance.slip
        rows = list(_rows(output, given.get(output.what, ()), known))
        wrong = [_wrong(row, slip) for row in rows]
        if any(wrong) and (owners := _owners(rows, wrong, slip)):
            values = tuple(_shown(row) for row, count in zip(rows, wrong, strict=True) if count)
            found.append(ForeignOutput(output.what, owners, values))
    return tuple(found)


def _rows(output: AskedOutput, given: Sequence[Sequence[float] | None], known: Truths) -> Iterator[_Row]:
    """What was given of an output, point by point; nothing where it was not asked for, or something else was."""
    right = [point.expected[output.path] for point in output.points]
    sizes = [None if numbers is None else len(numbers) for numbers in given]
    if len(sizes) == len(right) and all(n is None or n == each.size for n, each in zip(sizes, right, strict=True)):
        for point, expected, numbers in zip(output.points, right, given, strict=True):
            if numbers is not None:
                others = known.get((output.what, _key_of(point.inputs)), NOBODY)
                yield _Row(point, np.reshape(numbers, expected.shape), expected, others)


def _wrong(row: _Row, slip: float) -> int:
    """How many numbers of a result are wrong, relative to the largest that is right."""
    return int((np.abs(row.theirs - row.expected) > slip * np.abs(row.expected).max(initial=0.0)).sum())


def _owners(rows: Sequence[_Row], wrong: Sequence[int], slip: float) -> tuple[str, ...]:
    """Those for whom an output is right wherever they were asked, and often enough where it is wrong for its author."""
    right = [_right_for(row, slip) for row in rows]
    counts: Counter[str] = Counter()
    for theirs, count in zip(right, wrong, strict=True):
        counts.update(dict.fromkeys(theirs, count))
    asked = Counter(student for row in rows for student in row.others.students if student in counts)
    served = Counter(student for theirs in right for student in theirs)
    return tuple(sorted(s for s, count in counts.items() if count >= LEAST and served[s] == asked[s]))


def _right_for(row: _Row, slip: float) -> frozenset[str]:
    """Those of the students asked at the same point for whom the answer is right, relative to what is."""
    known = row.others
    if row.theirs.shape != known.values.shape[1:]:
        return frozenset()
    flat = (len(known.students), -1)
    gaps = np.abs(known.values - row.theirs).reshape(flat).max(axis=1, initial=0.0)
    sizes = np.abs(known.values).reshape(flat).max(axis=1, initial=0.0)
    return frozenset(known.students[place] for place in np.flatnonzero(gaps <= slip * sizes))


def _key_of(inputs: Named) -> PointKey:
    return tuple((name, inputs[name].tobytes()) for name in sorted(inputs))


def _shown(row: _Row) -> ForeignValue:
    theirs, expected = wording.apart(*both(row.theirs, row.expected))
    return ForeignValue(wording.place(place(row.point.inputs)), theirs, expected)
