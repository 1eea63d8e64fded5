"""Marking step by step: one slip costs its own step and nothing that follows rightly from it."""

from collections.abc import Callable

import numpy as np
import pytest
from observed import leaf, marked, posed, seen

from grader.judge.model import Mark, Status
from grader.judge.roles import Replies
from grader.judge.truth import GradientTruth, StepsTruth
from grader.pages.sentences import message, remarks
from grader.protocol.messages import Missing, Reply

Own = dict[str, float]


def chain_backward(own: Own, at: dict[str, float], slip: str = "") -> Own:
    """A student's backward pass of tanh_log, written from the student's own values, with a slip."""
    b, a, d, e = at["b"], at["a"], at["d"], at["e"]
    own["df_de"] = (1 + np.tanh(e) ** 2) if slip == "tanh" else (1 - np.tanh(e) ** 2)
    own["df_dd"] = own["df_de"] / (d + 1)
    own["df_dc"] = own["df_dd"] * at["z"]
    own["df_db"] = own["df_dc"] * (a / b**2 if slip == "sign" else -a / b**2)
    own["df_da"] = own["df_dc"] / b
    own["df_dx"] = own["df_da"] * 2
    own["df_dy"] = own["df_db"] * np.cos(at["y"])
    own["df_dz"] = own["df_dd"] * at["c"]
    return own


def judged(student: Callable[[dict[str, float]], Own]) -> Mark:
    _, trials = posed("tanh_log_backward")
    truth = next(t.truth for t in trials if t.asks.answer)
    assert isinstance(truth, StepsTruth)
    reply: Reply = tuple(
        seen({k: leaf(v) for k, v in student({n: float(v) for n, v in p.expected.items()}).items()})
        for p in truth.points
    )
    not_there = (Missing(),) * len(reply)
    return marked("tanh_log_backward", Replies(reply, (not_there,), reply))


def test_all_right() -> None:
    mark = judged(lambda at: chain_backward({}, at))
    assert (mark.score, mark.verdict.status) == (4.0, Status.PASS)


def test_one_slip_costs_its_own_step_only() -> None:
    mark = judged(lambda at: chain_backward({}, at, "sign"))
    assert mark.score == 3.5
    assert mark.verdict.note == "wrong_flow"
    assert message(mark.verdict).startswith("df_db at (x = ")
    assert "(the sign is flipped at every point)" in message(mark.verdict)
    assert message(mark.verdict).endswith("(7 of 8 steps are right.)")
    assert remarks(mark.verdict) == ("df_dy: follows rightly from your own df_db, and counts as right.",)


def test_a_slip_at_the_start_is_carried_through_all_that_follows() -> None:
    mark = judged(lambda at: chain_backward({}, at, "tanh"))
    assert mark.score == 3.5
    assert len(mark.verdict.remarks) == 7


def test_a_step_right_in_itself_after_a_wrong_one_counts() -> None:
    def mixed(at: dict[str, float]) -> Own:
        return {**chain_backward({}, at), "df_db": 99.0}

    mark = judged(mixed)
    assert mark.score == 3.5


@pytest.mark.parametrize("constant", [0.0, 1.0, 1e300, 1e-300])
def test_constants_earn_nothing(constant: float) -> None:
    keys = chain_backward({}, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "x": 1, "y": 1, "z": 1})
    assert judged(lambda _: dict.fromkeys(keys, constant)).score == 0


def test_a_missing_step_is_named_and_the_rest_counts() -> None:
    def partial(at: dict[str, float]) -> Own:
        own = chain_backward({}, at)
        del own["df_dz"]
        return own

    mark = judged(partial)
    assert mark.score == 3.5
    assert mark.verdict.note == "missing_key"
    assert "no entry 'df_dz'" in message(mark.verdict)


def test_the_derivative_in_terms_of_a_wrong_output_follows_too() -> None:
    """ds/da = ds/db * b with one's own b is as right as ds/db * exp(a)."""

    def student(at: dict[str, float]) -> Own:
        own = {"a": at["a"], "b": 2 * at["b"]}
        own["c"] = 1 + own["b"]
        own["s"] = 1 / own["c"]
        own["ds_dc"] = -(own["s"] ** 2)
        own["ds_db"] = own["ds_dc"]
        own["ds_da"] = own["ds_db"] * own["b"]
        own["ds_dx"] = -own["ds_da"]
        return own

    _, trials = posed("sigmoid_backward")
    truth = next(t.truth for t in trials if t.asks.answer)
    assert isinstance(truth, StepsTruth)
    reply: Reply = tuple(
        seen({k: leaf(v) for k, v in student({n: float(v) for n, v in p.expected.items()}).items()})
        for p in truth.points
    )
    mark = marked("sigmoid_backward", Replies(reply, coarse=reply))
    assert mark.score == pytest.approx(3 * 7 / 8, abs=0.01)


def test_a_gradient_on_ones_own_wrong_forward_pass_counts() -> None:
    """lab 5: `backward` is judged from the values of the student's own `forward`."""
    _, trials = posed("backward")
    truth = next(t.truth for t in trials if t.asks.answer)
    assert isinstance(truth, StepsTruth)
    forwards, backwards = [], []
    for point in truth.points:
        at = {n: float(v) for n, v in point.expected.items()}
        own = {n: at[n] for n in ("z_h1", "z_h2", "h1", "h2", "o1", "o2", "E1", "E2", "E")}
        own["o1"] = at["o1"] + 1
        slopes = {n: at[n] for n in truth.keys}
        slopes["dE_do1"] = own["o1"] - at["t1"]
        slopes |= {"dE_dw5": slopes["dE_do1"] * at["h1"], "dE_dw6": slopes["dE_do1"] * at["h2"]}
        slopes["dE_db_o1"] = slopes["dE_do1"]
        forwards.append(seen({k: leaf(v) for k, v in own.items()}))
        backwards.append(seen({k: leaf(v) for k, v in slopes.items()}))
    reply: Reply = tuple(backwards)
    assert marked("backward", Replies(reply, (tuple(forwards),), reply)).score == 8


def test_own_values_outside_the_domain_of_the_next_step_are_no_accident() -> None:
    """d below -1 has no real logarithm: e cannot follow from it, and nothing breaks."""
    _, trials = posed("tanh_log")
    steps, gradients = (t.truth for t in trials)
    assert isinstance(steps, StepsTruth)
    assert isinstance(gradients, GradientTruth)
    reply: Reply = tuple(seen({k: leaf(-3.0 if k == "d" else p.expected[k]) for k in "abcdef"}) for p in steps.points)
    right: Reply = tuple(
        seen({"f": leaf(p.expected["f"])}, gradients={k: leaf(v) for k, v in g.expected.items()})
        for p, g in zip(gradients.values.points, gradients.gradients, strict=True)
    )
    mark = marked("tanh_log", Replies(reply), Replies(right))
    assert mark.score == pytest.approx(2 * (5 / 6 * 6 + 1) / 7, abs=0.01)


def test_a_step_without_a_number_is_wrong_whatever_stands_before_it() -> None:
    """c is not a number anywhere: it follows from no a, right or wrong."""
    _, trials = posed("tanh_log")
    steps = trials[0].truth
    assert isinstance(steps, StepsTruth)
    spoilt = {"a": 1.5, "c": np.nan}
    reply: Reply = tuple(seen({k: leaf(spoilt.get(k, 1.0) * p.expected[k]) for k in "abcdef"}) for p in steps.points)
    nothing: Reply = (Missing(),) * len(reply)
    first, *_ = marked("tanh_log", Replies(reply), Replies(nothing)).verdict.findings
    assert (first.facts.steps_right, first.facts.steps) == (4, 6)
