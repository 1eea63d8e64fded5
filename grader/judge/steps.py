"""Judging named steps with errors carried forward.

Knows that a step is right when it follows from the student's own values of the steps before it. Refuses
to know the steps' formulas: the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from grader.judge.annotated_graph import EdgeStatus, annotated
from grader.judge.compare import Compared, compared, part, relative_error, shown, slipped, verdict_on
from grader.judge.diagnosis import diagnosed
from grader.judge.facts import both, difference, place
from grader.judge.findings import Facts, Finding, Remark
from grader.judge.follow_through import looked_up, nearest, own_steps
from grader.judge.model import Evidence, Status, Verdict
from grader.judge.truth import KnownSteps, Named, StepsTruth
from grader.judge.values import RIGHT, failed
from grader.protocol.messages import Array, Leaf, Value


@dataclass(frozen=True)
class Step:
    """One step over all points: right by the truth, right from own values (`carried`), or wrong."""

    key: str
    rows: tuple[Compared, ...]
    carried: tuple[str, ...]
    problem: Finding | None

    @property
    def standing(self) -> EdgeStatus:
        """How it is to be seen in a picture of the graph."""
        if self.problem:
            return EdgeStatus.ABSENT if self.problem.code == "missing_key" else EdgeStatus.WRONG
        return EdgeStatus.CARRIED if self.carried else EdgeStatus.RIGHT


def judge_steps(truth: StepsTruth, evidence: Evidence) -> Verdict:
    """A share of the points for every step that is right, or follows rightly from one's own."""
    functions = _functions(truth)
    own = own_steps(functions, (*evidence.prerequisites, evidence.answer))
    beside = own_steps(functions, evidence.beside) if evidence.beside else [{} for _ in own]
    idle = looked_up(own, beside, list(truth.keys.values()), truth.tolerance)
    nothing: list[dict[str, Array]] = [{} for _ in own]
    steps = [
        _judge_step(truth, evidence, key, nothing if idle.issuperset(truth.parents[step]) else own)
        for key, step in truth.keys.items()
    ]
    wrong = [step for step in steps if step.problem]
    for step in wrong:
        if step.problem and step.problem.code == "wrong_structure":
            return failed(step.problem)
    remarks = tuple(Remark("carried_forward", s.key, Facts(follows_from=s.carried)) for s in steps if s.carried)
    table = tuple(row for step in steps for row in shown(step.rows, step.key, truth.tolerance))
    if not wrong:
        differences = _numerical(truth, evidence, steps)
        if differences:
            return failed(differences, comparisons=table)
        said = [r for step in steps for row in step.rows for r in row.remarks]
        said += [r for step in steps for r in slipped(step.rows, step.key, truth.tolerance)]
        return replace(RIGHT, remarks=tuple(dict.fromkeys([*remarks, *said])), comparisons=table)
    score = 1 - len(wrong) / len(steps)
    return Verdict(
        Status.PARTIAL if score else Status.FAIL,
        score,
        (_told(wrong, len(steps)),),
        remarks,
        table,
        sketches=annotated(
            truth,
            {step.key: step.standing for step in steps},
            {step.key: step.problem.facts.edges for step in wrong if step.problem},
        ),
    )


def _numerical(truth: StepsTruth, evidence: Evidence, steps: list[Step]) -> Finding | None:
    """Steps nearly right in float64 and far off when asked again in float32: difference quotients."""
    if evidence.coarse is None:
        return None
    for step in steps:
        error = max(row.error for row in step.rows)
        if step.carried or error <= truth.tolerance.agree:
            continue
        name = truth.keys[step.key]
        for point, seen in zip(truth.points, evidence.coarse, strict=True):
            if isinstance(seen, Value):
                node = part(seen.results[0], step.key, list(truth.keys))
                coarse = compared(node, point.inputs, point.expected[name], step.key, truth.tolerance).error
                if coarse > 2 * truth.tolerance.slip:
                    return Finding("numerical_derivative", Facts(names=(step.key,), error=error, coarse=coarse))
    return None


def _told(wrong: list[Step], total: int) -> Finding:
    """The first finding, with the other steps by what is wrong with them, and the count."""
    first, *others = [(step.key, step.problem) for step in wrong if step.problem]
    _, problem = first
    also = tuple((key, other.note) for key, other in others)
    return replace(problem, facts=replace(problem.facts, also=also, steps_right=total - len(wrong), steps=total))


def _functions(truth: StepsTruth) -> tuple[KnownSteps, ...]:
    """Those that give steps: the ones before, and the answer's own."""
    return *truth.prior.functions.values(), KnownSteps(truth.keys, tuple(point.expected for point in truth.points))


def _judge_step(truth: StepsTruth, evidence: Evidence, key: str, own: list[dict[str, Array]]) -> Step:
    step, rows, carried = truth.keys[key], [], set()
    basis: tuple[str, ...] = ()
    wrong = _wrong_parents(truth, step, own)
    ways = truth.prior.recipe([step], own) if any(wrong) else ()
    for index, (point, seen, parents) in enumerate(zip(truth.points, evidence.answer, wrong, strict=True)):
        assert isinstance(seen, Value)
        node = part(seen.results[0], key, list(truth.keys))
        row = compared(node, point.inputs, point.expected[step], key, truth.tolerance)
        if row.problem and row.problem.code == "not_finite" and _broken_parent(truth, evidence, index, step):
            continue
        if row.numbers is not None and row.error > truth.tolerance.slip and parents:
            local = nearest(row, (way[index][step] for way in ways))
            if local.error <= truth.tolerance.slip:
                carried |= set(parents)
            else:
                basis = tuple(parents)
            row = local
        rows.append(row)
    if not rows:
        problem: Finding | None = Finding("never_finite", Facts(what=key))
    else:
        problem, _ = verdict_on(rows, key, truth.tolerance, "wrong_value")
    if problem and problem.code == "wrong_value":
        problem = _wrong_step(rows, key, truth, basis)
    if problem and problem.code in ("wrong_step", "not_finite") and len(rows) == len(own):
        problem = diagnosed(problem, partial(truth.likely, step, own), rows, truth.tolerance.slip)
    return Step(key, tuple(rows), () if problem else tuple(sorted(carried)), problem)


def _broken_parent(truth: StepsTruth, evidence: Evidence, point: int, step: str) -> bool:
    """Whether a step before this one is not finite in the student's own values: then this one cannot be either."""
    replies = (*evidence.prerequisites, evidence.answer)
    for known, reply in zip(_functions(truth), replies, strict=True):
        seen = reply[point]
        for key, name in known.keys.items():
            if name in truth.parents[step] and isinstance(seen, Value) and isinstance(seen.results[0], Mapping):
                node = seen.results[0].get(key)
                if isinstance(node, Leaf) and node.array.dtype.kind == "f" and not np.isfinite(node.array).all():
                    return True
    return False


def _wrong_step(rows: list[Compared], key: str, truth: StepsTruth, basis: tuple[str, ...]) -> Finding:
    worst = next(row for row in rows if row.error > truth.tolerance.slip and not row.problem)
    assert worst.numbers is not None
    theirs, expected = both(worst.numbers, worst.expected)
    kind = difference([r.numbers for r in rows if r.numbers is not None], [r.expected for r in rows])
    where = place(worst.inputs)
    return Finding(
        "wrong_step",
        Facts(what=key, where=where, theirs=theirs, expected=expected, follows_from=basis, difference=kind),
    )


def _wrong_parents(truth: StepsTruth, step: str, own: Sequence[Named]) -> list[list[str]]:
    """The steps before this one of which own values are not right, at each point."""
    return [
        [
            name
            for name in truth.parents[step]
            if name in at and relative_error(at[name], point.expected[name]) > truth.tolerance.slip
        ]
        for at, point in zip(own, truth.points, strict=True)
    ]
