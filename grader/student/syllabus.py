"""The labs as a student asks for them: loaded when they are first needed, since their mathematics takes a second.

Knows which lab an exercise is in. Refuses to know what is right.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from grader.judge.model import Lab, Question

ROOM: Final = "grader.labs"


def lab_with(name: str) -> Lab | None:
    """The lab that has an exercise of this name, None where no lab has."""
    for lab_name in sorted(_texts(), key=lambda lab_name: f'"{name}"' not in _texts()[lab_name]):
        lab = _lab(lab_name)
        if name in questions(lab):
            return lab
    return None


def all_labs() -> tuple[Lab, ...]:
    """Every lab."""
    found: tuple[Lab, ...] = importlib.import_module(ROOM).all_labs()
    return found


def own_lab(name: str, numbers: Mapping[str, Any]) -> Lab:
    """A lab with numbers of one's own. Raises TypeError for a number that it has not."""
    found: Lab = importlib.import_module(ROOM).family(name).with_numbers(numbers)
    return found


@cache
def questions(lab: Lab) -> Mapping[str, Question]:
    """A lab's exercises by name."""
    return {question.name: question for question in lab.questions}


def _lab(name: str) -> Lab:
    found: Lab = importlib.import_module(f"{ROOM}.{name}").LAB
    return found


@cache
def _texts() -> dict[str, str]:
    """The text of each lab by its name: where a word stands in it, the lab is worth loading first."""
    texts = [path for path in files(ROOM).iterdir() if path.name.startswith("lab") and path.name.endswith(".py")]
    return {
        path.name.removesuffix(".py"): path.read_text("utf-8") for path in sorted(texts, key=lambda path: path.name)
    }
