"""What a check says is right, each number as a claim that can be proved by computing it again in balls.

Values are computed once more in the same way, which shows that they are rounded rightly; gradients, trainings and fits
in another. Knows how. Refuses to know which checks there are: each makes its own claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from grader.judge.model import Check
from grader.judge.roles import Asks
from grader.judge.truth import Named, Point
from grader.oracle.balls import BALLS, ball, is_settled, narrowed, nearest, numbers_in
from grader.oracle.duals import slopes
from grader.oracle.graph import Graph, name_of


@dataclass(frozen=True)
class Claim:
    """That something is `expected`, by name; `again` computes it anew, in balls of the precision that is set.

    `gradients` are the names of those for which gradients are taken forwards, by dual numbers.
    """

    expected: Named
    again: Callable[[], Mapping[str, Any]]
    gradients: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Proved:
    """How many numbers were claimed, how many of them with gradients taken forwards, and how many of all were proved.

    `ties` lie as good as in the middle of two float64, so that neither is wrong. `wrong` says where one is.
    """

    claimed: int = 0
    gradients: int = 0
    proved: int = 0
    ties: int = 0
    wrong: tuple[str, ...] = ()

    def __add__(self, other: Proved) -> Proved:
        """Both together."""
        return Proved(
            self.claimed + other.claimed,
            self.gradients + other.gradients,
            self.proved + other.proved,
            self.ties + other.ties,
            (*self.wrong, *other.wrong),
        )


@runtime_checkable
class Provable(Check, Protocol):
    """A check whose expected numbers can be proved."""

    def claims(self, asks: Asks, truth: Any) -> Iterable[Claim]:
        """All that is expected at the points that were drawn."""
        ...


def prove(claim: Claim) -> Proved:
    """Compute anew what is claimed, until each ball holds one float64 alone; that must be the expected one."""
    total = Proved()
    for name, found in narrowed(claim.again).items():
        expected = claim.expected[name]
        settled = np.array([is_settled(number) for number in numbers_in(found)]).reshape(expected.shape)
        # A nan is equal to a nan here.
        equal = np.isclose(nearest(found), expected, rtol=0, atol=0, equal_nan=True)
        wrong = int((settled & ~equal).sum())
        said = (f"{name}: {wrong} of {expected.size} numbers are others",) if wrong else ()
        slope = expected.size if name in claim.gradients else 0
        total += Proved(expected.size, slope, int((settled & equal).sum()), int((~settled).sum()), said)
    return total


def claims_of(points: Sequence[Point], graph: Graph, names: Mapping[str, str], output: str = "") -> Iterator[Claim]:
    """What is expected at points, by path; `names` are the graph's steps at those paths.

    Those that are named as gradients of `output` are computed forwards, from the graph that has no backward pass.
    """
    for point in points:
        expected = {names[path]: value for path, value in point.expected.items()}
        yield claim_of(graph, point.inputs, expected, output)


def claim_of(graph: Graph, inputs: Named, expected: Named, output: str = "") -> Claim:
    """That steps of a graph, and gradients of one of them, are as expected for these inputs."""
    start = {name_of(variable): ball(inputs[name_of(variable)]) for variable in graph.inputs}
    before = f"d{output}_d"
    gradients = frozenset(n for n in expected if output and n.startswith(before) and n not in graph.variables)

    def again() -> dict[str, Any]:
        values = graph.values(start, BALLS)
        at = {name: name.removeprefix(before) for name in gradients}
        moved = {name: slopes(graph, {**start, n: values[n]}, output, n) for name, n in at.items()}
        return {**{name: values[name] for name in expected if name not in gradients}, **moved}

    return Claim(expected, again, gradients)
