"""Gradient descent without rounding: the trajectories of a training.

Knows that batch gradient descent from a given start is a recurrence with one exact answer. Refuses to
know torch, optimisers and how a student writes a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np

from grader.judge.model import Conditions, Planted, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import Named, Outcomes, Point, Prior, Slip, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.oracle.assembled_training import Assembly
from grader.oracle.balls import BALLS, as_written, ball, nearest, roughly, settled
from grader.oracle.claims import Claim
from grader.oracle.duals import slopes
from grader.oracle.graph import Graph, Variable, name_of
from grader.oracle.precision import TOLERANCE
from grader.oracle.problem import Problem
from grader.oracle.training_mistakes import Run, descend, detours, loop_with
from grader.protocol.messages import Array, Ask

LOSSES: Final = "losses"
"""What the losses of a run are called, among its parameters."""


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

    found = _rounded(run, parameters)
    return found, found.pop(LOSSES)


def _made(run: Run, parameters: Sequence[str]) -> dict[str, Any]:
    """The parameters at the end of a run, by name, and its losses."""
    end, losses = run
    return {**{p: end[p] for p in parameters}, LOSSES: np.array(losses, dtype=object)}


def _rounded(run: Callable[[], Run], parameters: Sequence[str]) -> dict[str, Array]:
    """The same, each the nearest float64."""
    return settled(lambda: _made(run(), parameters))


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

    def claims(self, asks: Asks, truth: TrajectoryTruth) -> Iterable[Claim]:
        """Every parameter at the end and every loss, of runs whose gradients are taken forwards."""
        names = [name_of(variable) for variable in self.problem.graph.inputs]
        for point in truth.values.points:
            start = {name: ball(point.inputs[name]) for name in names}
            yield Claim(point.expected, partial(self._run_again, start), frozenset(point.expected) - {"2"})

    def _run_again(self, start: Mapping[str, Any]) -> dict[str, Any]:
        graph, loss, now, losses = self.problem.graph, name_of(self.loss), dict(start), []
        for _ in range(self.epochs):
            losses.append(graph.values(now, BALLS)[loss])
            now |= {p: now[p] - ball(self.rate) * slopes(graph, now, loss, p) for p in self._parameters}
        return self._by_path(_made((now, losses), self._parameters))

    @property
    def _parameters(self) -> tuple[str, ...]:
        return tuple(n for n in self.problem.arguments[2:] if n is not None)

    def run_from(self, draw: Named) -> tuple[Graph, Variable, tuple[str, ...], dict[str, Any], int, Any]:
        """What `descend` takes: the run from a drawn start, exact."""
        start = {n: ball(v) for n, v in draw.items()}
        return self.problem.graph, self.loss, self._parameters, start, self.epochs, ball(self.rate)

    def numbers(self, run: Callable[[], Run]) -> dict[str, Array]:
        """Parameters and losses of a run by path of the result, each the nearest float64."""
        return self._by_path(_rounded(run, self._parameters))

    def nearly(self, end: dict[str, Any], losses: list[Any]) -> dict[str, Array]:
        """The same of a run that was made once, at one precision."""
        made = _made((end, losses), self._parameters)
        return self._by_path({name: nearest(values) for name, values in made.items()})

    def _by_path(self, made: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters by their place in the result, then the losses."""
        return {**{str(i): made[p] for i, p in enumerate(self._parameters)}, "2": made[LOSSES]}


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
