"""Training put together from parts that may be wrong: the exact trajectory through what they were seen to do.

Knows how a model that is affine in its parameters, a multiple of the right loss and a likely wrong step are told from
what they give. Refuses to know any other wrong part, and how it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from sympy import ImmutableDenseNDimArray, Symbol

from grader.judge.model import Conditions
from grader.judge.truth import KnownSteps, Named, Point, UpdateTruth, ValueTruth
from grader.oracle.balls import ball
from grader.oracle.formulas import slip
from grader.oracle.graph import Graph, Variable, array, entries, name_of, shape_of
from grader.oracle.precision import TOLERANCE
from grader.oracle.problem import Problem, evaluate, fill
from grader.oracle.training_mistakes import DETOURS, UPDATE, Rule, Run, descend, downhill
from grader.oracle.updates import UpdateCheck
from grader.protocol.messages import Array, Ask

SAME = 1e-9
"""Relative difference up to which numbers are those of a rule."""


@dataclass(frozen=True, eq=False)
class Assembly:
    """A graph whose first step is a model and whose next is its `loss`; the arguments are x, y and the parameters."""

    problem: Problem
    loss: Variable
    rate: float

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that there are."""
        return tuple(n for n in self.problem.arguments[2:] if n is not None)

    @cached_property
    def model(self) -> Variable:
        """The step that predicts."""
        return next(iter(self.problem.graph.steps))

    @cached_property
    def general(self) -> Graph:
        """The graph with any affine model in place of its own, and any multiple of its loss."""
        known = self.problem.graph
        trained = [known.variables[name] for name in self.parameters]
        leaves = [leaf for variable in trained for leaf in entries(variable)]
        count = len(entries(self.model))
        base, along, scale = array("base", count), array("along", count, len(leaves)), Symbol("scale", real=True)
        affine = [base[i] + sum(along[i, j] * leaf for j, leaf in enumerate(leaves)) for i in range(count)]
        return Graph(
            (base, along, scale, known.variables[self.problem.arguments[1]], *trained),
            {
                self.model: ImmutableDenseNDimArray(affine, shape_of(self.model)),
                self.loss: scale * known.steps[self.loss],
            },
        )

    def predicting(self, name: str, draws: Sequence[Named], conditions: Conditions) -> tuple[Ask, ValueTruth]:
        """The model from each start, and with parameters that are 0 but for one entry: that tells an affine one."""
        x, _, *trained = self.problem.arguments
        starts = [start for draw in draws for start in self._starts(draw)]
        ask = Ask(name, tuple(fill(part, starts) for part in (x, *trained)), len(starts))
        return ask, self._known(name, name_of(self.model), starts, conditions)

    def measuring(self, name: str, draws: Sequence[Named], conditions: Conditions) -> tuple[Ask, ValueTruth]:
        """The loss, of predictions that are another start's targets."""
        model, y = name_of(self.model), self.problem.arguments[1]
        guesses = [{**draw, model: draws[i - 1][y]} for i, draw in enumerate(draws)]
        return Ask(name, (fill(model, guesses), fill(y, guesses)), len(guesses)), self._known(
            name, name_of(self.loss), guesses, conditions
        )

    def stepping(self, name: str, draws: Sequence[Named], conditions: Conditions) -> tuple[Ask, UpdateTruth]:
        """Two steps of these parameters."""
        shapes = tuple(draws[0][p].shape for p in self.parameters)
        return UpdateCheck(shapes, self.rate).posed(name, conditions, 2)

    def steps_of(self, model: ValueTruth, error: ValueTruth, updates: UpdateTruth) -> Iterator[KnownSteps]:
        """What is right for each of the three: parameters after updates go by their paths."""
        for truth, step in ((model, self.model), (error, self.loss)):
            name = name_of(step)
            yield KnownSteps({"": name}, tuple({name: point.expected[""]} for point in truth.points))
        after = tuple(point.expected for point in updates.points)
        yield KnownSteps({path: path for path in after[0]}, after, updates=True)

    def _starts(self, draw: Named) -> list[dict[str, Array]]:
        shapes = [draw[p].shape for p in self.parameters]
        sizes = [int(np.prod(shape)) for shape in shapes]
        found = [dict(draw)]
        for flat in (np.zeros(sum(sizes)), *np.eye(sum(sizes))):
            parts = np.split(flat, np.cumsum(sizes)[:-1])
            fresh = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
            found.append({**draw, **dict(zip(self.parameters, fresh, strict=True))})
        return found

    def _known(self, name: str, step: str, points: list[dict[str, Array]], conditions: Conditions) -> ValueTruth:
        known = evaluate(self.problem.graph, points)
        found = tuple(Point(point, {"": values[step]}) for point, values in zip(points, known, strict=True))
        return ValueTruth(found, {"": name}, {}, TOLERANCE["float64", conditions.device])

    def trained(
        self,
        draws: Sequence[Named],
        epochs: int,
        known: tuple[ValueTruth, ValueTruth, UpdateTruth],
        own: Sequence[Named],
    ) -> list[Callable[[], Run]]:
        """A run from each start with `own` values of wrong parts; none where a part is not told."""
        given = {step: [at[step] for at in own if step in at] for step in {step for at in own for step in at}}
        models = self._models(draws, given.get(name_of(self.model)) or _right(known[0]))
        scale = _multiple(given.get(name_of(self.loss)) or _right(known[1]), _right(known[1]))
        moved = {path: given[path] for path in known[2].points[0].expected if path in given}
        rule = _rule(moved, known[2]) if moved else downhill
        if not models or not scale or not rule:
            return []
        found: list[Callable[[], Run]] = []
        for draw, (base, along) in zip(draws, models, strict=True):
            numbers = {**draw, "base": base, "along": along, "scale": np.array(scale)}
            start = {name: ball(numbers[name]) for name in map(name_of, self.general.inputs)}
            fixed = self.general, self.loss, self.parameters
            found.append(partial(descend, *fixed, start, epochs, ball(self.rate), rule))
        return found

    def _models(self, draws: Sequence[Named], given: Sequence[Array]) -> list[tuple[Array, Array]]:
        """The affine model at each start, what it gives where all is 0, and what each entry adds; or nothing."""
        found = []
        each = len(given) // len(draws)
        first = draws[0][self.parameters[0]].size
        for i, draw in enumerate(draws):
            there, base, *units = (np.ravel(value) for value in given[i * each : (i + 1) * each])
            along = np.stack(units, axis=1) - base[:, None]
            expected = base + along @ np.concatenate([np.ravel(draw[p]) for p in self.parameters])
            if not along[:, :first].any() or not np.allclose(there, expected, rtol=0, atol=SAME * np.abs(there).max()):
                return []
            found.append((base, along))
        return found


def _right(values: ValueTruth) -> list[Array]:
    return [point.expected[""] for point in values.points]


def _multiple(given: Sequence[Array], right: Sequence[Array]) -> float:
    """By what the right numbers are to be multiplied to get the given ones; 0 where nothing fits."""
    ratios = np.array([float(g) / float(r) for g, r in zip(given, right, strict=True)])
    return float(ratios[0]) if np.allclose(ratios, ratios[0], rtol=SAME, atol=0) else 0.0


def _rule(given: Mapping[str, Sequence[Array]], updates: UpdateTruth) -> Rule | None:
    """The likely wrong step that these are; None where it is another."""
    outcomes = {path: dict(updates.likely(path, [], 1)) for path in given}
    for detour in DETOURS:
        slips = frozenset([slip(detour.note, UPDATE)])
        if all(np.allclose(given[path], outcomes[path][slips], rtol=SAME, atol=SAME) for path in given):
            return detour.rule
    return None
