"""What a student's process may do: it confines itself before the first line of a notebook runs.

Knows Landlock (files), seccomp (system calls), capabilities and resource limits. Refuses to know what runs
afterwards. None of it needs a privilege, and none of it can be taken back by the process or its threads.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import socket
import sys
from collections.abc import Collection
from glob import escape
from pathlib import Path

import pyseccomp
from py_landlock import AccessFs, Landlock

from grader.kernel.profile import Bounds, Profile

PREALLOCATIONS = (0x40305828, 0x4030582A, 0x40305839)
"""What `fallocate` does, as `ioctl` (FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE of linux/falloc.h)."""

CLONE_THREAD = 0x00010000
CAPABILITY_VERSION_3 = 0x20080522
PR_SET_NO_NEW_PRIVS = 38
PR_SET_DUMPABLE = 4


def confine(scratch: Path, bounds: Bounds, profile: Profile) -> None:
    """Confine this process for good: it can do what its profile says, write its scratch folder, and compute.

    Raises OSError or RuntimeError where a part is not to be had.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    limit(bounds, profile)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    drop_capabilities(libc)
    restrict_files(scratch, profile)
    filter_calls(profile.refused)


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


def restrict_files(scratch: Path, profile: Profile) -> None:
    """Landlock: read the interpreter and what the profile names, write the scratch folder, see nothing else."""
    prefixes = {escape(str(Path(p).resolve())) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    rules = Landlock(strict=False)
    for patterns, of_file in (
        ((*profile.readable, *prefixes), AccessFs.READ_FILE),
        (("/dev/null", *profile.writable), AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.TRUNCATE),
        (profile.devices, AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.IOCTL_DEV),
    ):
        for path in (found for pattern in patterns for found in Path("/").glob(pattern[1:])):
            # Directory rights on a file are refused by the kernel.
            rules.add_path_rule(path, access=of_file | AccessFs.READ_DIR if path.is_dir() else of_file)
    rules.allow_read_write(scratch)
    rules.apply()


def filter_calls(refused: Collection[str]) -> None:
    """Seccomp: refuse these calls, any new process but threads, signals to anybody else."""
    own = os.getpid()
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    no = pyseccomp.ERRNO(errno.EPERM)
    for call in dict.fromkeys(refused):
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) >= 0:
            rules.add_rule(no, call)
    not_self = pyseccomp.Arg(0, pyseccomp.NE, own)
    rules.add_rule(no, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    # glibc falls back to clone, whose flags a filter can read.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    # Either takes the disk's room at once, past every limit, for a file that stays empty. glibc falls back to writing.
    rules.add_rule(pyseccomp.ERRNO(errno.EOPNOTSUPP), "fallocate")
    for kind in PREALLOCATIONS:
        rules.add_rule(no, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, kind))
    for call in {"socket", "socketpair"}.difference(refused):
        rules.add_rule(no, call, pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
        # Of SOCK_DGRAM and SOCK_RAW alone, either end can still send to any socket that has a name.
        rules.add_rule(no, call, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0x2, 0x2))
    rules.add_rule(no, "kill", not_self)
    rules.add_rule(no, "tgkill", not_self)
    rules.add_rule(no, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    rules.load()
