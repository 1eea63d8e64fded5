"""Each manner of asking, carried out in this process and read back as the grader reads it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

from grader.kernel.answers import Namespace, answer
from grader.protocol.conduct import Means
from grader.protocol.frames import decode
from grader.protocol.messages import (
    Ask,
    CallMode,
    Device,
    Function,
    Leaf,
    Missing,
    Node,
    NumpyArray,
    Other,
    Raised,
    Read,
    Tensor,
    Unreadable,
    Value,
)
from grader.protocol.observations import grouped
from grader.protocol.replies import decode_reply, encode_answer
from grader.protocol.requests import decode_request, encode_request

RECORDED = 2


def ask(question: Ask | Read, device: str = "cpu", **names: Any) -> tuple[Any, ...]:
    """The reply of a notebook that defined `names`, through the frames of both directions.

    What kind of observation each is, a test says by what it looks at.
    """
    if isinstance(question, Ask):
        question = replace(question, recorded=RECORDED)
    number, asked = decode_request(encode_request(1, question))
    assert isinstance(asked, Ask | Read)
    notebook = Namespace(names, device, is_cell=lambda name: name == __file__)
    return decode_reply(decode(encode_answer(number, answer(asked, notebook))), 1, question)


def one(question: Ask | Read, **names: Any) -> Any:
    (seen,) = ask(question, **names)
    return seen


def result(value: object) -> Any:
    """What a function that returns `value` is seen to return."""
    seen = one(Ask("f", (), 1), f=lambda: value)
    return seen.results[0]


def scalars(*values: float) -> Tensor:
    return Tensor(np.array(values))


class Liar:
    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __repr__(self) -> str:
        raise AssertionError("shown")

    def __iter__(self) -> Iterator[object]:
        raise AssertionError("iterated")

    def __float__(self) -> float:
        raise AssertionError("converted")

    __hash__ = None  # type: ignore[assignment] # what Python itself sets, and typeshed has no type for


class Sneaky(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func: object, types: object, args: object = (), kwargs: object = None) -> object:
        raise AssertionError("asked")

    def detach(self) -> torch.Tensor:
        raise AssertionError("detached")


class Pair(tuple[object, ...]):
    __slots__ = ()

    def __iter__(self) -> Iterator[object]:
        raise AssertionError("iterated")


LEAVES = [
    (torch.tensor(2.5), "tensor", "float32", 2.5),
    (torch.eye(2, dtype=torch.float64), "tensor", "float64", [[1, 0], [0, 1]]),
    (torch.eye(2).T[:, 1], "tensor", "float32", [0, 1]),
    (torch.zeros(0), "tensor", "float32", []),
    (torch.tensor([1, 2]), "tensor", "int64", [1, 2]),
    (torch.tensor(True), "tensor", "bool", True),
    (torch.tensor([1.5], dtype=torch.bfloat16), "tensor", "bfloat16", [1.5]),
    (torch.tensor([1j]).conj(), "tensor", "complex64", [-1j]),
    (torch.nn.Parameter(torch.ones(2)), "tensor", "float32", [1, 1]),
    (torch.ones(2).as_subclass(Sneaky), "tensor", "float32", [1, 1]),
    (np.ones((2, 1), np.float32), "numpy", "float32", [[1], [1]]),
    (np.eye(2).view(np.matrix), "numpy", "float64", [[1, 0], [0, 1]]),
    (np.float64(1.5), "numpy", "float64", 1.5),
    (np.bool_(True), "numpy", "bool", True),
    (1.5, "float", "float64", 1.5),
    (float("nan"), "float", "float64", float("nan")),
    (3, "int", "int64", 3),
    (True, "bool", "bool", True),
    (1j, "complex", "complex128", 1j),
    ([1.0, 2.0], "list", "float64", [1, 2]),
    ([1, 2.5, torch.tensor([3.0]), np.float32(4)], "list", "float64", [1, 2.5, 3, 4]),
    ([torch.tensor(1.0)] * 20, "list", "float32", [1] * 20),
]


@pytest.mark.parametrize(("value", "kind", "dtype", "numbers"), LEAVES)
def test_numbers_come_back_as_they_were(value: object, kind: str, dtype: str, numbers: Any) -> None:
    leaf = result(value)
    assert (leaf.kind, leaf.dtype, leaf.device) == (kind, dtype, "cpu")
    assert leaf.array.shape == np.shape(numbers)
    np.testing.assert_array_equal(leaf.array, numbers)


OTHERS = [
    (None, Other("None")),
    ("text", Other("str", "text")),
    ("half \ud800", Other("str", "half ?")),
    (..., Other("ellipsis")),
    ({1, 2}, Other("set")),
    ({1: 2}, Other("dict")),
    (Liar(), Other("Liar")),
    (torch.float32, Other("dtype")),
    (10**400, Other("int", "beyond 64 bits")),
    (np.array(["a"]), Other("ndarray", "dtype str32")),
    (torch.zeros(2, device="meta"), Other),
    (torch.eye(2).to_sparse(), Other),
]


@pytest.mark.parametrize(("value", "other"), OTHERS)
def test_what_is_no_number_is_named(value: object, other: Any) -> None:
    seen = result(value)
    assert seen == other or isinstance(seen, other)


def shape_of(node: Node) -> object:
    """A node with its leaves' kinds in place of the leaves."""
    match node:
        case Leaf():
            return node.kind
        case Other():
            return node.text or node.type_name
        case tuple():
            return tuple(map(shape_of, node))
    return {key: shape_of(part) for key, part in node.items()}


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ((1.0, 2.0), ("float", "float")),
        ([], ()),
        ([torch.zeros(2), 1.0], ("tensor", "float")),
        ([[1.0], [2.0, 3.0]], ("list", "list")),
        ([1.0, None], ("float", "None")),
        ([("a", "x"), ("b", "x")], (("a", "x"), ("b", "x"))),
        ({"z": 1.0, "w": {"b": [1]}}, {"z": "float", "w": {"b": "list"}}),
        ({"z": Liar(), "é\ud800": 1}, {"z": "Liar", "é?": "int"}),
        (Pair((1, Liar())), ("int", "Liar")),
        (torch.max(torch.eye(2), dim=0), ("tensor", "tensor")),
    ],
)
def test_containers_are_opened(value: object, shape: object) -> None:
    assert shape_of(result(value)) == shape


def nested(depth: int) -> object:
    return (nested(depth - 1),) if depth else 0


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(1).expand(100_000_000),
        np.broadcast_to(0.0, (10**8,)),
        (0,) * 300_000,
        nested(200),
    ],
)
def test_what_is_too_large_is_not_sent(value: object) -> None:
    assert one(Ask("f", (), 1), f=lambda: value) == Unreadable("result too large")


def test_a_list_in_itself_is_too_large() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert one(Ask("f", (), 1), f=lambda: endless) == Unreadable("result too large")


def test_arguments_are_made_as_described() -> None:
    def f(x: Any, array: Any, function: Any, device: Any, pair: Any, parameters: Any, nothing: Any, rate: Any) -> Any:
        assert (type(pair), type(parameters), type(array)) == (list, dict, np.ndarray)
        assert (nothing, rate, device) == (None, float("inf"), torch.device("cpu"))
        return function(x, 2.0), pair[0] + parameters["w"] + pair[1], array

    question = Ask(
        "f",
        (
            scalars(1.0, 2.0),
            NumpyArray(np.array([[1.0], [2.0]])),
            Function(("a", "b"), "exp(a)*b + pi"),
            Device(),
            (scalars(1.0, 2.0), 5),
            {"w": scalars(10.0, 20.0)},
            None,
            float("inf"),
        ),
        2,
        dtype="float32",
    )
    _, second = ask(question, f=f)
    ((by_function, total, array),) = second.results
    assert float(by_function.array) == pytest.approx(np.exp(2.0) * 2 + np.pi)
    assert (float(total.array), total.dtype, array.array.tolist()) == (27, "float32", [2.0])


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("float32", "torch.float32 float32"), ("float64", "torch.float64 float64")],
)
def test_floats_are_cast_and_integers_are_not(dtype: str, expected: str) -> None:
    question = Ask(
        "f",
        (scalars(1.0), NumpyArray(np.ones(1)), Tensor(np.array([1])), NumpyArray(np.array([1]))),
        1,
        dtype=dtype,
    )
    seen = one(question, f=lambda x, a, n, m: f"{x.dtype} {a.dtype} {n.dtype} {m.dtype}")
    assert seen.results[0] == Other("str", f"{expected} torch.int64 int64")


def test_every_point_has_fresh_arguments_and_every_round_the_same() -> None:
    kept: list[torch.Tensor] = []

    def f(x: torch.Tensor) -> torch.Tensor:
        kept.append(x)
        return x.add_(1)

    seen = ask(Ask("f", (scalars(0.0, 5.0),), 2, rounds=3), f=f)
    assert [[float(r.array) for r in point.results] for point in seen] == [[1, 2, 3], [6, 7, 8]]
    assert [point.changed for point in seen] == [("0",), ("0",)]
    assert kept[0] is kept[2]
    assert kept[0] is not kept[3]


def test_gradients_reach_every_floating_argument() -> None:
    question = Ask(
        "f",
        (
            Tensor(np.array([[1.0, 2.0], [3.0, 4.0]])),
            Tensor(np.array([[1], [2]])),
            {"w": scalars(5.0, 6.0)},
            (scalars(7.0, 8.0),),
        ),
        2,
        CallMode.GRADIENT,
        pulls={"z": np.array([[1.0, 10.0], [1.0, 10.0]]), "u": np.array([2.0, 2.0])},
    )

    def f(
        x: torch.Tensor, n: torch.Tensor, p: dict[str, torch.Tensor], rest: list[torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        return {"z": x * p["w"], "u": x.sum() * n.sum(), "unused": rest[0]}

    first, second = ask(question, f=f)
    assert list(first.gradients) == ["0", "2.w", "3.0"]
    np.testing.assert_array_equal(first.gradients["0"].array, [5 + 2, 50 + 2])
    np.testing.assert_array_equal(second.gradients["0"].array, [6 + 4, 60 + 4])
    assert first.gradients["2.w"].array == 21
    assert first.gradients["3.0"] is None
    assert first.gradient_error is None
    assert first.changed == ()


@pytest.mark.parametrize(
    ("f", "error", "text"),
    [
        (lambda x: x.detach() * 2, "RuntimeError", "does not require grad"),
        (lambda x: x.item(), "TypeError", "a float, which autograd cannot follow"),
        (lambda x: None, "TypeError", "a NoneType"),
        (lambda x: x.expand(3), "ValueError", "shape"),
    ],
)
def test_a_result_without_a_gradient_says_why(f: Callable[[torch.Tensor], object], error: str, text: str) -> None:
    seen = one(Ask("f", (scalars(1.0),), 1, CallMode.GRADIENT, pulls={"": np.ones(1)}), f=f)
    assert seen.gradients == {"0": None}
    assert seen.gradient_error.type_name == error
    assert text in seen.gradient_error.text


def test_a_result_of_shape_one_is_pulled_by_its_entry() -> None:
    seen = one(
        Ask("f", (scalars(3.0),), 1, CallMode.GRADIENT, pulls={"": np.array([2.0])}),
        f=lambda x: (x * x).reshape(1),
    )
    assert seen.gradients["0"].array == 12


def test_a_result_of_another_shape_is_pulled_entry_by_entry() -> None:
    pulls = {"": np.array([[1.0, 10.0]])}
    seen = one(Ask("f", (Tensor(np.ones((1, 2))),), 1, CallMode.GRADIENT, pulls=pulls), f=lambda x: x[:, None])
    assert seen.gradients["0"].array.tolist() == [1, 10]


def test_recording_that_was_left_off_does_not_count() -> None:
    with torch.no_grad():
        seen = one(Ask("f", (scalars(3.0),), 1, CallMode.GRADIENT, pulls={"": np.ones(1)}), f=lambda x: x * x)
    assert seen.gradients["0"].array == 6


def test_autograd_finds_nothing_under_inference_and_is_noticed() -> None:
    def by_hand(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    def by_autograd(x: torch.Tensor) -> torch.Tensor | None:
        y = x.clone().requires_grad_()
        (y * y).backward()
        return y.grad

    question = Ask("f", (scalars(3.0),), 1, CallMode.INFERENCE)
    assert one(question, f=by_hand).results[0].array == 6
    seen = one(question, f=by_autograd)
    assert (seen.type_name, deeds(seen, Means.ENGINE)) == ("RuntimeError", {"Tensor.backward"})


def deeds(seen: Any, *means: Means) -> set[str]:
    """The names of what a call was seen to do by some means."""
    return {deed.name for deed in seen.conduct.deeds if deed.means in means}


def test_some_calls_are_recorded_and_nobody_can_foresee_which() -> None:
    question = Ask("f", (scalars(*range(8)),), 8)
    chosen = [tuple(seen.conduct is not None for seen in ask(question, f=torch.exp)) for _ in range(20)]
    assert {sum(which) for which in chosen} == {RECORDED}
    assert len(set(chosen)) > 1


def test_the_backward_pass_of_the_question_itself_is_not_the_students() -> None:
    seen = one(Ask("f", (scalars(1.0),), 1, CallMode.GRADIENT, pulls={"": np.ones(1)}), f=lambda x: x * x)
    assert not deeds(seen, Means.ENGINE, Means.FORWARD, Means.GRAPH)


@pytest.mark.parametrize(
    ("kind", "f", "after"),
    [
        (Tensor, lambda x: x.reshape(2, 1), 9),
        (Tensor, lambda x: x.clone(), 1),
        (NumpyArray, torch.from_numpy, 9),
        (NumpyArray, torch.tensor, 1),
    ],
)
def test_a_view_follows_what_is_written_into_its_argument(
    kind: type[Tensor] | type[NumpyArray], f: Callable[[Any], torch.Tensor], after: float
) -> None:
    replacements = {"0": np.full((1, 2), 9.0)}
    seen = one(Ask("f", (kind(np.ones((1, 2))),), 1, CallMode.REWRITE, replacements=replacements), f=f)
    assert [look.array.ravel().tolist() for look in seen.results] == [[1, 1], [after, after]]
    assert seen.changed == ()


UPDATE = Ask(
    "f",
    ((Tensor(np.ones((1, 2))), scalars(5.0)), 0.5),
    1,
    CallMode.UPDATE,
    rounds=2,
    pulls={"0.0": np.array([[[1.0, 2.0], [3.0, 4.0]]]), "0.1": np.array([[10.0, 20.0]])},
)


@pytest.mark.parametrize(("forget", "last"), [(True, [-1.0, -2.0]), (False, [-1.5, -3.0])])
def test_updates_show_the_parameters_after_each_step(forget: bool, last: list[float]) -> None:
    def f(parameters: list[Any], rate: float) -> None:
        with torch.no_grad():
            for parameter in parameters:
                parameter.sub_(rate * parameter.grad)
                parameter.grad = None if forget else parameter.grad

    seen = one(UPDATE, f=f)
    assert [r["0.0"].array.tolist() for r in seen.results] == [[0.5, 0.0], last]
    assert seen.results[0]["0.1"].array == 0
    assert set(seen.changed) == {"0.0", "0.1"}


def test_an_update_that_is_recorded_is_an_error() -> None:
    def f(parameters: list[Any], rate: float) -> None:
        for parameter in parameters:
            parameter.sub_(rate * parameter.grad)

    assert one(UPDATE, f=f).type_name == "RuntimeError"


def test_parameters_that_cannot_be_pulled_at_again_are_said() -> None:
    seen = one(UPDATE, f=lambda parameters, rate: [p.requires_grad_(False) for p in parameters])
    assert len(seen.results) == 1
    assert "does not require grad" in seen.gradient_error.text


class Own(BaseException):
    def __str__(self) -> str:
        raise ValueError("no text")


def raising(error: BaseException) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    ("error", "name", "text"),
    [
        (NotImplementedError(), "NotImplementedError", ""),
        (SystemExit(3), "SystemExit", "3"),
        (KeyError("k"), "KeyError", "'k'"),
        (ValueError("x" * 5000), "ValueError", "x" * 2000 + "…"),
        (Own(), "Own", "(its text cannot be shown: ValueError)"),
        (KeyboardInterrupt(), "KeyboardInterrupt", ""),
    ],
)
def test_what_is_raised_is_a_fact(error: BaseException, name: str, text: str) -> None:
    seen = one(Ask("f", (), 1), f=lambda: raising(error))
    assert (seen.type_name, seen.text, seen.line[-11:]) == (name, text, "raise error")


def test_the_line_is_the_deepest_in_a_cell() -> None:
    def f() -> object:
        return json.loads("{")

    seen = one(Ask("f", (), 1), f=f)
    assert (seen.type_name, seen.line[-22:]) == ("JSONDecodeError", 'return json.loads("{")')


def test_endless_recursion_is_a_fact() -> None:
    def f() -> object:
        return f()

    assert one(Ask("f", (), 1), f=f).type_name == "RecursionError"


def test_a_point_that_fails_leaves_the_others() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        return 1 / x if x != 2 else raising(ValueError("two"))

    seen = ask(Ask("f", (scalars(1.0, 2.0, 4.0),), 3), f=f)
    assert [type(s) for s in seen] == [Value, Raised, Value]
    assert seen[2].results[0].array == 0.25


def test_points_of_one_structure_travel_as_one_group() -> None:
    question = Ask("f", (Tensor(np.arange(2000.0)),), 2000)
    notebook = Namespace({"f": lambda x: (x, x * x)}, "cpu", lambda name: False)
    body, stacked = grouped(answer(question, notebook))
    assert [group["count"] for group in body["groups"]] == [2000]
    assert [array.shape for array in stacked] == [(2000,), (2000,)]


def test_points_of_changing_structure_stay_in_order() -> None:
    def f(x: torch.Tensor) -> object:
        return [x] if x % 2 else x.expand(int(x))

    seen = ask(Ask("f", (Tensor(np.arange(6.0)),), 6), f=f)
    assert [s.results[0].array.shape for s in seen] == [(0,), (1,), (2,), (1,), (4,), (1,)]


def test_missing_names_are_said_to_be_missing() -> None:
    assert ask(Ask("f", (), 2)) == (Missing("undefined"),) * 2
    assert one(Ask("f", (), 1), f=3) == Missing("not callable")
    assert one(Read("x")) == Missing("undefined")


def test_variables_are_read_as_they_are() -> None:
    assert one(Read("x"), x=[1.0, 2.0]).results[0].array.tolist() == [1.0, 2.0]
    assert one(Read("x"), x=[("a", "z")]).results[0] == ((Other("str", "a"), Other("str", "z")),)


def test_wrong_arguments_are_the_functions_own_error() -> None:
    assert one(Ask("f", (1, 2), 1), f=lambda x: x).type_name == "TypeError"
