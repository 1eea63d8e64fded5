"""Fresh arguments for one call, as a question describes them.

Knows how those become tensors, arrays, functions and containers, and where in them each array
lies: "0" is the first argument, "1.w1" an entry of a dict, "0.0" of a list. Refuses to know the
student's code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, TypeAlias

import torch
from numpy import array, copyto
from torch import Tensor, bfloat16, device, float32, no_grad, tensor

from grader.kernel.results import is_marked
from grader.protocol import messages
from grader.protocol.messages import Argument, Array, Ask, CallMode, Device, Function, NumpyArray

Holder: TypeAlias = "Tensor | Array"
Container: TypeAlias = "list[Any] | dict[str, Any]"
Contents: TypeAlias = tuple[tuple[Any, ...], bytes]

_TORCH: Final = dict(vars(torch))
_detach = Tensor.detach
_to = Tensor.to
_copy = Tensor.copy_
_numpy = Tensor.numpy
_require = Tensor.requires_grad_
_clone = Tensor.clone
_enable_grad = torch.enable_grad
_is_cpu: Final[Any] = vars(torch._C.TensorBase)["is_cpu"]


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, the tensors and arrays in them by path, and the lists and dicts."""

    values: tuple[Any, ...]
    holders: dict[str, Holder]
    containers: dict[str, Container]

    def keep(self, path: str, made: Any) -> Any:
        """Enter what was made for a path; it is given back."""
        known: dict[str, Any] = self.containers if isinstance(made, list | dict) else self.holders
        known[path] = made
        return made

    def leaves(self) -> dict[str, Tensor]:
        """The tensors that gradients can flow to."""
        return {
            path: held
            for path, held in self.holders.items()
            if isinstance(held, Tensor) and held.dtype.is_floating_point
        }

    def contents(self) -> dict[str, Contents]:
        """What every tensor and array holds now, and which objects every list and dict."""
        entries = {path: _entries(held) for path, held in self.containers.items()}
        return {**{path: _contents(held) for path, held in self.holders.items()}, **entries}

    def marks(self) -> dict[str, bool]:
        """Whether autograd records what is done with each of the tensors."""
        return {path: is_marked(held) for path, held in self.holders.items() if isinstance(held, Tensor)}


@dataclass(frozen=True)
class Recipe:
    """How the arguments of a question are made on a device."""

    question: Ask
    device: str

    def make(self, point: int) -> Arguments:
        """New arguments for a point, sharing nothing with those of any other call."""
        made = Arguments((), {}, {})
        parts = enumerate(self.question.arguments)
        values = tuple([self._value(part, point, str(i), made) for i, part in parts])
        return replace(made, values=values)

    def _value(self, argument: Argument, point: int, path: str, made: Arguments) -> Any:
        match argument:
            case messages.Tensor(values):
                return made.keep(path, self._given(values[point, ...]))
            case NumpyArray(values):
                return made.keep(path, self._array(values[point, ...]))
            case Function(parameters, expression):
                return function(parameters, expression)
            case Device():
                return device(self.device)
            case float() | int() | None:
                return argument
            case tuple():
                items = [self._value(part, point, f"{path}.{i}", made) for i, part in enumerate(argument)]
                return made.keep(path, items)
        entries = {key: self._value(part, point, f"{path}.{key}", made) for key, part in argument.items()}
        return made.keep(path, entries)

    def _given(self, values: Array) -> Tensor:
        """A tensor as it is handed over: where that is asked for, one that a computation led to."""
        plain = self.tensor(values)
        if self.question.manner is not CallMode.DERIVED or not plain.dtype.is_floating_point:
            return plain
        with _enable_grad():
            return _clone(_require(plain))

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


def _entries(held: Container) -> Contents:
    """Which objects stand where; they are alive as long as the arguments are, so that no two share an id."""
    items = held.items() if isinstance(held, dict) else enumerate(held)
    return tuple([(key, id(item)) for key, item in items]), b""


def _contents(held: Holder) -> Contents:
    if isinstance(held, Tensor):
        plain = _detach(held)
        if not _is_cpu.__get__(plain):
            plain = _to(plain, device="cpu")
        held = _numpy(_to(plain, dtype=float32) if plain.dtype is bfloat16 else plain)
    return held.shape, held.tobytes()
