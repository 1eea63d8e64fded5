"""Judging values: the result itself, autograd's gradients through it, and views that follow their input.

Knows how outputs at many points make one verdict. Refuses to know where the expected values come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from grader.judge.agreement import Followed, JudgedOutput, judged, numerical
from grader.judge.compare import Compared, departure, relative_error, verdict_on
from grader.judge.findings import Facts, Finding, Form, Remark
from grader.judge.follow_through import departing, follows, own_steps, taken_through
from grader.judge.given import AskedOutput, asked_outputs, collected, gradient_outputs, standing_at
from grader.judge.model import Comparison, Evidence, Status, Verdict
from grader.judge.truth import GradientTruth, Named, Tolerance, ValueTruth, ViewTruth
from grader.protocol.messages import Leaf, Reply, Value

RIGHT = Verdict(Status.PASS, 1.0)
AUTOGRAD_SHARE = 0.5
"""The share of a question's points that a right value earns when autograd cannot follow it."""


def failed(problem: Finding, score: float = 0.0, comparisons: tuple[Comparison, ...] = ()) -> Verdict:
    """The verdict for a finding."""
    status = Status.PARTIAL if score else Status.FAIL
    return Verdict(status, score, (problem,), comparisons=comparisons)


def judge_outputs(truth: ValueTruth, reply: Reply, own: Sequence[Named] = ()) -> Verdict:
    """The outputs of the first round: a share of the points for each that is right, or follows from `own` steps."""
    outputs = list(asked_outputs(truth))
    seen = [collected(output, reply) for output in outputs]
    found = []
    for output, rows in zip(outputs, seen, strict=True):
        follow = partial(_following, truth, output.path, own) if own and truth.prior else None
        found.append(judged(output, rows, follow, partial(truth.likely, output.path, [])))
    table = tuple(row for one in found for row in one.table)
    problems = [one.problem for one in found if one.problem]
    if problems:
        if exchanged := swapped(outputs, seen):
            return failed(exchanged, comparisons=table)
        return failed(problems[0], 1 - len(problems) / len(outputs), table)
    remarks = (remark for one in found for remark in one.carried or one.remarks)
    return replace(RIGHT, remarks=tuple(dict.fromkeys(remarks)), comparisons=table)


def _following(truth: ValueTruth, path: str, own: Sequence[Named], rows: Sequence[Compared]) -> Followed:
    """The rows against what follows from own steps, where all of them do."""
    assert truth.prior
    anew = follows(truth.prior, path, rows, own, truth.tolerance.slip)
    wrong = (s for known in truth.prior.functions.values() for s in departing(known, own, truth.tolerance))
    return Followed(anew, tuple(wrong)) if anew else Followed(rows)


def swapped(outputs: Sequence[AskedOutput], seen: Sequence[Sequence[Compared]]) -> Finding | None:
    """The finding that a pair of right results came in the wrong order."""
    if [output.path for output in outputs] != ["0", "1"]:
        return None
    one, other = seen
    pairs = [*zip(one, other, strict=True), *zip(other, one, strict=True)]
    if any(_apart(mine, right, outputs[0].tolerance) for mine, right in pairs):
        return None
    return Finding("swapped", Facts(what=outputs[0].what, other=outputs[1].what))


def _apart(mine: Compared, right: Compared, tolerance: Tolerance) -> bool:
    """Whether a result is something else than what is right in another's place."""
    if mine.numbers is None or mine.numbers.shape != right.expected.shape:
        return True
    return relative_error(mine.numbers, right.expected) > tolerance.slip


def _carried(verdict: Verdict) -> bool:
    """Whether something is right only as it follows from one's own steps."""
    return any(remark.code == "carried_forward" for remark in verdict.remarks)


def judge_value(truth: ValueTruth, evidence: Evidence) -> Verdict:
    """All outputs in all rounds, and in float32, where difference quotients fall apart."""
    reply, tolerance = evidence.answer, truth.tolerance
    own = own_steps(truth.prior.functions.values(), evidence.prerequisites) if truth.prior else ()
    verdict = judge_outputs(truth, reply, own)
    if verdict.score < 1 or _carried(verdict):
        return verdict
    outputs = list(asked_outputs(truth))
    assert isinstance(reply[0], Value)
    for call in range(1, len(reply[0].results)):
        for output in outputs:
            rows = collected(replace(output, call=call), reply)
            if verdict_on(rows, output.what, tolerance)[0]:
                return failed(_second_call(rows, output.what, tolerance))
    if evidence.coarse is None:
        return verdict
    double, single = ([r for o in outputs for r in collected(o, each)] for each in (reply, evidence.coarse))
    differences = (
        numerical(tuple(truth.labels.values()), double, single, tolerance) if all(r.came for r in single) else None
    )
    return failed(differences) if differences else verdict


def _second_call(rows: Sequence[Compared], what: str, tolerance: Tolerance) -> Finding:
    wrong = next(r for r in rows if r.problem or r.error > tolerance.slip)
    if wrong.numbers is None:
        return wrong.problem or Finding("not_repeatable", Facts(name=what))
    return departure("changes_on_second_call", what, wrong)


def judge_gradient(truth: GradientTruth, evidence: Evidence) -> Verdict:
    """The value first; then autograd's gradients, for the other half of the points."""
    own = taken_through(truth, evidence)
    verdict = judge_outputs(truth.values, evidence.answer, own)
    if verdict.score < 1:
        return replace(verdict, score=verdict.score * AUTOGRAD_SHARE)
    if _carried(verdict):
        return verdict
    found = [_gradient(output, collected(output, evidence.answer)) for output in gradient_outputs(truth)]
    table = (*verdict.comparisons, *(row for one in found for row in one.table))
    for one in found:
        if one.problem:
            return failed(one.problem, AUTOGRAD_SHARE, table)
    return replace(verdict, comparisons=table)


def _gradient(output: AskedOutput, rows: Sequence[Compared]) -> JudgedOutput:
    """A gradient where autograd left one; where it left none that should be there, nothing is compared."""
    lost = next((row.problem for row in rows if row.problem and not row.came), None)
    return JudgedOutput(output, (), lost) if lost else judged(output, [row for row in rows if row.came or row.error])


def judge_view(truth: ViewTruth, evidence: Evidence) -> Verdict:
    """The values before; then whether the result follows its overwritten input; then its dtype."""
    reply = evidence.answer
    verdict = judge_outputs(truth.before, reply)
    if verdict.score < 1:
        return verdict
    for before, after in zip(asked_outputs(truth.before), asked_outputs(truth.after), strict=True):
        nodes = [standing_at(before, seen) for seen in reply]
        cast = next((node.dtype for node in nodes if isinstance(node, Leaf) and node.dtype != truth.dtype), None)
        if cast:
            theirs, expected = Form("dtype", cast), Form("dtype", truth.dtype)
            return failed(Finding("wrong_dtype", Facts(what=before.what, theirs=theirs, expected=expected)))
        if verdict_on(collected(replace(after, call=1), reply), after.what, after.tolerance)[0]:
            return failed(Finding("copied", Facts(what=before.what)))
    return replace(verdict, remarks=())


def wrote_to_arguments(name: str, reply: Reply) -> tuple[Remark, ...]:
    """A remark where a call changed its arguments."""
    changed = any(isinstance(seen, Value) and seen.changed for seen in reply)
    return (Remark("wrote_to_arguments", name),) if changed else ()
