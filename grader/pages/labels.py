"""How a status is named and drawn, on pages and in the terminal alike.

Knows words and signs. Refuses to know colours and layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grader.judge.model import Status


@dataclass(frozen=True)
class StatusLabel:
    """How a status is named and drawn: a word and a sign, because colour alone tells some people nothing."""

    word: str
    sign: str


STATUS_LABELS: Final = {
    Status.PASS: StatusLabel("Right", "\u2713"),
    Status.PARTIAL: StatusLabel("Partly right", "\u25d0"),
    Status.FAIL: StatusLabel("Not right yet", "\u2717"),
    Status.MISSING: StatusLabel("Missing", "\u2013"),
    Status.UNGRADED: StatusLabel("Not graded", "?"),
}
