"""Wrong answers that are right for somebody else's numbers."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from effort import calls
from observed import leaf, seen
from sympy import Abs, exp, symbols

from grader.judge.given import asked_outputs, given
from grader.judge.model import Check, Conditions, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import GradientTruth, Point, StepsTruth, Tolerance, Truth, ValueTruth
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph
from grader.oracle.problem import Problem, keyed
from grader.protocol.messages import Leaf, Raised, Reply
from grader.similarity.copied import ForeignOutput, Truths, copied, truths

x, u, f = symbols("x u f", real=True)
NUMBERS = {"ada": 2, "ben": 3, "cyd": 5, "dan": 3}


def problem(factor: int) -> Problem:
    # Whether a point may be asked depends on the numbers, as it does in lab 2.
    graph = Graph((x,), {u: factor * x, f: exp(u) + x})
    return Problem(graph, Domain(where=(Abs(x) > 0, Abs(u - 1) > 0.5)), ("x",))


CHECKS: dict[str, Callable[[int], Check]] = {
    "value": lambda n: ValueCheck(problem(n), "f"),
    "steps": lambda n: StepsCheck(problem(n), keyed("u", "f")),
    "gradient": lambda n: GradientCheck(problem(n), "f", of=("f",)),
}


def trials(kind: str, numbers: dict[str, int] = NUMBERS) -> dict[str, PreparedCheck]:
    made = {n: CHECKS[kind](n).prepare("q", Conditions("tests")) for n in set(numbers.values())}
    return {student: made[n] for student, n in numbers.items()}


def known(posed: dict[str, PreparedCheck]) -> Truths:
    return truths({student: list(asked_outputs(trial.truth)) for student, trial in posed.items()})


def found(trial: PreparedCheck, told: Reply, right: Truths) -> tuple[ForeignOutput, ...]:
    """What is found in an answer, which is kept as plain numbers."""
    kept = json.loads(json.dumps(given(trial.truth, told)))
    return copied(list(asked_outputs(trial.truth)), kept, right)


def points_of(truth: Truth) -> tuple[Point, ...]:
    """The points of one of the checks above."""
    of = truth.values if isinstance(truth, GradientTruth) else truth
    assert isinstance(of, ValueTruth | StepsTruth)
    return of.points


def reply(kind: str, trial: PreparedCheck, factor: float, off: float = 0.0) -> Reply:
    """What somebody gives at a trial's points who has this factor."""
    import math

    told = []
    for point in points_of(trial.truth):
        at = float(point.inputs["x"])
        value = math.exp(factor * at) + at + off
        if kind == "steps":
            told.append(seen({"u": leaf(factor * at), "f": leaf(value)}))
        elif kind == "gradient":
            slope = Leaf(leaf(factor * math.exp(factor * at) + 1).array, "tensor", "float64", "cpu")
            told.append(seen(leaf(value), gradients={"0": slope}))
        else:
            told.append(seen(leaf(value)))
    return tuple(told)


@pytest.mark.parametrize(("kind", "outputs"), [("value", 1), ("steps", 2), ("gradient", 2)])
def test_an_answer_with_another_students_numbers_is_found_with_both_values(kind: str, outputs: int) -> None:
    posed = trials(kind)
    foreign = found(posed["ada"], reply(kind, posed["ada"], 3), known(posed))
    assert len(foreign) == outputs
    for output in foreign:
        assert output.owners == ("ben", "dan")
        assert len(output.values) >= 3
        for row in output.values:
            assert row.theirs != row.expected
            assert row.at.startswith("(x = ")


@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("factor", [2, 4, -3, 0])
def test_right_answers_and_merely_wrong_ones_are_not_found(kind: str, factor: float) -> None:
    posed = trials(kind)
    assert found(posed["ada"], reply(kind, posed["ada"], factor), known(posed)) == ()


def test_nearly_anothers_value_is_not_anothers() -> None:
    posed = trials("value")
    told = reply("value", posed["ada"], 3, off=1e-4)
    assert found(posed["ada"], told, known(posed)) == ()


def test_a_value_hit_at_some_points_only_is_not_found() -> None:
    posed = trials("value")
    right, other = reply("value", posed["ada"], 2), reply("value", posed["ada"], 3)
    assert found(posed["ada"], (*other[:3], *right[3:]), known(posed)) == ()


@pytest.mark.parametrize(("common", "count"), [(2, 0), (3, 1)])
def test_too_few_points_in_common_say_nothing(common: int, count: int) -> None:
    posed = {"ada": setting_at(2, slice(None)), "ben": setting_at(3, slice(common))}
    assert len(found(posed["ada"], reply("value", posed["ada"], 3), known(posed))) == count


def setting_at(factor: int, which: slice) -> PreparedCheck:
    """A trial with some of its points, the same ones for every factor."""
    problem = Problem(Graph((x,), {u: factor * x, f: exp(u) + x}), Domain(where=(Abs(x) > 0,)), ("x",))
    trial = ValueCheck(problem, "f").prepare("q", Conditions("tests"))
    assert isinstance(trial.truth, ValueTruth)
    return replace(trial, truth=replace(trial.truth, points=trial.truth.points[which]))


@pytest.mark.parametrize(("size", "count"), [(2, 0), (3, 1)])
def test_many_numbers_at_one_point_are_as_telling(size: int, count: int) -> None:
    def constant(value: float) -> PreparedCheck:
        right = ValueTruth((Point({}, {"": np.full(size, value)}),), {"": "q"}, {}, Tolerance(1e-12, 1e-5))
        return PreparedCheck(Asks(), right)

    posed = {"ada": constant(2.0), "ben": constant(3.0)}
    told = (seen(leaf([3.0] * size)),)
    assert len(found(posed["ada"], told, known(posed))) == count
    assert found(posed["ada"], told, {}) == ()


def test_the_same_numbers_are_nobodys() -> None:
    posed = trials("value", {"ada": 2, "ben": 2})
    assert found(posed["ada"], reply("value", posed["ada"], 3), known(posed)) == ()


def test_what_gave_no_value_is_not_looked_at() -> None:
    posed = trials("value")
    broken = (Raised("ValueError", "no"),) * 5
    assert found(posed["ada"], broken, known(posed)) == ()
    assert found(posed["ada"], (), known(posed)) == ()
    partly = (*reply("value", posed["ada"], 3)[:4], broken[0])
    assert found(posed["ada"], partly, known(posed)) == ()
    words = tuple(seen(leaf([1.0, 2.0])) for _ in range(5))
    assert found(posed["ada"], words, known(posed)) == ()


def test_a_pair_of_a_large_class_takes_few_steps() -> None:
    """A class of 300 has 90 000 pairs, and dozens of questions."""
    numbers = {f"s{place:03}": 2 + place % 12 for place in range(100)}
    posed = trials("value", numbers)
    replies = {s: reply("value", trial, 2 + (numbers[s] - 1) % 12) for s, trial in posed.items()}

    def compare() -> int:
        right = known(posed)
        return sum(bool(found(trial, replies[student], right)) for student, trial in posed.items())

    # The rest have fewer than three points in common with whom they copied from.
    assert compare() > 0.75 * 100
    assert calls(compare) < 30 * 100 * 100
