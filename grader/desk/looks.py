"""How a status is named and drawn, on pages and in the terminal alike.

Knows words and signs. Refuses to know colours and layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grader.judge.model import Status


@dataclass(frozen=True)
class Look:
    """How a status is named and drawn: a word and a sign, because colour alone tells some people nothing."""

    word: str
    sign: str


LOOKS: Final = {
    Status.PASS: Look("Right", "\u2713"),
    Status.PARTIAL: Look("Partly right", "\u25d0"),
    Status.FAIL: Look("Not right yet", "\u2717"),
    Status.MISSING: Look("Missing", "\u2013"),
    Status.UNGRADED: Look("Not graded", "?"),
}
