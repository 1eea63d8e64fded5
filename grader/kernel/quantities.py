"""The numbers in what a student's function is given or has at hand, looked at while it runs.

Knows plain numbers, small tensors and arrays, and the containers they come in. Refuses to run any code of the notebook:
of an object that it does not know it takes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from numpy import floating, ndarray
from numpy import generic as numpy_scalar
from torch import Tensor
from torch._C import DisableTorchFunction, _DisableTorchDispatch
from torch.nn import Parameter

MOST: Final = 64
"""Numbers of one entry that are looked at, and of one tensor."""
_tolist = Tensor.tolist
_numel = Tensor.numel
_detach = Tensor.detach
_reshape = Tensor.reshape
_complex = Tensor.is_complex
_floating = Tensor.is_floating_point


def numbers_of(values: Iterable[Any]) -> list[float]:
    """All floating numbers in some values, in order; of tensors and arrays those of small ones."""
    return list(islice(_numbers(values, 0), MOST))


def _numbers(values: Iterable[Any], depth: int) -> Iterator[float]:
    for value in values:
        kind = type(value)
        if kind is float:
            yield value
        elif kind is Tensor or kind is Parameter:
            yield from _of_tensor(value)
        elif kind is ndarray or issubclass(kind, floating):
            yield from map(float, value.ravel()[:MOST]) if value.dtype.kind == "f" else ()
        elif depth < 3 and kind in (tuple, list):
            yield from _numbers(islice(value, MOST), depth + 1)
        elif depth < 3 and kind is dict:
            yield from _numbers(islice(list(value.values()), MOST), depth + 1)


def _of_tensor(value: Tensor) -> list[float]:
    """The numbers of a tensor; none of one that torch is transforming, as by `torch.func`."""
    with DisableTorchFunction(), _DisableTorchDispatch():
        try:
            if not _floating(value) or _numel(value) > MOST:
                return []
            found = _tolist(_reshape(_detach(value), (-1,)))
        except Exception:
            return []
    return list(found)


def has_complex(values: Iterable[Any]) -> bool:
    """Whether there is a complex number, tensor or array among some values."""
    return any(_is_complex(value) for value in islice(values, MOST))


def _is_complex(value: Any) -> bool:
    kind = type(value)
    if kind is complex:
        return True
    if kind is Tensor:
        with DisableTorchFunction():
            return bool(_complex(value))
    return (kind is ndarray or issubclass(kind, numpy_scalar)) and value.dtype.kind == "c"
