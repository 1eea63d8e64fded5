"""What an answer has to keep to beside being right: each demand that is broken costs a share of what was earned.

Knows what a call may leave behind, and that a slip costs once. Refuses to know what is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from grader.judge.findings import Facts, Finding
from grader.judge.model import SHARE, Status, Verdict
from grader.judge.requirements import Requirement, united
from grader.protocol.messages import Reply, Value

FORMS: Final = frozenset(
    """
    wrote_to_arguments marked_arguments cut_off still_attached not_plain not_whole extra_bias reordered
    """.split()
)
"""The codes of demands that are broken at the points where the rest is asked too; others are at points of their own."""

FINDINGS: Final = 3
"""Findings of a verdict; pictures and tables show the rest."""


def lessened(verdict: Verdict, broken: Sequence[Finding]) -> Verdict:
    """A verdict less the share of every demand that is broken.

    What is found in the rest as well has cost its points there: one slip costs once.
    """
    told = {finding.code for finding in verdict.findings}
    more = [finding for finding in broken if finding.code not in told]
    if not more or not verdict.score:
        return verdict
    score = verdict.score * max(0.0, 1 - SHARE * len(more))
    findings = (*verdict.findings, *more)[:FINDINGS]
    status = Status.PARTIAL if score else Status.FAIL
    required = verdict.requirements or (Requirement("", verdict.score == 1, "values"),)
    demands = (Requirement("", False, finding.code if finding.code in FORMS else "elsewhere") for finding in more)
    return replace(verdict, status=status, score=score, findings=findings, requirements=united((*required, *demands)))


def left_behind(name: str, replies: Sequence[Reply]) -> Iterator[Finding]:
    """What the calls of a function did to arguments that they were to leave as they were."""
    seen = [value for reply in replies for value in reply if isinstance(value, Value)]
    if any(value.changed for value in seen):
        yield Finding("wrote_to_arguments", Facts(name=name))
    if any(value.marked for value in seen):
        yield Finding("marked_arguments", Facts(name=name))
