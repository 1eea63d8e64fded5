"""Gradients that follow rightly from one's own wrong forward pass count as right, and nothing else does."""

import numpy as np
import pytest
from observed import leaf, marked, posed, seen

from grader.judge.model import Mark, Status
from grader.judge.truth import Values

SLIPS = {
    "none": lambda v: 1 / (1 + np.exp(-v)),
    "sign": lambda v: 1 / (1 + np.exp(v)),
    "minus": lambda v: 0.5 / (1 + np.exp(-v)),
    "zero": lambda v: 0 * v,
}
"""What a student takes for the sigmoid."""


def neuron(slip: str, bias: bool = True, rule: str = "right") -> Mark:
    """The mark of a gradient written as a (1 - a) x from the student's own a."""
    _, trials = posed("sigmoid_neuron_gradient")
    truth = next(t.truth for t in trials if isinstance(t.truth, Values))
    forwards, backwards = [], []
    for point in truth.points:
        w, x, b = (float(point.inputs[n]) for n in "wxb")
        u = w * x
        v = u + b if bias else u
        a = SLIPS[slip](v)
        slope = a * (1 - a) if rule == "right" else a * (1 + a)
        forwards.append(seen({"u": leaf(u), "v": leaf(v), "a": leaf(a)}))
        backwards.append(seen(*[(leaf(slope * x), leaf(slope))] * 2))
    return marked("sigmoid_neuron_gradient", (tuple(forwards), tuple(backwards), tuple(backwards)))


def test_without_a_slip_nothing_is_carried() -> None:
    mark = neuron("none")
    assert (mark.score, mark.verdict.status, mark.verdict.said) == (2.0, Status.PASS, ())


@pytest.mark.parametrize(("slip", "bias", "steps"), [("none", False, "v and a"), ("minus", True, "a")])
def test_a_gradient_from_a_wrong_forward_pass_counts_as_right(slip: str, bias: bool, steps: str) -> None:
    mark = neuron(slip, bias)
    assert mark.score == 2.0
    assert mark.verdict.said == (f"da/dw, da/db: follows rightly from your own {steps}, and counts as right.",)


def test_a_wrong_rule_on_a_wrong_forward_pass_is_wrong() -> None:
    assert neuron("none", bias=False, rule="plus").score == 0
    assert neuron("none", rule="plus").verdict.note == "wrong_rule"


def test_from_zeros_nothing_follows() -> None:
    assert neuron("zero").score == 0
