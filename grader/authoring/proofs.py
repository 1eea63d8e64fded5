"""Every number and gradient that the labs expect, proved, in the sheet's numbers and in variants.

Knows how labs are gone through, several at a time. Refuses to know how a number is proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from grader.authoring.verification import Defect
from grader.judge.model import Conditions, Lab, Question
from grader.labs import all_labs, family
from grader.oracle.claims import Provable, Proved, prove


@dataclass(frozen=True)
class ProvedLab:
    """A lab, or a variant of it, with what came of all that it expects."""

    name: str
    proved: Proved

    @property
    def findings(self) -> tuple[Defect, ...]:
        """What is expected and is not so."""
        return tuple(Defect(self.name, text) for text in self.proved.wrong)


def proved_labs(labs: Sequence[Lab], seed: str, device: str, variants: int = 0) -> Iterator[ProvedLab]:
    """Lab by lab as they are done; `variants` of each last."""
    with ProcessPoolExecutor() as pool:
        names = [(lab.name, number) for number in range(variants + 1) for lab in labs]
        yield from pool.map(partial(_proved, Conditions(seed, device)), names)


def _proved(conditions: Conditions, named: tuple[str, int]) -> ProvedLab:
    """One lab, or a variant of it from 1 on, in a process of its own: graphs do not travel, names do."""
    name, number = named
    lab, called = next(lab for lab in all_labs() if lab.name == name), name
    if number:
        variants = family(name)
        lab = variants.lab(variants.draw(conditions.seed.encode(), f"variant {number}"))
        called = f"{name}, variant {number}"
    total = sum((proved_question(question, conditions) for question in lab.questions), Proved())
    return ProvedLab(called, total)


def proved_question(question: Question, conditions: Conditions) -> Proved:
    """What came of all that a question expects at the points of a seed."""
    total = Proved()
    for check in question.checks:
        if isinstance(check, Provable):
            prepared = check.prepare(question.name, conditions)
            for claim in check.claims(prepared.asks, prepared.truth):
                total += prove(claim)
    return replace(total, wrong=tuple(f"{question.name}, {said}" for said in total.wrong))
