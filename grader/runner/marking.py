"""What is done with each notebook of a run: it is judged, and what comes of that is finished, as a page is drawn.

Knows how a notebook at which the machine or the grader fails is reported. Refuses to know where and when it is done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from grader.judge.model import Cause, Lab
from grader.runner.grading import Assignment, Graded, ObservedNotebook, PreparedLab, failed, mark, not_graded
from grader.runner.machine import MachineError
from grader.runner.notebook import NotebookError

LOG = logging.getLogger(__name__)
R = TypeVar("R")


@dataclass(frozen=True)
class Marking(Generic[R]):
    """A function from an observed notebook, named by its place among the `assignments`, to what is made of it."""

    assignments: Sequence[Assignment]
    posed: Mapping[Lab, PreparedLab]
    finish: Callable[[Graded], R]

    def __call__(self, place: int, observed: ObservedNotebook) -> R:
        """Judge a notebook and finish. Where the judging fails, nobody else suffers for that."""
        assignment = self.assignments[place]
        try:
            graded = mark(assignment, self.posed[assignment.lab], observed)
        except Exception as error:
            graded = _lost(assignment, error)
        return self.finish(graded)

    def lost(self, place: int, error: Exception) -> R:
        """What is made of a notebook at which the machine or the grader failed."""
        return self.finish(_lost(self.assignments[place], error))


def _lost(assignment: Assignment, error: Exception) -> Graded:
    match error:
        case MachineError():
            problem = f"The machine could not do what this notebook needs: {error}. That is no fault of yours."
            return not_graded(assignment, Cause.MACHINE, problem)
        case NotebookError():
            return not_graded(assignment, Cause.NOTEBOOK, str(error))
    LOG.error("The grader failed at a notebook.", exc_info=error)
    return failed(not_graded(assignment, Cause.GRADER, "").result, error)
