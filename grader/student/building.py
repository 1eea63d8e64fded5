"""The graph that a call really builds: its steps with their values, and the gradients that flow back to them.

Knows torch's operations by the signs that people write. Refuses to know what a function should compute.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType, FunctionType
from typing import Any, Final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

MOST: Final = 30
"""Steps of a graph that can still be taken in."""
SIGNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("add", "radd", "iadd"), "+"),
    **dict.fromkeys(("sub", "rsub", "isub", "subtract", "neg", "negative"), "\u2212"),
    **dict.fromkeys(("mul", "rmul", "imul", "multiply"), "\u00b7"),
    **dict.fromkeys(("div", "truediv", "rdiv", "rtruediv", "itruediv", "true_divide", "divide"), "/"),
    **dict.fromkeys(("pow", "rpow", "ipow"), "^"),
    **dict.fromkeys(("matmul", "rmatmul", "mm", "mv"), "@"),
    "sigmoid": "\u03c3",
}
TURNED: Final = frozenset({"rsub", "rdiv", "rtruediv", "rpow", "rmatmul"})
"""Operations whose second operand stands first."""
NOT_STEPS: Final = frozenset({"detach", "clone", "to", "backward", "requires_grad", "grad", "data"})


@dataclass(frozen=True)
class BuiltStep:
    """A tensor on the way: how it came about, what it held, and the steps that it was worked out from.

    `operands` has a step's place for a tensor and the text of a number for anything else.
    """

    operation: str
    operands: tuple[int | str, ...]
    value: Tensor
    failed: str = ""

    @property
    def parents(self) -> tuple[int, ...]:
        """The places of the steps among the operands, each once."""
        return tuple(dict.fromkeys(place for place in self.operands if isinstance(place, int)))


@dataclass(frozen=True)
class BuiltGraph:
    """The steps of a call in their order, inputs first; `names` and `gradients` by a step's place.

    `output` is the step that the gradients belong to, None where there are none; `error` is what the call raised, and
    `left_out` counts steps beyond those that are kept.
    """

    steps: tuple[BuiltStep, ...]
    names: Mapping[int, str]
    gradients: Mapping[int, Tensor]
    output: int | None = None
    error: Exception | None = None
    left_out: int = 0
    result: object = None


@dataclass
class _Record:
    steps: list[BuiltStep] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    kept: list[Tensor] = field(default_factory=list)
    left_out: int = 0

    def keep(self, tensor: Tensor, operation: str, operands: Sequence[object] = ()) -> None:
        if len(self.steps) >= MOST:
            self.left_out += 1
            return
        known = tuple(self.place(o) if isinstance(o, Tensor) else _word(o) for o in operands)
        self.places[id(tensor)] = len(self.steps)
        self.steps.append(BuiltStep(operation, known, tensor.detach().clone()))
        # What is kept keeps its id; it is the memory of one call.
        self.kept.append(tensor)

    def place(self, tensor: Tensor) -> int | str:
        if id(tensor) not in self.places:
            self.keep(tensor, "")
        return self.places.get(id(tensor), "\u2026")

    def name(self, named: Iterable[tuple[str, object]]) -> None:
        for name, value in named:
            if isinstance(value, Tensor) and id(value) in self.places:
                self.names.setdefault(self.places[id(value)], name)


class _Recorder(TorchFunctionMode):
    def __init__(self, record: _Record) -> None:
        super().__init__()
        self.record = record

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        operation = _operation(func)
        operands = [*_flat(args), *_flat((kwargs or {}).values())]
        try:
            result = func(*args, **(kwargs or {}))
        except Exception as error:
            tensors = [operand for operand in operands if isinstance(operand, Tensor)]
            if tensors and operation not in NOT_STEPS:
                known = tuple(self.record.place(tensor) for tensor in tensors)
                self.record.steps.append(BuiltStep(operation, known, torch.empty(0), type(error).__name__))
            raise
        outputs = result if isinstance(result, tuple) else (result,)
        if operation not in NOT_STEPS:
            for output in outputs:
                if isinstance(output, Tensor) and any(isinstance(operand, Tensor) for operand in operands):
                    self.record.keep(output, operation, operands)
        return result


def built(function: Callable[..., object], inputs: Sequence[tuple[str, object]]) -> BuiltGraph:
    """The graph of a call with these inputs, each with its name, up to where it ends or raises."""
    record = _Record()
    values = [_leaf(value) for _, value in inputs]
    for (name, _), value in zip(inputs, values, strict=True):
        if isinstance(value, Tensor):
            record.keep(value, "")
            record.names[record.places[id(value)]] = name
    result, error = None, None
    before = sys.getprofile()
    sys.setprofile(_naming(function, record))
    try:
        with _Recorder(record), torch.enable_grad():
            result = function(*values)
    except Exception as raised:
        error = raised
    finally:
        sys.setprofile(before)
    ends = _named_results(result)
    record.name(ends)
    outputs = [tensor for _, tensor in ends if id(tensor) in record.places and tensor.requires_grad]
    gradients = _gradients(record, outputs[-1]) if outputs else {}
    output = record.places[id(outputs[-1])] if gradients else None
    return BuiltGraph(tuple(record.steps), record.names, gradients, output, error, record.left_out, result)


def parameters(function: Callable[..., object], count: int) -> list[str]:
    """What a function calls its first arguments."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    return [*names, *(f"input {place}" for place in range(len(names), count))][:count]


def _gradients(record: _Record, output: Tensor) -> dict[int, Tensor]:
    """The gradient of the sum of an output's entries in every step that leads to it."""
    sources = [tensor for tensor in record.kept if tensor.requires_grad]
    try:
        found = torch.autograd.grad(output.sum(), sources, allow_unused=True)
    except RuntimeError:
        # The call has gone back itself, or changed what is needed on the way.
        return {}
    pairs = zip(sources, found, strict=True)
    return {record.places[id(source)]: gradient for source, gradient in pairs if gradient is not None}


def _naming(function: Callable[..., object], record: _Record) -> Callable[[FrameType, str, Any], None]:
    code = function.__code__ if isinstance(function, FunctionType) else None

    def listen(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            record.name(frame.f_locals.items())
            record.name((n, frame.f_globals[n]) for n in frame.f_code.co_names if n in frame.f_globals)

    return listen


def _named_results(result: object) -> list[tuple[str, Tensor]]:
    match result:
        case Tensor():
            return [("result", result)]
        case Mapping():
            return [(str(key), value) for key, value in result.items() if isinstance(value, Tensor)]
        case tuple() | list():
            return [(f"result {place}", value) for place, value in enumerate(result) if isinstance(value, Tensor)]
    return []


def _leaf(value: object) -> object:
    """A number as a 0-d tensor in float64, and a tensor of floats, as leaves of one's own."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64, requires_grad=True)
    if isinstance(value, Tensor):
        own = value.detach().clone()
        return own.requires_grad_() if own.is_floating_point() else own
    return value


def _operation(func: Any) -> str:
    name = str(getattr(func, "__name__", func))
    if name == "__get__":
        # A property, as x.T.
        return str(getattr(getattr(func, "__self__", None), "__name__", name))
    return name.strip("_")


def _flat(values: Iterable[object]) -> Iterable[object]:
    for value in values:
        if isinstance(value, tuple | list) and any(isinstance(part, Tensor) for part in value):
            yield from value
        else:
            yield value


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
