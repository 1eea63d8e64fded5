"""Difference quotients by what they do: one function entered at arguments that a small step parts.

Knows numbers that a function was given, entry by entry, and numbers that were about. Refuses to know whose function it
is, and how they were seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations, pairwise
from typing import Final

LARGEST: Final = 0.1
"""A larger step is none that a derivative comes of."""
SHARE: Final = 1 / 32
"""Nor is one that is a larger part of what it is added to: multiples of a small number are that number apart."""
EPSILON: Final = 2.0**-52
ENTRIES: Final = 24
"""Entries of one function that are compared."""


def shifted(entries: Sequence[Sequence[float]], steps: Collection[float]) -> int | None:
    """The first entry of which another differs by a step, with one of `steps` to divide by; None if there is none.

    `steps` are numbers that the call divided by, or had at hand: the step, half of it, or twice it.
    """
    sizes = sorted({abs(step) for step in steps if step})
    for one, other in combinations(range(min(len(entries), ENTRIES)), 2):
        step = _step(entries[one], entries[other])
        if step and _divides(step, max(map(abs, entries[one])), sizes):
            return other
    return None


def spread(numbers: Sequence[float], steps: Collection[float]) -> bool:
    """Whether among the numbers of one argument there are two, the one next to the other, that a step parts."""
    sizes = sorted({abs(step) for step in steps if step})
    gaps = [(abs(a - b), max(abs(a), abs(b))) for a, b in pairwise(sorted(numbers))]
    return any(0 < gap <= min(LARGEST, SHARE * size) and _divides(gap, size, sizes) for gap, size in gaps)


def _step(one: Sequence[float], other: Sequence[float]) -> float:
    """By how much two entries differ wherever they differ; 0 where that is not the same small amount."""
    if len(one) != len(other):
        return 0.0
    apart = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    gaps = [abs(a - b) for a, b in apart]
    if not gaps or max(gaps) > min(LARGEST, SHARE * max(max(abs(a), abs(b)) for a, b in apart)):
        return 0.0
    slack = 1e-6 * max(gaps) + 8 * EPSILON * max(map(abs, one))
    return max(gaps) if max(gaps) - min(gaps) <= slack else 0.0


def _divides(step: float, size: float, known: Sequence[float]) -> bool:
    slack = 1e-6 * step + 8 * EPSILON * size
    return any(abs(step - ratio * number) <= slack for number in known for ratio in (0.5, 1.0, 2.0))
