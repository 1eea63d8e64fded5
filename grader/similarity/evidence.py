"""Answers that are right for another student's numbers, kept from run to run for the instructor alone.

Knows what is written down of one, and when an earlier one still holds. Refuses to find them, and to judge.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from grader.desk.files import write_whole
from grader.judge.model import Result
from grader.pages.wording import row
from grader.runner.grading import Graded

FILE: Final = Path("instructor", "copied.json")
"""Where they lie in the output folder: not among the students' pages."""


@dataclass(frozen=True)
class ForeignValue:
    """What a student gave at one point, and what was right for this student there."""

    at: str
    theirs: str
    expected: str


@dataclass(frozen=True)
class ForeignAnswer:
    """A wrong answer of one student, the output called `what`, that is right for the numbers of the `owners`."""

    student: str
    lab: str
    fingerprint: str
    question: str
    what: str
    owners: tuple[str, ...]
    values: tuple[ForeignValue, ...]


def evidence(graded: Graded) -> tuple[ForeignAnswer, ...]:
    """What was found in one notebook."""
    result = graded.result
    return tuple(
        ForeignAnswer(
            result.student,
            result.lab,
            result.fingerprint,
            question,
            found.what,
            found.owners,
            tuple(ForeignValue(told.at, told.theirs, told.expected) for told in map(row, found.rows)),
        )
        for question, found in graded.copied
    )


def write_evidence(found: Sequence[ForeignAnswer], out: Path) -> None:
    """Write them into the folder `out`; no file where there are none."""
    if found:
        write_whole(out / FILE, json.dumps([asdict(one) for one in found], indent=2).encode("ascii"))
    else:
        (out / FILE).unlink(missing_ok=True)


def read_evidence(out: Path, kept: Sequence[Result]) -> tuple[ForeignAnswer, ...]:
    """What an earlier run in the folder `out` found in the notebooks that are kept; nothing where it cannot be read."""
    holding = {(result.student, result.lab, result.fingerprint) for result in kept}
    try:
        found = [_read(one) for one in json.loads((out / FILE).read_text("ascii"))]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(one for one in found if (one.student, one.lab, one.fingerprint) in holding)


def _read(found: Any) -> ForeignAnswer:
    values = tuple(ForeignValue(**value) for value in found["values"])
    return ForeignAnswer(**{**found, "owners": tuple(found["owners"]), "values": values})
