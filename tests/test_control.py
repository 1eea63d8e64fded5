"""What is said to a process that forks others arrives as it was, and nothing else is taken for a message."""

import json

import pytest

from grader.protocol.control import (
    Answer,
    Ended,
    Fork,
    Load,
    Loaded,
    Order,
    Reap,
    Started,
    Unable,
    answer_in,
    order_in,
    sent,
)

ORDERS = [Load(("torch.optim",)), Load(()), Fork(), Fork("/tmp/x", {"memory": 1 << 31}), Reap(7)]
ANSWERS = [Loaded(0), Started(7), Ended(None), Ended(-9), Unable("no room")]


@pytest.mark.parametrize("message", ORDERS, ids=repr)
def test_an_order_arrives_as_it_was(message: Order) -> None:
    assert order_in(sent(message)) == message
    with pytest.raises(TypeError):
        answer_in(sent(message))


@pytest.mark.parametrize("message", ANSWERS, ids=repr)
def test_an_answer_arrives_as_it_was(message: Answer) -> None:
    assert answer_in(sent(message)) == message
    with pytest.raises(TypeError):
        order_in(sent(message))


@pytest.mark.parametrize("data", [b"", b"{}", json.dumps({"kind": "Exec"}).encode(), sent(Reap(1))[:-2]])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        order_in(data)
