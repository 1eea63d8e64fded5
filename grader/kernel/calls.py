"""The system calls that a student's process may make, by kind of work; whatever is not here is refused.

Knows names, arguments and answers, for every architecture: a name that one lacks is passed over there. Refuses to
know how a filter is written and loaded: that is `seccomp`'s.
"""

from __future__ import annotations

import fcntl
import os
import socket
import termios
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from errno import ENOSYS, EOPNOTSUPP
from types import MappingProxyType
from typing import Final, TypeAlias

Case: TypeAlias = tuple[tuple[int, int, int], ...]
"""When a call is allowed: each (argument, mask, value) says that argument & mask is value."""

INT: Final = 0xFFFF_FFFF
"""The part of an argument that the kernel reads as an `int`."""
POINTER: Final = 0xFFFF_FFFF_FFFF_FFFF

CLONE_THREAD: Final = 0x0001_0000
"""The flag of `clone` with which it starts a thread of this process, and not a process."""
_CLONE_NEW: Final = 0x7E02_0000
"""Every flag of `clone` for a namespace of one's own."""


def _among(argument: int, values: Iterable[int], mask: int = INT) -> tuple[Case, ...]:
    return tuple(((argument, mask, value),) for value in dict.fromkeys(values))


_MEMORY: Final = ("brk", "mmap", "munmap", "mremap", "mprotect", "msync")

_OPEN_FILES: Final = (
    *("read", "write", "writev", "pread64", "pwrite64", "lseek", "close", "close_range"),
    *("dup", "dup2", "dup3", "pipe", "pipe2", "flock", "fsync", "fdatasync", "ftruncate", "fstat", "getdents64"),
    # shutil.copyfile, torch.load.
    *("sendfile", "fadvise64"),
)
"""Through a descriptor: that it could be had is Landlock's doing."""

_PATHS: Final = (
    *("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat"),
    *("statfs", "fstatfs", "getcwd", "chdir", "fchdir", "umask"),
    *("mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2"),
)
"""By name: where anything may be made, renamed or removed is Landlock's to say. Links and devices are not made."""

_WAITING: Final = (
    *("poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2"),
    # Both ends of a stream's pair are one's own; asyncio wakes itself up with one.
    *("recvfrom", "getsockname", "getpeername"),
)

_TIME: Final = (
    *("clock_gettime", "clock_getres", "gettimeofday", "time", "nanosleep", "clock_nanosleep", "restart_syscall"),
    *("times", "getrusage", "alarm", "getitimer", "setitimer"),
)

_SIGNALS: Final = (
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait"),
    "sigaltstack",
)
"""What arrives. What is sent is an argument's affair, below."""

_THREADS: Final = (
    *("futex", "set_robust_list", "rseq", "gettid", "sched_yield", "sched_getaffinity"),
    *("getcpu", "exit", "exit_group"),
)

_WHO: Final = (
    *("getpid", "getppid", "getpgrp", "getuid", "geteuid", "getgid", "getegid"),
    *("uname", "sysinfo", "getrlimit", "getrandom"),
)
"""Who and where one is, and random numbers."""

_ALLOWED: Final = (*_MEMORY, *_OPEN_FILES, *_PATHS, *_WAITING, *_TIME, *_SIGNALS, *_THREADS, *_WHO)
"""Calls that are allowed whatever their arguments are."""

# To read and yet to empty, and neither to read nor to write: on a kernel whose Landlock does not know of truncation
# (before ABI 3) either would empty any file that may be read.
_OPENINGS: Final = (
    *((os.O_TRUNC | os.O_ACCMODE, way) for way in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)),
    *((os.O_TRUNC | os.O_ACCMODE, way | os.O_TRUNC) for way in (os.O_WRONLY, os.O_RDWR)),
)

# Of a file: its size, its flags, whether it is a terminal. Nothing that takes the disk's room or names an owner.
_QUESTIONS: Final = (
    *(termios.FIONREAD, termios.FIONBIO, termios.FIOCLEX, termios.FIONCLEX),
    *(termios.TCGETS, termios.TIOCGWINSZ, termios.TIOCGPGRP, 0x802C542A),
)

# Copies, flags and locks. No owner of signals, no lease on a library's file, which keeps everybody from opening it
# for as long as the kernel waits (45 seconds).
_CONTROLS: Final = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL),
    *(fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_GETLK, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW),
)

# PR_SET_NAME and PR_GET_NAME, PR_SET_VMA (glibc names its memory), PR_SVE_SET_VL and PR_SVE_GET_VL (arm64's vectors).
_OWN_AFFAIRS: Final = (15, 16, 0x53564D41, 50, 51)

# Not MADV_MERGEABLE, which tells of others' memory by the time it takes, nor MADV_HWPOISON and MADV_SOFT_OFFLINE.
_ADVICE: Final = (0, 1, 2, 3, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 102, 103)

_CONDITIONS: Final[Mapping[str, tuple[Case, ...]]] = MappingProxyType(
    {
        "open": tuple(((1, mask, value),) for mask, value in _OPENINGS),
        "openat": tuple(((2, mask, value),) for mask, value in _OPENINGS),
        "ioctl": _among(1, _QUESTIONS),
        "fcntl": _among(1, _CONTROLS),
        "prctl": _among(0, _OWN_AFFAIRS),
        "madvise": _among(2, _ADVICE),
        # ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM and ARCH_REQ_XCOMP_PERM: torch asks for matrix registers.
        "arch_prctl": _among(0, (0x1021, 0x1022, 0x1023)),
        # Of SOCK_DGRAM and SOCK_RAW, either end can still send to any socket that has a name.
        "socketpair": (((0, INT, socket.AF_UNIX), (1, 0xF, socket.SOCK_STREAM)),),
        "sendto": (((4, POINTER, 0),),),
        # Of oneself alone.
        **dict.fromkeys(("prlimit64", "sched_setaffinity", "getpgid", "getsid"), (((0, INT, 0),),)),
    }
)
"""Calls that are allowed with some arguments. A thread and a signal to oneself come in `seccomp`."""

THREAD: Final[Case] = ((0, CLONE_THREAD | _CLONE_NEW, CLONE_THREAD),)
"""When `clone` starts a thread, and nothing else."""

_ATTRIBUTES: Final = (
    *(f"{of}{way}xattr" for of in ("", "l", "f") for way in ("set", "get", "list", "remove")),
    *("setxattrat", "getxattrat", "listxattrat", "removexattrat"),
)

_DATES: Final = ("utime", "utimes", "futimesat", "utimensat")

_MODES: Final = ("chmod", "fchmod", "fchmodat", "fchmodat2", "fchown")


ANSWERED: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        # glibc falls back to calls whose arguments a filter can read, and to writing where room is to be reserved:
        # fallocate takes the disk's room at once, past every limit, for a file that stays empty.
        ENOSYS: ("clone3", "openat2", "epoll_pwait2", "futex_waitv"),
        EOPNOTSUPP: ("fallocate", *_ATTRIBUTES),
        # Landlock does not cover a file's mode and dates, so nobody changes them. shutil.copy, copy2 and copytree set
        # them on every copy and SQLite on its journal; refused they would fail, and this is not a notebook's fault.
        0: (*_MODES, *_DATES),
    }
)
"""Calls that honest libraries make as a matter of course: what they are answered without being carried out."""

_CUDA_ALLOWED: Final = (
    # Refused any of these four libcuda does not start. It listens on an abstract socket (cuda-uvmfd-…), to which nobody
    # has to be able to connect.
    *("memfd_create", "bind", "listen"),
    # It locks pages to copy from them, and asks where memory and threads are.
    *("mlock", "mlock2", "munlock", "mincore", "mbind", "get_mempolicy", "set_mempolicy"),
    *(
        "membarrier",
        "setsockopt",
        "getsockopt",
        "sched_getscheduler",
        "sched_getparam",
        "sched_get_priority_min",
        "sched_get_priority_max",
    ),
)

_CUDA_CONDITIONS: Final[Mapping[str, tuple[Case, ...]]] = MappingProxyType(
    {
        "socket": (
            ((0, INT, socket.AF_UNIX), (1, 0xF, socket.SOCK_STREAM)),
            ((0, INT, socket.AF_UNIX), (1, 0xF, socket.SOCK_SEQPACKET)),
        ),
        # The driver's requests: of type F (and G where the device is Windows' own), or plain small numbers.
        "ioctl": (
            *_CONDITIONS["ioctl"],
            *_among(1, (0x4600, 0x4700), 0xFF00),
            *_among(1, (0, 0x3000_0000), 0xFFFF_FF00),
        ),
        # Seals on what memfd_create made.
        "fcntl": (*_CONDITIONS["fcntl"], *_among(1, (1033, 1034))),
    }
)


@dataclass(frozen=True)
class Allowance:
    """The calls that are allowed on a device: whatever their arguments are, and in some cases.

    What is refused `silently`, honest libraries do as a matter of course: nobody needs to hear of it.
    """

    always: tuple[str, ...]
    sometimes: Mapping[str, tuple[Case, ...]]
    silently: Mapping[str, tuple[Case, ...]]


ALLOWANCES: Final = {
    # pwd.getpwuid, and with it tarfile and uuid, look for a service on this machine that knows names.
    "cpu": Allowance(_ALLOWED, _CONDITIONS, {"socket": (((0, INT, socket.AF_UNIX),),)}),
    "cuda": Allowance((*_ALLOWED, *_CUDA_ALLOWED), {**_CONDITIONS, **_CUDA_CONDITIONS}, {}),
}
"""By device."""
