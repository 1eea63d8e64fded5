"""What sweeps earn: a regime earns its share of the points where value and gradient are both right in all of it.

Knows shares, and which points are right. Refuses to know functions, and how an error is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from grader.judge.findings import Finding
from grader.judge.model import PreparedCheck, Status, Verdict
from grader.judge.ranges import Regime
from grader.judge.truth import SweepTruth
from grader.protocol.messages import Array

Swept: TypeAlias = Sequence[tuple[SweepTruth, "Array | None"]]
"""Sweeps, each with which of its points are right; None where there is no result to look at."""

EASY = "easy"
"""What is said of a regime that holds, and earns nothing: the formula as written holds there too."""


def earned(sweeps: Swept) -> float:
    """The share of the points: of every dtype alike, the shares of the regimes that hold in all of its sweeps."""
    shares = [_earned(regimes, broken) for regimes, broken in _by_dtype(sweeps).values()]
    return sum(shares) / len(shares)


def standing(sweeps: Swept) -> tuple[tuple[str, str], ...]:
    """Each regime, with the dtypes in which it fails: none where it holds, or that it is easy and all that holds."""
    found = _by_dtype(sweeps)
    names = dict.fromkeys(name for regimes, _ in found.values() for name in regimes)
    nothing = not earned(sweeps)
    said = []
    for name in names:
        failing = [dtype for dtype, (_, broken) in found.items() if name in broken]
        everywhere = "everywhere" if len(failing) == len(found) else " and ".join(failing)
        said.append((name, everywhere if failing else EASY if nothing else ""))
    return tuple(said)


def shared(verdict: Verdict, trials: Sequence[PreparedCheck], verdicts: Sequence[Verdict]) -> Verdict:
    """A question's verdict with what the regimes of its sweeps earn, and which of them hold; any other as it is."""
    judged = [*zip(trials, verdicts, strict=True)]
    sweeps = [(trial.truth, _right(found)) for trial, found in judged if isinstance(trial.truth, SweepTruth)]
    forfeited = any(not trial.weight and not found.score for trial, found in judged)
    tried = any(right is not None for _, right in sweeps)
    if forfeited or not tried or verdict.status not in (Status.FAIL, Status.PARTIAL):
        return verdict
    score = earned(sweeps)
    status = Status.PARTIAL if score else Status.FAIL
    return replace(verdict, score=score, status=status, findings=_told(verdict.findings, standing(sweeps)))


def _told(findings: Sequence[Finding], regimes: tuple[tuple[str, str], ...]) -> tuple[Finding, ...]:
    first, *others = findings
    return (replace(first, facts=replace(first.facts, regimes=regimes)), *others)


def _right(verdict: Verdict) -> Array | None:
    """Which points of a sweep are right."""
    for curve in verdict.sweeps:
        return np.array(curve.yours) <= curve.limit
    return None


def _by_dtype(sweeps: Swept) -> Mapping[str, tuple[Mapping[str, Regime], frozenset[str]]]:
    """For each dtype its regimes by name, and the names of those that fail in a sweep."""
    found = {}
    for dtype in dict.fromkeys(truth.dtype for truth, _ in sweeps):
        parts = [(regime, right) for truth, right in sweeps if truth.dtype == dtype for regime in truth.regimes]
        broken = frozenset(regime.name for regime, right in parts if not _holds(regime, right))
        found[dtype] = {regime.name: regime for regime, _ in parts}, broken
    return found


def _holds(regime: Regime, right: Array | None) -> bool:
    return right is not None and bool(right[list(regime.points)].all())


def _earned(regimes: Mapping[str, Regime], broken: frozenset[str]) -> float:
    kept = [regime for name, regime in regimes.items() if name not in broken]
    if all(regime.easy for regime in kept):
        return 0.0
    return sum(regime.share for regime in kept) / sum(regime.share for regime in regimes.values())
