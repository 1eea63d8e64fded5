"""Terms and how they go wrong: the slips in computing a formula forwards.

Knows signs, factors, powers and functions that are lost or exchanged on the way. Refuses to know graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import sympy
from sympy import Add, Expr, Max, Mul, Pow, cos, sin

from grader.judge.truth import EdgeList
from grader.oracle.alternatives import Alternatives, along, combined
from grader.oracle.formulas import Formulas, placed, slip, told

_EXCHANGED = {sin: cos, cos: sin}


def into(step: str, *parts: Expr) -> EdgeList:
    """The edges to a step from the names in parts of its formula."""
    return tuple(sorted({(told(symbol), step) for part in parts for symbol in part.free_symbols}))


@dataclass(frozen=True)
class Algebra(Formulas):
    """Values of formulas whose terms may be lost, exchanged, or of the wrong sign."""

    def term(self, e: Any, where: str) -> Alternatives:
        """The formula of the step `where`, each part of which may go wrong, on the edges from its names."""
        if isinstance(e, sympy.Symbol) or e.is_Number:
            return self.sure(e)
        rule = {Add: self._sum, Mul: self._product, Pow: self._power}.get(e.func, self._function)
        return along(rule(e, where), into(where, e))

    def _sum(self, e: Add, where: str) -> Alternatives:
        terms = [self.term(t, where) for t in e.args]
        total = self.plus(terms)
        names = [told(t) for t in e.args]
        for i, name in enumerate(names):
            if names.count(name) > 1:
                continue
            rest = self.plus(terms[:i] + terms[i + 1 :])
            edges = into(where, e.args[i])
            # Nobody forgets all that is not a number.
            if not all(t.is_Number for t in e.args[:i] + e.args[i + 1 :]):
                total = self.slipped(total, (placed(slip("missing_term", where, term=name), *edges), rest))
            if not e.args[i].could_extract_minus_sign():
                flipped = self.plus([rest, self.times(Alternatives(-1), terms[i])])
                total = self.slipped(total, (placed(slip("wrong_sign", where, term=name), *edges), flipped))
        for (a, one), (b, other) in combinations([(t.as_coeff_Mul()) for t in e.args], 2):
            if a != b and one != other and not (one.is_Number or other.is_Number) and abs(a) != 1 != abs(b):
                exchanged = self.sure(e - a * one - b * other + b * one + a * other)
                mistake = placed(slip("exchanged", where, one=a, other=b), *into(where, one, other))
                total = self.slipped(total, (mistake, exchanged))
        return total

    def _product(self, e: Mul, where: str) -> Alternatives:
        constants = [f for f in e.args if f.is_Number]
        factors = [f for f in e.args if not f.is_Number]
        number = self.times(*(self.term(f, where) for f in factors))
        below = [f for f in factors if isinstance(f, Pow) and f.exp == -1]
        if len(below) == 1 and len(factors) == 2:
            upside = self.sure(Mul(*constants) / Mul(*factors))
            number = self.slipped(number, (slip("upside_down", where, term=Mul(*factors)), upside))
        if not constants:
            return number
        product = self.scaled(e, constants, number, where)
        if e.could_extract_minus_sign():
            flipped = self.times(Alternatives(-1), self.sure(e))
            product = self.slipped(product, (slip("wrong_sign", where, term=e), flipped))
        return product

    def _power(self, e: Pow, where: str) -> Alternatives:
        base, n = e.args
        inner = self.term(base, where)
        power = self.arithmetic.of[Pow]
        right = combined(lambda v: power(v, self.value(n)), [inner], self.most)
        if not n.is_Number:
            return right
        return self.slipped(right, (slip("missing_power", where, term=e, base=base), inner))

    def _function(self, e: Expr, where: str) -> Alternatives:
        parts = [self.term(part, where) for part in e.args]
        right = combined(self.arithmetic.of[e.func], parts, self.most)
        if isinstance(e, Max) and sympy.S.Zero in e.args:
            inside = next(part for a, part in zip(e.args, parts, strict=True) if a != 0)
            flipped = combined(lambda v: self.arithmetic.of[Max](0 * v, -v), [inside], self.most)
            negative = combined(lambda v: -self.arithmetic.of[Max](0 * v, -v), [inside], self.most)
            return self.slipped(
                right,
                (slip("missing_function", where, term=e), inside),
                (slip("wrong_sign", where, term=f"what {told(e)} is taken of"), flipped),
                (slip("exchanged_function", where, term=e, theirs="min"), negative),
            )
        if len(parts) != 1:
            return right
        right = self.slipped(right, (slip("missing_function", where, term=e), parts[0]))
        other = _EXCHANGED.get(e.func)
        if other:
            exchanged = combined(self.arithmetic.of[other], parts, self.most)
            right = self.slipped(right, (slip("exchanged_function", where, term=e, theirs=other.__name__), exchanged))
        return right
