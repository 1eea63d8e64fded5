"""How much a notebook may take, and the file in which an instructor says otherwise.

Knows every limit with its default, and its name and unit in the file. Refuses to know what happens at a limit.

    [limits]
    cell_seconds = 120
    memory_mib = 1024
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grader.kernel.profile import BOUNDS, Bounds
from grader.protocol.caps import FRAME_CAPS, OUTPUT_CAPS, FrameCaps, OutputCaps


@dataclass(frozen=True)
class Room:
    """What a scratch folder may hold: bytes, and files and folders."""

    size: int = 256 << 20
    entries: int = 20_000


ROOM: Final = Room()


@dataclass(frozen=True)
class Limits:
    """How much a notebook may take.

    Seconds of processor time, of all threads together, for a cell, a question, and the notebook as a whole: a busy
    machine costs nobody a point. `wall_factor` times as many seconds of the wall clock may pass, which end only what
    waits: those do not count in which a process is ready to compute and no processor is free. Seconds for a start.
    How much its cells may show, and the frame of a reply may hold. What its folder may hold, and what its process may
    take of the machine.
    """

    cell: float = 60.0
    call: float = 30.0
    notebook: float = 180.0
    wall_factor: float = 6.0
    start: float = 60.0
    output: OutputCaps = OUTPUT_CAPS
    reply: FrameCaps = FRAME_CAPS
    room: Room = ROOM
    bounds: Bounds = BOUNDS


LIMITS: Final = Limits()

SETTINGS: Final = {
    "cell_seconds": ("cell", "processor seconds"),
    "call_seconds": ("call", "processor seconds"),
    "notebook_seconds": ("notebook", "processor seconds"),
    "wall_factor": ("wall_factor", "times"),
    "start_seconds": ("start", "seconds"),
    "cpu_seconds": ("bounds.cpu_seconds", "processor seconds"),
    "memory_mib": ("bounds.memory", "MiB"),
    "open_files": ("bounds.open_files", "files"),
    "threads": ("bounds.threads", "threads"),
    "file_mib": ("bounds.file_bytes", "MiB"),
    "scratch_mib": ("room.size", "MiB"),
    "scratch_entries": ("room.entries", "files and folders"),
    "cell_output_characters": ("output.cell_characters", "characters"),
    "output_characters": ("output.characters", "characters"),
    "cell_outputs": ("output.cell_outputs", "outputs"),
    "reply_mib": ("reply.total", "MiB"),
}
"""Every name in the file: its place in `Limits`, and its unit."""

PARTS: Final = {"output": OutputCaps, "reply": FrameCaps, "room": Room, "bounds": Bounds}
"""The parts of `Limits` that have fields of their own."""

FRACTIONAL: Final = {"cell_seconds", "call_seconds", "notebook_seconds", "wall_factor", "start_seconds"}
"""What may be a fraction: what the grader times. The operating system counts all else in whole numbers."""

MEBIBYTE: Final = 1 << 20
MOST: Final = 10**9
"""The largest number in the file; beyond it the operating system would take some for another."""


class LimitsError(Exception):
    """The caller's fault: the file does not say what it should. The text is a sentence for people."""


def read_limits(path: Path) -> Limits:
    """The limits that a file sets, and the defaults of those that it leaves out. Raises LimitsError."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LimitsError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise LimitsError(f"{path} is no TOML: {error}.") from error
    table = found.pop("limits", {})
    if found or not isinstance(table, dict):
        name = next(iter(found), "limits")
        raise LimitsError(f"{path}: {name} is not expected there; everything belongs in one table, [limits].")
    parts: dict[str, dict[str, Any]] = {"": {}, **{part: {} for part in PARTS}}
    for name, number in table.items():
        if name not in SETTINGS:
            raise LimitsError(f"{path}: there is no limit called {name}. There are: {', '.join(SETTINGS)}.")
        place, unit = SETTINGS[name]
        part, _, field = place.rpartition(".")
        parts[part][field] = _checked(path, name, number) * (MEBIBYTE if unit == "MiB" else 1)
    return Limits(**parts.pop(""), **{part: PARTS[part](**fields) for part, fields in parts.items()})


def _checked(path: Path, name: str, number: object) -> float:
    kinds = (int, float) if name in FRACTIONAL else (int,)
    if not isinstance(number, kinds) or isinstance(number, bool) or not 0 < number <= MOST:
        kind = "number" if name in FRACTIONAL else "whole number"
        raise LimitsError(f"{path}: {name} must be a {kind} above 0 and up to {MOST}, not {number!r}.")
    return number
