"""Checks of values and gradients: from a graph to what is asked and what is right.

Knows what to ask of a function that computes a graph's steps or gradients. Refuses to know how an answer
is obtained and how it is judged: it poses a `PreparedCheck` and is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from grader.judge.model import Conditions, Planted, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import GradientTruth, KnownSteps, Point, Prior, StepsTruth, ValueTruth, no_mistakes
from grader.oracle.carried_errors import CarriedResults, CarriedSteps, earlier, twins
from grader.oracle.claims import Claim, claim_of, claims_of
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, name_of, pulled
from grader.oracle.mistake_code import planted_results, planted_steps
from grader.oracle.mistake_outcomes import ResultMistakes, StepMistakes
from grader.oracle.precision import TOLERANCE
from grader.oracle.problem import Problem, evaluate, fill, label, paths, points_at
from grader.protocol.messages import Array, Ask, CallMode


def values_of(
    problem: Problem,
    returns: Any,
    question: str,
    draws: list[dict[str, Array]],
    device: str,
    kinds: Mapping[str, str],
    written: tuple[Graph, ...] = (),
) -> ValueTruth:
    """What is right for a function whose results a template names."""
    known = evaluate(problem.whole, draws)
    return ValueTruth(
        points=points_at(returns, problem, draws, known),
        labels={path: label(path, name, question) for path, name in paths(returns)},
        kinds=kinds,
        tolerance=TOLERANCE["float64", device],
        likely=ResultMistakes(problem.graph, dict(paths(returns)), tuple(draws), written),
    )


@dataclass(frozen=True, eq=False)
class ValueCheck:
    """The function's results, compared with the steps that `returns` names; asked twice with the same arguments.

    `given` is another function of the notebook with the same arguments, and what it returns: a result that follows
    rightly from what it gives, or from autograd's gradients through it, counts as right.
    """

    problem: Problem
    returns: Any
    manner: CallMode = CallMode.VALUE
    rounds: int = 2
    weight: float = 1.0
    kinds: Mapping[str, str] = field(default_factory=dict)
    given: tuple[str, Any] | None = None

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A call at each point; by hand, once more in float32, where difference quotients fall apart."""
        draws = self.problem.draw(name, conditions)
        ask = Ask(name, self.problem.filled(draws), len(draws), self.manner, rounds=self.rounds)
        coarse = replace(ask, dtype="float32", rounds=1) if self.manner is CallMode.INFERENCE else None
        truth = values_of(self.problem, self.returns, name, draws, conditions.device, self.kinds)
        if self._leaves_it_to_autograd:
            truth = replace(truth, likely=no_mistakes)
        if not self.given:
            return PreparedCheck(Asks(ask, coarse=coarse), truth, self.weight)
        function, returns = self.given
        known = evaluate(self.problem.whole, draws)
        before = replace(ask, name=function, rounds=1)
        before, steps = earlier(before, self.problem.arguments, returns, self.problem.target, known)
        names = dict(paths(self.returns))
        prior = Prior({function: steps}, CarriedResults(self.problem.ways, tuple(draws), names), _slopes(names, steps))
        return PreparedCheck(Asks(ask, (before,), coarse), replace(truth, prior=prior), self.weight)

    def plant(self, name: str) -> Iterable[Planted]:
        """A function for every slip in a result."""
        return () if self._leaves_it_to_autograd else planted_results(self.problem, self.returns, name)

    def claims(self, asks: Asks, truth: ValueTruth) -> Iterable[Claim]:
        """Every result at every point."""
        return claims_of(truth.points, self.problem.graph, dict(paths(self.returns)), self.problem.target)

    @property
    def _leaves_it_to_autograd(self) -> bool:
        """Whether the results are gradients that need not be worked out by hand: no rule of calculus can slip."""
        return self.problem.output is not None and self.manner is not CallMode.INFERENCE


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """The function's results, and the gradients of `of` that autograd finds through it.

    Several outputs, or arrays, are pulled back together with a drawn cotangent for every entry, all
    different, so that the gradient says which entry went where. `wrt` are the inputs whose gradients
    are asked for, all where nothing is said. `given` is another function of the notebook with the same arguments,
    and what it returns: where that is wrong, results and gradients may follow from it.
    `written` are graphs that come to the same, as others may write it: they invite slips of their own.
    """

    problem: Problem
    returns: Any
    of: tuple[str, ...]
    wrt: tuple[str, ...] = ()
    weight: float = 1.0
    given: tuple[str, Any] | None = None
    written: tuple[Graph, ...] = ()

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A call at each point and one backward pass through it."""
        draws = self.problem.draw(name, conditions)
        graph, output = pulled(self.problem.graph, self.of)
        cotangents = Graph(graph.inputs[len(self.problem.graph.inputs) :], {})
        pulls: list[dict[str, Array]] = [{}] * len(draws)
        if cotangents.inputs:
            pulls = Domain(default=(-4.0, 4.0)).draw(cotangents, len(draws), f"{conditions.seed}/{name}/pulls")
        known = evaluate(graph.backward(output), [{**d, **p} for d, p in zip(draws, pulls, strict=True)])
        wrt = {
            path: n
            for path, n in paths(self.problem.arguments)
            if isinstance(n, str) and f"d{name_of(output)}_d{n}" in known[0]
            if not self.wrt or n in self.wrt
        }
        outputs = {n: path for path, n in paths(self.returns)}
        ones = np.ones(len(draws))
        ask = Ask(
            name,
            self.problem.filled(draws),
            len(draws),
            CallMode.GRADIENT,
            pulls={
                outputs[n]: np.stack([p[f"pull {n}"] for p in pulls]) if cotangents.inputs else ones for n in self.of
            },
        )
        truth = GradientTruth(
            values=values_of(self.problem, self.returns, name, draws, conditions.device, {}, self.written),
            gradients=points_at({p: f"d{name_of(output)}_d{n}" for p, n in wrt.items()}, self.problem, draws, known),
            labels={path: _slope(name, self.of, outputs, n) for path, n in wrt.items()},
        )
        if not self.given:
            return PreparedCheck(Asks(ask), truth, self.weight)
        function, returns = self.given
        before, steps = earlier(replace(ask, name=function), self.problem.arguments, returns, name_of(output), known)
        recipe = CarriedResults(self.problem.ways, tuple(draws), dict(paths(self.returns)))
        slopes = _slopes({path: f"d{name_of(output)}_d{n}" for path, n in wrt.items()}, steps)
        values = replace(truth.values, prior=Prior({function: steps}, recipe, slopes))
        return PreparedCheck(Asks(ask, (before,)), replace(truth, values=values), self.weight)

    def plant(self, name: str) -> Iterable[Planted]:
        """A function for every slip in a result."""
        for graph in (self.problem.graph, *self.written):
            yield from planted_results(replace(self.problem, graph=graph), self.returns, name)

    def claims(self, asks: Asks, truth: GradientTruth) -> Iterable[Claim]:
        """Every result at every point, and every gradient."""
        yield from claims_of(truth.values.points, self.problem.graph, dict(paths(self.returns)))
        graph, output = pulled(self.problem.graph, self.of)
        names = {path: n for path, n in paths(self.problem.arguments) if path in truth.labels}
        slopes = {path: f"d{name_of(output)}_d{name}" for path, name in names.items()}
        outputs = {n: path for path, n in paths(self.returns)}
        assert isinstance(asks.answer, Ask)
        pulls = asks.answer.pulls
        for i, point in enumerate(truth.gradients):
            drawn = {f"pull {n}": pulls[outputs[n]][i] for n in self.of}
            expected = {slopes[path]: value for path, value in point.expected.items()}
            yield claim_of(graph, {**point.inputs, **drawn}, expected, name_of(output))


def _slopes(names: Mapping[str, str], steps: KnownSteps) -> dict[str, str]:
    """Of steps at paths of an answer those that autograd's gradients through another function are."""
    return {path: step for path, step in names.items() if step in steps.slopes.values()}


def _slope(question: str, of: tuple[str, ...], outputs: Mapping[str, str], name: str) -> str:
    ending = of[0] if len(of) == 1 and outputs[of[0]] else question
    return f"d({ending})/d{name}"


@dataclass(frozen=True, eq=False)
class StepsCheck:
    """A dict of named steps, marked with errors carried forward.

    `keys` maps the dict's keys to the graph's steps. `given` are other functions of the notebook, called
    with the same arguments: their own values count as the steps before, where they go with the arguments, and
    autograd's gradients through them as steps of the backward pass.
    """

    problem: Problem
    keys: Mapping[str, str]
    given: tuple[tuple[str, tuple[Any, ...], Mapping[str, str]], ...] = ()
    manner: CallMode = CallMode.VALUE
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """A call of each function at each point, and beside it."""
        draws = self.problem.draw(name, conditions)
        near = twins(self.problem, draws, f"{conditions.seed}/{name}/twins")
        ask, beneath = self._asks(name, draws)
        ask_near, prerequisites_near = self._asks(name, near)
        coarse = replace(ask, dtype="float32") if self.manner is CallMode.INFERENCE else None
        known = tuple(evaluate(self.problem.whole, draws))
        asked = [
            earlier(before, arguments, keys, self.problem.target, known)
            for before, (_, arguments, keys) in zip(beneath, self.given, strict=True)
        ]
        prerequisites = tuple(before for before, _ in asked)
        functions = {before.name: steps for before, steps in asked}
        steps = {step: step for step in self.keys.values()}
        slopes = {step: step for known_steps in functions.values() for step in _slopes(steps, known_steps)}
        truth = StepsTruth(
            points=tuple(Point(d, k) for d, k in zip(draws, known, strict=True)),
            keys=self.keys,
            prior=Prior(functions, CarriedSteps(self.problem.ways, known), slopes),
            parents=self.problem.whole.parents,
            tolerance=TOLERANCE["float64", conditions.device],
            edges=self.problem.graph.edges,
            gradients=self.problem.gradients,
            likely=StepMistakes(self.problem.graph, known),
        )
        return PreparedCheck(Asks(ask, prerequisites, coarse, (*prerequisites_near, ask_near)), truth, self.weight)

    def _asks(self, name: str, draws: list[dict[str, Array]]) -> tuple[Ask, tuple[Ask, ...]]:
        """A call of the question's function at each of these points, and of each prerequisite."""

        def call(function: str, arguments: tuple[Any, ...]) -> Ask:
            return Ask(function, tuple(fill(a, draws) for a in arguments), len(draws), self.manner)

        prerequisites = tuple(call(function, arguments) for function, arguments, _ in self.given)
        return call(name, self.problem.arguments), prerequisites

    def plant(self, name: str) -> Iterable[Planted]:
        """A function for every slip in a step."""
        return planted_steps(self.problem, self.keys, self.given, name)

    def claims(self, asks: Asks, truth: StepsTruth) -> Iterable[Claim]:
        """Every step at every point, the backward pass included."""
        names = {name: name for name in self.problem.whole.variables}
        return claims_of(truth.points, self.problem.graph, names, self.problem.target)
