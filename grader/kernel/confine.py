"""What a student's process may do: it confines itself before the first line of a notebook runs.

Knows Landlock (files), seccomp (system calls), capabilities and resource limits. Refuses to know what runs
afterwards. None of it needs a privilege, and none of it can be taken back by the process or its threads.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import socket
import sys
from collections.abc import Collection, Iterable
from glob import escape
from pathlib import Path

import pyseccomp
from py_landlock import AccessFs, Landlock

from grader.kernel.profile import Bounds, Profile

F_SETOWN_EX = 15

PREALLOCATIONS = (0x40305828, 0x4030582A, 0x40305839)
"""What `fallocate` does, as `ioctl` (FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE of linux/falloc.h)."""

ELSEWHERE = (fcntl.F_SETLEASE, fcntl.F_SETOWN, F_SETOWN_EX, fcntl.F_SETSIG)
"""What `fcntl` does to others: a lease on a library's file keeps everybody from opening it for as long as the kernel
waits (45 seconds), and a descriptor's owner is sent any signal at all."""

OWNERS = (0x8901, 0x8902)
"""What sets an owner as `ioctl` (FIOSETOWN, SIOCSPGRP)."""

CLONE_THREAD = 0x00010000
CAPABILITY_VERSION_3 = 0x20080522
PR_SET_NO_NEW_PRIVS = 38


class Confiner:
    """A profile's confinement, made ready before the processes are forked that it is for.

    Raises OSError or RuntimeError where a part is not to be had.
    """

    def __init__(self, profile: Profile) -> None:
        """Look up what holds for every process. It starts a program to find libseccomp, which they may not."""
        self._profile = profile
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._files = Landlock(strict=False)
        self._calls = refusing(profile.refused)
        for patterns, access in self._rules():
            self._allow((pattern for pattern in patterns if not _own(pattern)), access)

    def confine(self, scratch: Path, bounds: Bounds) -> None:
        """Confine this process for good: it can do what its profile says, write its scratch folder, and compute.

        Raises OSError or RuntimeError where a part is not to be had.
        """
        limit(bounds, self._profile)
        if self._libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        drop_capabilities(self._libc)
        for patterns, access in self._rules():
            self._allow(filter(_own, patterns), access)
        self._files.allow_read_write(scratch)
        self._files.apply()
        refuse_others(self._calls)
        self._calls.load()

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


def refusing(refused: Collection[str]) -> pyseccomp.SyscallFilter:
    """Seccomp: a filter that refuses these calls, and any new process but threads."""
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    no = pyseccomp.ERRNO(errno.EPERM)
    for call in dict.fromkeys(refused):
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) >= 0:
            rules.add_rule(no, call)
    rules.add_rule(no, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    # glibc falls back to clone, whose flags a filter can read.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    # Either takes the disk's room at once, past every limit, for a file that stays empty. glibc falls back to writing.
    rules.add_rule(pyseccomp.ERRNO(errno.EOPNOTSUPP), "fallocate")
    for call, kinds in (("ioctl", (*PREALLOCATIONS, *OWNERS)), ("fcntl", ELSEWHERE)):
        for kind in kinds:
            rules.add_rule(no, call, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, kind))
    for call in {"socket", "socketpair"}.difference(refused):
        rules.add_rule(no, call, pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
        # Of SOCK_DGRAM and SOCK_RAW alone, either end can still send to any socket that has a name.
        rules.add_rule(no, call, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0x2, 0x2))
    for call in ("prlimit64", "sched_setaffinity"):
        rules.add_rule(no, call, pyseccomp.Arg(0, pyseccomp.NE, 0))
    return rules


def refuse_others(rules: pyseccomp.SyscallFilter) -> None:
    """Seccomp: refuse signals to anybody but this process."""
    others = pyseccomp.Arg(0, pyseccomp.NE, os.getpid())
    for call in ("kill", "tgkill"):
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), call, others)
