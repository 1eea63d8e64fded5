"""Errors carried forward: what is right in terms of a student's own values of the steps before.

Knows how a graph is evaluated from own values. Refuses to know when an own value may stand in for the right one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.judge.truth import KnownSteps, Named
from grader.oracle.balls import BALLS, ball, settled
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph
from grader.oracle.problem import Problem, known, paths
from grader.protocol.messages import Array, Ask, CallMode

BESIDE = 2.0**-13
"""So far from a point lies its twin: no table of earlier points, however long, has another entry there, and a value
that varies at all is another one in float32."""


def twins(problem: Problem, draws: Sequence[Named], seed: str) -> list[dict[str, Array]]:
    """A point beside every point: the one to see whether values go with the arguments."""
    ways = _ways(problem, len(draws), seed)
    return [{n: value + BESIDE * way[n] for n, value in draw.items()} for draw, way in zip(draws, ways, strict=True)]


def earlier(ask: Ask, arguments: Any, returns: Any, output: str, known: Sequence[Named]) -> tuple[Ask, KnownSteps]:
    """A call of another function from whose wrong values an answer may follow, and what is right for it.

    Its `arguments` and what it `returns` are templates of names, of which `known` has the values at every point. Where
    it returns the `output`, autograd's gradients of that are asked for too.
    """
    keys, points = dict(paths(returns)), tuple(known)
    slopes = {path: f"d{output}_d{name}" for path, name in paths(arguments) if isinstance(name, str)}
    slopes = {path: step for path, step in slopes.items() if step in points[0]}
    ends = [path for path, step in keys.items() if step == output]
    if not ends or not slopes:
        return ask, KnownSteps(keys, points)
    pulls = {path: np.ones(ask.points) for path in ends}
    return replace(ask, manner=CallMode.GRADIENT, pulls=pulls), KnownSteps(keys, points, slopes=slopes)


@dataclass(frozen=True, eq=False)
class CarriedResults:
    """What results become where some steps have a student's own values.

    `ways` are the graph in each way of writing it, `draws` its inputs at every point, `names` its steps by the
    result's path.
    """

    ways: tuple[Graph, ...]
    draws: tuple[Named, ...]
    names: Mapping[str, str]

    def __call__(self, wanted: Sequence[str], own: Sequence[Named]) -> list[list[Named]]:
        """The results at every point, once for each way of writing; nan at a pole."""
        starts = [{**draw, **given} for draw, given in zip(self.draws, own, strict=True)]
        return [[self._at(graph, wanted, start) for start in starts] for graph in self.ways]

    def _at(self, graph: Graph, wanted: Sequence[str], start: Named) -> Named:
        found = known(graph, start, [self.names[path] for path in wanted])
        return {path: found[self.names[path]] for path in wanted}


@dataclass(frozen=True, eq=False)
class CarriedSteps:
    """What a step becomes from a student's own values of its parents.

    `ways` are the graph in each way of writing it, `known` what is right at every point: it stands in for parents of
    which there is no own value.
    """

    ways: tuple[Graph, ...]
    known: tuple[Named, ...]

    def __call__(self, wanted: Sequence[str], own: Sequence[Named]) -> list[list[Named]]:
        """The steps at every point, once for each way of writing; nan where one has no real value there."""
        points = [{**right, **given} for right, given in zip(self.known, own, strict=True)]
        return [[_steps(graph, wanted, point) for point in points] for graph in self.ways]


def _steps(graph: Graph, wanted: Sequence[str], point: Named) -> Named:
    """Some steps, each from given values of its parents."""
    given = {name: ball(value) for name, value in point.items()}
    return settled(lambda: {step: graph.step(step, given, BALLS) for step in wanted})


def _ways(problem: Problem, count: int, seed: str) -> list[dict[str, Array]]:
    """Drawn directions in which to leave so many points."""
    return Domain(default=(-1.0, 1.0)).draw(Graph(problem.graph.inputs, {}), count, seed)
