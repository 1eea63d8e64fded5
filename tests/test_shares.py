"""A question earns the share of its requirements that hold; a slip that shows in several results costs one of them."""

import pytest
import torch
from observed import QUESTIONS
from test_follow_through import SEEDS, marked_in, run
from torch import Tensor

from grader.judge.diagnosis import slips_in
from grader.judge.truth import Slip
from grader.pages.sentences import message

A, B, C = (Slip(note, ()) for note in ("wrong_sign", "missing_factor", "missing_term"))


@pytest.mark.parametrize(
    ("explained", "count"),
    [
        ([[{A}], [{A}], [{A}]], 1),
        ([[{A}], [{B}]], 2),
        ([[{A}, {B}], [{B}, {C}]], 1),
        ([[{C}, {A}], [{C}, {A}], [{A}]], 1),
        ([[{A, B}], [{A}], [{B}]], 2),
        ([[], []], 2),
        ([[], [{A}], [{A}]], 2),
    ],
)
def test_slips_are_counted_once_each(explained: list[list[set[Slip]]], count: int) -> None:
    assert slips_in([[frozenset(slips) for slips in fitting] for fitting in explained]) == count


BATCH = """
import torch

def batch_backward(X, T, W1, b1, W2, b2):
    n = len(X)
    A = X @ W1.T + b1
    H = torch.sigmoid(A)
    O = H @ W2.T + b2
    dO = (O - T) / n
    dW2 = dO.T @ H
    db2 = dO.sum(0)
    dH = dO @ W2
    dA = dH * H * (1 - H)
    dW1 = dA.T @ X
    db1 = dA.sum(0)
    return dW1, db1, dW2, db2
"""
BATCHES = {
    "right": ((), 5.0),
    "a factor at dO": ((("(O - T) / n", "2 * (O - T) / n"),), 3.75),
    "a sum for the mean": ((("(O - T) / n", "(O - T)"),), 3.75),
    "a sign": ((("(O - T) / n", "(T - O) / n"),), 3.75),
    "a rule": ((("H * (1 - H)", "H * (1 + H)"),), 3.75),
    "no rule": ((("dH * H * (1 - H)", "dH"),), 3.75),
    "a transpose at the end": ((("dW2 = dO.T @ H", "dW2 = H.T @ dO"),), 3.75),
    "two slips": ((("(O - T) / n", "(O - T)"), ("H * (1 - H)", "H")), 2.5),
    "two of four not there": ((("dW2, db2\n", "None, None\n"),), 2.5),
}


@pytest.mark.parametrize(("changes", "points"), BATCHES.values(), ids=BATCHES)
def test_a_slip_that_shows_in_several_results_costs_one(changes: tuple[tuple[str, str], ...], points: float) -> None:
    names = run(BATCH, changes)
    assert {marked_in(names, "batch_backward", seed).score for seed in SEEDS[:3]} == {points}


def test_what_is_nowhere_right_earns_nothing() -> None:
    names = run(BATCH, (("return dW1, db1, dW2, db2", "return torch.rand(2, 2), torch.rand(2), torch.rand(2, 2), b2"),))
    assert marked_in(names, "batch_backward", "seed").score == 0


def test_a_copy_for_a_view_loses_the_views_share() -> None:
    copied = {"flat_view": lambda x: x.clone().reshape(-1)}
    mark = marked_in(copied, "flat_view", "seed")
    assert (mark.score, mark.verdict.note) == (QUESTIONS["flat_view"].points / 2, "copied")
    one = {"numpy_round_trip": lambda array: (t := torch.from_numpy(array), t.numpy().copy())}
    assert marked_in(one, "numpy_round_trip", "seed").score == QUESTIONS["numpy_round_trip"].points * 3 / 4
    assert "copied" in message(mark.verdict) or "copy" in message(mark.verdict)


def test_of_two_gradients_with_one_wrong_rule_half_is_left() -> None:
    """The product with x is right in both."""

    def wrong(w: Tensor, x: Tensor, b: Tensor) -> object:
        a = torch.sigmoid(w * x + b)
        return a * (1 + a) * x, a * (1 + a)

    assert marked_in({"sigmoid_neuron_gradient": wrong}, "sigmoid_neuron_gradient", "seed").score == 1
