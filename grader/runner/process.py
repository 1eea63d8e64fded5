"""One student's process as the grader holds it: spoken to in frames, ended whole.

Knows the socket to a process and the scratch folder that it lives in. Refuses to know what a frame means, and how
the process was started.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from grader.kernel.shortage import ENDED
from grader.protocol.frames import read_frame
from grader.runner.children import Child, ending
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError
from grader.runner.refusals import Refusals
from grader.runner.scratch import log_of, overfull, remove
from grader.runner.timing import LOOK, Allowance, DeadlineError, Meter, Stopwatch

ENDING: Final = Allowance(5.0, 5.0)
"""Seconds in which a process that has hung up is to end."""


class StartError(MachineError):
    """A student's process could not be started, which may also be for what confines it."""


class OverfullError(Exception):
    """The process filled its scratch folder."""


class CrowdedError(Exception):
    """The process started more threads than it may have."""


class Process:
    """A process of its own session, with a socket to it and a scratch folder that it may fill."""

    def __init__(
        self, child: Child, connection: socket.socket, scratch: Path, refusals: Refusals | None = None
    ) -> None:
        """Take over what was started; the process is at work once it has answered a first frame."""
        self._refusals = refusals
        self._child = child
        self._socket = connection
        self._scratch = scratch
        self._looked = time.monotonic()
        self.meter = Meter(child.pid)

    def exchange(self, frame: bytes, stopwatch: Stopwatch, limits: Limits = LIMITS) -> bytearray | None:
        """Send a frame and wait for the next one; None where the process ended instead.

        Raises DeadlineError where the `stopwatch` does, FrameError for what is no frame, OverfullError for a
        process that holds more of the disk than it may, and CrowdedError for too many threads.
        """
        if not self._send(frame, stopwatch):
            return None
        frame_read = read_frame(self._reader(stopwatch, limits), limits.reply)
        self._look(limits)
        return frame_read

    def _send(self, frame: bytes, stopwatch: Stopwatch) -> bool:
        """Send all of a frame; False where the process hung up."""
        left = memoryview(frame)
        while left:
            self._socket.settimeout(stopwatch.rest())
            try:
                left = left[self._socket.send(left) :]
            except TimeoutError:
                # The process reads nothing; the stopwatch says for how long.
                continue
            except OSError:
                return False
        return True

    def _reader(self, stopwatch: Stopwatch, limits: Limits) -> Callable[[int], bytes]:
        def read(size: int) -> bytes:
            ended = False
            while True:
                self._socket.settimeout(stopwatch.rest())
                try:
                    return self._socket.recv(size)
                except TimeoutError:
                    # Looked at twice: what an ended process had sent is still read.
                    if ended:
                        return b""
                    ended = self._child.poll() is not None
                    self._look(limits)
                except OSError:
                    return b""

        return read

    def _look(self, limits: Limits) -> None:
        """Raise OverfullError or CrowdedError for what the process holds, if the last look is a while ago."""
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        if overfull(self._scratch, self._child.pid, limits):
            raise OverfullError
        if self._refusals and self._refusals.crowded:
            raise CrowdedError

    @property
    def refused(self) -> tuple[str, ...]:
        """The system calls that it made and that were refused."""
        return self._refusals.names if self._refusals else ()

    def log(self) -> str:
        """What the process said before it was at work."""
        return log_of(self._scratch)

    def lacked(self) -> bool:
        """Whether the process ended while it started, because something of the machine ran out."""
        return self._end() == ENDED

    def how_it_ended(self) -> str:
        """The exit code, or the signal; a process that still runs is given some time to end."""
        return ending(self._end())

    def _end(self) -> int | None:
        """The exit code, for which a process that comes to its end is waited for; None where it lives on."""
        patience = Stopwatch(self.meter, ENDING)
        with contextlib.suppress(DeadlineError):
            while (code := self._child.wait(patience.rest())) is None:
                continue
            return code
        return None

    def kill(self) -> None:
        """End the process with all it started."""
        self._child.kill()

    def stop(self) -> None:
        """End the process, and remove its folder."""
        self.kill()
        with contextlib.suppress(MachineError):
            self._child.wait(10.0)
        self._socket.close()
        remove(self._scratch)
