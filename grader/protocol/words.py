"""Single words and numbers of what comes back, each taken for what it should be or for nothing.

Knows how long a text may be. Refuses to know what one says.
"""

from __future__ import annotations

from typing import Final

from grader.protocol.caps import RESULT_CAPS
from grader.protocol.frames import FrameError

SMALL: Final = 1_000
LONGEST: Final = RESULT_CAPS.text + 1


def errno_of(found: object) -> int:
    """A small whole number, as those of `errno` are. Raises FrameError."""
    if type(found) is not int or not 0 <= found < SMALL:
        raise FrameError("a number is no number")
    return found


def text_of(word: object) -> str:
    """A text of no more characters than are sent. Raises FrameError."""
    if not isinstance(word, str) or len(word) > LONGEST:
        raise FrameError("a word is no word")
    return word
