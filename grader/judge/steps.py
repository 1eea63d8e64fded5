"""Judging named steps with errors carried forward.

Knows that a step is right when it follows from the student's own values of the steps before it. Refuses
to know the steps' formulas: the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from grader.judge.agreement import Followed, JudgedOutput, judged, numerical
from grader.judge.annotated_graph import EdgeStatus, annotated
from grader.judge.compare import Compared, relative_error
from grader.judge.findings import Facts, Finding
from grader.judge.follow_through import looked_up, nearest, own_steps
from grader.judge.given import AskedOutput, asked_outputs, collected
from grader.judge.model import Evidence, Verdict
from grader.judge.truth import KnownSteps, Named, StepsTruth
from grader.judge.values import RIGHT, failed
from grader.protocol.messages import Array, Leaf, Reply, Value


def judge_steps(truth: StepsTruth, evidence: Evidence) -> Verdict:
    """A share of the points for every step that is right, or follows rightly from one's own."""
    functions = _functions(truth)
    own = own_steps(functions, (*evidence.prerequisites, evidence.answer))
    beside = own_steps(functions, evidence.beside) if evidence.beside else [{} for _ in own]
    idle = looked_up(own, beside, list(truth.keys.values()), truth.tolerance)
    nothing: list[dict[str, Array]] = [{} for _ in own]
    steps = [
        _judged_step(truth, evidence, output, nothing if idle.issuperset(truth.parents[output.path]) else own)
        for output in asked_outputs(truth)
    ]
    wrong = [(step.output.what, step.problem) for step in steps if step.problem]
    for _, problem in wrong:
        if problem.code == "wrong_structure":
            return failed(problem)
    carried = tuple(remark for step in steps for remark in step.carried)
    table = tuple(row for step in steps for row in step.table)
    if not wrong:
        if evidence.coarse and (differences := _numerical(evidence.coarse, steps)):
            return failed(differences, comparisons=table)
        said = [remark for step in steps for remark in step.remarks]
        # What is said of all numbers comes after what is said of single ones.
        said.sort(key=lambda remark: remark.code == "float32_slip")
        return replace(RIGHT, remarks=tuple(dict.fromkeys([*carried, *said])), comparisons=table)
    verdict = failed(_told(wrong, len(steps)), 1 - len(wrong) / len(steps), table)
    standing = {step.output.what: _standing(step) for step in steps}
    sketches = annotated(truth, standing, {key: problem.facts.edges for key, problem in wrong})
    return replace(verdict, remarks=carried, sketches=sketches)


def _standing(step: JudgedOutput) -> EdgeStatus:
    """How a step is to be seen in a picture of the graph."""
    if step.problem:
        return EdgeStatus.ABSENT if step.problem.code == "missing_key" else EdgeStatus.WRONG
    return EdgeStatus.RIGHT if step.follows_from is None else EdgeStatus.CARRIED


def _numerical(coarse: Reply, steps: Sequence[JudgedOutput]) -> Finding | None:
    """The first step, at the first point, that is far off when it is asked for again in float32."""
    again = ((step, collected(step.output, coarse)) for step in steps if step.follows_from is None)
    slips = (numerical((s.output.what,), s.rows, [row], s.output.tolerance) for s, rows in again for row in rows)
    return next(filter(None, slips), None)


def _told(wrong: Sequence[tuple[str, Finding]], total: int) -> Finding:
    """The first finding, with the other steps by what is wrong with them, and the count."""
    (_, first), *others = wrong
    also = tuple((key, other.note) for key, other in others)
    return replace(first, facts=replace(first.facts, also=also, steps_right=total - len(wrong), steps=total))


def _functions(truth: StepsTruth) -> tuple[KnownSteps, ...]:
    """Those that give steps: the ones before, and the answer's own."""
    return *truth.prior.functions.values(), KnownSteps(truth.keys, tuple(point.expected for point in truth.points))


def _judged_step(truth: StepsTruth, evidence: Evidence, output: AskedOutput, own: Sequence[Named]) -> JudgedOutput:
    """A step at the points where those before it are finite."""
    seen = {
        point: row
        for point, row in enumerate(collected(output, evidence.answer))
        if not (
            row.problem and row.problem.code == "not_finite" and _broken_parent(truth, evidence, point, output.path)
        )
    }
    if not seen:
        return JudgedOutput(output, (), Finding("never_finite", Facts(what=output.what)))
    likely = partial(truth.likely, output.path, own) if len(seen) == len(own) else None
    step = judged(output, list(seen.values()), partial(_following, truth, output, own, list(seen)), likely)
    if step.problem and step.problem.code == output.code and any(row.problem for row in step.rows):
        # No simple difference is told of a step that is not finite somewhere.
        return replace(step, problem=replace(step.problem, facts=replace(step.problem.facts, difference=None)))
    return step


def _following(
    truth: StepsTruth, output: AskedOutput, own: Sequence[Named], points: Sequence[int], rows: Sequence[Compared]
) -> Followed:
    """The rows at some points; those that are wrong against what follows from wrong steps before, if any are."""
    step, slip = output.path, output.tolerance.slip
    wrong = _wrong_parents(truth, step, own)
    ways = truth.prior.recipe([step], own) if any(wrong) else ()
    found, carried, basis = [], set[str](), tuple[str, ...]()
    for point, row in zip(points, rows, strict=True):
        parents = wrong[point]
        if row.numbers is None or row.error <= slip or not parents:
            found.append(row)
            continue
        found.append(nearest(row, (way[point][step] for way in ways)))
        if found[-1].error <= slip:
            carried |= set(parents)
        else:
            basis = tuple(parents)
    return Followed(found, tuple(sorted(carried)) if carried else None, basis)


def _broken_parent(truth: StepsTruth, evidence: Evidence, point: int, step: str) -> bool:
    """Whether a step before this one is not finite in the student's own values: then this one cannot be either."""
    replies = (*evidence.prerequisites, evidence.answer)
    nodes = (
        seen.results[0].get(key)
        for known, reply in zip(_functions(truth), replies, strict=True)
        for key, name in known.keys.items()
        if name in truth.parents[step]
        and isinstance(seen := reply[point], Value)
        and isinstance(seen.results[0], Mapping)
    )
    floats = (node.array for node in nodes if isinstance(node, Leaf) and node.array.dtype.kind == "f")
    return not all(np.isfinite(array).all() for array in floats)


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
