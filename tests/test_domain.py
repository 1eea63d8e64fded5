"""Hidden points: on a fine grid, inside their domain, on both sides of a kink, reproducible."""

import numpy as np
import pytest
from sympy import Abs, Max, log, symbols

from grader.labs import lab1_tensors, lab2_graphs
from grader.oracle.domain import Domain, EmptyDomainError
from grader.oracle.graph import Graph, array

x, y, v = symbols("x y v", real=True)
line = Graph((x,), {v: 2 * x - 1})


def test_points_are_odd_multiples_of_a_grid_step_inside_their_interval() -> None:
    for low, high in ((-1.0, 3.0), (-3.0, -1.0), (0.0, 0.25), (1.0, 1.0625)):
        for point in Domain({"x": (low, high)}).draw(line, 20, "seed"):
            assert float(point["x"]) * 1024 % 2 == 1
            assert low <= point["x"] <= high


def test_points_are_the_same_in_float32() -> None:
    for point in lab1_tensors.WIDE.draw(Graph((array("x", 4, 3),), {}), 5, "seed"):
        assert np.array_equal(point["x"].astype(np.float32), point["x"])


def test_no_number_is_near_0_where_mistakes_in_it_do_not_show() -> None:
    assert all(abs(point["x"]) >= 0.125 for point in Domain({"x": (-0.25, 0.25)}).draw(line, 50, "seed"))


def test_rows_add_up_to_what_they_should() -> None:
    rows = Domain(default=(0.125, 0.75), sums={"x": 1.0}).draw(Graph((array("x", 2, 3),), {}), 9, "seed")
    for point in rows:
        assert (point["x"].sum(-1) == 1).all()
        assert point["x"].min() >= 0.125
        assert point["x"].max() <= 0.75


def test_no_step_is_0_by_chance_and_what_is_off_is_off() -> None:
    """On so narrow a domain every second difference would be 0."""
    near, off = symbols("near off", real=True)
    domain = Domain({"x": (0.5, 0.503), "y": (1.5, 1.503)})
    for point in domain.draw(Graph((x, y), {near: y - x - 1, off: Max(0, x - y)}), 2, "seed"):
        assert point["y"] - point["x"] != 1


def test_the_same_seed_gives_the_same_points_and_another_seed_others() -> None:
    draw = Domain().draw
    assert draw(line, 5, "one") == draw(line, 5, "one")
    assert draw(line, 5, "one") != draw(line, 5, "two")


def test_no_point_is_drawn_twice() -> None:
    points = [float(p["x"]) for p in Domain({"x": (0.5, 0.52)}).draw(line, 9, "seed")]
    assert len(set(points)) == 9


def test_conditions_on_inputs_and_steps_hold() -> None:
    for point in Domain(where=(Abs(v) > 1, x > 0)).draw(line, 6, "seed"):
        assert abs(2 * point["x"] - 1) > 1
        assert point["x"] > 0


def test_cases_are_taken_in_turn() -> None:
    points = Domain(cases=(v > 0, v < 0)).draw(line, 6, "seed")
    assert [bool(2 * p["x"] - 1 > 0) for p in points] == [True, False] * 3


def test_the_relu_neuron_is_asked_on_both_sides_of_its_kink() -> None:
    points = lab2_graphs.relu.domain.draw(lab2_graphs.relu.graph, 5, "any")
    sides = {bool(p["w"] * p["x"] + p["b"] > 0) for p in points}
    assert sides == {True, False}


def test_points_where_a_step_is_not_real_are_left_out() -> None:
    graph = Graph((x,), {y: log(x)})
    assert all(p["x"] > 0 for p in Domain(where=(y > -1,)).draw(graph, 5, "seed"))


def test_numbers_of_a_point_differ_in_size() -> None:
    (point,) = lab1_tensors.WIDE.draw(Graph((array("x", 4, 3),), {}), 1, "seed")
    assert len(np.unique(np.abs(point["x"]))) == 12


def test_a_domain_without_points_is_the_authors_fault() -> None:
    with pytest.raises(EmptyDomainError, match="only 0 of 1 points"):
        Domain(where=(x > 100,)).draw(line, 1, "seed")
