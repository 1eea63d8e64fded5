"""Sweeps: a function over the whole range of a dtype, against what is proved, in units in the last place.

Knows where the naive formulas break: large, tiny and nearly equal numbers. Refuses to know the formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from sympy import Symbol

from grader.judge.model import Conditions, Planted, PreparedCheck
from grader.judge.ranges import OtherForms, Regime
from grader.judge.roles import Asks
from grader.judge.truth import SweepTruth
from grader.oracle.claims import Claim, claim_of
from grader.oracle.float_evaluation import Forms, breaking, computed, elementary, ending, pulled_back
from grader.oracle.graph import Graph, Variable, name_of, shape_of
from grader.oracle.mistake_code import planted_form
from grader.oracle.precision import ULP_LIMIT
from grader.oracle.problem import known, paths
from grader.oracle.samples import Row, Stratum
from grader.protocol.messages import Array, Ask, CallMode, Tensor

PLACE = Symbol("place", real=True)
TRACED = 4
"""Calls of a sweep whose operations are told."""


def drawn_from(strata: Sequence[Stratum], random: Random, dtype: str) -> tuple[list[Row], tuple[Regime, ...]]:
    """The points of all strata, one after the other, and which of them belong to which regime."""
    rows: list[Row] = []
    regimes = []
    for stratum in strata:
        start = len(rows)
        rows += stratum.draw(random, dtype)
        regimes.append(Regime(stratum.name, stratum.share, range(start, len(rows)), stratum.easy))
    return rows, tuple(regimes)


def told_points(regimes: Sequence[Regime]) -> tuple[int, ...]:
    """A few points at which the operations of a call are told: the first of each regime, then last ones.

    So the branches that an answer may have are met, as far as few points can.
    """
    ends = [regime.points[place] for place in (0, -1) for regime in regimes]
    return tuple(sorted(dict.fromkeys(ends[:TRACED])))


@dataclass(frozen=True, eq=False)
class SweepCheck:
    """One quantity of a function over a sample of inputs that its dtype holds exactly.

    `strata` draw the inputs, regime by regime. `argument` is the input whose gradient is swept, or None for the value.
    An array result is pulled back along its first entry. `size` names a step whose value is the number in whose last
    place errors are counted, where that is not the result's own. `forms` are what an answer is drawn beside.
    """

    graph: Graph
    output: Variable
    arguments: tuple[str, ...]
    strata: tuple[Stratum, ...]
    dtype: str
    forms: Forms
    argument: str | None = None
    size: str = ""
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """All points in one ask."""
        rows, regimes = drawn_from(self.strata, Random(f"{conditions.seed}/{name}/{self.dtype}"), self.dtype)
        columns = zip(self.arguments, zip(*rows, strict=True), strict=True)
        inputs = {n: np.array(column, self.dtype).astype(np.float64) for n, column in columns}
        points = len(rows)
        graph, wanted = pulled_back(self.graph, self.output, self.argument)
        asked = (wanted, self.size) if self.size else (wanted,)
        values = [known(graph, {n: v[i] for n, v in inputs.items()}, asked) for i in range(points)]
        found = np.stack([at[wanted] for at in values])
        sizes = np.stack([at[self.size] for at in values]) if self.size else np.zeros(points)
        shape = shape_of(self.output)
        pull = np.zeros((points, *shape))
        pull.reshape(points, -1)[:, 0] = 1
        tensors = tuple(Tensor(inputs[n]) for n in self.arguments)
        path = {n: p for p, n in paths(self.arguments)}.get(self.argument or "")
        traced = told_points(regimes)
        ask = (
            Ask(name, tensors, points, CallMode.GRADIENT, self.dtype, pulls={"": pull}, traced=traced)
            if self.argument
            else Ask(name, tensors, points, dtype=self.dtype, traced=traced)
        )
        quantity = "gradient" if self.argument else "value"
        limit = ULP_LIMIT[quantity]
        truth = SweepTruth(inputs, found, sizes, path, self.dtype, limit, self._beside(inputs), regimes)
        return PreparedCheck(Asks(ask), truth, self.weight)

    def _beside(self, inputs: Mapping[str, Array]) -> OtherForms:
        """What the two forms give at the same inputs."""
        given = {
            note: computed(*pulled_back(elementary(form), self.output, self.argument), inputs, self.dtype)
            for note, form in {"stable": self.forms.stable, **self.forms.uncured}.items()
        }
        called, along = self.forms.axis
        axis = computed(Graph(self.graph.inputs, {PLACE: along}), name_of(PLACE), inputs, "float64")
        # Equal numbers have a spread of 0, and their place has no value.
        uncured = tuple(
            (note, given[note], breaking(elementary(form), inputs, self.dtype))
            for note, form in self.forms.uncured.items()
        )
        return OtherForms(called, np.nan_to_num(axis), given["as_written"], given["stable"], uncured)

    def plant(self, name: str) -> Iterable[Planted]:
        """The forms that fail, by someone who cures nothing, or a half."""
        ways = self.forms.uncured.items()
        return [planted_form(note, form, name_of(self.output), self.arguments, name) for note, form in ways]

    def claims(self, asks: Asks, truth: SweepTruth) -> Iterable[Claim]:
        """The quantity at every input, and the size in whose last place it is judged."""
        graph, scalar = ending(self.graph, self.output) if self.argument else (self.graph, self.output)
        wanted = f"d{name_of(scalar)}_d{self.argument}" if self.argument else name_of(self.output)
        for i, value in enumerate(truth.expected):
            expected = {wanted: value} | ({self.size: truth.sizes[i]} if self.size else {})
            yield claim_of(graph, {n: v[i] for n, v in truth.inputs.items()}, expected, name_of(scalar))
