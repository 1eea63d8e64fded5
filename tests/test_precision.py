"""The tolerances hold what their table says, measured on the reference solutions."""

from pathlib import Path

import numpy as np
import pytest

from grader.authoring.notebooks import solution_notebook
from grader.judge.compare import numbers, part, relative_error
from grader.judge.findings import Finding
from grader.judge.model import Conditions, Lab
from grader.judge.sweep import ulp_errors
from grader.judge.truth import GradientTruth, SweepTruth, ValueTruth
from grader.kernel.answers import Namespace, answer
from grader.labs import all_labs
from grader.oracle.precision import EPS64, TOLERANCE, ULP_LIMIT
from grader.oracle.stability import SweepCheck
from grader.protocol.messages import Ask, Leaf, Read, Value

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", params=all_labs(), ids=lambda lab: lab.name)
def solved(request: pytest.FixtureRequest) -> tuple[Lab, Namespace]:
    """A lab with the names that its solution leaves behind."""
    lab: Lab = request.param
    text = (ROOT / "solutions" / f"{lab.name}.py").read_text("utf-8")
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in solution_notebook(text).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    return lab, Namespace(names, "cpu", lambda _: False)


def asked(ask: Ask | Read | None, notebook: Namespace) -> list[Value]:
    assert ask is not None
    reply = answer(ask, notebook)
    assert all(isinstance(seen, Value) for seen in reply)
    return [seen for seen in reply if isinstance(seen, Value)]


def test_the_reference_is_far_inside_the_tolerance(solved: tuple[Lab, Namespace]) -> None:
    """At most 64 ulp, of which 4096 are allowed, at the points of two seeds."""
    lab, notebook = solved
    for question in lab.questions:
        # Whole ranges have a limit of their own, and take seconds to draw.
        for check in (check for check in question.checks if not isinstance(check, SweepCheck)):
            for seed in range(2):
                trial = check.prepare(question.name, Conditions(f"precision {seed}"))
                truth = trial.truth.values if isinstance(trial.truth, GradientTruth) else trial.truth
                if isinstance(truth, ValueTruth):
                    for point, seen in zip(truth.points, asked(trial.asks.answer, notebook), strict=True):
                        for path, expected in point.expected.items():
                            node = part(seen.results[0], path, list(truth.labels))
                            assert not isinstance(node, Finding)
                            found = numbers(node, expected.shape, path, truth.kinds.get(path, ""))
                            assert not isinstance(found, Finding)
                            assert relative_error(found, expected) <= 64 * EPS64, (question.name, path)


def test_the_reference_is_well_inside_the_sweeps_limit(solved: tuple[Lab, Namespace]) -> None:
    """At most half of the allowed units in the last place."""
    lab, notebook = solved
    for question in lab.questions:
        for check in question.checks:
            if isinstance(check, SweepCheck):
                trial = check.prepare(question.name, Conditions("sweeps"))
                assert isinstance(trial.truth, SweepTruth)
                seen = asked(trial.asks.answer, notebook)
                path = trial.truth.path
                nodes = [s.results[0] if path is None else s.gradients[path] for s in seen]
                leaves = [node for node in nodes if isinstance(node, Leaf)]
                assert len(leaves) == len(nodes)
                errors = ulp_errors(np.stack([leaf.array.astype(float) for leaf in leaves]), trial.truth)
                assert errors.max() <= trial.truth.limit / 2, (question.name, trial.truth.dtype, path)


def test_every_dtype_and_device_has_its_tolerance() -> None:
    assert set(TOLERANCE) == {(t, d) for t in ("float32", "float64") for d in ("cpu", "cuda")}
    assert all(t.agree <= t.slip < 1e-4 for t in TOLERANCE.values())
    assert TOLERANCE["float64", "cpu"].agree < 1e-11, "central differences reach 1e-10"
    assert set(ULP_LIMIT) == {"value", "gradient"}


def test_the_sheet_says_how_many_ulp_are_allowed() -> None:
    sheet = " ".join((ROOT / "solutions" / "lab4_stability.py").read_text("utf-8").replace("\n# ", " ").split())
    (allowed,) = set(ULP_LIMIT.values())
    assert f"accepts {allowed:g}, in a value and in a gradient alike" in sheet
