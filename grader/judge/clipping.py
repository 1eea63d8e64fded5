"""How much of what a student's code gave is repeated: characters of a text, items of a list, remarks.

Knows measures. Refuses to know what is said.
"""

from __future__ import annotations

from typing import Final

NAME: Final = 100
LISTED: Final = 50
"""Characters of one name, and names of a list: no lab asks for so many."""
FEW: Final = 5
"""Names of a list that is longer than anybody can use."""
SHOWN: Final = 12
"""Entries up to which an array is told whole."""
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
