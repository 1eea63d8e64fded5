"""Judging one output: it agrees with what is right, or with what follows from own values, or else has an explanation.

Knows the order in which these are tried. Refuses to know how own values are told from others, and which mistakes are
likely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from grader.judge.compare import Compared, shown, verdict_on
from grader.judge.diagnosis import Fitting, diagnosed, explaining
from grader.judge.findings import Facts, Finding, Remark
from grader.judge.given import AskedOutput
from grader.judge.model import Comparison
from grader.judge.truth import Outcomes, Tolerance


class Followed(NamedTuple):
    """Rows held against what follows from own values where that is nearer.

    `carried` are the own steps from which some of them follow rightly, None where none does; `basis` are those from
    which one does not. They are `idle` where nothing else could have followed at any point.
    """

    rows: Sequence[Compared]
    carried: tuple[str, ...] | None = None
    basis: tuple[str, ...] = ()
    idle: bool = False


Follow: TypeAlias = "Callable[[Sequence[Compared]], Followed]"
Likely: TypeAlias = "Callable[[int], Outcomes]"
"""What so many likely mistakes at once lead to."""


@dataclass(frozen=True)
class JudgedOutput:
    """What was found of an output: the rows to show, what is wrong, and what is remarked on.

    `follows_from` are own steps from which it follows rightly though it is not what is right. Where these look at no
    argument, all that follows is the same everywhere: that says nothing, and does not `count`. `fitting` are the
    mistakes of which each explains it.
    """

    output: AskedOutput
    rows: tuple[Compared, ...]
    problem: Finding | None
    remarks: tuple[Remark, ...] = ()
    follows_from: tuple[str, ...] | None = None
    counts: bool = True
    fitting: Fitting = ()

    @property
    def table(self) -> tuple[Comparison, ...]:
        """Its rows of a feedback table."""
        return shown(self.rows, self.output.what, self.output.tolerance)

    @property
    def carried(self) -> tuple[Remark, ...]:
        """The remark that it follows rightly from what is wrong, where it does."""
        if self.follows_from is None:
            return ()
        code = "carried_forward" if self.counts else "not_counted"
        return (Remark(code, self.output.what, Facts(follows_from=self.follows_from)),)


def judged(
    output: AskedOutput, rows: Sequence[Compared], follow: Follow | None = None, likely: Likely | None = None
) -> JudgedOutput:
    """An output over all points: right by the truth, right by what follows from own values, or wrong and explained."""
    what, tolerance = output.what, output.tolerance
    problem, remarks = verdict_on(rows, what, tolerance, output.code)
    carried: tuple[str, ...] | None = None
    idle = False
    if problem and follow:
        rows, carried, basis, idle = follow(rows)
        problem, remarks = verdict_on(rows, what, tolerance, output.code)
        if problem and problem.code == output.code:
            problem = replace(problem, facts=replace(problem.facts, follows_from=basis))
    fitting = None
    if problem and problem.code in (output.code, "not_finite") and likely:
        fitting = explaining(likely, rows, tolerance.slip)
        problem = diagnosed(problem, fitting, rows)
    if problem:
        carried, idle = None, False
    return JudgedOutput(output, tuple(rows), problem, remarks, carried, not idle, tuple(fitting or ()))


def numerical(
    names: Sequence[str], double: Sequence[Compared], single: Sequence[Compared], tolerance: Tolerance
) -> Finding | None:
    """The finding that what is nearly right in float64 is far off in float32, as difference quotients are.

    A float32 constant in a formula leaves both within float32's rounding. Where something did not come back in
    float32, nothing is found.
    """
    error, coarse = (max((row.error for row in rows), default=0.0) for rows in (double, single))
    if error <= tolerance.agree or coarse <= 2 * tolerance.slip or not all(row.came for row in single):
        return None
    return Finding("numerical_derivative", Facts(names=tuple(names), error=error, coarse=coarse))
