"""Least squares without rounding: the best fit of a model that is linear in its parameters.

Knows the normal equations, in rationals and in balls. Refuses to know how a student fits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, arb_mat
from sympy import Matrix, Rational

from grader.judge.model import Conditions, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import FitTruth
from grader.oracle.balls import as_written
from grader.oracle.claims import Claim
from grader.protocol.messages import Array, Read


def least_squares(features: Array, targets: Array) -> tuple[Array, float]:
    """The exact least-squares coefficients, (d,), and the least mean squared error.

    Solves the normal equations in rationals: the decimal data are taken as written.
    """
    a = Matrix(features.shape[0], features.shape[1], [Rational(str(v)) for v in features.ravel()])
    t = Matrix([Rational(str(v)) for v in targets])
    best = (a.T * a).LUsolve(a.T * t)
    rest = a * best - t
    error = (rest.T * rest)[0] / len(targets)
    return np.array([float(v) for v in best]), float(error)


@dataclass(frozen=True, eq=False)
class FitCheck:
    """A fitted model, read from the notebook: its error may be at most `excess` above the optimum.

    `powers` are the powers of x that are its features; data are 1-d.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    powers: tuple[int, ...]
    with_bias: bool
    excess: float = 0.05
    weight: float = 1.0

    @cached_property
    def columns(self) -> Array:
        """The features, exact: (n, d)."""
        return np.array([[Rational(v) ** p for p in self.powers] for v in self.x], dtype=object)

    @cached_property
    def best(self) -> tuple[Array, float]:
        """The least-squares weights, with the bias behind them, and their mean squared error."""
        ones = [[Rational(1)]] * len(self.x)
        design = np.hstack([self.columns, ones]) if self.with_bias else self.columns
        return least_squares(design, np.array(self.y, dtype=object))

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A look at the variable."""
        truth = FitTruth(
            features=self.columns.astype(np.float64),
            targets=np.array(self.y, dtype=np.float64),
            optimum=self.best[1],
            excess=self.excess,
            with_bias=self.with_bias,
        )
        return PreparedCheck(Asks(Read(name)), truth, self.weight)

    def claims(self, asks: Asks, truth: FitTruth) -> Iterable[Claim]:
        """The least mean squared error, from the normal equations solved in balls."""
        yield Claim({"optimum": np.array(truth.optimum)}, self._solved_again)

    def _solved_again(self) -> dict[str, Any]:
        x, y = as_written(np.array(self.x, dtype=object)), as_written(np.array(self.y, dtype=object))
        rows = [[v**p for p in self.powers] + [arb(1)] * self.with_bias for v in x]
        design, targets = arb_mat(rows), arb_mat([[t] for t in y])
        rest = design * (design.transpose() * design).solve(design.transpose() * targets) - targets
        return {"optimum": sum(v**2 for v in rest.entries()) / len(y)}
