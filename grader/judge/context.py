"""What a notebook's other answers and cells have to do with a mark: a sentence beside it, which costs nothing.

Knows which answers use which, and which cells define them. Refuses to change a score.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from grader.judge.findings import Remark
from grader.judge.model import Mark, PreparedCheck, Status
from grader.judge.source import Source

HARMLESS = frozenset({Status.PASS, Status.MISSING})
"""How an answer ended where nothing in it leads others astray."""


def in_context(marks: Sequence[Mark], trials: Sequence[Sequence[PreparedCheck]], source: Source) -> tuple[Mark, ...]:
    """Marks of a whole notebook with what is to be said of its other answers and cells, where points were lost."""
    again = (
        _with(mark, [Remark("defined_again", mark.question.name)])
        if mark.verdict.status not in HARMLESS and source.is_defined_again(mark.question.name)
        else mark
        for mark in marks
    )
    return leaning(tuple(again), trials, source)


def leaning(marks: Sequence[Mark], trials: Sequence[Sequence[PreparedCheck]], source: Source) -> tuple[Mark, ...]:
    """Marks where points were lost, with the wrong answers that they use."""
    wrong = [mark.question.name for mark in marks if mark.verdict.status not in HARMLESS]
    # What a name stands for instead of its function may use anything.
    uses = {name: [] if source.is_hidden(name) else source.uses(name, wrong) for name in wrong}
    return tuple(
        _with(mark, [Remark("used_here", name) for name in _first(mark, uses, posed)])
        for mark, posed in zip(marks, trials, strict=True)
    )


def _with(mark: Mark, remarks: Sequence[Remark]) -> Mark:
    verdict = mark.verdict
    return replace(mark, verdict=replace(verdict, remarks=(*verdict.remarks, *remarks))) if remarks else mark


def _first(mark: Mark, uses: Mapping[str, Collection[str]], posed: Sequence[PreparedCheck]) -> list[str]:
    """The wrong answers that one uses and that use no other, without those whose own values were carried forward."""
    given = [ask.name for trial in posed for ask in trial.asks.prerequisites]
    carried = () if mark.verdict.note == "raised" else given
    return [name for name in uses.get(mark.question.name, ()) if not uses[name] and name not in carried]
