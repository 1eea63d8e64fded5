"""Where digits go, in words.

Knows how each way of losing digits is said, whole or in a word or two. Refuses to find out which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Final

from grader.judge.clipping import clipped
from grader.judge.leaks import Leak, LostDigits
from grader.pages.wording import number

SHORT: Final[Mapping[Leak, str]] = {
    Leak.OVERFLOW: "overflows",
    Leak.UNDERFLOW: "underflows",
    Leak.CANCELLATION: "cancels",
    Leak.BITS: "loses bits",
    Leak.ROUNDING: "rounds",
}

ROOM: Final = 29
"""Characters beside a dot in the middle of a picture."""
ENDS: Final = {"float64": ("1.8e308", "4.9e-324"), "float32": ("3.4e38", "1.4e-45"), "float16": ("65504", "6e-8")}
"""The largest and the smallest number of a dtype."""


def lost_sentence(lost: LostDigits, at: str) -> str:
    """Which operation loses the digits, how, and where: "Line 3: exp(x) overflows at (x = 710): …"."""
    whence = f"Line {lost.line}: " if lost.line and not lost.backward else ""
    way = "on the way back, " if lost.backward else ""
    said = f"{way}{_subject(lost)} {SHORT[lost.leak]}{at}{_place(lost)}: {_why(lost)}."
    return whence + (said if whence else said[0].upper() + said[1:])


def lost_label(lost: LostDigits) -> str:
    """The same in as few words as fit into a picture."""
    how = SHORT[lost.leak]
    return f"{clipped(_subject(lost), ROOM - len(how))} {how}"


def _subject(lost: LostDigits) -> str:
    if not lost.backward:
        return lost.operation
    if lost.name in ("add", "sub", "rsub", "sum"):
        return "a sum of gradients"
    return f"the slope of {lost.operation}" if lost.name.endswith(("_backward", "_data")) else lost.operation


def _place(lost: LostDigits) -> str:
    return f" in place [{', '.join(map(str, lost.index))}]" if lost.index else ""


def _why(lost: LostDigits) -> str:
    largest, smallest = ENDS.get(lost.dtype, ("", ""))
    match lost.leak:
        case Leak.OVERFLOW:
            return f"{lost.dtype} ends at {largest}"
        case Leak.UNDERFLOW:
            return f"it gives {number(lost.value, 3)}, and {lost.dtype} begins at {smallest}"
        case Leak.ROUNDING:
            return f"{lost.dtype} keeps {lost.total - lost.bits} of {lost.total} bits"
    given, right = number(lost.value, 3), number(lost.exact, 3)
    held = f"it gives {given} for {right}" if given != right and isfinite(lost.exact) else ""
    return ", and ".join(filter(None, [held, f"{lost.bits} of {lost.total} bits are lost"]))
