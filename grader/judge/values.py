"""Judging values: the result itself, autograd's gradients through it, and views that follow their input.

Knows how outputs at many points make one verdict. Refuses to know where the expected values come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from grader.judge.agreement import Follow, JudgedOutput, judged, numerical
from grader.judge.compare import Compared, departure, verdict_on
from grader.judge.diagnosis import Causes, slips_in
from grader.judge.findings import Facts, Finding, Form, Remark, Way
from grader.judge.follow_through import follows, own_slopes, own_steps
from grader.judge.given import AskedOutput, asked_outputs, collected, standing_at
from grader.judge.model import Comparison, Evidence, Status, Verdict
from grader.judge.requirements import Requirement
from grader.judge.truth import GradientTruth, Outcomes, Tolerance, ValueTruth, ViewTruth
from grader.protocol.messages import Leaf, Reply, Value

RIGHT = Verdict(Status.PASS, 1.0)
FACTOR_DIGITS = 6
"""Decimals to which the factors of two outputs are the same."""

AUTOGRAD_SHARE = 0.5
"""The share of a question's points that a right value earns when autograd cannot follow it."""


def failed(problem: Finding, score: float = 0.0, comparisons: tuple[Comparison, ...] = ()) -> Verdict:
    """The verdict for a finding."""
    status = Status.PARTIAL if score else Status.FAIL
    return Verdict(status, score, (problem,), comparisons=comparisons)


def together(found: Sequence[JudgedOutput], share: float = 0.0) -> Verdict:
    """One verdict on several outputs; where one of them is wrong it earns a `share` of the points."""
    table = tuple(row for one in found for row in one.table)
    holding = tuple(Requirement(one.output.what, not one.problem if one.counts else None) for one in found)
    for one in found:
        if one.problem:
            return replace(failed(one.problem, share, table), requirements=holding)
    remarks = (remark for one in found for remark in one.carried or one.remarks)
    return replace(RIGHT, remarks=tuple(dict.fromkeys(remarks)), comparisons=table, requirements=holding)


def judge_outputs(truth: ValueTruth, reply: Reply, following: Mapping[str, Follow] = MappingProxyType({})) -> Verdict:
    """The outputs of the first round: a share of the points for each that is right, or follows from what is before.

    `following` is how, by what an output is called. A slip that shows in several of them costs the share of one, and
    so does their order.
    """
    seen = [(output, collected(output, reply)) for output in asked_outputs(truth)]
    found = [_output(truth, output, rows, following.get(output.what)) for output, rows in seen]
    # What is right has no slip in it, where another explains as much.
    right = frozenset(one.output.what for one in found if not one.problem)
    elsewhere = [
        _output(truth, one.output, rows, following.get(one.output.what), right) if right & _places(one) else one
        for one, (_, rows) in zip(found, seen, strict=True)
    ]
    found = [other if other.fitting else one for one, other in zip(found, elsewhere, strict=True)]
    if not (counted := [one for one in found if one.counts]):
        counted = found = [_output(truth, output, rows) for output, rows in seen]
    wrong = [one for one in found if one.problem]
    slips = min(len(wrong), slips_in([causes(one) for one in wrong]))
    verdict = together(found, 1 - slips / len(counted))
    if verdict.findings and (exchanged := reordered([output for output, _ in seen], reply)):
        return failed(exchanged, 1 - 1 / len(seen), verdict.comparisons)
    return replace(verdict, remarks=slips_shared(wrong)) if slips < len(wrong) else verdict


def slips_shared(wrong: Sequence[JudgedOutput]) -> tuple[Remark, ...]:
    """The remark on wrong outputs that one slip explains together, where fewer slips than outputs do."""
    explained = {one.output.what: found for one in wrong if (found := causes(one))}
    made = slips_in(list(explained.values()))
    said = (Remark("slips_shared", what, Facts(count=made)) for what in explained)
    return tuple(said) if made < len(explained) else ()


def _output(
    truth: ValueTruth,
    output: AskedOutput,
    rows: Sequence[Compared],
    follow: Follow | None = None,
    right: frozenset[str] = frozenset(),
) -> JudgedOutput:
    def likely(count: int) -> Outcomes:
        found = truth.likely(output.path, [], count)
        return [each for each in found if not right & {slip.where for slip in each[0]}] if right else found

    return judged(output, rows, follow, likely)


def _places(wrong: JudgedOutput) -> set[str]:
    """Where the slips are made that explain an output."""
    return {slip.where for slips in wrong.fitting for slip in slips}


def _following(truth: ValueTruth | GradientTruth, prerequisites: Sequence[Reply]) -> dict[str, Follow]:
    """How each output may follow from the functions before, by what it is called; nothing where there are none."""
    prior = truth.prior if isinstance(truth, ValueTruth) else truth.values.prior
    if not prior or not prerequisites:
        return {}
    own, slopes = own_steps(prior.functions.values(), prerequisites), own_slopes(prior, prerequisites)
    return {output.what: partial(follows, prior, output, own, slopes) for output in asked_outputs(truth)}


def causes(wrong: JudgedOutput) -> Causes:
    """What may have made an output wrong: mistakes that explain it, or else a factor by which it is off everywhere."""
    seen = wrong.problem.facts.difference if wrong.problem else None
    if wrong.fitting or not seen or seen.way not in (Way.TIMES, Way.FLIPPED):
        return wrong.fitting
    return [frozenset([replace(seen, amount=round(seen.amount, FACTOR_DIGITS))])]


def reordered(outputs: Sequence[AskedOutput], reply: Reply) -> Finding | None:
    """The finding that right results of a tuple came in another order."""
    if len(outputs) < 2 or not all(output.path.isdigit() for output in outputs):
        return None
    # What is asked for nowhere stands where nothing else does.
    ranked = sorted(outputs, key=lambda output: not output.points)
    came = [next((other for other in ranked if _stands_for(other, place, reply)), None) for place in outputs]
    names = tuple(other.what for other in came if other)
    if sorted(names) != sorted(output.what for output in outputs):
        return None
    if len(outputs) == 2:
        return Finding("swapped", Facts(what=outputs[0].what, other=outputs[1].what))
    return Finding("reordered", Facts(names=names))


def _stands_for(other: AskedOutput, place: AskedOutput, reply: Reply) -> bool:
    """Whether what came at the place of one output is right for another."""
    return all(row.error <= other.tolerance.slip for row in collected(replace(other, key=place.key), reply))


def _carried(verdict: Verdict) -> bool:
    """Whether something is right only as it follows from one's own steps."""
    return any(remark.code in ("carried_forward", "not_counted") for remark in verdict.remarks)


def judge_value(truth: ValueTruth, evidence: Evidence) -> Verdict:
    """All outputs in all rounds, and in float32, where difference quotients fall apart."""
    reply, tolerance = evidence.answer, truth.tolerance
    verdict = judge_outputs(truth, reply, _following(truth, evidence.prerequisites))
    if verdict.score < 1 or _carried(verdict):
        return verdict
    outputs = list(asked_outputs(truth))
    assert isinstance(reply[0], Value)
    for call in range(1, len(reply[0].results)):
        for output in outputs:
            rows = _unhindered(collected(replace(output, call=call), reply), reply)
            if verdict_on(rows, output.what, tolerance)[0]:
                return failed(_second_call(rows, output.what, tolerance))
    if evidence.coarse is None:
        return verdict
    double, single = ([r for o in outputs for r in collected(o, each)] for each in (reply, evidence.coarse))
    differences = numerical(tuple(truth.labels.values()), double, single, tolerance)
    return failed(differences) if differences else verdict


def _unhindered(rows: Sequence[Compared], reply: Reply) -> list[Compared]:
    """The rows of later calls whose arguments are still the same: that they are not has a cost of its own."""
    return [r for r, seen in zip(rows, reply, strict=True) if not (isinstance(seen, Value) and seen.changed)]


def _second_call(rows: Sequence[Compared], what: str, tolerance: Tolerance) -> Finding:
    wrong = next(r for r in rows if r.problem or r.error > tolerance.slip)
    if wrong.numbers is None:
        return wrong.problem or Finding("not_repeatable", Facts(name=what))
    return departure("changes_on_second_call", what, wrong)


def judge_gradient(truth: GradientTruth, evidence: Evidence) -> Verdict:
    """The value first; then autograd's gradients, for the other half of the points.

    Through values that are wrong in part any gradient will do: it is that of the student's own function.
    """
    following = _following(truth, evidence.prerequisites)
    verdict = judge_outputs(truth.values, evidence.answer, following)
    outputs = [output for output in asked_outputs(truth) if output.gradient]
    seen = [(output, collected(output, evidence.answer), following.get(output.what)) for output in outputs]
    if verdict.score < 1:
        # A wrong formula need not use every argument.
        reached = any(row.came for _, rows, _ in seen for row in rows)
        return _with(replace(verdict, score=verdict.score * (1 if reached else AUTOGRAD_SHARE)), "gradient", reached)
    gradients = together([_gradient(*each) for each in seen], AUTOGRAD_SHARE)
    table = (*verdict.comparisons, *gradients.comparisons)
    if not gradients.findings:
        return _with(replace(verdict, comparisons=table), "gradient", True)
    return _with(replace(gradients, comparisons=table, requirements=verdict.requirements), "gradient", False)


def _gradient(output: AskedOutput, rows: Sequence[Compared], follow: Follow | None = None) -> JudgedOutput:
    """A gradient where autograd left one; where it left none that should be there, nothing is compared.

    Through a function before that does not use an argument either there need not be one.
    """
    lost = next((row.problem for row in rows if row.problem and not row.came), None)
    if not lost:
        return judged(output, rows if follow else [row for row in rows if row.came or row.error], follow)
    still = [row if row.came else replace(row, numbers=np.zeros(row.expected.shape)) for row in rows]
    followed = follow(still) if follow else None
    if not followed or followed.carried is None:
        return JudgedOutput(output, (), lost)
    return JudgedOutput(output, tuple(followed.rows), None, (), followed.carried, not followed.idle)


def judge_view(truth: ViewTruth, evidence: Evidence) -> Verdict:
    """The values before; then whether the result follows its overwritten input; then its dtype."""
    reply = evidence.answer
    verdict = judge_outputs(truth.before, reply)
    if verdict.score < 1:
        return _with(verdict, "view", False)
    pairs = list(zip(asked_outputs(truth.before), asked_outputs(truth.after), strict=True))
    found = []
    for before, after in pairs:
        nodes = [standing_at(before, seen) for seen in reply]
        cast = next((node.dtype for node in nodes if isinstance(node, Leaf) and node.dtype != truth.dtype), None)
        if cast:
            theirs, expected = Form("dtype", cast), Form("dtype", truth.dtype)
            found.append(Finding("wrong_dtype", Facts(what=before.what, theirs=theirs, expected=expected)))
        elif verdict_on(collected(replace(after, call=1), reply), after.what, after.tolerance)[0]:
            found.append(Finding("copied", Facts(what=before.what)))
    if found:
        share = 1 - (1 - truth.kept) * len(found) / len(pairs)
        lost = replace(failed(found[0], share, verdict.comparisons), requirements=verdict.requirements)
        return _with(lost, "view", False)
    return _with(replace(verdict, remarks=()), "view", True)


def _with(verdict: Verdict, kind: str, holds: bool) -> Verdict:
    """A verdict with one requirement more."""
    return replace(verdict, requirements=(*verdict.requirements, Requirement("", holds, kind)))
