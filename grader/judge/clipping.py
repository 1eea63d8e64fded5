"""How much of what a student's code gave is repeated: characters of a text, items of a list, remarks.

Knows measures. Refuses to know what is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice
from typing import Final

NAME: Final = 100
LISTED: Final = 50
"""Characters of one name, and names of a list: no lab asks for so many."""
FEW: Final = 5
"""Names of a list that is longer than anybody can use."""
FACT: Final = 1_000
FINDING: Final = 2_000
MESSAGE: Final = 3_000
"""Characters of one fact in a sentence, of a whole sentence, and of all that is said of a question."""
SAID: Final = 10
SUBJECTS: Final = 100
"""Different things said beside a mark, and remarks that say them, each of its own part of an answer."""


def clipped(text: str, most: int) -> str:
    """At most `most` characters of a text; one that goes on ends with …"""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def listed(names: Collection[str], most: int = NAME, spelt: Callable[[str], str] = str, count: int = LISTED) -> str:
    """Up to `count` names, each as it is `spelt` with at most `most` characters, and how many more there are."""
    shown = [clipped(spelt(name), most) for name in islice(names, count)]
    left = len(names) - len(shown)
    return ", ".join([*shown, f"and {left} more"] if left else shown)


def bounded(facts: dict[str, object], most: int = FACT) -> dict[str, object]:
    """The facts of a sentence, their texts clipped."""
    return {name: clipped(fact, most) if isinstance(fact, str) else fact for name, fact in facts.items()}
