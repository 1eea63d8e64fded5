"""Grading many notebooks: as many at a time as there are workers, observed in threads and judged in one.

Knows what is at work, what is waiting, and how a worker that fails is replaced. Refuses to know what is done with a
notebook: that is `grading`'s.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from queue import Queue
from types import MappingProxyType
from typing import Final

from grader.judge.copied import LabTruths
from grader.judge.model import Lab
from grader.runner.grading import Assignment, Graded, Observed, Posed, mark, observe, ungraded
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError
from grader.runner.session import Session
from grader.runner.starting import Starter

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
        """Observe a notebook with a free starter; once more with a new one where that fails."""
        starter = self._free.get()
        try:
            try:
                return self._observe(assignment, posed, limits, starter)
            except MachineError:
                starter.close()
                starter = self._make()
                return self._observe(assignment, posed, limits, starter)
        finally:
            self._free.put(starter)

    def _observe(self, assignment: Assignment, posed: Posed, limits: Limits, starter: Starter) -> Observed:
        starter.load("\n".join(cell.source for cell in assignment.notebook.code))
        session = Session(limits, starter)
        self._sessions.add(session)
        try:
            return observe(assignment, posed, session)
        finally:
            self._sessions.discard(session)

    def close(self) -> None:
        """End what is under way, and the starters."""
        for session in list(self._sessions):
            session.abandon()
        for _ in range(self.count):
            self._free.get().close()


def grade(
    assignments: Sequence[Assignment],
    posed: Mapping[Lab, Posed],
    workers: Workers,
    limits: Limits = LIMITS,
    known: Mapping[str, LabTruths] = MappingProxyType({}),
) -> Iterator[Graded]:
    """Grade notebooks, as many at a time as there are workers, in the order in which they are done.

    Sessions wait in threads; the judging stays in this one, because mpmath's precision is global.
    `known` is what is right for the others of each lab, by its name.
    """
    pool = ThreadPoolExecutor(max_workers=workers.count)
    patience = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)
    try:
        waiting: dict[Future[Observed], Assignment] = {
            pool.submit(workers.observe, a, posed[a.lab], limits): a for a in assignments
        }
        for done in as_completed(waiting):
            assignment = waiting[done]
            if isinstance(error := done.exception(), MachineError):
                yield ungraded(assignment, str(error))
                continue
            yield mark(assignment, posed[assignment.lab], done.result(), known.get(assignment.lab.name, ()))
    finally:
        sys.setswitchinterval(patience)
        pool.shutdown(wait=False, cancel_futures=True)
        workers.close()
