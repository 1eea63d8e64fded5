"""What was seen of a call, gathered: each deed once, and where in the notebook's own code it began.

Knows how a deed is told, and what of the notebook's functions is kept. Refuses to know who listens, and to what.
"""

from __future__ import annotations

from linecache import getline
from types import CodeType, FrameType
from typing import Final, TypeAlias

from grader.kernel.belonging import is_machinery, is_own, name_of
from grader.kernel.quantities import has_complex, numbers_of
from grader.kernel.results import clipped
from grader.kernel.shifts import shifted, spread
from grader.protocol.caps import CONDUCT_CAPS
from grader.protocol.conduct import Conduct, Deed, Means

DEEDS: Final = CONDUCT_CAPS.deeds
ENTRIES: Final = 64
"""Of the notebook's functions, how many are looked at, and how many entries of each."""

Site: TypeAlias = "tuple[str, int, tuple[str, ...]]"
"""A file, a line of it, and the notebook's own functions on the way to it."""


NOWHERE: Final[Site] = "", 0, ()
FIRST: Final[tuple[object, ...]] = ("first",)
"""The key of what stands in every record from its beginning: where it is gone, so may be more."""


class Log:
    """What was seen since it was opened, by all who listen."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.is_open = False
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.deeds: dict[tuple[object, ...], tuple[Means, str, Site]] = {FIRST: (Means.CALL, "", NOWHERE)}
        self.entries: dict[int, tuple[CodeType, list[list[float]], list[Site]]] = {}
        self.steps: set[float] = set()
        self.operations: set[tuple[object, ...]] = set()
        self.disturbed = ""
        self.heard_last = False

    def note(self, means: Means, name: str, site: Site, *key: object) -> None:
        """Keep a deed, once."""
        if len(self.deeds) < DEEDS:
            self.deeds.setdefault((means, *(key or (name,)), site[2]), (means, name, site))

    def disturb(self, how: str) -> None:
        """Keep the first thing that hindered recording."""
        self.disturbed = self.disturbed or how

    def enter(self, frame: FrameType) -> None:
        """Keep at what arguments one of the notebook's own functions is entered."""
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = [frame.f_locals.get(name) for name in names]
        if has_complex(given):
            self.note(Means.COMPLEX, "complex", site_of(frame))
        if id(code) not in self.entries:
            if len(self.entries) >= ENTRIES:
                return
            self.entries[id(code)] = code, [], []
            self.steps.update(n for n in code.co_consts if type(n) is float)
        _, entries, sites = self.entries[id(code)]
        if len(entries) < ENTRIES:
            entries.append(numbers_of(given))
            sites.append(site_of(frame.f_back or frame))

    def leave(self, frame: FrameType, result: object) -> None:
        """Keep what numbers one of the notebook's own functions had at hand."""
        found = dict(frame.f_locals)
        if has_complex([result, *found.values()]):
            self.note(Means.COMPLEX, "complex", site_of(frame))
        if len(self.steps) < DEEDS:
            given = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            plain = [value for name, value in found.items() if type(value) is float or name not in given]
            self.steps.update(*(alone for value in plain if len(alone := numbers_of([value])) == 1))

    def conduct(self) -> Conduct:
        """All that was seen, in the form in which it is sent."""
        if self.deeds.pop(FIRST, None) is None:
            self.disturb("its record was emptied")
        for code, entries, sites in list(self.entries.values()):
            at = shifted(entries, self.steps)
            at = next((i for i, e in enumerate(entries) if spread(e, self.steps)), None) if at is None else at
            if at is not None:
                self.note(Means.SHIFTED, clipped(code.co_name, 200), sites[at])
        return Conduct(tuple(_told(*deed) for deed in list(self.deeds.values())[:DEEDS]), self.disturbed)


def _told(means: Means, name: str, site: Site) -> Deed:
    file_name, number, through = site
    line = clipped(f"line {number}: {getline(file_name, number).strip()}", 200) if number else ""
    return Deed(means, name, line, through)


def site_of(frame: FrameType | None) -> Site:
    """The deepest line of the notebook's own code at a frame or on the way to it."""
    file_name, number, through = "", 0, []
    while frame is not None:
        code = frame.f_code
        if is_own(code):
            if not number:
                file_name, number = code.co_filename, frame.f_lineno
            if code.co_name[:1] != "<" or code.co_name == "<lambda>":
                through.append(clipped(code.co_qualname, 100))
        frame = frame.f_back
    return file_name, number, tuple(through[: -CONDUCT_CAPS.ways - 1 : -1])


def front_of(frame: FrameType | None) -> str:
    """What the notebook's own code called on the way to a frame; "" where it is that code itself."""
    found = ""
    while frame is not None and not is_own(frame.f_code):
        found = found if is_machinery(frame) else name_of(frame)
        frame = frame.f_back
    return found if frame is not None else ""


def asked_for(frame: FrameType) -> bool:
    """Whether the notebook's own code entered a frame itself, or in a `with`."""
    caller = frame.f_back
    while caller is not None and caller.f_globals.get("__name__") == "contextlib":
        caller = caller.f_back
    return caller is not None and is_own(caller.f_code)
