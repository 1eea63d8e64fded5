"""A reply in the form in which it travels: points that look alike in a row are one group, and their arrays one array.

Knows how observations become a header and arrays, and how those become observations. Refuses to know how they travel.
Nothing that comes back is believed to have the right form: what is odd in any way is a `FrameError`, whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from numpy import stack

from grader.protocol.caps import RESULT_CAPS
from grader.protocol.conducts import with_conducts, written_conducts
from grader.protocol.frames import Body, FrameError
from grader.protocol.messages import (
    Array,
    Ask,
    CallMode,
    Leaf,
    Missing,
    Node,
    Observation,
    Other,
    Raised,
    Read,
    Reply,
    Unreadable,
    Value,
)
from grader.protocol.traces import with_traces, written_traces
from grader.protocol.words import errno_of, text_of

Part: TypeAlias = Callable[[int], Node]

_KINDS: Final = {
    "tensor": "biufc",
    "numpy": "biufc",
    "float": "f",
    "int": "i",
    "bool": "b",
    "complex": "c",
    "list": "biufc",
}
_TRAITS: Final = ("attached", "of_tensors")
_AXES: Final = {"float": 0, "int": 0, "bool": 0, "complex": 0, "list": 1}


def grouped(reply: Reply) -> tuple[Body, list[Array]]:
    """A reply as a header and arrays: what its points have in common is written once, so that many are read fast."""
    groups: list[tuple[Body, list[list[Array]]]] = []
    last: object = None
    for seen in reply:
        arrays: list[Array] = []
        skeleton = _skeleton(seen, arrays)
        structure = skeleton, [(array.dtype, array.shape) for array in arrays]
        if structure != last:
            groups.append((skeleton, []))
            last = structure
        groups[-1][1].append(arrays)
    body = {
        "groups": [{"count": len(points), "observation": skeleton} for skeleton, points in groups],
        "conducts": written_conducts(reply),
        "traces": written_traces(reply),
    }
    return body, [stack(same) for _, points in groups for same in zip(*points, strict=True)]


def _skeleton(seen: Observation, arrays: list[Array]) -> Body:
    """An observation without its arrays, which are appended."""
    match seen:
        case Value(results, gradients, error, changed, marked):
            return {
                "results": [_node(node, arrays) for node in results],
                "changed": list(changed),
                "marked": list(marked),
                "gradients": {path: leaf and _node(leaf, arrays) for path, leaf in gradients.items()},
                "error": error and _skeleton(error, arrays),
            }
        case Raised(kind, text, line, _, errno):
            return {"raised": kind, "text": text, "line": line, "errno": errno}
        case Missing(reason):
            return {"missing": reason}
        case Unreadable(reason):
            return {"unreadable": reason}
    raise FrameError(f"no process says of itself that it is {type(seen).__name__}")


def _node(node: Node, arrays: list[Array]) -> Body:
    if isinstance(node, Leaf):
        arrays.append(node.array)
        traits = {name: True for name in _TRAITS if getattr(node, name)}
        return {"leaf": node.kind, "dtype": node.dtype, "device": node.device, **traits}
    if isinstance(node, Other):
        return {"other": node.type_name, "text": node.text}
    if isinstance(node, tuple):
        return {"tuple": [_node(item, arrays) for item in node]}
    return {"map": {key: _node(item, arrays) for key, item in node.items()}}


def ungrouped(body: Body, arrays: Sequence[Array], question: Ask | Read) -> Reply:
    """The observations in an answer, one a point. Raises FrameError where the answer is odd in any way."""
    points = question.points
    match body:
        case {"groups": list(groups), "conducts": list(conducts), "traces": list(traces)}:
            pass
        case _:
            raise FrameError("the answer is of another form")
    left = _Left(arrays)
    seen: list[Observation] = []
    for group in groups:
        match group:
            case {"count": int(count), "observation": dict(skeleton)} if 0 < count <= points - len(seen):
                seen.extend(_observations(skeleton, left, count))
            case _:
                raise FrameError("the answer is of another form")
    if len(seen) != points or left.take() is not None:
        raise FrameError("the answer is for another number of points")
    if any(isinstance(value, Value) and not _whole(value, question) for value in seen):
        raise FrameError("the answer is for another number of calls")
    return with_traces(with_conducts(seen, conducts), traces)


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
        self._nodes = RESULT_CAPS.nodes

    def take(self) -> Array | None:
        """The next array."""
        return next(self._arrays, None)

    def spend(self, nodes: int) -> None:
        """Count nodes. A small answer could otherwise stand for endless ones: a count is cheap to write."""
        self._nodes -= nodes
        if self._nodes < 0:
            raise FrameError("the answer has too many parts")


def _observations(skeleton: Body, left: _Left, count: int) -> Iterator[Observation]:
    """The points of a group."""
    kinds = [kind for kind in ("results", "raised", "missing", "unreadable") if kind in skeleton]
    match kinds:
        case ["results"]:
            yield from _values(skeleton, left, count)
        case ["raised"]:
            yield from [_raised(skeleton)] * count
        case ["missing"]:
            yield from [Missing(text_of(skeleton["missing"]))] * count
        case ["unreadable"]:
            yield from [Unreadable(text_of(skeleton["unreadable"]))] * count
        case _:
            raise FrameError("an observation is of no kind")


def _values(skeleton: Body, left: _Left, count: int) -> Iterator[Value]:
    match skeleton:
        case {
            "results": list(results),
            "changed": list(changed),
            "marked": list(marked),
            "gradients": dict(slopes),
            "error": error,
        }:
            pass
        case _:
            raise FrameError("a value is of another form")
    parts = [_stacked(part, left, count) for part in results]
    pulled = {text_of(path): slope and _leaves(slope, left, count) for path, slope in slopes.items()}
    failed = None if error is None else _raised(error)
    written, flagged = tuple(map(text_of, changed)), tuple(map(text_of, marked))
    for point in range(count):
        yield Value(
            results=tuple([part(point) for part in parts]),
            gradients={path: leaf(point) if leaf else None for path, leaf in pulled.items()},
            gradient_error=failed,
            changed=written,
            marked=flagged,
        )


def _raised(skeleton: object) -> Raised:
    match skeleton:
        case {"raised": kind, "text": text, "line": line, "errno": errno}:
            return Raised(text_of(kind), text_of(text), text_of(line), errno=errno_of(errno))
    raise FrameError("an exception is of another form")


def _stacked(skeleton: object, left: _Left, count: int, depth: int = 0) -> Part:
    """The same part of a result at all points of a group; the arrays that belong to it are taken."""
    if depth > RESULT_CAPS.depth:
        raise FrameError("a result is too deep")
    if isinstance(skeleton, dict) and "leaf" in skeleton:
        return _leaves(skeleton, left, count)
    left.spend(count)
    match skeleton:
        case {"other": name, "text": text}:
            other = Other(text_of(name), text_of(text))
            return lambda point: other
        case {"tuple": list(items)}:
            parts = [_stacked(item, left, count, depth + 1) for item in items]
            return lambda point: tuple([part(point) for part in parts])
        case {"map": dict(items)}:
            named = {text_of(key): _stacked(item, left, count, depth + 1) for key, item in items.items()}
            return lambda point: {key: part(point) for key, part in named.items()}
    raise FrameError("a result is of no kind")


def _leaves(skeleton: object, left: _Left, count: int) -> Callable[[int], Leaf]:
    """The same leaf at all points of a group; its array is taken."""
    left.spend(count)
    match skeleton:
        case {"leaf": str(kind), "dtype": dtype, "device": device, **others} if kind in _KINDS:
            array = _checked(left.take(), kind, count)
            words = kind, text_of(dtype), text_of(device)
            traits = [others.get(name) is True for name in _TRAITS]
            return lambda point: Leaf(array[point, ...], *words, *traits)
    raise FrameError("a leaf is of no kind")


def _checked(array: Array | None, kind: str, count: int) -> Array:
    if array is None or array.ndim == 0 or array.shape[0] != count:
        raise FrameError("a result's values are missing")
    if array.dtype.kind not in _KINDS[kind] or _AXES.get(kind, array.ndim - 1) != array.ndim - 1:
        raise FrameError("a result's values are not of its kind")
    return array
