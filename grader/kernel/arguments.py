"""Fresh arguments for one call, as a question describes them.

Knows how those become tensors, arrays, functions and containers, and where in them each array
lies: "0" is the first argument, "1.w1" an entry of a dict, "0.0" of a list. Refuses to know the
student's code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import torch
from numpy import array, copyto
from torch import Tensor, bfloat16, device, float32, no_grad, tensor

from grader.protocol import messages
from grader.protocol.messages import Argument, Array, Ask, Device, Function, NumpyArray

Holder: TypeAlias = "Tensor | Array"
Contents: TypeAlias = tuple[tuple[int, ...], bytes]

_TORCH: Final = dict(vars(torch))
_detach = Tensor.detach
_to = Tensor.to
_copy = Tensor.copy_
_numpy = Tensor.numpy
_require = Tensor.requires_grad_
_is_cpu: Final[Any] = vars(torch._C.TensorBase)["is_cpu"]


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, and the tensors and arrays in them by path."""

    values: tuple[Any, ...]
    holders: Mapping[str, Holder]

    def leaves(self) -> dict[str, Tensor]:
        """The tensors that gradients can flow to."""
        return {
            path: held
            for path, held in self.holders.items()
            if isinstance(held, Tensor) and held.dtype.is_floating_point
        }

    def contents(self) -> dict[str, Contents]:
        """What every tensor and array holds now."""
        return {path: _contents(held) for path, held in self.holders.items()}


@dataclass(frozen=True)
class Recipe:
    """How the arguments of a question are made on a device."""

    question: Ask
    device: str

    def make(self, point: int) -> Arguments:
        """New arguments for a point, sharing nothing with those of any other call."""
        holders: dict[str, Holder] = {}
        parts = enumerate(self.question.arguments)
        values = tuple([self._value(part, point, str(i), holders) for i, part in parts])
        return Arguments(values, holders)

    def _value(self, argument: Argument, point: int, path: str, holders: dict[str, Holder]) -> Any:
        match argument:
            case messages.Tensor(values):
                holders[path] = self.tensor(values[point, ...])
                return holders[path]
            case NumpyArray(values):
                holders[path] = self._array(values[point, ...])
                return holders[path]
            case Function(parameters, expression):
                return function(parameters, expression)
            case Device():
                return device(self.device)
            case float() | int() | None:
                return argument
            case tuple():
                return [self._value(part, point, f"{path}.{i}", holders) for i, part in enumerate(argument)]
        return {key: self._value(part, point, f"{path}.{key}", holders) for key, part in argument.items()}

    def tensor(self, values: Array) -> Tensor:
        """A tensor of its own memory; floating values in the question's dtype."""
        dtype = _TORCH[self.question.dtype] if values.dtype.kind == "f" else None
        return tensor(array(values), dtype=dtype, device=self.device)

    def _array(self, values: Array) -> Array:
        # NumPy has no bfloat16; its nearest wider type stands in.
        dtype = "float32" if self.question.dtype == "bfloat16" else self.question.dtype
        return array(values, dtype if values.dtype.kind == "f" else values.dtype)


@cache
def function(parameters: tuple[str, ...], expression: str) -> Callable[..., Any]:
    """A function of its `parameters` from an expression over them and torch's functions."""
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(name) for name in parameters],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    body = ast.parse(expression, mode="eval").body
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    made: Callable[..., Any] = eval(compile(tree, "<function>", "eval"), dict(_TORCH))
    return made


def require_gradients(leaves: Mapping[str, Tensor]) -> None:
    """Let autograd follow these tensors."""
    for leaf in leaves.values():
        _require(leaf)


def overwrite(holder: Holder, values: Array) -> None:
    """Put new values into the memory of a tensor or an array."""
    if isinstance(holder, Tensor):
        with no_grad():
            _copy(_detach(holder), tensor(array(values)))
    else:
        copyto(holder, values, casting="same_kind")


def _contents(held: Holder) -> Contents:
    if isinstance(held, Tensor):
        plain = _detach(held)
        if not _is_cpu.__get__(plain):
            plain = _to(plain, device="cpu")
        held = _numpy(_to(plain, dtype=float32) if plain.dtype is bfloat16 else plain)
    return held.shape, held.tobytes()
