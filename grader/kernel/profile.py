"""What a student's process may read, write, call and take: a description for each device.

Knows paths, names of system calls, and numbers. Refuses to know how they are enforced: that is `confine`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Bounds:
    """What a process may take of the machine.

    Bytes of memory on top of what is loaded, seconds of processor, bytes of a file, open files.
    """

    memory: int = 2 << 30
    cpu_seconds: int = 240
    file_bytes: int = 64 << 20
    open_files: int = 256


BOUNDS: Final = Bounds()


@dataclass(frozen=True)
class Profile:
    """What processes on a device may do beside using their scratch folder.

    Paths as patterns of `glob`: those to be read, those to be written as well, and device nodes, which are also
    controlled (ioctl). The system calls that are refused. Whether memory is bounded, in all and locked.
    """

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    devices: tuple[str, ...]
    refused: tuple[str, ...]
    bounded: bool = True


_READABLE: Final = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/ssl/openssl.cnf"),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
    "/sys/devices/system/cpu",
)
"""System libraries, fonts, time zones, and what torch asks of the processor."""

_REFUSED: Final = (
    # New processes and programs: this alone ends fork bombs, daemons and !commands.
    *("fork", "vfork", "execve", "execveat"),
    # The network, and every other way to another process. A stream's pair leads nowhere, and asyncio needs one.
    *("socket", "bind", "connect", "listen", "accept", "accept4"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_open"),
    *("pidfd_getfd", "pidfd_send_signal", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
    *("shmget", "shmat", "shmctl", "semget", "semop", "msgget", "msgsnd", "msgrcv", "mq_open"),
    # Descriptors sent to oneself: closed meanwhile, they keep files that nobody can count.
    *("sendmsg", "sendmmsg"),
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

# From reports of libcuda behind seccomp and Landlock: refused any of these calls it does not start. It listens on an
# abstract socket (cuda-uvmfd-…), to which nobody has to be able to connect. From driver 570 on it also has to name
# its threads in /proc/self/task.
_CUDA_CALLS: Final = {"memfd_create", "socket", "bind", "listen"}
_CUDA_READABLE: Final = (
    *("/proc/driver/nvidia", "/proc/driver/nvidia-uvm", "/proc/devices", "/proc/modules"),
    *("/proc/sys/vm/mmap_min_addr", "/sys/module/nvidia*", "/sys/devices/system/memory", "/sys/devices/system/node"),
    # A list of links, and behind the driver's own links what the machine says of each of its devices.
    *("/sys/bus/pci/devices", "/sys/bus/pci/drivers/nvidia/*:*"),
)

PROFILES: Final = {
    "cpu": Profile(_READABLE, (), (), _REFUSED),
    "cuda": Profile(
        readable=(*_READABLE, *_CUDA_READABLE),
        writable=("/proc/self/task",),
        # The last is where Windows' Linux keeps its device.
        devices=("/dev/nvidia*", "/dev/dxg"),
        refused=tuple(call for call in _REFUSED if call not in _CUDA_CALLS),
        # CUDA reserves addresses for all memory there is, and locks pages to copy from them.
        bounded=False,
    ),
}
"""By device."""
