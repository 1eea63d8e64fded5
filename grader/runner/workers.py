"""Grading many notebooks: as many at a time as there are workers, observed in threads and judged in one.

Knows what is at work, what is waiting, and how a worker that fails is replaced. Refuses to know what is done with a
notebook: that is `grading`'s.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Lock
from typing import Final

from grader.judge.model import Cause, Lab
from grader.runner.grading import Assignment, Graded, ObservedNotebook, PreparedLab, failed, mark, not_graded, observe
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, needing
from grader.runner.notebook import Notebook, NotebookError, read_notebook
from grader.runner.session import Session
from grader.runner.starting import Starter

LOG = logging.getLogger(__name__)
PATIENCE: Final = 0.0005
"""Seconds until the judging thread lets another go on whose answer has come; Python's 0.005 outlast most questions."""


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
    assignments: Iterable[Assignment],
    posed: Mapping[Lab, PreparedLab],
    workers: Workers,
    limits: Limits = LIMITS,
) -> Iterator[Graded]:
    """Grade notebooks, as many at a time as there are workers, in the order in which they are done.

    Sessions wait in threads; the judging stays in this one, because mpmath's precision is global. One notebook
    waits for a worker and no more, so that what was observed is not kept until somebody judges it. Raises MachineError
    where there is no thread.
    """
    pool = ThreadPoolExecutor(max_workers=workers.count)
    patience = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)
    left = iter(assignments)
    waiting: dict[Future[ObservedNotebook], Assignment] = {}
    try:
        while True:
            for assignment in islice(left, workers.count + 1 - len(waiting)):
                with needing("no thread could be started"):
                    waiting[pool.submit(workers.observe, assignment, posed[assignment.lab], limits)] = assignment
            if not waiting:
                return
            done = next(iter(wait(waiting, return_when=FIRST_COMPLETED).done))
            assignment = waiting.pop(done)
            yield _graded(assignment, posed[assignment.lab], done)
            del done
    finally:
        sys.setswitchinterval(patience)
        workers.give_up()
        pool.shutdown(cancel_futures=True)
        workers.close()


def _graded(assignment: Assignment, posed: PreparedLab, observed: Future[ObservedNotebook]) -> Graded:
    """The result of a notebook. Where the machine or the grader fails at it, nobody else suffers for that."""
    try:
        return mark(assignment, posed, observed.result())
    except MachineError as error:
        problem = f"The machine could not do what this notebook needs: {error}. That is no fault of yours."
        return not_graded(assignment, Cause.MACHINE, problem)
    except NotebookError as error:
        return not_graded(assignment, Cause.NOTEBOOK, str(error))
    except Exception as error:
        LOG.exception("The grader failed at a notebook.")
        return failed(not_graded(assignment, Cause.GRADER, "").result, error)
