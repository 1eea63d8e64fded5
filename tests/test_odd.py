"""Odd answers are findings: nothing that a notebook can send breaks the judging, the page or the tables.

Each case is one that did. Some hundreds of drawn ones follow; `python tests/odd.py --answers 100000` draws more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from observed import leaf
from odd import ADDED, MESSAGE, Odd, added, filed, notebook, sent, solved, together, tried, updated

from grader.judge.model import Status
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.labs import all_labs
from grader.pages.sentences import message
from grader.protocol.conduct import Conduct, Deed, Means
from grader.protocol.messages import Ask, Leaf, Node, Observation, Other, Raised, Read, Reply, Value
from grader.runner.grading import Assignment, Graded, ObservedNotebook, mark
from grader.runner.submissions import Submission

LABS = {lab.name: lab for lab in all_labs()}
NAMES = list(LABS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("draw", range(2))
def test_a_notebook_of_odd_answers_is_graded(name: str, draw: int) -> None:
    """Some 100 questions in all, whose replies are odd at some point or at every one."""
    found = tried(Odd(f"{name} {draw}"), solved(LABS[name]), 0.5)
    filed(found)
    assert [one.question for one in found.result.marks] == list(LABS[name].questions)


def test_a_draw_can_be_repeated() -> None:
    given = solved(LABS["lab2_graphs"])
    one, other = (Odd("again").observed(given, 0.5, given.notebook) for _ in range(2))
    assert repr(one) == repr(other)


MANY = 4


def answered(lab: str, change: Callable[[Value], Observation], source: str = "") -> Graded:
    """A notebook whose first call of every function gave what `change` makes of the right answer to it."""
    given = solved(LABS[lab])
    replies = tuple(
        tuple(
            together(trial.asks, group).each(lambda asked: _changed(*asked, change))
            for trial, group in zip(trials, groups, strict=True)
        )
        for trials, groups in zip(given.posed.trials, given.replies, strict=True)
    )
    made = notebook([source]) if source else given.notebook
    assignment = Assignment(Submission("s", Path("s/n.ipynb")), made.sha256, given.posed.lab)
    return mark(assignment, given.posed, ObservedNotebook(made, (), replies, 0.1))


def _changed(ask: Ask | Read, reply: Reply, change: Callable[[Value], Observation]) -> Reply:
    first, *others = reply
    odd = change(first) if isinstance(first, Value) else first
    if isinstance(odd, Value) and isinstance(first, Value) and len(odd.results) > MANY:
        # More would be no frame: a process that gives so much is told so.
        odd = replace(odd, results=(*odd.results[:MANY], *first.results[MANY:]))
    return sent((updated(ask, odd), *others), ask)


def filled(node: Node) -> Callable[[Value], Value]:
    """Every result is this."""
    return lambda seen: replace(seen, results=(node,) * len(seen.results))


LIARS = [
    (leaf(1.0), Leaf(np.array(1j), "complex", "complex128", "cpu"), leaf(2.0)),
    Leaf(np.array([1j, 1.0]), "list", "complex128", "cpu"),
    Leaf(np.array([1j, 1.0]), "list", "float64", "cpu"),
    Leaf(np.array([True, False]), "list", "float64", "cpu"),
    leaf(np.array(1j)),
    Leaf(np.array(1j), "tensor", "complex32", "cpu"),
]


@pytest.mark.parametrize("odd", LIARS)
@pytest.mark.parametrize("lab", NAMES)
def test_complex_numbers_and_truth_values_are_no_numbers(lab: str, odd: Node) -> None:
    """Whatever the notebook says that their dtype is."""
    result = answered(lab, filled(odd)).result
    assert {one.verdict.status for one in result.marks} == {Status.FAIL}
    assert "fault" not in {one.verdict.note for one in result.marks}


@pytest.mark.parametrize(
    "code",
    [
        "def NAME(x):\n    h = HUGE\n    return (f(x + HUGE) - f(x - HUGE)) / HUGE\ndef f(x): return x",
        "def NAME(x):\n    return x + HUGE",
        "NAME = HUGE",
    ],
)
@pytest.mark.parametrize("lab", NAMES)
def test_numbers_too_long_to_be_written_out_are_read(lab: str, code: str) -> None:
    """Python refuses to write an integer of more than 4 300 digits."""
    names = [question.name for question in LABS[lab].questions]
    source = "\n".join(code.replace("NAME", name).replace("HUGE", "0x" + "f" * 6_000) for name in names)
    graded = answered(lab, lambda seen: seen, source)
    assert "fault" not in {one.verdict.note for one in graded.result.marks}
    filed(graded)


LONG = "\x00" * 2_000
WORST: dict[str, Callable[[Value], Observation]] = {
    "an exception": lambda seen: Raised(LONG, LONG, LONG),
    "a type": filled(Other(LONG)),
    "keys": lambda seen: replace(seen, results=tuple(_keyed(node, 60) for node in seen.results)),
    "types": lambda seen: replace(seen, results=tuple(_typed(node) for node in seen.results)),
    "dtypes": filled(Leaf(np.zeros(5), "tensor", LONG, LONG)),
    "shapes": filled(Leaf(np.zeros((1,) * 15), "tensor", "float64", LONG)),
    "edges": filled(tuple((Other("str", f"{i}{LONG}"[:2_000]), Other("str", f"{i % 7}")) for i in range(49))),
    "many edges": filled(tuple((Other("str", f"{i}"), Other("str", f"{i}{LONG}"[:400])) for i in range(200))),
    "why there is no gradient": lambda seen: replace(
        seen, gradients={}, gradient_error=Raised(LONG, LONG, LONG), changed=(LONG,) * 9
    ),
    "what was done": lambda seen: replace(
        seen,
        conduct=Conduct(tuple(Deed(Means.ENGINE, LONG, f"{i}{LONG}"[:2_000], (LONG,)) for i in range(9)), LONG),
    ),
}


def _keyed(node: Node, count: int) -> Node:
    """A dict with the right entries but one, and many more."""
    own = dict(list(node.items())[1:]) if isinstance(node, Mapping) else {}
    return own | {f"{i}{LONG}"[:2_000]: Other("None") for i in range(count)}


def _typed(node: Node) -> Node:
    """A type with a long name at every place where a part of the answer belongs."""
    match node:
        case tuple():
            return tuple(Other(LONG) for _ in node)
        case Mapping():
            return dict.fromkeys(node, Other(LONG))
    return Other(LONG)


@pytest.mark.parametrize("worst", WORST)
@pytest.mark.parametrize("lab", NAMES)
def test_what_is_said_of_an_answer_is_bounded(lab: str, worst: str) -> None:
    first = answered(lab, WORST[worst])
    assert max(len(message(one.verdict)) for one in first.result.marks) <= MESSAGE
    assert added(first) <= ADDED / 2
    filed(first)


@pytest.mark.parametrize("count", [38_000, 200_000])
def test_tens_of_thousands_of_keys_are_not_repeated(count: int) -> None:
    """They made a report of 54 megabytes."""
    keys = {f"key {i}": Other("None") for i in range(count)}
    given = solved(LABS["lab5_backprop"])
    trials, replies = given.posed.trials[0], given.replies[0]
    odd: list[Replies] = [
        told.each(lambda reply: tuple(replace(cast(Value, one), results=(keys,)) for one in reply)) for told in replies
    ]
    question = given.posed.lab.questions[0]
    source = Source((f"def {question.name}(x):\n    return x",))
    found = judge(question, trials, odd, source)
    assert found.verdict.note == "missing_key"
    assert len(message(found.verdict)) <= MESSAGE
