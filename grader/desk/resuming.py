"""Taking up an earlier run: what is graded already, and has not changed since, is not graded again.

Knows what a mark and its page depend on, and that a file's bytes tell what is kept before anybody reads it as a
notebook. Refuses to believe a report without the pages that belong to it.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import grader
from grader.desk.course import OTHERS
from grader.desk.files import page_path
from grader.judge.model import Conditions, Lab, Report, Result
from grader.runner.grading import Assignment
from grader.runner.limits import LIMITS, Limits
from grader.runner.notebook import NotebookError, digest
from grader.runner.submissions import Submission

PACKAGE: Final = Path(grader.__path__[0])
"""Every file of ours; any may change a mark, a sentence or a page."""
LIBRARIES: Final = (
    *("torch", "numpy", "sympy", "mpmath", "python-flint", "networkx", "matplotlib", "ipython"),
    *("nbformat", "nbconvert", "jinja2", "mistune", "latex2mathml"),
)
"""What marks and pages are made with."""

Numbers = Callable[[str, str], tuple[Lab, str] | None]
"""A student and a lab's name to the lab with the student's numbers, and these as written; None for a stranger."""


@dataclass(frozen=True)
class Kept:
    """A notebook that is not graded again, nor read: its `result` holds. `variant` are the student's own numbers."""

    submission: Submission
    lab: Lab
    variant: str
    result: Result


@cache
def code_digest(package: Path = PACKAGE) -> str:
    """The hash of the grader itself, in hexadecimal: its own files, Python, and the libraries' versions."""
    hashed = hashlib.sha256(repr((sys.version_info[:3], *map(version, LIBRARIES))).encode())
    for path in sorted(path for path in package.rglob("*") if path.is_file()):
        name = path.relative_to(package).as_posix()
        # Neither what Python has compiled nor what an editor has open.
        if path.suffix != ".pyc" and not re.search(r"(^|/)\.", name):
            hashed.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return hashed.hexdigest()


def fingerprint(assignment: Assignment, conditions: Conditions, limits: Limits) -> str:
    """The hash of all that a notebook's marks and page depend on, in hexadecimal.

    That is its bytes, its name, its lab, what is remarked on it, the grader itself, the device, the seed, the limits
    and the student's own numbers.
    """
    name, sha256 = assignment.submission.path.name, assignment.sha256
    return _printed(name, sha256, assignment.lab.name, assignment.variant, assignment.remarks, conditions, limits)


def _printed(
    name: str,
    sha256: str,
    lab: str,
    variant: str,
    remarks: tuple[str, ...],
    conditions: Conditions,
    limits: Limits,
) -> str:
    # Any limit may be what a notebook ended at, but for the start: one that is late is graded again.
    bounds = repr(replace(limits, start=LIMITS.start))
    parts = (name, sha256, lab, variant, remarks, code_digest(), astuple(conditions), bounds)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def recognised(
    earlier: Report | None,
    out: Path,
    submissions: Iterable[Submission],
    numbers: Numbers,
    conditions: Conditions,
    limits: Limits,
) -> tuple[list[Kept], list[Submission]]:
    """What is kept unread, and what has to be read.

    All of a student's notebooks are kept, each with a result of its own, or none is: which one counts for a lab, and
    what is remarked on it, follows from all of them.
    """
    known: dict[str, list[Result]] = {}
    for result in earlier.results if earlier else ():
        if result.fingerprint:
            known.setdefault(result.student, []).append(result)
    students: dict[str, list[Submission]] = {}
    for submission in submissions:
        students.setdefault(submission.student, []).append(submission)
    kept: list[Kept] = []
    left: list[Submission] = []
    for student, own in students.items():
        results = [result for result in known.get(student, ()) if page_path(out, result).exists()]
        found = [_found(submission, results, numbers, conditions, limits) for submission in own] if results else []
        holding = [one for one in found if one]
        if len({one.lab.name for one in holding}) == len(own):
            kept += holding
        else:
            left += own
    return kept, left


def _found(
    submission: Submission, results: Sequence[Result], numbers: Numbers, conditions: Conditions, limits: Limits
) -> Kept | None:
    """The one of a student's results that is of this file as it is now."""
    try:
        sha256 = digest(submission.path)
    except NotebookError:
        return None
    name = submission.path.name
    for result in results:
        own = numbers(submission.student, result.lab)
        if own is None or own[1] != result.variant:
            continue
        its = replace(conditions, seed=result.seed)
        # The remark that can be there without another notebook.
        for remarks in ((), (OTHERS,)):
            if result.fingerprint == _printed(name, sha256, result.lab, result.variant, remarks, its, limits):
                return Kept(submission, *own, replace(result, file=str(submission.path)))
    return None


def split(
    earlier: Report | None, out: Path, assignments: Sequence[Assignment], conditions: Conditions, limits: Limits
) -> tuple[list[Kept], list[Assignment]]:
    """The notebooks that were read whose earlier results hold, each with its own seed, and those that are left.

    What is left has the fingerprint that it will have under `conditions`.
    """
    results = earlier.results if earlier else ()
    known = {(r.student, r.lab): r for r in results if r.fingerprint}
    kept, left = [], []
    for assignment in assignments:
        result = known.get((assignment.submission.student, assignment.lab.name))
        if result and _holds(result, assignment, conditions, limits) and page_path(out, result).exists():
            file = str(assignment.submission.path)
            kept.append(Kept(assignment.submission, assignment.lab, assignment.variant, replace(result, file=file)))
        else:
            left.append(replace(assignment, fingerprint=fingerprint(assignment, conditions, limits)))
    return kept, left


def _holds(result: Result, assignment: Assignment, conditions: Conditions, limits: Limits) -> bool:
    """Whether a notebook would get the same marks again at the points that it was graded at."""
    return result.fingerprint == fingerprint(assignment, replace(conditions, seed=result.seed), limits)
