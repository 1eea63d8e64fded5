"""The oracle against the known figures of the exercises, and against nothing but central differences."""

from collections.abc import Iterator
from typing import Any

import mpmath
import pytest

from grader.labs import all_labs, lab2_graphs, lab4_stability, lab5_backprop
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck
from grader.oracle.descent import TrajectoryCheck
from grader.oracle.domain import Domain
from grader.oracle.float_evaluation import ending
from grader.oracle.graph import Graph, Variable, entries, name_of, pulled
from grader.oracle.precision import exact
from grader.oracle.stability import SweepCheck

SHEET = lab2_graphs.GraphNumbers()

FIGURES = [
    (lab2_graphs.path(SHEET).whole, {"a": 1, "b": 1}, {"dz_da": 34}),
    (lab2_graphs.relu.whole, {"w": 1, "x": 1, "b": 1}, {"da_dw": 1}),
    (lab2_graphs.sigmoid.whole, {"w": 1, "x": 1, "b": 1}, {"da_dw": "0.1049936"}),
    (lab2_graphs.bell(SHEET).whole, {"x": 1}, {"df_dx": "-0.0974440036"}),
    (lab2_graphs.quartic(SHEET).whole, {"x": 2}, {"df_dx": 326}),
    (
        lab2_graphs.chain(SHEET).whole,
        {"x": 1, "y": 1, "z": 1},
        {
            "b": "0.8414710",
            "a": 2,
            "c": "2.3767902",
            "d": "2.3767902",
            "e": "1.2169256",
            "f": "0.8387449",
            "df_dy": "-0.1340045",
            "df_dx": "0.2086996",
        },
    ),
    (lab4_stability.log_exp.backward(lab4_stability.z), {"x": 2, "y": 3}, {"z": "1.3132617"}),
    (
        lab4_stability.softplus.backward(lab4_stability.z),
        {"x": 2, "y": 3},
        {"z": "1.3132617", "dz_dx": "-0.7310586", "dz_dy": "0.7310586"},
    ),
    (lab4_stability.softplus.backward(lab4_stability.z), {"x": 50, "y": 100}, {"dz_dx": -1, "dz_dy": 1}),
    (lab5_backprop.sigmoid.backward(lab5_backprop.s), {"x": 2}, {"ds_dx": "0.1049936"}),
]


@pytest.mark.parametrize(("graph", "point", "figures"), FIGURES)
def test_known_figures(graph: Graph, point: dict[str, int], figures: dict[str, object]) -> None:
    values = graph.values({n: mpmath.mpf(v) for n, v in point.items()})
    for name, figure in figures.items():
        places = len(str(figure).partition(".")[2])
        assert abs(values[name] - mpmath.mpf(figure)) <= mpmath.mpf(10) ** -places / 2 + mpmath.mpf("1e-15")


def differentiated() -> Iterator[object]:
    """Every graph of the labs that is differentiated, with its scalar output and domain."""
    for lab in all_labs():
        for question in lab.questions:
            for number, check in enumerate(question.checks):
                found = _differentiated(check)
                if found:
                    yield pytest.param(*found, id=f"{question.name}-{number}")


def _differentiated(check: object) -> tuple[Graph, Variable, Domain] | None:
    match check:
        case GradientCheck():
            return *pulled(check.problem.graph, check.of), check.problem.domain
        case ValueCheck() | StepsCheck() if check.problem.output is not None:
            return check.problem.graph, check.problem.output, check.problem.domain
        case TrajectoryCheck():
            return check.problem.graph, check.loss, check.problem.domain
        case SweepCheck(argument=str()):
            return *ending(check.graph, check.output), Domain()
    return None


@pytest.mark.parametrize(("graph", "output", "domain"), list(differentiated()))
@pytest.mark.parametrize("through", ["parents", "outputs"])
def test_every_adjoint_is_a_central_difference(graph: Graph, output: Variable, domain: Domain, through: str) -> None:
    """At 50 digits and a step of 1e-15, central differences are good to about 1e-30."""
    step, target = mpmath.mpf("1e-15"), name_of(output)
    backward = graph.backward(output, through)
    (point,) = domain.draw(graph, 1, "differences")
    with mpmath.workdps(50):
        values = backward.values({n: exact(v) for n, v in point.items()})
        for name, variable in graph.variables.items():
            if f"d{target}_d{name}" not in values:
                continue
            adjoints = entries_of(values[f"d{target}_d{name}"])
            for place in range(min(len(entries(variable)), 4)):
                up, down = (graph.values(moved(graph, values, name, place, sign * step))[target] for sign in (1, -1))
                slope = (up - down) / (2 * step)
                assert abs(adjoints[place] - slope) <= mpmath.mpf("1e-20") * (1 + abs(slope))


def entries_of(value: object) -> list[mpmath.mpf]:
    return list(value.ravel()) if hasattr(value, "ravel") else [value]


def moved(graph: Graph, values: dict[str, Any], name: str, place: int, by: object) -> dict[str, Any]:
    """Inputs and the named node, one entry of it moved; what comes after follows."""
    start = {name_of(v): values[name_of(v)] for v in graph.inputs} | {name: values[name]}
    if hasattr(start[name], "ravel"):
        start[name] = start[name].copy()
        start[name].ravel()[place] += by
    else:
        start[name] = start[name] + by
    return start


def test_a_wrong_gradient_would_be_seen() -> None:
    """The comparison above must be able to fail: a graph whose step is changed after differentiation."""
    x, y = lab2_graphs.x, lab2_graphs.y
    right, wrong = Graph((x,), {y: x**3}), Graph((x,), {y: x**3 + x})
    with mpmath.workdps(50):
        values = right.backward(y).values({"x": mpmath.mpf(2)})
        step = mpmath.mpf("1e-15")
        up, down = (wrong.values({"x": 2 + sign * step})["y"] for sign in (1, -1))
        assert abs(values["dy_dx"] - (up - down) / (2 * step)) > mpmath.mpf("0.9")
