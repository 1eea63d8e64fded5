"""Where an exercise is asked: intervals and conditions, and dyadic points drawn inside them.

Knows that a point is a multiple of 1/8, so that SymPy and torch see the same number in every dtype.
Refuses to know what is computed at a point, or where a seed comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

import mpmath
import numpy as np
import sympy

from grader.judge.facts import Array
from grader.oracle.graph import Graph, entries, name_of, shape_of
from grader.oracle.precision import exact

GRID = 8
ATTEMPTS = 10_000


class EmptyDomainError(Exception):
    """The lab's author asks for points that hardly exist."""


@dataclass(frozen=True, eq=False)
class Domain:
    """An interval for every input by name (`default` for the rest), and what must hold there.

    `where` holds relations between inputs and steps: they keep points away from kinks and singularities.
    `cases` are taken in turn, one a point: both sides of a kink.
    """

    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    where: tuple[Any, ...] = ()
    cases: tuple[Any, ...] = ()
    default: tuple[float, float] = (-2.0, 2.0)

    @cached_property
    def _tests(self) -> dict[Any, tuple[tuple[sympy.Symbol, ...], Callable[..., bool]]]:
        found = {}
        for relation in (*self.where, *self.cases):
            symbols = tuple(sorted(relation.free_symbols, key=str))
            found[relation] = symbols, sympy.lambdify(symbols, relation, "mpmath")
        return found

    def draw(self, graph: Graph, count: int, seed: str) -> list[dict[str, Array]]:
        """Points (inputs by name, float64) of the graph, reproducible from the seed, no two alike."""
        if not graph.inputs:
            return [{}]
        random = Random(seed)
        points: list[dict[str, Array]] = []
        for _ in range(ATTEMPTS):
            if len(points) == count:
                return points
            point = {name_of(v): self._number(random, name_of(v), shape_of(v)) for v in graph.inputs}
            case = () if not self.cases else (self.cases[len(points) % len(self.cases)],)
            relations = (*self.where, *case)
            if self._holds(relations, graph, point) and not any(_same(point, p) for p in points):
                points.append(point)
        raise EmptyDomainError(f"only {len(points)} of {count} points found inside {self.where}")

    def holds(self, graph: Graph, point: Mapping[str, float]) -> bool:
        """Whether a given point keeps to `where`; the intervals and cases are of the draw alone."""
        return self._holds(self.where, graph, {name: np.asarray(value) for name, value in point.items()})

    def _number(self, random: Random, name: str, shape: Sequence[int]) -> Array:
        low, high = self.intervals.get(name, self.default)
        count = int(np.prod(shape, dtype=int))
        grid = range(int(np.ceil(low * GRID)), int(np.floor(high * GRID)) + 1)
        # All entries different where there is room, so that no two places of an array can be confused.
        roomy = 2 * count <= len(grid)
        numbers = random.sample(grid, count) if roomy else random.choices(grid, k=count)
        return np.array(numbers, dtype=np.float64).reshape(shape) / GRID

    def _holds(self, relations: Sequence[Any], graph: Graph, point: Mapping[str, Array]) -> bool:
        if not relations:
            return True
        try:
            known = self._known(graph, point)
            tests = [self._tests[relation] for relation in relations]
            return all(holds(*(known[s] for s in symbols)) for symbols, holds in tests)
        except (ZeroDivisionError, ValueError, TypeError):
            # A pole, or a logarithm that left the real line: complex numbers have no order.
            return False

    @staticmethod
    def _known(graph: Graph, point: Mapping[str, Array]) -> dict[sympy.Symbol, Any]:
        with mpmath.workdps(15):
            values = graph.values({name: exact(v) for name, v in point.items()})
            return {
                symbol: value
                for name, variable in graph.variables.items()
                for symbol, value in zip(
                    entries(variable), np.ravel(np.asarray(values[name], dtype=object)), strict=True
                )
            }


def _same(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)
