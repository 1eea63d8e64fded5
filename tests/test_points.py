"""Hidden points cannot be learnt: what was right at an earlier run's points is of no use at those of a new one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from observed import QUESTIONS

from grader.judge.model import Conditions, Lab, Mark, PreparedCheck
from grader.judge.rules import with_records
from grader.judge.source import Source
from grader.judge.truth import GradientTruth, StepsTruth, TrajectoryTruth, ValueTruth
from grader.judge.verdict import judge
from grader.kernel.answers import Namespace, answer
from grader.labs import all_labs
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck
from grader.oracle.views import ViewCheck
from grader.protocol.messages import GRID, CallMode

Answer = Callable[..., object]
BY_HAND = [
    question.name
    for lab in all_labs()
    for question in lab.questions
    if any(getattr(check, "manner", None) is CallMode.INFERENCE for check in question.checks)
]
NOW = "this week"
RUNS = 10
"""Of five points each: fifty that somebody has seen."""


def posed(name: str, seed: str) -> list[PreparedCheck]:
    return [*with_records([check.prepare(name, Conditions(seed)) for check in QUESTIONS[name].checks])]


def expected(name: str, seed: str) -> Iterator[np.ndarray]:
    """Every value and gradient that is right at the points of a run."""
    for trial in posed(name, seed):
        match trial.truth:
            case GradientTruth(values=values, gradients=gradients):
                points = (*values.points, *gradients)
            case (
                TrajectoryTruth(values=ValueTruth(points=points))
                | ValueTruth(points=points)
                | StepsTruth(points=points)
            ):
                pass
            case _:
                points = ()
        yield from (values for point in points for values in point.expected.values())


def flat(arguments: Sequence[Any] | dict[str, Any]) -> list[float]:
    """The numbers of one call's arguments, in order."""
    if isinstance(arguments, dict):
        arguments = list(arguments.values())
    return [n for a in arguments for n in (flat(a) if isinstance(a, (tuple, dict)) else np.ravel(a).tolist())]


Table = list[tuple[list[float], dict[str, np.ndarray]]]


def table(name: str, runs: Sequence[str]) -> Table:
    """Arguments and right results, by path, as an earlier run's pages show them."""
    rows: Table = []
    for run in runs:
        truth = next(trial.truth for trial in posed(name, run) if trial.asks.answer)
        assert isinstance(truth, StepsTruth | ValueTruth)
        keys = truth.keys if isinstance(truth, StepsTruth) else {path: path for path in truth.labels}
        for point in truth.points:
            inputs = [n for values in point.inputs.values() for n in np.ravel(values).tolist()]
            rows.append((inputs, {path: point.expected[step] for path, step in keys.items()}))
    return rows


def told(results: dict[str, np.ndarray]) -> object:
    found = {path: torch.as_tensor(values) for path, values in results.items()}
    return found[""] if "" in found else tuple(found.values()) if "0" in found else found


def remembered(rows: Table) -> Answer:
    """What is right at a point that is known, and 0 elsewhere."""
    known = {tuple(inputs): results for inputs, results in rows}
    nothing = {path: np.zeros_like(values) for path, values in rows[0][1].items()}
    return lambda *arguments: told(known.get(tuple(flat(arguments)), nothing))


def nearest(rows: Table) -> Answer:
    """What is right at the nearest point that is known."""

    def found(*arguments: object) -> object:
        here = np.array(flat(arguments))
        alike = [row for row in rows if len(row[0]) == len(here)]
        _, results = min(alike, key=lambda row: float(np.abs(np.array(row[0]) - here).max()))
        return told(results)

    return found


def between(rows: Table) -> Answer:
    """What lies on the line between the two known points beside it: of one number."""
    at = np.array([inputs[0] for inputs, _ in rows])
    order = np.argsort(at)

    def interpolated(*arguments: object) -> object:
        x = flat(arguments)[0]
        paths = rows[0][1]
        return told({p: np.interp(x, at[order], np.array([r[p] for _, r in rows])[order]) for p in paths})

    return interpolated


def scattered(rows: Table) -> Answer:
    """What is right at some point that is known, another one for every argument."""

    def found(*arguments: object) -> object:
        place = Random(str(flat(arguments))).randrange(len(rows))
        return told(rows[place][1])

    return found


def marked(name: str, function: Answer, others: Mapping[str, Answer] = MappingProxyType({}), now: str = NOW) -> Mark:
    """The mark of a function in a new run, beside the `others` of its notebook, without other demands."""
    trials = [trial for trial in posed(name, now) if not trial.costs]
    notebook = Namespace({**others, name: function}, "cpu", lambda _: False)
    replies = [trial.asks.each(lambda ask: answer(ask, notebook)) for trial in trials]
    return judge(QUESTIONS[name], trials, replies, Source((f"def {name}(*arguments):\n    return table[arguments]",)))


WEEKS = [f"week {week}" for week in range(RUNS)]
ONE_BY_ONE = {
    name: [given for check in question.checks if isinstance(check, StepsCheck) for given, _, _ in check.given]
    for name, question in QUESTIONS.items()
    if any(isinstance(check, StepsCheck) for check in question.checks)
}
"""The questions of named steps, each with the other functions whose steps count as the steps before."""


@pytest.mark.parametrize("name", BY_HAND)
def test_a_table_of_earlier_answers_earns_nothing(name: str) -> None:
    """What is looked up is not in it; at the same points it has full marks, so that the table is not at fault."""
    assert marked(name, remembered(table(name, WEEKS))).score == 0
    known = remembered(table(name, [NOW]))
    assert marked(name, known).verdict.note in ("correct", "numerical_derivative"), "it is right in float64"


@pytest.mark.parametrize("name", sorted({*BY_HAND} - {*ONE_BY_ONE}))
def test_the_nearest_of_fifty_earlier_answers_earns_nothing(name: str) -> None:
    """But for the half of relu's gradient, da/db, that is 0 or 1 and nothing else."""
    mark = marked(name, nearest(table(name, WEEKS)))
    assert mark.score == (mark.question.points / 2 if name == "relu_neuron_gradient" else 0)


@pytest.mark.parametrize("taken", [nearest, scattered])
@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_steps_looked_up_in_a_table_do_not_follow_from_one_another(name: str, taken: Callable[[Table], Answer]) -> None:
    """Whether the steps before are looked up as well, or are not there at all."""
    answer = taken(table(name, WEEKS))
    before = {function: taken(table(function, WEEKS)) for function in ONE_BY_ONE[name]}
    for others in ({}, before):
        mark = marked(name, answer, others)
        assert mark.score <= mark.question.points / 10


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_steps_that_are_the_same_everywhere_do_not_follow_from_one_another(name: str) -> None:
    """They are right at one point that is known."""
    one = {function: nearest(table(function, WEEKS)[:1]) for function in (name, *ONE_BY_ONE[name])}
    assert marked(name, one[name], one).score <= QUESTIONS[name].points / 10


SIGMOID = """
import torch

def sigmoid_backward(x):
    a = -x
    b = torch.exp(a)
    c = 1 + b
    s = 1 / c
    ds_dc = -1 / c**2
    ds_db = ds_dc
    ds_da = ds_db * b
    return {"a": a, "b": b, "c": c, "s": s, "ds_dc": ds_dc, "ds_db": ds_db, "ds_da": ds_da, "ds_dx": -ds_da}
"""
STANDING_STILL = {
    # What follows from a constant alone is the same for every argument: it says nothing, and counts nowhere.
    "forgotten": ("-1 / c**2", "-torch.ones(())", 6 / 7),
    "forgotten at the end": ("ds_db * b", "torch.ones(())", 6 / 7),
    "forgotten at the start": ("torch.exp(a)", "torch.ones(())", 1 / 2),
    # The sigmoid's slope is the same at -1 as at 1: here the last two steps say nothing.
    "a sign": ("= -x", "= -torch.sign(x)", 5 / 6),
    "a step": ("torch.exp(a)", "torch.where(a > 0, 2.0, 0.5)", 5 / 6),
    "a clamp": ("= -x", "= torch.clamp(-x, -0.5, 0.5)", 7 / 8),
    "saturated": ("= -x", "= -torch.tanh(40 * x)", 5 / 6),
    "steep": ("torch.exp(a)", "torch.exp(1.5 * a)", 7 / 8),
}


@pytest.mark.parametrize(("old", "new", "share"), STANDING_STILL.values(), ids=STANDING_STILL)
@pytest.mark.parametrize("run", range(4))
def test_what_follows_from_a_step_that_stands_still_by_mistake_counts(
    old: str, new: str, share: float, run: int
) -> None:
    """It costs itself alone: a step with two values, or with one, is no table."""
    assert old in SIGMOID
    names: dict[str, Answer] = {}
    exec(SIGMOID.replace(old, new), names)
    mark = marked("sigmoid_backward", names["sigmoid_backward"], now=f"still {run}")
    assert mark.score == pytest.approx(3 * share, abs=0.01)


@pytest.mark.parametrize("name", ["exponential_gradient", "polynomial_gradient"])
def test_a_line_between_fifty_earlier_answers_earns_nothing(name: str) -> None:
    assert marked(name, between(table(name, WEEKS))).score == 0


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_the_numbers_of_points_are_odd_multiples_of_a_grid_step_and_of_different_size(lab: Lab) -> None:
    """But for what completes a row of probabilities."""
    problems = [
        (question.name, check.problem)
        for question in lab.questions
        for check in question.checks
        if isinstance(check, ValueCheck | GradientCheck | StepsCheck | ViewCheck) and check.problem.graph.inputs
    ]
    for name, problem in problems:
        for point in problem.draw(name, Conditions("grid")):
            free = [v[..., :-1] if n in problem.domain.sums else v for n, v in point.items()]
            steps = GRID * np.concatenate([values.ravel() for values in free])
            assert (steps % 2 == 1).all(), name
            assert len({*np.abs(steps)}) == steps.size, name
            assert np.abs(steps).min() >= GRID / 8, name


def test_no_step_and_no_gradient_is_0_by_chance() -> None:
    """A neuron that is off, which entry is the largest, and what an entry has no part in, are no chance."""
    meant = {"relu_neuron", "relu_neuron_gradient", "extremes", "extreme_positions"}
    names = {q.name for lab in all_labs() if lab.name != "lab4_stability" for q in lab.questions} - meant
    for name in sorted(names):
        first, second = (list(expected(name, f"zeros {run}")) for run in "ab")
        for one, other in zip(first, second, strict=True):
            assert ((one == 0) == (other == 0)).all(), name
