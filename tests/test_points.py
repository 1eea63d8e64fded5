"""Hidden points cannot be learnt: what was right at an earlier run's points is of no use at those of a new one."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
import torch
from observed import QUESTIONS

from grader.judge.model import Conditions, Lab, Mark, PreparedCheck
from grader.judge.source import Source
from grader.judge.truth import GradientTruth, StepsTruth, TrajectoryTruth, ValueTruth
from grader.judge.verdict import judge
from grader.kernel.answers import Namespace, answer
from grader.labs import all_labs
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck, ViewCheck
from grader.protocol.messages import GRID, Ask, CallMode
from grader.runner import wire

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
    return [check.prepare(name, Conditions(seed)) for check in QUESTIONS[name].checks]


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


def flat(arguments: Sequence[object]) -> list[float]:
    """The numbers of one call's arguments, in order."""
    if isinstance(arguments, dict):
        arguments = list(arguments.values())
    return [n for a in arguments for n in (flat(a) if isinstance(a, (tuple, dict)) else np.ravel(a).tolist())]


Table = list[tuple[list[float], dict[str, np.ndarray]]]


def table(name: str, runs: Sequence[str]) -> Table:
    """Arguments and right results, by path, as an earlier run's pages show them."""
    rows: Table = []
    for run in runs:
        trial = next(t for t in posed(name, run) if t.asks)
        truth = trial.truth
        keys = truth.keys[-1] if isinstance(truth, StepsTruth) else {path: path for path in truth.labels}
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
        _, results = min(rows, key=lambda row: float(np.abs(np.array(row[0]) - here).max()))
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


def marked(name: str, function: Answer) -> Mark:
    """The mark of a function in a new run."""
    trials = posed(name, NOW)
    notebook = Namespace({name: function}, "cpu", lambda _: False)

    def asked(ask: Ask) -> object:
        body, arrays = wire.request(ask)
        return wire.reply(*answer(body, arrays, notebook), ask)

    replies = [tuple(asked(ask) for ask in trial.asks) for trial in trials]
    return judge(QUESTIONS[name], trials, replies, Source((f"def {name}(*arguments):\n    return table[arguments]",)))


WEEKS = [f"week {week}" for week in range(RUNS)]
ONE_BY_ONE = {name for name in BY_HAND if any(isinstance(t.truth, StepsTruth) for t in posed(name, "kind"))}
"""Named steps count where they follow from one's own, looked up or not; nothing follows from zeros."""


@pytest.mark.parametrize("name", BY_HAND)
def test_a_table_of_earlier_answers_earns_nothing(name: str) -> None:
    """What is looked up is not in it; at the same points it has full marks, so that the table is not at fault."""
    assert marked(name, remembered(table(name, WEEKS))).score == 0
    known = remembered(table(name, [NOW]))
    assert marked(name, known).verdict.note in ("correct", "numerical_derivative"), "it is right in float64"


@pytest.mark.parametrize("name", sorted({*BY_HAND} - ONE_BY_ONE))
def test_the_nearest_of_fifty_earlier_answers_earns_nothing(name: str) -> None:
    """But for the half of relu's gradient, da/db, that is 0 or 1 and nothing else."""
    mark = marked(name, nearest(table(name, WEEKS)))
    assert mark.score == (mark.question.points / 2 if name == "relu_neuron_gradient" else 0)


@pytest.mark.parametrize("name", ["exponential_gradient", "polynomial_gradient"])
def test_a_line_between_fifty_earlier_answers_earns_nothing(name: str) -> None:
    assert marked(name, between(table(name, WEEKS))).score == 0


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_the_numbers_of_points_are_odd_multiples_of_a_grid_step_and_of_different_size(lab: Lab) -> None:
    """But for what completes a row of probabilities."""
    settings = [
        (question.name, check.setting)
        for question in lab.questions
        for check in question.checks
        if isinstance(check, ValueCheck | GradientCheck | StepsCheck | ViewCheck) and check.setting.graph.inputs
    ]
    for name, setting in settings:
        for point in setting.draw(name, Conditions("grid")):
            free = [v[..., :-1] if n in setting.domain.sums else v for n, v in point.items()]
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
