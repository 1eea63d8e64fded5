"""What `grader verify` says: a line for each lab, a table of the derived mistakes, the defects, and a verdict.

Knows rich. Refuses to print, and to verify anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from grader.authoring.proofs import ProvedLab
from grader.authoring.verification import Defect, Verification
from grader.oracle.claims import Proved


def lab_line(found: Verification) -> str:
    """What was looked at in one lab, or a variant of it."""
    return (
        f"{found.lab}: solution {found.solution:g} of {found.points:g}, blank {found.blank:g}, "
        f"{found.mistakes} planted mistakes"
    )


def defect_line(defect: Defect) -> str:
    """Where something is not in order, and what."""
    return f"{defect.lab or 'project'}: {defect.text}"


def derived_table(verifications: Sequence[Verification]) -> Table:
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


def proof_line(found: ProvedLab) -> str:
    """How many numbers one lab expects, and how many were proved."""
    return f"{found.name}: {_counts(found.proved)}"


def proof_verdict(proved: Sequence[ProvedLab], seed: str) -> str:
    """How it all ended, and what a tie is where there are any."""
    total = sum((one.proved for one in proved), Proved())
    ties = " A tie lies between two float64, too near the middle for either to be wrong." if total.ties else ""
    return f"proved with seed {seed}: {_counts(total)}.{ties}"


def _counts(proved: Proved) -> str:
    slopes = f"{proved.gradients} of them gradients, differentiated a second time"
    others = (f"{proved.ties} ties" if proved.ties else "", f"{len(proved.wrong)} WRONG" if proved.wrong else "")
    said = "".join(f", {other}" for other in others if other)
    return f"{proved.proved} of {proved.claimed} numbers proved ({slopes}){said}"


def verdict_line(verifications: Sequence[Verification], defects: Sequence[Defect], seed: str, device: str) -> str:
    """How it all ended."""
    mistakes = sum(found.mistakes for found in verifications)
    said = "all as it should be" if not defects else f"{len(defects)} findings"
    return f"verified with seed {seed} on {device}: {mistakes} planted mistakes, {said}"
