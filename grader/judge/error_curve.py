"""How an answer fares over a whole range, as data that a picture is drawn from.

Knows errors, and where they stand. Refuses to know how they are measured and drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.judge.findings import Place, Shown
from grader.judge.leaks import LostDigits


@dataclass(frozen=True)
class ErrorCurve:
    """How an answer fares over a whole range: its errors in ulp, one an input, infinite where it is not finite.

    `along` says where each input stands on the axis called `axis`. `as_written` and `stable` are the errors of the
    sheet's formula and of a stable one at the same inputs, empty where neither is known. More than `limit` ulp fail;
    `first` is the smallest input that does, None where there is none, `where` it is, and `theirs` what was given there.
    `lost` is where the digits go at the input `lost_at`: the first at which it is not finite, or else the first that
    fails.
    """

    what: str
    axis: str
    along: tuple[float, ...]
    yours: tuple[float, ...]
    as_written: tuple[float, ...]
    stable: tuple[float, ...]
    limit: float
    first: int | None = None
    where: Place | None = None
    theirs: Shown = None
    expected: Shown = None
    lost: LostDigits | None = None
    lost_at: int | None = None
