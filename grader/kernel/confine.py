"""What a student's process may do: it confines itself before the first line of a notebook runs.

Knows Landlock (files), capabilities and resource limits, and the order in which a process gives things up. Refuses to
know what runs afterwards. None of it needs a privilege, and none of it can be taken back by the process or its threads.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import sys
from collections.abc import Iterable
from glob import escape
from pathlib import Path

from py_landlock import AccessFs, Landlock

from grader.kernel import nobody
from grader.kernel.calls import Allowance
from grader.kernel.profile import Bounds, Profile
from grader.kernel.seccomp import Calls

CAPABILITY_VERSION_3 = 0x20080522
PR_SET_NO_NEW_PRIVS = 38


class Confiner:
    """A profile's confinement, made ready before the processes are forked that it is for.

    Raises OSError or RuntimeError where a part is not to be had.
    """

    def __init__(self, profile: Profile, allowance: Allowance, scratches: Path) -> None:
        """Look up what holds for every process, whose scratch folder is in `scratches`."""
        self._profile = profile
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._files = Landlock(strict=False)
        self._calls = Calls(allowance)
        self._nobody = nobody.possible((*map(Path, (sys.prefix, sys.base_prefix, os.__file__)), scratches))
        for patterns, access in self._rules():
            self._allow((pattern for pattern in patterns if not _own(pattern)), access)

    def confine(self, scratch: Path, bounds: Bounds, grader: socket.socket) -> None:
        """Confine this process for good: it can do what its profile says, write its scratch folder, and compute.

        Through the socket `grader` goes what refused calls are heard by, and it is closed. Raises OSError or
        RuntimeError where a part is not to be had.
        """
        limit(bounds, self._profile)
        if self._libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        if self._nobody:
            nobody.become(scratch)
        drop_capabilities(self._libc)
        for patterns, access in self._rules():
            self._allow(filter(_own, patterns), access)
        self._files.allow_read_write(scratch)
        self._files.apply()
        self._calls.confine(grader)

    def _rules(self) -> tuple[tuple[tuple[str, ...], AccessFs], ...]:
        """Patterns of paths, and what is allowed to a file there; everything else is out of sight."""
        prefixes = (escape(str(Path(p).resolve())) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix))
        return (
            ((*self._profile.readable, *dict.fromkeys(prefixes)), AccessFs.READ_FILE),
            (("/dev/null", *self._profile.writable), AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.TRUNCATE),
            (self._profile.devices, AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.IOCTL_DEV),
        )

    def _allow(self, patterns: Iterable[str], access: AccessFs) -> None:
        for path in (found for pattern in patterns for found in Path("/").glob(pattern[1:])):
            # Directory rights on a file are refused by the kernel.
            self._files.add_path_rule(path, access=access | AccessFs.READ_DIR if path.is_dir() else access)


def _own(pattern: str) -> bool:
    """Whether a path means another folder in every process: only once there can it be looked up."""
    return pattern.startswith("/proc/self")


def limit(bounds: Bounds, profile: Profile) -> None:
    """Set the resource limits, hard and soft alike; where a stricter one is in force already, it stays."""
    loaded = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    wanted = {
        resource.RLIMIT_CPU: bounds.cpu_seconds,
        resource.RLIMIT_FSIZE: bounds.file_bytes,
        resource.RLIMIT_NOFILE: bounds.open_files,
        resource.RLIMIT_CORE: 0,
    }
    if profile.bounded:
        wanted |= {resource.RLIMIT_AS: loaded + bounds.memory, resource.RLIMIT_MEMLOCK: 0}
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (least, least))


def drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up every capability: root is then a user like any other."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")
