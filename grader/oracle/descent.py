"""Gradient descent without rounding: trajectories, and the least-squares optimum.

Knows that batch gradient descent from a given start is a recurrence with one exact answer. Refuses to
know torch, optimisers and how a student writes a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
from sympy import Matrix, Rational

from grader.judge.model import Conditions, Planted, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import FitTruth, Named, Outcomes, Point, Prior, Slip, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.oracle.assembled_training import Assembly
from grader.oracle.balls import as_written, ball, narrowed, nearest, roughly
from grader.oracle.graph import Graph, Variable
from grader.oracle.precision import TOLERANCE
from grader.oracle.problem import Problem
from grader.oracle.training_mistakes import Run, descend, detours, loop_with
from grader.protocol.messages import Array, Ask, Read

LOSSES: Final = "2"
"""Where the losses stand in the result of a training."""


def trajectory(
    graph: Graph,
    loss: Variable,
    parameters: tuple[str, ...],
    start: Mapping[str, Any],
    epochs: int,
    rate: float,
) -> tuple[dict[str, Array], Array]:
    """`descend` from numbers as they are written (0.1 is a tenth), rounded to float64: parameters, and losses."""

    def run() -> Run:
        return descend(graph, loss, parameters, {n: as_written(v) for n, v in start.items()}, epochs, as_written(rate))

    *found, losses = _rounded(run, parameters).values()
    return dict(zip(parameters, found, strict=True)), losses


def _by_path(run: Run, parameters: Sequence[str]) -> dict[str, Any]:
    """The parameters at the end of a run by their place, then its losses."""
    end, losses = run
    return {**{str(i): end[p] for i, p in enumerate(parameters)}, LOSSES: np.array(losses, dtype=object)}


def _rounded(run: Callable[[], Run], parameters: Sequence[str]) -> dict[str, Array]:
    """The same, each the nearest float64."""
    return {path: nearest(values) for path, values in narrowed(lambda: _by_path(run(), parameters)).items()}


@dataclass(frozen=True, eq=False)
class TrajectoryCheck:
    """`train`: the parameters and losses after some epochs from a drawn start.

    The arguments of the problem are x, y, w and b (a name, or None for a model without bias). `parts` are the functions
    of the notebook that predict, measure the loss and step: where they are wrong, the run may follow from them.
    """

    problem: Problem
    loss: Variable
    epochs: int
    rate: float
    parts: tuple[str, str, str]
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A training run from each of a few starts."""
        draws = self.problem.draw(name, conditions, 3)
        arguments = (*self.problem.filled(draws), self.epochs, self.rate)
        fixed = {"epochs": np.array(self.epochs), "learning_rate": np.array(self.rate)}
        known = [self.numbers(partial(descend, *self.run_from(draw))) for draw in draws]
        prerequisites, prior = self._parts(draws, conditions)
        truth = TrajectoryTruth(
            ValueTruth(
                points=tuple(Point({**draw, **fixed}, k) for draw, k in zip(draws, known, strict=True)),
                labels={"0": "w", "1": "b", "2": "losses"},
                kinds={"2": "list"},
                tolerance=TOLERANCE["float64", conditions.device],
                likely=RunMistakes(self, tuple(draws), tuple(known)),
                prior=prior,
            )
        )
        return PreparedCheck(Asks(Ask(name, arguments, len(draws)), prerequisites), truth, self.weight)

    def _parts(self, draws: Sequence[Named], conditions: Conditions) -> tuple[tuple[Ask, ...], Prior]:
        """What to ask of the parts, and how a run through wrong ones goes."""
        assembly, (predict, measure, step) = self.assembly, self.parts
        first, model = assembly.predicting(predict, draws, conditions)
        second, error = assembly.measuring(measure, draws, conditions)
        third, updates = assembly.stepping(step, draws, conditions)
        functions = dict(zip(self.parts, assembly.steps_of(model, error, updates), strict=True))
        recipe = CarriedRuns(self, tuple(draws), (model, error, updates))
        return (first, second, third), Prior(functions, recipe)

    @cached_property
    def assembly(self) -> Assembly:
        """The parts of a run, any of which may be another."""
        return Assembly(self.problem, self.loss, self.rate)

    def plant(self, name: str) -> Iterable[Planted]:
        """A training run for every likely mistake."""
        (draw,) = self.problem.domain.draw(self.problem.graph, 1, name)
        for mistake, _, _ in detours(*self.run_from(draw)):
            yield Planted(mistake, "0", loop_with(name, mistake))

    @property
    def _parameters(self) -> tuple[str, ...]:
        return tuple(n for n in self.problem.arguments[2:] if n is not None)

    def run_from(self, draw: Named) -> tuple[Graph, Variable, tuple[str, ...], dict[str, Any], int, Any]:
        """What `descend` takes: the run from a drawn start, exact."""
        start = {n: ball(v) for n, v in draw.items()}
        return self.problem.graph, self.loss, self._parameters, start, self.epochs, ball(self.rate)

    def numbers(self, run: Callable[[], Run]) -> dict[str, Array]:
        """Parameters and losses of a run by path of the result, each the nearest float64."""
        return _rounded(run, self._parameters)

    def nearly(self, end: dict[str, Any], losses: list[Any]) -> dict[str, Array]:
        """The same of a run that was made once, at one precision."""
        return {path: nearest(values) for path, values in _by_path((end, losses), self._parameters).items()}


@dataclass(frozen=True, eq=False)
class RunMistakes:
    """What wrong rules of training make of a run from each of some starts, beside what is right, by path."""

    check: TrajectoryCheck
    draws: tuple[Named, ...]
    known: tuple[Named, ...]

    def __call__(self, path: str, _: Sequence[Named], count: int) -> Outcomes:
        """Those that change what stands at a path; none for two at once."""
        if count > 1:
            return ()
        right = tuple(known[path] for known in self.known)
        told = [(slip, tuple(numbers[path] for numbers in runs)) for slip, runs in self._runs]
        return [(frozenset([slip]), outcome) for slip, outcome in told if _departs(outcome, right)]

    @cached_property
    def _runs(self) -> list[tuple[Slip, list[dict[str, Array]]]]:
        with roughly():
            ways = [list(detours(*self.check.run_from(draw))) for draw in self.draws]
        return [
            (way[0][0], [self.check.nearly(end, losses) for _, end, losses in way]) for way in zip(*ways, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class CarriedRuns:
    """A run from each of some starts through a student's own parts; `known` is what is right for each of them."""

    check: TrajectoryCheck
    draws: tuple[Named, ...]
    known: tuple[ValueTruth, ValueTruth, UpdateTruth]

    def __call__(self, wanted: Sequence[str], own: Sequence[Named]) -> list[list[Named]]:
        """Parameters and losses, in one way; nothing where no run follows from such parts."""
        runs = self.check.assembly.trained(self.draws, self.check.epochs, self.known, own)
        found = [self.check.numbers(run) for run in runs]
        return [[{path: run[path] for path in wanted if path in run} for run in found]] if found else []


def _departs(outcome: Sequence[Array], right: Sequence[Array]) -> bool:
    """Whether numbers of one shape differ anywhere."""
    pairs = list(zip(outcome, right, strict=True))
    return all(o.shape == r.shape for o, r in pairs) and not all(np.allclose(o, r, rtol=1e-9) for o, r in pairs)


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
