"""Who in a class gave the same answers, where hardly anybody else did: evidence to look at, and no verdict.

Knows how usual each answer is in the class. Refuses to know what is right, and to call anybody anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log2

import networkx
import numpy as np

from grader.protocol.messages import Array
from grader.similarity.normal_form import Statement

Answers = Mapping[str, Sequence[Statement]]
"""The statements of one notebook by question."""
Keys = frozenset[str]
"""An answer without the order of its statements: the key of each."""

SAME = 0.8
"""The share of equal statements from which on two answers are the same: one of twenty may have changed, and shows in
one that uses it."""
MARGIN = 7.0
"""Bits beyond what the likeliest pair of a class has by chance. Of 204 honest classes of 5 to 300, drawn as in
`tests/honest.py` from few habits, the best pair reaches 5.1; a disguised copy in a class of 25 has 8.9 at least."""


@dataclass(frozen=True)
class Likeness:
    """Two students whose answers are the same in the questions of `authors`, each with how many wrote it so.

    `bits` is the surprise at it, beyond that at the likeliest pair of the class.
    """

    one: str
    other: str
    authors: Mapping[str, int]
    bits: float


@dataclass(frozen=True)
class _Asked:
    """How a class answered a question: `members` of each group with one answer, students by their place.

    `own` is the group of each student who answered. `alike` are the groups that count as the same as each group, itself
    among them, with how many wrote it so: the more, of those like either.
    """

    question: str
    own: Mapping[int, int]
    members: Sequence[Array]
    alike: Sequence[Mapping[int, int]]

    def bits(self, many: int) -> float:
        """The surprise at two of `many` students who wrote the same."""
        return log2((len(self.own) - 1) / (many - 1)) if many > 1 else 0.0

    def authors(self, one: int, other: int) -> int:
        """How many wrote what two students share; 0 where they do not."""
        mine, theirs = self.own.get(one), self.own.get(other)
        return 0 if mine is None or theirs is None else self.alike[mine].get(theirs, 0)


def likenesses(class_: Mapping[str, Mapping[str, Keys]]) -> list[Likeness]:
    """The pairs whose notebooks for one lab have more in common than chance explains; the most surprising first.

    Where k of the n who answered a question wrote the same, so does one of the others for a chance of
    (k - 1) / (n - 1): that two share it surprises by minus its log2, in bits. An answer counts as one whatever its
    length, because one habit of writing shows in all its lines. The surprise at a pair must exceed that at the
    best of all pairs of the class, log2 of their number, by `MARGIN`.
    """
    students = sorted(class_)
    questions = dict.fromkeys(question for answers in class_.values() for question in answers)
    asked = [_asked(question, [class_[student].get(question) for student in students]) for question in questions]
    chance = log2(max(1.0, len(students) * (len(students) - 1) / 2))
    found = []
    # Student by student: a large class has millions of pairs, of which most share what is usual.
    for place, one in enumerate(students):
        bits = _surprise(place, asked, len(students))
        for other in np.flatnonzero(bits >= chance + MARGIN).tolist():
            authors = {each.question: many for each in asked if (many := each.authors(place, other))}
            found.append(Likeness(one, students[other], authors, float(bits[other]) - chance))
    return sorted(found, key=lambda likeness: (-likeness.bits, likeness.one, likeness.other))


def groups(found: Sequence[Likeness]) -> list[list[Likeness]]:
    """The pairs of students who share directly or through others, by group; of the most surprising pair first."""
    graph = networkx.Graph((likeness.one, likeness.other) for likeness in found)
    group = {name: place for place, names in enumerate(networkx.connected_components(graph)) for name in names}
    together: dict[int, list[Likeness]] = {}
    for likeness in found:
        together.setdefault(group[likeness.one], []).append(likeness)
    return list(together.values())


def _surprise(place: int, asked: Sequence[_Asked], count: int) -> Array:
    """The bits that one student shares with each of those who come later."""
    bits = np.zeros(count)
    for each in asked:
        if place in each.own:
            for group, many in each.alike[each.own[place]].items():
                bits[each.members[group]] += each.bits(many)
    bits[: place + 1] = 0
    return bits


def _asked(question: str, answers: Sequence[Keys | None]) -> _Asked:
    groups: dict[Keys, list[int]] = {}
    for place, keys in enumerate(answers):
        if keys:
            groups.setdefault(keys, []).append(place)
    sizes = [len(group) for group in groups.values()]
    near = [(one, other) for (one, left), (other, right) in combinations(enumerate(groups), 2) if _near(left, right)]
    many = list(sizes)
    for one, other in near:
        many[one] += sizes[other]
        many[other] += sizes[one]
    alike: list[dict[int, int]] = [{group: own} for group, own in enumerate(many)]
    for one, other in near:
        alike[one][other] = alike[other][one] = max(many[one], many[other])
    own = {place: group for group, places in enumerate(groups.values()) for place in places}
    return _Asked(question, own, [np.array(places) for places in groups.values()], alike)


def _near(one: Keys, other: Keys) -> bool:
    if min(len(one), len(other)) < SAME * max(len(one), len(other)):
        return False
    common = len(one & other)
    return common >= SAME * (len(one) + len(other) - common)
