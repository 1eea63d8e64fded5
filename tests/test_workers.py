"""A class goes on whatever becomes of one notebook, and no more is held than is at work."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, cast

import nbformat
import pytest

from grader.judge.model import Cause, Lab
from grader.runner.clerks import InTurn
from grader.runner.grading import Assignment, Graded, ObservedNotebook, PreparedLab
from grader.runner.machine import MachineError
from grader.runner.marking import Marking
from grader.runner.notebook import Notebook, NotebookError, digest
from grader.runner.process import Process, StartError
from grader.runner.submissions import Submission
from grader.runner.workers import Workers, grade

LAB = Lab("lab", "Nothing is asked", ())
POSED: Mapping[Lab, PreparedLab] = {LAB: PreparedLab(LAB, (), "seed")}


def assignments(count: int) -> list[Assignment]:
    return [Assignment(Submission(f"s{n}", Path("n.ipynb")), "0", LAB) for n in range(count)]


def working(observe: Callable[[str], ObservedNotebook], count: int = 2) -> Workers:
    """Workers that observe a student's notebook in this way."""
    stand_in = SimpleNamespace(
        count=count,
        observe=lambda assignment, *_: observe(assignment.submission.student),
        give_up=lambda: None,
        close=lambda: None,
    )
    return cast("Workers", stand_in)


def itself(graded: Graded) -> Graded:
    return graded


def marked(given: list[Assignment], workers: Workers) -> Iterator[Graded]:
    """Notebooks graded in this process."""
    marking = Marking(given, POSED, itself)
    return grade(marking, workers, InTurn(marking))


def graded(observe: Callable[[str], ObservedNotebook], count: int = 6) -> dict[str, Graded]:
    found = marked(assignments(count), working(observe))
    return {each.result.student: each for each in found}


def nothing_seen() -> ObservedNotebook:
    return ObservedNotebook(Notebook((), "0"), (), (), 0.1)


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
    def observe(student: str) -> ObservedNotebook:
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
    def observe(student: str) -> ObservedNotebook:
        return cast("ObservedNotebook", None) if student == "s3" else nothing_seen()

    found = graded(observe)
    assert [student for student, each in found.items() if each.result.problem] == ["s3"]
    assert found["s3"].result.cause is Cause.GRADER
    judged = Marking(assignments(1), POSED, itself)(0, cast("ObservedNotebook", None))
    assert (judged.result.cause, judged.result.student) == (Cause.GRADER, "s0")


def test_no_more_is_held_than_is_at_work() -> None:
    """What was observed may be large: it is made for few at a time, and is gone once its mark is out."""
    made: list[weakref.ref[Any]] = []
    lock = Lock()

    class Large(ObservedNotebook):
        pass

    def observe(_: str) -> ObservedNotebook:
        seen = Large(Notebook((), "0"), (), (), 0.0)
        with lock:
            made.append(weakref.ref(seen))
        return seen

    most = 0
    for _ in marked(assignments(40), working(observe)):
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


class Parent:
    """A starter of which nothing is asked but to load; a broken one cannot even do that."""

    device = "cpu"

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.closed = 0

    def load(self, text: str) -> None:
        if self.broken:
            raise StartError("it ended")

    def start(self) -> Process:
        raise AssertionError("nothing is to be run")

    def close(self) -> None:
        self.closed += 1


def class_of(folder: Path, count: int) -> list[Assignment]:
    """Notebooks without any code."""
    path = folder / "lab.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    return [Assignment(Submission(f"s{n}", path), digest(path), LAB) for n in range(count)]


@pytest.mark.parametrize("parents", [[Parent()], [Parent(broken=True), Parent()]])
def test_all_notebooks_share_a_starter_and_one_that_fails_is_replaced(parents: list[Parent], tmp_path: Path) -> None:
    made = iter(parents)
    workers = Workers(lambda: next(made), 3)
    found = [each.result.problem for each in marked(class_of(tmp_path, 9), workers)]
    assert found == [""] * 9
    assert next(made, None) is None
    assert [parent.closed for parent in parents] == [1] * len(parents)


def test_where_every_starter_fails_each_is_ended(tmp_path: Path) -> None:
    parents: list[Parent] = []

    def make() -> Parent:
        parents.append(Parent(broken=True))
        return parents[-1]

    found = [each.result for each in marked(class_of(tmp_path, 5), Workers(make, 2))]
    assert {result.cause for result in found} == {Cause.MACHINE}
    assert [parent.closed for parent in parents] == [1] * len(parents)


def test_what_is_under_way_when_a_run_ends_early_comes_to_nothing(tmp_path: Path) -> None:
    parent = Parent()
    coming = marked(class_of(tmp_path, 9), Workers(lambda: parent, 2))
    next(coming)
    cast("Generator[Graded]", coming).close()
    assert parent.closed == 1
