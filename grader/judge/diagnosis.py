"""Which slip a wrong answer is: the one whose outcome it equals at every point.

Knows how an answer is held against what likely mistakes lead to. Refuses to know how those are derived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from grader.judge.compare import Compared
from grader.judge.facts import difference
from grader.judge.findings import MISTAKES, Difference, Finding, Way
from grader.judge.truth import Outcomes, Slip

NAMED = 2
"""So many mistakes are named where an answer fits as many. One that fits more is not known to be any of them."""

NOISE = 1e-12
"""Of what is right: as much is lost where a mistake comes to 0 but for rounding."""


Fitting: TypeAlias = "Sequence[frozenset[Slip]]"
"""Mistakes, one or two at once, each of which explains an answer at every point."""

Causes: TypeAlias = "Sequence[frozenset[Slip]] | Sequence[frozenset[Difference]]"
"""Mistakes, or else simple ways of being wrong, that may show in several outputs."""


def explaining(likely: Callable[[int], Outcomes], rows: Sequence[Compared], slack: float) -> Fitting | None:
    """The mistakes that explain an answer, whose `rows` have one point each; None where none can be held against it.

    `likely(n)` gives the outcomes of n mistakes at once. Two come to any factor: it says nothing of them.
    """
    outcomes = likely(1)
    numbers = [row.numbers for row in rows if row.numbers is not None]
    if not outcomes or not rows or len(numbers) < len(rows):
        return None
    found = matches(outcomes, rows, slack)
    if found or ((seen := difference(numbers, [row.expected for row in rows])) and seen.way is Way.TIMES):
        return found
    return matches(likely(2), rows, slack)


def slips_in(explained: Sequence[Causes]) -> int:
    """With how few slips several wrong results can be explained: one that is made once may show in all of them.

    A result that nothing explains is one more.
    """
    common = Counter[frozenset[Hashable]](slips for fitting in explained for slips in set(fitting))
    made: set[Hashable] = set()
    unexplained = 0
    for fitting in sorted(explained, key=lambda each: -max(map(common.__getitem__, each), default=0)):
        if fitting:
            chosen: frozenset[Hashable] = min(fitting, key=lambda slips: (len(slips.difference(made)), -common[slips]))
            made |= chosen
        else:
            unexplained += 1
    return unexplained + len(made)


def diagnosed(problem: Finding, fitting: Fitting | None, rows: Sequence[Compared]) -> Finding:
    """The finding, with the mistakes that explain it, where these are few enough to say so."""
    if fitting is None:
        return problem
    told = list(_alike(fitting).values())
    if not 0 < len(told) <= NAMED:
        seen = difference([row.numbers for row in rows if row.numbers is not None], [row.expected for row in rows])
        return problem if seen else replace(problem, facts=replace(problem.facts, mistakes=()))
    mistakes = tuple(ways[0] for ways in told)
    slips = [slip for ways in told for way in ways for slip in way]
    edges = {edge for slip in slips for edge in slip.edges} if all(slip.edges for slip in slips) else set()
    return replace(problem, facts=replace(problem.facts, mistakes=mistakes, edges=tuple(sorted(edges))))


def _alike(fitting: Sequence[frozenset[Slip]]) -> dict[object, list[tuple[Slip, ...]]]:
    """Mistakes in the order in which they are told; those that differ by their edges alone are told as one."""
    ranked = [tuple(sorted(slips, key=_rank)) for slips in fitting]
    ranked.sort(key=lambda slips: [_rank(slip) for slip in slips])
    told: dict[object, list[tuple[Slip, ...]]] = {}
    for slips in ranked:
        told.setdefault(tuple((slip.note, slip.facts) for slip in slips), []).append(slips)
    return told


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


def _rank(slip: Slip) -> tuple[int, Slip]:
    return MISTAKES.index(slip.note), slip
