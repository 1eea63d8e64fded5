"""What the machine ran out of: the faults that are nobody's zero.

Knows disks, memory, processes and descriptors as the grader itself sees them, and what the limits promise every
notebook. Refuses to believe a notebook: its exception says where to look, and only what is seen there counts.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grader.kernel.shortage import SCARCE
from grader.runner.limits import Limits

NEIGHBOURS: Final = 4
"""So many notebooks fill one disk at a time, of which one may have made room again before anybody looks."""
FULL: Final = 1 << 20
"""Bytes left on a disk that is full."""
MEBIBYTE: Final = 1 << 20


class MachineError(Exception):
    """The machine's fault: it could not do what a notebook needs. The text is a clause for people."""


@contextlib.contextmanager
def needing(what: str) -> Iterator[None]:
    """Do something that needs the machine; what it says no to is a MachineError that names `what` was needed."""
    try:
        yield
    except OSError as error:
        raise MachineError(f"{what}: {error.strerror or type(error).__name__}") from error
    except RuntimeError as error:
        # All that Python says where the system gives no thread.
        raise MachineError(f"{what}: {error}") from error


def is_scarce(error: OSError) -> bool:
    """Whether the machine, and not the caller, may be to blame for an error: something of it ran out."""
    return error.errno in SCARCE


def cramped(limits: Limits, count: int) -> str:
    """What to do where the disk has less room than `count` notebooks at a time may fill: a sentence, or ""."""
    folder = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        free, promised = shutil.disk_usage(folder).free, count * limits.room.size
        if free < promised:
            return (
                f"The disk of {folder} has {free // MEBIBYTE} MiB left, less than the {promised // MEBIBYTE} MiB that "
                f"{count} notebook{'s' if count > 1 else ''} at a time may fill (scratch_mib is "
                f"{limits.room.size // MEBIBYTE}), and one that fills the disk is not graded: set TMPDIR to a folder "
                "with more room, or a smaller scratch_mib in the file of --limits."
            )
    return ""


class Watch:
    """An eye on the machine, from now on, for a notebook that was promised what `limits` say."""

    def __init__(self, limits: Limits) -> None:
        """Take down what has happened already."""
        self._limits = limits
        self._killed = _killed()
        self._no_process = _no_process()

    def blame(self, said: int) -> str:
        """What the machine lacks, where an exception of the notebook `said` so (errno); "" where it lacks nothing.

        Whatever it said (0: nothing), a disk that is full to the brim is looked for.
        """
        if lack := self._disk(FULL):
            return lack
        match said:
            case errno.ENOSPC | errno.EDQUOT:
                return self._disk(NEIGHBOURS * self._limits.room.size)
            case errno.ENOMEM:
                return self._memory()
            case errno.EAGAIN:
                return self._processes()
            case errno.EMFILE | errno.ENFILE:
                return self._descriptors()
        return ""

    def blame_for_end(self, how: str) -> str:
        """What the machine lacks, where the notebook's process ended: by its signal or exit code."""
        if how == "SIGKILL" and _killed() > self._killed:
            return "the machine has too little memory, and its kernel ended a process"
        return self._disk(FULL)

    def _disk(self, needed: int) -> str:
        folder = tempfile.gettempdir()
        with contextlib.suppress(OSError, AttributeError):
            disk = os.statvfs(folder)
            left = disk.f_bavail * disk.f_frsize
            if left < needed:
                return f"the disk of {folder} is full: {left / MEBIBYTE:.0f} MiB are left"
            if disk.f_files and not disk.f_favail:
                return f"the disk of {folder} can hold no more files"
        return ""

    def _memory(self) -> str:
        known = _meminfo()
        promised = self._limits.bounds.memory
        free = known.get("MemAvailable", promised) + known.get("SwapFree", 0)
        if _number("/proc/sys/vm/overcommit_memory") == 2:
            free = min(free, known.get("CommitLimit", promised) - known.get("Committed_AS", 0))
        if free < promised:
            return f"the machine has {free / MEBIBYTE:.0f} MiB of memory left"
        if _own_limit("RLIMIT_AS") is not None:
            return "the grader itself may take too little memory (ulimit -v)"
        return ""

    def _processes(self) -> str:
        if _no_process() > self._no_process or not _can_start():
            return "the machine can start no more processes"
        return ""

    def _descriptors(self) -> str:
        promised = self._limits.bounds.open_files
        own = _own_limit("RLIMIT_NOFILE")
        if own is not None and own < promised:
            return f"the grader itself may open too few files (ulimit -n is {own})"
        used, most = _number("/proc/sys/fs/file-nr"), _number("/proc/sys/fs/file-max")
        return "the machine can open no more files" if 0 < most < used + promised else ""


def _killed() -> int:
    """How many processes the kernel has ended for want of memory."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/vmstat").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("oom_kill ")).split()[1])
    return 0


def _no_process() -> int:
    """How often a process or thread was refused in this control group, or in one around it."""
    total = 0
    for folder in _groups():
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int((folder / "pids.events").read_text().split()[1])
    return total


def _groups() -> Iterator[Path]:
    """The folders of the control groups that count this process; those that cannot be seen are not there."""
    with contextlib.suppress(OSError):
        for row in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, place = row.split(":", 2)
            if kinds in ("", "pids"):
                root = Path("/sys/fs/cgroup", kinds)
                own = root / place.lstrip("/")
                yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))


def _can_start() -> bool:
    """Whether a thread can be started, for which the same counts as for a process."""
    try:
        thread = threading.Thread(target=int)
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


def _meminfo() -> dict[str, int]:
    """What the kernel says of its memory, in bytes."""
    found = {}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for row in Path("/proc/meminfo").read_text().splitlines():
            name, words = row.split(":", 1)
            found[name] = int(words.split()[0]) << 10
    return found


def _number(path: str) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(path).read_text().split()[0])
    return 0


def _own_limit(name: str) -> int | None:
    """The hard limit of this process, which its children inherit; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 -- Windows has none

    _, hard = resource.getrlimit(getattr(resource, name))
    return None if hard == resource.RLIM_INFINITY else hard
