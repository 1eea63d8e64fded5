"""Hidden points: dyadic, inside their domain, on both sides of a kink, reproducible."""

import numpy as np
import pytest
from sympy import Abs, log, symbols

from grader.labs import lab1_tensors, lab2_graphs
from grader.oracle.domain import Domain, EmptyDomainError
from grader.oracle.graph import Graph, array

x, y, v = symbols("x y v", real=True)
line = Graph((x,), {v: 2 * x - 1})


def test_points_are_eighths_inside_their_interval() -> None:
    for point in Domain({"x": (-1.0, 3.0)}).draw(line, 20, "seed"):
        assert float(point["x"]) * 8 == round(float(point["x"]) * 8)
        assert -1 <= point["x"] <= 3


def test_the_same_seed_gives_the_same_points_and_another_seed_others() -> None:
    draw = Domain().draw
    assert draw(line, 5, "one") == draw(line, 5, "one")
    assert draw(line, 5, "one") != draw(line, 5, "two")


def test_no_point_is_drawn_twice() -> None:
    points = [float(p["x"]) for p in Domain({"x": (0.0, 1.0)}).draw(line, 9, "seed")]
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


def test_entries_of_an_array_differ_where_there_is_room() -> None:
    (point,) = lab1_tensors.WIDE.draw(Graph((array("x", 4, 3),), {}), 1, "seed")
    assert len(np.unique(point["x"])) == 12


def test_a_domain_without_points_is_the_authors_fault() -> None:
    with pytest.raises(EmptyDomainError, match="only 0 of 1 points"):
        Domain(where=(x > 100,)).draw(line, 1, "seed")
