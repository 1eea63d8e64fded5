"""One run over a class: what holds from an earlier run, what is left to grade, and where it is filed.

Knows the order in which a run is prepared. Refuses to print, and to know what a caller does with results.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.desk.course import Course, CourseError
from grader.desk.filing import Filing, FilingError
from grader.desk.report import read_report
from grader.desk.resuming import split
from grader.judge.model import Conditions, Lab, Report
from grader.labs import all_labs
from grader.runner.devices import DeviceError, at_a_time
from grader.runner.grading import Assignment, Graded, Workers, assign, grade, pose_all
from grader.runner.probing import ConfinementError, Starters
from grader.runner.submissions import SubmissionsError, find_submissions

MISUSE = (DeviceError, SubmissionsError, ConfinementError, FilingError, CourseError)
"""What is the caller's fault; each text is a sentence for people."""


@dataclass(frozen=True)
class Run:
    """A run that is ready: how many results are `kept` and how many will be `coming`.

    `notebooks` are all that could be read, the kept ones with them; `refused` are the others.
    """

    kept: int
    left: int
    notebooks: Sequence[Assignment]
    refused: Sequence[Graded]
    coming: Iterator[Graded]
    filing: Filing


def prepare(
    paths: Sequence[Path],
    out: Path,
    labs: Sequence[Lab],
    starters: Starters,
    seed: str | None,
    force: bool,
    jobs: int,
    course: Course | None,
) -> Run:
    """Read a class, compute what is right, and have `starters` show what notebooks are kept from. Raises MISUSE.

    `jobs` notebooks at a time, 0 for as many as is sensible. Without a seed the earlier run's counts, or a new one.
    Of a `course` everybody is graded with numbers of their own.
    """
    count = at_a_time(starters.device, jobs)
    earlier = None if force else read_report(out)
    conditions = Conditions(seed or (earlier.seed if earlier else secrets.token_hex(8)), starters.device)
    wanted = {lab.name: lab for lab in labs}
    assignments, refused = assign(find_submissions(paths), all_labs(), wanted)
    if course:
        assignments, strangers = course.own(assignments)
        refused = [*refused, *strangers]
    kept, left = split(earlier, out, assignments, conditions, starters.limits)
    posed = pose_all(left, conditions)
    kept_from = earlier.confinement if earlier and not left else starters.confirm()
    report = Report(conditions.device, conditions.seed, tuple(kept), kept_from)
    filing = Filing(out, report, wanted)
    workers = Workers(starters, max(1, min(count, len(left))))
    coming = grade(left, posed, workers, starters.limits)
    return Run(len(kept), len(left), assignments, refused, coming, filing)
