"""Wrong answers that are right for another student's numbers: evidence for the instructor, and no verdict.

Knows what was right for each student at the points that several were asked at. Refuses to take off a point, and to
know how a student's numbers were drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.judge.compare import Compared, compared, part
from grader.judge.facts import both, excerpt, place
from grader.judge.findings import Finding
from grader.judge.model import Comparison, Lab, PreparedCheck
from grader.judge.truth import GradientTruth, Named, Point, StepsTruth, Tolerance, Truth, ValueTruth
from grader.judge.values import by_autograd, rows_of
from grader.protocol.messages import Array, Node, Reply, Value

LEAST = 3
"""Numbers that must be wrong for oneself and right for the other. One may be hit by chance."""

Place = tuple[tuple[str, bytes], ...]
"""The inputs of a point, to look it up by."""


@dataclass(frozen=True)
class Copied:
    """One output that is wrong, and right for the numbers of `owners`; a row is theirs against their own truth."""

    what: str
    owners: tuple[str, ...]
    rows: tuple[Comparison, ...]


@dataclass(frozen=True)
class Known:
    """What is right at one point for each of `students`, (students, *shape)."""

    students: tuple[str, ...]
    values: Array


NOBODY = Known((), np.empty((0, 0)))

Truths = Mapping[tuple[str, Place], Known]
"""What is right by output and point."""

LabTruths = Sequence[Sequence[Truths]]
"""What is right in every trial of a lab, question by question; empty where there is nobody to look up."""


def all_truths(labs: Mapping[str, Sequence[Sequence[PreparedCheck]]]) -> LabTruths:
    """What is right for each student in every trial of one lab; nothing where all are asked the same."""
    questions = zip(*labs.values(), strict=True)
    return tuple(
        tuple(_differing(dict(zip(labs, trials, strict=True))) for trials in zip(*question, strict=True))
        for question in questions
    )


def _differing(trials: Mapping[str, PreparedCheck]) -> Truths:
    # Variants that a number does not touch share one trial.
    return truths(trials) if len({id(trial) for trial in trials.values()}) > 1 else {}


def truths(trials: Mapping[str, PreparedCheck]) -> Truths:
    """What is right for each student in one check of one question, by output and point, to look others up in.

    Students are asked at the same points but for those where one's own graph may not be asked.
    """
    found: dict[tuple[str, Place], dict[str, Array]] = {}
    for student, trial in trials.items():
        for what, point, path in _outputs(trial.truth):
            found.setdefault((what, _place(point.inputs)), {})[student] = point.expected[path]
    return {
        key: Known(tuple(known), np.stack(list(known.values())))
        for key, known in found.items()
        if len({value.shape for value in known.values()}) == 1
    }


def all_copied(
    lab: Lab, trials: Sequence[Sequence[PreparedCheck]], replies: Sequence[Sequence[Sequence[Reply]]], known: LabTruths
) -> tuple[tuple[str, Copied], ...]:
    """What `copied` finds in every trial of a lab, each with its question's name."""
    if not known:
        return ()
    return tuple(
        (question.name, found)
        for question, *asked in zip(lab.questions, trials, replies, known, strict=True)
        for trial, answers, right in zip(*asked, strict=True)
        if right
        for found in copied(trial, answers, right)
    )


def copied(trial: PreparedCheck, replies: Sequence[Reply], known: Truths) -> tuple[Copied, ...]:
    """The outputs of an answer that are wrong, and right for somebody else at every point that both were asked at."""
    found = []
    for what, rows, tolerance in _answers(trial.truth, replies[trial.given] if replies else ()):
        wrong = [_wrong(row, tolerance) for row in rows]
        there = [known.get((what, _place(row.inputs)), NOBODY) for row in rows]
        if any(wrong) and (owners := _owners(rows, wrong, there, tolerance)):
            told = tuple(_shown(what, row) for row, count in zip(rows, wrong, strict=True) if count)
            found.append(Copied(what, owners, told))
    return tuple(found)


def _wrong(row: Compared, tolerance: Tolerance) -> int:
    """How many numbers of a result are wrong, relative to the largest that is right."""
    if row.numbers is None:
        return 0
    return int((np.abs(row.numbers - row.expected) > tolerance.slip * np.abs(row.expected).max(initial=0.0)).sum())


def _owners(
    rows: Sequence[Compared], wrong: Sequence[int], there: Sequence[Known], tolerance: Tolerance
) -> tuple[str, ...]:
    """Those for whom an output is right wherever they were asked, and often enough where it is wrong for its author."""
    right = [_right_for(row, known, tolerance) for row, known in zip(rows, there, strict=True)]
    counts: Counter[str] = Counter()
    for theirs, count in zip(right, wrong, strict=True):
        counts.update(dict.fromkeys(theirs, count))
    asked = Counter(student for known in there for student in known.students if student in counts)
    served = Counter(student for theirs in right for student in theirs)
    return tuple(sorted(s for s, count in counts.items() if count >= LEAST and served[s] == asked[s]))


def _right_for(row: Compared, known: Known, tolerance: Tolerance) -> frozenset[str]:
    """Those of the students asked at the same point for whom the answer is right, relative to what is."""
    if row.numbers is None or row.numbers.shape != known.values.shape[1:]:
        return frozenset()
    flat = (len(known.students), -1)
    gaps = np.abs(known.values - row.numbers).reshape(flat).max(axis=1, initial=0.0)
    sizes = np.abs(known.values).reshape(flat).max(axis=1, initial=0.0)
    return frozenset(known.students[place] for place in np.flatnonzero(gaps <= tolerance.slip * sizes))


def _place(inputs: Named) -> Place:
    return tuple((name, inputs[name].tobytes()) for name in sorted(inputs))


def _outputs(truth: Truth) -> Iterator[tuple[str, Point, str]]:
    """The outputs of a truth: what each is called, its points, and its path there."""
    match truth:
        case ValueTruth(points=points, labels=labels):
            yield from ((what, p, path) for path, what in labels.items() for p in points if path in p.expected)
        case GradientTruth(values=values, gradients=points, labels=labels):
            yield from _outputs(values)
            yield from ((by_autograd(what), p, path) for path, what in labels.items() for p in points)
        case StepsTruth(points=points, keys=keys):
            yield from ((key, p, step) for key, step in keys[-1].items() for p in points)


def _answers(truth: Truth, reply: Reply) -> Iterator[tuple[str, Sequence[Compared], Tolerance]]:
    """The outputs as a student gave them, at every point, against what is right for this student."""
    seen = [one for one in reply if isinstance(one, Value)]
    if not seen or len(seen) < len(reply):
        return
    match truth:
        case ValueTruth(labels=labels, tolerance=tolerance):
            yield from ((what, rows_of(truth, reply, path), tolerance) for path, what in labels.items())
        case GradientTruth(values=values, gradients=points, labels=labels):
            yield from _answers(values, reply)
            for path, what in labels.items():
                nodes = [(point, one.gradients.get(path)) for point, one in zip(points, seen, strict=True)]
                called = by_autograd(what)
                yield called, [_row(n, p, path, called, values.tolerance) for p, n in nodes if n], values.tolerance
        case StepsTruth(points=points, keys=keys, tolerance=tolerance):
            for key, step in keys[-1].items():
                parts = [(p, part(one.results[0], key, list(keys[-1]))) for p, one in zip(points, seen, strict=True)]
                yield key, [_row(node, point, step, key, tolerance) for point, node in parts], tolerance


def _row(node: Node | Finding, point: Point, path: str, what: str, tolerance: Tolerance) -> Compared:
    return compared(node, point.inputs, point.expected[path], what, tolerance)


def _shown(what: str, row: Compared) -> Comparison:
    theirs, expected = both(row.numbers, row.expected) if row.numbers is not None else (None, excerpt(row.expected))
    return Comparison(what, place(row.inputs), theirs, expected, False)
