"""Grading many notebooks: as many at a time as there are workers, observed in threads and judged in one.

Knows what is at work, what is waiting, and how a worker that fails is replaced. Refuses to know what is done with a
notebook: that is `grading`'s.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from queue import Queue
from types import MappingProxyType
from typing import Final

from grader.judge.copied import LabTruths
from grader.judge.model import Cause, Lab
from grader.runner.grading import Assignment, Graded, Observed, Posed, failed, mark, not_graded, observe
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, needing
from grader.runner.notebook import Notebook, NotebookError, read_notebook
from grader.runner.session import Session
from grader.runner.starting import Starter

LOG = logging.getLogger(__name__)
PATIENCE: Final = 0.0005
"""Seconds until the judging thread lets another go on whose answer has come; Python's 0.005 outlast most questions."""


class Workers:
    """As many starters of processes as there are notebooks at work at a time; one that fails is replaced."""

    def __init__(self, make: Callable[[], Starter], count: int) -> None:
        """Start them all; they load while the truth is computed."""
        self._make = make
        self._free: Queue[Starter] = Queue()
        self._sessions: set[Session] = set()
        self.count = count
        for _ in range(count):
            self._free.put(make())

    def observe(self, assignment: Assignment, posed: Posed, limits: Limits) -> Observed:
        """Observe a notebook with a free starter; once more with a new one where that fails.

        Raises MachineError where that fails too, NotebookError for a file that has changed.
        """
        notebook = _as_assigned(assignment)
        starter = self._free.get()
        try:
            try:
                return self._observe(notebook, posed, limits, starter)
            except MachineError:
                starter.close()
                starter = self._make()
                return self._observe(notebook, posed, limits, starter)
        finally:
            self._free.put(starter)

    def _observe(self, notebook: Notebook, posed: Posed, limits: Limits, starter: Starter) -> Observed:
        starter.load("\n".join(cell.source for cell in notebook.code))
        session = Session(limits, starter)
        self._sessions.add(session)
        try:
            return observe(notebook, posed, session)
        finally:
            self._sessions.discard(session)

    def close(self) -> None:
        """End what is under way, and the starters."""
        for session in list(self._sessions):
            session.abandon()
        for _ in range(self.count):
            self._free.get().close()


def _as_assigned(assignment: Assignment) -> Notebook:
    notebook = read_notebook(assignment.submission.path)
    if notebook.sha256 != assignment.sha256:
        raise NotebookError("This file was changed while the class was graded; grade it again.")
    return notebook


def grade(
    assignments: Iterable[Assignment],
    posed: Mapping[Lab, Posed],
    workers: Workers,
    limits: Limits = LIMITS,
    known: Mapping[str, LabTruths] = MappingProxyType({}),
) -> Iterator[Graded]:
    """Grade notebooks, as many at a time as there are workers, in the order in which they are done.

    Sessions wait in threads; the judging stays in this one, because mpmath's precision is global. One notebook
    waits for a worker and no more, so that what was observed is not kept until somebody judges it.
    `known` is what is right for the others of each lab, by its name. Raises MachineError where there is no thread.
    """
    pool = ThreadPoolExecutor(max_workers=workers.count)
    patience = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)
    left = iter(assignments)
    waiting: dict[Future[Observed], Assignment] = {}
    try:
        while True:
            for assignment in islice(left, workers.count + 1 - len(waiting)):
                with needing("no thread could be started"):
                    waiting[pool.submit(workers.observe, assignment, posed[assignment.lab], limits)] = assignment
            if not waiting:
                return
            done = next(iter(wait(waiting, return_when=FIRST_COMPLETED).done))
            assignment = waiting.pop(done)
            yield _graded(assignment, posed[assignment.lab], done, known.get(assignment.lab.name, ()))
            del done
    finally:
        sys.setswitchinterval(patience)
        pool.shutdown(wait=False, cancel_futures=True)
        workers.close()


def _graded(assignment: Assignment, posed: Posed, observed: Future[Observed], known: LabTruths) -> Graded:
    """The result of a notebook. Where the machine or the grader fails at it, nobody else suffers for that."""
    try:
        return mark(assignment, posed, observed.result(), known)
    except MachineError as error:
        problem = f"The machine could not do what this notebook needs: {error}. That is no fault of yours."
        return not_graded(assignment, Cause.MACHINE, problem)
    except NotebookError as error:
        return not_graded(assignment, Cause.NOTEBOOK, str(error))
    except Exception as error:
        LOG.exception("The grader failed at a notebook.")
        return failed(not_graded(assignment, Cause.GRADER, "").result, error)
