"""What counts as a right answer, and what is said of a wrong one."""

import numpy as np
import pytest
from observed import leaf

from grader.judge.compare import Compared, compared, part, verdict_on
from grader.judge.facts import both, difference, excerpt, place
from grader.judge.findings import Finding
from grader.oracle.precision import EPS32, TOLERANCE
from grader.pages import wording
from grader.pages.sentences import remark, sentence
from grader.protocol.messages import Array, Leaf, Node, Other

TOL = TOLERANCE["float64", "cpu"]
FOUR = np.array(4.0)


def judged(node: Node, expected: object = FOUR, kind: str = "") -> Compared:
    return compared(node, {}, np.asarray(expected, dtype=float), "f", TOL, kind)


def refused(node: Node, expected: object = FOUR) -> Finding:
    """What is said of a node that cannot be compared."""
    problem = judged(node, expected).problem
    assert problem is not None
    return problem


@pytest.mark.parametrize(
    "node",
    [
        leaf(4.0),
        leaf([4.0]),
        leaf([[4.0]]),
        leaf(4.0, "float"),
        leaf(4, "int", "int64"),
        leaf(4.0, "numpy"),
        leaf(np.float32(4.0), dtype="float32"),
    ],
)
def test_a_scalar_may_come_in_many_forms(node: Leaf) -> None:
    assert judged(node).error == 0


@pytest.mark.parametrize(
    ("node", "note"),
    [
        (Other("None"), "wrong_type"),
        (Other("str", "4"), "wrong_type"),
        (leaf(True, "bool", "bool"), "wrong_type"),
        (leaf(True, "tensor", "bool"), "wrong_type"),
        (leaf(4 + 0j, "complex", "complex128"), "wrong_type"),
        (leaf(4 + 0j, "tensor", "complex128"), "wrong_type"),
        ((leaf(4.0),), "wrong_type"),
        ({"f": leaf(4.0)}, "wrong_type"),
        (leaf([4.0, 4.0]), "wrong_shape"),
        (leaf(np.nan), "not_finite"),
        (leaf(np.inf), "not_finite"),
    ],
)
def test_what_is_no_finite_number_is_refused_with_its_reason(node: Node, note: str) -> None:
    assert refused(node).note == note


def test_an_array_must_have_its_shape_and_be_a_tensor() -> None:
    assert sentence(refused(leaf([[1.0, 2.0]]), [1.0, 2.0])) == "f has shape (1, 2); shape (2,) is asked for."
    assert refused(leaf([1.0, 2.0], "list"), [1.0, 2.0]).note == "wrong_type"
    assert judged(leaf([1.0, 2.0], "list"), [1.0, 2.0], kind="list").problem is None


@pytest.mark.parametrize("expected", [1e-12, 0.005, 1.0, 1e12])
def test_zero_is_never_right_for_something_else(expected: float) -> None:
    assert judged(leaf(0.0), expected).error == 1.0


def test_against_zero_only_zero_is_right() -> None:
    assert judged(leaf(0.0), 0.0).error == 0
    assert judged(leaf(1e-30), 0.0).error == np.inf


@pytest.mark.parametrize(
    ("error", "passes", "remarked"),
    [(1e-16, True, False), (1e-9, True, True), (EPS32, True, True), (1e-4, False, False), (1e-2, False, False)],
)
def test_float32_precision_passes_with_a_remark(error: float, passes: bool, remarked: bool) -> None:
    problem, remarks = verdict_on([judged(leaf(4 * (1 + error)))], "f", TOL)
    assert (problem is None, bool(remarks)) == (passes, remarked)


def test_a_float32_result_is_remarked_on_as_such() -> None:
    row = judged(leaf(np.float32(0.1), dtype="float32"), 0.1)
    (found,) = row.remarks
    assert (found.what, remark(found.code, found.facts)) == (
        "f",
        "came back as float32 where the inputs were float64. It costs nothing here.",
    )


def test_a_message_names_the_point_theirs_and_expected() -> None:
    rows = [compared(leaf(4.0), {"a": np.array(1.0), "b": np.array(2.5)}, np.array(34.0), "dz/da", TOL)]
    problem, _ = verdict_on(rows, "dz/da", TOL)
    assert problem is not None
    assert sentence(problem) == "dz/da at (a = 1, b = 2.5): yours 4, expected 34."


@pytest.mark.parametrize(
    ("theirs", "expected", "said"),
    [
        ([[2.0], [4.0]], [[1.0], [2.0]], "(yours is 2 times what is right, at every point)"),
        ([[-1.0], [-2.0]], [[1.0], [2.0]], "(the sign is flipped at every point)"),
        ([[0.5], [1.0]], [[1.5], [3.0]], "(yours is 1/3 times what is right, at every point)"),
        ([[4.0], [5.0]], [[1.0], [2.0]], "(too large by 3 at every point)"),
        ([[0.0], [0.0]], [[1.0], [2.0]], "(yours is 0 everywhere)"),
        ([[1.0, 2.0, 4.0]], [[4.0, 2.0, 1.0]], "(the right entries, in the wrong places)"),
        (
            [[1.0], [2.0002]],
            [[1.0], [2.0]],
            "(close, but a relative difference of 1e-04 is more than rounding explains)",
        ),
        ([[1.0], [7.0]], [[3.0], [2.0]], ""),
        ([[1.7e308], [1.7e308]], [[0.5], [0.25]], "(yours is the same everywhere)"),
        ([[1.7e308], [1.6e308]], [[0.5], [0.25]], ""),
    ],
)
def test_the_kind_of_difference(theirs: list[list[float]], expected: list[list[float]], said: str) -> None:
    found = difference([np.array(t) for t in theirs], [np.array(e) for e in expected])
    assert wording.difference(found).strip() == said


def test_parts_of_tuples_and_dicts() -> None:
    pair, stacked = (leaf(1.0), leaf(2.0)), leaf([1.0, 2.0])
    assert part(pair, "1", ["0", "1"]) == pair[1]
    entry = part(stacked, "1", ["0", "1"])
    assert isinstance(entry, Leaf)
    assert entry.array == 2.0
    assert part({"z": pair[0]}, "z", ["z"]) == pair[0]
    assert part(pair, "", [""]) == pair


def numbered(count: int) -> dict[str, Node]:
    """A dict with so many keys that nobody asked for."""
    return {str(number): leaf(1.0) for number in range(count)}


@pytest.mark.parametrize(
    ("result", "path", "wanted", "message"),
    [
        ({"x": leaf(1.0)}, "z", ["x", "z"], "The result has no entry 'z'. It has: 'x'."),
        (numbered(3), "z", ["x", "z"], "The result has no entry 'z'. It has: '0', '1', '2'."),
        (numbered(30), "z", ["x", "z"], "The result has no entry 'z'. It has: '0', '1', '2', '3', '4', and 25 more."),
        (
            {"x": leaf(1.0), **numbered(10_000)},
            "z",
            ["x", "z"],
            "The result has no entry 'z'. It has: '0', '1', '2', '3', '4', and 9996 more.",
        ),
        (
            Other("dict"),
            "z",
            ["z"],
            "The result is a dict whose keys are not all text; a dict with the keys z is asked for.",
        ),
        (
            numbered(10_000),
            "0",
            ["0", "1"],
            "The result is a dict with keys 0, 1, 2, 3, 4, and 9995 more; a tuple of 2 is asked for.",
        ),
        (leaf(1.0), "z", ["z"], "The result is a float64 tensor; a dict with the keys z is asked for."),
        (leaf(1.0), "0", ["0", "1"], "The result is a float64 tensor; a tuple of 2 is asked for."),
        ((leaf(1.0),), "1", ["0", "1"], "The result is a tuple or list of 1; a tuple of 2 is asked for."),
    ],
)
def test_a_result_of_another_structure_is_described(result: Node, path: str, wanted: list[str], message: str) -> None:
    found = part(result, path, wanted)
    assert isinstance(found, Finding)
    assert sentence(found) == message


def apart(theirs: Array, expected: Array) -> tuple[str, str]:
    return wording.apart(*both(theirs, expected))


def test_numbers_are_written_with_the_digits_that_tell_them_apart() -> None:
    assert apart(np.array(1.0), np.array(1.0 + 1e-9)) == ("1", "1.000000001")
    assert wording.written(excerpt(np.array([[1.0, 2.5]]))) == "[[1, 2.5]]"
    assert wording.place(place({"x": np.zeros((4, 4))})) == "(x of shape (4, 4))"
    big, other = np.zeros((4, 4)), np.zeros((4, 4))
    other[2, 1] = 3.0
    assert apart(big, other) == ("0 in place [2, 1]", "3")


def test_of_long_arrays_the_entry_that_differs_most_is_shown() -> None:
    right = np.arange(20.0)
    assert apart(right + (right == 7), right) == ("8 in place [7]", "7")
    assert apart(np.full(20, np.nan), right) == ("nan in place [0]", "0")
