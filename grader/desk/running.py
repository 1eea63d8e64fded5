"""One run over a class: what holds from an earlier run, what is left to grade, and where it is filed.

Knows the order in which a run is prepared. Refuses to print, and to know what a caller does with results.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import BaseFileLock

from grader.desk.course import Course, CourseError, remarked
from grader.desk.filing import Filing, FilingError
from grader.desk.locking import OccupiedError, occupy
from grader.desk.papers import Drafting, Papers
from grader.desk.records import is_outdated, read_records
from grader.desk.resuming import Kept, Numbers, recognised, split
from grader.judge.model import Absence, Conditions, Lab, Report
from grader.labs import all_labs
from grader.runner.assigning import assign, refusal
from grader.runner.clerks import hire
from grader.runner.devices import DeviceError, at_a_time
from grader.runner.grading import Assignment, Graded, prepare_all
from grader.runner.machine import cramped
from grader.runner.marking import Marking
from grader.runner.probing import ConfinementError, Starters
from grader.runner.submissions import EMPTY, HandedIn, SubmissionsError, find_submissions
from grader.runner.workers import Workers, grade

MISUSE = (DeviceError, SubmissionsError, ConfinementError, FilingError, CourseError, OccupiedError)
"""What is the caller's fault; each text is a sentence for people."""

ABSENT = "The roster has this student, of whom nothing was handed in."

OUTDATED = "The output folder is of another version of the grader: all of it is graded again."


@dataclass(frozen=True)
class Run:
    """A run that is ready: how many results are `kept` and how many will be `coming`.

    `refused` are those that cannot be read; `draw` makes the papers of each. `lock` holds the output folder until it is
    released. `notices` are sentences for whoever started it.
    """

    kept: int
    left: int
    refused: Sequence[Graded]
    draw: Drafting
    coming: Generator[Papers, None, None]
    filing: Filing
    lock: BaseFileLock
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """A class sorted: results that hold, of files that were not read and of others; what is left; what is refused."""

    unread: Sequence[Kept]
    read: Sequence[Kept]
    left: Sequence[Assignment]
    refused: Sequence[Graded]

    @property
    def kept(self) -> list[Kept]:
        """All that is not graded again."""
        return [*self.unread, *self.read]

    @property
    def class_(self) -> list[Kept | Assignment]:
        """All that has or will have marks."""
        return [*self.kept, *self.left]


def prepare_run(
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
    handed_in = find_submissions(paths, out)
    lock = _occupied(out)
    notices = [OUTDATED] if is_outdated(out) else []
    earlier = None if force else read_records(out)
    conditions = Conditions(seed or secrets.token_hex(8), starters.device)
    wanted = {lab.name: lab for lab in labs}
    work = _sorted(handed_in, _comparable(earlier, starters, seed), out, wanted, starters, conditions, course)
    if not work.kept and not work.left and not work.refused:
        raise SubmissionsError(f"None of these notebooks is of {' or '.join(wanted)}.")
    draw = Drafting({lab.name: lab.title for lab in labs}, conditions.device, starters.confined)
    marking = Marking(work.left, prepare_all(work.left, conditions), draw)
    busy = min(count, len(work.left))
    # Before there is any thread: what shows the confinement starts some.
    clerks = hire(marking, _beside(busy), draw.rehearse, starters.limits)
    kept_from = earlier.confinement if earlier and not work.left else starters.confirm()
    missing = _missing(handed_in, work, list(wanted), course)
    kept = tuple(one.result for one in work.kept)
    filing = Filing(out, Report(conditions.device, conditions.seed, kept, kept_from, missing), wanted)
    coming = grade(marking, Workers(starters, max(1, busy)), clerks, starters.limits)
    notices += filter(None, [cramped(starters.limits, busy)])
    return Run(len(kept), len(work.left), work.refused, draw, coming, filing, lock, tuple(notices))


def _beside(sessions: int) -> int:
    """How many judge beside so many sessions: half as many, because a notebook is judged faster than it is observed.

    On two cores as many clerks as sessions were slower: more processes than cores hold one another up.
    """
    return (min(sessions, os.cpu_count() or 1) + 1) // 2


def _comparable(earlier: Report | None, starters: Starters, seed: str | None) -> Report | None:
    """What of an earlier run may be kept; with a seed only what has its points from it."""
    # A page says whether its notebook was confined; one of the other kind is made again.
    if earlier is None or bool(earlier.confinement) != starters.confined:
        return None
    return replace(earlier, results=tuple(r for r in earlier.results if r.seed == seed)) if seed else earlier


def _occupied(out: Path) -> BaseFileLock:
    try:
        return occupy(out)
    except OSError as error:
        raise FilingError(f"The output folder {out} cannot be written: {error.strerror}.") from error


def _sorted(
    handed_in: HandedIn,
    earlier: Report | None,
    out: Path,
    wanted: Mapping[str, Lab],
    starters: Starters,
    conditions: Conditions,
    course: Course | None,
) -> Work:
    """What is kept and what is left; files that have not changed are not read."""
    limits = starters.limits
    unread, rest = recognised(earlier, out, handed_in.notebooks, _numbers(course), conditions, limits)
    unread = [one for one in unread if one.lab.name in wanted]
    assignments, refused = assign(rest, all_labs(), wanted)
    if course:
        assignments, strangers = course.own(assignments)
        refused = [*refused, *strangers]
    assignments = [remarked(assignment) for assignment in assignments]
    held, left = split(earlier, out, assignments, conditions, limits)
    refused += [refusal(one.student, str(one.path), one.problem) for one in handed_in.unusable]
    return Work(unread, held, left, refused)


def _numbers(course: Course | None) -> Numbers:
    """Whose numbers are whose: the sheet's for everybody where there is no course."""
    labs = {lab.name: lab for lab in all_labs()}

    def numbers(student: str, lab: str) -> tuple[Lab, str] | None:
        if lab not in labs:
            return None
        return course.variant(student, lab) if course else (labs[lab], "")

    return numbers


def _missing(handed_in: HandedIn, work: Work, wanted: Sequence[str], course: Course | None) -> tuple[Absence, ...]:
    """Those of whom there is nothing to grade, each with a reason."""
    named = wanted[0] if len(wanted) == 1 else ""
    with_files = {one.student for one in handed_in.notebooks} | {one.student for one in handed_in.unusable}
    empty = set(handed_in.empty) - with_files
    graded = {one.submission.student for one in work.class_}
    others = {one.student for one in handed_in.notebooks} - graded - {one.result.student for one in work.refused}
    found = [Absence(student, named, EMPTY) for student in empty]
    found += [Absence(s, named, f"No notebook in this folder is of {' or '.join(wanted)}.") for s in others]
    found += [Absence(student, named, ABSENT) for student in (course.absent(with_files | empty) if course else ())]
    return tuple(sorted(found, key=lambda one: one.student))
