"""A student's own numbers: what they follow from, what is refused, and that the text tells the truth about them."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import mpmath
import numpy as np
import pytest
from sympy import log, symbols

from grader.authoring.release import own_text
from grader.judge.model import Lab
from grader.labs import Numbers, all_labs, family, lab3_regression
from grader.labs.lab2_graphs import GraphNumbers
from grader.labs.lab4_stability import StabilityNumbers
from grader.labs.lab5_backprop import BackpropNumbers
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph
from grader.oracle.problem import Problem
from grader.oracle.variants import EmptyFamilyError, Family, Worked, drawn, place, plain

ROOT = Path(__file__).parents[1]
LABS = pytest.mark.parametrize("lab", [lab.name for lab in all_labs()])
STUDENTS = [f"student {i}" for i in range(15)]


@dataclass(frozen=True)
class Pair:
    p: int = drawn(1, range(4))
    q: int = drawn(1, range(4))


def small(sound: Callable[[Pair], bool] = lambda n: True) -> Family:
    """A family of 16 pairs, one of them the sheet's."""
    return Family("small", Pair, lambda n: Lab("small", "", ()), {}, (), sound)


@LABS
def test_the_same_secret_draws_the_same_numbers_and_another_draws_others(lab: str) -> None:
    variants = family(lab)
    once, again = (variants.draws(b"secret", STUDENTS) for _ in range(2))
    assert once == again
    other = variants.draws(b"Secret", STUDENTS)
    assert all(once[student] != other[student] for student in STUDENTS)


@LABS
def test_no_two_students_and_no_student_and_the_sheet_have_the_same(lab: str) -> None:
    found = family(lab).draws(b"secret", STUDENTS)
    assert len({family(lab).sheet, *found.values()}) == len(STUDENTS) + 1


@LABS
def test_every_number_is_one_that_it_may_be(lab: str) -> None:
    variants = family(lab)
    for numbers in [variants.sheet, *variants.draws(b"secret", STUDENTS).values()]:
        assert all(getattr(numbers, f.name) in f.metadata["choices"] for f in fields(numbers))


def test_where_there_is_room_for_all_nobody_shares_and_then_somebody_must() -> None:
    found = small().draws(b"secret", [str(i) for i in range(20)])
    assert len(set(list(found.values())[:15])) == 15
    assert Pair() not in found.values()
    assert len(set(found.values())) == 15


def test_a_student_added_below_changes_nobodys_numbers() -> None:
    before, after = small().draws(b"secret", "abcdef"), small().draws(b"secret", "abcdefgh")
    assert {student: after[student] for student in "abcdef"} == before


def test_a_draw_that_is_refused_is_drawn_again() -> None:
    found = small(lambda n: n.p < n.q).draws(b"secret", "abcdef")
    assert all(n.p < n.q for n in found.values())
    with pytest.raises(EmptyFamilyError, match="small refused 1000 draws in a row"):
        small(lambda n: False).draw(b"secret", "a")


X, F = symbols("x f", real=True)


@pytest.mark.parametrize(
    ("expression", "x", "where", "sound"),
    [
        (X**2, 1.5, (), True),
        (X**2, 200, (), False),
        (X / 3, 0.001, (), False),
        (log(X), -2, (), False),
        (1 / (X - 2), 2, (), False),
        (1 / (X - 2), 3, (abs(X - 2) > 0.5,), True),
        (X, 2.25, (abs(X - 2) > 0.5,), False),
        (X - 1, 1, (), True),
    ],
)
def test_an_unsound_figure_is_refused(expression: object, x: float, where: tuple[object, ...], sound: bool) -> None:
    """Too large, too small to be shown, off the real line, at a pole, and near one; a whole 0 is a figure."""
    problem = Problem(Graph((X,), {F: expression}), Domain(where=where), ("x",), F)
    assert Worked(problem, {"x": x}, {"f": 4}).sound is sound


def test_figures_and_points_as_people_write_them() -> None:
    assert [plain(mpmath.mpf(v), 4) for v in ("34", "-0.09744400", "2.5")] == ["34", "-0.0974", "2.5000"]
    assert place({"w": 1, "x": 1}) == "w = x = 1"
    assert place({"w": 1, "x": -2}) == "w = 1$, $x = -2"


@LABS
def test_the_sheets_numbers_give_the_sheets_text(lab: str) -> None:
    text = (ROOT / "solutions" / f"{lab}.py").read_text("utf-8")
    assert own_text(text, family(lab), family(lab).sheet) == text


def prose(lab: str, student: str) -> tuple[Numbers, str]:
    """A student's numbers and text, on one line."""
    variants = family(lab)
    numbers = variants.draw(b"secret", student)
    text = own_text((ROOT / "solutions" / f"{lab}.py").read_text("utf-8"), variants, numbers)
    return numbers, " ".join(text.replace("\n#", " ").split())


def lab2(n: GraphNumbers) -> dict[str, float]:
    """The figures of lab 2, found by mpmath's numerical differentiation of formulas written out again."""
    a, b = n.path_at
    w, x, bias = n.sigmoid_at
    at, here = n.tanh_log_at, n.exponential_at

    def path(a: float) -> float:
        return n.z_x * (n.x_a * a + n.x_b * b) + n.z_y * (n.y_a * a**2 + n.y_b * b**3)

    def chain(x: float, y: float, z: float) -> mpmath.mpf:
        return mpmath.tanh(mpmath.log(n.double * x / mpmath.sin(y) * z + 1))

    def ratio(x: float, y: float) -> mpmath.mpf:
        return (n.above_x * x + n.above_y * mpmath.exp(y)) / (mpmath.log(x) + (x - y) ** 3)

    def bell(x: float) -> mpmath.mpf:
        return mpmath.exp(-n.square * x**2 - n.straight * x - n.sine * mpmath.sin(x))

    return {
        r"\partial z/\partial a = {:.0f}$": mpmath.diff(path, a),
        r"\partial a/\partial w = {:.7f}$": mpmath.diff(lambda w: mpmath.sigmoid(w * x + bias), w),
        "derivative is ${:.10f}$": mpmath.diff(bell, here),
        "derivative is {:.0f}.": mpmath.diff(lambda x: mpmath.polyval(n.polynomial[::-1], x), n.polynomial_at),
        "$f = {:.7f}$": chain(*at),
        r"\partial f/\partial x = {:.7f}$": mpmath.diff(chain, at, (1, 0, 0)),
        r"\partial f/\partial y = {:.7f}$": mpmath.diff(chain, at, (0, 1, 0)),
        "it is {:.0f}. - `ratio_gradient": ratio(1, 0),
        "they are ${:.0f}$ and $": mpmath.diff(ratio, (1, 0), (1, 0)),
    }


def lab4(n: StabilityNumbers) -> dict[str, float]:
    """The figures of lab 4, from the formula as the sheet gives it."""

    def function(x: float, y: float) -> mpmath.mpf:
        with mpmath.workdps(60):
            return -mpmath.log(mpmath.exp(x) / (mpmath.exp(x) + mpmath.exp(y)))

    return {
        "it gives {:.7f}.": function(*n.log_exp_at),
        "the gradients are ${:.7f}$ and": mpmath.diff(function, n.log_exp_at, (1, 0)),
        "the true value is {:.0f}. Backward": function(*n.overflow_at),
        "$d = -" + str(n.depth) + r"$: the value is about ${:.0e}": function(n.depth, 0),
    }


def lab5(n: BackpropNumbers) -> dict[str, float]:
    """The figures of lab 5: the network written out in matrices, its gradient by differences."""
    x, t = mpmath.matrix([n.x1, n.x2]), mpmath.matrix([n.t1, n.t2])
    start = [n.w1, n.w2, n.w3, n.w4, n.b_h, n.b_h, n.w5, n.w6, n.w7, n.w8, n.b_o, n.b_o]

    def outputs(p: list[float]) -> tuple[mpmath.matrix, mpmath.matrix]:
        hidden = (mpmath.matrix([[p[0], p[1]], [p[2], p[3]]]) * x + mpmath.matrix(p[4:6])).apply(mpmath.sigmoid)
        return hidden, mpmath.matrix([[p[6], p[7]], [p[8], p[9]]]) * hidden + mpmath.matrix(p[10:12])

    def loss(*p: float) -> mpmath.mpf:
        return sum((o - goal) ** 2 for o, goal in zip(outputs(list(p))[1], t, strict=True)) / 2

    slopes = [mpmath.diff(loss, start, tuple(int(i == k) for i in range(12))) for k in range(12)]
    moved = [p - n.rate * slope for p, slope in zip(start, slopes, strict=True)]
    hidden, out = outputs(start)
    return {
        "ds_dx`, is {:.7f}.": mpmath.diff(mpmath.sigmoid, n.sigmoid_at),
        "h_1 = {:.7f}$": hidden[0],
        "`dE_do1` is {:.7f}.": out[0] - t[0],
        "grows from {:.2f} to": loss(*start),
        "to about {:.0f}.": loss(*moved),
    }


@pytest.mark.parametrize("student", ["ada", "bob", "eve"])
@pytest.mark.parametrize(("lab", "figures"), [("lab2_graphs", lab2), ("lab4_stability", lab4), ("lab5_backprop", lab5)])
def test_the_figures_in_the_prose_are_those_of_the_numbers(
    lab: str, figures: Callable[[Numbers], dict[str, float]], student: str
) -> None:
    numbers, text = prose(lab, student)
    for template, value in figures(numbers).items():
        said = tenfold(template.format(float(value)) if "{" in template else template)
        assert said in text, said


def tenfold(said: str) -> str:
    """Python's 2e-22 as the prose writes it."""
    head, exponent, tail = said.partition("e-")
    return rf"{head} \cdot 10^{{-{int(tail)}}}" if exponent and tail.isdigit() else said


@pytest.mark.parametrize("student", ["ada", "bob", "eve"])
def test_the_data_of_lab_3_have_the_optima_that_its_table_gives(student: str) -> None:
    numbers, text = prose("lab3_regression", student)
    x = np.array(lab3_regression.X, dtype=float)
    y = np.array(lab3_regression.targets(numbers), dtype=float)
    assert ", ".join(lab3_regression.targets(numbers)[:8]) in text
    for powers in ((0, 1, 2), (0, 1), (1,)):
        design = np.stack([x**p for p in powers], axis=1)
        best, *_ = np.linalg.lstsq(design, y, rcond=None)
        assert f"| {((design @ best - y) ** 2).mean():.4f} |" in text
    assert f"a slope of about {best[0]:.0f}." in text
    w = b = 0.0
    losses = []
    for _ in range(2):
        errors = [w * i + b - t for i, t in zip((1, 2), numbers.targets, strict=True)]
        losses.append(sum(e**2 for e in errors) / 2)
        after = w, b
        w, b = w - 0.1 * (errors[0] + 2 * errors[1]), b - 0.1 * sum(errors)
    first = -0.1 * -(numbers.targets[0] + 2 * numbers.targets[1])
    assert after == pytest.approx((first, 0.1 * sum(numbers.targets)))
    assert f"leads to $w = {after[0]:g}$, $b = {after[1]:g}$" in text
    assert f"`losses == [{losses[0]}]`, and a second epoch starts from a loss of {losses[1]:g}." in text


def test_a_number_that_changes_only_a_figure_leaves_what_is_asked_as_it_was() -> None:
    variants = family("lab2_graphs")
    own = variants.lab(replace(variants.sheet, double=3))
    changed = [q.name for q, p in zip(own.questions, variants.lab(variants.sheet).questions, strict=True) if q != p]
    assert "relu_neuron" not in changed
    assert "tanh_log" in changed
    assert family("lab5_backprop").lab(variants.sheet) is family("lab5_backprop").lab(variants.sheet)


@pytest.mark.parametrize("lab", [lab.name for lab in all_labs()])
def test_numbers_are_read_as_they_are_written(lab: str) -> None:
    variants = family(lab)
    numbers = variants.draw(b"secret", "ada")
    assert variants.read(variants.written(numbers)) == numbers
    for odd in ("x y", "nothing=1", "1", ") + print("):
        with pytest.raises((SyntaxError, ValueError, TypeError)):
            variants.read(odd)
