"""Gradient descent without rounding: trajectories, single updates, and the least-squares optimum.

Knows that batch gradient descent from a given start is a recurrence with one exact answer. Refuses to
know torch, optimisers and how a student writes a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from sympy import Matrix, Rational

from grader.judge.facts import Array, Ask, Manner, Read, Tensor
from grader.judge.model import Conditions, Trial
from grader.judge.truth import Fit, Point, Trajectory, Updates, Values
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, Variable, array, name_of
from grader.oracle.precision import DIGITS, TOLERANCE, exact, rounded
from grader.oracle.setting import POINTS, Setting


def descend(
    graph: Graph,
    loss: Variable,
    parameters: tuple[str, ...],
    start: dict[str, Any],
    epochs: int,
    rate: Any,
) -> tuple[dict[str, Any], list[Any]]:
    """Parameters after `epochs` steps of gradient descent, and the loss before each step.

    `start` holds every input of the graph; all numbers are mpmath's, at its working precision.
    """
    backward = graph.backward(loss)
    now, losses = dict(start), []
    for _ in range(epochs):
        values = backward.values(now)
        losses.append(values[name_of(loss)])
        now |= {p: now[p] - rate * values[f"d{name_of(loss)}_d{p}"] for p in parameters}
    return now, losses


@dataclass(frozen=True, eq=False)
class Descent:
    """`train`: the parameters and losses after some epochs from a drawn start.

    The arguments of the setting are x, y, w and b (a name, or None for a model without bias).
    """

    setting: Setting
    loss: Variable
    epochs: int
    rate: float
    weight: float = 1.0

    def pose(self, name: str, conditions: Conditions) -> Trial:
        """A training run from each of a few starts."""
        draws = self.setting.draw(name, conditions, 3)
        arguments = (*self.setting.filled(draws), self.epochs, self.rate)
        parameters = tuple(n for n in self.setting.arguments[2:] if n is not None)
        points = []
        with mpmath.workdps(DIGITS):
            for draw in draws:
                start = {n: exact(v) for n, v in draw.items()}
                end, losses = descend(self.setting.graph, self.loss, parameters, start, self.epochs, exact(self.rate))
                known = {str(i): rounded(end[p]) for i, p in enumerate(parameters)}
                fixed = {"epochs": np.array(self.epochs), "learning_rate": np.array(self.rate)}
                points.append(Point({**draw, **fixed}, {**known, "2": rounded(losses)}))
        truth = Trajectory(
            Values(
                points=tuple(points),
                labels={"0": "w", "1": "b", "2": "losses"},
                kinds={"2": "list"},
                tolerance=TOLERANCE["float64", conditions.device],
            )
        )
        return Trial((Ask(name, arguments, len(draws)),), truth, self.weight)


@dataclass(frozen=True, eq=False)
class InPlaceUpdate:
    """`gradient_step`: two steps in a row, each after a backward pass of its own."""

    shapes: tuple[tuple[int, ...], ...]
    rate: float
    weight: float = 1.0

    def pose(self, name: str, conditions: Conditions) -> Trial:
        """Parameters with gradients left on them; the truth is p - rate * g, twice."""
        rounds = 2
        start = tuple(array(f"p{i}", *shape) for i, shape in enumerate(self.shapes))
        slopes = tuple(array(f"g{i}", rounds, *shape) for i, shape in enumerate(self.shapes))
        draws = Domain(default=(-4.0, 4.0)).draw(Graph((*start, *slopes), {}), POINTS, f"{conditions.seed}/{name}")
        rate = Rational(self.rate)
        points = []
        for draw in draws:
            known = {}
            for i, _ in enumerate(self.shapes):
                moved = [draw[f"p{i}"] - float(rate) * draw[f"g{i}"][: r + 1].sum(axis=0) for r in range(rounds)]
                known[f"0.{i}"] = np.stack(moved)
            inputs = {f"start {n[1:]}" if n[0] == "p" else f"gradients {n[1:]}": v for n, v in draw.items()}
            points.append(Point({**inputs, "learning rate": np.array(self.rate)}, known))
        ask = Ask(
            name,
            (
                tuple(Tensor(np.stack([d[f"p{i}"] for d in draws])) for i in range(len(start))),
                self.rate,
            ),
            POINTS,
            Manner.UPDATE,
            rounds=rounds,
            pulls={f"0.{i}": np.stack([d[f"g{i}"] for d in draws]) for i in range(len(start))},
        )
        truth = Updates(tuple(points), TOLERANCE["float64", conditions.device])
        return Trial((ask,), truth, self.weight)


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
class LeastSquares:
    """A fitted model, read from the notebook: its error may be at most `excess` above the optimum.

    `powers` are the powers of x that are its features; data are 1-d.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    powers: tuple[int, ...]
    with_bias: bool
    excess: float = 0.05
    weight: float = 1.0

    def pose(self, name: str, conditions: Conditions) -> Trial:
        """A look at the variable."""
        columns = [[Rational(v) ** p for p in self.powers] for v in self.x]
        design = np.array([[*row, 1] if self.with_bias else row for row in columns], dtype=object)
        _, optimum = least_squares(design, np.array(self.y, dtype=object))
        truth = Fit(
            features=np.array(columns, dtype=np.float64),
            targets=np.array(self.y, dtype=np.float64),
            optimum=optimum,
            excess=self.excess,
            with_bias=self.with_bias,
        )
        return Trial((Read(name),), truth, self.weight)
