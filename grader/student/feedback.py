"""`check`: how an exercise, or a whole lab, stands at the public points.

Knows what a student is shown, and what ends a call. Refuses to know what is right.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from typing import Any, TextIO

from grader.judge.model import Lab, Mark, Status
from grader.pages.cards import exercise_card, lab_card, standing
from grader.pages.labels import STATUS_LABELS
from grader.pages.sentences import message, remarks, requirements
from grader.student.caller import Caller, caller, name_of
from grader.student.output import show
from grader.student.patience import StoppedError
from grader.student.public import checked, in_context, right_graphs
from grader.student.syllabus import all_labs, lab_with, own_lab, questions
from grader.student.withholding import withheld

Exercise = str | Callable[..., Any]

BAR = 24
"""Characters of a whole bar."""


def check(name: Exercise | None = None) -> None:
    """Show how an exercise stands at public points; without a name, how the whole lab does.

    `name` is the exercise's function, or its name in quotes.
    """
    _tell(name, None)


def checking(lab: str, **numbers: Any) -> Callable[..., None]:
    """A `check` for a notebook with numbers of its own, which its first cell names."""
    own = own_lab(lab, numbers)

    def check(name: Exercise | None = None) -> None:
        """Show how an exercise, or the whole lab, stands at public points, with this notebook's numbers."""
        _tell(name, own)

    return check


def _tell(name: Exercise | None, own: Lab | None) -> None:
    """Show a card, or say in a line why there is none."""
    try:
        if name is None:
            _tell_lab(own, caller())
        else:
            _tell_exercise(name_of(name), own, caller())
    except StoppedError as stopped:
        print(f"? You have interrupted check{stopped.place}.")
    except KeyboardInterrupt:
        print("? You have interrupted check.")
    except Exception as error:
        print(
            "? check itself has failed, which is no fault of yours and says nothing of your answer. Please show your "
            f"instructor this line: {type(error).__name__}: {error}"
        )


def _tell_exercise(name: str, own: Lab | None, notebook: Caller) -> None:
    lab = own if own is not None and name in questions(own) else lab_with(name)
    if lab is None:
        known = [question.name for lab in all_labs() for question in lab.questions]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        print(f"? There is no exercise called {name}.{hint}")
        return
    question = questions(lab)[name]
    mark = checked(question, notebook, _goes_on(name, sys.stdout))
    told = withheld(in_context(mark, notebook, questions(lab)))
    show(line(told), lambda: exercise_card(told, right_graphs(told, lab)))


def _tell_lab(own: Lab | None, notebook: Caller) -> None:
    """Every exercise of the notebook's own lab, or of the one to which most of its names belong."""
    lab = own or max(all_labs(), key=lambda lab: len(questions(lab).keys() & notebook.names.keys()))
    marks = [checked(question, notebook, _goes_on(question.name, sys.stdout)) for question in lab.questions]
    found = standing(lab.title, marks)
    filled = round(BAR * found.share / 100)
    wide = max(len(question.name) for question in lab.questions)
    rows = [f"{row.look.sign} {row.name:<{wide}} {row.points}" for row in found.rows]
    whole = f"{'█' * filled}{'░' * (BAR - filled)} {found.points} points at the public points"
    show("\n".join([lab.title, *rows, whole]), lambda: lab_card(found))


def _goes_on(name: str, out: TextIO) -> Callable[[], None]:
    return lambda: print(f"… {name} is still at work. Interrupting the kernel ends it.", file=out, flush=True)


def line(mark: Mark) -> str:
    """A mark in a line of text, with its remarks below."""
    verdict, name = mark.verdict, mark.question.name
    said = "right at the public points." if verdict.status is Status.PASS else message(verdict)
    facts = [finding.facts for finding in verdict.findings[:1]]
    named = said if any(name in (each.name, each.what) for each in facts) else f"{name}: {said}"
    below = filter(None, (requirements(verdict), *remarks(verdict)))
    return "\n".join([f"{STATUS_LABELS[verdict.status].sign} {named}", *(f"    {each}" for each in below)])
