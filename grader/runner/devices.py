"""Which device a run uses, and for how many notebooks at a time.

Knows that CUDA must be there when it is asked for, and has room for few. Refuses to start it: that is the student's
process's.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Final

ON_CUDA: Final = 4
"""Notebooks at a time on one device: each has a CUDA context, some 500 MB of its memory before the first tensor."""


class DeviceOption(StrEnum):
    """What `--device` may say."""

    CPU = "cpu"
    CUDA = "cuda"
    AUTO = "auto"


class DeviceError(Exception):
    """The caller's fault: the device is not there. The text is a sentence for people."""


def resolve(device: DeviceOption) -> str:
    """`cpu` or `cuda`. Raises DeviceError where CUDA is asked for and there is none."""
    if device is DeviceOption.CPU:
        return "cpu"
    # Loading torch takes a second or two, which grading on the CPU need not spend.
    import torch  # noqa: PLC0415 -- as said above

    if torch.cuda.is_available():
        return "cuda"
    if device is DeviceOption.CUDA:
        raise DeviceError("This machine has no CUDA device that torch can use; grade with --device cpu.")
    return "cpu"


def at_a_time(device: str, jobs: int) -> int:
    """How many notebooks run at a time where `jobs` were asked for, or as many as is sensible (0).

    Raises DeviceError for more than a CUDA device is given.
    """
    if device == "cuda" and jobs > ON_CUDA:
        raise DeviceError(
            f"A CUDA device is given {ON_CUDA} notebooks at a time, not {jobs}, because each takes some 500 MB of its "
            f"memory; say --jobs {ON_CUDA} or less."
        )
    cores = os.cpu_count() or 1
    return jobs or (min(cores, ON_CUDA) if device == "cuda" else cores)
