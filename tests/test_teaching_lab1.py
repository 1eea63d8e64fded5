"""Lab 1 as a text to learn from: what its prose says of numbers is so."""

import re

import pytest
import torch
from sheets import prose, sheet

SHEET, PROSE = sheet("lab1_tensors"), prose("lab1_tensors")
CELLS = re.split(r"(?m)^# %%", SHEET)


def test_every_exercise_says_how_difficult_and_important_it_is() -> None:
    exercises = re.findall(r"## Exercise \d+: .+\n\*((?:.+\n?)+?)\*\n", PROSE)
    assert len(exercises) == 11
    dots = r"[●○]{5}"
    assert all(re.search(rf"minutes ·\sdifficulty {dots} · importance {dots}$", line) for line in exercises)
    minutes = sum(int(number) for line in exercises for number in re.findall(r"about (\d+) minutes", line))
    assert 50 <= minutes < 60
    assert "just under an hour of it for the exercises" in " ".join(PROSE.split())


def test_the_table_of_broadcasting_is_right() -> None:
    shapes = re.search(r"\| shape \| with shape \| gives \|\n.+\n((?:\|.+\n)+)", PROSE)
    assert shapes is not None
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in shapes[1].splitlines()]
    assert len(rows) == 4
    for one, other, gives in rows:
        try:
            found = str(tuple(torch.broadcast_shapes(numbers(one), numbers(other))))
        except RuntimeError:
            found = "an error"
        assert found == gives


def numbers(shape: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", shape))


def test_the_answers_to_the_puzzles_reach_their_goals() -> None:
    answers = re.findall(r"```python\n(.+?)\n```", PROSE, re.DOTALL)
    (puzzle,) = (cell for cell in CELLS if "\ngoals = " in cell)
    names: dict[str, object] = {"torch": torch, "sentence": torch.tensor([0, 2, 3, 0, 1])}
    exec(puzzle.partition("\n")[2].partition("for goal")[0], names)
    goals = names["goals"]
    assert isinstance(goals, list)
    assert len(answers) == len(goals) == 3
    assert all(torch.equal(eval(answer, names), goal) for answer, goal in zip(answers, goals, strict=True))


@pytest.mark.parametrize(("dtype", "side"), [(torch.float32, 1e-6), (torch.float64, 1e-15)])
def test_the_numbers_of_the_experiment_lie_further_apart_than_its_pixels(dtype: torch.dtype, side: float) -> None:
    assert "`side` is 1e-15" in PROSE
    assert "side, steps = 1e-6, 300" in SHEET
    centre = torch.tensor(-0.77568377, dtype=dtype)
    assert f"{-0.77568377} + offsets" in SHEET
    assert (centre - torch.nextafter(centre, -torch.ones_like(centre))).item() > side / 100


def test_at_side_three_the_experiment_shows_the_whole_set() -> None:
    """It lies between -2 and 0.48 across, and between -1.13 and 1.13 up and down."""
    assert "`side` is 3, with 50 steps? That shows the whole set." in " ".join(PROSE.split())
    assert -0.77568377 - 1.5 < -2 < 0.48 < -0.77568377 + 1.5
    assert 0.13646737 - 1.5 < -1.13 < 1.13 < 0.13646737 + 1.5
