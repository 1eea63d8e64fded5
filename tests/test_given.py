"""What is kept of a wrong answer: plain numbers at every point, and nothing of what was asked of other functions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from observed import leaf, posed, seen, text
from test_copied import points_of, reply, trials

from grader.judge.given import given
from grader.judge.model import Conditions, PreparedCheck
from grader.judge.roles import Replies
from grader.judge.truth import GradientTruth
from grader.labs import all_labs
from grader.protocol.messages import Ask, Missing, Node, Read, Reply, Value
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
