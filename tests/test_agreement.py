"""`check` says what grading says: of every planted mistake the same note; of a right answer, that it is right."""

import contextlib
import io
import os
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot

from grader.authoring.notebooks import solution_notebook
from grader.authoring.planted import planted
from grader.authoring.versions import code_of, sheet
from grader.judge.model import Lab, Status
from grader.judge.source import Source
from grader.labs import all_labs
from grader.student.caller import Caller
from grader.student.public import checked

ROOT = Path(__file__).parents[1]
EVERY = max(1, 100 // int(os.environ.get("SEEDS", "8")))
"""Of how many mistakes one is looked at; with `make seeds`, all are."""
LABS = pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)


def run(code: str, number: int, names: dict[str, object]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, f"<ipython-input-{number}>", "exec"), names)


@LABS
def test_check_and_grading_agree_on_every_planted_mistake(lab: Lab) -> None:
    mpl.use("agg")
    held = sheet(ROOT, lab)
    cells = code_of(solution_notebook(held.text))
    names: dict[str, object] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        run(cell, number, names)
    pyplot.close("all")
    whole = Caller(names, Source(tuple(cells)))
    assert {
        question.name for question in lab.questions if checked(question, whole).verdict.status is not Status.PASS
    } == set()
    differing = []
    questions = {question.name: question for question in lab.questions}
    for mistake in held.mistakes[::EVERY]:
        code, right = planted(mistake, held.text), names[mistake.question]
        try:
            run(code, len(cells), names)
            found = checked(questions[mistake.question], Caller(names, Source((*cells, code)))).verdict
            if found.status is Status.PASS or found.note != mistake.note:
                differing.append((mistake.question, mistake.slip, found.note, mistake.note))
        except Exception as error:
            differing.append((mistake.question, mistake.slip, repr(error), mistake.note))
        names[mistake.question] = right
    assert differing == []
