"""Judging how an answer was found, by what its calls were seen to do.

Knows deeds, and which of them a rule is about. Refuses to read code: what can only be suspected costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from grader.judge.clipping import NAME, clipped
from grader.judge.findings import Facts, Finding
from grader.judge.model import Evidence, PreparedCheck, Status, Verdict
from grader.judge.truth import RuleTruth
from grader.judge.values import RIGHT, failed
from grader.protocol.conduct import Conduct, Deed, Means
from grader.protocol.messages import Ask, Raised, Value

TELLING: Final = tuple(Means)
"""Of several deeds that a rule forbids, the first of these kinds is told: it says best what was written."""


def with_records(checks: Sequence[PreparedCheck]) -> tuple[PreparedCheck, ...]:
    """The checks of a question; where one of them is a rule, what the answer's calls do is to be recorded.

    One call tells all but a difference, which it may seem to take by chance: there, two of two have to.
    """
    rules = [check.truth for check in checks if isinstance(check.truth, RuleTruth)]
    if not rules:
        return tuple(checks)
    count = 2 if any(Means.SHIFTED in rule.forbidden for rule in rules) else 1
    return tuple(_recorded(check, count) for check in checks)


def unrecorded(check: PreparedCheck) -> PreparedCheck:
    """A check that is judged without rules, for code that is known to break none."""
    return _recorded(check, 0)


def _recorded(check: PreparedCheck, count: int) -> PreparedCheck:
    answer = check.asks.answer
    if not isinstance(answer, Ask):
        return check
    return replace(check, asks=replace(check.asks, answer=replace(answer, recorded=count)))


def judge_rules(truth: RuleTruth, evidence: Evidence) -> Verdict:
    """Whether the calls did what is forbidden, or never what is asked for; not judged where that cannot be known."""
    name = evidence.name
    deeds = [deed for conduct in _conducts(evidence) for deed in conduct.deeds if _is_its(deed, truth, name)]
    broken = sorted((d for d in deeds if _is_forbidden(d, truth)), key=lambda d: TELLING.index(d.means))
    if broken:
        return failed(Finding("forbidden_method", _facts(name, broken[0], truth)))
    if Means.SHIFTED in truth.forbidden and (differenced := _differenced(truth, evidence)):
        return failed(Finding("finite_differences", _facts(name, differenced, truth)))
    if hindered := _hindered(evidence):
        return Verdict(Status.UNGRADED, 0.0, (Finding("not_recorded", Facts(name=name, reason=hindered)),))
    answered = any(isinstance(seen, Value) for reply in evidence.own for seen in reply)
    if truth.required and answered and not any(deed.means in truth.required for deed in deeds):
        return failed(Finding("required_method", Facts(name=name, reason=truth.why)))
    return RIGHT


def _conducts(evidence: Evidence) -> Iterator[Conduct]:
    for reply in evidence.own:
        for seen in reply:
            if isinstance(seen, Value | Raised) and seen.conduct:
                yield seen.conduct


def _facts(name: str, deed: Deed, truth: RuleTruth) -> Facts:
    return Facts(
        name=name,
        what=deed.means.value,
        names=(clipped(deed.name, NAME),),
        line=clipped(deed.line, 2 * NAME),
        reason=truth.why,
    )


def _is_its(deed: Deed, truth: RuleTruth, name: str) -> bool:
    """Whether it is the affair of the function called `name`, and not that of another question on the way to it."""
    return (truth.apart - {name}).isdisjoint(deed.through)


def _is_forbidden(deed: Deed, truth: RuleTruth) -> bool:
    if deed.means in (Means.CALL, Means.OPERATION):
        return deed.name.rpartition(".")[2].strip("_") in truth.ready_made or deed.name.startswith(truth.packages)
    return deed.means in truth.forbidden and deed.means is not Means.SHIFTED


def _differenced(truth: RuleTruth, evidence: Evidence) -> Deed | None:
    """The function that was entered at shifted arguments in every call that was recorded: one may do so by chance."""
    for reply in evidence.own:
        seen = [each.conduct for each in reply if isinstance(each, Value) and each.conduct]
        found = [
            {d.name: d for d in conduct.deeds if d.means is Means.SHIFTED and _is_its(d, truth, evidence.name)}
            for conduct in seen
        ]
        everywhere = [deed for name, deed in (found[0] if found else {}).items() if all(name in one for one in found)]
        if everywhere:
            return everywhere[0]
    return None


def _hindered(evidence: Evidence) -> str:
    """What kept the calls that gave values from being recorded; "" where nothing did."""
    for reply in evidence.own:
        values = [seen for seen in reply if isinstance(seen, Value)]
        recorded = [seen.conduct for seen in reply if isinstance(seen, Value | Raised) and seen.conduct]
        if values and not recorded:
            return "no record came with the answer"
        if values and (told := next((conduct.disturbed for conduct in recorded if conduct.disturbed), "")):
            return told
    return ""
