"""Where an exercise is asked: intervals and conditions, and dyadic points drawn inside them.

Knows that a point's numbers are odd multiples of 1/1024: SymPy and torch see the same number in every dtype, and no
table from an earlier run has it. Refuses to know what is computed at a point, or where a seed comes from.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from random import Random
from typing import Any

import mpmath
import numpy as np
import sympy

from grader.oracle.graph import Graph, Values, name_of, shape_of
from grader.oracle.precision import exact, precise
from grader.protocol.messages import GRID, Array

ROUGH = 15
"""Decimal digits that say whether a point lies in a domain."""
LEAST = 0.125
"""No number is nearer to 0: beside others it would not count, and a mistake in it would not show."""
ATTEMPTS = 10_000


class EmptyDomainError(Exception):
    """The lab's author asks for points that hardly exist."""


@dataclass(frozen=True, eq=False)
class Domain:
    """An interval for every input by name (`default` for the rest), and what must hold there.

    `where` holds relations between inputs and steps: they keep points away from kinks and singularities.
    `cases` are taken in turn, one a point: both sides of a kink. `sums` are arrays each of whose rows adds up to so
    much, and `zeros` those that are 0 everywhere.
    """

    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    where: tuple[Any, ...] = ()
    cases: tuple[Any, ...] = ()
    sums: Mapping[str, float] = field(default_factory=dict)
    zeros: frozenset[str] = frozenset()
    default: tuple[float, float] = (-2.0, 2.0)

    @cached_property
    def _tests(self) -> dict[Any, tuple[tuple[sympy.Symbol, ...], Callable[..., bool]]]:
        found = {}
        for relation in (*self.where, *self.cases):
            symbols = tuple(sorted(relation.free_symbols, key=str))
            found[relation] = symbols, sympy.lambdify(symbols, relation, "mpmath")
        return found

    def draw(self, graph: Graph, count: int, seed: str) -> list[dict[str, Array]]:
        """Points (inputs by name, float64) of the graph, reproducible from the seed, no two alike.

        No two numbers of a point have the same size, and no step is 0 by chance.
        """
        if not graph.inputs:
            return [{}]
        random, shapes = Random(seed), {name_of(v): shape_of(v) for v in graph.inputs}
        points: list[dict[str, Array]] = []
        for _ in range(ATTEMPTS):
            if len(points) == count:
                return points
            point = {name: self._numbers(random, name, shape) for name, shape in shapes.items()}
            case = () if not self.cases else (self.cases[len(points) % len(self.cases)],)
            if self._apart(point) and not any(_same(point, p) for p in points):
                known = _known(graph, point)
                if known and self._met((*self.where, *case), graph, known) and not self._vanishing(graph, point, known):
                    points.append(point)
        raise EmptyDomainError(f"only {len(points)} of {count} points found inside {self.where}")

    def holds(self, graph: Graph, point: Mapping[str, float]) -> bool:
        """Whether a given point keeps to `where`; the intervals and cases are of the draw alone."""
        known = _known(graph, {name: np.asarray(value) for name, value in point.items()})
        return known is not None and self._met(self.where, graph, known)

    def _numbers(self, random: Random, name: str, shape: Sequence[int]) -> Array:
        if name in self.zeros:
            return np.zeros(shape)
        low, high = self.intervals.get(name, self.default)
        numbers = random.choices(_grid(low, high), k=int(np.prod(shape, dtype=int)))
        drawn = np.array(numbers, dtype=np.float64).reshape(shape) / GRID
        if name in self.sums:
            drawn[..., -1] = self.sums[name] - drawn[..., :-1].sum(-1)
        return drawn

    def _apart(self, point: Mapping[str, Array]) -> bool:
        """Whether a point's drawn numbers differ in size; those that complete a sum lie in their interval, too."""
        sizes = np.abs(np.concatenate([values.ravel() for name, values in point.items() if name not in self.zeros]))
        lasts = [(point[name][..., -1], self.intervals.get(name, self.default)) for name in self.sums]
        inside = all(low <= last.min() and last.max() <= high for last, (low, high) in lasts)
        return inside and len(np.unique(sizes)) == len(sizes)

    def _met(self, relations: Sequence[Any], graph: Graph, known: Values) -> bool:
        for relation in relations:
            symbols, holds = self._tests[relation]
            places = (graph.places[symbol] for symbol in symbols)
            if not holds(*(np.ravel(known[name])[place] for name, place in places)):
                return False
        return True

    def _vanishing(self, graph: Graph, point: Mapping[str, Array], known: Values) -> bool:
        """Whether a step is 0 at a point by chance: a few grid steps on it is not. A neuron that is off stays off."""
        drawn = {name: np.asarray(values) for name, values in known.items() if name not in self.zeros}
        zeros = {name: found for name, values in drawn.items() if (found := values == 0).any()}
        if not zeros:
            return False
        moves = (n * n / GRID for n in itertools.count(1))
        further = {
            name: values + np.reshape(list(itertools.islice(moves, values.size)), values.shape)
            for name, values in point.items()
        }
        near = _known(graph, further)
        return near is None or any((np.asarray(near[name])[where] != 0).any() for name, where in zeros.items())


@cache
def _grid(low: float, high: float) -> list[int]:
    """The odd numbers of grid steps from `low` to `high`, but for those near 0.

    An odd multiple of 1/GRID is never whole or a simple fraction, for which much is right by chance.
    """
    steps = range(int(np.ceil(low * GRID)), int(np.floor(high * GRID)) + 1)
    return [step for step in steps if step % 2 and abs(step) >= LEAST * GRID]


def _known(graph: Graph, point: Mapping[str, Array]) -> Values | None:
    """Every input and step; None at a pole, or where a step leaves the real line."""
    try:
        with precise(ROUGH):
            values = graph.values({name: exact(v) for name, v in point.items()})
    except (ZeroDivisionError, ValueError, TypeError):
        # The last is of Max and Abs, for complex numbers have no order.
        return None
    return None if any(isinstance(n, mpmath.mpc) for v in values.values() for n in np.ravel(v)) else values


def _same(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)
