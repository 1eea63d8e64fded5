"""How much may cross, and how much is kept to cross: every cap with its name and its default.

Knows numbers. Refuses to know what happens at a cap: whoever holds one says that. The limits on a notebook's time and
memory are not here, because nothing of them crosses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class FrameCaps:
    """The largest frame that is read: bytes of it and of its header, values in that, arrays, and axes of an array."""

    total: int = 24 << 20
    header: int = 16 << 20
    values: int = 400_000
    arrays: int = 50_000
    axes: int = 16


@dataclass(frozen=True)
class ResultCaps:
    """The largest reply to a question: parts of its results, their depth, bytes of their arrays; characters of a text.

    A text that was cut says so with one character more.
    """

    nodes: int = 200_000
    depth: int = 16
    array_bytes: int = 16 << 20
    text: int = 2_000


@dataclass(frozen=True)
class ConductCaps:
    """The most that is told of what a call did: deeds of one call, calls of one question, ways to a deed."""

    deeds: int = 1_000
    calls: int = 16
    ways: int = 8


@dataclass(frozen=True)
class TraceCaps:
    """The most that is told of the operations of a call: their count, operands of one, entries of a tensor, its axes.

    Of one question so many calls are told, and of a tuple of operands so many levels.
    """

    operations: int = 200
    operands: int = 16
    entries: int = 64
    axes: int = 4
    calls: int = 16
    depth: int = 1


@dataclass(frozen=True)
class OutputCaps:
    """How much cells may show: characters of one cell, characters of all cells, and outputs of one cell."""

    cell_characters: int = 4_000_000
    characters: int = 16_000_000
    cell_outputs: int = 500


FRAME_CAPS: Final = FrameCaps()
RESULT_CAPS: Final = ResultCaps()
CONDUCT_CAPS: Final = ConductCaps()
TRACE_CAPS: Final = TraceCaps()
OUTPUT_CAPS: Final = OutputCaps()
