"""Processes of the operating system, with or without a warm parent: whether one runs, and how it is ended.

Knows signals and exit codes. Refuses to know how a process was started, and what is said to it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


def ending(code: int | None) -> str:
    """How a process ended, by its exit code as `subprocess` counts it; None where it has not."""
    if code is None:
        return "closed its connection"
    # Most real-time signals have a number alone.
    names = {known.value: known.name for known in signal.Signals}
    return f"exit code {code}" if code >= 0 else names.get(-code, f"signal {-code}")


class Child(Protocol):
    """A process of the operating system."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """The exit code as `subprocess` counts it, None while it runs."""
        ...

    def wait(self, seconds: float) -> int | None:
        """The exit code, None where it runs on for so long."""
        ...

    def kill(self) -> None:
        """End it with all that it started."""
        ...


@dataclass(frozen=True)
class Spawned:
    """A child started by exec."""

    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its number."""
        return self.popen.pid

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self.popen.poll()

    def wait(self, seconds: float) -> int | None:
        """The exit code, None where it runs on for so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        return self.popen.poll()

    def kill(self) -> None:
        """Kill its whole group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)


class Forked:
    """A child that another process forked, the warm parent or the nursery.

    It stays a zombie until it is reaped, so that its number cannot be another's.
    """

    def __init__(self, pid: int, reap: Callable[[int], int | None]) -> None:
        """Nothing is known of its end yet; `reap` asks the parent for it."""
        self.pid = pid
        self._reap = reap
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        if self._code is None:
            self._code = self._reap(self.pid)
        return self._code

    def wait(self, seconds: float) -> int | None:
        """The exit code, None where it runs on for so long."""
        if self._code is not None:
            return self._code
        last = time.monotonic() + seconds
        # Where the parent has ended, another may have reaped it; and there may be no descriptor left to wait with.
        with contextlib.suppress(OSError), os.fdopen(os.pidfd_open(self.pid)) as end:
            ending = select.poll()
            ending.register(end, select.POLLIN)
            ending.poll(1000 * seconds)
        while self.poll() is None and time.monotonic() < last:
            time.sleep(0.01)
        return self._code

    def kill(self) -> None:
        """Kill its whole session."""
        if self._code is None:
            # Just forked, it leads no session yet.
            for end in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    end(self.pid, signal.SIGKILL)
