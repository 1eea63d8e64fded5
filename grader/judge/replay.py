"""Replaying a trace at given inputs: every operation in floats as it was carried out, and exactly.

Knows how operands are found and that only listed operations are computed. Refuses to know which of them is to blame.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from flint import arb, ctx

from grader.judge.arithmetic import EXACT, FLOATS, EntrywiseFunctions, UnknownOperationError, balls
from grader.judge.operation_table import ENTRYWISE, TABLE
from grader.protocol.messages import Array
from grader.protocol.trace import Entrance, FixedTensor, Made, Operand, Operation, Outcome, Trace, Word

Slot: TypeAlias = "tuple[int | str, ...]"
"""Where an operand stands: its number or name, and its place in a tuple."""

EFFORT: Final = 40_000
"""Entries that are computed exactly for one trace, at most: hostile ones would take for ever."""
PRECISIONS: Final = (192, 1_400)
"""Bits of the exact numbers: the first do unless they cancel; the last hold 1 + 1e-400."""
SETTLED: Final = 64
"""Bits of a ball that have to be known."""
ODD: Final = (ArithmeticError, ValueError, TypeError, IndexError, KeyError, AttributeError, MemoryError)
"""What comes of operations on what they are not made for."""


class ReplayError(Exception):
    """A trace that cannot be replayed, or not at these inputs."""


@dataclass(frozen=True)
class Values:
    """The numbers of every output of every operation, in one arithmetic, and those of the arguments by path."""

    arithmetic: EntrywiseFunctions
    entrances: Mapping[str, Array]
    outputs: list[tuple[Array, ...]] = field(default_factory=list)

    def of(self, operand: Operand) -> Any:
        """What an operand is. Raises ReplayError."""
        match operand:
            case Outcome(number, part):
                if part >= len(self.outputs[number]):
                    raise ReplayError("no such output")
                return self.outputs[number][part]
            case Entrance(path):
                if path not in self.entrances:
                    raise ReplayError("no such argument")
                return self.entrances[path]
            case FixedTensor(values, shape, dtype):
                numbers = np.array(values).reshape(shape).astype(_dtype(dtype))
                return balls(numbers) if self.arithmetic.exact and numbers.dtype.kind == "f" else numbers
            case Word(word):
                return word
            case tuple():
                return tuple(self.of(part) for part in operand)
        return operand

    def count(self, operand: Operand) -> int:
        """How many numbers an operand is made of."""
        match operand:
            case Outcome(number, part):
                return sum(output.size for output in self.outputs[number][part : part + 1])
            case FixedTensor(values=values):
                return len(values)
            case tuple():
                return sum(map(self.count, operand))
        return 1


@dataclass
class Effort:
    """How many entries may still be computed."""

    left: int = EFFORT

    def spend(self, entries: int) -> None:
        """Count the entries of an operation and of what it is made of. Raises ReplayError."""
        self.left -= entries
        if self.left < 0:
            raise ReplayError("too much to compute")


@dataclass(frozen=True)
class Replay:
    """A trace with its numbers, `floats` and `exact`, these to so many `bits`."""

    trace: Trace
    floats: Values
    exact: Values
    effort: Effort
    bits: int


def replay(trace: Trace, end: Outcome, inputs: Mapping[str, Array], dtype: str) -> Replay:
    """A trace up to its `end`, with inputs by path; what does not lead there is left out. Raises ReplayError."""
    rounded = {path: values.astype(dtype) for path, values in inputs.items()}
    effort, needed = Effort(), _needed(trace, end)
    with np.errstate(all="ignore"):
        floats = _run(trace, Values(FLOATS, rounded), effort, needed)
        for bits in PRECISIONS:
            with ctx.workprec(bits):
                balls_of = {path: balls(values) for path, values in rounded.items()}
                exact = _run(trace, Values(EXACT, balls_of), effort, needed)
            if all(_is_settled(number) for number in _numbers(exact)):
                break
    return Replay(trace, floats, exact, effort, bits)


def _needed(trace: Trace, end: Outcome) -> frozenset[int]:
    """The operations that lead to an outcome, or to a condition that a way was taken on."""
    conditions = (number for number, operation in enumerate(trace.operations) if operation.gave is not None)
    left, found = [end.operation, *conditions], set[int]()
    while left:
        number = left.pop()
        if number not in found:
            found.add(number)
            operation = trace.operations[number]
            left += _outcomes((*operation.operands, *operation.named.values()))
    return frozenset(found)


def _outcomes(operands: Sequence[Operand]) -> Iterator[int]:
    for operand in operands:
        if isinstance(operand, Outcome):
            yield operand.operation
        elif isinstance(operand, tuple):
            yield from _outcomes(operand)


def _numbers(values: Values) -> Iterator[arb]:
    for outputs in values.outputs:
        for output in outputs:
            if output.dtype == object:
                yield from output.reshape(-1)


def _is_settled(number: arb) -> bool:
    return not number.is_finite() or number.rel_accuracy_bits() >= SETTLED


def _run(trace: Trace, values: Values, effort: Effort, needed: Collection[int]) -> Values:
    for number, operation in enumerate(trace.operations):
        values.outputs.append(computed_of(operation, values, effort) if number in needed else ())
        if operation.gave is not None and not values.arithmetic.exact:
            _take_the_same_way(operation, values.outputs[-1])
    return values


def _take_the_same_way(operation: Operation, found: Sequence[Array]) -> None:
    """A condition that comes out otherwise here leads somewhere that was not traced. Raises ReplayError."""
    if any(output.dtype == bool and bool(output) != bool(operation.gave) for output in found):
        raise ReplayError("another branch")


def computed_of(operation: Operation, values: Values, effort: Effort, instead: Mapping[Slot, Any] | None = None) -> Any:
    """The outputs of one operation, where some operands may have others `instead`. Raises ReplayError."""
    effort.spend(_entries(operation, values))
    instead = instead or {}
    name = plain_name(operation)
    operands = [_operand(values, operand, (place,), instead) for place, operand in enumerate(operation.operands)]
    named = {
        key: _operand(values, operand, (key,), instead)
        for key, operand in operation.named.items()
        if key not in ("dtype", "layout", "device", "pin_memory", "memory_format", "non_blocking", "implicit")
    }
    if values.arithmetic.exact and name in ENTRYWISE:
        operands = [arb(o) if type(o) in (int, float) else o for o in operands]
    try:
        found = TABLE[name](values.arithmetic, *operands, **named)
        outputs = found if type(found) is tuple else (found,)
        return tuple(map(_finished, outputs, _forms(operation, outputs), [values.arithmetic.exact] * len(outputs)))
    except (UnknownOperationError, *ODD) as error:
        raise ReplayError(f"{name}: {error}") from error


def _entries(operation: Operation, values: Values) -> int:
    """How many numbers go into an operation, and come out."""
    return 1 + sum(prod(made.shape) for made in operation.outputs) + sum(map(values.count, operation.operands))


def _operand(values: Values, operand: Operand, slot: Slot, instead: Mapping[Slot, Any]) -> Any:
    if slot in instead:
        return instead[slot]
    if isinstance(operand, tuple) and any(slot == other[: len(slot)] for other in instead):
        return tuple(_operand(values, part, (*slot, place), instead) for place, part in enumerate(operand))
    return values.of(operand)


def _forms(operation: Operation, outputs: Sequence[Any]) -> Sequence[Made | None]:
    if operation.gave is not None:
        return [None] * len(outputs)
    if len(operation.outputs) != len(outputs):
        raise ReplayError("another number of outputs")
    return operation.outputs


def _finished(found: Any, made: Made | None, exact: bool) -> Array:
    """An output in the shape and dtype that it had. Raises ReplayError."""
    numbers = np.asarray(found)
    if made is None:
        return numbers
    if numbers.shape != made.shape:
        raise ReplayError("another shape")
    if not exact or numbers.dtype.kind in "bi":
        return numbers.astype(_dtype(made.dtype))
    return balls(numbers)


def _dtype(name: str) -> Any:
    if name not in ("float16", "float32", "float64", "bool", "int64", "int32"):
        raise ReplayError(f"no numbers of {name}")
    return np.dtype(name)


def plain_name(operation: Operation) -> str:
    """An operation's name without its overload, and without the mark of one that writes in place."""
    name = operation.name.partition(".")[0]
    return name if name in TABLE else name.removesuffix("_")
