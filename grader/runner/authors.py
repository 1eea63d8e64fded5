"""Whose a notebook is, so far as its name tells: that several people's lie in one folder.

Knows Canvas's names, and which words people put into the name of an assignment. Refuses to open a file, and to know
who is in a class.

The rule: notebooks in Canvas's pattern, `doejane_[LATE_]12345_678901_lab2.ipynb`, are of several people where name
and number in front differ. Others are so where two answer one lab, and each has words in its name that the other has
not, once the lab's words, numbers, and words for versions and homework are taken out: `ada_lab2` and `bob_lab2`, but
not `lab2`, `lab2 (1)` and `lab2_final`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

SHOWN: Final = 3
"""Names of files that a sentence lists; the rest are counted."""
CANVAS: Final = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<number>\d+)_\d+_.+", re.DOTALL)
DATE: Final = r"(?:19|20)\d{6}|\d{4}(?:19|20)\d\d"
WORD: Final = re.compile(rf"([^\W\d_]+)\d{{2,}}|([^\W\d_]{{2,}})|(?<!\d)(?!(?:{DATE})(?!\d))\d{{7,9}}(?!\d)")
"""A word, or an id such as u1234, the letters as a group; or a number that is as long as a student's, and no date."""
LAB: Final = re.compile(r"labs?(?=[\W\d_]|$)")
ORDINARY: Final = frozenset(
    "v and for from my of the to with an by in it me one two three first second third last next other another "
    "version ver rev final finale latest new newer newest old older original orig copy kopie copia duplicate draft "
    "attempt try retry redo again fix fixed fixes corrected correction corrections edit edited update updated improved "
    "better best good right wrong done ready finished finish complete completed full clean cleaned working works work "
    "wip progress part partial half backup bak temp tmp test tests testing tested checkpoint save saved run runs ran "
    "submission submissions submit submitted resubmission resubmit resubmitted late ontime graded grade feedback "
    "solution solutions solved answer answers homework hw ps pset problem problems set assignment assign task tasks "
    "exercise exercises sheet week day unit chapter lecture course class project practical tutorial workshop session "
    "notebook notebooks nb ipynb jupyter colab python py torch pytorch numpy sympy deep learning dl ml ai neural "
    "network networks loop loops vectorized vectorised slow fast simple long short naive stable manual autograd hand "
    "extra bonus optional main notes discussion scratch playground experiment experiments plot plots figures comments "
    "commented explained english untitled unbenannt student name local remote home uni laptop online github download "
    "jan feb mar apr may jun jul aug sep oct nov dec gpu cpu cuda".split()
)
"""Words that say which version or whose homework it is, and not who wrote it."""


def senders(notebooks: Sequence[Path]) -> list[str]:
    """Names of notebooks as Canvas calls them, one of each person, where there is more than one; else none."""
    people: dict[tuple[str, str], str] = {}
    for path in notebooks:
        if match := CANVAS.fullmatch(path.stem):
            people.setdefault((match["name"].casefold(), match["number"]), path.name)
    return list(people.values()) if len(people) > 1 else []


def authors(notebooks: Sequence[Path], lab: Collection[str]) -> list[str]:
    """Names of notebooks for one lab of which two are called after different people; none where no two are.

    `lab` are words that the lab's name may have.
    """
    words = {path.name: _words(path.stem, ORDINARY.union(lab)) for path in notebooks}
    apart = any(a and b and not a & b for a, b in combinations(words.values(), 2))
    return [name for name, own in words.items() if own] if apart else []


def of_several(names: Sequence[str]) -> str:
    """The sentence about a folder with the notebooks of several people, some of which are named."""
    return (
        f"This folder holds notebooks of several people ({listed(names)}): give each student a folder of their own, or "
        "leave only those of one."
    )


def listed(names: Sequence[str]) -> str:
    """Some names for a sentence: the first few, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _words(name: str, ordinary: Collection[str]) -> frozenset[str]:
    found = WORD.finditer(LAB.sub(" ", name.casefold()))
    return frozenset(match[0] for match in found if (match[1] or match[2]) not in ordinary)
