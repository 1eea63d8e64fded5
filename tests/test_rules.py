"""How an answer may be found is judged by what its calls did, and by nothing else."""

from dataclasses import replace

import pytest
from observed import did, leaf, marked, posed, seen

from grader.judge.model import Mark, Status
from grader.judge.roles import Replies
from grader.judge.truth import ValueTruth
from grader.pages.sentences import message
from grader.protocol.conduct import Conduct, Means
from grader.protocol.messages import Raised, Value


def by_hand(*conducts: Conduct | None, code: str = "") -> Mark:
    """The mark of a right `polynomial_gradient` whose calls did these things, the last one all that follow."""
    (trial,) = (t for t in posed("polynomial_gradient")[1] if t.asks.answer)
    assert isinstance(trial.truth, ValueTruth)
    own = [seen(leaf(p.expected[""])) for p in trial.truth.points]
    some = [*conducts, *conducts[-1:] * len(own)]
    double = tuple(replace(one, conduct=conduct) for one, conduct in zip(own, some, strict=False))
    return marked("polynomial_gradient", Replies(double, coarse=tuple(own)), code=code)


@pytest.mark.parametrize("means", [Means.ENGINE, Means.GRAPH, Means.FORWARD, Means.ALGEBRA, Means.COMPLEX])
def test_what_differentiates_is_no_work_by_hand_if_one_call_did_it(means: Means) -> None:
    mark = by_hand(None, did(means), None)
    assert (mark.score, mark.verdict.note) == (0, "forbidden_method")
    assert "(line 3: y)" in message(mark.verdict)


def test_what_was_called_is_named_with_its_line() -> None:
    said = message(by_hand(did(Means.OPERATION, Means.ENGINE)).verdict)
    assert said.startswith("polynomial_gradient called torch.autograd.grad (line 3: y), but this gradient is to be")


@pytest.mark.parametrize("means", [Means.CALL, Means.OPERATION])
def test_what_is_called_beside_costs_nothing(means: Means) -> None:
    assert by_hand(did(means, name="torch.autograd.grad")).verdict.status is Status.PASS


@pytest.mark.parametrize(
    "code", ["", "import torch\ndef polynomial_gradient(x):\n    return torch.autograd.grad(x, x)"]
)
def test_what_only_stands_in_the_code_costs_nothing(code: str) -> None:
    assert by_hand(Conduct(), code=code).score == 1


def test_shifted_arguments_in_every_call_are_a_difference_and_in_one_a_chance() -> None:
    shifted = did(Means.SHIFTED, name="polynomial")
    assert by_hand(shifted).verdict.note == "finite_differences"
    assert "calls polynomial at shifted points (line 3: y)" in message(by_hand(shifted).verdict)
    assert by_hand(shifted, Conduct()).score == 1


def test_a_call_that_could_not_be_recorded_is_neither_right_nor_wrong() -> None:
    mark = by_hand(replace(Conduct(), disturbed="its recording was switched off"))
    assert (mark.score, mark.verdict.status, mark.verdict.note) == (0, Status.UNGRADED, "not_recorded")
    assert "your instructor is told" in message(mark.verdict)
    assert by_hand(None).verdict.note == "not_recorded"
    assert by_hand(replace(did(Means.ENGINE), disturbed="off")).verdict.note == "forbidden_method"


def test_autograd_that_failed_is_named_for_what_it_is() -> None:
    error = Raised("RuntimeError", "element 0 of tensors does not require grad", conduct=did(Means.ENGINE))
    mark = marked("polynomial_gradient", Replies((error,) * 5, coarse=(error,) * 5))
    assert mark.verdict.note == "forbidden_method"


def test_an_error_that_ended_recording_is_an_error() -> None:
    error = Raised("RecursionError", "too deep", conduct=Conduct(disturbed="its recording was switched off"))
    mark = marked("polynomial_gradient", Replies((error,) * 5, coarse=(error,) * 5))
    assert mark.verdict.note == "raised"


@pytest.mark.parametrize("means", [Means.ENGINE, Means.FORWARD])
def test_autograd_forward_and_back_is_autograd(means: Means) -> None:
    assert ratio(did(means)).verdict.note == "correct"
    assert ratio(Conduct()).verdict.note == "required_method"


def ratio(conduct: Conduct) -> Mark:
    (trial,) = (t for t in posed("ratio_gradient")[1] if t.asks.answer and not t.costs)
    assert isinstance(trial.truth, ValueTruth)
    values = [tuple(map(leaf, p.expected.values())) for p in trial.truth.points]
    return marked("ratio_gradient", Replies(tuple(Value((each,), conduct=conduct) for each in values)))
