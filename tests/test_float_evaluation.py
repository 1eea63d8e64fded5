"""Formulas in a floating-point type: they break where mathematics says, and the stable ones do not."""

import mpmath
import numpy as np
import pytest
from observed import QUESTIONS, evidence, leaf, seen
from sympy import Max, Symbol, exp, log

from grader.judge.model import Conditions
from grader.judge.sweep import judge_sweep, ulp_errors
from grader.judge.truth import SweepTruth
from grader.labs import lab4_stability as lab
from grader.oracle.float_evaluation import computed, elementary, pulled_back
from grader.oracle.graph import Graph
from grader.oracle.stability import SweepCheck
from grader.protocol.messages import Array

SWEEPS = [(q.name, check) for q in lab.LAB.questions for check in q.checks if isinstance(check, SweepCheck)]


def naive(differences: list[float], dtype: str, argument: str | None = None) -> Array:
    """log(1 + exp(y - x)) as written, or its gradient."""
    d = np.array(differences)
    return computed(*pulled_back(elementary(lab.softplus), lab.z, argument), {"x": 0 * d, "y": d}, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_formula_as_written_overflows_where_exp_does(dtype: str) -> None:
    """At the logarithm of the largest number: 88.72 in float32, 709.78 in float64."""
    edge = float(np.log(np.finfo(dtype).max.astype("float64")))
    assert edge == pytest.approx({"float32": 88.7228, "float64": 709.7827}[dtype], abs=1e-4)
    below, above = edge * (1 - 1e-6), edge * (1 + 1e-6)
    assert naive([below], dtype)[0] == pytest.approx(below, rel=1e-6)
    assert naive([above], dtype)[0] == np.inf
    assert naive([below], dtype, "x")[0] == pytest.approx(-1)
    assert np.isnan(naive([above], dtype, "x")[0])


def test_every_operation_is_rounded() -> None:
    """1 swallows exp(d) below half an eps: at -16.6 in float32, at -36.7 in float64."""
    assert naive([-16.5, -16.75], "float32").tolist() == pytest.approx([2.0**-23, 0])
    assert naive([-36.5, -37.0], "float64").tolist() == pytest.approx([2.0**-52, 0])


def test_inputs_and_results_are_of_the_dtype() -> None:
    """A kink's derivative, too, which NumPy would give in float64."""
    near = Graph((lab.x,), {lab.z: lab.x - 1})
    assert computed(near, "z", {"x": np.array([1 + 2.0**-30])}, "float32") == 0
    kinked = Graph((lab.x, lab.y), {lab.z: Max(lab.x * lab.y, 0) * lab.y})
    point = {"x": np.ones(1), "y": np.array([0.1], "float32").astype("float64")}
    (found,) = computed(*pulled_back(elementary(kinked), lab.z, "x"), point, "float32")
    assert found == np.float32(found) == pytest.approx(0.01)


def test_elementary_graphs_are_the_same_function_one_operation_at_a_time() -> None:
    whole = Graph((lab.x, lab.y), {lab.z: log(1 + exp(lab.y - lab.x))})
    apart = elementary(whole)
    point = {"x": mpmath.mpf(2), "y": mpmath.mpf(3)}
    assert apart.values(point)["z"] == whole.values(point)["z"]
    assert all(isinstance(a, Symbol) or a.is_number for e in apart.steps.values() for a in e.args)


@pytest.mark.parametrize(("name", "check"), SWEEPS, ids=lambda v: v if isinstance(v, str) else v.dtype)
def test_the_stable_forms_hold_and_the_naive_ones_do_not(name: str, check: SweepCheck) -> None:
    """At most half of the allowed units in the last place; the naive sigmoid fails in its gradient alone."""
    truth = check.prepare(name, Conditions("forms")).truth
    assert isinstance(truth, SweepTruth)
    assert ulp_errors(truth.beside.stable, truth).max() <= truth.limit / 2
    fails = (ulp_errors(truth.beside.as_written, truth) > truth.limit).any()
    assert fails == (name != "stable_sigmoid" or truth.path is not None)
    assert truth.beside.along.shape == (len(truth.expected),)
    assert np.isfinite(truth.beside.along).all()


def test_the_errors_that_are_drawn_are_those_of_mpmath() -> None:
    """Of naive answers in float32, at every input where they are finite."""
    (check,) = (c for _, c in SWEEPS if c.graph is lab.softplus and c.dtype == "float32" and not c.argument)
    trial = check.prepare("stable_log_exp", Conditions("forms"))
    truth = trial.truth
    assert isinstance(truth, SweepTruth)
    with np.errstate(over="ignore"):
        theirs = np.log(1 + np.exp((truth.inputs["y"] - truth.inputs["x"]).astype("float32")))
    (swept,) = judge_sweep(truth, evidence(tuple(seen(leaf(t, dtype="float32")) for t in theirs))).sweeps
    compared = 0
    for d, found, drawn in zip(swept.along, theirs, swept.yours, strict=True):
        with mpmath.workdps(400):
            right = mpmath.log(1 + mpmath.exp(mpmath.mpf(d)))
            if not np.isfinite(found):
                assert (drawn, d > 88) == (np.inf, True)
            elif right > np.finfo("float32").tiny:
                unit = mpmath.mpf(2) ** (mpmath.floor(mpmath.log(right, 2)) - 23)
                assert drawn == pytest.approx(float(abs(mpmath.mpf(float(found)) - right) / unit), rel=1e-6, abs=1e-6)
                compared += drawn > 1
    assert compared > 10
    assert QUESTIONS["stable_log_exp"].checks[-2] is check
