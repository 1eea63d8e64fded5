"""Demands beside the values: what a call leaves behind, of what form its result is, and what breaking that costs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from observed import leaf, marked, posed, seen
from test_answers import one

from grader.judge.behaviour import judge_form
from grader.judge.costs import lessened
from grader.judge.findings import Facts, Finding
from grader.judge.model import Evidence, Status, Verdict
from grader.judge.requirements import Requirement
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.truth import FormTruth, ValueTruth
from grader.judge.uniform import unlikely
from grader.protocol.messages import Ask, CallMode, Tensor, Value

RIGHT = Verdict(Status.PASS, 1.0)
WROTE, CUT = Finding("wrote_to_arguments"), Finding("cut_off")
DICT = ({"w": Tensor(np.ones(1)), "b": Tensor(np.ones(1))},)


def required(**kinds: bool) -> tuple[Requirement, ...]:
    """What has to be kept to beside outputs, and whether it is."""
    return tuple(Requirement("", holds, kind) for kind, holds in kinds.items())


def test_every_broken_demand_costs_a_quarter() -> None:
    assert lessened(RIGHT, []) == RIGHT
    one = lessened(RIGHT, [WROTE])
    assert one == Verdict(Status.PARTIAL, 0.75, (WROTE,), requirements=required(values=True, wrote_to_arguments=False))
    assert lessened(RIGHT, [WROTE, CUT]).score == 0.5
    two = lessened(Verdict(Status.PARTIAL, 0.5, (CUT,)), [WROTE])
    assert (two.score, two.findings) == (0.375, (CUT, WROTE))


def test_what_costs_its_points_already_costs_no_second_time() -> None:
    partly = Verdict(Status.PARTIAL, 0.5, (Finding("no_gradient", Facts(what="y")),))
    assert lessened(partly, [Finding("no_gradient", Facts(what="z"))]) == partly


def exchanged(p: dict[str, Any]) -> Any:
    p["w"] = p["w"].clone()
    return p["w"]


def undone(p: dict[str, Any]) -> Any:
    return p["w"].neg_().clone()


@pytest.mark.parametrize(
    ("function", "changed", "flagged"),
    [
        (lambda p: p["w"] * 2, (), ()),
        (lambda p: p["w"].detach().requires_grad_() * 2, (), ()),
        (lambda p: dict(p, w=1)["b"], (), ()),
        (exchanged, ("0",), ()),
        (lambda p: p.setdefault("more", 1), ("0",), ()),
        (undone, ("0.w",), ()),
        (lambda p: p["w"].requires_grad_() * 2, (), ("0.w",)),
    ],
)
def test_what_a_call_leaves_behind_is_seen(
    function: Callable[..., Any], changed: tuple[str, ...], flagged: tuple[str, ...]
) -> None:
    value = one(Ask("f", DICT, 1, rounds=2), f=function)
    assert isinstance(value, Value)
    assert (value.changed, value.marked) == (changed, flagged)


def test_arguments_with_a_history_are_no_leaves() -> None:
    ask = Ask("f", (Tensor(np.ones(1)), Tensor(np.ones(1, dtype=int))), 1, CallMode.DERIVED)
    value = one(ask, f=lambda x, n: [float(x.requires_grad), float(x.is_leaf), float(n.requires_grad)])
    assert isinstance(value, Value)
    assert value.results[0].array.tolist() == [1, 0, 0]  # type: ignore[union-attr] # a list of numbers
    assert value.marked == ()


def test_of_a_result_it_is_seen_whether_autograd_follows_it_and_what_a_list_holds() -> None:
    def traits(result: Any) -> tuple[bool, bool]:
        value = one(Ask("f", (), 1), f=lambda: result)
        assert isinstance(value, Value)
        (found,) = value.results
        return found.attached, found.of_tensors  # type: ignore[union-attr] # a leaf

    tensor = torch.ones(1, requires_grad=True)
    assert traits(tensor * 2) == (True, False)
    assert traits(tensor.detach()) == traits(1.0) == traits([1.0, 2.0]) == (False, False)
    assert traits([torch.ones(()), 2.0]) == (False, True)


def form(truth: FormTruth, *values: Any) -> str:
    reply = tuple(seen(value) for value in values)
    return judge_form(truth, Evidence("f", Source(()), reply)).note


def test_the_form_of_a_result_is_judged() -> None:
    attached = [leaf(1.0), leaf(2.0)]
    attached = [type(a)(a.array, a.kind, a.dtype, a.device, attached=True) for a in attached]
    whole = {"": "f"}
    assert form(FormTruth(whole, followed=("",)), *attached) == "correct"
    assert form(FormTruth(whole, followed=("",)), leaf(1.0, "float"), leaf(2.0, "float")) == "cut_off"
    assert form(FormTruth(whole, followed=("",)), leaf(1.0), leaf(1.0)) == "correct", "wrong in itself"
    assert form(FormTruth(whole, detached=("",)), *attached) == "still_attached"
    assert form(FormTruth(whole, detached=("",)), leaf(1.0), leaf(2.0)) == "correct"
    assert form(FormTruth(whole, plain=("",)), leaf([1.0, 2.0], "list")) == "correct"
    assert form(FormTruth(whole, plain=("",)), (leaf(1.0, "float"), leaf(2.0, "float"))) == "correct"
    assert form(FormTruth(whole, plain=("",)), leaf([1.0, 2.0])) == "not_plain"
    assert form(FormTruth(whole, whole=("",)), leaf(3)) == "correct"
    assert form(FormTruth(whole, whole=("",)), leaf(3.0)) == "not_whole"


def test_an_argument_changed_is_told_once_and_its_second_call_is_nobodys_slip() -> None:
    _, trials = posed("polynomial_gradient")
    trial = next(t for t in trials if t.asks.answer)
    assert isinstance(trial.truth, ValueTruth)
    expected = [leaf(point.expected[""]) for point in trial.truth.points]
    reply = tuple(seen(e, leaf(7.0), changed=("0",)) for e in expected)
    coarse = tuple(seen(e) for e in expected)
    mark = marked("polynomial_gradient", Replies(reply, coarse=coarse))
    assert (mark.score, mark.verdict.note) == (0.75, "wrote_to_arguments")
    again = tuple(seen(e, leaf(7.0)) for e in expected)
    assert marked("polynomial_gradient", Replies(again, coarse=coarse)).score == 0


@pytest.mark.parametrize("count", [12, 49])
def test_right_draws_are_taken_for_right_and_others_are_not(count: int) -> None:
    random = np.random.default_rng(7)
    for _ in range(50):
        assert unlikely(random.random((64, count), dtype=np.float32).astype(float)) is None
    drawn = random.random((64, count))
    for wrong in (drawn**2, drawn / 2, 1 / (1 + np.exp(-random.normal(size=(64, count))))):
        found = unlikely(wrong)
        assert found and found.code == "not_uniform"
    half = drawn[:, : count // 2]
    for wrong in (np.sort(drawn), np.hstack([half, 1 - half]), (drawn[:, :1] + np.arange(count) / count) % 1):
        found = unlikely(wrong)
        assert found and found.code == "not_independent"
