"""Who is found to have written the same, and above all who is not."""

import tracemalloc
from random import Random
from typing import Any

import pytest
from effort import calls
from honest import APART, QUESTIONS, disguised, solution

from grader.judge.source import Source
from grader.similarity.likeness import Keys, likenesses
from grader.similarity.normal_form import answers


def keys(code: str, questions: list[str]) -> dict[str, Keys]:
    found = answers(Source((code,)), questions)
    return {question: frozenset(row.key for row in rows if row.key) for question, rows in found.items()}


def read(*codes: str, questions: list[str] = QUESTIONS) -> dict[str, dict[str, Keys]]:
    return {f"s{place:03}": keys(code, questions) for place, code in enumerate(codes)}


def pairs(class_: dict[str, dict[str, Keys]]) -> list[tuple[str, str]]:
    return [(found.one, found.other) for found in likenesses(class_)]


def drawn(count: int, seed: object = 0) -> list[str]:
    random = Random(f"{seed}/{count}")
    return [solution(random) for _ in range(count)]


def test_the_honest_solutions_are_right_to_begin_with() -> None:
    """The three written apart, and some of the drawn ones, give the numbers of the lab's text."""
    import torch

    for code in (*APART, *drawn(12), *map(disguised, APART)):
        names: dict[str, Any] = {}
        exec(code, names)
        inputs = {"x1": 0.05, "x2": 0.10, "t1": 0.01, "t2": 0.99}
        weights = dict(zip("w1 w2 w3 w4 b_h1 b_h2".split(), (0.15, 0.2, 0.25, 0.3, 0.35, 0.35), strict=True))
        weights |= dict(zip("w5 w6 w7 w8 b_o1 b_o2".split(), (0.4, 0.45, 0.5, 0.55, 0.6, 0.6), strict=True))
        order = sorted(weights, key=lambda name: (name[0] == "b", name))
        both = [
            {n: torch.tensor(d[n], dtype=torch.float64) for n in d} for d in (inputs, {n: weights[n] for n in order})
        ]
        assert float(names["forward"](*both)["z_h1"]) == pytest.approx(0.3775)
        assert float(names["backward"](*both)["dE_do1"]) == pytest.approx(1.0959060, rel=1e-7)
        assert float(names["sigmoid_backward"](torch.tensor(2.0))["ds_dx"]) == pytest.approx(0.1049936, rel=1e-5)
        assert float(names["updated_parameters"](*both, 0.5)["w5"]) < 0.4


@pytest.mark.parametrize("count", [2, 3, 5, 8, 20, 40])
def test_honest_classes_have_no_finding(count: int) -> None:
    for seed in range(6):
        assert pairs(read(*drawn(count, seed))) == []


def test_solutions_written_apart_are_not_alike() -> None:
    assert pairs(read(*APART)) == []
    assert pairs(read(*APART, *drawn(20))) == []


def test_what_everybody_writes_is_nobodys() -> None:
    obvious = "".join(f"def q{n}(x, rows, columns):\n    return x.reshape(rows, columns)\n\n" for n in range(12))
    for count in (2, 3, 10, 30):
        assert pairs(read(*[obvious] * count, questions=[f"q{n}" for n in range(12)])) == []


def test_two_who_alone_answered_at_all_are_not_accused() -> None:
    empty = "def forward(inputs, parameters):\n    raise NotImplementedError"
    assert pairs(read(APART[1], APART[1], *[empty] * 20)) == []


@pytest.mark.parametrize("original", APART, ids=["dicts", "variables", "matrices"])
@pytest.mark.parametrize("count", [6, 25])
def test_a_disguised_copy_is_found_and_no_other(original: str, count: int) -> None:
    class_ = read(original, *drawn(count), disguised(original))
    assert pairs(class_) == [("s000", f"s{count + 1:03}")]
    (found,) = likenesses(class_)
    assert found.authors["backward"] == 2
    assert list(found.authors) == QUESTIONS


def test_a_copy_with_other_numbers_and_one_line_changed_is_found() -> None:
    changed = APART[1].replace("1 / 2", "0.25").replace("dE_dw1 = dE_dz_h1 * x1", "dE_dw1 = x1 * dE_dz_h1")
    (found,) = likenesses(read(APART[1], *drawn(25), changed))
    assert (found.one, found.other) == ("s000", "s026")
    assert found.authors["backward"] == 2


def test_half_a_copy_is_found_in_a_class() -> None:
    copied, own = (code.partition("def updated_parameters") for code in (APART[2], drawn(1, "own")[0]))
    half = copied[0] + own[1] + own[2]
    assert pairs(read(APART[2], *drawn(80), half)) == [("s000", "s081")]


def test_a_group_is_found_as_all_its_pairs() -> None:
    class_ = read(*[APART[0], disguised(APART[0]), APART[0]], *drawn(30))
    assert set(pairs(class_)) == {("s000", "s001"), ("s000", "s002"), ("s001", "s002")}
    assert {found.authors["forward"] for found in likenesses(class_)} == {3}


def test_the_most_surprising_comes_first() -> None:
    found = likenesses(read(*[APART[2]] * 3, APART[0], APART[0], *drawn(30)))
    assert (found[0].one, found[0].other) == ("s003", "s004")
    assert [f.bits for f in found] == sorted((f.bits for f in found), reverse=True)


def test_a_notebook_takes_few_steps_to_read_and_a_pair_to_compare() -> None:
    """A class of 300 has 45 000 pairs, which are compared in a tenth of a second."""
    codes = drawn(60, "steps")
    assert calls(lambda: read(*codes)) < 150_000 * 60
    class_ = read(*codes)
    assert pairs(class_) == []
    assert calls(lambda: likenesses(class_)) < 100 * (60 * 59 / 2)


def test_a_large_class_of_usual_answers_takes_little_memory() -> None:
    """Of its half a million pairs nearly all share something, and nobody wants to know."""
    class_ = {
        f"s{n}": {f"q{k}": frozenset(f"{way} {k} {(n + k) % 3}" for way in "abc") for k in range(4)}
        for n in range(1000)
    }
    tracemalloc.start()
    assert likenesses(class_) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 << 20
