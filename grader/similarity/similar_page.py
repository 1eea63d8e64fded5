"""The instructor's page on who wrote the same as whom, and who gave what is right for another's numbers.

Knows what is shown of two notebooks that are alike, and of such an answer. Refuses to judge: it shows evidence, and
takes off no points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from grader.pages.sanitize import line
from grader.pages.templating import template
from grader.similarity.copied import ForeignValue
from grader.similarity.evidence import ForeignAnswer
from grader.similarity.likeness import Answers, Keys, Likeness, groups, likenesses
from grader.similarity.pictures import GroupPicture, picture
from grader.similarity.side_by_side import SharedRow, beside

OF_GROUP: Final = 6
SHOWN: Final = 24
"""Pairs whose codes are shown of one group, and of one lab; the rest are named."""
NAMED: Final = 3
"""Points that are shown of an answer that is right for others, and names of these."""


Names: TypeAlias = tuple[str, str]
"""The students of a pair."""


@dataclass(frozen=True)
class Shared:
    """One question in which two wrote the same; `authors` of the `answered` did so."""

    question: str
    authors: int
    answered: int
    rows: tuple[SharedRow, ...]


@dataclass(frozen=True)
class Pair:
    """Two students, and what they share; `anchor` is where their codes stand."""

    anchor: str
    one: str
    other: str
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Alike:
    """One lab: how many handed it in, how many `pairs` share, those that are `shown`, and the others.

    `rest` has each student of the others once, with all those who come later.
    """

    lab: str
    count: int
    pairs: int
    pictures: tuple[GroupPicture, ...]
    shown: tuple[Pair, ...]
    rest: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Foreign:
    """An answer that is right for another's numbers: the output called `what` at some of its points.

    `more` counts the question's other outputs that are right for the same students; `owners` are some of these.
    """

    student: str
    lab: str
    question: str
    what: str
    more: int
    values: tuple[ForeignValue, ...]
    points: int
    owners: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Findings:
    """All that the page shows: lab by lab who wrote the same, and whose answers are right for others.

    `own_numbers` says that there are numbers of others.
    """

    labs: tuple[Alike, ...]
    foreign: tuple[Foreign, ...]
    own_numbers: bool

    @property
    def summary(self) -> str:
        """How much was found, in a line."""
        pairs, answers = sum(lab.pairs for lab in self.labs), len(self.foreign)
        said = f"{pairs or 'no'} {'pair is' if pairs == 1 else 'pairs are'} more alike than chance explains"
        others = f", {answers or 'no'} {'answer is' if answers == 1 else 'answers are'} right for another's numbers"
        return said + (others if self.own_numbers else "")


def page(findings: Findings, key: str = "") -> str:
    """The page as HTML; `key` is what it follows from."""
    return template("class/similar.html.j2").render(key=key, findings=findings)


def alike(lab: str, class_: Mapping[str, Mapping[str, Keys]], answers: Callable[[str], Answers]) -> Alike:
    """One lab of a class, given by the keys of everybody's answers; `answers` are those of a student in full."""
    found = likenesses(class_)
    together = groups(found)
    anchors = _anchors(lab, found, together)
    answered = Counter(question for own in class_.values() for question, keys in own.items() if keys)
    shown = tuple(_pair(each, answered, answers, anchors[_names(each)]) for each in found if _names(each) in anchors)
    links = [{_names(each): anchors.get(_names(each), "") for each in own} for own in together]
    pictures = tuple(picture(own) for own in links if any(own.values()))
    rest = [each for each in found if _names(each) not in anchors]
    return Alike(lab, len(class_), len(found), pictures, shown, _named(rest))


def _anchors(lab: str, found: Sequence[Likeness], together: Sequence[Sequence[Likeness]]) -> dict[Names, str]:
    """Where the codes stand of those pairs that are shown: a pair of every group before another of any."""
    turns = sorted((turn, group) for group, own in enumerate(together) for turn in range(min(len(own), OF_GROUP)))
    chosen = {_names(together[group][turn]) for turn, group in turns[:SHOWN]}
    shown = [_names(each) for each in found if _names(each) in chosen]
    return {names: f"{lab}-{place}" for place, names in enumerate(shown, 1)}


def _names(likeness: Likeness) -> Names:
    return likeness.one, likeness.other


def _named(rest: Sequence[Likeness]) -> tuple[tuple[str, str], ...]:
    later: dict[str, list[str]] = {}
    for likeness in sorted(rest, key=lambda each: (each.one, each.other)):
        later.setdefault(likeness.one, []).append(line(likeness.other, 60))
    return tuple((line(student, 60), ", ".join(others)) for student, others in later.items())


def _pair(likeness: Likeness, answered: Mapping[str, int], answers: Callable[[str], Answers], anchor: str) -> Pair:
    one, other = answers(likeness.one), answers(likeness.other)
    rarest = sorted(likeness.authors, key=lambda question: likeness.authors[question])
    shared = (Shared(q, likeness.authors[q], answered[q], beside(one.get(q, ()), other.get(q, ()))) for q in rarest)
    return Pair(anchor, line(likeness.one, 60), line(likeness.other, 60), tuple(shared))


def foreign(found: Sequence[ForeignAnswer]) -> tuple[Foreign, ...]:
    """An entry for each answer and those it is right for."""
    answers: dict[tuple[str, str, str, tuple[str, ...]], list[ForeignAnswer]] = {}
    for one in found:
        answers.setdefault((one.student, one.lab, one.question, one.output.owners), []).append(one)
    return tuple(_entry(outputs[0], len(outputs) - 1) for outputs in answers.values())


def _entry(one: ForeignAnswer, more: int) -> Foreign:
    output = one.output
    values = tuple(
        ForeignValue(line(v.at, 200), line(v.theirs, 200), line(v.expected, 200)) for v in output.values[:NAMED]
    )
    owners = tuple(line(owner, 60) for owner in output.owners[:NAMED])
    student, what, points = line(one.student, 60), line(output.what, 60), len(output.values)
    return Foreign(student, one.lab, one.question, what, more, values, points, owners, len(output.owners))
