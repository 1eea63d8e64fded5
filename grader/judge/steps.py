"""Judging named steps with errors carried forward.

Knows that a step is right when it follows from the student's own values of the steps before it. Refuses
to know the steps' formulas: the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from grader.judge.agreement import Followed, JudgedOutput, judged, numerical
from grader.judge.annotated_graph import EdgeStatus, annotated
from grader.judge.compare import Compared, relative_error
from grader.judge.findings import Facts, Finding
from grader.judge.follow_through import (
    Continuation,
    against,
    departing,
    looked_up,
    own_slopes,
    own_steps,
    says_nothing,
    ways,
)
from grader.judge.given import AskedOutput, asked_outputs, collected
from grader.judge.model import Evidence, Verdict
from grader.judge.truth import KnownSteps, Named, StepsTruth
from grader.judge.values import RIGHT, failed
from grader.protocol.messages import Leaf, Reply, Value


class Own(NamedTuple):
    """A student's own values at each point: of steps, and autograd's gradients through the functions before."""

    steps: Sequence[Named]
    slopes: Sequence[Named]


def judge_steps(truth: StepsTruth, evidence: Evidence) -> Verdict:
    """A share of the points for every step that is right, or follows rightly from one's own."""
    functions = _functions(truth)
    own = own_steps(functions, (*evidence.prerequisites, evidence.answer))
    beside = own_steps(functions, evidence.beside) if evidence.beside else [{} for _ in own]
    tabled = looked_up(own, beside, truth.tolerance)
    seen, blind = Own(own, own_slopes(truth.prior, evidence.prerequisites)), Own([{} for _ in own], ())
    steps = [
        _judged_step(truth, evidence, output, blind if tabled.issuperset(truth.parents[output.path]) else seen)
        for output in asked_outputs(truth)
    ]
    wrong = [(step.output.what, step.problem) for step in steps if step.problem]
    for _, problem in wrong:
        if problem.code == "wrong_structure":
            return failed(problem)
    carried = tuple(remark for step in steps for remark in step.carried)
    table = tuple(row for step in steps for row in step.table)
    counted = sum(step.counts for step in steps)
    if not counted:
        basis = tuple(dict.fromkeys(name for step in steps for name in step.follows_from or ()))
        return failed(Finding("nothing_follows", Facts(follows_from=basis)), comparisons=table)
    if not wrong:
        if evidence.coarse and (differences := _numerical(evidence.coarse, steps)):
            return failed(differences, comparisons=table)
        said = [remark for step in steps for remark in step.remarks]
        # What is said of all numbers comes after what is said of single ones.
        said.sort(key=lambda remark: remark.code == "float32_slip")
        return replace(RIGHT, remarks=tuple(dict.fromkeys([*carried, *said])), comparisons=table)
    verdict = failed(_told(wrong, counted), 1 - len(wrong) / counted, table)
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


def _judged_step(truth: StepsTruth, evidence: Evidence, output: AskedOutput, own: Own) -> JudgedOutput:
    """A step at the points where it can have a finite value: those before it have, and so does its formula there."""
    rows, slip = collected(output, evidence.answer), output.tolerance.slip
    right_values = [point.expected for point in truth.points]
    parents = sorted(departing(truth.parents[output.path], right_values, own.steps, truth.tolerance))
    right = all(row.error <= slip for row in rows)
    found = [] if right else list(ways(truth.prior, output.path, own.steps, parents, own.slopes))
    kept = [
        point
        for point, row in enumerate(rows)
        if not (row.problem and row.problem.code == "not_finite")
        or not (_broken_parent(truth, evidence, point, output.path) or _is_undefined(found, point))
    ]
    if not kept:
        return JudgedOutput(output, (), None, follows_from=tuple(parents), counts=False)
    likely = partial(truth.likely, output.path, own.steps) if len(kept) == len(rows) else None
    chosen = [Continuation(way.basis, tuple(way.values[point] for point in kept)) for way in found]
    step = judged(output, [rows[point] for point in kept], partial(_following, output, chosen), likely)
    if step.problem and step.problem.code == output.code and any(row.problem for row in step.rows):
        # No simple difference is told of a step that is not finite somewhere.
        return replace(step, problem=replace(step.problem, facts=replace(step.problem.facts, difference=None)))
    return step


def _is_undefined(found: Sequence[Continuation], point: int) -> bool:
    """Whether a step has no real value at a point in terms of own values, however it is written."""
    return bool(found) and not any(np.isfinite(way.values[point]).all() for way in found)


def _following(output: AskedOutput, found: Sequence[Continuation], rows: Sequence[Compared]) -> Followed:
    """Each row that is wrong against what follows at its point, in the way of writing that is nearest to it."""
    anew, carried, basis = [], dict[str, None](), tuple[str, ...]()
    for place, row in enumerate(rows):
        if row.numbers is None or row.error <= output.tolerance.slip or not found:
            anew.append(row)
            continue
        usable = [(way, against(row, way.values[place])) for way in found if np.isfinite(way.values[place]).all()]
        way, nearest = min(usable, key=lambda one: one[1].error, default=(found[0], row))
        anew.append(nearest)
        if nearest.error <= output.tolerance.slip:
            carried |= dict.fromkeys(way.basis)
        elif relative_error(nearest.expected, row.expected) > output.tolerance.slip:
            basis = way.basis
    idle = bool(carried) and says_nothing([r.expected for r in anew], [r.expected for r in rows], output.tolerance)
    return Followed(anew, tuple(sorted(carried)) if carried else None, basis, idle)


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
