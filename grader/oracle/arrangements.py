"""Entries in wrong places: what becomes of a step whose axes, order or operands are mistaken.

Knows that a step's entries are formulas in the entries of its parents, so that exchanging symbols is all it
takes. Refuses to know what any formula computes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations, permutations
from typing import Any

import numpy as np
from sympy import Symbol

from grader.judge.truth import EdgeList, Slip
from grader.oracle.formulas import placed, slip
from grader.oracle.graph import Variable, entries, name_of, shape_of

Rearranged = Iterator[tuple[Slip, list[Any]]]


def rearranged(variable: Variable, formulas: list[Any], parents: Iterable[Variable]) -> Rearranged:
    """The entries of a step with a mistake in their arrangement, for every one that its shapes allow."""
    where, used = name_of(variable), list(parents)
    yield from _exchanged(where, formulas, used)
    if not shape_of(variable):
        return
    for parent in used:
        yield from _transposed(where, variable, formulas, parent)
    if len(used) == 1 and all(isinstance(f, Symbol) for f in formulas):
        yield from _moved(where, variable, formulas, used[0])


def misread(where: str, formula: Any, variables: Iterable[Variable], edges: Callable[[Symbol], EdgeList]) -> Rearranged:
    """A scalar formula with one name taken for another that differs from it in its number: w6 for w5.

    `edges` are those along which a name comes into the formula.
    """
    scalars = [v for v in variables if isinstance(v, Symbol)]
    for symbol in sorted(formula.free_symbols, key=str):
        for other in scalars:
            if other not in formula.free_symbols and _stem(other) == _stem(symbol):
                mistake = slip("wrong_operand", where, theirs=other, right=symbol)
                yield placed(mistake, *edges(symbol)), [formula.xreplace({symbol: other})]


def _stem(symbol: Symbol) -> str:
    return re.sub(r"\d+", "", symbol.name)


def _exchanged(where: str, formulas: list[Any], parents: list[Variable]) -> Rearranged:
    """Two operands of one shape in each other's place."""
    for one, other in combinations([p for p in parents if shape_of(p)], 2):
        if shape_of(one) == shape_of(other):
            swap = _swap(entries(one), entries(other))
            yield (
                slip("exchanged_operands", where, one=name_of(one), other=name_of(other)),
                [f.xreplace(swap) for f in formulas],
            )


def _swap(one: Iterable[Symbol], other: Iterable[Symbol]) -> Mapping[Symbol, Symbol]:
    pairs = list(zip(one, other, strict=True))
    return {**dict(pairs), **{b: a for a, b in pairs}}


def _turned(variable: Variable) -> dict[Symbol, Symbol]:
    places = _placed(variable)
    return dict(zip(places.ravel(), places.T.ravel(), strict=True))


def _placed(variable: Variable) -> Any:
    return np.array(entries(variable), dtype=object).reshape(shape_of(variable))


def _transposed(where: str, variable: Variable, formulas: list[Any], parent: Variable) -> Rearranged:
    """A square operand transposed, and the other axis of a square result."""
    shape = shape_of(parent)
    if len(shape) != 2 or shape[0] != shape[1]:
        return
    turned = [f.xreplace(_turned(parent)) for f in formulas]
    yield slip("transposed", where, term=name_of(parent)), turned
    if shape_of(variable) == shape:
        across = np.array(turned, dtype=object).reshape(shape).T.ravel()
        yield slip("other_axis", where), list(across)


def _moved(where: str, variable: Variable, formulas: list[Any], parent: Variable) -> Rearranged:
    """Entries of one array, picked or put in order."""
    shape, source = shape_of(variable), _placed(parent)
    if source.size == len(formulas):
        yield slip("reshaped", where), list(source.ravel())
        if len(shape) == 2:
            yield slip("column_order", where), list(source.ravel().reshape(shape[::-1]).T.ravel())
        for order in permutations(range(source.ndim)):
            if source.transpose(order).shape == shape:
                yield slip("wrong_axes", where, order=order), list(source.transpose(order).ravel())
    places = {symbol: index for index, symbol in np.ndenumerate(source)}
    for axis, length in enumerate(source.shape):
        for step in (1, -1):
            shifted = [source[_shifted(places[f], axis, step, length)] for f in formulas]
            yield slip("off_by_one", where, axis=axis, step=f"{step:+d}"), shifted
    for axis in range(len(shape)):
        backwards = np.flip(np.array(formulas, dtype=object).reshape(shape), axis)
        yield slip("backwards", where, axis=axis), list(backwards.ravel())


def _shifted(index: tuple[int, ...], axis: int, step: int, length: int) -> tuple[int, ...]:
    return (*index[:axis], (index[axis] + step) % length, *index[axis + 1 :])
