"""Results that share their argument's memory: what is asked of a view, and what is right.

Knows that a view follows its overwritten argument. Refuses to know how that is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.judge.model import Conditions, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import ViewTruth
from grader.oracle.checks import values_of
from grader.oracle.claims import Claim, claims_of
from grader.oracle.problem import POINTS, Problem, paths
from grader.protocol.messages import Ask, CallMode, NumpyArray, Tensor


@dataclass(frozen=True, eq=False)
class ViewCheck:
    """A result that shares its argument's memory: overwritten, the argument must show through.

    `kind` is what the argument is made as: a `Tensor` or a `NumpyArray`. Right values that are copied, or of another
    dtype, keep so much as `kept` says.
    """

    problem: Problem
    returns: Any
    kinds: Mapping[str, str]
    kind: type[Tensor | NumpyArray] = Tensor
    dtype: str = "float64"
    kept: float = 0.0
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A call, and a second look after the first argument was overwritten."""
        draws = self.problem.draw(name, conditions, 2 * POINTS)
        first, second = draws[:POINTS], draws[POINTS:]
        source = self.problem.arguments[0]
        ask = Ask(
            name,
            self.problem.filled(first, self.kind),
            POINTS,
            CallMode.REWRITE,
            self.dtype,
            replacements={"0": np.stack([draw[source] for draw in second])},
        )
        before, after = (
            values_of(self.problem, self.returns, name, d, conditions.device, self.kinds) for d in (first, second)
        )
        return PreparedCheck(Asks(ask), ViewTruth(before, after, self.dtype, self.kept), self.weight)

    def claims(self, asks: Asks, truth: ViewTruth) -> Iterable[Claim]:
        """Every result before and after."""
        points = (*truth.before.points, *truth.after.points)
        return claims_of(points, self.problem.graph, dict(paths(self.returns)))
