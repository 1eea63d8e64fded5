"""Frames come back as they were, and nothing but a frame is read."""

import io
import json
import struct
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.protocol.caps import FrameCaps
from grader.protocol.frames import DTYPES, FrameError, decode, encode, read_frame, weight, write_frame
from grader.protocol.messages import Array

texts = st.text(st.characters(exclude_categories=["Cs"]))
bodies = st.dictionaries(texts, st.recursive(st.none() | st.booleans() | st.integers() | texts, st.lists), max_size=4)
arrays = st.lists(
    hnp.arrays(st.sampled_from(sorted(DTYPES)), hnp.array_shapes(min_dims=0, min_side=0)),
    max_size=4,
)


def framed(header: bytes, rest: bytes = b"") -> bytes:
    return struct.pack("<II", 4 + len(header) + len(rest), len(header)) + header + rest


@given(bodies, arrays)
@settings(max_examples=60)
def test_a_message_comes_back_as_it_was(body: dict[str, Any], sent: list[Array]) -> None:
    again, got = decode(encode(body, sent))
    assert again == body
    for before, after in zip(sent, got, strict=True):
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        assert after.tobytes() == before.tobytes()


def expect_frame_or_error(frame: bytes) -> bool:
    """Whether the reader takes the bytes for a message or refuses them as no frame; anything else it raises."""
    with suppress(FrameError):
        body, arrays = decode(frame)
        return isinstance(body, dict) and all(isinstance(array, np.ndarray) for array in arrays)
    return True


@given(st.binary(max_size=300))
def test_random_bytes_are_only_ever_a_frame_error(noise: bytes) -> None:
    for frame in (noise, framed(noise), framed(b'{"body":{},"arrays":[["int8",[3]]]}', noise)):
        assert expect_frame_or_error(frame)


@given(
    st.recursive(
        st.none() | st.floats() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_any_json_is_only_ever_a_frame_error(value: object) -> None:
    for header in (value, {"body": {}, "arrays": value}, {"body": {}, "arrays": [["int8", value]]}):
        assert expect_frame_or_error(framed(json.dumps(header).encode()))


@given(st.data())
def test_a_damaged_frame_is_a_frame_error_or_another_frame(data: st.DataObject) -> None:
    frame = bytearray(encode({"a": "b"}, [np.arange(3.0)]))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    assert expect_frame_or_error(bytes(frame))


GOOD = b'{"body":{},"arrays":[]}'


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00\x00\x00\x00",
        framed(GOOD)[:-1],
        framed(GOOD) + b"x",
        framed(GOOD, b"x"),
        framed(b"[" * 100_000),
        framed(b'{"body":{},"arrays":[],"more":1}'),
        framed(b'{"body":[],"arrays":[]}'),
        framed(b'{"body":{"a":NaN},"arrays":[]}'),
        framed(b'{"body":{"a":"\\ud800"},"arrays":[]}'),
        framed(b'{"body":{"a":"\\\\\\ud800"},"arrays":[]}'),
        framed(b'{"body":{"a":"\xed\xa0\x80"},"arrays":[]}'),
        framed(b'{"body":{"a":' + b"9" * 5000 + b'},"arrays":[]}'),
        framed(b'{"body":{},"arrays":[["object",[1]]]}', bytes(8)),
        framed(b'{"body":{},"arrays":[["float64",[-1]]]}'),
        framed(b'{"body":{},"arrays":[["float64",[true]]]}', bytes(8)),
        framed(b'{"body":{},"arrays":[["float64",[1000000,1000000,1000000]]]}', bytes(8)),
        framed(b'{"body":{},"arrays":[["float64",[1' + b",1" * 40 + b"]]]}", bytes(8)),
        framed(b'{"body":{},"arrays":[["float64",[2]]]}', bytes(8)),
        framed(b'{"body":{},"arrays":[["float64",[90000000,90000000,90000000,90000000,0]]]}'),
        struct.pack("<II", 30, 4_000_000_000) + bytes(26),
    ],
)
def test_what_is_odd_is_refused(frame: bytes) -> None:
    with pytest.raises(FrameError):
        decode(frame)


def test_a_backslash_before_u_in_text_is_no_surrogate() -> None:
    assert decode(encode({"a": "\\ud800 \\\\ud800 é 🙂"}))[0] == {"a": "\\ud800 \\\\ud800 é 🙂"}


@pytest.mark.parametrize("body", [{"a": float("nan")}, {"a": "\ud800"}, {"a": object()}])
def test_what_has_no_json_is_not_sent(body: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        encode(body)


def test_objects_are_not_sent() -> None:
    with pytest.raises(FrameError):
        encode({}, [np.array([object()])])


def test_caps_hold() -> None:
    frame = encode({}, [np.zeros(10), np.zeros(10)])
    for caps in (FrameCaps(total=100), FrameCaps(header=10), FrameCaps(arrays=1), FrameCaps(axes=0)):
        with pytest.raises(FrameError):
            decode(frame, caps)


def test_a_stream_gives_frame_after_frame_and_then_ends() -> None:
    stream = io.BytesIO()
    frames = [encode({"n": n}, [np.arange(n)]) for n in range(3)]
    for frame in frames:
        write_frame(lambda piece: stream.write(piece[:7]), frame)
    stream.seek(0)
    assert [read_frame(lambda n: stream.read(min(n, 5))) for _ in range(4)] == [*frames, None]


def test_a_stream_that_ends_within_a_frame_is_refused() -> None:
    for noise in (b"\x01", struct.pack("<I", 20) + b"abc"):
        with pytest.raises(FrameError, match="ended within a frame"):
            read_frame(io.BytesIO(noise).read)


def test_a_frame_above_the_cap_is_refused_before_it_is_read() -> None:
    stream = io.BytesIO(struct.pack("<I", 2_000_000_000) + bytes(1000))
    with pytest.raises(FrameError, match="above the cap"):
        read_frame(stream.read)
    assert stream.tell() == 4


def test_a_header_of_many_small_values_is_refused_before_it_is_parsed() -> None:
    """Two characters of it can stand for 70 bytes of memory."""
    for value in ("{}", "[]", "0", '""', "null"):
        frame = framed(f'{{"body": {{"a": [{", ".join([value] * 500)}]}}, "arrays": []}}'.encode())
        assert decode(frame)[0].keys() == {"a"}
        with pytest.raises(FrameError, match="the header holds too much"):
            decode(frame, FrameCaps(values=500))
    text = framed(f'{{"body": {{"a": "{"{}," * 5000}"}}, "arrays": []}}'.encode())
    assert decode(text, FrameCaps(values=10))[0].keys() == {"a"}


def test_what_is_short_to_write_is_weighed_by_what_it_takes() -> None:
    assert weight({"a": [{} for _ in range(1000)]}, []) > 64_000
    assert weight({}, [np.zeros(1000)]) > 8_000
    assert weight({"text": "x" * 1000}, []) < 2_000
