"""torch's operations by name, each written once for floats and for balls alike.

Knows which operations there are in the labs' functions and on the way back through them, and their arguments. Refuses
to know any other: what a trace names is looked up here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.judge.arithmetic import EntrywiseFunctions
from grader.protocol.messages import Array

Dims = Any


def axes_of(values: Array, dims: Dims) -> tuple[int, ...]:
    """The axes that are meant: all of them where none is named."""
    if dims is None or dims == ():
        return tuple(range(values.ndim))
    listed = dims if isinstance(dims, tuple) else (dims,)
    return tuple(int(d) % max(values.ndim, 1) for d in listed) if values.ndim else ()


def total(a: EntrywiseFunctions, values: Array, dims: Dims = None, keepdim: bool = False) -> Array:
    """The sum; in floats in four parts, whose sums are added: so torch does with a few numbers."""
    axes = axes_of(values, dims)
    if not axes:
        return values
    rest = [axis for axis in range(values.ndim) if axis not in axes]
    moved = values.transpose(*axes, *rest).reshape(-1, *(values.shape[axis] for axis in rest))
    parts: list[Any] = []
    for number, row in enumerate(moved):
        if number < 4:
            parts.append(row)
        else:
            parts[number % 4] = parts[number % 4] + row
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    shape = [1 if axis in axes else size for axis, size in enumerate(values.shape)]
    found = np.asarray(found, values.dtype)
    return found.reshape(shape) if keepdim else found


def mean(a: EntrywiseFunctions, values: Array, dims: Dims = None, keepdim: bool = False) -> Array:
    """The mean."""
    found = total(a, values, dims, keepdim)
    return np.asarray(found / a.constant(float(values.size // max(found.size, 1)), found))


def best(larger: bool) -> Callable[..., Any]:
    """The largest or the smallest, of all or along an axis; then with its place."""

    def found(a: EntrywiseFunctions, values: Array, dims: Dims = None, keepdim: bool = False) -> Any:
        axes = axes_of(values, dims)
        choose = a.maximum if larger else a.minimum
        result = values
        for axis in sorted(axes, reverse=True):
            rows = np.moveaxis(result, axis, 0)
            result = rows[0]
            for row in rows[1:]:
                result = choose(result, row)
            result = np.expand_dims(result, axis) if keepdim else result
        return np.asarray(result, values.dtype)

    return found


def best_with_place(larger: bool) -> Callable[..., Any]:
    """The same along one axis, and where it stands."""

    def found(a: EntrywiseFunctions, values: Array, dim: int, keepdim: bool = False) -> Any:
        result = best(larger)(a, values, (dim,), True)
        place = np.argmax(values == result, axis=dim, keepdims=True) if values.ndim else np.asarray(0)
        if keepdim or not values.ndim:
            return result, place
        return np.squeeze(result, dim), np.squeeze(place, dim)

    return found


def softmax(a: EntrywiseFunctions, values: Array, dim: int, half: object = None) -> Array:
    """exp(x - largest), and its share."""
    grown = a.exp(values - best(True)(a, values, (dim,), True))
    return np.asarray(grown / total(a, grown, (dim,), True))


def log_softmax(a: EntrywiseFunctions, values: Array, dim: int, half: object = None) -> Array:
    """x - largest - log(sum of exp(x - largest))."""
    shifted = values - best(True)(a, values, (dim,), True)
    return np.asarray(shifted - a.log(total(a, a.exp(shifted), (dim,), True)))


def logsumexp(a: EntrywiseFunctions, values: Array, dims: Dims, keepdim: bool = False) -> Array:
    """largest + log(sum of exp(x - largest))."""
    largest = best(True)(a, values, dims, True)
    # Of nothing but infinities there is no difference.
    shift = largest if a.exact else np.where(np.isinf(largest), largest.dtype.type(0), largest)
    found = a.log(total(a, a.exp(values - shift), dims, True)) + shift
    return np.asarray(found if keepdim else found.reshape(total(a, values, dims).shape))


def log_sum(a: EntrywiseFunctions, x: Array, y: Array) -> Array:
    """log(exp(x) + exp(y)), by the larger one."""
    found = a.maximum(x, y) + a.log1p(a.exp(-a.abs(x - y)))
    return found if a.exact else np.where((x == y) & np.isinf(x), x, found)


def softplus(a: EntrywiseFunctions, values: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(x)); torch gives x itself beyond the threshold."""
    b = a.constant(beta, values)
    grown = a.log1p(a.exp(values * b)) / b
    return np.asarray(grown) if a.exact else np.where(values * b > threshold, values, grown)


def softplus_slope(a: EntrywiseFunctions, g: Array, values: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """g times the sigmoid; torch gives g itself beyond the threshold."""
    b = a.constant(beta, values)
    if a.exact:
        return np.asarray(g * a.sigmoid(values * b))
    grown = a.exp(values * b)
    return np.where(values * b > threshold, g, g * grown / (grown + values.dtype.type(1)))


def log_sigmoid(a: EntrywiseFunctions, values: Array) -> Any:
    """-log(1 + exp(-x)), and exp(-|x|) for the way back."""
    one = a.constant(1.0, values)
    small = a.exp(-a.abs(values))
    return a.minimum(values, 0 * values) - a.log1p(small), small * one


def log_sigmoid_slope(a: EntrywiseFunctions, g: Array, values: Array, small: Array) -> Array:
    """g times sigmoid(-x)."""
    one = a.constant(1.0, values)
    small = a.exp(-a.abs(values))
    share = small / (one + small)
    return np.asarray(np.where(np.asarray(values < 0, bool), g * (one - share), g * share))


def variance(
    a: EntrywiseFunctions, values: Array, dims: Dims = None, correction: float = 1, keepdim: bool = False
) -> Array:
    """The variance; in floats number by number, as torch's own."""
    axes = axes_of(values, dims)
    count = int(np.prod([values.shape[axis] for axis in axes]))
    rest = a.constant(float(count - (1 if correction is None else correction)), values)
    if a.exact:
        found = total(a, (values - mean(a, values, axes, True)) ** 2, axes, True) / rest
    else:
        found = _updated(values, axes) / rest
    return np.asarray(found if keepdim else found.reshape(total(a, values, axes).shape))


def _updated(values: Array, axes: tuple[int, ...]) -> Array:
    """Welford's sum of squared distances from the mean."""
    others = [axis for axis in range(values.ndim) if axis not in axes]
    rows = values.transpose(*axes, *others).reshape(-1, *(values.shape[axis] for axis in others))
    middle, squares = np.zeros_like(rows[0]), np.zeros_like(rows[0])
    for count, row in enumerate(rows, 1):
        step = row - middle
        middle = np.asarray(middle + step / values.dtype.type(count))
        squares = np.asarray(squares + step * (row - middle))
    found: Array = squares.reshape([1 if axis in axes else size for axis, size in enumerate(values.shape)])
    return found


def cross_entropy(a: EntrywiseFunctions, p: Array, t: Array, weight: object = None, reduction: int = 1) -> Array:
    """-(t log p + (1 - t) log(1 - p)); torch holds each logarithm above -100."""
    one = a.constant(1.0, p)
    logs = a.log(p), (a.log(one - p) if a.exact else np.log1p(-p))
    yes, no = logs if a.exact else (np.maximum(each, p.dtype.type(-100)) for each in logs)
    # 0 log 0 is 0 here.
    found = -(_times(a, t, yes) + _times(a, one - t, no))
    return reduced(a, found, reduction)


def _times(a: EntrywiseFunctions, share: Array, log: Array) -> Array:
    product: Array = share * log
    return np.asarray(np.where(np.asarray(share == 0, bool), 0 * share, product)) if a.exact else product


def reduced(a: EntrywiseFunctions, values: Array, reduction: int) -> Array:
    """As a loss is asked for: entry by entry, as the mean, or as the sum."""
    # Numbers of no axes come as such.
    kept = np.asarray(values)
    return (kept, mean(a, kept), total(a, kept))[reduction]


def cross_entropy_of_logits(
    a: EntrywiseFunctions, logit: Array, t: Array, weight: object = None, more: object = None, reduction: int = 1
) -> Array:
    """(1 - t) x - logsigmoid(x)."""
    one = a.constant(1.0, logit)
    return reduced(a, (one - t) * logit - log_sigmoid(a, logit)[0], reduction)


def squared_error(a: EntrywiseFunctions, x: Array, y: Array, reduction: int = 1) -> Array:
    """(x - y) squared."""
    return reduced(a, (x - y) * (x - y), reduction)
