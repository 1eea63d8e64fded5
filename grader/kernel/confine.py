"""What a student's process may do: it confines itself before the first line of a notebook runs.

Knows Landlock (files), seccomp (system calls), capabilities and resource limits. Refuses to know what runs
afterwards. None of it needs a privilege, and none of it can be taken back by the process or its threads.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyseccomp
from py_landlock import AccessFs, Landlock

READABLE = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/ssl/openssl.cnf"),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
    "/sys/devices/system/cpu",
)
"""System libraries, fonts, time zones, and what torch asks of the processor."""

REFUSED = (
    # New processes and programs: this alone ends fork bombs, daemons and !commands.
    *("fork", "vfork", "execve", "execveat"),
    # The network, and every other way to another process. A stream's pair leads nowhere, and asyncio needs one.
    *("socket", "bind", "connect", "listen", "accept", "accept4"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_open"),
    *("pidfd_getfd", "pidfd_send_signal", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
    *("shmget", "shmat", "shmctl", "semget", "semop", "msgget", "msgsnd", "msgrcv", "mq_open"),
    # Memory that no limit counts, and kernel interfaces that no notebook needs.
    *("memfd_create", "memfd_secret", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("bpf", "perf_event_open", "keyctl", "add_key", "request_key", "fanotify_init", "inotify_init1"),
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_by_handle_at", "name_to_handle_at"),
    *("fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr", "swapon", "swapoff", "reboot"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "settimeofday", "clock_settime", "adjtimex"),
    *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setns", "syslog"),
    *("sched_setscheduler", "sched_setattr", "setpriority", "ioprio_set", "quotactl", "acct", "personality"),
)
"""System calls that answer EPERM."""

CLONE_THREAD = 0x00010000
CAPABILITY_VERSION_3 = 0x20080522
PR_SET_NO_NEW_PRIVS = 38
PR_SET_DUMPABLE = 4


@dataclass(frozen=True)
class Limits:
    """Bytes of memory on top of what is loaded, seconds of processor, bytes of a file, open files."""

    memory: int = 2 << 30
    cpu_seconds: int = 180
    file_bytes: int = 64 << 20
    open_files: int = 256


def confine(scratch: Path, limits: Limits) -> None:
    """Confine this process for good: it can read libraries, write its scratch folder, and compute.

    Raises OSError or RuntimeError where a part is not to be had.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    limit(limits)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    drop_capabilities(libc)
    restrict_files(scratch)
    filter_calls()


def limit(limits: Limits) -> None:
    """Set the resource limits, hard and soft alike."""
    loaded = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for which, most in (
        (resource.RLIMIT_AS, loaded + limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(which, (most, most))


def drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up every capability: root is then a user like any other."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")


def restrict_files(scratch: Path) -> None:
    """Landlock: read the interpreter and the libraries, write the scratch folder, see nothing else."""
    prefixes = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    readable = [p for p in (*map(Path, READABLE), *prefixes) if p.exists()]
    rules = Landlock(strict=False)
    rules.add_path_rule(*(p for p in readable if p.is_dir()), access=AccessFs.READ_FILE | AccessFs.READ_DIR)
    # Directory rights on a file are refused by the kernel.
    rules.add_path_rule(*(p for p in readable if not p.is_dir()), access=AccessFs.READ_FILE)
    rules.add_path_rule("/dev/null", access=AccessFs.READ_FILE | AccessFs.WRITE_FILE)
    rules.allow_read_write(scratch)
    rules.apply()


def filter_calls(refused: Sequence[str] = REFUSED) -> None:
    """Seccomp: refuse what `REFUSED` lists, threads apart no new process, signals to nobody else."""
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
    # Of SOCK_DGRAM and SOCK_RAW alone, either end can still send to any socket that has a name.
    rules.add_rule(no, "socketpair", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0x2, 0x2))
    rules.add_rule(no, "kill", not_self)
    rules.add_rule(no, "tgkill", not_self)
    rules.add_rule(no, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    rules.load()
