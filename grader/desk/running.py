"""One run over a class: what holds from an earlier run, what is left to grade, and where it is filed.

Knows the order in which a run is prepared. Refuses to print, and to know what a caller does with results.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.desk.course import Course, CourseError, remarked
from grader.desk.evidence import read_evidence
from grader.desk.filing import Filing, FilingError
from grader.desk.report import read_report
from grader.desk.resuming import split
from grader.judge.copied import LabTruths, all_truths
from grader.judge.model import Conditions, Lab, Report
from grader.labs import all_labs
from grader.runner.devices import DeviceError, at_a_time
from grader.runner.grading import Assignment, Graded, Posed, assign, pose_all
from grader.runner.probing import ConfinementError, Starters
from grader.runner.submissions import SubmissionsError, find_submissions
from grader.runner.workers import Workers, grade

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

    `jobs` notebooks at a time, 0 for as many as is sensible. With a seed only what has its points from it is kept;
    without, what is kept keeps its own, and what is graded anew gets new ones.
    Of a `course` everybody is graded with numbers of their own.
    """
    count = at_a_time(starters.device, jobs)
    earlier = None if force else read_report(out)
    conditions = Conditions(seed or secrets.token_hex(8), starters.device)
    wanted = {lab.name: lab for lab in labs}
    assignments, refused = assign(find_submissions(paths), all_labs(), wanted)
    if course:
        assignments, strangers = course.own(assignments)
        refused = [*refused, *strangers]
    if not assignments and not refused:
        raise SubmissionsError(f"None of these notebooks is of {' or '.join(wanted)}.")
    assignments = [remarked(assignment) for assignment in assignments]
    # A page says whether its notebook was confined; one of the other kind is made again.
    comparable = earlier.results if earlier and bool(earlier.confinement) == starters.confined else ()
    repeated = [result for result in comparable if seed in (None, result.seed)]
    kept, left = split(repeated, out, assignments, conditions, starters.limits)
    coming_labs = {assignment.lab.name for assignment in left}
    # The kept ones too: somebody may have handed in late what is right for one of them.
    class_ = [assignment for assignment in assignments if assignment.lab.name in coming_labs]
    posed = pose_all(class_, conditions)
    kept_from = earlier.confinement if earlier and not left else starters.confirm()
    report = Report(conditions.device, conditions.seed, tuple(kept), kept_from)
    filing = Filing(out, report, wanted, read_evidence(out, kept))
    workers = Workers(starters, max(1, min(count, len(left))))
    coming = grade(left, posed, workers, starters.limits, _known(class_, posed))
    return Run(len(kept), len(left), assignments, refused, coming, filing)


def _known(class_: Sequence[Assignment], posed: Mapping[Lab, Posed]) -> dict[str, LabTruths]:
    """What is right for each student of a class, by lab; nothing where all have the sheet's numbers."""
    own = {a.lab.name for a in class_ if a.variant}
    trials = {n: {a.submission.student: posed[a.lab].trials for a in class_ if a.lab.name == n} for n in own}
    return {lab: all_truths(students) for lab, students in trials.items()}
