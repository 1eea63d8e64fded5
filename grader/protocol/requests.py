"""Requests in the form in which they travel: a header, and arrays in the order in which the header needs them.

Knows how a request becomes a frame, and a frame a request. Refuses to know how frames travel, and what is done at a
request. What is no request is a `FrameError`, whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from grader.protocol.caps import OutputCaps
from grader.protocol.frames import Body, FrameError, decode, encode
from grader.protocol.messages import (
    Argument,
    Array,
    Ask,
    CallMode,
    Device,
    Function,
    NumpyArray,
    Read,
    Request,
    RunCell,
    Start,
    Tensor,
)


def encode_request(number: int, request: Request) -> bytes:
    """The frame of a request; its answer will have the same number."""
    arrays: list[Array] = []
    return encode({"id": number, **_described(request, arrays)}, arrays)


def _described(request: Request, arrays: list[Array]) -> Body:
    match request:
        case Start(device, output):
            return {"request": "start", "device": device, "output": asdict(output)}
        case RunCell(place, source, count):
            return {"request": "cell", "place": place, "source": source, "count": count}
        case Read(name, points):
            return {"request": "read", "name": name, "points": points}
    return {
        "request": "ask",
        "name": request.name,
        "points": request.points,
        "manner": request.manner.value,
        "dtype": request.dtype,
        "rounds": request.rounds,
        "recorded": request.recorded,
        "traced": list(request.traced),
        "arguments": [_argument(argument, arrays) for argument in request.arguments],
        "pulls": _paths(request.pulls, arrays),
        "replacements": _paths(request.replacements, arrays),
    }


def _paths(named: Mapping[str, Array], arrays: list[Array]) -> list[str]:
    arrays += named.values()
    return list(named)


def _argument(argument: Argument, arrays: list[Array]) -> Body:
    match argument:
        case Tensor(values):
            arrays.append(values)
            return {"tensor": None}
        case NumpyArray(values):
            arrays.append(values)
            return {"numpy": None}
        case Function(parameters, expression):
            return {"function": {"parameters": list(parameters), "expression": expression}}
        case Device():
            return {"device": None}
        case float():
            return {"float": float(argument).hex()}
        case int() | None:
            return {"plain": argument}
        case tuple():
            return {"tuple": [_argument(part, arrays) for part in argument]}
    return {"map": {key: _argument(part, arrays) for key, part in argument.items()}}


def decode_request(frame: bytes | bytearray) -> tuple[int, Request]:
    """The number and the request in a frame. Raises FrameError."""
    body, arrays = decode(frame)
    left = iter(arrays)
    try:
        found = int(body["id"]), _request(body, left)
    except (AttributeError, KeyError, TypeError, ValueError, StopIteration) as error:
        raise FrameError("the request is of another form") from error
    if next(left, None) is not None:
        raise FrameError("the request has arrays left over")
    return found


def _request(body: Body, left: Iterator[Array]) -> Request:
    match body["request"]:
        case "start":
            return Start(body["device"], OutputCaps(**body["output"]))
        case "cell":
            return RunCell(body["place"], body["source"], body["count"])
        case "read":
            return Read(body["name"], body["points"])
        case "ask":
            return Ask(
                name=body["name"],
                arguments=tuple([_argument_of(described, left) for described in body["arguments"]]),
                points=body["points"],
                manner=CallMode(body["manner"]),
                dtype=body["dtype"],
                rounds=body["rounds"],
                pulls={path: next(left) for path in body["pulls"]},
                replacements={path: next(left) for path in body["replacements"]},
                recorded=body["recorded"],
                traced=tuple(body["traced"]),
            )
    raise FrameError("the request is of no kind")


def _argument_of(described: Body, left: Iterator[Array]) -> Argument:
    ((kind, content),) = described.items()
    match kind:
        case "tensor":
            return Tensor(next(left))
        case "numpy":
            return NumpyArray(next(left))
        case "function":
            return Function(tuple(content["parameters"]), content["expression"])
        case "device":
            return Device()
        case "float":
            return float.fromhex(content)
        case "plain":
            return None if content is None else int(content)
        case "tuple":
            return tuple([_argument_of(part, left) for part in content])
        case "map":
            return {key: _argument_of(part, left) for key, part in content.items()}
    raise FrameError("an argument is of no kind")
