"""Which slip a wrong answer is: the one whose outcome it equals at every point.

Knows how an answer is held against what likely mistakes lead to. Refuses to know how those are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from grader.judge.compare import Compared
from grader.judge.notes import SLIPS, Finding, explained
from grader.judge.truth import Outcomes, Slip
from grader.judge.wording import difference

NAMED = 2
"""So many mistakes are named where an answer fits several."""

_ORDER = list(SLIPS)

NOISE = 1e-12
"""Of what is right: as much is lost where a mistake comes to 0 but for rounding."""

UNLIKELY = "It is none of the slips that this formula invites: follow it step by step."


def diagnosed(problem: Finding, likely: Callable[[int], Outcomes], rows: Sequence[Compared], slack: float) -> Finding:
    """The finding, with the mistake that explains it; its note is then that mistake's.

    `likely(n)` gives the outcomes of n mistakes at once, `rows` an answer for each point; without one nothing is
    held against them.
    """
    outcomes = likely(1)
    if not outcomes or not rows or any(row.numbers is None for row in rows):
        return problem
    fitting = matches(outcomes, rows, slack) or matches(likely(2), rows, slack)
    if not fitting:
        seen = difference([row.numbers for row in rows if row.numbers is not None], [row.expected for row in rows])
        return problem if seen else replace(problem, message=f"{problem.message} {UNLIKELY}")
    fitting = sorted(fitting, key=lambda slips: sorted(map(_rank, slips)))
    told: dict[str, set[Slip]] = {}
    for slips in fitting:
        told.setdefault(" ".join(_sentences(slips)), set()).update(slips)
    sentence, *others = list(told)[:NAMED]
    or_else = "".join(f" Or: {other[0].lower()}{other[1:]}" for other in others)
    named = [slip for said in (sentence, *others) for slip in told[said]]
    edges = {edge for slip in named for edge in slip.edges} if all(slip.edges for slip in named) else set()
    message = f"{problem.message} {sentence}{or_else}"
    return replace(problem, note=min(fitting[0], key=_rank).note, message=message, edges=tuple(sorted(edges)))


def matches(outcomes: Outcomes, rows: Sequence[Compared], slack: float) -> list[frozenset[Slip]]:
    """The mistakes whose outcome an answer equals at every point, relative to its size there."""
    if not outcomes:
        return []
    yours = np.stack([np.ravel(row.numbers) for row in rows])  # type: ignore[arg-type] # all have numbers here
    noise = np.array([NOISE * np.abs(row.expected).max(initial=0.0) for row in rows])
    wrong = np.stack([[np.ravel(value) for value in values] for _, values in outcomes])
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(wrong).max(axis=2, keepdims=True)
        near = np.abs(wrong - yours) <= np.maximum(slack * size, noise[:, None])
    alike = near | (wrong == yours) | (np.isnan(wrong) & np.isnan(yours))
    return [slips for (slips, _), fits in zip(outcomes, alike.all(axis=(1, 2)), strict=True) if fits]


def _sentences(slips: frozenset[Slip]) -> list[str]:
    return [explained(slip.note, dict(slip.facts)) for slip in sorted(slips, key=_rank)]


def _rank(slip: Slip) -> tuple[int, Slip]:
    return _ORDER.index(slip.note), slip
