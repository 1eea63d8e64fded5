"""What a student's process may read, write, call and take: a description for each device.

Knows paths and numbers; system calls are listed in `calls`. Refuses to know how they are enforced: that is `confine`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Bounds:
    """What a process may take of the machine.

    Bytes of memory on top of what is loaded, seconds of processor, bytes of a file, open files, threads at a time.
    """

    memory: int = 2 << 30
    cpu_seconds: int = 240
    file_bytes: int = 64 << 20
    open_files: int = 256
    threads: int = 64


BOUNDS: Final = Bounds()


@dataclass(frozen=True)
class Profile:
    """What processes on a device may do beside using their scratch folder.

    Paths as patterns of `glob`: those to be read, those to be written as well, and device nodes, which are also
    controlled (ioctl). Whether memory is bounded, in all and locked.
    """

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    devices: tuple[str, ...]
    bounded: bool = True


_READABLE: Final = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/ssl/openssl.cnf"),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
    "/sys/devices/system/cpu",
)
"""System libraries, fonts, time zones, and what torch asks of the processor."""

# From driver 570 on libcuda also has to name its threads in /proc/self/task, which is writable below.
_CUDA_READABLE: Final = (
    *("/proc/driver/nvidia", "/proc/driver/nvidia-uvm", "/proc/devices", "/proc/modules"),
    *("/proc/sys/vm/mmap_min_addr", "/sys/module/nvidia*", "/sys/devices/system/memory", "/sys/devices/system/node"),
    # A list of links, and behind the driver's own links what the machine says of each of its devices.
    *("/sys/bus/pci/devices", "/sys/bus/pci/drivers/nvidia/*:*"),
)

PROFILES: Final = {
    "cpu": Profile(_READABLE, (), ()),
    "cuda": Profile(
        readable=(*_READABLE, *_CUDA_READABLE),
        writable=("/proc/self/task",),
        # The last is where Windows' Linux keeps its device.
        devices=("/dev/nvidia*", "/dev/dxg"),
        # CUDA reserves addresses for all memory there is, and locks pages to copy from them.
        bounded=False,
    ),
}
"""By device."""
