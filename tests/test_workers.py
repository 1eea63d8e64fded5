"""A class goes on whatever becomes of one notebook, and no more is held than is at work."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, cast

import pytest

from grader.judge.model import Cause, Lab
from grader.runner.grading import Assignment, Graded, Observed, Posed
from grader.runner.machine import MachineError
from grader.runner.notebook import Notebook, NotebookError
from grader.runner.process import StartError
from grader.runner.submissions import Submission
from grader.runner.workers import Workers, grade

LAB = Lab("lab", "Nothing is asked", ())
POSED: Mapping[Lab, Posed] = {LAB: Posed(LAB, (), "seed")}


def assignments(count: int) -> list[Assignment]:
    return [Assignment(Submission(f"s{n}", Path("n.ipynb")), "0", LAB) for n in range(count)]


def working(observe: Callable[[str], Observed], count: int = 2) -> Workers:
    """Workers that observe a student's notebook in this way."""
    stand_in = SimpleNamespace(
        count=count, observe=lambda assignment, *_: observe(assignment.submission.student), close=lambda: None
    )
    return cast("Workers", stand_in)


def graded(observe: Callable[[str], Observed], count: int = 6) -> dict[str, Graded]:
    found = grade(assignments(count), POSED, working(observe))
    return {each.result.student: each for each in found}


def nothing_seen() -> Observed:
    return Observed(Notebook((), "0"), (), (), 0.1)


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (StartError("no process is left"), Cause.MACHINE, "The machine could not do what this notebook needs: no pro"),
        (NotebookError("It was changed."), Cause.NOTEBOOK, "It was changed."),
        (KeyError("key"), Cause.GRADER, "The grader itself failed at this notebook (KeyError('key')). That is no"),
        (
            OSError(28, "No space left on device"),
            Cause.GRADER,
            "The grader itself failed at this notebook (OSError(28,",
        ),
    ],
)
def test_where_one_notebook_fails_the_others_are_graded(error: Exception, cause: Cause, said: str) -> None:
    def observe(student: str) -> Observed:
        if student == "s2":
            raise error
        return nothing_seen()

    found = graded(observe)
    assert sorted(found) == [f"s{n}" for n in range(6)]
    lost = found.pop("s2").result
    assert (lost.cause, lost.lab, lost.fingerprint, lost.marks) == (cause, "lab", "", ())
    assert lost.problem.startswith(said)
    assert not any(each.result.problem for each in found.values())


def test_where_judging_one_notebook_fails_the_others_are_graded() -> None:
    def observe(student: str) -> Observed:
        return cast("Observed", None) if student == "s3" else nothing_seen()

    found = graded(observe)
    assert [student for student, each in found.items() if each.result.problem] == ["s3"]
    assert found["s3"].result.cause is Cause.GRADER


def test_no_more_is_held_than_is_at_work() -> None:
    """What was observed may be large: it is made for few at a time, and is gone once its mark is out."""
    made: list[weakref.ref[Any]] = []
    lock = Lock()

    class Large(Observed):
        pass

    def observe(_: str) -> Observed:
        seen = Large(Notebook((), "0"), (), (), 0.0)
        with lock:
            made.append(weakref.ref(seen))
        return seen

    most = 0
    for _ in grade(assignments(40), POSED, working(observe)):
        with lock:
            most = max(most, sum(ref() is not None for ref in made))
    assert len(made) == 40
    assert most <= 3


def test_where_no_thread_can_be_started_it_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", start)
    with pytest.raises(MachineError, match="no thread could be started: can't start new thread"):
        graded(lambda _: nothing_seen())
