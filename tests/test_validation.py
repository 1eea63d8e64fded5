"""What comes back from a process: how much it is, and what of it are outputs."""

import numpy as np
import pytest
from effort import calls

from grader.protocol.frames import FrameError
from grader.runner.validation import outputs, weight

STREAM = {"output_type": "stream", "name": "stdout", "text": ""}


def sent(*listed: object, **more: object) -> dict[str, object]:
    return {"outputs": {"0": list(listed)}, "success": True, **more}


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
    assert outputs(sent(output), 0) == ({0: (output,)}, True)


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
        outputs(sent(STREAM, output), 0)


@pytest.mark.parametrize("body", [{}, sent(success="yes"), sent(outputs=[]), sent(outputs={"1": []})])
def test_what_is_no_answer_to_a_cell_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        outputs(body, 0)


def test_many_outputs_are_read_in_few_steps() -> None:
    """A header holds 300 000 outputs, for which a validator of schemas takes a minute: some hundred calls for each."""
    many = sent(*[dict(STREAM) for _ in range(3_000)])
    assert len(outputs(many, 0)[0][0]) == 3_000
    assert calls(lambda: outputs(many, 0)) < 10 * 3_000


def test_what_is_short_to_write_is_weighed_by_what_it_takes() -> None:
    assert weight({"a": [{} for _ in range(1000)]}, []) > 64_000
    assert weight({}, [np.zeros(1000)]) > 8_000
    assert weight({"text": "x" * 1000}, []) < 2_000
