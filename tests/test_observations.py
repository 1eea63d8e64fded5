"""Replies come back as they were, and nothing that is odd is taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from grader.protocol.conduct import Conduct, Deed, Means
from grader.protocol.frames import Body, FrameError
from grader.protocol.messages import (
    Array,
    Ask,
    CallMode,
    Died,
    Leaf,
    Missing,
    Observation,
    Other,
    Raised,
    Read,
    Unreadable,
    Value,
)
from grader.protocol.observations import grouped, ungrouped


def leaf(*numbers: float, kind: str = "tensor") -> Leaf:
    return Leaf(np.array(numbers), kind, "float64", "cpu")


def plain(node: object) -> object:
    """A node or an observation with lists in place of arrays, to be compared."""
    match node:
        case Leaf(array, kind, dtype, device):
            return array.tolist(), array.dtype, kind, dtype, device
        case Value(results, gradients, error, changed, conduct):
            return plain(results), plain(gradients), error, changed, conduct
        case tuple():
            return tuple(map(plain, node))
        case dict():
            return {key: plain(part) for key, part in node.items()}
    return node


ONE = Value((leaf(1, 2),))
ERROR = Raised("ValueError", "text", "line 2: g", errno=12)
POINTS: list[Observation] = [
    ONE,
    Value((leaf(3, 4),)),
    Value((leaf(5),)),
    Value(({"a": (leaf(1), Other("str", "x")), "b": ()},), {"0": leaf(1), "1.w": None}, None, ("0", "1.w")),
    Value((leaf(7),), gradient_error=Raised("TypeError", "text", "line 1: f", errno=28)),
    ERROR,
    ERROR,
    Missing("undefined"),
    Unreadable("result too large"),
]


@pytest.mark.parametrize("first", POINTS, ids=lambda seen: type(seen).__name__)
def test_a_reply_comes_back_as_it_was(first: Observation) -> None:
    reply = (first, *POINTS)
    again = ungrouped(*grouped(reply), Ask("f", (), len(reply)))
    assert plain(again) == plain(reply)


CONDUCT = Conduct((Deed(Means.ENGINE, "torch.autograd.grad", "line 2: g", ("f", "g")), Deed(Means.CALL, "x")), "off")


@pytest.mark.parametrize("seen", [ONE, ERROR])
@pytest.mark.parametrize("conduct", [Conduct(), CONDUCT])
def test_what_a_call_did_comes_back_with_its_point(seen: Value | Raised, conduct: Conduct) -> None:
    reply = (seen, replace(seen, conduct=conduct), seen)
    assert plain(ungrouped(*grouped(reply), Ask("f", (), 3))) == plain(reply)


@pytest.mark.parametrize(
    "written",
    [
        {"point": 1, "disturbed": "", "deeds": []},
        {"point": -1, "disturbed": "", "deeds": []},
        {"point": 0, "disturbed": 5, "deeds": []},
        {"point": 0, "disturbed": "", "deeds": [["engine", "a", "b"]]},
        {"point": 0, "disturbed": "", "deeds": [["other", "a", "b", []]]},
        {"point": 0, "disturbed": "", "deeds": [["engine", "a" * 5_000, "b", []]]},
        {"point": 0, "disturbed": "", "deeds": [["engine", "a", "b", ["c"] * 9]]},
        {"point": 0, "disturbed": "", "deeds": [["engine", "a", "b", []]] * 1_001},
        {"point": 0, "deeds": []},
        [],
    ],
)
def test_an_odd_conduct_is_refused(written: object) -> None:
    body, arrays = grouped((ONE,))
    with pytest.raises(FrameError):
        ungrouped({**body, "conducts": [written]}, arrays, Ask("f", (), 1))


def test_a_conduct_belongs_to_a_call_that_there_was_and_to_no_other() -> None:
    body, arrays = grouped((replace(ONE, conduct=CONDUCT),))
    with pytest.raises(FrameError, match="was not"):
        ungrouped({**body, "conducts": body["conducts"] * 2}, arrays, Ask("f", (), 1))
    body, arrays = grouped((Missing("undefined"),))
    with pytest.raises(FrameError, match="was not"):
        ungrouped({**body, "conducts": [{"point": 0, "disturbed": "", "deeds": []}]}, arrays, Ask("f", (), 1))


def test_what_only_the_grader_can_say_is_not_sent() -> None:
    with pytest.raises(FrameError, match="Died"):
        grouped((Died("SIGKILL"),))


ODD_NODES: list[object] = [
    5,
    {},
    {"leaf": "tensor", "dtype": "x", "device": "cpu"},
    {"leaf": "odd", "dtype": "x", "device": "cpu"},
    {"leaf": "float", "dtype": 5, "device": "cpu"},
    {"tuple": 5},
    {"tuple": [5]},
    {"map": []},
    {"other": None, "text": ""},
]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"groups": [], "conducts": []},
        {"groups": [{"count": 2, "observation": {"missing": "x"}}], "conducts": []},
        {"groups": [{"count": 0, "observation": {"missing": "x"}}], "conducts": []},
        {"groups": [{"count": 1, "observation": {"missing": 5}}], "conducts": []},
        {"groups": [{"count": 1, "observation": {"missing": "x" * 5000}}], "conducts": []},
        {"groups": [{"count": 1, "observation": {"missing": "x", "raised": "y"}}], "conducts": []},
        {"groups": [{"count": 1, "observation": {"raised": "x"}}], "conducts": []},
        {"groups": [{"count": 1, "observation": {"results": []}}], "conducts": []},
        {"groups": [{"count": 1, "observation": {"missing": "x"}}], "conducts": [1]},
        *(
            {
                "groups": [
                    {
                        "count": 1,
                        "observation": {
                            "results": [node],
                            "changed": [],
                            "marked": [],
                            "gradients": {},
                            "error": None,
                        },
                    }
                ],
                "conducts": [],
            }
            for node in ODD_NODES
        ),
    ],
)
@pytest.mark.parametrize("arrays", [[], [np.zeros((1, 2, 2), bool), np.zeros(1)]])
def test_an_odd_answer_is_refused(body: Body, arrays: list[Array]) -> None:
    with pytest.raises(FrameError):
        ungrouped(body, arrays, Ask("f", (), 1))


def test_a_short_answer_cannot_stand_for_endless_results() -> None:
    node = {"tuple": [{"other": "x", "text": ""}] * 1000}
    value: Body = {"results": [node], "changed": [], "marked": [], "gradients": {}, "error": None}
    body = {"groups": [{"count": 1000, "observation": value}], "conducts": []}
    with pytest.raises(FrameError, match="too many parts"):
        ungrouped(body, [], Ask("f", (), 1000))


@pytest.mark.parametrize(
    ("question", "whole", "odd"),
    [
        (Read("f"), 1, 2),
        (Ask("f", (), 1), 1, 0),
        (Ask("f", (), 1, rounds=2), 2, 1),
        (Ask("f", (), 1, CallMode.GRADIENT), 1, 0),
        (Ask("f", (), 1, CallMode.REWRITE), 2, 1),
        (Ask("f", (), 1, CallMode.UPDATE, rounds=3), 3, 0),
    ],
)
def test_an_answer_has_a_result_of_every_call(question: Ask | Read, whole: int, odd: int) -> None:
    def body(count: int) -> Body:
        value: Body = {"results": [{"tuple": []}] * count, "changed": [], "marked": [], "gradients": {}, "error": None}
        return {"groups": [{"count": 1, "observation": value}], "conducts": []}

    (seen,) = ungrouped(body(whole), [], question)
    assert isinstance(seen, Value)
    assert len(seen.results) == whole
    with pytest.raises(FrameError, match="number of calls"):
        ungrouped(body(odd), [], question)
