"""What lab 4 tells beside its exercises: figures that are computed."""

import math
import re

import mpmath
import pytest
import torch
from sheets import run, sheet, words

from grader.labs.lab4_stability import LAB

TEXT, PROSE = sheet("lab4_stability"), words("lab4_stability")


@pytest.fixture(scope="module")
def told() -> str:
    return run("lab4_stability").told


NAMES = [question.name for question in LAB.questions]


def test_every_exercise_says_how_hard_and_how_important_it_is() -> None:
    dots = "[●]{1,5}[○]{0,4}"
    found = re.findall(rf"points? · about (\d+) minutes · difficulty ({dots}) · importance ({dots})\*", TEXT)
    assert len(found) == len(NAMES)
    assert all(len(some) == 5 for row in found for some in row[1:])
    # Two hours, as the first cell says.
    assert sum(int(minutes) for minutes, *_ in found) == 120
    assert "The exercises take about two hours" in PROSE


def test_the_first_loss_is_lost_after_one_step_and_the_second_learns(told: str) -> None:
    assert "The first is lost after a single step. The second learns." in PROSE
    assert "as written: 1 finite losses of 40" in told
    (least,) = re.findall(r"yours: 40 finite losses of 40, the least ([\d.]+)", told)
    assert float(least) < 0.4 < math.log(2)


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("a maximum with the even choice gives 1", "the slope of v at 0, by max and min: 1.0"),
        ("the toy ends below 8", "toy: eps 0.25, max 7.0, tiny 0.25, least of all 0.0625"),
        ("a step overflows though the result would fit", "sides 3e+25 and 4e+25: length inf"),
        ("a step underflows", "sides 3e-25 and 4e-25: length 0"),
        ("a leaf adds up", "attempt 2, the same leaf:      24.0"),
        ("bfloat16 cannot count past 256", "float16 257          bfloat16 256"),
        ("12 is too much for float16", "float16 inf          bfloat16 162816"),
        ("torch's loss becomes exactly 0", "logit -20.0   torch 0 "),
    ],
)
def test_the_cells_show_what_the_text_says_of_them(told: str, said: str, printed: str) -> None:
    assert printed in told, said


def test_figures_of_the_prose() -> None:
    assert "the derivative of $v^3$ at 2 is 12" in PROSE
    assert mpmath.diff(lambda v: v**3, 2) == 12
    # With 80 digits the formula as written is right, all over the picture.
    assert "With 80 of them even the formula as written is right" in PROSE
    with mpmath.workdps(80):
        value = mpmath.log(1 + mpmath.exp(-80))
    assert abs(value / mpmath.log1p(mpmath.exp(-80)) - 1) < torch.finfo(torch.float64).eps
    # A toy without 8, and squares two million apart.
    assert "$6 + 2$ would need a further power of two" in PROSE
    squared = torch.tensor(4194304.0**2)
    assert (torch.nextafter(squared, 2 * squared) - squared).item() > 1e6


def test_torch_s_own_loss_is_right_but_for_a_rounding_of_the_logit() -> None:
    assert "the absolute error stays around `eps` times $|l|$" in PROSE
    logits = torch.arange(-80.0, -1.0)
    own = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits), reduction="none")
    error = (own.double() - torch.log1p(logits.double().exp())).abs()
    assert (error <= torch.finfo(torch.float32).eps * logits.abs()).all()
