"""Every answer has its hints: folded away in one cell between the exercise and its code, numbered, and no answers."""

from itertools import takewhile

import pytest
from sheets import HINT, cells, sheet

from grader.authoring.notebooks import answered
from grader.judge.model import Lab
from grader.labs import all_labs

ANSWERS = [pytest.param(lab.name, question.name, id=question.name) for lab in all_labs() for question in lab.questions]


@pytest.mark.parametrize(("lab", "name"), ANSWERS)
def test_an_answer_has_its_hints_in_one_cell_before_it(lab: str, name: str) -> None:
    found = cells(lab)
    (place,) = (i for i, cell in enumerate(found) if cell.cell_type == "code" and answered(cell.source, {name}))
    before = max(i for i, cell in enumerate(found[:place]) if cell.cell_type == "markdown")
    told = HINT.findall(found[before].source)
    assert HINT.sub("", found[before].source).split() == []
    assert found[before - 1].source.startswith("## Exercise")
    numbers = [number for number, hinted, _ in told if hinted == name]
    assert len(numbers) >= 2
    assert numbers == ["1", "2", "3"][: len(numbers)]
    assert f"`{name}(" not in "".join(text for _, hinted, text in told if hinted == name)
    # An exercise may have several answers, each in a cell of its own.
    code = takewhile(lambda cell: cell.cell_type == "code", found[before + 1 :])
    answers = "\n".join(cell.source for cell in code)
    assert all(answered(answers, {hinted}) for _, hinted, _ in told)


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_nothing_else_is_called_a_hint(lab: Lab) -> None:
    name = lab.name
    found = [hinted for cell in cells(name) for _, hinted, _ in HINT.findall(cell.source)]
    assert len(found) == sheet(name).count("<summary>Hint")
