"""A sheet's text with other numbers: its phrases found in it, and put there anew.

Knows the notation of phrases: a name in « » is filled in. Refuses to know what a number is for, and to change what
no phrase speaks of: a phrase that is not in the text is an error of the lab's author.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jinja2 import Environment, StrictUndefined


class WordingError(Exception):
    """The author's fault: a phrase that the sheet does not have, or that two numbers claim."""


def coefficient(number: int, after: str = "") -> str:
    """A coefficient as written before its letter: 1 is left out."""
    return "" if number == 1 else f"{number}{after}"


def factor(number: int) -> str:
    """A coefficient as written in code."""
    return coefficient(number, " * ")


_NOTATION = Environment(
    variable_start_string="«",
    variable_end_string="»",
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
)
_NOTATION.filters |= {"coefficient": coefficient, "factor": factor}


def filled(template: str, words: Mapping[str, object]) -> str:
    """A template with its names filled in."""
    return _NOTATION.from_string(template).render(words)


def reworded(text: str, phrases: Sequence[str], sheet: Mapping[str, object], own: Mapping[str, object]) -> str:
    """The sheet's text with a variant's words in every phrase.

    All phrases are found at once, so that none is found in what another has put. Raises WordingError.
    """
    put: dict[str, str] = {}
    for phrase in phrases:
        found, said = filled(phrase, sheet), filled(phrase, own)
        if found not in text:
            raise WordingError(f"the sheet nowhere says {found!r}, which is the phrase {phrase!r}")
        if put.setdefault(found, said) != said:
            raise WordingError(f"two phrases claim {found!r}: say more of the text around it in each")
    pattern = "|".join(re.escape(found) for found in sorted(put, key=len, reverse=True))
    # A number is not found inside a longer one.
    return re.sub(rf"(?<![\d.])(?:{pattern})(?!\d)", lambda match: put[match[0]], text)
