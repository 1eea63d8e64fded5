"""The outcomes of likely mistakes at given points, as a judge compares them with an answer.

Knows arrays over points. Refuses to know which slips there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sympy import Symbol

from grader.judge.truth import Named, Outcomes
from grader.oracle.alternatives import Alternatives
from grader.oracle.formulas import workable
from grader.oracle.graph import Graph, adjoint, entries, name_of, shape_of
from grader.oracle.mistakes import Suspicion
from grader.protocol.messages import Array

CHANGE = 1e-6
"""A slip that changes a number by less, relative to it, changes nothing."""


def outcomes(found: Sequence[Alternatives], shape: tuple[int, ...], points: int) -> Outcomes:
    """What entries in doubt lead to at every point; slips that change nothing anywhere are none."""
    known = dict.fromkeys(slips for entry in found for slips in entry.wrong)
    right = _columns([entry.right for entry in found], shape, points)
    listed = []
    for slips in known:
        wrong = _columns([entry.after(slips) for entry in found], shape, points)
        # Of what is 0 everywhere that is said, and no slip that happens to come to it.
        if wrong.any() and not (np.abs(wrong - right) <= CHANGE * np.abs(right)).all():
            listed.append((slips, tuple(wrong)))
    return listed


def _columns(numbers: Sequence[Any], shape: tuple[int, ...], points: int) -> Array:
    return np.stack([np.broadcast_to(n, points) for n in numbers], axis=1).astype(np.float64).reshape(points, *shape)


def numbers_of(graph: Graph, values: Sequence[Named], names: Iterable[str]) -> dict[Symbol, Array]:
    """Named values at every point, as an array over the points for every symbol that they name."""
    found: dict[Symbol, Array] = {}
    for name in names:
        columns = np.array([point[name] for point in values], dtype=np.float64).reshape(len(values), -1).T
        found.update(zip(entries(graph.variables[name]), columns, strict=True))
    return found


@dataclass(frozen=True, eq=False)
class ResultMistakes:
    """What slips anywhere in a graph make of results; `names` are its steps or gradients by the result's path.

    `others` are graphs of the same inputs that come to the same: whoever writes those slips elsewhere.
    """

    graph: Graph
    names: Mapping[str, str]
    draws: tuple[Named, ...]
    others: tuple[Graph, ...] = ()

    def __call__(self, path: str, _: Sequence[Named], count: int) -> Outcomes:
        """The outcomes of so many slips at once, which do not depend on own values."""
        if (path, count) not in self._found:
            graphs = (self.graph, *self.others) if count == 1 else (self.graph,)
            found = [_of_result(graph, self.names[path], self.draws, count) for graph in graphs]
            self._found[path, count] = [outcome for each in found for outcome in each]
        return self._found[path, count]

    @cached_property
    def _found(self) -> dict[tuple[str, int], Outcomes]:
        """Those that were asked for: one wrong answer of a class is seldom the only one."""
        return {}


@dataclass(frozen=True, eq=False)
class StepMistakes:
    """What a slip in one step makes of it, taken from own values of the steps before, or from those `known`."""

    graph: Graph
    known: tuple[Named, ...]

    def __call__(self, step: str, own: Sequence[Named], count: int) -> Outcomes:
        """The outcomes of so many slips at once."""
        values = [{**right, **given} for right, given in zip(self.known, own, strict=True)]
        return _of_step(self.graph, step, values, count)


def _of_result(graph: Graph, name: str, draws: Sequence[Named], most: int) -> Outcomes:
    if not workable(graph):
        return ()
    suspicion = Suspicion(graph, numbers_of(graph, draws, map(name_of, graph.inputs)), most=most)
    way = adjoint(graph, name)
    with np.errstate(all="ignore"):
        found = suspicion.backward(*way) if way else suspicion.forward(name)
    return outcomes(found, shape_of(graph.variables[way[1] if way else name]), len(draws))


def _of_step(graph: Graph, step: str, values: Sequence[Named], most: int) -> Outcomes:
    way = adjoint(graph, step)
    children = [c for c, parents in graph.parents.items() if way and way[1] in parents]
    whole = graph if not way else graph.backward(graph.variables[way[0]])
    numbers = numbers_of(whole, values, (name for name in whole.variables if name != step))
    suspicion = Suspicion(graph, numbers, most=most)
    with np.errstate(all="ignore"):
        if way:
            arriving = {c: _arriving(way[0], c, values) for c in children}
            found = suspicion.gradient(*way, arriving)
        else:
            found = suspicion.step(step)
    return outcomes(found, np.shape(values[0][step]), len(values))


def _arriving(target: str, name: str, values: Sequence[Named]) -> list[Alternatives]:
    if name == target:
        return [Alternatives(1)]
    columns = np.array([point[f"d{target}_d{name}"] for point in values], dtype=np.float64)
    return [Alternatives(column) for column in columns.reshape(len(values), -1).T]
