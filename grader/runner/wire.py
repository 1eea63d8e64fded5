"""Questions and answers in the form in which they travel.

Knows how an `Ask` becomes a header and arrays, and how a header and arrays become a `Reply`. Refuses to know
how they travel. Nothing that comes back is believed to have the right form: what is odd in any way is a
`FrameError`, whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from grader.protocol.frames import Body, FrameError
from grader.protocol.messages import (
    Argument,
    Array,
    Ask,
    CallMode,
    Device,
    Function,
    Leaf,
    Missing,
    Node,
    NumpyArray,
    Observation,
    Other,
    Raised,
    Read,
    Reply,
    Tensor,
    Unreadable,
    Value,
)

Part: TypeAlias = Callable[[int], Node]

DEPTH: Final = 20
NODES: Final = 400_000
TEXT: Final = 4_000
SMALL: Final = 1_000
_KINDS: Final = {
    "tensor": "biufc",
    "numpy": "biufc",
    "float": "f",
    "int": "i",
    "bool": "b",
    "complex": "c",
    "list": "biufc",
}
_AXES: Final = {"float": 0, "int": 0, "bool": 0, "complex": 0, "list": 1}


def request(question: Ask | Read) -> tuple[Body, list[Array]]:
    """A question as a header and arrays."""
    if isinstance(question, Read):
        return {"request": "read", "name": question.name, "points": question.points}, []
    arrays: list[Array] = []
    body = {
        "request": "ask",
        "name": question.name,
        "points": question.points,
        "manner": question.manner.value,
        "dtype": question.dtype,
        "rounds": question.rounds,
        "arguments": [_described(argument, arrays) for argument in question.arguments],
        "pulls": _stored(question.pulls, arrays),
        "replacements": _stored(question.replacements, arrays),
    }
    return body, arrays


def _stored(named: Mapping[str, Array], arrays: list[Array]) -> dict[str, int]:
    places = {}
    for path, values in named.items():
        places[path] = len(arrays)
        arrays.append(values)
    return places


def _described(argument: Argument, arrays: list[Array]) -> Body:
    match argument:
        case Tensor(values) | NumpyArray(values):
            arrays.append(values)
            return {"tensor" if isinstance(argument, Tensor) else "numpy": len(arrays) - 1}
        case Function(parameters, expression):
            return {"function": {"parameters": list(parameters), "expression": expression}}
        case Device():
            return {"device": None}
        case float():
            return {"float": float(argument).hex()}
        case int() | None:
            return {"plain": argument}
        case tuple():
            return {"tuple": [_described(part, arrays) for part in argument]}
    return {"map": {key: _described(part, arrays) for key, part in argument.items()}}


def reply(body: Body, arrays: Sequence[Array], question: Ask | Read) -> Reply:
    """The observations in an answer, one a point. Raises FrameError where the answer is odd in any way."""
    points = question.points
    if "unreadable" in body:
        return (Unreadable(_text(body["unreadable"])),) * points
    match body:
        case {"groups": list(groups), "used": list(used)}:
            pass
        case _:
            raise FrameError("the answer is of another form")
    left = _Left(arrays)
    seen: list[Observation] = []
    for group in groups:
        match group:
            case {"count": int(count), "observation": dict(skeleton)} if 0 < count <= points - len(seen):
                names = () if seen else tuple(map(_text, used))
                seen.extend(_observations(skeleton, left, count, frozenset(names)))
            case _:
                raise FrameError("the answer is of another form")
    if len(seen) != points or left.take() is not None:
        raise FrameError("the answer is for another number of points")
    if any(isinstance(value, Value) and not _whole(value, question) for value in seen):
        raise FrameError("the answer is for another number of calls")
    return tuple(seen)


def _whole(value: Value, question: Ask | Read) -> bool:
    """Whether every call has its result; a rewritten argument is looked at twice, and no call follows an error."""
    if isinstance(question, Read):
        return len(value.results) == 1
    if question.manner is CallMode.UPDATE and value.gradient_error:
        return len(value.results) < question.rounds
    return len(value.results) == (2 if question.manner is CallMode.REWRITE else question.rounds)


class _Left:
    """What is left of an answer's arrays, and of the nodes that its results may have."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self._arrays = iter(arrays)
        self._nodes = NODES

    def take(self) -> Array | None:
        """The next array."""
        return next(self._arrays, None)

    def spend(self, nodes: int) -> None:
        """Count nodes. A small answer could otherwise stand for endless ones: a count is cheap to write."""
        self._nodes -= nodes
        if self._nodes < 0:
            raise FrameError("the answer has too many parts")


def _observations(skeleton: Body, left: _Left, count: int, used: frozenset[str]) -> Iterator[Observation]:
    """The points of a group; `used` belongs to the first of them."""
    kinds = [kind for kind in ("results", "raised", "missing", "unreadable") if kind in skeleton]
    match kinds:
        case ["results"]:
            yield from _values(skeleton, left, count, used)
        case ["raised"]:
            for point in range(count):
                yield _raised(skeleton, frozenset() if point else used)
        case ["missing"]:
            yield from [Missing(_text(skeleton["missing"]))] * count
        case ["unreadable"]:
            yield from [Unreadable(_text(skeleton["unreadable"]))] * count
        case _:
            raise FrameError("an observation is of no kind")


def _values(skeleton: Body, left: _Left, count: int, used: frozenset[str]) -> Iterator[Value]:
    match skeleton:
        case {"results": list(results), "changed": list(changed), "gradients": dict(slopes), "error": error}:
            pass
        case _:
            raise FrameError("a value is of another form")
    parts = [_stacked(part, left, count) for part in results]
    pulled = {_text(path): slope and _stacked(slope, left, count) for path, slope in slopes.items()}
    for point in range(count):
        gradients = {path: part and part(point) for path, part in pulled.items()}
        yield Value(
            results=tuple(part(point) for part in parts),
            gradients={path: node if isinstance(node, Leaf) else None for path, node in gradients.items()},
            gradient_error=None if error is None else _raised(error, frozenset()),
            changed=tuple(map(_text, changed)),
            used=frozenset() if point else used,
        )


def _raised(skeleton: object, used: frozenset[str]) -> Raised:
    match skeleton:
        case {"raised": kind, "text": text, "line": line, "errno": errno}:
            return Raised(_text(kind), _text(text), _text(line), used, number(errno))
    raise FrameError("an exception is of another form")


def _stacked(skeleton: object, left: _Left, count: int, depth: int = 0) -> Part:
    """The same part of a result at all points of a group; the arrays that belong to it are taken."""
    left.spend(count)
    if depth > DEPTH:
        raise FrameError("a result is too deep")
    match skeleton:
        case {"leaf": str(kind), "dtype": dtype, "device": device} if kind in _KINDS:
            array = _checked(left.take(), kind, count)
            words = kind, _text(dtype), _text(device)
            return lambda point: Leaf(array[point, ...], *words)
        case {"other": name, "text": text}:
            other = Other(_text(name), _text(text))
            return lambda point: other
        case {"tuple": list(items)}:
            parts = [_stacked(item, left, count, depth + 1) for item in items]
            return lambda point: tuple(part(point) for part in parts)
        case {"map": dict(items)}:
            named = {_text(key): _stacked(item, left, count, depth + 1) for key, item in items.items()}
            return lambda point: {key: part(point) for key, part in named.items()}
    raise FrameError("a result is of no kind")


def _checked(array: Array | None, kind: str, count: int) -> Array:
    if array is None or array.ndim == 0 or array.shape[0] != count:
        raise FrameError("a result's values are missing")
    if array.dtype.kind not in _KINDS[kind] or _AXES.get(kind, array.ndim - 1) != array.ndim - 1:
        raise FrameError("a result's values are not of its kind")
    return array


def number(found: object) -> int:
    """A small whole number, as those of `errno` are. Raises FrameError."""
    if type(found) is not int or not 0 <= found < SMALL:
        raise FrameError("a number is no number")
    return found


def _text(word: object) -> str:
    if not isinstance(word, str) or len(word) > TEXT:
        raise FrameError("a word is no word")
    return word
