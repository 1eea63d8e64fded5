"""Judging gradient descent: single updates, whole trajectories, and fitted models.

Knows how a trajectory that departs from the exact one is told from the epoch where it does. Refuses to
know the recurrence itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from grader.judge.agreement import JudgedOutput, judged
from grader.judge.compare import REAL, Compared, departure, relative_error, shown
from grader.judge.costs import lessened
from grader.judge.diagnosis import Fitting, diagnosed, explaining, slips_in
from grader.judge.facts import described, difference, excerpt, place
from grader.judge.findings import Advice, Difference, Facts, Finding, Form, Remark, Way
from grader.judge.follow_through import wrong_functions
from grader.judge.given import (
    AskedOutput,
    after_updates,
    asked_outputs,
    collected,
    collected_after_updates,
    standing_at,
)
from grader.judge.model import SHARE, Comparison, Evidence, Verdict
from grader.judge.requirements import Requirement
from grader.judge.truth import FitTruth, Point, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.judge.values import RIGHT, failed, reordered, slips_shared, together
from grader.protocol.messages import Array, Leaf, Node, Other, Reply, Value

SAME = 1e-6
"""Relative difference below which two losses of a trajectory are taken for the same."""

UNMOVED = "rebound"
"""The slip by which parameters stay where they are."""

MOST = 1_000_000
"""Numbers of a fit that are looked at; nobody trains for so many epochs."""


def judge_update(truth: UpdateTruth, evidence: Evidence) -> Verdict:
    """Parameters after each update, from point to point: a first step that is right has half the points by itself."""
    table: list[Comparison] = []
    reply, slip = evidence.answer, truth.tolerance.slip
    outputs = [(output, each, collected(each, reply)) for output in _updated(truth) for each in after_updates(output)]
    for number, seen in enumerate(reply):
        for output, each, rows in outputs:
            row = rows[number]
            if row.problem:
                return failed(row.problem, comparisons=tuple(table))
            if row.came:
                table += shown([row], f"{each.what} after step {each.call + 1}", truth.tolerance)
            if row.came and row.error > slip:
                whole = collected_after_updates(output, reply)
                problem = diagnosed(_wrong_update(output.replied[number], each, row), _rules(truth, reply), whole)
                begun = all(row.error <= slip for _, each, rows in outputs if not each.call for row in rows)
                parts = Requirement("", begun, "first_step"), Requirement("", False, "second_step")
                return replace(failed(problem, begun / 2, tuple(table)), requirements=parts)
        if isinstance(seen, Value) and seen.gradient_error:
            return failed(Finding("no_second_step", Facts(text=seen.gradient_error.text)))
    return RIGHT


def _rules(truth: UpdateTruth, reply: Reply) -> Fitting | None:
    """The wrong rules that all parameters follow; None where something did not come."""
    slack, fitting = truth.tolerance.slip, list[Fitting]()
    for output in _updated(truth):
        found = explaining(partial(truth.likely, output.path, []), collected_after_updates(output, reply), slack)
        if found is None:
            return None
        fitting.append(found)
    first, *others = fitting
    return [slips for slips in first if all(slips in other for other in others)]


def _updated(truth: UpdateTruth) -> Iterator[AskedOutput]:
    """Every parameter, with where it started and the rate."""
    paths = tuple(truth.points[0].expected)
    for path in paths:
        index = path.rpartition(".")[2]
        inputs = ({n: v for n, v in p.inputs.items() if n.endswith((index, "rate"))} for p in truth.points)
        points = tuple(replace(point, inputs=own) for point, own in zip(truth.points, inputs, strict=True))
        what, code = f"parameter {index}", "wrong_update"
        yield AskedOutput(what, path, points, truth.tolerance, key=path, wanted=paths, code=code)


def _wrong_update(point: Point, output: AskedOutput, row: Compared) -> Finding:
    """What stands where an update should have led, and how the way there differs."""
    assert row.numbers is not None
    start = next(v for n, v in row.inputs.items() if n.startswith("start"))
    before = point.expected[output.path][0] if output.call else start
    moved, due = row.numbers - before, row.expected - before
    kind = difference([moved], [due]) if moved.any() else Difference(Way.UNMOVED)
    problem = departure(output.code, output.what, row)
    return replace(problem, facts=replace(problem.facts, step=output.call + 1, difference=kind))


def judge_trajectory(truth: TrajectoryTruth, evidence: Evidence) -> Verdict:
    """The run against the exact one; where it is another, against that of the student's own wrong parts."""
    values = truth.values
    verdict = _judged(values, evidence.answer)
    if verdict.score < 1 and (order := reordered(list(asked_outputs(values)), evidence.answer)):
        return lessened(replace(RIGHT, comparisons=verdict.comparisons), [order])
    if verdict.score == 1 or not values.prior:
        return verdict
    names, own = wrong_functions(values.prior, evidence.prerequisites, values.tolerance)
    for way in values.prior.recipe(list(values.labels), own) if names else ():
        points = tuple(Point(point.inputs, known) for point, known in zip(values.points, way, strict=True))
        anew = _judged(replace(values, points=points), evidence.answer)
        if anew.score > verdict.score:
            # One for each part: models without and with a bias need not have the same wrong ones.
            said = tuple(Remark("carried_forward", evidence.name, Facts(follows_from=(name,))) for name in names)
            return replace(anew, remarks=said)
    return verdict


def _judged(values: ValueTruth, reply: Reply) -> Verdict:
    """Losses first, since they tell where the run departs; then the parameters: each of the two has half the points.

    A slip that explains both costs one half, unless nothing moves by it: that is no training.
    """
    outputs = {output.path: replace(output, code="wrong_trajectory") for output in asked_outputs(values)}
    seen = {path: collected(outputs[path], reply) for path in ("2", "0", "1")}
    found = [_explained(values, judged(outputs[path], rows), reply, seen) for path, rows in seen.items()]
    losses, *parameters = (one.problem is None for one in found)
    wrong = [one for one in found if one.problem]
    moved = [[slips for slips in one.fitting if not any(slip.note == UNMOVED for slip in slips)] for one in wrong]
    slips = min(2 - losses - all(parameters), slips_in(moved))
    required = Requirement("", losses, "losses"), Requirement("", all(parameters), "parameters")
    verdict = replace(together(found, 1 - slips / 2), requirements=required)
    if slips < 2 - losses - all(parameters):
        verdict = replace(verdict, remarks=slips_shared(wrong))
    extra = _extra_bias(outputs["1"], reply)
    return lessened(verdict, [extra] if extra else [])


def _explained(
    values: ValueTruth, found: JudgedOutput, reply: Reply, seen: Mapping[str, Sequence[Compared]]
) -> JudgedOutput:
    """What is wrong, with the detour that ends at the same losses, or at the same weights where the count is wrong."""
    output, rows, problem = found.output, found.rows, found.problem
    if problem is None:
        return found
    told_by = output.path
    if problem.code == output.code:
        problem = _departing(output, rows)
    if problem.code == "wrong_shape" and output.path == "2":
        problem, told_by = _wrong_length(output, reply, rows), "0"
    if problem.code not in (output.code, "wrong_length", "not_finite"):
        return replace(found, problem=problem)
    fitting = explaining(partial(values.likely, told_by, []), seen[told_by], values.tolerance.slip)
    if fitting or problem.code != "wrong_length":
        problem = diagnosed(problem, fitting, seen[told_by])
    return replace(found, problem=problem, fitting=tuple(fitting or ()))


def _departing(output: AskedOutput, rows: Sequence[Compared]) -> Finding:
    """What the first run that departs gave; of losses also from which epoch on."""
    wrong = next(row for row in rows if row.error > output.tolerance.slip)
    problem = departure(output.code, output.what, wrong, rows)
    if output.path != "2" or wrong.numbers is None:
        return problem
    return replace(problem, facts=replace(problem.facts, agreeing=_agreeing(wrong.numbers, wrong.expected)))


def _wrong_length(output: AskedOutput, reply: Reply, rows: Sequence[Compared]) -> Finding:
    """The first list of another length; lists that are as much longer as a call adds are one that goes on."""
    nodes = [standing_at(output, seen) for seen in reply]
    counts = [node.array.size if isinstance(node, Leaf) else 0 for node in nodes]
    asked = [row.expected.size for row in rows]
    kept = len(counts) > 1 and np.diff(counts).tolist() == asked[1:]
    row, count = next((row, count) for row, count in zip(rows, counts, strict=True) if row.problem)
    theirs, expected = (Form("entries", count=each) for each in (count, row.expected.size))
    facts = Facts(what=output.what, where=place(row.inputs), theirs=theirs, expected=expected)
    return Finding("list_kept" if kept else "wrong_length", facts)


def _extra_bias(bias: AskedOutput, reply: Reply) -> Finding | None:
    """A bias that came back where none was given."""
    for point, seen in zip(bias.replied, reply, strict=True):
        node = standing_at(bias, seen)
        if bias.path not in point.expected and node != Other("None") and not isinstance(node, Finding | None):
            return Finding("extra_bias", Facts(what="b", theirs=described(node), expected=Form("None as given")))
    return None


def _other_type(what: str, node: Node, asked: Form) -> Finding:
    return Finding("wrong_type", Facts(what=what, theirs=described(node), expected=asked))


def _agreeing(theirs: Array, expected: Array) -> int:
    """For how many epochs the losses agree."""
    agree = [relative_error(t, e) < SAME for t, e in zip(theirs[:, None], expected[:, None], strict=True)]
    return agree.index(False) if False in agree else len(agree)


def judge_fit(truth: FitTruth, evidence: Evidence) -> Verdict:
    """The mean squared error of the fitted (w, b) on the data, against the optimum."""
    (seen,) = evidence.answer
    assert isinstance(seen, Value)
    result = seen.results[0]
    if not isinstance(result, tuple) or len(result) != 3:
        return failed(Finding("wrong_structure", Facts(theirs=described(result), expected=Form("training"))))
    w, b = _flat(result[0]), _flat(result[1])
    columns = truth.features.shape[1]
    if w is None or w.size != columns:
        return failed(_other_type("w", result[0], Form("tensor", shape=(1, columns))))
    absent = isinstance(result[1], Other) and result[1].type_name == "None"
    if absent == truth.with_bias or (not absent and (b is None or b.size != 1)):
        return failed(_other_type("b", result[1], Form("one element" if truth.with_bias else "None")))
    prediction = truth.features @ w + (b[0] if b is not None else 0.0)
    with np.errstate(all="ignore"):
        error = float(np.mean((prediction - truth.targets) ** 2))
    theirs, expected = excerpt(np.asarray(error)), excerpt(np.asarray(truth.optimum))
    row = Comparison("mean squared error", None, theirs, expected, False)
    if not np.isfinite(error) or error > (1 + truth.excess) * truth.optimum:
        advice = _advice(error, _flat(result[2]))
        facts = Facts(theirs=theirs, expected=expected, excess=100 * truth.excess, advice=advice)
        return failed(Finding("poor_fit", facts), comparisons=(row,))
    row = replace(row, agrees=True)
    if not _descending(result[2], truth.excess):
        lost = failed(Finding("losses_unlike", Facts(name=evidence.name)), 1 - SHARE, (row,))
        return replace(lost, requirements=(Requirement("", True, "fit"), Requirement("", False, "losses")))
    return replace(RIGHT, comparisons=(row,))


def _descending(node: Node, excess: float) -> bool:
    """Whether these can be the losses of a descent that ended at most `excess` above the least, in any unit.

    On the way down a bowl no loss is above the larger of the first and the last, however steps and features are scaled.
    """
    parts = node if isinstance(node, tuple) else (node,)
    found = [_flat(each) for each in parts]
    losses = np.concatenate([each for each in found if each is not None] or [np.empty(0)])
    if not losses.size or any(each is None for each in found) or not np.isfinite(losses).all():
        return False
    return bool((losses > 0).all() and losses[-1] <= (1 + excess) * losses[0])


def _advice(error: float, losses: Array | None) -> Advice:
    """What the losses say about a fit that is not good enough."""
    if losses is None or losses.size < 2:
        return Advice.FEATURES
    if not np.isfinite(losses).all() or losses[-1] > losses[0]:
        return Advice.DIVERGING
    return Advice.OTHER_ERROR if abs(losses[-1] - error) > 0.5 * error else Advice.FALLING


def _flat(node: Node) -> Array | None:
    if isinstance(node, Leaf) and node.array.dtype.kind in REAL and node.array.size <= MOST:
        return node.array.astype(np.float64).ravel()
    return None
