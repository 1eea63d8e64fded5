"""Derivatives and how they go wrong: each rule of calculus, and how it is commonly misremembered.

Knows the rules of differentiation on SymPy's trees. Refuses to know graphs and paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sympy
from sympy import Add, Expr, Heaviside, Max, Mul, Pow, Symbol, cos, exp, log, sin, tanh

from grader.oracle.alternatives import Alternatives, combined
from grader.oracle.confusions import sigmoid_of
from grader.oracle.formulas import Formulas, slip, slope, told


@dataclass(frozen=True)
class Calculus(Formulas):
    """Derivatives of formulas."""

    def derivative(self, e: Any, leaf: Symbol, where: str) -> Alternatives:
        """The derivative of a formula in `leaf`, by the rules, each of which may be misremembered."""
        if leaf not in e.free_symbols:
            return Alternatives(0)
        if e == leaf:
            return Alternatives(1)
        inside = sigmoid_of(e)
        if inside is not None:
            return self._sigmoid(e, inside, leaf, where)
        rule = {Add: self._sum, Mul: self._product, Pow: self._power, Max: self._kink}.get(e.func)
        if rule:
            return rule(e, leaf, where)
        if e.func in (exp, log, sin, cos, tanh):
            return self._function(e, leaf, where)
        return self.sure(slope(e, leaf))

    def _sum(self, e: Add, leaf: Symbol, where: str) -> Alternatives:
        terms = [t for t in e.args if leaf in t.free_symbols]
        slopes = [self.derivative(t, leaf, where) for t in terms]
        total = self.plus(slopes)
        names = [told(t) for t in terms]
        for i, term in enumerate(terms):
            if len(terms) == 1 or names.count(names[i]) > 1:
                continue
            rest = self.plus(slopes[:i] + slopes[i + 1 :])
            flipped = self.plus([rest, self.times(Alternatives(-1), slopes[i])])
            total = self.slipped(
                total,
                (slip("missing_term", where, term=f"({told(term)})′ = {told(slope(term, leaf))}"), rest),
                (slip("wrong_sign", where, term=f"({told(term)})′"), flipped),
            )
        total = self._in_every(slopes, where, total)
        straight = {i for i, term in enumerate(terms) if slope(term, leaf).is_number and term != leaf}
        for i in straight if len(terms) > 1 else ():
            mistake = slip("value_for_gradient", where, term=terms[i])
            total = self.slipped(total, (mistake, self.plus([*slopes[:i], self.sure(terms[i]), *slopes[i + 1 :]])))
        if straight:
            unreduced = frozenset([slip("exponent_not_reduced", where)])
            powers = [
                Alternatives(one.right, {unreduced: self.value(term)}) if i in straight else one
                for i, (term, one) in enumerate(zip(terms, slopes, strict=True))
            ]
            total = self._in_every(powers, where, total, of="the first power too")
        for constant in (t for t in e.args if t.is_Number):
            kept = self.plus([total, self.sure(constant)])
            total = self.slipped(total, (slip("constant_kept", where, term=constant), kept))
        return total

    def _in_every(
        self, slopes: Sequence[Alternatives], where: str, total: Alternatives, of: str = "powers"
    ) -> Alternatives:
        """The sum with one and the same rule misremembered in every term that has it: those `of` some kind."""
        if self.most > 1:
            return total
        for note, everywhere in _EVERYWHERE.items():
            wrong = [
                next((v for s, v in one.wrong.items() if {each.note for each in s} == {note}), None) for one in slopes
            ]
            if sum(v is not None for v in wrong) > 1:
                parts = [one.right if v is None else v for one, v in zip(slopes, wrong, strict=True)]
                total = self.slipped(total, (slip(everywhere, where, of=of), Alternatives(sum(parts[1:], parts[0]))))
        return total

    def _product(self, e: Mul, leaf: Symbol, where: str) -> Alternatives:
        factors = [f for f in e.args if leaf in f.free_symbols]
        below = [f for f in factors if isinstance(f, Pow) and f.exp.is_negative]
        above = [f for f in factors if f not in below]
        if above and below:
            found = self._quotient(Mul(*above), 1 / Mul(*below), leaf, where)
        elif len(factors) > 1:
            found = self._factors(factors, leaf, where)
        else:
            found = self.derivative(factors[0], leaf, where)
        constants = [f for f in e.args if leaf not in f.free_symbols]
        return self.scaled(e, constants, found, where) if constants else found

    def _factors(self, factors: Sequence[Expr], leaf: Symbol, where: str) -> Alternatives:
        """The product rule."""
        slopes = [self.derivative(f, leaf, where) for f in factors]
        others = [self.sure(Mul(*factors[:i], *factors[i + 1 :])) for i in range(len(factors))]
        terms = [self.times(d, o) for d, o in zip(slopes, others, strict=True)]
        total, whole = self.plus(terms), Mul(*factors)
        for i, factor in enumerate(factors):
            rest = self.plus(terms[:i] + terms[i + 1 :])
            missing = slope(factor, leaf) * whole / factor
            total = self.slipped(total, (slip("product_rule", where, term=whole, missing=missing), rest))
        return self.slipped(total, (slip("product_of_slopes", where, term=whole), self.times(*slopes)))

    def _quotient(self, above: Expr, below: Expr, leaf: Symbol, where: str) -> Alternatives:
        """(u′v − uv′) / v²."""
        u, v = self.sure(above), self.sure(below)
        first = self.times(self.derivative(above, leaf, where), v)
        second = self.times(u, self.derivative(below, leaf, where))
        square = self.sure(1 / below**2)
        minus = self.times(Alternatives(-1), second)
        right = self.times(self.plus([first, minus]), square)
        whole = above / below
        name = {"term": told(whole), "above": told(above), "below": told(below)}
        once = self.times(self.plus([first, minus]), self.sure(1 / below))
        return self.slipped(
            right,
            (slip("quotient_rule", where, **name, what="one of its two terms is missing"), self.times(first, square)),
            (slip("quotient_rule", where, **name, what="u′v is missing"), self.times(minus, square)),
            (
                slip("quotient_rule", where, **name, what="its two terms are added"),
                self.times(self.plus([first, second]), square),
            ),
            (slip("quotient_rule", where, **name, what="the denominator is not squared"), once),
        )

    def _power(self, e: Pow, leaf: Symbol, where: str) -> Alternatives:
        base, n = e.base, e.exp
        if leaf in n.free_symbols:
            return self.sure(slope(e, leaf))
        inner = self.derivative(base, leaf, where)
        outer = self.times(self.sure(n), self.sure(base ** (n - 1)))
        right = slope(e, leaf)
        kept = slip("exponent_not_reduced", where, term=e, right=right), self.times(self.sure(n * e), inner)
        lost = slip("exponent_lost", where, term=e, right=right), self.times(self.sure(base ** (n - 1)), inner)
        slips = [kept] if n == -1 else [kept, lost]
        if n.is_Integer:
            theirs, whole = (
                ("ln u", log(base)) if n == -1 else ("uⁿ⁺¹/(n + 1), the integral", base ** (n + 1) / (n + 1))
            )
            rule = "(1/u)′ = −1/u²" if n == -1 else "(uⁿ)′ = n uⁿ⁻¹"
            integral = self.times(self.sure(whole), inner)
            slips.append((slip("wrong_rule", where, rule=rule, theirs=theirs), integral))
        if n.is_Integer and n > 2:
            lowered = self.times(self.sure((n - 1) * base ** (n - 1)), inner)
            slips.append((slip("wrong_rule", where, rule="(uⁿ)′ = n uⁿ⁻¹", theirs="(n − 1) uⁿ⁻¹"), lowered))
        return self.slipped(self._chained(e, outer, base, inner, leaf, where), *slips)

    def _chained(
        self, e: Expr, outer: Alternatives, inside: Expr, inner: Alternatives, leaf: Symbol, where: str
    ) -> Alternatives:
        """Outer times inner derivative."""
        right = self.times(outer, inner)
        if inside == leaf:
            return right
        factor = slope(inside, leaf)
        without = slip("inner_derivative", where, term=e, inner=inside, factor=factor)
        lost = slip("missing_outer", where, term=e)
        added = slip("wrong_operation", where, theirs="a sum", right=f"the product of the derivatives in {told(e)}")
        slips = [] if factor == 1 else [(without, outer), (added, self.plus([outer, inner]))]
        for part in factor.args if isinstance(factor, Add) else ():
            left = factor - part
            read = slip("brackets", where, term=f"({told(factor)}) f", theirs=f"{told(left)} + ({told(part)}) f")
            slips.append((read, self.plus([self.sure(left), self.times(outer, self.sure(part))])))
        return self.slipped(right, *slips, (lost, inner))

    def _function(self, e: Expr, leaf: Symbol, where: str) -> Alternatives:
        """Functions of one argument."""
        (inside,) = e.args
        inner = self.derivative(inside, leaf, where)
        outer = self.sure(e.func(_U).diff(_U).subs(_U, inside))
        right = self._chained(e, outer, inside, inner, leaf, where)
        for rule, theirs, instead in _MISREMEMBERED[e.func](inside):
            wrong = self.times(self.sure(instead), inner)
            right = self.slipped(right, (slip("wrong_rule", where, rule=rule, theirs=theirs), wrong))
        if inside != leaf:
            rule, name = f"{told(e.func)}(u)′ = {told(e.func)}′(u) u′", told(e.func)
            within = combined(self.arithmetic.of[e.func], [inner], self.most)
            right = self.slipped(right, (slip("wrong_rule", where, rule=rule, theirs=f"{name}(u′)"), within))
        return right

    def _sigmoid(self, e: Expr, inside: Expr, leaf: Symbol, where: str) -> Alternatives:
        inner = self.derivative(inside, leaf, where)
        right = self._chained(e, self.sure(e * (1 - e)), inside, inner, leaf, where)
        output = 1 / (1 + exp(-e))
        rule = "σ′ = σ (1 − σ)"
        for theirs, instead in (
            ("σ alone: the factor (1 − σ) is missing", e),
            ("1 − σ alone: the factor σ is missing", 1 - e),
            ("σ (1 + σ)", e * (1 + e)),
            ("taken at the output, as if σ were applied twice", output * (1 - output)),
            ("1 − σ², the slope of tanh", 1 - e**2),
            ("u (1 − u) of the sum u that σ is applied to", inside * (1 - inside)),
        ):
            wrong = self.times(self.sure(instead), inner)
            right = self.slipped(right, (slip("wrong_rule", where, rule=rule, theirs=theirs), wrong))
        return right

    def _kink(self, e: Max, leaf: Symbol, where: str) -> Alternatives:
        """max(0, u): the gradient passes where u > 0."""
        inside = next((a for a in e.args if leaf in a.free_symbols), e)
        if len(e.args) != 2 or sympy.S.Zero not in e.args:
            return self.sure(slope(e, leaf))
        inner = self.derivative(inside, leaf, where)
        gate = Alternatives(self.arithmetic.of[Heaviside](self.value(inside)))
        closed = combined(lambda g: 1 - g, [gate], 1)
        rule = f"max(0, {told(inside)})′ is 1 where {told(inside)} > 0, and 0 elsewhere"
        return self.slipped(
            self.times(gate, inner),
            (slip("wrong_rule", where, rule=rule, theirs="1 everywhere"), inner),
            (slip("wrong_rule", where, rule=rule, theirs="the other way round"), self.times(closed, inner)),
        )


_EVERYWHERE: Final = {
    "exponent_not_reduced": "exponent_not_reduced_anywhere",
    "exponent_lost": "exponent_lost_anywhere",
}
"""The rules that are misremembered in every term, if in one; with the notes of it."""
_U: Final = Symbol("u", real=True)
_MISREMEMBERED: Final[Mapping[Any, Callable[[Expr], tuple[tuple[str, str, Expr], ...]]]] = {
    exp: lambda u: (("exp′ = exp", "the power rule, u exp(u − 1)", u * exp(u - 1)),),
    log: lambda u: (("ln′(u) = 1/u", "ln(u)", log(u)), ("ln′(u) = 1/u", "1/ln(u)", 1 / log(u))),
    sin: lambda u: (("sin′ = cos", "−cos", -cos(u)), ("sin′ = cos", "sin", sin(u))),
    cos: lambda u: (("cos′ = −sin", "sin", sin(u)), ("cos′ = −sin", "cos", cos(u))),
    tanh: lambda u: (
        ("tanh′ = 1 − tanh²", "1 + tanh²", 1 + tanh(u) ** 2),
        ("tanh′ = 1 − tanh²", "1 − tanh", 1 - tanh(u)),
        ("tanh′ = 1 − tanh²", "tanh", tanh(u)),
        ("tanh′ = 1 − tanh²", "tanh (1 − tanh), the slope of σ", tanh(u) * (1 - tanh(u))),
        ("tanh′ = 1 − tanh²", "tanh²", tanh(u) ** 2),
        ("tanh′ = 1 − tanh²", "that of the output, as if tanh were applied twice", 1 - tanh(tanh(u)) ** 2),
        ("tanh′ = 1 − tanh²", "1 − u² of what tanh is applied to", 1 - u**2),
    ),
}
"""By function: the rule, what is taken for it, and what that gives, as functions of the argument."""
