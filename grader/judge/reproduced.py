"""Whether a replay gives what an answer gave: only then do its operations say anything of it.

Knows a wrong result, what is right, and by how much two replays may differ. Refuses to know why a result is wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from grader.judge.influence import Index
from grader.judge.replay import Replay
from grader.judge.sizes import as_float, bits_of
from grader.protocol.messages import Array
from grader.protocol.trace import Outcome

NEAR: Final = 1e-3
"""How far, relative to what is right, the exact result of an overflowing formula may be off: constants are rounded."""
SHARE: Final = 1 / 16
"""The same of a finite one, relative to the error that is to be explained."""
ALIKE: Final = 8.0
"""Bits by which two errors may differ in size: another library rounds other numbers up."""
LEAST: Final = 2.0**-1_000
"""What a size is at least, so that an error of nothing has one."""


@dataclass(frozen=True)
class Failure:
    """What an answer gave at a point, and what is right; `limit` in units in the last place of the larger of `size`."""

    theirs: Array
    expected: Array
    size: Array
    limit: float
    dtype: str


@dataclass(frozen=True)
class _Wrong:
    """The same of one entry."""

    theirs: float
    expected: float
    size: float
    tiny: float

    def off(self, given: float) -> float:
        """How large an error is, as a power of 2, relative to what is right or to the size that counts.

        Below the smallest normal number it counts as none, as in a sweep.
        """
        if not math.isfinite(given):
            return math.inf
        gap = abs(given - self.expected)
        return math.log2(gap / max(abs(self.expected), self.size, LEAST)) if gap > self.tiny else -math.inf

    def is_met(self, floats: float, exact: float) -> bool:
        """Whether operations give the same in floats, and exactly what is right."""
        if not math.isfinite(self.theirs):
            same = math.isnan(self.theirs) == math.isnan(floats) if math.isnan(self.theirs) else self.theirs == floats
            return same and abs(exact - self.expected) <= NEAR * max(abs(self.expected), LEAST)
        alike = math.isfinite(floats) and abs(self.off(floats) - self.off(self.theirs)) <= ALIKE
        return alike and abs(exact - self.expected) <= SHARE * abs(self.theirs - self.expected)


def worst_entry(failure: Failure, played: Replay, end: Outcome) -> Index | None:
    """The entry that is farthest off, where the operations account for it."""
    floats, exact = played.floats.of(end), played.exact.of(end)
    if not floats.shape == failure.expected.shape == failure.theirs.shape:
        return None
    tiny = float(np.finfo(failure.dtype).tiny)
    entries = {
        index: _Wrong(float(failure.theirs[index]), float(failure.expected[index]), float(failure.size[index]), tiny)
        for index in np.ndindex(floats.shape)
    }
    found = max(entries, key=lambda index: entries[index].off(entries[index].theirs))
    wrong = entries[found]
    if not exact[found].is_finite() or wrong.off(wrong.theirs) < math.log2(failure.limit) - bits_of(failure.dtype):
        return None
    return found if wrong.is_met(float(floats[found]), as_float(exact[found])) else None
