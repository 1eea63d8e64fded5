"""Which of an answer's requirements hold is told, on the page and by `check`, where some do and others do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from observed import QUESTIONS

from grader.judge.model import Mark
from grader.judge.requirements import Requirement, united
from grader.judge.source import Source
from grader.pages.panels import panel
from grader.pages.sentences import requirements
from grader.student.caller import Caller
from grader.student.feedback import line
from grader.student.public import checked


def marked_by(name: str, function: Callable[..., Any]) -> Mark:
    """The mark of an answer, at the public points."""
    return checked(QUESTIONS[name], Caller({name: function}, Source((f"def {name}():\n    return 1",))))


def copied(array: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """The right values, and no memory shared."""
    tensor = torch.tensor(array)
    return tensor, tensor.numpy().copy()


def twice(function: Callable[..., torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The second slope is twice what it should be."""
    own = [v.detach().clone().requires_grad_() for v in (x, y)]
    one, other = torch.autograd.grad(function(*own), own, allow_unused=True, materialize_grads=True)
    return one, 2 * other


def marking(function: Callable[..., torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Right, and the arguments are marked."""
    return torch.autograd.grad(
        function(x.requires_grad_(), y.requires_grad_()), (x, y), allow_unused=True, materialize_grads=True
    )


@pytest.mark.parametrize(
    ("name", "function", "score", "said"),
    [
        ("extremes", lambda x: (x.max(), x.mean()), 0.5, "2 of 3 hold: ✓ largest, ✗ smallest, ✓ autograd's gradient"),
        (
            "extremes",
            lambda x: (x.max().detach(), x.mean().detach()),
            0.25,
            "1 of 3 hold: ✓ largest, ✗ smallest, ✗ autograd's gradient",
        ),
        (
            "extremes",
            lambda x: (x.max().detach(), x.min().detach()),
            0.5,
            "2 of 3 hold: ✓ largest, ✓ smallest, ✗ autograd's gradient",
        ),
        (
            "flat_view",
            lambda x: x.flatten().clone(),
            1.0,
            "2 of 3 hold: ✓ flat_view, ✓ autograd's gradient, ✗ a view of the input",
        ),
        ("numpy_round_trip", copied, 1.0, "2 of 3 hold: ✓ the tensor, ✓ the array, ✗ a view of the input"),
        ("gradients", twice, 1.0, "1 of 2 hold: ✓ dz/dx, ✗ dz/dy"),
        ("gradients", marking, 1.5, "2 of 3 hold: ✓ dz/dx, ✓ dz/dy, ✗ arguments' requires_grad left as it was"),
        ("extremes", lambda x: (x.max(), x.min()), 1.0, ""),
    ],
)
def test_what_holds_is_told(name: str, function: Callable[..., Any], score: float, said: str) -> None:
    mark = marked_by(name, function)
    assert (mark.score, requirements(mark.verdict)) == (score, said)


def test_it_stands_on_the_page_and_in_check() -> None:
    mark = marked_by("gradients", twice)
    said = requirements(mark.verdict)
    assert panel(mark).requirements == said
    assert line(mark).splitlines()[1].strip() == said


def test_what_several_checks_require_holds_where_all_say_so() -> None:
    found = [[Requirement("y", True), Requirement("x", None)], [Requirement("y", False), Requirement("x", True)]]
    assert united(one for each in found for one in each) == (Requirement("y", False), Requirement("x", True))
