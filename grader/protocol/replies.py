"""Answers in the form in which they travel, each to the request of its number.

Knows how an answer becomes a frame, and what of a frame is an answer to a request; what a cell's outputs may be
(nbformat 4). Refuses to know what they say. Nothing that comes back is believed to have the right form: what is odd in
any way is a `FrameError`, whole. A general validator is no use here: it takes minutes for a header full of small
outputs, and fails at deep ones.
"""

from __future__ import annotations

from typing import TypeAlias

from grader.protocol.frames import Body, Content, FrameError, encode
from grader.protocol.messages import Array, Ask, CellDone, Output, Read, Ready, Reply, RunCell, Start, Unreadable
from grader.protocol.observations import grouped, ungrouped
from grader.protocol.words import errno_of, text_of

Answer: TypeAlias = Ready | CellDone | Reply


def encode_answer(number: int, answer: Answer) -> bytes:
    """The frame of the answer to the request of this number; where it cannot be sent, of why."""
    try:
        body, arrays = _described(answer)
        return encode({"id": number, **body}, arrays)
    except FrameError as error:
        return encode({"id": number, "unreadable": str(error)[:200]})


def _described(answer: Answer) -> tuple[Body, list[Array]]:
    match answer:
        case Ready():
            return {"ready": True}, []
        case CellDone(outputs, success, errno):
            by_place = {str(place): listed for place, listed in outputs.items()}
            return {"outputs": by_place, "success": success, "errno": errno}, []
    return grouped(answer)


def decode_ready(content: Content, number: int, _: Start) -> Ready:
    """The answer to a start. Raises FrameError."""
    if _body(content, number).get("ready") is not True:
        raise FrameError("the answer is of another form")
    return Ready()


def decode_cell_done(content: Content, number: int, cell: RunCell) -> CellDone:
    """The answer to a cell. Raises FrameError for what is no output of a notebook, or one of a later cell."""
    match _body(content, number):
        case {"outputs": dict(by_place), "success": bool(success), "errno": errno}:
            pass
        case _:
            raise FrameError("the answer is of another form")
    places = {str(place): place for place in range(cell.place + 1)}
    if not by_place.keys() <= places.keys():
        raise FrameError("the outputs are of no cell")
    outputs = {places[name]: _outputs(listed) for name, listed in by_place.items()}
    return CellDone(outputs, success, errno_of(errno))


def decode_reply(content: Content, number: int, question: Ask | Read) -> Reply:
    """The answer to a question, one observation a point. Raises FrameError where it is odd in any way."""
    body = _body(content, number)
    if "unreadable" in body:
        return (Unreadable(text_of(body["unreadable"])),) * question.points
    return ungrouped(body, content[1], question)


def _body(content: Content, number: int) -> Body:
    if content[0].get("id") != number:
        raise FrameError("the answer is to another question")
    return content[0]


def _outputs(listed: object) -> tuple[Output, ...]:
    if not isinstance(listed, list):
        raise FrameError("the outputs are of another form")
    if not all(map(_is_output, listed)):
        raise FrameError("an output is of another form")
    return tuple(listed)


def _is_output(output: object) -> bool:
    match output:
        case {"output_type": "stream", "name": str(), "text": str()}:
            return True
        case {"output_type": "error", "ename": str(), "evalue": str(), "traceback": list(lines)}:
            return all(isinstance(line, str) for line in lines)
        case {"output_type": "display_data" | "execute_result", "data": dict(), "metadata": dict()}:
            return True
    return False
