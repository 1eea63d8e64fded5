"""Formulas taken for others: a bracket that closes elsewhere, an operation or a function in another's place.

Knows which formulas are written, or remembered, in each other's place. Refuses to know graphs, and values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any, Final, TypeAlias

import sympy
from sympy import Add, Expr, Max, Mul, Pow, Symbol, cos, exp, log, sin, tanh

from grader.judge.truth import Slip
from grader.oracle.formulas import slip, told

Kind: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""The note of a slip with its facts, the place apart."""

Confused: TypeAlias = Iterator[tuple[Kind, Any]]

MANY: Final = 4
"""Sums of more terms are not taken apart: nobody loses a bracket among so many."""


def confused(where: str, formulas: list[Any]) -> Iterator[tuple[Slip, list[Any]]]:
    """The entries of a step with one confusion, made in every entry that invites it."""
    found = [ways(formula) for formula in formulas]
    for kind in dict.fromkeys(kind for each in found for kind in each):
        note, facts = kind
        yield slip(note, where, **dict(facts)), [each.get(kind, f) for each, f in zip(found, formulas, strict=True)]


@lru_cache(maxsize=4096)
def ways(e: Any) -> dict[Kind, Any]:
    """The formulas that one may be taken for, by what happened; what happens to equal terms happens to them all."""
    found: dict[Kind, Any] = {}
    if isinstance(e, Symbol) or e.is_Number:
        return found
    inside = sigmoid_of(e)
    parts = (e if inside is None else inside,) if inside is not None else e.args
    within = [ways(part) for part in parts]
    for kind in dict.fromkeys(kind for each in within for kind in each):
        instead = [each.get(kind, part) for each, part in zip(within, parts, strict=True)]
        found[kind] = sigmoid(instead[0]) if inside is not None else e.func(*instead)
    for kind, instead in own_ways(e, inside):
        if instead != e:
            found.setdefault(kind, instead)
    return found


def own_ways(e: Any, inside: Any) -> Confused:
    """What becomes of the outermost operation."""
    if inside is not None:
        yield from _activation(e, inside)
        yield from _split(e, 1 + exp(-inside), lambda part: 1 / part)
    elif isinstance(e, Add):
        yield from _sum(e)
    elif isinstance(e, Mul):
        yield from _product(e)
    elif isinstance(e, Pow):
        yield from _power(e)
    elif isinstance(e, Max) or e.func is tanh:
        inner = [a for a in e.args if a != 0]
        if len(inner) == 1:
            yield from _activation(e, inner[0])
    else:
        yield from _function(e)


def sigmoid_of(expression: Any) -> Any:
    """The u of 1 / (1 + exp(-u))."""
    if not isinstance(expression, Pow) or expression.exp != -1 or not isinstance(expression.base, Add):
        return None
    one, *rest = expression.base.args
    if one != 1 or len(rest) != 1 or not isinstance(rest[0], exp):
        return None
    return -rest[0].args[0]


def sigmoid(u: Any) -> Any:
    """σ of a formula."""
    return 1 / (1 + exp(-u))


def kind_of(note: str, **facts: object) -> Kind:
    """A note with its facts in words."""
    return note, tuple((name, told(fact)) for name, fact in facts.items())


def _activation(e: Any, u: Any) -> Confused:
    """One activation for another, or none."""
    others = {"σ": sigmoid(u), "tanh": tanh(u), "max(0, ·)": Max(0, u)}
    own = "σ" if isinstance(e, Pow) else "tanh" if e.func is tanh else "max(0, ·)"
    for name, instead in others.items():
        if name != own:
            yield kind_of("exchanged_function", term=f"{own} of {told(u)}", theirs=name), instead
    if own == "σ":
        yield kind_of("missing_function", term=f"σ of {told(u)}"), u


def _sum(e: Add) -> Confused:
    terms, count = e.args, len(e.args)
    symbols = [t for t in terms if isinstance(t, Symbol)]
    if len(symbols) == count and len({told(t).rstrip("0123456789") for t in terms}) == 1:
        yield kind_of("mean_for_sum", divisor=count), e / count
    if count == 2 and not any(t.is_Number for t in terms):
        yield kind_of("wrong_operation", theirs="a product", right="a sum"), Mul(*terms)
    coefficients = {t.as_coeff_Mul()[0] for t in terms}
    if len(coefficients) == 1:
        yield from _alike(e, terms, *coefficients)


def _alike(e: Add, terms: tuple[Any, ...], coefficient: Any) -> Confused:
    """A sum, or a mean, of one function of several things."""
    count, bare = len(terms), [t.as_coeff_Mul()[1] for t in terms]
    if abs(coefficient) == sympy.Rational(1, count):
        yield kind_of("sample_divisor", divisor=count, theirs=count - 1), e * count / (count - 1)
        yield kind_of("divided_twice", divisor=count), e / count
        if count != 2:
            yield kind_of("halved"), e / 2
    squares = all(isinstance(t, Pow) and t.exp == 2 for t in bare)
    if squares and coefficient.is_positive:
        yield kind_of("root_taken"), sympy.sqrt(e)
    same = {t.func for t in bare} if all(len(t.args) == 1 for t in bare) else set()
    if squares or len(same) == 1:
        insides = [t.args[0] for t in bare]
        outer = (lambda u: u**2) if squares else bare[0].func
        sign = sympy.sign(coefficient)
        whole = "the square" if squares else bare[0].func.__name__
        of = "the mean" if abs(coefficient) != 1 else "the sum"
        yield kind_of("taken_after", whole=whole, of=of), sign * outer(abs(coefficient) * Add(*insides))


def _product(e: Mul) -> Confused:
    numbers = Mul(*(f for f in e.args if f.is_Number))
    factors = [f for f in e.args if not f.is_Number]
    below = [f for f in factors if isinstance(f, Pow) and f.exp == -1]
    for f in factors if len(factors) > 1 else ():
        yield kind_of("missing_factor", factor=f), e / f
    powers = [f for f in factors if isinstance(f, Pow) and f.exp.is_Integer and f.exp > 1]
    for power in powers if len(factors) == 1 and abs(numbers) > 1 else ():
        whole = (numbers * power.base) ** power.exp
        yield kind_of("brackets", term=e, theirs=whole), whole
    sums = [f for f in factors if isinstance(f, Add)]
    if len(sums) == 1 and len(factors) > 1 and not below:
        yield from _split(e, sums[0], lambda part: e / sums[0] * part)
    if len(factors) == 2 and not below:
        one, other = factors
        right = f"{told(one)}*{told(other)}"
        yield kind_of("wrong_operation", theirs=f"{told(one)} + {told(other)}", right=right), numbers * (one + other)
        yield kind_of("wrong_operation", theirs=f"{told(one)}/{told(other)}", right=right), numbers * one / other
    if len(below) == 1 and len(factors) == 2:
        (above,) = (f for f in factors if f not in below)
        under = below[0].base
        yield kind_of("wrong_operation", theirs=f"{told(above * under)}", right=told(e)), numbers * above * under
        if isinstance(above, Add):
            yield from _split(e, above, lambda part: numbers * part / under)
        if isinstance(under, Add):
            yield from _split(e, under, lambda part: numbers * above / part)


def _split(e: Any, whole: Add, rest: Callable[[Any], Any]) -> Confused:
    """A sum without its brackets: what is done to all of it is done to some of its terms alone."""
    terms = whole.args
    if len(terms) > MANY or len({told(t) for t in terms}) < len(terms):
        return
    for count in range(1, len(terms)):
        for part in combinations(terms, count):
            left, inside = Add(*(t for t in terms if t not in part)), rest(Add(*part))
            if inside != 0:
                yield kind_of("brackets", term=e, theirs=f"{told(left)} + {told(inside)}"), left + inside


def _power(e: Pow) -> Confused:
    base, n = e.args
    if n == -1 and isinstance(base, Add):
        yield from _split(e, base, lambda part: 1 / part)
    if not n.is_Integer or n < 2:
        return
    for other in (n - 1, n + 1):
        if other > 1:
            yield kind_of("wrong_exponent", term=e, theirs=other, right=n), base**other
    # Distances of all entries from one number, their mean, add up to 0.
    if len({"[" in s.name for s in base.free_symbols}) == 1:
        yield kind_of("wrong_exponent", term=e, theirs="a factor", right=n), n * base
    if n == 2 and isinstance(base, Add):
        yield kind_of("exchanged_function", term=e, theirs=f"|{told(base)}|"), sympy.Abs(base)
    if isinstance(base, Add):
        bare = [t.as_coeff_Mul() for t in base.args]
        each = Add(*(coefficient * term**n for coefficient, term in bare))
        yield kind_of("wrong_operation", theirs="the power of each term", right=e), each

        def last(part: Any) -> Any:
            coefficient, bare = part.as_coeff_Mul()
            return coefficient * bare**n

        yield from _split(e, base, last)


_LOGARITHMS: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("log10", lambda u: log(u) * sympy.Float(1 / math.log(10))),
    ("log2", lambda u: log(u) * sympy.Float(1 / math.log(2))),
    ("log1p", lambda u: log(1 + u)),
    ("exp", exp),
)


def _function(e: Expr) -> Confused:
    (u, *others) = e.args
    if others:
        return
    for name, instead in _LOGARITHMS if isinstance(e, log) else ():
        yield kind_of("exchanged_function", term=e, theirs=name), instead(u)
    if isinstance(e, exp) and not u.could_extract_minus_sign():
        yield kind_of("wrong_sign", term=f"the exponent of {told(e)}"), exp(-u)
    if e.func in (sin, cos):
        yield kind_of("degrees", term=e), e.func(u * sympy.Float(math.pi / 180))
    if isinstance(u, Add):
        yield from _split(e, u, e.func)


def constants_lost(e: Any) -> Iterable[tuple[Kind, Any]]:
    """A function of a sum without the number in it, as whoever differentiates it may leave it out."""
    for part in sympy.preorder_traversal(e):
        numbers = [t for t in part.args if t.is_Number] if isinstance(part, Add) and part is not e else []
        for number in numbers:
            yield kind_of("missing_term", term=number), e.xreplace({part: part - number})
