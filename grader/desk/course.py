"""A course: its roster, its secret, and whose numbers are whose.

Knows where both are kept, and that the secret never leaves the instructor. Refuses to know how numbers are
drawn, and what is done with them.
"""

from __future__ import annotations

import csv
import os
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from grader.desk.files import folder_name
from grader.judge.model import Lab, Result
from grader.labs import Numbers, family
from grader.runner.grading import Assignment, Graded

VARIABLE: Final = "COURSE_SECRET"
"""Where the secret may stand instead of in a file: 64 hexadecimal digits."""

BYTES: Final = 32

OTHERS: Final = "The numbers in this notebook's first cell are not those that it was graded with."


class CourseError(Exception):
    """The caller's fault: a roster or a secret that cannot be used. The text is a sentence for people."""


def read_roster(path: Path) -> tuple[str, ...]:
    """The students' ids, in order: the column `student` of a CSV file. Raises CourseError."""
    try:
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except OSError as error:
        raise CourseError(f"The roster {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"The roster {path} cannot be read: it is no UTF-8 text; save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise CourseError(f"The roster {path} cannot be read: {error}.") from error
    if rows and "student" not in rows[0]:
        raise CourseError(
            f"The roster {path} has no column called student; its first line names the columns, "
            "with commas between them."
        )
    students = tuple(plain_id(row["student"] or "") for row in rows)
    if not all(students) or not students:
        raise CourseError(f"The roster {path} has {'a line without a' if students else 'no'} student.")
    twice = sorted({student for student in students if students.count(student) > 1})
    if twice:
        raise CourseError(f"The roster {path} has {', '.join(twice)} more than once.")
    return students


def plain_id(student: str) -> str:
    """An id as it is compared: one Unicode form, no space around it."""
    return unicodedata.normalize("NFC", student).strip()


def secret_path(roster: Path) -> Path:
    """Where the secret lies when nothing else is said: beside the roster."""
    return roster.with_suffix(".secret")


def read_secret(path: Path) -> bytes:
    """The secret from the environment, or from a file of hexadecimal digits. Raises CourseError."""
    where = f"the environment's {VARIABLE}" if VARIABLE in os.environ else str(path)
    try:
        secret = bytes.fromhex(os.environ.get(VARIABLE) or path.read_text("ascii"))
    except FileNotFoundError:
        raise CourseError(
            f"There is no secret at {path}. `grader release` makes one; without the same secret the students' "
            "numbers cannot be found again."
        ) from None
    except (OSError, ValueError) as error:
        raise CourseError(f"The secret in {where} cannot be read: {error}.") from error
    if len(secret) < BYTES:
        raise CourseError(f"The secret in {where} is too short: {BYTES} bytes are {2 * BYTES} hexadecimal digits.")
    return secret


def read_course(roster: Path, secret: Path | None) -> Course:
    """The course of a roster; its secret lies beside that where no place is given. Raises CourseError."""
    return Course(read_roster(roster), read_secret(secret or secret_path(roster)))


def make_secret(path: Path, out: Path) -> bool:
    """Write a new secret, for its owner alone, where none is; whether that was so.

    Raises CourseError for a place inside `out`, which students will see.
    """
    if VARIABLE in os.environ:
        return False
    if path.resolve().is_relative_to(out.resolve()):
        raise CourseError(f"The secret {path} would lie in {out}, which goes to the students: keep it elsewhere.")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise CourseError(f"The secret {path} cannot be written: {error.strerror}.") from error
    with os.fdopen(handle, "w") as file:
        file.write(f"{secrets.token_hex(BYTES)}\n")
    return True


@dataclass(frozen=True)
class Course:
    """The students of a roster, and the secret that their numbers follow from."""

    students: tuple[str, ...]
    secret: bytes

    @cached_property
    def _drawn(self) -> dict[str, dict[str, Numbers]]:
        return {}

    def numbers(self, lab: str) -> dict[str, Numbers]:
        """The numbers of every student in one lab."""
        if lab not in self._drawn:
            self._drawn[lab] = family(lab).draws(self.secret, self.students)
        return self._drawn[lab]

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The ids by what a student's folder may be called."""
        return {name: student for student in self.students for name in (folder_name(student), student)}

    def id_of(self, student: str) -> str | None:
        """The roster's id of the student whose folder is so called; None for a stranger."""
        return self._ids.get(plain_id(student))

    def variant(self, student: str, lab: str) -> tuple[Lab, str] | None:
        """A lab with the numbers of the student with this folder, and these as written; None for a stranger."""
        known = self.id_of(student)
        if known is None:
            return None
        variants, numbers = family(lab), self.numbers(lab)[known]
        return variants.lab(numbers), variants.written(numbers)

    def own(self, assignments: Iterable[Assignment]) -> tuple[list[Assignment], list[Graded]]:
        """Each assignment with the numbers of its student; and those of nobody on the roster, with a sentence."""
        found, refused = [], []
        for assignment in assignments:
            numbers = self.variant(assignment.submission.student, assignment.lab.name)
            if numbers is None:
                refused.append(_stranger(assignment))
                continue
            lab, variant = numbers
            found.append(replace(assignment, lab=lab, variant=variant))
        return found, refused

    def absent(self, present: Iterable[str]) -> list[str]:
        """The ids of those who have handed nothing in, where these students' folders are `present`."""
        found = {self.id_of(student) for student in present}
        return [student for student in self.students if student not in found]


def remarked(assignment: Assignment) -> Assignment:
    """With a remark where the notebook was handed out with other numbers than it is graded with.

    That shows a roster that was not given, another secret, and somebody else's notebook.
    """
    variants = family(assignment.lab.name)
    if assignment.handed_out in ("", assignment.variant or variants.written(variants.sheet)):
        return assignment
    return replace(assignment, remarks=(*assignment.remarks, OTHERS))


def _stranger(assignment: Assignment) -> Graded:
    student = assignment.submission.student
    problem = f"The roster has no student called {student}, so nobody knows whose numbers to grade with."
    return Graded(Result(student, assignment.lab.name, str(assignment.submission.path), (), 0.0, problem))
