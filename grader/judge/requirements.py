"""What an answer has to keep to: the parts of a question that earn by themselves.

Knows which hold. Refuses to know what any of them is worth, and how it is found to hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """An output called `what`, or something of a `kind`, that an answer earns for by itself.

    It `holds` or not; None where it leaves the count.
    """

    what: str
    holds: bool | None
    kind: str = ""


def united(required: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """What several checks require, each once: it holds where none of them finds that it does not."""
    found: dict[tuple[str, str], Requirement] = {}
    for one in required:
        known = found.setdefault((one.kind, one.what), one)
        if known.holds is None or one.holds is False:
            found[one.kind, one.what] = one
    return tuple(found.values())
