"""A lab that is ready to be asked is plain data: put away, or sent to another process, it judges the same."""

import pickle
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from grader.judge.model import Conditions, Lab, PreparedCheck
from grader.judge.truth import GradientTruth, Outcomes, StepsTruth, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.labs import all_labs
from grader.protocol.messages import Array
from grader.runner.grading import prepare


@cache
def checks_of(lab: Lab) -> list[PreparedCheck]:
    return [check for checks in prepare(lab, Conditions("pickled")).trials for check in checks]


def outcomes(check: PreparedCheck) -> Iterator[Outcomes]:
    """What a check says of likely mistakes, one at a time, in the first part of its answer."""
    truth = check.truth.values if isinstance(check.truth, GradientTruth | TrajectoryTruth) else check.truth
    if isinstance(truth, ValueTruth | UpdateTruth):
        yield from (truth.likely(path, [], 1) for path in [*truth.points[0].expected][:1])
    if isinstance(truth, StepsTruth):
        nothing: list[dict[str, Array]] = [{} for _ in truth.points]
        yield from (truth.likely(step, nothing, 1) for step in [*truth.keys.values()][:1])


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_what_is_right_can_be_pickled_with_its_likely_mistakes(lab: Lab) -> None:
    checks = checks_of(lab)
    again = pickle.loads(pickle.dumps(checks))
    assert repr([check.asks for check in again]) == repr([check.asks for check in checks])
    for one, other in zip(checks, again, strict=True):
        for found, there in zip(outcomes(one), outcomes(other), strict=True):
            assert [slips for slips, _ in found] == [slips for slips, _ in there]
            for (_, numbers), (_, theirs) in zip(found, there, strict=True):
                np.testing.assert_array_equal(numbers, theirs)


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_what_follows_from_own_values_is_the_same_after_pickling(lab: Lab) -> None:
    checks = checks_of(lab)
    steps = [check.truth for check in checks if isinstance(check.truth, StepsTruth)]
    for truth in steps:
        there = pickle.loads(pickle.dumps(truth))
        wanted = [*truth.keys.values()]
        nothing: list[dict[str, Array]] = [{} for _ in truth.points]
        for way, other in zip(*(each.prior.recipe(wanted, nothing) for each in (truth, there)), strict=True):
            for at, at_other in zip(way, other, strict=True):
                np.testing.assert_equal(at, at_other)
