"""Checks at other lengths and uses of arguments than a question's own: demands beside it.

Knows a few functions of a vector of any length. Refuses to know how stable they are.
"""

from __future__ import annotations

from sympy import Array, Expr, Integer, diff, exp, log, symbols

from grader.oracle.checks import ValueCheck
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, array, entries
from grader.oracle.problem import Problem
from grader.protocol import messages

x, y, z, variance, mean = symbols("x y z variance mean", real=True)


def unused(expression: Expr) -> ValueCheck:
    """`gradients` of a function of x and y that does not use y."""
    dz_dx, dz_dy = symbols("dz_dx dz_dy", real=True)
    graph = Graph((x, y), {dz_dx: diff(expression, x), dz_dy: Integer(0)})
    function = messages.Function(("x", "y"), str(expression))
    return ValueCheck(Problem(graph, Domain(), (function, "x", "y")), ("dz_dx", "dz_dy"))


def of_length(graph: Graph, step: str) -> ValueCheck:
    """A function of a vector of another length."""
    return ValueCheck(Problem(graph, Domain(default=(-3.0, 3.0)), ("x",)), step)


def logsumexp_of(length: int) -> ValueCheck:
    """`stable_logsumexp` of so many numbers."""
    x = array("x", length)
    return of_length(Graph((x,), {z: log(sum(exp(e) for e in entries(x)))}), "z")


def softmax_of(length: int) -> ValueCheck:
    """`stable_softmax` of so many numbers."""
    x = array("x", length)
    shares = Array([exp(e) / sum(exp(other) for other in entries(x)) for e in entries(x)])
    return of_length(Graph((x,), {array("result", length): shares}), "result")


def variance_of(length: int) -> ValueCheck:
    """`stable_variance` of so many numbers."""
    x = array("x", length)
    steps = {mean: sum(entries(x)) / length, variance: sum((e - mean) ** 2 for e in entries(x)) / length}
    return of_length(Graph((x,), steps), "variance")
