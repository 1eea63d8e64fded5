"""Becoming a user who has nothing, where the grader runs as root.

Knows one user's number, and how to find out whether such a process could still read its libraries. Refuses to know
what else confines it: this wall comes on top, and none of the others needs it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

UID: Final = 65_533
"""Of no account, in a range that Debian and systemd leave alone, and one that a container's user namespace has."""

PR_SET_DUMPABLE: Final = 4


def possible(places: Sequence[Path]) -> bool:
    """Whether a process of ours can become that user, still enter `places`, and be looked into by us.

    A process tries it. Not root, we cannot; root of a small namespace, neither; and an interpreter in root's own
    folder is closed to others.
    """
    if os.geteuid():
        return False
    read, write = os.pipe()
    leave, stay = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(stay)
        try:
            _become()
            os.write(write, b"y" if all(map(_reachable, places)) else b"n")
            os.read(leave, 1)
        finally:
            os._exit(0)
    os.close(write)
    try:
        return os.read(read, 1) == b"y" and _open_files(pid)
    finally:
        for descriptor in (read, leave, stay):
            os.close(descriptor)
        os.waitpid(pid, 0)


def become(scratch: Path) -> None:
    """Become that user for good, and the owner of `scratch` and what is in it. Raises OSError."""
    for path in (scratch, *scratch.iterdir()):
        os.chown(path, UID, UID)
    _become()


def _become() -> None:
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    # Else what /proc holds of it is root's, and closed to the process itself.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def _reachable(place: Path) -> bool:
    """Whether this process can enter a folder, or read a file."""
    return os.access(place, os.X_OK if place.is_dir() else os.R_OK)


def _open_files(pid: int) -> bool:
    """Whether we can count what a process holds open, which bounds the disk's room that it takes."""
    try:
        return any(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
