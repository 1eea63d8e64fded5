"""Operations of torch that move numbers to other places, and change none.

Knows views, slices and the ways back through them. Refuses to know what the numbers are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from grader.judge.arithmetic import EntrywiseFunctions
from grader.judge.operations import Dims, axes_of
from grader.protocol.messages import Array


def taken(a: EntrywiseFunctions, values: Array, dim: int, first: Any = None, last: Any = None, step: int = 1) -> Array:
    """A slice of an axis."""
    places: list[Any] = [slice(None)] * values.ndim
    places[dim] = slice(first, last, step)
    found: Array = values[tuple(places)]
    return found


def select(a: EntrywiseFunctions, values: Array, dim: int, index: int) -> Array:
    """One place of an axis."""
    return np.asarray(np.take(values, index, axis=dim), values.dtype)


def given_back(places: Callable[[int], Any]) -> Callable[..., Array]:
    """A gradient at places of an axis, and 0 elsewhere."""

    def found(a: EntrywiseFunctions, g: Array, sizes: Sequence[int], dim: int, *which: Any) -> Array:
        made = a.constant(np.zeros(tuple(sizes)), g).copy()
        at: list[Any] = [slice(None)] * made.ndim
        at[dim] = places(*which)
        # An array without axes would be put there as an array.
        made[tuple(at)] = g if g.ndim else g[()]
        return made

    return found


def scattered(a: EntrywiseFunctions, values: Array, dim: int, index: Array, source: Any) -> Array:
    """Numbers put at places along an axis."""
    made = values.copy()
    np.put_along_axis(made, index, source, axis=dim)
    return made


def _sorted(a: EntrywiseFunctions, values: Array, dim: int = -1, descending: bool = False) -> Any:
    order = np.argsort(values.astype(float), axis=dim, kind="stable")
    order = np.flip(order, dim) if descending else order
    return np.take_along_axis(values, order, axis=dim), order


SHAPES: Final[Mapping[str, Callable[..., Any]]] = {
    "view": lambda a, v, sizes: v.reshape(sizes),
    "expand": lambda a, v, sizes, **_: _expanded(v, sizes),
    "unsqueeze": lambda a, v, dim: np.expand_dims(v, dim),
    "squeeze": lambda a, v, dims=None: _squeezed(v, dims),
    "select": select,
    "slice": taken,
    "t": lambda a, v: v.T,
    "transpose": lambda a, v, one, two: np.swapaxes(v, one, two),
    "permute": lambda a, v, dims: v.transpose(dims),
    "stack": lambda a, parts, dim=0: np.stack(parts, dim),
    "cat": lambda a, parts, dim=0: np.concatenate(parts, dim),
    "unbind": lambda a, v, dim=0: tuple(np.moveaxis(v, dim, 0)),
    "flip": lambda a, v, dims: np.flip(v, dims),
    "sort": _sorted,
    "gather": lambda a, v, dim, index, **_: np.take_along_axis(v, index, axis=dim),
    "select_backward": given_back(lambda index: index),
    "slice_backward": given_back(slice),
    "scatter": scattered,
}
"""Operations that move numbers, and change none."""


def _expanded(values: Array, sizes: Sequence[int]) -> Array:
    more = len(sizes) - values.ndim
    kept = [size if size >= 0 else values.shape[axis - more] for axis, size in enumerate(sizes)]
    return np.broadcast_to(values, kept)


def _squeezed(values: Array, dims: Dims) -> Array:
    axes = range(values.ndim) if dims is None else axes_of(values, dims)
    return values.reshape([size for axis, size in enumerate(values.shape) if size != 1 or axis not in axes])
