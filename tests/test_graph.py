"""The symbolic graph: values, edges, the backward pass, and both ways of writing a local derivative."""

import mpmath
import numpy as np
import pytest
from sympy import Array, Symbol, exp, sin, symbols, tanh

from grader.oracle.graph import Graph, array, entries, name_of, shape_of

a, b, x, y, z, v, s = symbols("a b x y z v s", real=True)
path = Graph((a, b), {x: 2 * a + 3 * b, y: 5 * a**2 + 3 * b**3, z: 2 * x + 3 * y})


def at(**values: float) -> dict[str, mpmath.mpf]:
    return {name: mpmath.mpf(value) for name, value in values.items()}


def test_values_of_every_step() -> None:
    values = path.values(at(a=1, b=2))
    assert [values[n] for n in "xyz"] == [8, 29, 103]


def test_edges_are_the_direct_uses() -> None:
    assert path.edges == (("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("x", "z"), ("y", "z"))


def test_a_name_used_twice_in_a_step_is_one_edge() -> None:
    assert Graph((x,), {y: x + x**2}).edges == (("x", "y"),)


def test_the_backward_pass_adds_over_paths() -> None:
    values = path.backward(z).values(at(a=1, b=1))
    assert values["dz_da"] == 34
    assert (values["dz_dx"], values["dz_dy"], values["dz_db"]) == (2, 3, 33)


def test_a_step_is_evaluated_from_given_values_of_its_parents() -> None:
    backward = path.backward(z)
    assert backward.step("dz_da", {**backward.values(at(a=1, b=1)), "dz_dy": mpmath.mpf(0)}) == 4


def test_given_values_stand_in_for_steps() -> None:
    assert path.values({**at(a=1, b=1), "x": mpmath.mpf(0)})["z"] == 24


def test_nodes_that_the_output_does_not_use_have_no_adjoint() -> None:
    graph = Graph((a, b), {x: a**2, y: b})
    assert "dx_db" not in graph.backward(x).variables


@pytest.mark.parametrize(
    ("step", "written"),
    [(exp(v), s), (1 / v, -(s**2)), (1 / (1 + exp(-v)), s * (1 - s)), (tanh(v), 1 - s**2)],
)
def test_local_derivatives_can_be_written_in_the_steps_own_value(step: object, written: object) -> None:
    graph = Graph((v,), {s: step}).backward(s, through="outputs")
    assert (graph.steps[graph.variables["ds_dv"]] - written).simplify() == 0


def test_where_the_output_does_not_determine_the_derivative_it_is_written_in_the_parents() -> None:
    for step in (sin(v), v**2, v**3 + v):
        one, other = (Graph((v,), {s: step}).backward(s, w) for w in ("parents", "outputs"))
        assert one.steps[one.variables["ds_dv"]] == other.steps[other.variables["ds_dv"]]


def test_arrays_keep_their_names_and_shapes() -> None:
    w = array("W", 2, 3)
    assert (name_of(w), shape_of(w), len(entries(w))) == ("W", (2, 3), 6)
    assert str(w[1, 2]) == "W[1, 2]"


def test_the_adjoint_of_an_array_has_its_shape() -> None:
    w, loss = array("W", 2, 3), Symbol("loss", real=True)
    graph = Graph((w,), {loss: sum((i + 1) * e**2 for i, e in enumerate(entries(w)))})
    point = np.array([[mpmath.mpf(n) for n in row] for row in ((1, 2, 3), (4, 5, 6))], dtype=object)
    found = graph.backward(loss).values({"W": point})["dloss_dW"]
    assert found.tolist() == [[2, 8, 18], [32, 50, 72]]


def test_the_jacobian_of_a_permutation_moves_entries_back() -> None:
    x2, y2, total = array("x", 2, 3), array("y", 3, 2), Symbol("total", real=True)
    weights = range(6)
    graph = Graph(
        (x2,),
        {
            y2: Array([[x2[j, i] for j in range(2)] for i in range(3)]),
            total: sum(w * e for w, e in zip(weights, entries(y2), strict=True)),
        },
    )
    ones = np.full((2, 3), mpmath.mpf(1), dtype=object)
    assert graph.backward(total).values({"x": ones})["dtotal_dx"].tolist() == [[0, 2, 4], [1, 3, 5]]
