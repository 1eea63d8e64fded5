"""Requests come back as they were, and nothing else is taken for one."""

import numpy as np
import pytest

from grader.protocol.caps import OutputCaps
from grader.protocol.frames import FrameError, encode
from grader.protocol.messages import (
    Argument,
    Array,
    Ask,
    CallMode,
    Device,
    Function,
    NumpyArray,
    Read,
    RunCell,
    Start,
    Tensor,
)
from grader.protocol.requests import decode_request, encode_request

ARRAYS = [np.arange(3.0), np.eye(2), np.array([[1, 2]]), np.zeros((2, 0))]
ARGUMENTS: tuple[Argument, ...] = (
    Tensor(ARRAYS[0]),
    NumpyArray(ARRAYS[2]),
    Function(("x", "y"), "exp(x) + y"),
    Device(),
    0.1,
    float("-inf"),
    -7,
    None,
    (Tensor(ARRAYS[1]), 2, ()),
    {"w": Tensor(ARRAYS[0]), "": {"b": 1.5}},
)
ASK = Ask("f", ARGUMENTS, 3, CallMode.UPDATE, "float32", 2, {"": ARRAYS[3], "9.w": ARRAYS[1]}, {"0": ARRAYS[0]})
TRACED = Ask("g", (), 3, recorded=2, traced=(0, 2))
REQUESTS = [
    Start("cuda", OutputCaps(1, 2, 3)),
    RunCell(4, "print('é')\n", 2),
    Read("edges", 2),
    Ask("g", (), 1),
    ASK,
    TRACED,
]


def plain(part: object) -> object:
    """A part of a request with lists in place of arrays, to be compared."""
    match part:
        case np.ndarray():
            return part.tolist(), part.dtype
        case Tensor(values) | NumpyArray(values):
            return type(part), plain(values)
        case Ask():
            return Ask, {name: plain(value) for name, value in vars(part).items()}
        case tuple():
            return tuple(map(plain, part))
        case dict():
            return {key: plain(value) for key, value in part.items()}
    return part


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_a_request_comes_back_as_it_was(request_: Start | RunCell | Ask | Read) -> None:
    number, again = decode_request(encode_request(5, request_))
    assert (number, plain(again)) == (5, plain(request_))


def body(**fields: object) -> dict[str, object]:
    asked = {
        "id": 1,
        "request": "ask",
        "name": "f",
        "points": 1,
        "manner": "value",
        "dtype": "float64",
        "rounds": 1,
        "recorded": 0,
        "traced": [],
    }
    return {**asked, "arguments": [], "pulls": [], "replacements": [], **fields}


@pytest.mark.parametrize(
    ("odd", "arrays"),
    [
        ({}, []),
        (body(request="score"), []),
        (body(manner="odd"), []),
        (body(arguments=[{"tensor": None}]), []),
        (body(arguments=[{"odd": None}]), []),
        (body(arguments=[5]), []),
        (body(arguments=[{}]), []),
        (body(arguments=[{"float": "odd"}]), []),
        (body(pulls=["z"]), []),
        (body(), [np.zeros(1)]),
        ({"id": None, "request": "read", "name": "f", "points": 1}, []),
        ({"id": 1, "request": "start", "device": "cpu", "output": {"odd": 1}}, []),
    ],
)
def test_what_is_no_request_is_refused(odd: dict[str, object], arrays: list[Array]) -> None:
    with pytest.raises(FrameError):
        decode_request(encode(odd, arrays))


def test_the_body_of_these_is_a_request_but_for_what_is_odd() -> None:
    assert plain(decode_request(encode(body()))[1]) == plain(Ask("f", (), 1))
