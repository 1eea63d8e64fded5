"""Balls hold the exact value, are narrowed until one float64 is left, and are rounded to it once."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from sympy import pi, sinh, symbols

from grader.oracle.balls import BALLS, as_written, ball, is_settled, narrowed, nearest
from grader.oracle.graph import Graph, NumberSystem

FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tanh": mpmath.tanh,
    "sqrt": mpmath.sqrt,
    "Abs": abs,
    "sign": mpmath.sign,
}
"""What is in the number system for one argument, as mpmath has it."""


def one(expression: str, **inputs: object) -> float:
    """The float64 of a formula in functions of balls."""
    names = {**BALLS.functions, **{name: ball(value) for name, value in inputs.items()}}
    return float(nearest(narrowed(lambda: {"f": eval(expression, dict(names))})["f"]))


@given(st.fractions(), st.integers(-1100, 1050))
def test_a_number_is_rounded_once_to_the_nearest_float64(number: Fraction, exponent: int) -> None:
    """The smallest ones too, which mpmath rounds twice."""
    exact = number * Fraction(2) ** exponent
    try:
        expected = float(exact)
    except OverflowError:
        expected = float("inf") if exact > 0 else float("-inf")
    found = nearest(narrowed(lambda: {"f": arb(number.numerator) / number.denominator * arb(2) ** exponent})["f"])
    assert found == expected


def test_a_number_below_the_normal_ones_is_not_rounded_twice() -> None:
    """Halfway between two of the smallest numbers, and a hair more: first to 53 bits it would be the half."""
    sum_of_powers = Fraction(2) ** -1074 + Fraction(2) ** -1075 + Fraction(2) ** -1140
    assert nearest(as_written(sum_of_powers)) == 2 * 5e-324


@pytest.mark.parametrize(("name", "function"), FUNCTIONS.items())
@pytest.mark.parametrize("at", [0.375, 2.5, 1e-9, 40.0])
def test_functions_are_those_of_mpmath(name: str, function: object, at: float) -> None:
    with mpmath.workdps(60):
        assert callable(function)
        assert one(f"{name}(x)", x=at) == float(function(mpmath.mpf(at)))


def test_precision_rises_until_it_is_enough() -> None:
    assert one("log(1 + x)", x=5e-324) == 5e-324
    assert one("exp(x) - 1 - x", x=2.0**-200) == 2.0**-401
    used: list[int] = []

    def compute() -> dict[str, arb]:
        used.append(ctx.prec)
        return {"f": (1 + arb(5e-324)).log()}

    narrowed(compute)
    assert used == [128, 512, 2048]


def test_what_lies_in_the_middle_but_for_what_no_precision_sees_goes_to_the_even_one() -> None:
    near = narrowed(lambda: {"f": 1 + arb(2) ** -53 + (-(arb(10) ** 30)).exp()})["f"]
    assert not is_settled(near)
    assert nearest(near) == 1.0


def test_what_is_not_real_is_nan() -> None:
    assert np.isnan(one("log(x)", x=-1.0))
    assert np.isnan(one("1 / (x - x)", x=2.0))
    assert np.isinf(one("exp(x)", x=1e30))
    assert one("exp(-x)", x=1e30) == 0


def test_kinks_are_those_of_torch() -> None:
    assert [one("Heaviside(x)", x=at) for at in (-1.0, 0.0, 2.0)] == [0, 0, 1]
    assert one("Max(x, 1, y)", x=3.0, y=2.0) == 3
    assert one("Min(x, 1, y)", x=3.0, y=2.0) == 1
    with ctx.workprec(64):
        unknown = BALLS.functions["Heaviside"](arb(0, 1))
    assert unknown.contains(0)
    assert unknown.contains(1)


def test_decimal_numbers_are_taken_as_they_are_written() -> None:
    with ctx.workprec(100):
        tenth, third = as_written(np.array([0.1, "0.3"], dtype=object))
        assert (tenth * 3 - third).contains(0)
        assert not (ball(0.1) * 3 - as_written("0.3")).contains(0)


def test_constants_are_whole_or_binary() -> None:
    assert nearest(BALLS.functions["mpf"]((1, 3, -2, 2))) == -0.75
    assert isinstance(BALLS, NumberSystem)


def test_a_function_that_balls_lack_is_said_instead_of_being_taken_from_elsewhere() -> None:
    x, f = symbols("x f", real=True)
    for formula in (sinh(x), pi * x):
        with pytest.raises(NotImplementedError, match="have no such function"):
            Graph((x,), {f: formula}).values({"x": ball(0.5)}, BALLS)
