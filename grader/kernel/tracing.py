"""Tracing a call of a student's function: which operations torch carries out, on what, forward and on the way back.

Knows tensors by the memory that they lie in, so that one which autograd kept is known again. Refuses to know what any
operation computes. What it cannot follow (large tensors, an entry written through a view) leaves no trace at all.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from math import prod
from types import FrameType, FunctionType
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from grader.kernel.arguments import Arguments, require_gradients
from grader.kernel.belonging import is_own
from grader.kernel.pulling import pulled
from grader.kernel.results import clipped
from grader.protocol.caps import TRACE_CAPS
from grader.protocol.messages import Array
from grader.protocol.trace import Entrance, FixedTensor, Made, Operand, Operation, Outcome, Trace, Word

Place: TypeAlias = "tuple[object, ...]"
"""Where a tensor's numbers lie, and how they are read there."""

_data_ptr = Tensor.data_ptr
_size = Tensor.size
_stride = Tensor.stride
_storage = Tensor.untyped_storage
_detach = Tensor.detach
_reshape = Tensor.reshape
_tolist = Tensor.tolist
_frame = sys._getframe
_graph_task = torch._C._current_graph_task_id
_grad = torch.autograd.grad
_enable_grad = torch.enable_grad
_SAME: Final = frozenset({"detach.default", "alias.default", "lift_fresh.default"})
_PLAIN: Final = (bool, int, float, type(None))


class UntraceableError(Exception):
    """Something that cannot be followed."""


class Tracer(TorchDispatchMode):
    """Hears every operation of torch, and keeps it with what it was carried out on."""

    def __init__(self, entrances: Mapping[str, Tensor]) -> None:
        """Begin with the tensors that the call is given, by path."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []
        self.lost = False
        self._known: dict[Place, tuple[Operand, int]] = {}
        self._written: dict[int, int] = {}
        # Memory that is given back is given out again: what was seen is kept.
        self._kept: list[object] = [*entrances.values()]
        self._known |= {_place(tensor): (Entrance(path), -1) for path, tensor in entrances.items()}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Let torch not wrap us for its compiler: that would take most of the time."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Carry the operation out, and keep it."""
        named = kwargs or {}
        result = None
        if self.lost:
            return func(*args, **named)
        try:
            operands = tuple(self.operand(arg) for arg in args)
            words = {name: self.operand(arg) for name, arg in named.items()}
        except UntraceableError:
            self.lost = True
            return func(*args, **named)
        result = func(*args, **named)
        self._keep(func, operands, words, result)
        return result

    def operand(self, value: Any) -> Operand:
        """What an operation is carried out on. Raises UntraceableError."""
        kind = type(value)
        if kind in _PLAIN:
            return value  # type: ignore[no-any-return] # one of _PLAIN
        if issubclass(kind, Tensor):
            return self._tensor(value)
        if kind in (list, tuple) and len(value) <= TRACE_CAPS.operands:
            return tuple(self.operand(part) for part in value)
        if kind in (torch.dtype, torch.device, torch.layout, torch.memory_format, str):
            return Word(clipped(str(value).removeprefix("torch."), 100))
        raise UntraceableError

    def _tensor(self, tensor: Tensor) -> Operand:
        place = _place(tensor)
        found, since = self._known.get(place, (None, -1))
        if self._written and self._written.get(_memory(tensor), -1) > since:
            # Somebody has written here under another name.
            raise UntraceableError
        if found is not None:
            return found
        shape = _shape(tensor)
        values: Any = _tolist(_reshape(_detach(tensor), -1))
        self._kept.append(tensor)
        # What nobody has written to since it was first seen is a constant from here on.
        fixed = FixedTensor(tuple(float(v) for v in values), shape, _dtype(tensor))
        self._known[place] = fixed, len(self.operations)
        return fixed

    def _keep(self, func: Any, operands: tuple[Operand, ...], words: Mapping[str, Operand], result: Any) -> None:
        number = len(self.operations)
        outputs = result if type(result) in (list, tuple) else (result,)
        if number >= TRACE_CAPS.operations or "out" in words or len(outputs) > TRACE_CAPS.operands:
            self.lost = True
            return
        name = func.__name__
        if name in _SAME and self._known.get(_place(result), (None,))[0] == operands[0]:
            # It is the same tensor under another roof, and known already.
            self._kept.append(result)
            return
        try:
            made = tuple(Made(_dtype(t), _shape(t)) for t in outputs if issubclass(type(t), Tensor))
            gave = float(result) if type(result) in (bool, int, float) else None
            for part, tensor in enumerate(outputs):
                if issubclass(type(tensor), Tensor):
                    self._known[_place(tensor)] = Outcome(number, part), number
                    self._kept.append(tensor)
                    if name.partition(".")[0].endswith("_"):
                        self._written[_memory(tensor)] = number
        except (UntraceableError, OverflowError):
            self.lost = True
            return
        line, backward = _line(), _graph_task() != -1
        self.operations.append(Operation(clipped(name, 100), operands, words, made, line, backward, gave))


def traced(function: Any, arguments: Arguments, pulls: Mapping[str, Array]) -> Trace | None:
    """The operations of one call, and of the way back where there are `pulls`; None where they cannot be followed."""
    leaves = arguments.leaves()
    found: dict[str, Operand] = {}
    try:
        if pulls:
            require_gradients(leaves)
        held = {path: tensor for path, tensor in arguments.holders.items() if isinstance(tensor, Tensor)}
        tracer = Tracer(held)
        with _enable_grad(), tracer:
            result = function(*arguments.values)
            gradients = _grad(pulled(result, pulls), [*leaves.values()], allow_unused=True) if pulls else ()
        ends = {"": result} if not pulls else dict(zip(leaves, gradients, strict=True))
        found = {path: tracer.operand(end) for path, end in ends.items() if issubclass(type(end), Tensor)}
    except BaseException:
        # The answer itself has been seen: whatever this call may do, there is only no trace.
        return None
    return None if tracer.lost else Trace(tuple(tracer.operations), found, _names(function))


def _names(function: Any) -> tuple[str, ...]:
    """What the function calls its arguments."""
    if type(function) is not FunctionType:
        return ()
    code = function.__code__
    return tuple(clipped(name, 100) for name in code.co_varnames[: min(code.co_argcount, TRACE_CAPS.operands)])


def _line() -> int:
    """The line of the student's code that is at work, 0 for none."""
    frame: FrameType | None = _frame(2)
    while frame is not None and not is_own(frame.f_code):
        frame = frame.f_back
    return 0 if frame is None else frame.f_lineno


def _place(tensor: Tensor) -> Place:
    return _data_ptr(tensor), tensor.dtype, *_size(tensor), None, *_stride(tensor)


def _memory(tensor: Tensor) -> int:
    return _storage(tensor).data_ptr()


def _shape(tensor: Tensor) -> tuple[int, ...]:
    shape = tuple(_size(tensor))
    if not 0 < prod(shape) <= TRACE_CAPS.entries or len(shape) > TRACE_CAPS.axes:
        raise UntraceableError
    return shape


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
