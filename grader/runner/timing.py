"""How long a process has been at work: what it computed, and what it only waited.

Knows the operating system's two accounts of a process: its time on a processor, and the time in which it was ready
and no processor was free. Refuses to know how much of either is allowed by default, and what happens at the end of it.
Linux alone tells both; elsewhere every second that passes counts as computed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOK: Final = 0.2
"""Seconds between two looks at a process that gives no answer, at most."""
SHORTEST: Final = 0.01
"""Seconds between two such looks, at least."""
CORES: Final = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
NANO: Final = 1e-9


@dataclass(frozen=True)
class Allowance:
    """Seconds that something may take: `computing` on a processor, and `waiting` while it does not want one."""

    computing: float
    waiting: float


class DeadlineError(Exception):
    """Nothing, or not all of it, came in time: it computed for too long, or `waiting`."""

    def __init__(self, waiting: bool) -> None:
        """Say which."""
        super().__init__()
        self.waiting = waiting


class Meter:
    """What one process has computed, all its threads together. It never falls, and outlasts the process."""

    def __init__(self, pid: int) -> None:
        """Begin at what the process has computed already."""
        self._pid = pid
        self._born = time.monotonic()
        self._computed = 0.0

    def computed(self) -> float:
        """Seconds of processor time since the process began; seconds since now where there is no account of it."""
        if sys.platform != "linux":
            return time.monotonic() - self._born
        with contextlib.suppress(OSError):
            # The clock of another process, as clock_getcpuclockid(3) makes it: the kernel's CPUCLOCK_SCHED is 2.
            self._computed = max(self._computed, time.clock_gettime(~self._pid << 3 | 2))
        return self._computed

    def queued(self) -> float:
        """Seconds that its threads, those that run now, have been ready while no processor was free; 0 if unknown."""
        total = 0
        with contextlib.suppress(OSError, ValueError, IndexError):
            for thread in Path(f"/proc/{self._pid}/task").iterdir():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    total += int((thread / "schedstat").read_text().split()[1])
        return total * NANO


class Stopwatch:
    """The time of one exchange with a process, held against what it may take."""

    def __init__(self, meter: Meter, allowance: Allowance) -> None:
        """Start."""
        self._meter = meter
        self.allowance = allowance
        self._began = time.monotonic()
        self._computed = meter.computed()
        self._queued: float | None = None

    def waited(self) -> float:
        """Seconds since the start, without those in which the process was ready and no processor was free."""
        passed = time.monotonic() - self._began
        if passed < LOOK:
            return passed
        queued = self._meter.queued()
        if self._queued is None:
            self._queued = queued
        return max(0.0, passed - max(0.0, queued - self._queued))

    def rest(self) -> float:
        """Seconds until the next look: before any allowance can be used up. Raises DeadlineError when one is."""
        computing = self.allowance.computing - (self._meter.computed() - self._computed)
        if computing <= 0:
            raise DeadlineError(waiting=False)
        waiting = self.allowance.waiting - self.waited()
        if waiting <= 0:
            raise DeadlineError(waiting=True)
        return max(SHORTEST, min(LOOK, computing / CORES, waiting))
