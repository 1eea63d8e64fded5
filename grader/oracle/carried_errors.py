"""Errors carried forward: what is right in terms of a student's own values of the steps before.

Knows how a graph is evaluated from own values. Refuses to know when an own value may stand in for the right one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mpmath
import numpy as np

from grader.judge.truth import Before, Named, Through
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, Values
from grader.oracle.precision import DIGITS, exact, rounded
from grader.oracle.problem import Problem, evaluate
from grader.protocol.messages import Array, Ask

NEAR = 2.0**-16
"""So far the slope of a function whose formula nobody knows is looked for: its difference is off by some 1e-10."""

BESIDE = 2.0**-13
"""So far from a point lies its twin: no table of earlier points, however long, has another entry there, and a value
that varies at all is another one in float32."""


def twins(problem: Problem, draws: Sequence[Named], seed: str) -> list[dict[str, Array]]:
    """A point beside every point: the one to see whether values go with the arguments."""
    ways = Domain(default=(-1.0, 1.0)).draw(Graph(problem.graph.inputs, {}), len(draws), seed)
    return [{n: value + BESIDE * way[n] for n, value in draw.items()} for draw, way in zip(draws, ways, strict=True)]


def before(problem: Problem, draws: Sequence[Named], keys: Mapping[str, str], names: Mapping[str, str]) -> Before:
    """What another function gives under `keys`, and what results become in terms of it; `names` are theirs by path."""
    known = evaluate(problem.graph, [dict(draw) for draw in draws])

    def carried(path: str, own: Sequence[Named]) -> list[tuple[Array, ...]]:
        with mpmath.workdps(DIGITS):
            starts = [{**draw, **given} for draw, given in zip(draws, own, strict=True)]
            points = [{name: exact(value) for name, value in start.items()} for start in starts]
            return [tuple(rounded(_real(graph, names[path], point)) for point in points) for graph in problem.ways]

    return Before(keys, tuple({step: values[step] for step in keys.values()} for values in known), carried)


def through(
    problem: Problem, draws: Sequence[Named], function: str, wrt: Mapping[str, str], seed: str
) -> tuple[Ask, Through]:
    """What to ask of another function from which a result may be taken; `wrt` are the inputs to move, by path."""
    ways = Domain(default=(-1.0, 1.0)).draw(Graph(problem.graph.inputs, {}), len(draws), seed)
    moved = [
        {**draw, **{name: draw[name] + far * way[name] for name in wrt.values()}}
        for far in (0.0, NEAR, -NEAR)
        for draw, way in zip(draws, ways, strict=True)
    ]
    ask = Ask(function, problem.filled(moved), len(moved))
    return ask, Through(function, tuple({path: way[name] for path, name in wrt.items()} for way in ways), NEAR)


def _real(graph: Graph, name: str, point: Values) -> Any:
    """A step of a graph some of whose steps are given, nan at a pole."""
    try:
        return graph.values(point)[name]
    except ZeroDivisionError:
        return mpmath.nan


def real_step(graph: Graph, step: str, values: Values) -> Any:
    """A step from given values of its parents, nan where they lie at a pole."""
    try:
        return graph.step(step, values)
    except ZeroDivisionError:
        return np.full(np.shape(values[step]), mpmath.nan)
