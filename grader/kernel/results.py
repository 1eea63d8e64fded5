"""From whatever a student's code returned or raised, to plain numbers and names that can be sent.

Knows tensors, arrays, numbers and the containers they come in, and takes them apart with methods that
were looked up before any student's code ran. Refuses to know what was asked for or what is right. Of an
object that it does not know it says the type's name, and runs none of its methods.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import torch
from numpy import array as new_array
from numpy import asarray, generic, ndarray
from torch import Tensor, bfloat16, float32, strided
from torch._C import DisableTorchFunctionSubclass

from grader.protocol.caps import RESULT_CAPS
from grader.protocol.frames import DTYPES, dtype_name
from grader.protocol.messages import Array, Leaf, Node, Other

_detach = Tensor.detach
_to = Tensor.to
_numpy = Tensor.numpy
_item = Tensor.item
_numel = Tensor.numel
_resolve_conj = Tensor.resolve_conj
_resolve_neg = Tensor.resolve_neg
_requires_grad: Final[Any] = vars(torch._C.TensorBase)["requires_grad"]
_NUMBERS: Final = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


class TooLargeError(Exception):
    """A result has more nodes, more bytes or more depth than is sent."""


def clipped(text: str, length: int = RESULT_CAPS.text) -> str:
    """Text that can travel: at most `length` characters, none of them half a character."""
    short = text if len(text) <= length else text[:length] + "…"
    return short.encode("utf-8", "replace").decode()


def type_name(value: object) -> str:
    """The name of a value's type, which no metaclass can answer in its place."""
    return clipped(str(type.__dict__["__name__"].__get__(type(value))), 200)


class Writer:
    """Takes results apart; its caps hold for a whole reply."""

    def __init__(self) -> None:
        """Start with the whole allowance."""
        self._nodes = RESULT_CAPS.nodes
        self._bytes = RESULT_CAPS.array_bytes

    def node(self, value: Any, depth: int = 0) -> Node:
        """The plain form of a result of any kind. Raises TooLargeError."""
        self._nodes -= 1
        if self._nodes < 0 or depth > RESULT_CAPS.depth:
            raise TooLargeError
        kind = type(value)
        if issubclass(kind, (Tensor, ndarray, generic)):
            return self._array(value)
        if kind in _NUMBERS:
            return self._number(value)
        if kind is str:
            return Other("str", clipped(value))
        if issubclass(kind, list):
            items = list(list.__iter__(value))
            return self._numbers(items) or self._tuple(items, depth)
        if issubclass(kind, tuple):
            return self._tuple(tuple.__iter__(value), depth)
        if issubclass(kind, dict) and all(type(key) is str for key in dict.__iter__(value)):
            items = list(dict.items(value))
            return {clipped(key): self.node(part, depth + 1) for key, part in items}
        return Other("None" if value is None else type_name(value))

    def _tuple(self, items: Iterable[Any], depth: int) -> Node:
        return tuple([self.node(item, depth + 1) for item in items])

    def _array(self, value: Any) -> Leaf | Other:
        """A tensor, an array or a NumPy scalar; one without plain numbers in it is Other."""
        try:
            array, kind, dtype, device = self._opened(value)
        except TooLargeError:
            raise
        except Exception as error:
            return Other(type_name(value), clipped(str(error), 200))
        if dtype_name(array) not in DTYPES:
            return Other(type_name(value), f"dtype {dtype}")
        attached = issubclass(type(value), Tensor) and is_marked(value)
        return _leaf(array, kind, dtype, device, attached=attached)

    def _opened(self, value: Any) -> tuple[Array, str, str, str]:
        if not issubclass(type(value), Tensor):
            array = asarray(value) if isinstance(value, generic) else ndarray.view(value, ndarray)
            self._afford(array.nbytes)
            return array, "numpy", array.dtype.name, "cpu"
        with DisableTorchFunctionSubclass():
            plain = _detach(value)
            dtype, device = _name(plain.dtype), _name(plain.device)
            self._afford(_numel(plain) * plain.element_size())
            if plain.dtype is bfloat16:
                plain = _to(plain, dtype=float32)
            if device != "cpu":
                plain = _to(plain, device="cpu")
            return _numpy(_resolve_neg(_resolve_conj(plain))), "tensor", dtype, device

    def _number(self, value: Any) -> Leaf | Other:
        kind = type(value)
        if kind is int and not -(2**63) <= value < 2**63:
            return Other("int", "beyond 64 bits")
        return _leaf(new_array(value, _NUMBERS[kind]), kind.__name__, _NUMBERS[kind], "cpu")

    def _numbers(self, items: list[Any]) -> Leaf | None:
        """A list of nothing but numbers as one leaf, or None."""
        values, dtypes, devices, tensors = [], set(), set(), False
        for item in items:
            kind = type(item)
            tensors = tensors or issubclass(kind, Tensor)
            if kind in _NUMBERS:
                found = (item, _NUMBERS[kind], "cpu")
            elif issubclass(kind, generic):
                found = (item, item.dtype.name, "cpu")
            elif issubclass(kind, Tensor) and _one(item):
                with DisableTorchFunctionSubclass():
                    plain = _detach(item)
                    found = (_item(plain), _name(plain.dtype), _name(plain.device))
            else:
                return None
            values.append(found[0])
            dtypes.add(found[1])
            devices.add(found[2])
        array = new_array(values)
        if not items or array.dtype.name not in DTYPES:
            return None
        self._afford(array.nbytes)
        dtype = dtypes.pop() if len(dtypes) == 1 else array.dtype.name
        return _leaf(array, "list", dtype, devices.pop() if len(devices) == 1 else "mixed", of_tensors=tensors)

    def _afford(self, size: int) -> None:
        if size > self._bytes:
            raise TooLargeError
        self._bytes -= size


@cache
def _name(part: torch.dtype | torch.device) -> str:
    """The name of a dtype or a device; torch puts it together anew each time."""
    return str(part).removeprefix("torch.")


def is_marked(tensor: Tensor) -> bool:
    """Whether autograd records what is done with a tensor."""
    with DisableTorchFunctionSubclass():
        return bool(_requires_grad.__get__(tensor))


def _leaf(
    array: Array, kind: str, dtype: str, device: str, *, attached: bool = False, of_tensors: bool = False
) -> Leaf:
    # A copy: the student's code may write to its memory before the reply is sent.
    return Leaf(new_array(array, copy=True, order="C"), kind, dtype, device, attached, of_tensors)


def _one(item: Tensor) -> bool:
    """Whether a tensor holds one number that can be read."""
    with DisableTorchFunctionSubclass():
        plain = _detach(item)
        return plain.layout is strided and plain.device.type != "meta" and _numel(plain) == 1
