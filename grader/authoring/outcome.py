"""What `grader verify` says: a line for each lab, the defects, a table of the derived mistakes, and a verdict.

Knows rich. Refuses to print, and to verify anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.table import Table

from grader.authoring.proofs import ProvedLab
from grader.authoring.verification import Defect, Verification
from grader.oracle.claims import Proved

LookedAt: TypeAlias = Verification | ProvedLab | Defect
"""A lab that was verified or proved, or something of the whole project that is not in order."""


def lines(found: LookedAt) -> list[str]:
    """What was looked at in one lab, or a variant of it."""
    match found:
        case Verification():
            earned = f"solution {found.solution:g} of {found.points:g}, blank {found.blank:g}"
            return [f"{found.lab}: {earned}, {found.mistakes} planted mistakes"]
        case ProvedLab():
            return [f"{found.name}: {_counts(found.proved)}"]
    return []


def defects(found: Sequence[LookedAt]) -> list[Defect]:
    """All that is not in order."""
    return [defect for one in found for defect in ([one] if isinstance(one, Defect) else one.findings)]


def summary(found: Sequence[LookedAt], seed: str, device: str) -> list[str | Table]:
    """How it all ended; of notebooks with a table of the derived mistakes."""
    proved = [one for one in found if isinstance(one, ProvedLab)]
    if proved:
        return [_proof_verdict(proved, seed)]
    verified = [one for one in found if isinstance(one, Verification)]
    return [_derived(verified), _verdict(verified, len(defects(found)), seed, device)]


def defect_line(defect: Defect) -> str:
    """Where something is not in order, and what."""
    return f"{defect.lab or 'project'}: {defect.text}"


def _derived(verifications: Sequence[Verification]) -> Table:
    """The derived mistakes of every exercise, in all its variants: how many there are, lost points, and were named."""
    made = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    made.add_column("Exercise", no_wrap=True)
    for heading in ("mistakes", "rejected", "named"):
        made.add_column(heading, justify="right")
    counts: dict[str, list[int]] = {}
    for one in (one for found in verifications for one in found.derived):
        row = counts.setdefault(one.question, [0, 0, 0])
        counts[one.question] = [a + b for a, b in zip(row, (one.planted, one.rejected, one.named), strict=True)]
    for name, row in counts.items():
        made.add_row(name, *map(str, row))
    made.add_row("all", *(str(sum(row[i] for row in counts.values())) for i in range(3)), style="bold")
    return made


def _proof_verdict(proved: Sequence[ProvedLab], seed: str) -> str:
    """How it all ended, and what a tie is where there are any."""
    total = sum((one.proved for one in proved), Proved())
    ties = " A tie lies between two float64, too near the middle for either to be wrong." if total.ties else ""
    return f"proved with seed {seed}: {_counts(total)}.{ties}"


def _counts(proved: Proved) -> str:
    slopes = f"{proved.gradients} of them by derivatives taken a second way"
    ties = f", {proved.ties} tie{'' if proved.ties == 1 else 's'}" if proved.ties else ""
    said = ties + (f", {len(proved.wrong)} WRONG" if proved.wrong else "")
    return f"{proved.proved} of {proved.claimed} numbers proved ({slopes}){said}"


def _verdict(verifications: Sequence[Verification], wrong: int, seed: str, device: str) -> str:
    mistakes = sum(found.mistakes for found in verifications)
    said = f"{wrong} findings" if wrong else "all as it should be"
    return f"verified with seed {seed} on {device}: {mistakes} planted mistakes, {said}"
