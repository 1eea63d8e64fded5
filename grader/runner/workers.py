"""Grading many notebooks: as many at a time as there are workers, observed from threads and marked by clerks.

Knows what is at work, what is waiting, and how a starter that fails is replaced. Refuses to know what is done with a
notebook: that is `marking`'s.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Lock, Semaphore
from typing import TypeVar

from grader.runner.clerks import Clerks
from grader.runner.grading import Assignment, ObservedNotebook, PreparedLab, observe
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, needing
from grader.runner.marking import Marking
from grader.runner.notebook import Notebook, NotebookError, read_notebook
from grader.runner.session import Session
from grader.runner.starting import Starter

R = TypeVar("R")


class Workers:
    """So many notebooks at a time, whose processes all come from one starter; where that fails, from a new one."""

    def __init__(self, make: Callable[[], Starter], count: int) -> None:
        """Start one; it loads while the truth is computed."""
        self._make = make
        self._starter = make()
        self._users: Counter[Starter] = Counter()
        self._changing = Lock()
        self._sessions: set[Session] = set()
        self._given_up = False
        self.count = count

    def observe(self, assignment: Assignment, posed: PreparedLab, limits: Limits) -> ObservedNotebook:
        """Observe a notebook; once more with a new starter where the machine fails.

        Raises MachineError where that fails too, NotebookError for a file that has changed.
        """
        notebook = _as_assigned(assignment)
        failed = self._starter
        try:
            with self._used(failed):
                return self._observe(notebook, posed, limits, failed)
        except MachineError:
            with self._changing:
                if self._starter is failed:
                    self._starter = self._make()
                    self._end_unused(failed)
                another = self._starter
            with self._used(another):
                return self._observe(notebook, posed, limits, another)

    @contextlib.contextmanager
    def _used(self, starter: Starter) -> Iterator[None]:
        with self._changing:
            self._users[starter] += 1
        try:
            yield
        finally:
            with self._changing:
                self._users[starter] -= 1
                self._end_unused(starter)

    def _end_unused(self, starter: Starter) -> None:
        """End a starter that was replaced, once no other notebook is at work in its processes."""
        if starter is not self._starter and not self._users[starter]:
            starter.close()

    def _observe(self, notebook: Notebook, posed: PreparedLab, limits: Limits, starter: Starter) -> ObservedNotebook:
        starter.load("\n".join(cell.source for cell in notebook.code))
        session = Session(limits, starter)
        self._sessions.add(session)
        try:
            if self._given_up:
                session.abandon()
            return observe(notebook, posed, session)
        finally:
            self._sessions.discard(session)

    def give_up(self) -> None:
        """End what is under way: it comes to nothing, soon."""
        self._given_up = True
        for session in list(self._sessions):
            session.abandon()

    def close(self) -> None:
        """End the starter, when nothing is under way any more."""
        self._starter.close()


def _as_assigned(assignment: Assignment) -> Notebook:
    notebook = read_notebook(assignment.submission.path)
    if notebook.sha256 != assignment.sha256:
        raise NotebookError("This file was changed while the class was graded; grade it again.")
    return notebook


def grade(
    marking: Marking[R], workers: Workers, clerks: Clerks[R], limits: Limits = LIMITS
) -> Generator[R, None, None]:
    """Observe and mark notebooks, as many at a time as there are workers, in the order in which they are done.

    One thread takes a notebook through its session and to a clerk. There are as many as workers and clerks together, so
    that no more is held of what was observed. Raises MachineError where there is no thread.
    """
    sessions = Semaphore(workers.count)

    def through(place: int, assignment: Assignment) -> R:
        def observed() -> ObservedNotebook:
            with sessions:
                return workers.observe(assignment, marking.posed[assignment.lab], limits)

        return clerks.do(place, observed())

    pool = ThreadPoolExecutor(max_workers=workers.count + clerks.count)
    left = iter(enumerate(marking.assignments))
    waiting: dict[Future[R], int] = {}
    try:
        while True:
            for place, assignment in islice(left, workers.count + clerks.count + 1 - len(waiting)):
                with needing("no thread could be started"):
                    waiting[pool.submit(through, place, assignment)] = place
            if not waiting:
                return
            done = next(iter(wait(waiting, return_when=FIRST_COMPLETED).done))
            yield _result(marking, waiting.pop(done), done)
            del done
    finally:
        workers.give_up()
        clerks.close()
        pool.shutdown(cancel_futures=True)
        workers.close()


def _result(marking: Marking[R], place: int, done: Future[R]) -> R:
    """What was made of a notebook. Where the machine or the grader failed at it, nobody else suffers for that."""
    try:
        return done.result()
    except Exception as error:
        return marking.lost(place, error)
