"""Formulas in a floating-point type: what a way of writing costs, with every rounding and every overflow.

Knows that a computer takes one operation at a time, forward, and backward as autograd does. Refuses to know
what is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy
from sympy import Expr, ImmutableDenseNDimArray, Symbol

from grader.oracle.graph import Graph, Variable, entries, name_of, shape_of
from grader.protocol.messages import Array


@dataclass(frozen=True, eq=False)
class Forms:
    """A formula `as_written`, the same in a form that is `stable`, and what both are drawn over.

    `axis` is an expression in the inputs, after what people call it. `half` is a form that cures one half of it.
    """

    as_written: Graph
    stable: Graph
    axis: tuple[str, Expr]
    half: Graph | None = None

    @property
    def uncured(self) -> dict[str, Graph]:
        """The forms that fail, by the note of who writes so."""
        return {"as_written": self.as_written} | ({"half_cure": self.half} if self.half else {})


@cache
def ending(graph: Graph, output: Variable) -> tuple[Graph, Symbol]:
    """The graph with the scalar that is differentiated: the output, or its first entry."""
    if not shape_of(output):
        return graph, output
    first = Symbol("first", real=True)
    return Graph(graph.inputs, {**graph.steps, first: entries(output)[0]}), first


def pulled_back(graph: Graph, output: Variable, argument: str | None) -> tuple[Graph, str]:
    """The graph in which a quantity is a step, and that step's name: `output`, or its gradient in `argument`."""
    if argument is None:
        return graph, name_of(output)
    graph, scalar = ending(graph, output)
    return graph.backward(scalar), f"d{name_of(scalar)}_d{argument}"


@cache
def elementary(graph: Graph) -> Graph:
    """The same graph with a step for every operation, as autograd records it."""
    steps: dict[Variable, Any] = {}
    known: dict[Expr, Expr] = {}

    def taken_apart(expression: Expr) -> Expr:
        if expression.is_Atom:
            return expression
        if expression not in known:
            known[expression] = Symbol(f"operation{len(known)}", real=True)
            steps[known[expression]] = expression.func(*map(taken_apart, expression.args))
        return known[expression]

    for variable, expression in graph.steps.items():
        parts = [taken_apart(e) for e in entries(expression)]
        shape = shape_of(variable)
        steps[variable] = ImmutableDenseNDimArray(parts, shape) if shape else parts[0]
    return Graph(graph.inputs, steps)


def breaking(graph: Graph, inputs: Mapping[str, Array], dtype: str) -> tuple[str, ...]:
    """For each point the first operation of an elementary graph that is not finite, as a formula; "" for none."""
    formulas: dict[Symbol, Expr] = {}
    found = [""] * len(next(iter(inputs.values())))
    for variable, expression in graph.steps.items():
        for symbol, entry in zip(entries(variable), entries(expression), strict=True):
            formulas[symbol] = entry.xreplace(formulas)
        results = computed(graph, name_of(variable), inputs, dtype).reshape(len(found), -1)
        for point in np.flatnonzero(~np.isfinite(results).all(axis=1)):
            place = int(np.flatnonzero(~np.isfinite(results[point]))[0])
            found[point] = found[point] or str(formulas[entries(variable)[place]])
    return tuple(found)


def computed(graph: Graph, wanted: str, inputs: Mapping[str, Array], dtype: str) -> Array:
    """The step called `wanted` at every point, (points, *shape), each operation in `dtype` by NumPy.

    `inputs` are (points, *shape). What overflows is infinite, and what has no value is nan.
    """
    points = len(next(iter(inputs.values())))
    values: dict[Symbol, Array] = {}
    for variable in graph.inputs:
        columns = inputs[name_of(variable)].reshape(points, -1).T.astype(dtype)
        values |= zip(entries(variable), columns, strict=True)
    for variable, expression in graph.steps.items():
        for symbol, entry in zip(entries(variable), entries(expression), strict=True):
            used = tuple(sorted(entry.free_symbols, key=str))
            with np.errstate(all="ignore"):
                found = np.asarray(_compile(used, entry)(*(values[s] for s in used)))
            # NumPy's own constants are of float64.
            values[symbol] = np.broadcast_to(found.astype(dtype), points)
        if name_of(variable) == wanted:
            break
    shape = shape_of(graph.variables[wanted])
    columns = np.stack([values[s] for s in entries(graph.variables[wanted])], axis=-1)
    return columns.astype(np.float64).reshape(points, *shape)


@cache
def _compile(symbols: tuple[Symbol, ...], expression: Expr) -> Callable[..., Any]:
    modules = [{"Heaviside": np.heaviside}, "numpy"]
    program: Callable[..., Any] = sympy.lambdify(symbols, expression, modules=modules)
    return program
