"""Text that a student wrote, made fit to be shown: cut to a length, with nothing hidden in it.

Knows characters. Refuses to know where the text is shown.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from markupsafe import Markup

_NAMED: Final = "\u27e8U+{:04X}\u27e9"
_JOINERS: Final = "\u200c\u200d"
_BIDIRECTIONAL: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE: Final = (
    {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
    | {0x7F: "\u2421"}
    | {code: _NAMED.format(code) for code in (*range(0x80, 0xA0), *_BIDIRECTIONAL)}
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
)


def visible(text: str) -> str:
    """The text with control characters, marks that turn its direction, and half characters made visible.

    Tabs and line ends stay.
    """
    return text.translate(_VISIBLE)


def spelled_out(text: str) -> str:
    """A text in one line, with everything made visible: also line ends, tabs, and characters that show nothing.

    Only the two joiners that some scripts and emoji need stay as they are.
    """
    return "".join(_spelled(character) for character in visible(text))


def _spelled(character: str) -> str:
    if character in "\t\n":
        return chr(0x2400 + ord(character))
    if unicodedata.category(character) in ("Cf", "Zl", "Zp") and character not in _JOINERS:
        return _NAMED.format(ord(character))
    return character


def shown(value: object) -> object:
    """What a template is given, with texts made visible; text that is HTML already was treated before."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of a text, and a notice where there were more."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n\u2026 ({len(text) - limit:,} more characters are not shown)"


def line(text: str, limit: int) -> str:
    """A text in one visible line of at most `limit` characters."""
    joined = " ".join(visible(text[: 4 * limit]).split())
    return joined if len(joined) <= limit else joined[: limit - 1].rstrip() + "\u2026"


def points(value: float) -> str:
    """Points to the hundredth, without zeros that say nothing: 21, 20.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
