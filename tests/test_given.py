"""What is kept of a wrong answer: plain numbers at every point, and nothing of what was asked of other functions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from observed import leaf, posed, seen, text
from test_copied import points_of, reply, trials

from grader.judge.given import AskedOutput, after_updates, collected, collected_after_updates, given
from grader.judge.model import Conditions, PreparedCheck
from grader.judge.roles import Replies
from grader.judge.truth import GradientTruth, Point, Tolerance
from grader.labs import all_labs
from grader.protocol.messages import Ask, Leaf, Missing, Node, Raised, Read, Reply, Value
from grader.runner.grading import Assignment, ObservedNotebook, PreparedLab, mark, prepare
from grader.runner.notebook import Notebook
from grader.runner.submissions import Submission


@pytest.mark.parametrize(("kind", "names"), [("value", 1), ("steps", 2), ("gradient", 2)])
def test_each_output_has_its_numbers_at_every_point(kind: str, names: int) -> None:
    trial = trials(kind)["ada"]
    found = given(trial.truth, reply(kind, trial, 2))
    assert len(found) == names
    assert {len(rows) for rows in found.values()} == {len(points_of(trial.truth))}
    assert all(isinstance(numbers, tuple) and len(numbers) == 1 for rows in found.values() for numbers in rows)


@pytest.mark.parametrize("odd", [leaf(np.nan), leaf([1.0, 2.0]), text("no"), leaf(1j)])
def test_an_output_that_is_not_all_finite_numbers_as_asked_for_is_left_out(odd: Node) -> None:
    trial = trials("value")["ada"]
    told = reply("value", trial, 2)
    assert given(trial.truth, told) != {}
    assert given(trial.truth, (*told[:-1], seen(odd))) == {}


def test_where_autograd_left_no_gradient_there_is_no_number() -> None:
    trial = trials("gradient")["ada"]
    assert isinstance(trial.truth, GradientTruth)
    *told, last = reply("gradient", trial, 2)
    assert isinstance(last, Value)
    (what,) = trial.truth.labels.values()
    assert given(trial.truth, (*told, replace(last, gradients={"0": None})))[f"autograd's {what}"][-1] is None


LOST = (np.inf, "wrong_structure", True)
OUTPUT = AskedOutput(
    "f",
    "f",
    (Point({}, {"f": np.array(2.0)}), Point({}, {"g": np.array(3.0)}), Point({}, {"f": np.array(0.0)})),
    Tolerance(1e-9, 1e-6),
    key="1",
    wanted=("0", "1"),
    call=1,
)
GRADIENT = replace(OUTPUT, gradient="df/dx")
ZERO, TWO, NINE = leaf(0.0), leaf(2.0), leaf(9.0)


def rows_of(output: AskedOutput, *places: Value | Raised) -> list[tuple[float, str, bool]]:
    """The error, the finding and whether anything came of each row; nothing is asked at the second point."""
    rows = collected(output, (places[0], Missing(), places[1]))
    return [(row.error, row.problem.code if row.problem else "", row.came) for row in rows]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (seen(NINE, (NINE, TWO)), seen(NINE, (NINE, ZERO)), [(0.0, "", True), (0.0, "", True)]),
        (seen((NINE, TWO), (NINE, NINE)), seen(NINE, (NINE, ZERO)), [(3.5, "", True), (0.0, "", True)]),
        (seen(NINE, (NINE, leaf(np.nan))), seen(NINE, NINE), [(np.inf, "not_finite", True), LOST]),
        (seen(NINE, (NINE, text("2"))), seen(NINE, {"1": ZERO}), [(np.inf, "wrong_type", True), LOST]),
        (seen(NINE, (TWO, leaf([2.0, 2.0]))), seen(NINE, (TWO,)), [(np.inf, "wrong_shape", True), LOST]),
        # A call that did not come about, and what is no value, are not right, and nothing is wrong with them.
        (seen((NINE, TWO)), Raised("E", ""), [(np.inf, "", False), (np.inf, "", False)]),
    ],
)
def test_an_output_is_collected_from_its_place(
    first: Value, last: Value | Raised, expected: list[tuple[float, str, bool]]
) -> None:
    assert rows_of(OUTPUT, first, last) == expected


def test_an_entry_that_is_not_there_is_told_by_its_name() -> None:
    keyed = replace(OUTPUT, key="f", wanted=("f",), call=0)
    assert rows_of(keyed, seen({"f": TWO}), seen({})) == [(0.0, "", True), (np.inf, "missing_key", True)]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ({"1": TWO}, {"1": ZERO}, [(0.0, "", True), (0.0, "", True)]),
        # torch leaves no gradient where it is 0: that is right where 0 is, and nowhere else.
        ({"1": TWO}, {"1": None}, [(0.0, "", True), (0.0, "", False)]),
        ({"0": TWO}, {"1": NINE}, [(np.inf, "no_gradient", False), (np.inf, "", True)]),
    ],
)
def test_a_gradient_that_autograd_left_none_of_is_0(
    first: dict[str, Leaf | None], last: dict[str, Leaf | None], expected: list[tuple[float, str, bool]]
) -> None:
    assert rows_of(GRADIENT, seen(NINE, gradients=first), seen(NINE, gradients=last)) == expected


def test_an_answer_without_a_value_leaves_no_gradient_that_could_be_right() -> None:
    assert rows_of(GRADIENT, Raised("E", ""), Raised("E", "")) == [(np.inf, "", False)] * 2


def test_updates_are_numbers_where_all_of_them_came() -> None:
    point = Point({}, {"f": np.array([2.0, 9.0])})
    output = replace(OUTPUT, replied=(point, point), key="f")
    both, one = seen({"f": TWO}, {"f": NINE}), seen({"f": TWO})
    assert [[row.error for row in collected(each, (both, one))] for each in after_updates(output)] == [
        [0.0, 0.0],
        [0.0, np.inf],
    ]
    whole, lacking = collected_after_updates(output, (both, one))
    assert whole.numbers is not None
    assert whole.numbers.tolist() == [2.0, 9.0]
    assert lacking.numbers is None


LAB = next(lab for lab in all_labs() if lab.name == "lab2_graphs")


def told(trial: PreparedCheck, value: float) -> Replies:
    one = seen(leaf(value), gradients={"0": leaf(value)})
    return trial.asks.each(lambda ask: (one,) * ask.points)


@pytest.mark.parametrize(("variant", "kept"), [("", set()), ("own", {"polynomial"})])
def test_only_wrong_answers_to_numbers_of_ones_own_are_kept(variant: str, kept: set[str]) -> None:
    """Of what was asked of other functions before nothing is."""
    question, (own, *rules) = posed("polynomial")
    ready = prepare(replace(LAB, questions=(question,)), Conditions("tests"))
    seven = told(own, 7.0).answer
    assert own.asks.answer is not None
    assert seven is not None
    before = replace(own, asks=replace(own.asks, prerequisites=(own.asks.answer,)))
    lab = PreparedLab(ready.lab, ((before, *rules),), "tests")
    after = replace(told(own, 8.0), prerequisites=(seven,))
    replies = ((after, *(told(rule, 8.0) for rule in rules)),)
    observed = ObservedNotebook(Notebook((), "0"), (), replies, 0.0)
    graded = mark(Assignment(Submission("a", Path("a.ipynb")), "0", lab.lab, variant=variant), lab, observed)
    assert set(graded.given) == kept
    numbers = {n for checks in graded.given.values() for rows in checks[0].values() for row in rows for n in row or ()}
    assert numbers == ({8.0} if kept else set())


def test_what_was_never_answered_is_not_kept() -> None:
    ready = prepare(replace(LAB, questions=LAB.questions[:2]), Conditions("tests"))

    def missing(ask: Ask | Read) -> Reply:
        return (Missing(),) * ask.points

    replies = tuple(tuple(trial.asks.each(missing) for trial in checks) for checks in ready.trials)
    observed = ObservedNotebook(Notebook((), "0"), (), replies, 0.0)
    graded = mark(Assignment(Submission("a", Path("a.ipynb")), "0", ready.lab, variant="own"), ready, observed)
    assert not any(any(checks) for checks in graded.given.values())
