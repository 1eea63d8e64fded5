"""Judging values: the result itself, autograd's gradients through it, and views that follow their input.

Knows how results at many points make one verdict. Refuses to know where the expected values come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from grader.judge.compare import Compared, compared, part, relative_error, shown, verdict_on
from grader.judge.diagnosis import diagnosed
from grader.judge.facts import both, place
from grader.judge.findings import Facts, Finding, Form, Remark
from grader.judge.follow_through import departing, follows, own_steps, taken_through
from grader.judge.model import Comparison, Evidence, Status, Verdict
from grader.judge.truth import GradientTruth, Named, ValueTruth, ViewTruth
from grader.protocol.messages import Array, Leaf, Reply, Value

RIGHT = Verdict(Status.PASS, 1.0)
AUTOGRAD_SHARE = 0.5
"""The share of a question's points that a right value earns when autograd cannot follow it."""

BROKEN_WAYS = {"graph_freed": "backward through the graph a second time", "overwritten": "by an inplace operation"}
"""What torch says where a way back was recorded and cannot be taken, by the note that it gets."""


def failed(problem: Finding, score: float = 0.0, comparisons: tuple[Comparison, ...] = ()) -> Verdict:
    """The verdict for a finding."""
    status = Status.PARTIAL if score else Status.FAIL
    return Verdict(status, score, (problem,), comparisons=comparisons)


def rows_of(truth: ValueTruth, reply: Reply, path: str, call: int = 0) -> list[Compared]:
    """One output at every point; `call` is the round."""
    wanted = list(truth.labels)
    rows = []
    for point, seen in zip(truth.points, reply, strict=True):
        if path not in point.expected:
            continue
        assert isinstance(seen, Value)
        node = part(seen.results[call], path, wanted)
        what, kind = truth.labels[path], truth.kinds.get(path, "")
        rows.append(compared(node, point.inputs, point.expected[path], what, truth.tolerance, kind))
    return rows


def judge_outputs(truth: ValueTruth, reply: Reply, own: Sequence[Named] = ()) -> Verdict:
    """The outputs of the first round: a share of the points for each that is right, or follows from `own` steps."""
    table: list[Comparison] = []
    remarks: list[Remark] = []
    problems: list[Finding] = []
    for path, what in truth.labels.items():
        rows = rows_of(truth, reply, path)
        found, said = verdict_on(rows, what, truth.tolerance)
        if found and own and truth.prior and (anew := follows(truth.prior, path, rows, own, truth.tolerance.slip)):
            steps = tuple(s for k in truth.prior.functions.values() for s in departing(k, own, truth.tolerance))
            rows, found, said = anew, None, (Remark("carried_forward", what, Facts(follows_from=steps)),)
        problems += [_explained(truth, path, rows, found)] if found else []
        remarks += said
        table += shown(rows, what, truth.tolerance)
    if problems:
        if exchanged := swapped(truth, reply):
            return failed(exchanged, comparisons=tuple(table))
        right = 1 - len(problems) / len(truth.labels)
        return failed(problems[0], right, tuple(table))
    return replace(RIGHT, remarks=tuple(dict.fromkeys(remarks)), comparisons=tuple(table))


def _explained(truth: ValueTruth, path: str, rows: Sequence[Compared], problem: Finding) -> Finding:
    """What is wrong with an output, with the mistake that it fits."""
    if problem.code not in ("wrong_value", "not_finite"):
        return problem
    return diagnosed(problem, partial(truth.likely, path, []), rows, truth.tolerance.slip)


def swapped(truth: ValueTruth, reply: Reply) -> Finding | None:
    """The finding that a pair of right results came in the wrong order."""
    if list(truth.labels) != ["0", "1"]:
        return None
    one, other = (rows_of(truth, reply, path) for path in truth.labels)
    for mine, right in ((one, other), (other, one)):
        pairs = zip(mine, right, strict=True)
        if any(m.numbers is None or _apart(m.numbers, r.expected, truth) for m, r in pairs):
            return None
    return Finding("swapped", Facts(what=truth.labels["0"], other=truth.labels["1"]))


def _apart(theirs: Array, expected: Array, truth: ValueTruth) -> bool:
    return theirs.shape != expected.shape or relative_error(theirs, expected) > truth.tolerance.slip


def _carried(verdict: Verdict) -> bool:
    """Whether something is right only as it follows from one's own steps."""
    return any(remark.code == "carried_forward" for remark in verdict.remarks)


def judge_value(truth: ValueTruth, evidence: Evidence) -> Verdict:
    """All outputs in all rounds, and in float32: see `numerical`."""
    reply = evidence.answer
    own = own_steps(truth.prior.functions.values(), evidence.prerequisites) if truth.prior else ()
    verdict = judge_outputs(truth, reply, own)
    if verdict.score < 1 or _carried(verdict):
        return verdict
    assert isinstance(reply[0], Value)
    for call in range(1, len(reply[0].results)):
        for path, what in truth.labels.items():
            rows = rows_of(truth, reply, path, call)
            again, _ = verdict_on(rows, what, truth.tolerance)
            if again:
                return failed(_second_call(rows, what, truth))
    return numerical(truth, verdict, reply, evidence.coarse) if evidence.coarse else verdict


def _second_call(rows: Sequence[Compared], what: str, truth: ValueTruth) -> Finding:
    wrong = next(r for r in rows if r.problem or r.error > truth.tolerance.slip)
    if wrong.numbers is None:
        return wrong.problem or Finding("not_repeatable", Facts(name=what))
    theirs, expected = both(wrong.numbers, wrong.expected)
    facts = Facts(what=what, where=place(wrong.inputs), theirs=theirs, expected=expected)
    return Finding("changes_on_second_call", facts)


def numerical(truth: ValueTruth, verdict: Verdict, double: Reply, single: Reply) -> Verdict:
    """Refuse answers that are nearly right in float64 and far off in float32, as difference quotients are.

    A float32 constant in a formula leaves both within float32's rounding.
    """
    errors = [row.error for path in truth.labels for row in rows_of(truth, double, path)]
    if max(errors) <= truth.tolerance.agree or not all(isinstance(seen, Value) for seen in single):
        return verdict
    coarse = [row.error for path in truth.labels for row in rows_of(truth, single, path)]
    if max(coarse) <= 2 * truth.tolerance.slip:
        return verdict
    facts = Facts(names=tuple(truth.labels.values()), error=max(errors), coarse=max(coarse))
    return failed(Finding("numerical_derivative", facts))


def judge_gradient(truth: GradientTruth, evidence: Evidence) -> Verdict:
    """The value first; then autograd's gradients, for the other half of the points."""
    reply = evidence.answer
    own = taken_through(truth, evidence)
    verdict = judge_outputs(truth.values, reply, own)
    if verdict.score < 1:
        return replace(verdict, score=verdict.score * AUTOGRAD_SHARE)
    if _carried(verdict):
        return verdict
    table = list(verdict.comparisons)
    problem: Finding | None = None
    for path, what in truth.labels.items():
        found, rows = _gradient(truth, reply, path, what)
        problem = problem or found
        table += shown(rows, by_autograd(what), truth.values.tolerance)
    if problem:
        return failed(problem, AUTOGRAD_SHARE, tuple(table))
    return replace(verdict, comparisons=tuple(table))


def by_autograd(what: str) -> str:
    """What a derivative is called where autograd takes it."""
    return f"autograd's {what}"


def _gradient(truth: GradientTruth, reply: Reply, path: str, what: str) -> tuple[Finding | None, list[Compared]]:
    rows = []
    for point, seen in zip(truth.gradients, reply, strict=True):
        assert isinstance(seen, Value)
        node = seen.gradients.get(path)
        expected = point.expected[path]
        if node is None and not expected.any():
            # torch leaves no gradient where nothing depends on the input; that is 0.
            continue
        if node is None:
            return unreachable(what, seen), []
        rows.append(compared(node, point.inputs, expected, by_autograd(what), truth.values.tolerance))
    problem, _ = verdict_on(rows, by_autograd(what), truth.values.tolerance, "wrong_gradient")
    return problem, rows


def unreachable(what: str, seen: Value) -> Finding:
    """Why autograd left no gradient, as far as torch said so."""
    error = seen.gradient_error.text if seen.gradient_error else ""
    code = next((code for code, said in BROKEN_WAYS.items() if said in error), "no_gradient")
    return Finding(code, Facts(what=what))


def judge_view(truth: ViewTruth, evidence: Evidence) -> Verdict:
    """The values before; then whether the result follows its overwritten input; then its dtype."""
    reply = evidence.answer
    verdict = judge_outputs(truth.before, reply)
    if verdict.score < 1:
        return verdict
    for path, what in truth.before.labels.items():
        cast = next((d for d in _dtypes(truth, reply, path) if d != truth.dtype), None)
        if cast:
            theirs, expected = Form("dtype", cast), Form("dtype", truth.dtype)
            return failed(Finding("wrong_dtype", Facts(what=what, theirs=theirs, expected=expected)))
        stale, _ = verdict_on(rows_of(truth.after, reply, path, 1), what, truth.after.tolerance)
        if stale:
            return failed(Finding("copied", Facts(what=what)))
    return replace(verdict, remarks=())


def _dtypes(truth: ViewTruth, reply: Reply, path: str) -> list[str]:
    nodes = [part(s.results[0], path, list(truth.before.labels)) for s in reply if isinstance(s, Value)]
    return [node.dtype for node in nodes if isinstance(node, Leaf)]


def wrote_to_arguments(name: str, reply: Reply) -> tuple[Remark, ...]:
    """A remark where a call changed its arguments."""
    changed = any(isinstance(seen, Value) and seen.changed for seen in reply)
    return (Remark("wrote_to_arguments", name),) if changed else ()
