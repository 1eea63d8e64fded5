"""Frames: a small JSON header and raw arrays, with a length in front, on a byte stream.

Knows how a message is laid out and how large it may be. Refuses to know what a message means, who sent
it, or how long to wait for it. Whatever is odd is a `FrameError`, and nothing is ever unpickled.

A frame is three parts, all numbers little-endian:

    total length, 4 bytes | header length, 4 bytes | header, UTF-8 JSON | the bytes of the arrays

where the total counts what follows the first 4 bytes, and the header is
`{"body": …, "arrays": [[dtype, shape], …]}`.

Headers are parsed by Python's own `json`, and not decoded into types by a library such as msgspec. That would bring a
second C extension to bytes that a hostile process wrote, and to every student's installation, for checks that no type
can state: that arrays go with their leaves, groups add up to the points, and small text does not stand for large data.
Those stay ours in any case, and parsing takes some 3 % of what a question costs.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from json import JSONEncoder, loads
from math import prod
from sys import getsizeof
from typing import Any, Final, NoReturn, TypeAlias

import numpy as np
from numpy import empty, frombuffer

from grader.protocol.caps import FRAME_CAPS, FrameCaps
from grader.protocol.messages import Array

Body: TypeAlias = dict[str, Any]
Content: TypeAlias = tuple[Body, tuple[Array, ...]]
"""What a frame holds, of which the header is not yet any message."""

DTYPES: Final = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    )
}
"""Every dtype that may travel."""
_NAMES: Final = {dtype: name for name, dtype in DTYPES.items()}
_encoder: Final = JSONEncoder(ensure_ascii=False, allow_nan=False)

_LENGTH: Final = struct.Struct("<I")
_PIECE: Final = 1 << 20
_ESCAPED_SURROGATE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")


_VALUE: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{\[]|[-\dtfn][\w.+-]*+', re.DOTALL)
"""A value, or the name of one, in JSON. What stands between quotes is one, whatever is in it."""


class FrameError(Exception):
    """The bytes are no frame, or one that breaks a cap."""


def encode(body: Mapping[str, Any], arrays: Sequence[Array] = ()) -> bytes:
    """The frame of a message.

    Raises FrameError for a dtype outside `DTYPES`, and for text or numbers that JSON has no word for.
    """
    names = [dtype_name(array) for array in arrays]
    if odd := set(names) - DTYPES.keys():
        raise FrameError(f"no frame holds an array of {sorted(odd)}")
    listed = [[name, list(array.shape)] for name, array in zip(names, arrays, strict=True)]
    try:
        header = _encoder.encode({"body": body, "arrays": listed}).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise FrameError(f"the header is no JSON: {error}") from error
    rest = b"".join([_LENGTH.pack(len(header)), header, *map(_raw, arrays)])
    if len(rest) >= 1 << 32:
        raise FrameError("the frame is longer than its length field can say")
    return _LENGTH.pack(len(rest)) + rest


def dtype_name(array: Array) -> str:
    """The name of an array's dtype, whatever its byte order; NumPy takes ten times as long to put it together."""
    return _NAMES.get(array.dtype) or array.dtype.name


def _raw(array: Array) -> bytes:
    return array.astype(DTYPES[dtype_name(array)], copy=False).tobytes()


def decode(frame: bytes | bytearray, caps: FrameCaps = FRAME_CAPS) -> Content:
    """The message in a whole frame: its body, and its arrays in the machine's byte order, read-only.

    Raises FrameError for anything that `encode` would not have written.
    """
    if len(frame) < 2 * _LENGTH.size:
        raise FrameError("the frame is cut off")
    total, size = struct.unpack_from("<II", frame)
    start = 2 * _LENGTH.size + size
    if total > caps.total or total != len(frame) - _LENGTH.size:
        raise FrameError("the frame's length is not what it says")
    if size > caps.header or start > len(frame):
        raise FrameError("the header's length is out of bounds")
    body, listed = _header(bytes(frame[2 * _LENGTH.size : start]), caps)
    arrays = []
    for dtype, shape in listed:
        count = prod(shape)
        end = start + count * dtype.itemsize
        if end > len(frame):
            raise FrameError("an array is longer than the frame")
        flat = frombuffer(frame, dtype, count, start) if count else empty(0, dtype)
        arrays.append(_frozen(flat.reshape(shape)))
        start = end
    if start != len(frame):
        raise FrameError("there are bytes left over")
    return body, tuple(arrays)


def weight(body: Body, arrays: Sequence[Array]) -> int:
    """About how many bytes of memory a decoded frame takes: a header of 3 characters can stand for 70."""
    total = sum(array.nbytes for array in arrays)
    waiting: list[object] = [body]
    while waiting:
        part = waiting.pop()
        total += getsizeof(part)
        if isinstance(part, dict):
            waiting += part.keys()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return total


def _frozen(array: Array) -> Array:
    # A copy, because a view may be unaligned and would keep the whole frame alive.
    copy = array.astype(array.dtype.newbyteorder("="), copy=True)
    copy.flags.writeable = False
    return copy


def more_values(raw: bytes, most: int) -> bool:
    """Whether JSON holds more than so many values; each takes some 100 bytes of memory, and {} two of the text."""
    return next(islice(_VALUE.finditer(raw), max(most, 0), None), None) is not None


def _header(raw: bytes, caps: FrameCaps) -> tuple[Body, list[tuple[np.dtype[Any], tuple[int, ...]]]]:
    if more_values(raw, caps.values):
        raise FrameError("the header holds too much")
    try:
        text = raw.decode()
        if "\\u" in text and _ESCAPED_SURROGATE.search(text):
            raise FrameError("the header holds half a character")
        header = loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FrameError("the header is no JSON") from error
    match header:
        case {"body": dict(body), "arrays": list(listed)} if len(header) == 2:
            pass
        case _:
            raise FrameError("the header is of another form")
    if len(listed) > caps.arrays:
        raise FrameError("the frame holds too many arrays")
    return body, [_described(item, caps) for item in listed]


def _no_constant(word: str) -> NoReturn:
    raise FrameError(f"the header says {word}, which is no JSON")


def _described(item: object, caps: FrameCaps) -> tuple[np.dtype[Any], tuple[int, ...]]:
    match item:
        case [str(name), list(shape)] if name in DTYPES and len(shape) <= caps.axes:
            natural = all(type(n) is int and n >= 0 for n in shape)
            # NumPy refuses axes whose product overflows even where another axis is 0.
            if natural and prod(max(n, 1) for n in shape) <= caps.total:
                return DTYPES[name], tuple(shape)
    raise FrameError("an array is not described as one")


def read_frame(read: Callable[[int], bytes], caps: FrameCaps = FRAME_CAPS) -> bytearray | None:
    """The next whole frame of a stream, or None where the stream has ended between two frames.

    `read(n)` gives between 1 and n bytes, or none at the end. Raises FrameError for a length above
    the cap, before any of it is read, and for a stream that ends within a frame.
    """
    frame = bytearray()
    _fill(frame, _LENGTH.size, read)
    if not frame:
        return None
    if len(frame) < _LENGTH.size:
        raise FrameError("the stream ended within a frame")
    (total,) = _LENGTH.unpack(frame)
    if total > caps.total:
        raise FrameError(f"a frame of {total} bytes is above the cap of {caps.total}")
    _fill(frame, _LENGTH.size + total, read)
    if len(frame) < _LENGTH.size + total:
        raise FrameError("the stream ended within a frame")
    return frame


def _fill(frame: bytearray, size: int, read: Callable[[int], bytes]) -> None:
    """Read on until a frame has its size, or the stream has ended."""
    while len(frame) < size:
        piece = read(min(_PIECE, size - len(frame)))
        if not piece:
            break
        frame += piece


def write_frame(write: Callable[[bytes], int], frame: bytes) -> None:
    """The whole frame onto a stream; `write(bytes)` says how many of them it took."""
    left = memoryview(frame)
    while left:
        left = left[write(bytes(left[:_PIECE])) :]
