"""One student's process as the grader holds it: spoken to in frames, ended whole.

Knows the socket to a process and the scratch folder that it lives in. Refuses to know what a frame means, and how
the process was started.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from grader.kernel.frames import Caps, read_frame
from grader.runner.children import Child
from grader.runner.limits import ROOM, Room
from grader.runner.refusals import Refusals

_SLICE: Final = 0.2
"""Seconds between two looks at whether the process is alive, whose end is otherwise seen at once, and at the disk."""


class StartError(Exception):
    """The machinery's fault: a student's process could not be started."""


class DeadlineError(Exception):
    """Nothing, or not all of it, came in time."""


class OverfullError(Exception):
    """The process filled its scratch folder."""


class CrowdedError(Exception):
    """The process started more threads than it may have."""


def overfull(folder: Path, room: Room) -> bool:
    """Whether a folder holds more than it may; what cannot be looked into (too deep, closed) counts as too much."""
    size = entries = 0
    waiting = [str(folder)]
    while waiting and size <= room.size and entries <= room.entries:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    entries += 1
                    size += entry.stat(follow_symlinks=False).st_size
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if entries > room.entries:
                        break
        except FileNotFoundError:
            # Removed while it was looked at.
            continue
        except OSError:
            return True
    return size > room.size or entries > room.entries


def nameless(pid: int) -> int:
    """Bytes of the files that a process holds open and that are in no folder; 0 where the system does not tell."""
    sizes: dict[tuple[int, int], int] = {}
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                held = descriptor.stat()
                if stat.S_ISREG(held.st_mode) and not held.st_nlink:
                    sizes[held.st_dev, held.st_ino] = held.st_size
    return sum(sizes.values())


def new_scratch() -> Path:
    """A folder for one process, with the folders that it works in."""
    scratch = Path(tempfile.mkdtemp(prefix="notebook-"))
    for name in ("work", "home", "tmp"):
        (scratch / name).mkdir()
    return scratch


def log_of(scratch: Path) -> str:
    """What a process said while it started; it may have ended, and its folder with it."""
    with contextlib.suppress(OSError):
        return (scratch / "start.log").read_text(errors="replace")[-2000:].strip() or "it said nothing"
    return "it said nothing"


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

    def exchange(self, frame: bytes, deadline: float, caps: Caps, room: Room = ROOM) -> bytes | None:
        """Send a frame and wait for the next one; None where the process ended instead.

        `deadline` is a time of `time.monotonic()`. Raises DeadlineError, and FrameError for what is
        no frame, OverfullError for a scratch folder past its `room`, CrowdedError for too many threads.
        """
        try:
            self._socket.settimeout(_remaining(deadline))
            self._socket.sendall(frame)
        except TimeoutError as error:
            raise DeadlineError from error
        except OSError:
            return None
        frame_read = read_frame(self._reader(deadline, room), caps)
        self._look(room)
        return frame_read

    def _reader(self, deadline: float, room: Room) -> Callable[[int], bytes]:
        def read(size: int) -> bytes:
            ended = False
            while True:
                self._socket.settimeout(min(_SLICE, _remaining(deadline)))
                try:
                    return self._socket.recv(size)
                except TimeoutError:
                    # Looked at twice: what an ended process had sent is still read.
                    if ended:
                        return b""
                    ended = self._child.poll() is not None
                    self._look(room)
                except OSError:
                    return b""

        return read

    def _look(self, room: Room) -> None:
        """Raise OverfullError or CrowdedError for what the process holds, if the last look is a while ago."""
        if time.monotonic() - self._looked < _SLICE:
            return
        self._looked = time.monotonic()
        if overfull(self._scratch, room) or nameless(self._child.pid) > room.size:
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

    def how_it_ended(self) -> str:
        """The exit code, or the signal; a process that still runs is given five seconds to end."""
        code = self._child.wait(5.0)
        if code is None:
            return "closed its connection"
        # Most real-time signals have a number alone.
        names = {known.value: known.name for known in signal.Signals}
        return f"exit code {code}" if code >= 0 else names.get(-code, f"signal {-code}")

    def kill(self) -> None:
        """End the process with all it started."""
        self._child.kill()

    def stop(self) -> None:
        """End the process, and remove its folder."""
        self.kill()
        self._child.wait(10.0)
        self._socket.close()
        _remove(self._scratch)


def _remaining(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError
    return left


def _remove(folder: Path) -> None:
    """Remove a folder whatever was done to it: closed to reading, or nested beyond Python's recursion."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*command, str(folder)], check=False, capture_output=True)
