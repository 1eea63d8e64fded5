"""What stands in the place of a cell's outputs where it did not come to its end.

Knows the sentences. Refuses to know what became of the process.
"""

from __future__ import annotations

from typing import TypeAlias

from grader.judge.model import CellRun
from grader.protocol.messages import Died, TimedOut, Unavailable, Unreadable

Failure: TypeAlias = TimedOut | Died | Unreadable | Unavailable
"""How a request can end without an answer."""


def stopped(found: Failure, seconds: float) -> CellRun:
    """A cell that was stopped after so many seconds of the wall clock."""
    match found:
        case TimedOut(limit, waiting):
            why = f"This cell was stopped after {limit:g} seconds{' of waiting' if waiting else ''}."
            return _ended("timeout", "TimedOut", why, seconds)
        case Died(how):
            why = f"The process that ran this cell ended during it ({how})."
            return _ended("died", "Died", why, seconds)
        case Unreadable(reason):
            why = f"What this cell sent could not be read ({reason})."
            return _ended("died", "Unreadable", why, seconds)
        case Unavailable(reason):
            return _ended("died", "Unavailable", f"The machine could not run this cell: {reason}.", seconds)


def skipped(over: TimedOut) -> CellRun:
    """A cell that was not run, because the notebook's time was over."""
    verb = "waited for" if over.waiting else "took longer than"
    whole = f"the notebook as a whole {verb} {over.seconds:g} seconds"
    return _ended("skipped", "Skipped", f"This cell was not run: {whole}.", 0.0)


def _ended(outcome: str, name: str, sentence: str, seconds: float) -> CellRun:
    error = {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [sentence]}
    return CellRun((error,), outcome, seconds)
