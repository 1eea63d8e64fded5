"""Derived mistakes as submissions: each is planted, must be rejected, and must be named as what it is.

Knows how a planted mistake is asked and marked, and when two mistakes are the same one. Refuses to know how
mistakes are derived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.judge.diagnosis import NAMED
from grader.judge.model import Check, Conditions, Lab, Mark, Planted, PreparedCheck, Question, Suspicious
from grader.judge.rules import unrecorded
from grader.judge.source import Source
from grader.judge.sweep import ulp_errors
from grader.judge.truth import GradientTruth, Slip, StepsTruth, SweepTruth, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.judge.verdict import judge
from grader.pages.sentences import explained, message
from grader.protocol.messages import Array, Reply
from grader.runner.session import Session

SAME = 1e-9
"""Relative difference up to which two mistakes are one and the same wherever they were looked at."""


@dataclass(frozen=True)
class DerivedMistakes:
    """How many derived mistakes of a question were planted, lost points, and were named; what became of others."""

    question: str
    planted: int
    rejected: int
    named: int
    problems: tuple[str, ...]


def plant_derived(
    lab: Lab, trials: Sequence[Sequence[PreparedCheck]], session: Session, cells: Sequence[str], conditions: Conditions
) -> Iterator[DerivedMistakes]:
    """Plant every derived mistake of a lab, question by question; `session` has run the solution's `cells`."""
    for question, posed in zip(lab.questions, trials, strict=True):
        if any(isinstance(check, Suspicious) for check in question.checks):
            yield _planted(question, posed, session, cells, conditions)


def _planted(
    question: Question, trials: Sequence[PreparedCheck], session: Session, cells: Sequence[str], conditions: Conditions
) -> DerivedMistakes:
    planted = rejected = named = 0
    problems = []
    for check, trial in zip(question.checks, trials, strict=True):
        others = _others(question, unrecorded(trial), session)
        for mistake, fresh in _telling(check, question.name, conditions):
            # A question that loses points by one of its checks has not all of them, whatever the others say.
            mark = _marked(question, replace(unrecorded(trial), weight=1.0), session, (cells, others), mistake)
            planted += 1
            if mark.score < question.points:
                rejected += 1
            if _is_named(mistake, mark, fresh):
                named += 1
            else:
                problems.append(
                    f"{question.name}, {mistake.path}: {explained(mistake.slip)} It earns {mark.score:g}, and is told: "
                    f"{message(mark.verdict)}"
                )
    session.run([f"{question.name} = kept[{question.name!r}]"])
    return DerivedMistakes(question.name, planted, rejected, named, tuple(problems))


Outcomes = dict[Slip, Array]


def _telling(check: Check, name: str, conditions: Conditions) -> Iterator[tuple[Planted, Outcomes]]:
    """The mistakes that change something, each with what all mistakes there lead to at points of their own."""
    if not isinstance(check, Suspicious):
        return
    truth = check.prepare(name, Conditions(f"{conditions.seed}/elsewhere", conditions.device)).truth
    known: dict[str, Outcomes] = {}
    for mistake in check.plant(name):
        if mistake.path not in known:
            known[mistake.path] = _outcomes(truth, mistake.path)
        if mistake.slip in known[mistake.path]:
            yield mistake, known[mistake.path]


def _outcomes(truth: object, path: str) -> Outcomes:
    match truth:
        case GradientTruth(values=values) | TrajectoryTruth(values=values) | (ValueTruth() as values):
            found = values.likely(path, [], 1)
        case UpdateTruth():
            found = truth.likely(path, [], 1)
        case StepsTruth(points=points):
            found = truth.likely(path, [{}] * len(points), 1)
        case SweepTruth(beside=beside):
            failing = [(note, given) for note, given, _ in beside.uncured if _fails(truth, given)]
            return {Slip(note, ()): given for note, given in failing}
        case _:
            return {}
    return {slip: np.stack(values) for slips, values in found for slip in slips}


def _fails(truth: SweepTruth, given: Array) -> bool:
    return bool((ulp_errors(given, truth) > truth.limit).any())


def _others(question: Question, trial: PreparedCheck, session: Session) -> dict[int, Reply]:
    """What other functions of the notebook reply, by the ask: a mistake planted in one changes no other."""
    return {id(each): session.ask(each) for each in trial.asks if each.name != question.name}


def _marked(
    question: Question,
    trial: PreparedCheck,
    session: Session,
    known: tuple[Sequence[str], Mapping[int, Reply]],
    mistake: Planted,
) -> Mark:
    """The mark of a mistake in a notebook whose cells, and other functions' replies, are `known`."""
    cells, others = known
    session.run([mistake.code])
    replies = trial.asks.each(lambda each: others[id(each)] if id(each) in others else session.ask(each))
    return judge(question, [trial], [replies], Source((*cells, mistake.code)))


def _is_named(mistake: Planted, mark: Mark, elsewhere: Outcomes) -> bool:
    """Whether a mistake is told as itself, or as one that comes to the same elsewhere; of many none is to be."""
    right = elsewhere[mistake.slip]
    same = {_alike(s) for s, v in elsewhere.items() if np.allclose(v, right, rtol=SAME, atol=0, equal_nan=True)}
    told = {_alike(slip) for found in mark.verdict.findings for slips in found.facts.mistakes or () for slip in slips}
    return not same.isdisjoint(told) or (not told and len(same) > NAMED)


def _alike(slip: Slip) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A mistake without the edges on which it is made: of two that differ by these alone one is told."""
    return slip.note, slip.facts
