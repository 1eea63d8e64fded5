"""Taking up an earlier run: what is graded already, and has not changed since, is not graded again.

Knows what a mark depends on. Refuses to believe a report without the pages that belong to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, replace
from importlib.metadata import version
from pathlib import Path

import grader.labs
from grader.desk.files import page_path
from grader.judge.model import Conditions, Result
from grader.runner.grading import Assignment
from grader.runner.limits import LIMITS, Limits


def fingerprint(assignment: Assignment, conditions: Conditions, limits: Limits) -> str:
    """The hash of all that a notebook's marks and page depend on, in hexadecimal.

    That is its bytes, its lab's declaration, the grader's version, the device, the seed, the limits
    and the student's own numbers.
    """
    declaration = Path(grader.labs.__path__[0], f"{assignment.lab.name}.py").read_bytes()
    parts = (
        assignment.notebook.sha256,
        hashlib.sha256(declaration).hexdigest(),
        version("deep-learning-labs"),
        *astuple(conditions),
        # Any limit may be what a notebook ended at, but for the start: one that is late ends the run and files nothing.
        repr(replace(limits, start=LIMITS.start)),
        assignment.variant,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def split(
    earlier: Sequence[Result], out: Path, assignments: Sequence[Assignment], conditions: Conditions, limits: Limits
) -> tuple[list[Result], list[Assignment]]:
    """The earlier results that still hold, each with its own seed, and the assignments that are left.

    What is left has the fingerprint that it will have under `conditions`.
    """
    known = {(r.student, r.lab): r for r in earlier if r.fingerprint}
    kept, left = [], []
    for assignment in assignments:
        result = known.get((assignment.submission.student, assignment.lab.name))
        if result and _holds(result, assignment, conditions, limits) and page_path(out, result).exists():
            kept.append(result)
        else:
            left.append(replace(assignment, fingerprint=fingerprint(assignment, conditions, limits)))
    return kept, left


def _holds(result: Result, assignment: Assignment, conditions: Conditions, limits: Limits) -> bool:
    """Whether a notebook would get the same marks again at the points that it was graded at."""
    return result.fingerprint == fingerprint(assignment, replace(conditions, seed=result.seed), limits)
