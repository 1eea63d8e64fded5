"""From the evidence of a question to its mark.

Knows how the verdicts of a question's checks make one. Refuses to know what any of them compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.judge.behaviour import judge_form, judge_random, judge_seeded
from grader.judge.clipping import NAME, SAID, SUBJECTS, clipped
from grader.judge.costs import FINDINGS, left_behind, lessened
from grader.judge.drawing import judge_drawing
from grader.judge.findings import MACHINE, Facts, Finding, Remark
from grader.judge.model import Evidence, Mark, PreparedCheck, Question, Status, Verdict
from grader.judge.regimes import shared
from grader.judge.requirements import united
from grader.judge.roles import Replies
from grader.judge.rules import judge_rules
from grader.judge.source import Source
from grader.judge.steps import judge_steps
from grader.judge.sweep import UNSTABLE, broken, judge_sweep
from grader.judge.training import judge_fit, judge_trajectory, judge_update
from grader.judge.truth import (
    DrawingTruth,
    FitTruth,
    FormTruth,
    GradientTruth,
    RandomTruth,
    RuleTruth,
    SeededTruth,
    StepsTruth,
    SweepTruth,
    TrajectoryTruth,
    UpdateTruth,
    ValueTruth,
    ViewTruth,
)
from grader.judge.values import (
    RIGHT,
    judge_gradient,
    judge_value,
    judge_view,
)
from grader.protocol.messages import (
    Ask,
    CallMode,
    Died,
    Missing,
    Observation,
    Other,
    Raised,
    Read,
    Reply,
    TimedOut,
    Unavailable,
    Unreadable,
    Value,
)

UNWRITTEN = frozenset({"missing", "not_written"})
ABSENT = UNWRITTEN | {"cell_failed"}
"""The notes of what nobody has tried to answer, and of all that is not there to be looked at."""

ON_LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
"""What torch says where a tensor that gradients are asked for is changed in place."""


def judge(
    question: Question,
    trials: Sequence[PreparedCheck],
    replies: Sequence[Replies],
    source: Source,
) -> Mark:
    """The mark of a question from the replies to each of its trials. None of them counts where the machine failed.

    Where it failed at another function, from which the answer may follow, one that is right has its mark all the same.
    """
    if lacks := _lacks([reply for told in replies for reply in told.own]):
        return _unavailable(question, lacks[0])
    own = tuple(told.answer for told in replies if told.answer is not None)
    verdicts = []
    # Odd numbers overflow wherever they are compared: what comes of it is looked at, and no warning is anybody's.
    with np.errstate(all="ignore"):
        for trial, told in zip(trials, replies, strict=True):
            answer = told.answer or ()
            evidence = Evidence(question.name, source, answer, told.prerequisites, told.coarse, told.beside, own)
            verdicts.append(_judged(trial, evidence))
    judged = [*zip(trials, verdicts, strict=True)]
    earning, found = zip(*((trial, verdict) for trial, verdict in judged if not trial.costs), strict=True)
    verdict = shared(merged(found, [trial.weight for trial in earning]), earning, found)
    # Values that are wrong already are so elsewhere too, and need not be told by the same code there.
    formed = all(finding.code != "reordered" for finding in verdict.findings)
    demands = (
        one
        for one in judged
        if one[0].costs and (verdict.score == 1 or (formed and isinstance(one[0].truth, FormTruth)))
    )
    beside = [finding for _, broken in demands for finding in broken.findings[:1]]
    verdict = lessened(verdict, [*left_behind(question.name, _kept(trials, replies)), *beside])
    if verdict.score < 1 and (lacks := _lacks([reply for told in replies for reply in told])):
        return _unavailable(question, lacks[0])
    return Mark(question, verdict if 0 < verdict.score < 1 else replace(verdict, requirements=()))


def _lacks(replies: Sequence[Reply]) -> list[str]:
    """What the machine lacked at some of these calls."""
    return [seen.reason for reply in replies for seen in reply[:1] if isinstance(seen, Unavailable)]


def _kept(trials: Sequence[PreparedCheck], replies: Sequence[Replies]) -> list[Reply]:
    """The replies of calls that are to leave arguments as they were, where no function that they use has not."""
    judged = [(t, told) for t, told in zip(trials, replies, strict=True) if not isinstance(t.truth, UpdateTruth)]
    return [reply for trial, told in judged if not _is_led_astray(trial, told) for reply in told.own]


def _is_led_astray(trial: PreparedCheck, told: Replies) -> bool:
    """Whether a function that the answer may use leaves behind what it should not: that costs its own question."""
    pairs = zip(trial.asks.prerequisites, told.prerequisites, strict=True)
    kept = [reply for ask, reply in pairs if not (isinstance(ask, Ask) and ask.manner is CallMode.UPDATE)]
    return any(left_behind("", kept))


def _unavailable(question: Question, reason: str) -> Mark:
    """The mark of a question that the machine kept from being graded."""
    problem = Finding(MACHINE, Facts(name=question.name, reason=reason))
    return Mark(question, Verdict(Status.UNGRADED, 0.0, (problem,)))


def _judged(trial: PreparedCheck, evidence: Evidence) -> Verdict:
    silence = _silence(trial, evidence)
    found = (unanswered(evidence.name, seen, evidence.source) or silence for seen in evidence.answer)
    if problem := next(filter(None, found), None):
        status = Status.MISSING if problem.code in UNWRITTEN else Status.FAIL
        return Verdict(status, 0.0, (problem,))
    return JUDGES[type(trial.truth)](trial.truth, evidence)


def _silence(trial: PreparedCheck, evidence: Evidence) -> Finding | None:
    """The finding that a function came to its end without a return."""
    silent = [s for s in evidence.answer if isinstance(s, Value) and s.results and s.results[0] == Other("None")]
    if not silent or isinstance(trial.asks.answer, Read):
        return None
    return Finding("returns_nothing", Facts(name=evidence.name, count=len(silent), total=len(evidence.answer)))


JUDGES: dict[type, Callable[[Any, Evidence], Verdict]] = {
    ValueTruth: judge_value,
    GradientTruth: judge_gradient,
    ViewTruth: judge_view,
    StepsTruth: judge_steps,
    DrawingTruth: judge_drawing,
    TrajectoryTruth: judge_trajectory,
    FitTruth: judge_fit,
    SweepTruth: judge_sweep,
    UpdateTruth: judge_update,
    RandomTruth: judge_random,
    SeededTruth: judge_seeded,
    FormTruth: judge_form,
    RuleTruth: judge_rules,
}
"""Who judges which kind of truth."""


def unanswered(name: str, seen: Observation, source: Source) -> Finding | None:
    """What is wrong where there is no value to look at."""
    called = Facts(name=name)
    match seen:
        case Raised() | Value(results=(Other(type_name="None"), *_)) if source.is_stub(name):
            return Finding("not_written", called)
        case Raised(type_name="NotImplementedError", text="") if source.stubs(name):
            return Finding("needs_unwritten", replace(called, names=tuple(source.stubs(name))))
        case Raised(type_name="NotImplementedError", text="") if source.raises_not_implemented(name):
            return Finding("stub_left", called)
        case Raised(type_name=kind, text=text, line=line):
            code = "changed_leaf" if ON_LEAF in text else "raised"
            return Finding(code, replace(called, error_type=clipped(kind, NAME), text=text, line=line))
        case Missing(reason="not callable"):
            return Finding("not_a_function", replace(called, hidden=source.is_hidden(name)))
        case Missing() if source.stopped(name) == "NotImplementedError" and source.stubs(name):
            return Finding("needs_unwritten", replace(called, names=tuple(source.stubs(name))))
        case Missing() if source.stopped(name):
            return Finding("cell_failed", replace(called, text=source.stopped(name)))
        case Missing():
            return Finding("missing", called)
        case TimedOut(seconds, waiting, line):
            return Finding("waited" if waiting else "timed_out", replace(called, seconds=seconds, line=line))
        case Died(how):
            return Finding("died", replace(called, reason=how))
        case Unreadable(reason):
            return Finding("unreadable_answer", replace(called, reason=reason))
        case Value(results=(Other(type_name="ellipsis"), *_)):
            return Finding("not_written", called)
    return None


def merged(verdicts: Sequence[Verdict], weights: Sequence[float]) -> Verdict:
    """One verdict of many: the weighted mean of the scores; a check of weight 0 that fails forfeits all.

    What is found first comes first; of findings of one kind there is one.
    """
    scored = [(v, w) for v, w in zip(verdicts, weights, strict=True) if w]
    if all(v.note in ABSENT for v, _ in scored):
        return scored[0][0]
    for verdict, weight in zip(verdicts, weights, strict=True):
        if not weight and not verdict.score:
            return verdict
    score = sum(v.score * w for v, w in scored) / sum(w for _, w in scored)
    table = tuple(row for v in verdicts for row in v.comparisons)
    drawn = tuple(sweep for v in verdicts for sweep in v.sweeps)
    sketches = tuple(sketch for v in verdicts for sketch in v.sketches)
    required = united(one for v, _ in scored for one in v.requirements)
    # The sort is stable: infinities before inaccuracies, else as asked.
    wrong = sorted((v for v in verdicts if v.status is not Status.PASS), key=lambda v: not broken(v))
    # What a condition may say costs nothing, as that an answer is right to float32 only, may be what costs elsewhere.
    heard = [v for v, weight in zip(verdicts, weights, strict=True) if weight or not wrong]
    remarks = _few(dict.fromkeys(r for v in heard for r in v.remarks))
    if not wrong:
        return replace(RIGHT, remarks=remarks, comparisons=table, sweeps=drawn, requirements=required)
    found = _telling([finding for verdict in wrong for finding in verdict.findings])[:FINDINGS]
    status = Status.PARTIAL if score else Status.FAIL
    return Verdict(status, score, found, remarks, table, drawn, sketches, required)


def _few(remarks: Collection[Remark]) -> tuple[Remark, ...]:
    """The remarks that say no more than a page has room for."""
    said = list(dict.fromkeys((remark.code, remark.facts) for remark in remarks))[:SAID]
    return tuple(remark for remark in remarks if (remark.code, remark.facts) in said)[:SUBJECTS]


def _telling(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """One finding of a kind: of several that a value is wrong, one that says why."""
    kinds: list[object] = []
    told: list[Finding] = []
    for finding in findings:
        kind = _kind(finding)
        if kind not in kinds:
            kinds.append(kind)
            told.append(finding)
        elif finding.facts.mistakes and not told[kinds.index(kind)].facts.mistakes:
            told[kinds.index(kind)] = finding
    return tuple(told)


def _kind(finding: Finding) -> object:
    """What one finding is enough of; but each sweep has its own first failure to tell."""
    if finding.code == UNSTABLE:
        return finding
    return "wrong_value" if finding.code == "wrong_step" or finding.facts.mistakes else finding.code
