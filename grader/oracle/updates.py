"""Single updates of parameters in place: what is asked of a step of gradient descent, and what is right.

Knows the parameters after each of two steps, and after the steps of likely mistakes. Refuses to know models and losses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from grader.judge.model import Conditions, Planted, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import Named, Outcomes, Point, UpdateTruth
from grader.oracle.balls import ball
from grader.oracle.claims import Claim
from grader.oracle.domain import Domain
from grader.oracle.formulas import slip
from grader.oracle.graph import Graph, array
from grader.oracle.precision import TOLERANCE
from grader.oracle.problem import POINTS
from grader.oracle.training_mistakes import DETOURS, UPDATE, moves, update_with
from grader.protocol.messages import Ask, CallMode, Tensor


@dataclass(frozen=True, eq=False)
class UpdateCheck:
    """`gradient_step`: two steps in a row, each after a backward pass of its own."""

    shapes: tuple[tuple[int, ...], ...]
    rate: float
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """Parameters with gradients left on them; the truth is p - rate * g, twice."""
        ask, truth = self.posed(name, conditions, POINTS)
        return PreparedCheck(Asks(ask), truth, self.weight)

    def posed(self, name: str, conditions: Conditions, count: int) -> tuple[Ask, UpdateTruth]:
        """What to ask at so many points, and what is right there."""
        rounds = 2
        start = tuple(array(f"p{i}", *shape) for i, shape in enumerate(self.shapes))
        slopes = tuple(array(f"g{i}", rounds, *shape) for i, shape in enumerate(self.shapes))
        draws = Domain(default=(-4.0, 4.0)).draw(Graph((*start, *slopes), {}), count, f"{conditions.seed}/{name}")
        points = []
        for draw in draws:
            known = {}
            for i, _ in enumerate(self.shapes):
                known[f"0.{i}"] = np.stack(moves(draw[f"p{i}"], draw[f"g{i}"], self.rate))
            inputs = {f"start {n[1:]}" if n[0] == "p" else f"gradients {n[1:]}": v for n, v in draw.items()}
            points.append(Point({**inputs, "learning rate": np.array(self.rate)}, known))
        ask = Ask(
            name,
            (
                tuple(Tensor(np.stack([d[f"p{i}"] for d in draws])) for i in range(len(start))),
                self.rate,
            ),
            count,
            CallMode.UPDATE,
            rounds=rounds,
            pulls={f"0.{i}": np.stack([d[f"g{i}"] for d in draws]) for i in range(len(start))},
        )
        likely = UpdateMistakes(tuple(draws), self.rate)
        return ask, UpdateTruth(tuple(points), TOLERANCE["float64", conditions.device], likely)

    def plant(self, name: str) -> Iterable[Planted]:
        """An update for every likely mistake."""
        return tuple(Planted(m, "0.0", update_with(name, m)) for m in (slip(d.note, UPDATE) for d in DETOURS))

    def claims(self, asks: Asks, truth: UpdateTruth) -> Iterable[Claim]:
        """Every parameter after each step."""
        rate = ball(self.rate)
        for point in truth.points:
            start = {path: ball(point.inputs[f"start {path.removeprefix('0.')}"]) for path in point.expected}
            falls = {path: ball(point.inputs[f"gradients {path.removeprefix('0.')}"]) for path in point.expected}
            ends = {
                p: np.stack([start[p] - rate * falls[p][0], start[p] - rate * (falls[p][0] + falls[p][1])])
                for p in start
            }
            yield Claim(point.expected, partial(dict, ends))


@dataclass(frozen=True, eq=False)
class UpdateMistakes:
    """What wrong steps make of parameters: `draws` are those at the start (p0, …) with their gradients (g0, …)."""

    draws: tuple[Named, ...]
    rate: float

    def __call__(self, path: str, _: Sequence[Named], count: int) -> Outcomes:
        """The parameter at a path of the arguments, "0.1", after each step, for every wrong rule; none for two."""
        i = path.removeprefix("0.")
        return [
            (
                frozenset([slip(mistake.note, UPDATE)]),
                tuple(np.stack(moves(d[f"p{i}"], d[f"g{i}"], self.rate, mistake.rule)) for d in self.draws),
            )
            for mistake in DETOURS
            if count == 1
        ]
