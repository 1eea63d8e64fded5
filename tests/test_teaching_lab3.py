"""Lab 3 as a text to learn from: what its prose says of numbers is so."""

import ast
import re
from typing import Any

import pytest
import torch
from sheets import prose, sheet
from torch import Tensor

from grader.labs.lab3_regression import LAB, RegressionNumbers, X, targets

SHEET, PROSE = sheet("lab3_regression"), prose("lab3_regression")
SAID = " ".join(PROSE.split())
NAMES = [question.name for question in LAB.questions]
SHEETS = [RegressionNumbers(), RegressionNumbers(tilt=-1200, scatter=130), RegressionNumbers(tilt=1800, scatter=70)]


def test_times_and_points_add_up() -> None:
    exercises = re.findall(r"## Exercise \d: .+\n\*(.+)\*\n", PROSE)
    assert len(exercises) == 6
    assert all(re.search(r"minutes · difficulty [●○]{5} · importance [●○]{5}$", line) for line in exercises)
    minutes = sum(int(number) for line in exercises for number in re.findall(r"about (\d+) minutes", line))
    assert f"The exercises take about {minutes} minutes." in SAID
    parts = re.findall(r"(?m)^\| .+ \| .+ \| (\d+) \|$", PROSE)
    assert sum(map(int, parts)) == 150
    assert "plan two and a half hours" in SAID
    assert "four of the nine answers, for half of the points" in SAID
    assert sum(question.points for question in LAB.questions[:4]) == LAB.points / 2
    assert len(NAMES) == 9


def functions(numbers: RegressionNumbers = SHEETS[0]) -> dict[str, Any]:
    """The functions that the sheet defines, and the data; no cell is run."""
    x, y = (torch.tensor([float(v) for v in values], dtype=torch.float64) for values in (X, targets(numbers)))
    names: dict[str, Any] = {"torch": torch, "Tensor": Tensor, "x": x, "y": y}
    names |= {"x_column": x[:, None], "y_column": y[:, None]}
    written: list[ast.stmt] = [s for s in ast.parse(SHEET).body if isinstance(s, ast.FunctionDef)]
    exec(compile(ast.Module(written, []), "lab3", "exec"), names)
    return names


def test_two_starts_of_the_ball_end_in_two_valleys() -> None:
    roll = functions()["roll"]
    right, left = (roll(torch.tensor(start), 31, 0.02)[0].item() for start in (2.0, -2.0))
    assert left < 0 < right
    one, other = (roll(torch.tensor(start), 31, 0.1)[0].item() for start in (2.0, -2.0))
    assert "Try a rate of 0.1 instead" in SAID
    assert one == pytest.approx(left, abs=1e-3) == other


@pytest.mark.parametrize("numbers", SHEETS)
def test_the_maps_show_what_is_said_of_them_with_anyones_data(numbers: RegressionNumbers) -> None:
    assert "rate, scaled_rate, epochs = 0.027, 0.15, 40" in SHEET
    names = functions(numbers)
    table = names["x_column"]
    scaled = (table - table.mean()) / table.std(correction=0)
    assert names["condition_number"](scaled) == pytest.approx(1)
    best, slow = (torch.tensor(names["path_of"](t, r, 40)) for t, r in ((scaled, 0.15), (table, 0.027)))
    # A straight line on the right, and one step there at a rate of 0.5.
    steps = best.diff(dim=0)[:20]
    assert torch.allclose(steps[:, 0] / steps[:, 1], steps[0, 0] / steps[0, 1], rtol=1e-3)
    assert torch.allclose(torch.tensor(names["path_of"](scaled, 0.5, 1)[-1]), best[-1], rtol=2e-3)
    # On the left first from wall to wall, at last along the floor, and it has not arrived, at whatever rate.
    assert all(slow.diff(dim=0)[:9, 0].sign() == torch.tensor([-1.0, 1.0] * 4 + [-1.0]))
    rates = [k / 1000 for k in range(1, 40)]
    least = min(names["loss_at"](table, *names["path_of"](table, rate, 40)[-1]) for rate in rates)
    assert least > 100 * names["loss_at"](scaled, *best[-1].tolist())


def test_a_good_rate_for_tens_is_near_the_limit() -> None:
    tens = functions()["x_column"] / 10
    a = torch.cat([torch.ones_like(tens), tens], dim=1)
    low, high = torch.linalg.eigvalsh(2 / len(a) * a.T @ a).tolist()
    assert "The best rates lie not far below." in SAID
    assert 0.95 < 2 / (low + high) / (2 / high) < 1


@pytest.mark.parametrize("numbers", SHEETS)
def test_the_epochs_that_the_hints_speak_of(numbers: RegressionNumbers) -> None:
    names = functions(numbers)
    x, y, train = names["x_column"], names["y_column"], names["train"]
    zero = torch.zeros(1, 1, dtype=torch.float64)
    _, _, losses = train(x, y, zero, zero[0], 5000, 0.02)
    enough = next(epoch for epoch, loss in enumerate(losses) if loss <= 1.05 * losses[-1])
    assert "A hundred epochs are not enough for it, two thousand are." in SAID
    assert 100 < enough < 2000
    _, _, alone = train(x, y, zero, None, 100, 0.01)
    assert "A few dozen epochs are more than enough." in SAID
    assert alone[24] <= 1.0001 * alone[-1]


def test_the_gradient_at_the_scores() -> None:
    names = functions()
    scores = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    chances = names["class_probabilities"](scores, torch.eye(3), torch.zeros(3))
    names["cross_entropy"](chances, torch.tensor([0])).backward()
    assert "They are the probabilities, less 1 at the right class, and add up to 0" in SAID
    assert scores.grad is not None
    assert torch.allclose(scores.grad, chances.detach() - torch.tensor([[1.0, 0.0, 0.0]]))
    assert abs(scores.grad.sum().item()) < 1e-6


@pytest.mark.parametrize(("with_squares", "lost"), [(False, True), (True, False)])
def test_lines_lose_points_of_the_rings_and_squares_none(with_squares: bool, lost: bool) -> None:
    assert "with_squares, rate, epochs = False, 1.0, 100" in SHEET
    names = functions()
    ring = names["spiral"](80, 1.5, 2.5)
    points = torch.cat([names["spiral"](40, 0.0, 1.0), ring])
    kinds = torch.cat([torch.zeros(40).long(), 1 + (ring[:, 1] < 0).long()])
    table = names["table_of"](points, with_squares)
    side = torch.linspace(-3, 3, 60, dtype=torch.float64)
    plane = names["table_of"](torch.cartesian_prod(side, side), with_squares)
    w, b = (torch.zeros(size, dtype=torch.float64, requires_grad=True) for size in ((3, table.shape[1]), (3,)))
    seen, losses = [], []
    for epoch in range(1, 1001):
        loss = names["cross_entropy"](names["class_probabilities"](table, w, b), kinds)
        loss.backward()
        names["gradient_step"]([w, b], 1.0)
        if epoch in {100, 1000}:
            losses.append(loss.item())
            seen.append((plane @ w.T + b).detach().argmax(dim=1))
            wrong = (table @ w.T + b).detach().argmax(dim=1) != kinds
            assert bool(wrong[:40].any()) is bool(wrong[40:].any()) is lost
            # Those of the disc are near its top and bottom, those of the ring near the ends of its halves.
            assert all(points[:40][wrong[:40], 1].abs() > 0.5)
            assert all(points[40:][wrong[40:], 1].abs() < 1)
    assert (seen[0] != seen[1]).double().mean() < 0.05
    assert losses[1] < losses[0]
