"""Who in a class gave the same answers, where hardly anybody else did: evidence to look at, and no verdict.

Knows how usual each answer is in the class. Refuses to know what is right, and to call anybody anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import log2

from grader.judge.normal import Statement

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


def likenesses(class_: Mapping[str, Mapping[str, Keys]]) -> list[Likeness]:
    """The pairs whose notebooks for one lab have more in common than chance explains; the most surprising first.

    Where k of the n who answered a question wrote the same, so does one of the others for a chance of
    (k - 1) / (n - 1): that two share it surprises by minus its log2, in bits. An answer counts as one whatever its
    length, because one habit of writing shows in all its lines. The surprise at a pair must exceed that at the
    best of all pairs of the class, log2 of their number, by `MARGIN`.
    """
    bits: dict[tuple[str, str], float] = {}
    authors: dict[tuple[str, str], dict[str, int]] = {}
    for question in dict.fromkeys(q for answers in class_.values() for q in answers):
        keys = {student: own[question] for student, own in class_.items() if own.get(question)}
        count = len(keys)
        for pair, many in _same(keys):
            bits[pair] = bits.get(pair, 0.0) + log2((count - 1) / (many - 1))
            authors.setdefault(pair, {})[question] = many
    pairs = len(class_) * (len(class_) - 1) / 2
    beyond = {pair: found - log2(pairs) for pair, found in bits.items()}
    found = [Likeness(*pair, authors[pair], more) for pair, more in beyond.items() if more >= MARGIN]
    return sorted(found, key=lambda likeness: (-likeness.bits, likeness.one, likeness.other))


def _same(answers: Mapping[str, Keys]) -> Iterator[tuple[tuple[str, str], int]]:
    """The pairs of students with the same answer, and how many wrote it so: the more, of those like either."""
    groups: dict[Keys, list[str]] = {}
    for student, keys in sorted(answers.items()):
        groups.setdefault(keys, []).append(student)
    near = [(one, other) for one, other in combinations(groups, 2) if _near(one, other)]
    many = {keys: len(group) for keys, group in groups.items()}
    for one, other in near:
        many[one] += len(groups[other])
        many[other] += len(groups[one])
    for keys, group in groups.items():
        yield from ((pair, many[keys]) for pair in combinations(group, 2))
    for one, other in near:
        for left, right in product(groups[one], groups[other]):
            yield (min(left, right), max(left, right)), max(many[one], many[other])


def _near(one: Keys, other: Keys) -> bool:
    if min(len(one), len(other)) < SAME * max(len(one), len(other)):
        return False
    common = len(one & other)
    return common >= SAME * (len(one) + len(other) - common)
