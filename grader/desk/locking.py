"""One grader at a time in an output folder.

Knows a lock that the operating system takes back when its holder ends, however that ends. Refuses to keep anybody
from reading.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, Timeout

FILE: Final = ".lock"
"""What is locked in the output folder; it stays there, and means nothing while nobody holds it."""


class OccupiedError(Exception):
    """The caller's fault: another grader writes there. The text is a sentence for people."""


def occupy(out: Path) -> BaseFileLock:
    """Make the output folder and hold it for this process, until the lock is released or the process has ended.

    Raises OccupiedError where another grader holds it, OSError where it cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / FILE, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise OccupiedError(
            f"Another grader is writing into {out}: wait until it has ended, or name another folder with --out."
        ) from None
    return lock
