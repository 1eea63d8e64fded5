"""What a confined process asked of its kernel in vain, as the kernel itself tells it.

Knows seccomp's notifications: each call that is not allowed waits until it is answered here. Every one is refused, but
for a thread too few. Refuses to know which calls are allowed, and what a refused one costs: nothing. The process cannot
forge what is heard, and cannot keep it from being heard.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import select
import socket
import struct
import threading
from pathlib import Path
from typing import Final

RECEIVE: Final = 0xC050_2100
SEND: Final = 0xC018_2101
CONTINUE: Final = 1
"""SECCOMP_IOCTL_NOTIF_RECV, _SEND and SECCOMP_USER_NOTIF_FLAG_CONTINUE of linux/seccomp.h."""

_NOTICE: Final = struct.Struct("=QIIiIQ6Q")
"""`struct seccomp_notif`: id, thread, flags; call, architecture, address, six arguments."""
_ANSWER: Final = struct.Struct("=QqiI")
"""`struct seccomp_notif_resp`: id, value, error, flags."""

NEW_THREAD: Final = 0x7E03_0000, 0x0001_0000
"""The flags of `clone` to look at, and those of them that are set where it starts a thread and nothing else."""

NAMES: Final = 20
REFUSED: Final = 1_000
STARTED: Final = 20_000
"""How many names are kept, calls refused and threads started until nobody listens any more: the kernel then answers
ENOSYS by itself, and the grader is not kept busy."""


def threads(pid: int) -> int:
    """How many threads a process has; 0 where it has ended, or the system does not tell."""
    with contextlib.suppress(OSError, StopIteration):
        status = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
        return int(next(line.split()[1] for line in status if line.startswith("Threads:")))
    return 0


class Refusals:
    """Answers one process for as long as it lives, in a thread of its own."""

    def __init__(self, process: socket.socket, pid: int, most: int) -> None:
        """`process` is where it hands over what it is heard by; it may have `most` threads."""
        self._process = process
        self._pid = pid
        self._most = most
        self._names: dict[str, None] = {}
        self._left = {"refused": REFUSED, "started": STARTED}
        threading.Thread(target=self._serve, name=f"calls of {pid}", daemon=True).start()

    @property
    def names(self) -> tuple[str, ...]:
        """The calls that were refused, in the order of their first time."""
        return tuple(self._names)

    @property
    def crowded(self) -> bool:
        """Whether the process has more threads than could be let start.

        Threads that ask at the same moment are each let start one; and where nobody is asked, this is the only bound.
        """
        return threads(self._pid) > 2 * self._most

    def _serve(self) -> None:
        with self._process, contextlib.suppress(OSError):
            descriptors = socket.recv_fds(self._process, 1, 1)[1]
            for listener in descriptors:
                try:
                    self._listen(listener)
                finally:
                    os.close(listener)

    def _listen(self, listener: int) -> None:
        # Windows lacks it, where nothing is confined.
        control = importlib.import_module("fcntl").ioctl
        waiting = select.poll()
        waiting.register(listener, select.POLLIN)
        # When the process has ended there is nobody left to answer.
        while all(self._left.values()) and waiting.poll()[0][1] & select.POLLIN:
            notice = bytearray(_NOTICE.size)
            # The one who asked may have been killed meanwhile.
            with contextlib.suppress(FileNotFoundError):
                control(listener, RECEIVE, notice)
                number, _, _, call, architecture, _, *arguments = _NOTICE.unpack(notice)
                error = self._answered(name_of(call, architecture), arguments[0])
                control(listener, SEND, _ANSWER.pack(number, 0, -error, 0 if error else CONTINUE))

    def _answered(self, name: str, first: int) -> int:
        """The error that a call ends with, 0 for a thread that may start. Note what is refused."""
        starts = name == "clone" and first & NEW_THREAD[0] == NEW_THREAD[1]
        if name in ("clone", "vfork") and not starts:
            name = "fork"
        if starts and threads(self._pid) < self._most:
            self._left["started"] -= 1
            return 0
        self._left["refused"] -= 1
        if len(self._names) < NAMES:
            self._names[name] = None
        return errno.EAGAIN if starts else errno.EPERM


def name_of(call: int, architecture: int) -> str:
    """A call's name; a number of a kernel that libseccomp does not know yet stands for itself."""
    # It needs Linux and libseccomp, without which nothing is ever heard.
    library = importlib.import_module("pyseccomp")
    try:
        return str(library.resolve_syscall(architecture, call).decode())
    except ValueError:
        return f"call {call}"
