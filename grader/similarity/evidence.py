"""The answers of a class that are right for another student's numbers, from what a run has stored.

Knows whose numbers are compared with whose: everybody's of a lab. Refuses to know what makes an answer one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.desk.records import read_record
from grader.judge.model import Conditions, Report, Result
from grader.similarity.class_truths import Outputs, class_truths
from grader.similarity.copied import ForeignOutput, Truths, copied, truths


@dataclass(frozen=True)
class ForeignAnswer:
    """An output of a student's wrong answer to a question that is right for the numbers of others."""

    student: str
    lab: str
    question: str
    output: ForeignOutput


def foreign_answers(report: Report, out: Path) -> list[ForeignAnswer]:
    """All of them in the run in the folder `out`, by student and lab, questions in their order."""
    labs: dict[str, list[Result]] = {}
    for result in report.results:
        if result.variant:
            labs.setdefault(result.lab, []).append(result)
    found = (answer for lab in sorted(labs) for answer in _of_lab(lab, labs[lab], report.device, out))
    return sorted(found, key=lambda answer: (answer.student, answer.lab))


def _of_lab(lab: str, results: Sequence[Result], device: str, out: Path) -> Iterator[ForeignAnswer]:
    variants = {result.student: result.variant for result in results}

    @cache
    def known(question: str, seed: str) -> tuple[dict[str, Outputs], list[Truths]]:
        """What is right for each variant, and check by check for each student."""
        right = class_truths(lab, question, set(variants.values()), Conditions(seed, device), out)
        class_ = {student: right[variant] for student, variant in variants.items() if variant in right}
        checks = zip(*class_.values(), strict=True)
        return right, [truths(dict(zip(class_, check, strict=True))) for check in checks]

    for result in results:
        for question, given in read_record(result, out).given.items():
            if not any(given):
                continue
            right, others = known(question, result.seed)
            for own, numbers, theirs in zip(right.get(result.variant, ()), given, others, strict=False):
                for output in copied(own, numbers, theirs):
                    yield ForeignAnswer(result.student, lab, question, output)
