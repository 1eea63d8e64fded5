"""The table of torch's operations that a trace may name, with what each computes of its operands.

Knows names and arguments as torch has them. Refuses to know whose trace it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from grader.judge import operations as op
from grader.judge.arithmetic import EntrywiseFunctions
from grader.judge.placing import SHAPES
from grader.protocol.messages import Array


def _unary(name: str) -> Callable[..., Any]:
    return lambda a, v: getattr(a, name)(v)


def _sum_of(a: EntrywiseFunctions, x: Any, y: Any, alpha: float = 1) -> Any:
    return x + (y if alpha == 1 else y * a.constant(float(alpha), y))


def _less(a: EntrywiseFunctions, x: Any, y: Any, alpha: float = 1) -> Any:
    return x - (y if alpha == 1 else y * a.constant(float(alpha), y))


def _clamped(a: EntrywiseFunctions, v: Array, low: Any = None, high: Any = None, **named: Any) -> Array:
    low, high = named.get("min", low), named.get("max", high)
    found = v if low is None else a.maximum(v, low)
    return found if high is None else a.minimum(found, high)


def _where(a: EntrywiseFunctions, condition: Array, x: Array, y: Array) -> Array:
    return np.where(np.asarray(condition, bool), x, y)


def _masked(a: EntrywiseFunctions, v: Array, mask: Array, value: Any) -> Array:
    return np.where(np.asarray(mask, bool), value, v)


def _compared(name: str) -> Callable[..., Any]:
    compare = getattr(np, name)
    return lambda a, x, y: np.asarray(compare(x, y), bool)


def _filled(value: float) -> Callable[..., Any]:
    return lambda a, v, *more, **named: a.constant(np.full(np.shape(v), value), v)


def _sized(value: float) -> Callable[..., Any]:
    return lambda a, v, sizes, **named: a.constant(np.full(sizes, value), v)


def _threshold_slope(a: EntrywiseFunctions, g: Array, v: Array, threshold: Any) -> Array:
    return np.where(np.asarray(v <= threshold, bool), 0 * g, g)


def _is_nan(a: EntrywiseFunctions, v: Array) -> Array:
    return np.zeros(v.shape, bool) if a.exact else np.isnan(v)


def _softmax_slope(a: EntrywiseFunctions, g: Array, p: Array, dim: int, dtype: object) -> Array:
    return np.asarray(g * p - p * op.total(a, g * p, (dim,), True))


def _log_softmax_slope(a: EntrywiseFunctions, g: Array, p: Array, dim: int, dtype: object) -> Array:
    return np.asarray(g - a.exp(p) * op.total(a, g, (dim,), True))


def _sigmoid_slope(a: EntrywiseFunctions, g: Array, s: Array) -> Array:
    return np.asarray(g * (a.constant(1.0, s) - s) * s)


def _tanh_slope(a: EntrywiseFunctions, g: Array, t: Array) -> Array:
    return np.asarray(g * (a.constant(1.0, t) - t * t))


def _cross_entropy_slope(
    a: EntrywiseFunctions, g: Array, p: Array, t: Array, weight: object = None, reduction: int = 1
) -> Any:
    one = a.constant(1.0, p)
    below = (one - p) * p
    below = below if a.exact else np.maximum(below, p.dtype.type(1e-12))
    share = g if reduction != 1 else g / a.constant(float(p.size), p)
    return share * (p - t) / below


def _squared_slope(a: EntrywiseFunctions, g: Array, x: Array, y: Array, reduction: int = 1) -> Array:
    share = 2.0 if reduction != 1 else 2.0 / x.size
    return np.asarray(a.constant(share, x) * (x - y) * g)


def _deviation(
    a: EntrywiseFunctions, v: Array, dims: Any = None, correction: float = 1, keepdim: bool = False
) -> Array:
    return np.asarray(a.sqrt(op.variance(a, v, dims, correction, keepdim)))


def _logit(a: EntrywiseFunctions, p: Array, eps: object = None) -> Array:
    return np.asarray(a.log(p / (a.constant(1.0, p) - p)))


def _powered(a: EntrywiseFunctions, base: Any, exponent: Any) -> Any:
    if not a.exact and isinstance(exponent, (int, float)) and exponent == 2:
        return base * base
    return a.power(base, exponent)


SAME: Final = frozenset({"detach", "lift_fresh", "alias", "clone", "contiguous", "lift_fresh_copy", "_to_copy"})
"""Operations that give what they are given, in another dtype at most."""

ENTRYWISE: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: _unary(name) for name in ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "abs")},
    **{name: _unary(name) for name in ("sinh", "cosh", "log2", "log10", "exp2", "sigmoid", "sign")},
    **dict.fromkeys(SAME, lambda a, v, **_: v),
    "sgn": _unary("sign"),
    "neg": lambda a, v: -v,
    "square": lambda a, v: v * v,
    "reciprocal": lambda a, v: a.constant(1.0, v) / v,
    "rsqrt": lambda a, v: a.constant(1.0, v) / a.sqrt(v),
    "relu": lambda a, v: a.maximum(v, 0 * v),
    "add": _sum_of,
    "sub": _less,
    "rsub": lambda a, x, y, alpha=1: _less(a, y, x, alpha),
    "mul": lambda a, x, y: x * y,
    "div": lambda a, x, y: x / y,
    "pow": _powered,
    "maximum": lambda a, x, y: a.maximum(x, y),
    "minimum": lambda a, x, y: a.minimum(x, y),
    "clamp": _clamped,
    "clamp_min": lambda a, v, low: a.maximum(v, low),
    "clamp_max": lambda a, v, high: a.minimum(v, high),
    "logaddexp": op.log_sum,
    "softplus": op.softplus,
    "softplus_backward": op.softplus_slope,
    "log_sigmoid_backward": op.log_sigmoid_slope,
    "sigmoid_backward": _sigmoid_slope,
    "tanh_backward": _tanh_slope,
    "threshold_backward": _threshold_slope,
    "logit": _logit,
    **{n: _compared(f) for n, f in (("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"))},
    **{n: _compared(f) for n, f in (("gt", "greater"), ("ge", "greater_equal"))},
    "logical_and": lambda a, x, y: np.logical_and(x, y),
    "logical_or": lambda a, x, y: np.logical_or(x, y),
    "logical_not": lambda a, x: np.logical_not(x),
    "isnan": _is_nan,
}
"""Operations of which an entry depends on the operands' entries of the same place alone."""

TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    **ENTRYWISE,
    **SHAPES,
    "where": _where,
    "masked_fill": _masked,
    "copy": lambda a, v, source, *_: np.broadcast_to(source, v.shape),
    "ones_like": _filled(1.0),
    "zeros_like": _filled(0.0),
    "full_like": lambda a, v, value, **_: a.constant(np.full(np.shape(v), float(value)), v),
    "fill": lambda a, v, value: a.constant(np.full(np.shape(v), float(value)), v),
    "zero": _filled(0.0),
    "new_ones": _sized(1.0),
    "new_zeros": _sized(0.0),
    "zeros": lambda a, sizes, **_: a.constant(np.zeros(sizes)),
    "ones": lambda a, sizes, **_: a.constant(np.ones(sizes)),
    "full": lambda a, sizes, value, **_: a.constant(np.full(sizes, float(value))),
    "scalar_tensor": lambda a, value, **_: a.constant(float(value)),
    "sum": lambda a, v, dims=None, keepdim=False, **_: op.total(a, v, dims, keepdim),
    "mean": lambda a, v, dims=None, keepdim=False, **_: op.mean(a, v, dims, keepdim),
    "cumsum": lambda a, v, dim, **_: np.cumsum(v, axis=dim),
    "amax": op.best(True),
    "amin": op.best(False),
    "_softmax": op.softmax,
    "_log_softmax": op.log_softmax,
    "_softmax_backward_data": _softmax_slope,
    "_log_softmax_backward_data": _log_softmax_slope,
    "logsumexp": op.logsumexp,
    "log_sigmoid_forward": op.log_sigmoid,
    "var": op.variance,
    "std": _deviation,
    "binary_cross_entropy": op.cross_entropy,
    "binary_cross_entropy_backward": _cross_entropy_slope,
    "binary_cross_entropy_with_logits": op.cross_entropy_of_logits,
    "mse_loss": op.squared_error,
    "mse_loss_backward": _squared_slope,
    "mm": lambda a, x, y: np.asarray(np.dot(x, y)),
    "dot": lambda a, x, y: np.asarray(np.dot(x, y)),
    "max": lambda a, v, *d, **k: (op.best_with_place if d else op.best)(True)(a, v, *d, **k),
    "min": lambda a, v, *d, **k: (op.best_with_place if d else op.best)(False)(a, v, *d, **k),
    "equal": lambda a, x, y: np.asarray(np.equal(x, y), bool).all(),
    "_local_scalar_dense": lambda a, v: v,
    "is_nonzero": lambda a, v: v != 0,
}
"""All operations."""

SUMS: Final = frozenset({"add", "sub", "rsub", "sum", "mean", "mse_loss"})
"""Operations that add up: where they lose digits, these cancel."""
CANCELLING: Final = SUMS | {
    *("sigmoid_backward", "tanh_backward", "_softmax_backward_data", "_log_softmax_backward_data"),
    *("binary_cross_entropy_backward", "mse_loss_backward", "binary_cross_entropy_with_logits"),
}
"""The same, and those that subtract within."""
