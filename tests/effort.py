"""What code costs, told so that no machine is too slow for it: in calls, and by a bound that only a hang reaches.

Knows how calls are counted and how a process is interrupted. Refuses to know what is measured.
"""

import cProfile
import pstats
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

HANG = 60.0
"""Seconds of processor time that nothing takes which ends: every use is measured to take under a fiftieth of them."""


def calls(run: Callable[[], object]) -> int:
    """How many functions, Python's and C's, are called while `run` is; the same on every machine."""
    profile = cProfile.Profile()
    profile.runcall(run)
    found: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined] # the class sets it by itself
    return found


@contextmanager
def ending(seconds: float = HANG) -> Iterator[None]:
    """Fail what takes this much processor time of this process, instead of waiting for it; what waits takes none."""

    def stop(_: int, frame: FrameType | None) -> None:
        # Not an Exception, which code that takes whatever a library raises would take too.
        pytest.fail(f"This did not end within {seconds:g} seconds of processor time.")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
