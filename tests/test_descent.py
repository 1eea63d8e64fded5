"""Exact trajectories and optima, against independent arithmetic in fractions."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

import numpy as np

from grader.judge.model import Conditions
from grader.judge.truth import FitTruth, TrajectoryTruth, UpdateTruth
from grader.labs.lab3_regression import LAB, X, Y
from grader.oracle.descent import TrajectoryCheck
from grader.oracle.fits import FitCheck, least_squares
from grader.oracle.updates import UpdateCheck
from grader.protocol.messages import Array, Ask

Kind = TypeVar("Kind")


def check_of(name: str, kind: type[Kind]) -> Kind:
    (question,) = (q for q in LAB.questions if q.name == name)
    return next(check for check in question.checks if isinstance(check, kind))


def descended(point: Mapping[str, Array], epochs: int, rate: Fraction) -> tuple[list[Fraction], list[Fraction]]:
    """Gradient descent on the mean squared error in fractions, written out by hand."""
    x = [[Fraction(float(v)) for v in row] for row in point["x"]]
    y = [Fraction(float(v)) for v in point["y"].ravel()]
    w, b = [Fraction(float(v)) for v in point["w"].ravel()], Fraction(float(point["b"][0]))
    losses = []
    for _ in range(epochs):
        errors = [sum(wi * xi for wi, xi in zip(w, row, strict=True)) + b - t for row, t in zip(x, y, strict=True)]
        losses.append(sum((e * e for e in errors), Fraction()) / len(errors))
        columns = zip(*x, strict=True)
        slopes = [sum((2 * e * v for e, v in zip(errors, c, strict=True)), Fraction()) / len(x) for c in columns]
        b -= rate * sum(2 * e for e in errors) / len(x)
        w = [wi - rate * s for wi, s in zip(w, slopes, strict=True)]
    return [*w, b], losses


def test_the_trajectory_is_the_recurrence_in_fractions() -> None:
    check = check_of("train", TrajectoryCheck)
    truth = check.prepare("train", Conditions("seed")).truth
    assert isinstance(truth, TrajectoryTruth)
    for point in truth.values.points:
        end, losses = descended(point.inputs, check.epochs, Fraction(check.rate))
        assert np.array_equal(point.expected["2"], [float(v) for v in losses])
        found = [*point.expected["0"].ravel(), *point.expected["1"].ravel()]
        assert found == [float(v) for v in end]


def test_updates_follow_their_gradients_twice() -> None:
    check = check_of("gradient_step", UpdateCheck)
    trial = check.prepare("gradient_step", Conditions("seed"))
    assert isinstance(trial.truth, UpdateTruth)
    ask = trial.asks.answer
    assert isinstance(ask, Ask)
    for i, point in enumerate(trial.truth.points):
        for path, after in point.expected.items():
            start, slopes = point.inputs[f"start {path[-1]}"], ask.pulls[path][i]
            assert np.array_equal(after[0], start - 0.125 * slopes[0])
            assert np.array_equal(after[1], start - 0.125 * (slopes[0] + slopes[1]))


def test_the_optimum_is_that_of_numpys_least_squares() -> None:
    design = np.array([[float(v), float(v) ** 2, 1.0] for v in X])
    best, *_ = np.linalg.lstsq(design, np.array(Y, dtype=float), rcond=None)
    residual = design @ best - np.array(Y, dtype=float)
    truth = FitCheck(X, Y, (1, 2), with_bias=True).prepare("quadratic_fit", Conditions("seed")).truth
    assert isinstance(truth, FitTruth)
    assert np.isclose(truth.optimum, np.mean(residual**2), rtol=1e-9)


def test_least_squares_of_points_on_a_line_has_no_error() -> None:
    best, error = least_squares(np.array([["1", 1], ["2", 1], ["4", 1]], dtype=object), np.array(["3", "5", "9"]))
    assert best.tolist() == [2.0, 1.0]
    assert error == 0.0
