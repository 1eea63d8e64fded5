"""Whether numbers are drawn uniformly and each by itself, by tests that a right draw fails less than once in 10^9.

Knows the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant, which holds for every number of draws:
P(D > e) <= 2 exp(-2 n e^2), D being how far the share below a limit is from that limit at most. Refuses to know who
drew.
"""

from __future__ import annotations

import math

import numpy as np

from grader.judge.findings import Facts, Finding
from grader.protocol.messages import Array

ODDS = 1e-9
"""How often a right draw may be taken for a wrong one, all tests together."""


def unlikely(drawn: Array) -> Finding | None:
    """What is wrong with numbers in [0, 1), (calls, numbers), each of which is to be uniform and drawn by itself.

    If two numbers are, so is their sum, and so their difference, without its whole part. Where one is made from
    another, one of these hardly varies.
    """
    calls, count = drawn.shape
    gap, limit, share = farthest(drawn.reshape(-1, 1))
    if gap > bound(calls * count, 1):
        return Finding("not_uniform", Facts(low=limit, least=share))
    one, other = np.triu_indices(count, 1)
    together = np.concatenate([drawn, drawn[:, one] + drawn[:, other], drawn[:, one] - drawn[:, other]], axis=1) % 1
    if farthest(together)[0] > bound(calls, together.shape[1]):
        return Finding("not_independent")
    return None


def bound(draws: int, tests: int) -> float:
    """How far a share may be off in any of so many tests, half of the odds being theirs."""
    return math.sqrt(math.log(2 * tests / (ODDS / 2)) / (2 * draws))


def farthest(drawn: Array) -> tuple[float, float, float]:
    """Where the share of the numbers below a limit is farthest from it, over all columns: the gap, limit and share."""
    ordered = np.sort(drawn, axis=0)
    draws = len(ordered)
    ranks = np.arange(draws)[:, None] / draws
    above, below = ranks + 1 / draws - ordered, ordered - ranks
    gaps = np.maximum(above, below)
    row, column = np.unravel_index(np.argmax(gaps), gaps.shape)
    limit = float(ordered[row, column])
    share = float(ranks[row, 0] + (1 / draws if above[row, column] >= below[row, column] else 0))
    return float(gaps[row, column]), limit, share
