"""Traces of calls, in the form in which they travel beside the observations of a reply.

Knows how a trace becomes part of a header, and that part a trace. Refuses to know what an operation computes. Nothing
that comes back is believed to have the right form: what is odd in any way is a `FrameError`, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any, Final

from grader.protocol.caps import TRACE_CAPS
from grader.protocol.frames import Body, FrameError
from grader.protocol.messages import Observation, Reply, Value
from grader.protocol.trace import Entrance, FixedTensor, Made, Operand, Operation, Outcome, Trace, Word
from grader.protocol.words import text_of

WHOLE: Final = 2**31
"""Whole numbers among operands are smaller: axes, sizes, counts."""


def written_traces(reply: Reply) -> list[Body]:
    """The traces in a reply, each with the number of its point."""
    return [
        {"point": point, **_written(seen.trace)}
        for point, seen in enumerate(reply)
        if isinstance(seen, Value) and seen.trace
    ]


def _written(trace: Trace) -> Body:
    return {
        "operations": [_operation(operation) for operation in trace.operations],
        "found": {path: _operand(operand) for path, operand in trace.found.items()},
        "names": list(trace.names),
    }


def _operation(operation: Operation) -> Body:
    gave = operation.gave
    return {
        "name": operation.name,
        "operands": [_operand(operand) for operand in operation.operands],
        "named": {name: _operand(operand) for name, operand in operation.named.items()},
        "outputs": [[made.dtype, list(made.shape)] for made in operation.outputs],
        "line": operation.line,
        "backward": operation.backward,
        "gave": None if gave is None else gave.hex(),
    }


def _operand(operand: Operand) -> Any:
    match operand:
        case Outcome(number, part):
            return {"outcome": [number, part]}
        case Entrance(path):
            return {"entrance": path}
        case FixedTensor(values, shape, dtype):
            return {"tensor": [value.hex() for value in values], "shape": list(shape), "dtype": dtype}
        case Word(word):
            return {"word": word}
        case float():
            return {"float": operand.hex()}
        case tuple():
            return [_operand(part) for part in operand]
    return operand


def with_traces(seen: Sequence[Observation], written: Sequence[object]) -> Reply:
    """Observations, each with its trace where there is one. Raises FrameError."""
    if len(written) > TRACE_CAPS.calls:
        raise FrameError("the answer traces too many calls")
    found = list(seen)
    for each in written:
        match each:
            case {"point": int(point), "operations": list(listed), "found": dict(ends), "names": list(names)}:
                told = found[point] if 0 <= point < len(found) else None
                if not isinstance(told, Value) or told.trace:
                    raise FrameError("the answer traces a call that there was not")
                found[point] = replace(told, trace=_trace(listed, ends, names))
            case _:
                raise FrameError("a trace is of another form")
    return tuple(found)


def _trace(listed: list[object], ends: Body, names: list[object]) -> Trace:
    if len(listed) > TRACE_CAPS.operations or max(len(ends), len(names)) > TRACE_CAPS.operands:
        raise FrameError("a trace is too long")
    operations = tuple(_read_operation(each, number) for number, each in enumerate(listed))
    found = {text_of(path): _read_operand(end, len(listed)) for path, end in ends.items()}
    return Trace(operations, found, tuple(map(text_of, names)))


def _read_operation(written: object, number: int) -> Operation:
    match written:
        case {
            "name": name,
            "operands": list(operands),
            "named": dict(named),
            "outputs": list(outputs),
            "line": int(line),
            "backward": bool(backward),
            "gave": str() | None as gave,
        } if max(map(len, (operands, named, outputs))) <= TRACE_CAPS.operands and 0 <= line < WHOLE:
            return Operation(
                text_of(name),
                tuple(_read_operand(operand, number) for operand in operands),
                {text_of(key): _read_operand(operand, number) for key, operand in named.items()},
                tuple(map(_made, outputs)),
                int(line),
                backward,
                None if gave is None else _float(gave),
            )
    raise FrameError("an operation is of another form")


def _made(written: object) -> Made:
    match written:
        case [dtype, list(shape)]:
            return Made(text_of(dtype), _shape(shape))
    raise FrameError("an operation's result is of another form")


def _read_operand(written: object, before: int, depth: int = 0) -> Operand:
    """An operand, which may be the outcome of any of the operations `before`."""
    match written:
        case bool() | None:
            return written
        case int() if abs(written) < WHOLE:
            return written
        case {"outcome": [int(number), int(part)]} if 0 <= number < before and 0 <= part < TRACE_CAPS.operands:
            return Outcome(int(number), int(part))
        case {"entrance": path}:
            return Entrance(text_of(path))
        case {"tensor": list(values), "shape": list(sizes), "dtype": dtype}:
            shape = _shape(sizes)
            if len(values) == prod(shape):
                return FixedTensor(tuple(map(_float, values)), shape, text_of(dtype))
        case {"word": word}:
            return Word(text_of(word))
        case {"float": number}:
            return _float(number)
        case list() if len(written) <= TRACE_CAPS.operands and depth < TRACE_CAPS.depth:
            return tuple(_read_operand(part, before, depth + 1) for part in written)
    raise FrameError("an operand is of another form")


def _shape(sizes: list[object]) -> tuple[int, ...]:
    whole = tuple(size for size in sizes if type(size) is int and 0 < size <= TRACE_CAPS.entries)
    if len(whole) != len(sizes) or len(whole) > TRACE_CAPS.axes or prod(whole) > TRACE_CAPS.entries:
        raise FrameError("a tensor of a trace is too large")
    return whole


def _float(written: object) -> float:
    if not isinstance(written, str) or len(written) > 40:
        raise FrameError("a number is no number")
    try:
        return float.fromhex(written)
    except (ValueError, OverflowError) as error:
        raise FrameError("a number is no number") from error
