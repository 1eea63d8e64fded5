"""Lab 1 as a text to learn from: its hints are in form, and what its prose says of numbers is so."""

import re
from pathlib import Path

import pytest
import torch

from grader.labs.lab1_tensors import LAB

SHEET = (Path(__file__).parents[1] / "solutions" / "lab1_tensors.py").read_text("utf-8")
PROSE = "\n".join(line.removeprefix("#").removeprefix(" ") for line in SHEET.splitlines() if line.startswith("#"))
CELLS = re.split(r"(?m)^# %%", SHEET)
HINT = re.compile(r"<details><summary>Hint (\d) for (\w+)</summary>\n\n(.+?)\n\n</details>", re.DOTALL)
NAMES = [question.name for question in LAB.questions]


def bare(cell: str) -> str:
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in cell.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_has_its_hints_in_the_cell_before_it(name: str) -> None:
    (place,) = (i for i, cell in enumerate(CELLS) if f"\ndef {name}(" in cell)
    hints = [(number, text) for number, hinted, text in HINT.findall(bare(CELLS[place - 1])) if hinted == name]
    assert [number for number, _ in hints] == ["1", "2", "3"][: len(hints)]
    assert len(hints) >= 2
    assert f"`{name}(" not in "".join(text for _, text in hints)


def test_nothing_else_is_called_a_hint() -> None:
    found = HINT.findall(PROSE)
    assert len(found) == SHEET.count("<summary>Hint")
    assert {name for _, name, _ in found} == set(NAMES)


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
