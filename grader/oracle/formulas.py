"""Formulas whose parts are in doubt: SymPy's trees, worked out with arrays of floats or with what writes code.

Knows sums, products and functions, and how a slip is told. Refuses to know which slips a rule invites.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any, Final

import numpy as np
import sympy
from sympy import Add, Expr, Heaviside, Max, Min, Mul, Pow, Symbol, cos, exp, log, sin, tanh
from sympy.codegen.cfunctions import log1p

from grader.judge.truth import Slip
from grader.oracle.alternatives import Alternatives, combined, doubted
from grader.oracle.graph import Graph, entries


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """What SymPy's functions, powers and numbers are, by their types."""

    of: Mapping[Any, Callable[..., Any]]


NUMERIC: Final = Arithmetic(
    {
        exp: np.exp,
        log: np.log,
        sin: np.sin,
        cos: np.cos,
        tanh: np.tanh,
        log1p: np.log1p,
        Max: lambda *v: np.maximum.reduce(np.broadcast_arrays(*v)),
        Min: lambda *v: np.minimum.reduce(np.broadcast_arrays(*v)),
        Heaviside: lambda v, *_: np.where(v > 0, 1.0, 0.0),
        sympy.Abs: np.abs,
        Pow: np.power,
        sympy.Number: float,
    }
)
"""What a function of SymPy is for arrays."""


@lru_cache(maxsize=65536)
def told(expression: Any) -> str:
    """A formula as a student would type it, without the indices of arrays' entries."""
    return re.sub(r"\[[^\]]*\]", "", str(expression))


@lru_cache(maxsize=65536)
def slope(expression: Any, leaf: Symbol) -> Any:
    """The right derivative of a formula."""
    return sympy.diff(expression, leaf)


def slip(note: str, where: str, **facts: object) -> Slip:
    """A slip in the formula for `where`."""
    return Slip(
        note,
        (
            ("where", "the result" if where == "result" else where),
            *((name, told(fact)) for name, fact in facts.items()),
        ),
    )


def placed(mistake: Slip, *edges: tuple[str, str]) -> Slip:
    """A slip that is made on these edges."""
    return replace(mistake, edges=edges)


@dataclass(frozen=True)
class Formulas:
    """Formulas over symbols with known `numbers`, in an `arithmetic`, with at most so many slips at once."""

    numbers: Mapping[Symbol, Any]
    arithmetic: Arithmetic = NUMERIC
    most: int = 1

    def value(self, e: Any) -> Any:
        """A formula without slips."""
        if isinstance(e, Symbol):
            return self.numbers[e]
        if e.is_Number:
            return self.arithmetic.of[sympy.Number](e)
        parts = [self.value(part) for part in e.args]
        if isinstance(e, Add):
            return sum(parts[1:], parts[0])
        return prod(parts[1:], start=parts[0]) if isinstance(e, Mul) else self.arithmetic.of[e.func](*parts)

    def sure(self, e: Any) -> Alternatives:
        """A formula that nobody gets wrong."""
        return Alternatives(self.value(sympy.sympify(e)))

    def times(self, *parts: Alternatives) -> Alternatives:
        """The product."""
        return combined(lambda *v: prod(v[1:], start=v[0]), parts, self.most)

    def plus(self, parts: Sequence[Alternatives]) -> Alternatives:
        """The sum."""
        return combined(lambda *v: sum(v[1:], v[0]), parts, self.most)

    def slipped(self, number: Alternatives, *slips: tuple[Slip, Alternatives]) -> Alternatives:
        """A number in whose place each slip puts another."""
        for each, instead in slips:
            number = doubted(number, each, instead, self.most)
        return number

    def scaled(self, e: Mul, constants: Sequence[Expr], number: Alternatives, where: str) -> Alternatives:
        """A product: a number times constant factors, each of which may be lost, its sign apart."""
        product = self.times(self.sure(Mul(*constants)), number)
        for constant in constants:
            size = abs(constant) if constant.is_number else constant
            if size == 1:
                continue
            without = self.times(self.sure(Mul(*constants) / size), number)
            lost = slip("missing_factor", where, factor=size)
            if size.is_Rational and size.p == 1:
                note = "sum_for_mean" if any("[" in s.name for s in e.free_symbols) else "missing_division"
                lost = slip(note, where, divisor=size.q)
            product = self.slipped(product, (lost, without))
        return product


def workable(graph: Graph) -> bool:
    """Whether there are formulas, and all are made of what `NUMERIC` has."""
    nodes = (n for e in graph.steps.values() for entry in entries(e) for n in sympy.preorder_traversal(entry))
    return bool(graph.inputs) and all(
        n.func in NUMERIC.of or n.is_Symbol or n.is_Number or n.func in (sympy.Add, sympy.Mul) for n in nodes
    )
