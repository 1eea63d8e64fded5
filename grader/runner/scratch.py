"""The folder that a student's process may write, and how much of the disk the process holds.

Knows files in folders, files that are only open, and files that are only mapped. Refuses to know how much is allowed,
and what happens to who takes more.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grader.runner.limits import Limits
from grader.runner.machine import needing

_MAPPED: Final = re.compile(
    rb"^([0-9a-f]+-[0-9a-f]+) \S+ \S+ ([0-9a-f]+):([0-9a-f]+) (\d+) +(/.*) \(deleted\)$", re.MULTILINE
)
"""A line of /proc/PID/maps for a file in no folder: addresses, device, inode, and the path that it had."""

Inode = tuple[int, int]


def new_scratch() -> Path:
    """A folder for one process, with the folders that it works in. Raises MachineError."""
    with needing(f"no folder could be made in {tempfile.gettempdir()}"):
        scratch = Path(tempfile.mkdtemp(prefix="notebook-"))
        try:
            for name in ("work", "home", "tmp"):
                (scratch / name).mkdir()
        except OSError:
            remove(scratch)
            raise
    return scratch


def log_of(scratch: Path) -> str:
    """What a process said while it started; it may have ended, and its folder with it."""
    with contextlib.suppress(OSError):
        return (scratch / "start.log").read_text(errors="replace")[-2000:].strip() or "it said nothing"
    return "it said nothing"


def overfull(folder: Path, pid: int, limits: Limits) -> bool:
    """Whether a process holds more than it may; what cannot be looked into (too deep, closed) counts as too much.

    It holds its folder, and what it keeps of files that are in no folder any more.
    """
    room = limits.room
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
    return size + nameless(folder, pid, limits.bounds.file_bytes) > room.size or entries > room.entries


def nameless(folder: Path, pid: int, largest: int) -> int:
    """Bytes of the files that are in no folder and that a process keeps, open or mapped; 0 if the system does not tell.

    Of a file that is only mapped, a privileged grader sees the size; any other takes it to be the `largest`.
    """
    mapped = dict(_mapped(folder, pid))
    sizes = dict.fromkeys(mapped, largest)
    for place in (*mapped.values(), *_open(pid)):
        with contextlib.suppress(OSError):
            held = Path(place).stat()
            if stat.S_ISREG(held.st_mode) and not held.st_nlink:
                sizes[held.st_dev, held.st_ino] = held.st_size
    return sum(sizes.values())


def _open(pid: int) -> Iterator[str]:
    """The descriptors of every thread: a thread can have a table of its own."""
    for thread in _entries(f"/proc/{pid}/task"):
        yield from _entries(f"{thread}/fd")


def _entries(folder: str) -> list[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        return [entry.path for entry in found]
    return []


def _mapped(folder: Path, pid: int) -> Iterator[tuple[Inode, str]]:
    """The files without a name that are mapped and were in a folder, each with the link that leads to it."""
    own = bytes(folder.resolve()) + b"/"
    with contextlib.suppress(OSError):
        for found in _MAPPED.finditer(Path(f"/proc/{pid}/maps").read_bytes()):
            addresses, major, minor, number, path = found.groups()
            if path.startswith(own):
                device = os.makedev(int(major, 16), int(minor, 16))
                yield (device, int(number)), f"/proc/{pid}/map_files/{addresses.decode()}"


def remove(folder: Path) -> None:
    """Remove a folder whatever was done to it: closed to reading, or nested beyond Python's recursion."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        with contextlib.suppress(OSError):
            subprocess.run([*command, str(folder)], check=False, capture_output=True)
