"""Problems: a graph, where it is asked, and how a function's arguments and results name its parts.

Knows templates of names, and how to evaluate a graph at drawn points. Refuses to know what is asked there
and how it is judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from grader.judge.model import Conditions
from grader.judge.truth import Named, Point
from grader.oracle.balls import BALLS, ball, settled
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, Variable, name_of
from grader.protocol.messages import Argument, Array, NumpyArray, Tensor

POINTS = 5
"""Hidden points a check. One point can hide a mistake (1 squared is 1); five drawn at random do not."""


def keyed(*names: str) -> dict[str, str]:
    """The template of a dict whose keys are the graph's own names."""
    return {name: name for name in names}


def paths(template: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(path, leaf) of a template of names: "" for a bare leaf, "0" in a tuple, "z" in a dict, "1.w1" deeper."""
    if isinstance(template, tuple):
        template = {str(i): part for i, part in enumerate(template)}
    if not isinstance(template, Mapping):
        yield prefix, template
        return
    for key, part in template.items():
        yield from paths(part, f"{prefix}.{key}" if prefix else key)


@dataclass(frozen=True, eq=False)
class Problem:
    """A graph, where it is asked, and how a function's arguments name its inputs.

    In `arguments` a string names an input; an integer array is passed as a tensor, anything else as it is.
    `output`, where set, extends the graph by its backward pass. `called` has the sheet's names of the arguments that
    name no input, by their places.
    """

    graph: Graph
    domain: Domain
    arguments: tuple[Any, ...]
    output: Variable | None = None
    called: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Graph:
        """The graph, with the backward pass where there is one."""
        return self.graph if self.output is None else self.graph.backward(self.output)

    @property
    def target(self) -> str:
        """The name of the output; "" where there is no backward pass."""
        return "" if self.output is None else name_of(self.output)

    @property
    def gradients(self) -> dict[str, str]:
        """The steps of the backward pass, each with the name of what it is the gradient in."""
        if self.output is None:
            return {}
        slopes = {f"d{name_of(self.output)}_d{name}": name for name in self.graph.variables}
        return {slope: name for slope, name in slopes.items() if slope in self.whole.variables}

    @property
    def ways(self) -> tuple[Graph, ...]:
        """The graph with its backward pass in terms of the steps before, and in terms of a step's own output."""
        return (self.whole,) if self.output is None else (self.whole, self.graph.backward(self.output, "outputs"))

    def draw(self, name: str, conditions: Conditions, count: int = POINTS) -> list[dict[str, Array]]:
        """The hidden points of a question: so many, or one for each case of the domain where these are more."""
        return self.domain.draw(self.graph, max(count, len(self.domain.cases)), f"{conditions.seed}/{name}")

    def filled(self, draws: list[dict[str, Array]], kind: type[Tensor | NumpyArray] = Tensor) -> tuple[Argument, ...]:
        """The arguments at all points."""
        return tuple(fill(part, draws, kind) for part in self.arguments)


def fill(template: Any, draws: list[dict[str, Array]], kind: type[Tensor | NumpyArray] = Tensor) -> Argument:
    """One argument at all points; `kind` is what a name is made as."""
    match template:
        case str():
            return kind(np.stack([draw[template] for draw in draws]))
        case np.ndarray():
            return Tensor(np.stack([template] * len(draws)))
        case tuple():
            return tuple(fill(part, draws, kind) for part in template)
        case Mapping():
            return {key: fill(part, draws, kind) for key, part in template.items()}
    passed: Argument = template
    return passed


def evaluate(graph: Graph, draws: Sequence[Named]) -> list[dict[str, Array]]:
    """Every input and step at every point, each the float64 that is nearest to the exact value."""
    names = list(graph.variables)
    return [known(graph, draw, names) for draw in draws]


def known(graph: Graph, draw: Named, names: Collection[str]) -> dict[str, Array]:
    """Some inputs and steps at a point, each the float64 that is nearest to the exact value."""

    def values() -> dict[str, Any]:
        found = graph.values({name: ball(value) for name, value in draw.items()}, BALLS)
        return {name: found[name] for name in names}

    return settled(values)


def points_at(
    template: Any,
    problem: Problem,
    draws: list[dict[str, Array]],
    known: list[dict[str, Array]],
) -> tuple[Point, ...]:
    """The points of a truth: drawn and constant inputs, and the values that a template of results names."""
    leaves = list(paths(template))
    fixed = {
        problem.called.get(i, f"argument {i + 1}"): np.asarray(a)
        for i, a in enumerate(problem.arguments)
        if isinstance(a, np.ndarray | int | float)
    }
    return tuple(
        Point({**draw, **fixed}, {path: values[name] for path, name in leaves})
        for draw, values in zip(draws, known, strict=True)
    )


def label(path: str, name: str, question: str) -> str:
    """What a path of the result is called in a message: its key, dz/da in a tuple, or the question itself."""
    if not path:
        return question
    if not path.isdigit():
        return path
    top, slash, bottom = name.partition("_d")
    return f"{top}/d{bottom}" if slash and top.startswith("d") else name
