"""Answers come back as they were, and nothing that is odd is taken for one."""

import pytest
from effort import calls

from grader.protocol.caps import OUTPUT_CAPS
from grader.protocol.frames import FrameError, decode
from grader.protocol.messages import Ask, CellDone, Missing, Other, Ready, RunCell, Start, Unreadable, Value
from grader.protocol.replies import decode_cell_done, decode_ready, decode_reply, encode_answer

STREAM = {"output_type": "stream", "name": "stdout", "text": ""}


def sent(*listed: object, **more: object) -> dict[str, object]:
    return {"id": 7, "outputs": {"0": list(listed)}, "success": True, "errno": 0, **more}


def read(body: dict[str, object]) -> CellDone:
    return decode_cell_done((body, ()), 7, RunCell(0, "", 1))


@pytest.mark.parametrize(
    "output",
    [
        STREAM,
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["line"]},
        {"output_type": "display_data", "data": {"application/json": [[{}]]}, "metadata": {}},
        {"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": 1},
    ],
)
def test_an_output_of_a_notebook_is_taken_as_it_is(output: dict[str, object]) -> None:
    assert read(sent(output)) == CellDone({0: (output,)}, True)


@pytest.mark.parametrize(
    "output",
    [
        None,
        5,
        [],
        {},
        {"output_type": {}},
        {"output_type": "score", "score": 25},
        {**STREAM, "text": ["a"]},
        {**STREAM, "name": None},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": "line"},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["line", 5]},
        {"output_type": "display_data", "data": [], "metadata": {}},
        {"output_type": "display_data", "data": {}},
    ],
)
def test_what_is_no_output_is_refused(output: object) -> None:
    with pytest.raises(FrameError):
        read(sent(STREAM, output))


@pytest.mark.parametrize(
    "body",
    [
        {"id": 7},
        sent(success="yes"),
        sent(outputs=[]),
        sent(outputs={"1": []}),
        sent(errno="ENOSPC"),
        sent(errno=-1),
        sent(id=8),
        {"id": 7, "unreadable": "the header is no JSON"},
    ],
)
def test_what_is_no_answer_to_a_cell_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        read(body)


def test_many_outputs_are_read_in_few_steps() -> None:
    """A header holds 300 000 outputs, for which a validator of schemas takes a minute: some hundred calls for each."""
    many = sent(*[dict(STREAM) for _ in range(3_000)])
    assert len(read(many).outputs[0]) == 3_000
    assert calls(lambda: read(many)) < 10 * 3_000


def test_answers_come_back_as_they_were() -> None:
    done = CellDone({0: (STREAM,), 2: ()}, False, 28)
    assert decode_cell_done(decode(encode_answer(7, done)), 7, RunCell(2, "", 1)) == done
    assert decode_ready(decode(encode_answer(0, Ready())), 0, Start("cpu", OUTPUT_CAPS)) == Ready()
    reply = (Missing("undefined"), Missing("undefined"))
    assert decode_reply(decode(encode_answer(7, reply)), 7, Ask("f", (), 2)) == reply


def test_an_answer_to_another_question_is_refused() -> None:
    frame = encode_answer(8, (Missing("undefined"),))
    with pytest.raises(FrameError, match="another question"):
        decode_reply(decode(frame), 7, Ask("f", (), 1))


def test_of_an_answer_that_cannot_be_sent_it_is_said_why() -> None:
    frame = encode_answer(7, (Value((Other("str", "half \ud800"),)),))
    seen = decode_reply(decode(frame), 7, Ask("f", (), 2))
    assert [type(each) for each in seen] == [Unreadable] * 2
    assert "no JSON" in str(seen[0])
