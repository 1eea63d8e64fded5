"""What the sheets demand: every demand stands in its sheet, and a planted mistake breaks it.

That such a mistake loses points, and says why, is what `grader verify` looks at.
"""

import tomllib
from pathlib import Path

import pytest

from grader.authoring.planted import read_mistakes
from grader.judge.model import Lab
from grader.labs import all_labs

ROOT = Path(__file__).parents[1]
MUSTS = tomllib.loads((ROOT / "tests" / "musts.toml").read_text("utf-8"))
LABS = [pytest.param(lab, id=lab.name) for lab in all_labs()]


def unwrapped(text: str) -> str:
    """The text of a sheet without line breaks and comment signs."""
    return " ".join(" ".join(line.removeprefix("#") for line in text.splitlines()).split())


@pytest.mark.parametrize("lab", LABS)
def test_every_demand_stands_in_its_sheet(lab: Lab) -> None:
    sheet = unwrapped((ROOT / "solutions" / f"{lab.name}.py").read_text("utf-8"))
    assert [must["sentence"] for must in MUSTS[lab.name] if unwrapped(must["sentence"]) not in sheet] == []


@pytest.mark.parametrize("lab", LABS)
def test_a_planted_mistake_breaks_every_demand(lab: Lab) -> None:
    planted = {(m.question, m.slip) for m in read_mistakes(ROOT / "tests" / "mistakes" / f"{lab.name}.toml")}
    named = {(must["question"], must["slip"]) for must in MUSTS[lab.name]}
    assert named - planted == set()
    assert all(must["check"] for must in MUSTS[lab.name])


@pytest.mark.parametrize("lab", LABS)
def test_every_question_demands_something(lab: Lab) -> None:
    assert {must["question"] for must in MUSTS[lab.name]} == {question.name for question in lab.questions}


def test_the_demands_are_those_of_the_labs() -> None:
    assert set(MUSTS) == {lab.name for lab in all_labs()}
