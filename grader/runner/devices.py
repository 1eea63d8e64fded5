"""Which device a run uses.

Knows that CUDA must be there when it is asked for. Refuses to start it: that is the student's process's.
"""

from __future__ import annotations

from enum import StrEnum


class Device(StrEnum):
    """What `--device` may say."""

    CPU = "cpu"
    CUDA = "cuda"
    AUTO = "auto"


class DeviceError(Exception):
    """The caller's fault: the device is not there. The text is a sentence for people."""


def resolve(device: Device) -> str:
    """`cpu` or `cuda`. Raises DeviceError where CUDA is asked for and there is none."""
    if device is Device.CPU:
        return "cpu"
    # Loading torch takes a second or two, which grading on the CPU need not spend.
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return "cuda"
    if device is Device.CUDA:
        raise DeviceError("This machine has no CUDA device that torch can use; grade with --device cpu.")
    return "cpu"
