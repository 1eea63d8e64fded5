"""What lab 5 tells beside its exercises: figures and claims that are computed."""

import contextlib
import io
import re

import pytest
import sympy
import torch
from sheets import SheetRun, cells, run, sheet, words

from grader.labs.lab5_backprop import FAMILY, LAB, start

TEXT, PROSE = sheet("lab5_backprop"), words("lab5_backprop")
POINTS = {question.name: question.points for question in LAB.questions}
STUDENTS = [None, "ada", "bob", "eve"]
"""The sheet's numbers, and those of a few students."""


@pytest.fixture(scope="module")
def ran() -> SheetRun:
    return run("lab5_backprop")


def scalars(student: str | None) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    numbers = start(FAMILY.sheet if student is None else FAMILY.draw(b"secret", student))
    values = {name: torch.tensor(float(value), dtype=torch.float64) for name, value in numbers.items()}
    inputs = {name: values.pop(name) for name in ("x1", "x2", "t1", "t2")}
    return inputs, values


def test_exercises_say_how_hard_they_are_and_times_add_up() -> None:
    found = re.findall(r"points · about (\d+) minutes · difficulty (●+○*) · importance (●+○*)\*", TEXT)
    assert len(found) == len(POINTS)
    assert all(len(dots) == 5 for row in found for dots in row[1:])
    assert f"The exercises take about {sum(int(row[0]) for row in found)} minutes" in PROSE
    parts = re.findall(r"^# \|[^|]+\| (\d+) \|$", TEXT.partition("**You will learn**")[0], re.MULTILINE)
    assert sum(map(int, parts)) == 180
    assert "plan three hours" in PROSE


def test_what_is_done_at_the_place_to_stop() -> None:
    before, stop, _ = TEXT.partition("## A good place to stop")
    done = sum(points for name, points in POINTS.items() if f"\ndef {name}(" in before)
    assert stop
    assert f"That is {done:g} of the {sum(POINTS.values()):g} points" in PROSE


def test_the_worked_gradients_and_those_of_torch_agree(ran: SheetRun) -> None:
    told = ran.told
    assert all(left == right for left, right in re.findall(r"by hand +(\S+) +nearby +(\S+)", told))
    assert told.count(" nearby ") == 4
    assert told.count("as by autograd: True") == 3
    assert told.count("agrees with yours: True") == 4
    assert "whole_error   E = 0.1250   can go back: True\nbroken_error  E = 0.1250   can go back: False" in told
    assert "paths to E: o1 1, h1 2, z_h1 2, x1 4" in told


def test_figures_of_the_prose() -> None:
    x, w, b, t, rate, h1, h2, w5, w6 = sympy.symbols("x w b t rate h1 h2 w5 w6", real=True)
    assert "to a quarter at best" in PROSE
    slope = (1 / (1 + sympy.exp(-x))).diff(x)
    assert slope.subs(x, 0) == sympy.Rational(1, 4)
    assert sympy.simplify(slope.diff(x).subs(x, 0)) == 0
    assert r"the derivative of $\ln(1 + x^2)$ is $2x / (1 + x^2)$" in PROSE
    assert sympy.simplify(sympy.log(1 + x**2).diff(x) - 2 * x / (1 + x**2)) == 0
    assert r"The slope of $h = \tanh z$ is $1 - h^2$" in PROSE
    assert sympy.simplify(sympy.tanh(x).diff(x) - (1 - sympy.tanh(x) ** 2)) == 0
    # What a step does to the error of one neuron, and of an output whose h are fixed.
    error = w * x + b - t
    moved = error.subs(w, w - rate * (error**2 / 2).diff(w))
    assert "$$ 1 - \\eta\\,x^2 . $$".replace(" ", "") in PROSE.replace(" ", "")
    assert sympy.simplify(moved / error - (1 - rate * x**2)) == 0
    error = w5 * h1 + w6 * h2 + b - t
    step = {name: name - rate * (error**2 / 2).diff(name) for name in (w5, w6, b)}
    assert r"$1 - \eta\,(1 + h_1^2 + h_2^2)$" in PROSE
    assert sympy.simplify(error.subs(step, simultaneous=True) / error - (1 - rate * (1 + h1**2 + h2**2))) == 0


@pytest.mark.parametrize("student", STUDENTS)
def test_the_experiment_turns_out_as_the_text_says(ran: SheetRun, student: str | None) -> None:
    names = ran.names
    inputs, parameters = scalars(student)

    def trained(rate: float) -> list[dict[str, torch.Tensor]]:
        current, seen = parameters, [names["forward"](inputs, parameters)]
        for _ in range(15):
            current = names["updated_parameters"](inputs, current, rate)
            seen.append(names["forward"](inputs, current))
        return seen

    first, last = {}, {}
    for rate in (0.5, 1, 1.5, 2, 3, 10):
        seen = trained(rate)
        first[rate], last[rate] = seen[0]["E"].item(), seen[-1]["E"].item()
        if rate == 2:
            assert all(seen[-1][h] < 0.05 for h in ("h1", "h2"))
            assert 0.7 < seen[-1]["E"] / seen[-5]["E"] < 1.3
    assert all(last[rate] < first[rate] / 10 for rate in (0.5, 1, 1.5))
    assert all(last[rate] > first[rate] * 10 for rate in (3, 10))

    alike = {"w3": "w1", "w4": "w2", "w6": "w5", "w8": "w7"}
    assert "$w_3 = w_1$, $w_4 = w_2$, $w_6 = w_5$, $w_8 = w_7$" in PROSE
    parameters |= {name: parameters[other] for name, other in alike.items()}
    assert all(torch.allclose(step["h1"], step["h2"]) for step in trained(0.5))


def test_the_optimiser_to_paste_does_as_the_steps_by_hand(ran: SheetRun) -> None:
    names = ran.names
    (pasted,) = (code for code in re.findall(r"```python\n(.+?)```", notebook_prose(), re.DOTALL) if "SGD" in code)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(pasted, names)
    pairs = re.findall(r"torch (\S+)   by hand (\S+)", printed.getvalue())
    assert len(pairs) == 5
    assert all(ours == theirs for ours, theirs in pairs)


def notebook_prose() -> str:
    return "\n".join(cell.source for cell in cells("lab5_backprop") if cell.cell_type == "markdown")


def test_one_parameter_cut_off_has_no_gradient_and_nothing_complains() -> None:
    assert "`backward()` succeeds, and that one has `None` for its gradient" in PROSE
    whole, cut = (torch.tensor(1.0, requires_grad=True) for _ in range(2))
    (whole + cut.item()).backward()
    assert whole.grad is not None
    assert cut.grad is None
