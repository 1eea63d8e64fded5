"""Replies come back as they were, and nothing that is odd is taken for one."""

import math
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
from grader.protocol.trace import Entrance, FixedTensor, Made, Operation, Outcome, Trace, Word


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


TRACE = Trace(
    (
        Operation("exp.default", (Entrance("0"),), {}, (Made("float64", (2,)),), 3),
        Operation(
            "where.self",
            (Outcome(0), (FixedTensor((1.0, math.inf), (2,), "float32"), 0.1, 2, True, None)),
            {"dtype": Word("float64"), "alpha": 1},
            (Made("float64", (2,)), Made("bool", ())),
            backward=True,
        ),
        Operation("_local_scalar_dense.default", (Outcome(1, 1),), {}, (), 4, gave=1.0),
    ),
    {"": Outcome(1), "0": Entrance("0")},
    ("x", "y"),
)


def test_the_operations_of_a_call_come_back_with_its_point() -> None:
    reply = (ONE, replace(ONE, trace=TRACE, conduct=CONDUCT), ONE)
    again = ungrouped(*grouped(reply), Ask("f", (), 3))
    assert [seen.trace if isinstance(seen, Value) else None for seen in again] == [None, TRACE, None]


STEP = {"name": "a", "operands": [], "named": {}, "outputs": [], "line": 0, "backward": False, "gave": None}


@pytest.mark.parametrize(
    "change",
    [
        {"name": 5},
        {"name": "a" * 5_000},
        {"operands": {}},
        {"operands": [1] * 17},
        {"operands": [{"outcome": [0, 0]}]},
        {"operands": [{"outcome": [-1, 0]}]},
        {"operands": [{"outcome": ["0", 0]}]},
        {"operands": [{"entrance": 5}]},
        {"operands": [{"tensor": ["0x1p0"], "shape": [2], "dtype": "float64"}]},
        {"operands": [{"tensor": ["0x1p0"] * 65, "shape": [65], "dtype": "float64"}]},
        {"operands": [{"tensor": [1.0], "shape": [1], "dtype": "float64"}]},
        {"operands": [{"tensor": [], "shape": [0], "dtype": "float64"}]},
        {"operands": [{"float": "1e5"}, {"float": "0x1p99999"}]},
        {"operands": [{"float": "0x" + "1" * 100}]},
        {"operands": [1.5]},
        {"operands": ["word"]},
        {"operands": [2**31]},
        {"operands": [[[[[1]]]]]},
        {"operands": [{"other": 1}]},
        {"named": {"x" * 5_000: 1}},
        {"outputs": [["float64", [2, 2, 2, 2, 2]]]},
        {"outputs": [["float64", [100]]]},
        {"outputs": [["float64", [True]]]},
        {"outputs": [["float64"]]},
        {"line": -1},
        {"line": 2**31},
        {"line": "3"},
        {"backward": 0},
        {"gave": 1.0},
        {"gave": "much"},
    ],
)
def test_an_odd_operation_is_refused(change: dict[str, object]) -> None:
    body, arrays = grouped((ONE,))
    whole = {"point": 0, "operations": [STEP], "found": {}, "names": []}
    assert ungrouped({**body, "traces": [whole]}, arrays, Ask("f", (), 1))
    with pytest.raises(FrameError):
        ungrouped({**body, "traces": [{**whole, "operations": [{**STEP, **change}]}]}, arrays, Ask("f", (), 1))


@pytest.mark.parametrize(
    "change",
    [
        {"point": 1},
        {"point": -1},
        {"operations": [STEP] * 201},
        {"operations": 5},
        {"found": {"": {"outcome": [1, 0]}}},
        {"found": {str(n): None for n in range(17)}},
        {"names": [5]},
        {"names": ["x"] * 17},
    ],
)
def test_an_odd_trace_is_refused(change: dict[str, object]) -> None:
    body, arrays = grouped((ONE,))
    whole = {"point": 0, "operations": [STEP], "found": {}, "names": [], **change}
    with pytest.raises(FrameError):
        ungrouped({**body, "traces": [whole]}, arrays, Ask("f", (), 1))


def test_a_trace_belongs_to_a_value_and_to_one() -> None:
    body, arrays = grouped((replace(ONE, trace=TRACE),))
    with pytest.raises(FrameError, match="was not"):
        ungrouped({**body, "traces": body["traces"] * 2}, arrays, Ask("f", (), 1))
    with pytest.raises(FrameError, match="too many"):
        ungrouped({**body, "traces": body["traces"] * 17}, arrays, Ask("f", (), 1))
    body, arrays = grouped((ERROR,))
    with pytest.raises(FrameError, match="was not"):
        ungrouped({**body, "traces": grouped((replace(ONE, trace=TRACE),))[0]["traces"]}, arrays, Ask("f", (), 1))


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
        {"groups": [], "conducts": [], "traces": []},
        {"groups": [{"count": 2, "observation": {"missing": "x"}}], "conducts": [], "traces": []},
        {"groups": [{"count": 0, "observation": {"missing": "x"}}], "conducts": [], "traces": []},
        {"groups": [{"count": 1, "observation": {"missing": 5}}], "conducts": [], "traces": []},
        {"groups": [{"count": 1, "observation": {"missing": "x" * 5000}}], "conducts": [], "traces": []},
        {"groups": [{"count": 1, "observation": {"missing": "x", "raised": "y"}}], "conducts": [], "traces": []},
        {"groups": [{"count": 1, "observation": {"raised": "x"}}], "conducts": [], "traces": []},
        {"groups": [{"count": 1, "observation": {"results": []}}], "conducts": [], "traces": []},
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
                "traces": [],
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
    body = {"groups": [{"count": 1000, "observation": value}], "conducts": [], "traces": []}
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
        return {"groups": [{"count": 1, "observation": value}], "conducts": [], "traces": []}

    (seen,) = ungrouped(body(whole), [], question)
    assert isinstance(seen, Value)
    assert len(seen.results) == whole
    with pytest.raises(FrameError, match="number of calls"):
        ungrouped(body(odd), [], question)
