"""Checks of what a sheet demands beside the values: each costs a share of what the rest has earned when it is broken.

Knows which parts of a result are to be of which form, and how another check becomes a demand. Refuses to know how a
broken one is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.judge.model import SHARE, Conditions, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import FormTruth
from grader.oracle.claims import Claim, Provable
from grader.oracle.problem import Problem
from grader.protocol.messages import Ask, CallMode


@dataclass(frozen=True, eq=False)
class Beside:
    """Another check as a demand: where the rest is right and this is not, it costs a share."""

    check: Provable

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """The same, without points of its own."""
        return replace(self.check.prepare(name, conditions), weight=0.0, costs=SHARE)

    def claims(self, asks: Asks, truth: Any) -> Iterable[Claim]:
        """The same."""
        return self.check.claims(asks, truth)


@dataclass(frozen=True, eq=False)
class FormCheck:
    """What the parts of a result are: by path, tensors that autograd can follow, tensors that have no history, …

    `names` are those of all of the result's paths; what else is in `FormTruth` is said of some of them.
    """

    problem: Problem
    names: Mapping[str, str]
    followed: tuple[str, ...] = ()
    detached: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A call at each point; on leaves that require gradients where autograd is to follow."""
        draws = self.problem.draw(name, conditions)
        ask = Ask(name, self.problem.filled(draws), len(draws))
        if self.followed:
            ask = replace(ask, manner=CallMode.GRADIENT, pulls={self.followed[-1]: np.ones(len(draws))})
        truth = FormTruth(self.names, self.followed, self.detached, self.plain, self.whole)
        return PreparedCheck(Asks(ask), truth, weight=0.0, costs=SHARE)
