"""Parts of what is right over a whole range: its regimes, and other ways of writing the function.

Knows points of a sweep by their numbers. Refuses to know what is right at any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.protocol.messages import Array


@dataclass(frozen=True)
class OtherForms:
    """What other ways of writing a function give at the inputs of a sweep, to draw an answer beside them.

    The formula `as_written` and a `stable` one, in the sweep's dtype, empty where none is known. `along`,
    (points,), is where each input stands on the axis called `axis`. `uncured` are ways that fail, the formula as
    written first: the note of who writes so, what it gives, and for each input which operation is the first to
    leave the dtype's range, "" where none does.
    """

    axis: str
    along: Array
    as_written: Array
    stable: Array
    uncured: tuple[tuple[str, Array, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Regime:
    """Some `points` of a sweep that earn a `share` together; where the formula as written holds, `easy`, not alone."""

    name: str
    share: float
    points: range
    easy: bool = False
