"""Entries in wrong places: what becomes of a step whose axes, order or operands are mistaken.

Knows that a step's entries are formulas in the entries of its parents, so that exchanging symbols is all it
takes. Refuses to know what any formula computes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations, permutations
from typing import Any

import numpy as np
from sympy import Max, Min, Mul, Rational, Symbol, exp, fraction, log

from grader.judge.truth import EdgeList, Slip
from grader.oracle import transposes
from grader.oracle.confusions import confused, sigmoid
from grader.oracle.formulas import placed, slip
from grader.oracle.graph import Variable, entries, name_of, shape_of

Rearranged = Iterator[tuple[Slip, list[Any]]]


def rearranged(variable: Variable, formulas: list[Any], parents: Iterable[Variable]) -> Rearranged:
    """The entries of a step with a mistake in their arrangement, for every one that its shapes allow."""
    where, used = name_of(variable), list(parents)
    yield from _exchanged(where, formulas, used)
    yield from confused(where, formulas)
    yield from _paired(where, variable, formulas, used)
    if not shape_of(variable):
        return
    for parent in used:
        yield from _transposed(where, variable, formulas, parent)
    yield from _normalised(where, variable, formulas)
    yield from _interleaved(where, variable, formulas)
    if len(used) == 1 and all(isinstance(f, Symbol) for f in formulas):
        yield from _moved(where, variable, formulas, used[0])


def misread(
    where: str,
    formula: Any,
    variables: Iterable[Variable],
    edges: Callable[[Symbol], EdgeList],
    near: Callable[[Symbol], Iterable[Symbol]],
) -> Rearranged:
    """A scalar formula with one name taken for another: for one that differs in its number (w6 for w5), or is `near`.

    `edges` are those along which a name comes into the formula.
    """
    scalars = [v for v in variables if isinstance(v, Symbol)]
    symbols = sorted(formula.free_symbols, key=str)
    for symbol in symbols:
        alike = [other for other in scalars if other != symbol and stem(other.name) == stem(symbol.name)]
        for other in dict.fromkeys([*alike, *near(symbol)]):
            instead = formula.xreplace({symbol: other})
            if instead != 0:
                mistake = slip("wrong_operand", where, theirs=other, right=symbol)
                yield placed(mistake, *edges(symbol)), [instead]
    for one, other in combinations(symbols, 2):
        if stem(one.name) == stem(other.name) or len(symbols) == 2:
            instead = formula.xreplace(_swap([one], [other]))
            if not _same(formula, instead):
                mistake = slip("exchanged_operands", where, one=one, other=other)
                yield placed(mistake, *edges(one), *edges(other)), [instead]


@lru_cache(maxsize=4096)
def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (one - other).expand() == 0)


def stem(name: str) -> str:
    """A name without its number: w5 and w6 differ in nothing else."""
    return re.sub(r"\d+", "", name)


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


def _transposed(where: str, variable: Variable, formulas: list[Any], parent: Variable) -> Rearranged:
    """A square operand transposed, and the other axis of a square result."""
    shape = shape_of(parent)
    if len(shape) != 2:
        return
    if shape[0] != shape[1]:
        if not all(isinstance(f, Symbol) for f in formulas):
            mixed = transposes.reshaped(parent)
            yield slip("reshaped_operand", where, term=name_of(parent)), [f.xreplace(mixed) for f in formulas]
        return
    turned = [f.xreplace(transposes.turned(parent)) for f in formulas]
    yield slip("transposed", where, term=name_of(parent)), turned
    if shape_of(variable) == shape:
        across = np.array(turned, dtype=object).reshape(shape).T.ravel()
        yield slip("other_axis", where), list(across)


def _normalised(where: str, variable: Variable, formulas: list[Any]) -> Rearranged:
    """Rows that are divided by their sums, with the sums taken, or laid out, otherwise."""
    shape = shape_of(variable)
    if len(shape) != 2 or not all(isinstance(f, Mul) for f in formulas):
        return
    parts = [fraction(f) for f in formulas]
    above = np.array([top for top, _ in parts], dtype=object).reshape(shape)
    below = np.array([bottom for _, bottom in parts], dtype=object).reshape(shape)
    if any(below[i, j] != sum(above[i]) for i, j in np.ndindex(shape)):
        return
    yield slip("exchanged_function", where, term="softmax", theirs="σ"), [sigmoid(log(top)) for top in above.ravel()]
    yield slip("missing_function", where, term="softmax"), [log(top) for top in above.ravel()]
    yield slip("extra_function", where, function="log"), [log(f) for f in formulas]
    rows = np.array([[exp(f) for f in row] for row in np.reshape(formulas, shape)], dtype=object)
    again = rows / rows.sum(axis=1, keepdims=True)
    yield slip("extra_function", where, function="softmax"), list(again.ravel())
    shifted = np.array([[top / exp(Max(*map(log, row))) for top in row] for row in above], dtype=object)
    for exponentials, of in ((above, ","), (shifted, ", after the largest of each row is subtracted,")):
        total, across = exponentials.sum(), exponentials.sum(axis=0, keepdims=True)
        yield slip("sum_of_other_axis", where, of=of), list((exponentials / across).ravel())
        yield slip("sum_of_all", where, of=of), list((exponentials / total).ravel())
        if shape[0] == shape[1]:
            yield slip("axis_lost", where, of=of), list((exponentials / exponentials.sum(axis=1)).ravel())


def _paired(where: str, variable: Variable, formulas: list[Any], parents: list[Variable]) -> Rearranged:
    """A scalar of arrays: every entry of one beside every entry of the other, and neighbours of those used."""
    if shape_of(variable) or formulas[0].has(Max, Min):
        return
    arrays = [p for p in parents if shape_of(p)]
    if len(arrays) == 2 and shape_of(arrays[0]) == shape_of(arrays[1]):
        mine, count = entries(arrays[1]), len(entries(arrays[1]))
        turns = (dict(zip(mine, [*mine[k:], *mine[:k]], strict=True)) for k in range(count))
        yield slip("broadcast", where, count=count), [sum(formulas[0].xreplace(turn) for turn in turns) / count]
    for parent in arrays:
        places = {symbol: index for index, symbol in np.ndenumerate(transposes.placed(parent))}
        used = [s for s in places if s in formulas[0].free_symbols]
        if len(arrays) == 1 and len(used) < len(places):
            share = Rational(len(used), len(places))
            yield slip("divided_by_all", where, divisor=len(used), theirs=len(places)), [formulas[0] * share]
            yield from _all_pairs(where, formulas[0], transposes.placed(parent), [places[s] for s in used])
            for axis, length in enumerate(shape_of(parent)):
                for step in (1, -1):
                    source = transposes.placed(parent)
                    near = {s: source[_shifted(places[s], axis, step, length)] for s in used}
                    yield slip("off_by_one", where, axis=axis, step=f"{step:+d}"), [formulas[0].xreplace(near)]


def _all_pairs(where: str, formula: Any, source: Any, used: list[tuple[int, ...]]) -> Rearranged:
    """One entry of each row, for which every row's column is taken of every row."""
    if source.ndim != 2 or [row for row, *_ in used] != list(range(len(source))):
        return
    count, columns = len(used), [column for _, column in used]
    turns = [{source[i, c]: source[i, columns[(i + k) % count]] for i, c in used} for k in range(count)]
    yield slip("all_pairs", where, count=count), [sum(formula.xreplace(turn) for turn in turns) / count]


def _interleaved(where: str, variable: Variable, formulas: list[Any]) -> Rearranged:
    """The entries of a matrix down its columns where they belong along its rows."""
    shape = shape_of(variable)
    if len(shape) == 2 and min(shape) > 1 and shape[0] != shape[1]:
        places = np.array(formulas, dtype=object).reshape(shape)
        yield slip("interleaved", where), list(places.T.ravel())


def _moved(where: str, variable: Variable, formulas: list[Any], parent: Variable) -> Rearranged:
    """Entries of one array, picked or put in order."""
    shape, source = shape_of(variable), transposes.placed(parent)
    if source.size == len(formulas):
        yield slip("reshaped", where), list(source.ravel())
        if len(shape) == 2:
            yield slip("column_order", where), list(source.ravel().reshape(shape[::-1]).T.ravel())
        for order in permutations(range(source.ndim)):
            permuted = source.transpose(order)
            if permuted.shape == shape:
                yield slip("wrong_axes", where, order=order), list(permuted.ravel())
            elif order != tuple(range(source.ndim)):
                yield slip("permuted_reshape", where, order=order), list(permuted.ravel())
    places = {symbol: index for index, symbol in np.ndenumerate(source)}
    for axis, length in enumerate(source.shape):
        for step in (1, -1):
            shifted = [source[_shifted(places[f], axis, step, length)] for f in formulas]
            yield slip("off_by_one", where, axis=axis, step=f"{step:+d}"), shifted
    if source.ndim == 2 and len(shape) == 1 and len(formulas) == len(source):
        rows = [places[f] for f in formulas]
        if [row for row, _ in rows] == list(range(len(source))):
            yield slip("flat_positions", where), [source.ravel()[column] for _, column in rows]
    if source.ndim == len(shape) == 2 and shape[0] < source.shape[0] and shape[1] == source.shape[1]:
        yield slip("first_rows", where, count=shape[0]), list(source[: shape[0]].ravel())
    for axis in range(len(shape)):
        backwards = np.flip(np.array(formulas, dtype=object).reshape(shape), axis)
        yield slip("backwards", where, axis=axis), list(backwards.ravel())


def _shifted(index: tuple[int, ...], axis: int, step: int, length: int) -> tuple[int, ...]:
    return (*index[:axis], (index[axis] + step) % length, *index[axis + 1 :])
