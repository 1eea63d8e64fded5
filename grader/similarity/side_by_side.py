"""Two answers statement by statement: what is the same, what the other has elsewhere, what differs.

Knows which statement stands beside which. Refuses to know whose they are, and to say what it means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

from markupsafe import Markup

from grader.pages.code import highlighted
from grader.pages.sanitize import cut
from grader.similarity.normal_form import Statement

ROWS: Final = 300
STATEMENT: Final = 2_000
"""Statements of an answer, and characters of a statement, that are shown."""


@dataclass(frozen=True)
class SharedRow:
    """A statement of the one beside one of the other: `kind` is same, moved or other; "" where nobody's."""

    left: Markup
    right: Markup
    kind: str


def beside(one: Sequence[Statement], other: Sequence[Statement]) -> tuple[SharedRow, ...]:
    """Two answers statement by statement, what is the same on one line; `moved` is what the other has elsewhere."""
    one, other = one[:ROWS], other[:ROWS]
    left, right = [s.key for s in one], [s.key for s in other]
    rows: list[SharedRow] = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for mine, theirs in zip_longest(one[a:b], other[c:d]):
            known = [s.key in keys for s, keys in ((mine, right), (theirs, left)) if s]
            kind = "same" if tag == "equal" else "moved" if all(known) else "other"
            rows.append(SharedRow(_text(mine), _text(theirs), kind if any(s and s.key for s in (mine, theirs)) else ""))
    return tuple(rows)


def _text(statement: Statement | None) -> Markup:
    return highlighted(cut(statement.text, STATEMENT)) if statement else Markup()
