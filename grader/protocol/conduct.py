"""What a call of a student's function was seen to do while it ran: plain facts, frozen.

Knows the kinds of deed, and the words that a deed is told with. Refuses to know how it was seen, and what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Means(StrEnum):
    """What kind of thing was done."""

    CALL = "call"
    """The notebook's own code called a function of a library."""
    OPERATION = "operation"
    """torch carried out one of its operations, whoever asked for it."""
    ENGINE = "engine"
    """torch's autograd went back through a graph."""
    GRAPH = "graph"
    """The notebook's own code took hold of the graph that autograd had recorded."""
    FORWARD = "forward"
    """torch's autograd went forward, with dual numbers."""
    ALGEBRA = "algebra"
    """A library that differentiates worked, or a function that it had made."""
    COMPLEX = "complex"
    """There were complex numbers."""
    SHIFTED = "shifted"
    """One function was entered at arguments that a small step parts, and there was a number to divide by that step."""


@dataclass(frozen=True)
class Deed:
    """Something done: the `name` of what did it, as the notebook's code called it, and the `line` that it began in.

    `through` are the notebook's own functions on the way to it, the outermost first.
    """

    means: Means
    name: str
    line: str = ""
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conduct:
    """All that one call was seen to do, each deed once; `disturbed` says how recording was hindered, "" if it was not.

    Who hinders it may have hidden anything.
    """

    deeds: tuple[Deed, ...] = ()
    disturbed: str = ""
