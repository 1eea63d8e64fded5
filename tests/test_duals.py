"""Dual numbers differentiate every function and every operation as mpmath does, by differences."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from sympy import Abs, Expr, Max, Min, Symbol, cos, exp, log, sin, sqrt, symbols, tanh
from sympy.codegen.cfunctions import log1p

from grader.oracle.balls import ball, nearest
from grader.oracle.duals import Dual, slopes
from grader.oracle.graph import MPMATH, Graph, array, entries

x, y, f = symbols("x y f", real=True)

FORMULAS = [
    *(function(x) for function in (exp, log, sin, cos, tanh, sqrt, log1p)),
    *(Abs(x - 3), Max(x, y), Min(x, y), Max(0, x - y), Max(0, y - x)),
    *(x + y, x - y, 2 - x, x * y, x / y, 3 / x, -x, x**3, x**-2, (x - y) ** 3, x / 8 + y),
    1 / (1 + exp(-x * y)),
]


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
@pytest.mark.parametrize("name", ["x", "y"])
def test_a_slope_is_that_of_differences(formula: Expr, name: str) -> None:
    graph = Graph((x, y), {f: formula})
    at = {"x": 0.375, "y": 1.25}
    with ctx.workprec(200), mpmath.workdps(60):
        found = nearest(slopes(graph, {n: ball(v) for n, v in at.items()}, "f", name))

        def along(value: Any) -> Any:
            return graph.values({**{n: mpmath.mpf(v) for n, v in at.items()}, name: value}, MPMATH)["f"]

        assert found == pytest.approx(float(mpmath.diff(along, at[name])), rel=1e-12, abs=1e-12)


def test_a_gradient_has_the_shape_of_its_variable() -> None:
    matrix, total = array("X", 2, 3), Symbol("total", real=True)
    graph = Graph((matrix,), {total: sum((i + 1) * e**2 for i, e in enumerate(entries(matrix)))})
    found = nearest(slopes(graph, {"X": ball(np.array([[1.0, 2, 3], [4, 5, 6]]))}, "total", "X"))
    assert found.tolist() == [[2, 8, 18], [32, 50, 72]]


def test_a_step_can_be_moved_as_an_input_is() -> None:
    u = Symbol("u", real=True)
    graph = Graph((x,), {u: x**2, f: 3 * u + x})
    point = {"x": ball(2.0), "u": ball(4.0)}
    assert nearest(slopes(graph, point, "f", "u")) == 3
    assert nearest(slopes(graph, {"x": ball(2.0)}, "f", "x")) == 13


@pytest.mark.parametrize(
    "operation",
    [
        lambda v: v + 1,
        lambda v: 1 + v,
        lambda v: v - 1,
        lambda v: 1 - v,
        lambda v: 3 * v,
        lambda v: v * arb(3),
        lambda v: 1 / v,
        lambda v: v / 4,
        lambda v: -v,
    ],
)
def test_constants_on_either_side_do_not_change(operation: Callable[[Any], Any]) -> None:
    moved = operation(Dual(arb(2), arb(1)))
    step = 2.0**-20
    difference = (float(operation(2 + step)) - float(operation(2 - step))) / (2 * step)
    assert float(moved.slope) == pytest.approx(difference, rel=1e-6)
    assert float(moved.value) == float(operation(2.0))
