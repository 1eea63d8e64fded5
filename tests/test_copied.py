"""Wrong answers that are right for somebody else's numbers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from effort import calls
from observed import leaf, seen
from sympy import Abs, exp, symbols

from grader.judge.model import Check, Conditions, PreparedCheck
from grader.judge.truth import Point, Tolerance, ValueTruth
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph
from grader.oracle.problem import Problem, keyed
from grader.protocol.messages import Leaf, Raised, Reply
from grader.similarity.copied import copied, truths

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


def reply(kind: str, trial: PreparedCheck, factor: float, off: float = 0.0) -> Reply:
    """What somebody gives at a trial's points who has this factor."""
    import math

    found = []
    for point in trial.truth.points if kind != "gradient" else trial.truth.values.points:
        at = float(point.inputs["x"])
        value = math.exp(factor * at) + at + off
        if kind == "steps":
            found.append(seen({"u": leaf(factor * at), "f": leaf(value)}))
        elif kind == "gradient":
            slope = Leaf(leaf(factor * math.exp(factor * at) + 1).array, "tensor", "float64", "cpu")
            found.append(seen(leaf(value), gradients={"0": slope}))
        else:
            found.append(seen(leaf(value)))
    return tuple(found)


@pytest.mark.parametrize(("kind", "outputs"), [("value", 1), ("steps", 2), ("gradient", 2)])
def test_an_answer_with_another_students_numbers_is_found_with_both_values(kind: str, outputs: int) -> None:
    posed = trials(kind)
    found = copied(posed["ada"], (reply(kind, posed["ada"], 3),), truths(posed))
    assert len(found) == outputs
    for output in found:
        assert output.owners == ("ben", "dan")
        assert len(output.rows) >= 3
        for row in output.rows:
            assert row.theirs != row.expected and row.where is not None
            assert list(row.where) == ["x"]


@pytest.mark.parametrize("kind", CHECKS)
def test_what_other_functions_gave_is_passed_over(kind: str) -> None:
    """However many were asked before the question's own."""
    posed = {student: replace(trial, given=2) for student, trial in trials(kind).items()}
    own, other = reply(kind, posed["ada"], 2), reply(kind, posed["ada"], 3)
    assert copied(posed["ada"], (other, other, own), truths(posed)) == ()
    assert copied(posed["ada"], (own, own, other), truths(posed)) != ()


@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("factor", [2, 4, -3, 0])
def test_right_answers_and_merely_wrong_ones_are_not_found(kind: str, factor: float) -> None:
    posed = trials(kind)
    assert copied(posed["ada"], (reply(kind, posed["ada"], factor),), truths(posed)) == ()


def test_nearly_anothers_value_is_not_anothers() -> None:
    posed = trials("value")
    given = reply("value", posed["ada"], 3, off=1e-4)
    assert copied(posed["ada"], (given,), truths(posed)) == ()


def test_a_value_hit_at_some_points_only_is_not_found() -> None:
    posed = trials("value")
    right, other = reply("value", posed["ada"], 2), reply("value", posed["ada"], 3)
    assert copied(posed["ada"], ((*other[:3], *right[3:]),), truths(posed)) == ()


@pytest.mark.parametrize(("common", "found"), [(2, 0), (3, 1)])
def test_too_few_points_in_common_say_nothing(common: int, found: int) -> None:
    posed = {"ada": setting_at(2, slice(None)), "ben": setting_at(3, slice(common))}
    assert len(copied(posed["ada"], (reply("value", posed["ada"], 3),), truths(posed))) == found


def setting_at(factor: int, which: slice) -> PreparedCheck:
    """A trial with some of its points, the same ones for every factor."""
    problem = Problem(Graph((x,), {u: factor * x, f: exp(u) + x}), Domain(where=(Abs(x) > 0,)), ("x",))
    trial = ValueCheck(problem, "f").prepare("q", Conditions("tests"))
    return replace(trial, truth=replace(trial.truth, points=trial.truth.points[which]))


@pytest.mark.parametrize(("size", "found"), [(2, 0), (3, 1)])
def test_many_numbers_at_one_point_are_as_telling(size: int, found: int) -> None:
    def constant(value: float) -> PreparedCheck:
        right = ValueTruth((Point({}, {"": np.full(size, value)}),), {"": "q"}, {}, Tolerance(1e-12, 1e-5))
        return PreparedCheck((), right)

    posed = {"ada": constant(2.0), "ben": constant(3.0)}
    given = ((seen(leaf([3.0] * size)),),)
    assert len(copied(posed["ada"], given, truths(posed))) == found
    assert copied(posed["ada"], given, {}) == ()


def test_the_same_numbers_are_nobodys() -> None:
    posed = trials("value", {"ada": 2, "ben": 2})
    assert copied(posed["ada"], (reply("value", posed["ada"], 3),), truths(posed)) == ()


def test_what_gave_no_value_is_not_looked_at() -> None:
    posed = trials("value")
    broken = (Raised("ValueError", "no"),) * 5
    assert copied(posed["ada"], (broken,), truths(posed)) == ()
    assert copied(posed["ada"], (), truths(posed)) == ()
    partly = (*reply("value", posed["ada"], 3)[:4], broken[0])
    assert copied(posed["ada"], (partly,), truths(posed)) == ()
    words = tuple(seen(leaf([1.0, 2.0])) for _ in range(5))
    assert copied(posed["ada"], (words,), truths(posed)) == ()


def test_a_pair_of_a_large_class_takes_few_steps() -> None:
    """A class of 300 has 90 000 pairs, and dozens of questions."""
    numbers = {f"s{place:03}": 2 + place % 12 for place in range(100)}
    posed = trials("value", numbers)
    replies = {s: (reply("value", trial, 2 + (numbers[s] - 1) % 12),) for s, trial in posed.items()}

    def compare() -> int:
        known = truths(posed)
        return sum(bool(copied(trial, replies[student], known)) for student, trial in posed.items())

    # The rest have fewer than three points in common with whom they copied from.
    assert compare() > 0.75 * 100
    assert calls(compare) < 30 * 100 * 100
