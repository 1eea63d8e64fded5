"""Code and terminal text as HTML: the colours of Python, and those of a traceback.

Knows tokens and escape sequences. Refuses to know what the code does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from io import StringIO
from itertools import accumulate
from keyword import iskeyword
from tokenize import COMMENT, NAME, NUMBER, STRING, TokenError, generate_tokens
from typing import Final

from markupsafe import Markup, escape
from nbconvert.filters.ansi import ansi2html, strip_ansi

from grader.pages.sanitize import visible

LONGEST: Final = 10_000
"""Characters that are highlighted; the tokenizer's time may grow with their square."""
_CLASSES: Final = {COMMENT: "c", STRING: "s", NUMBER: "m"}
_NAMED: Final = {"def": "nf", "class": "nc", "@": "nd"}
"""The class of the name that follows a word."""
_OPERATORS: Final = frozenset({"and", "or", "not", "in", "is"})


@lru_cache(maxsize=512)
def highlighted(source: str) -> Markup:
    """Python as HTML, with a class for each kind of token that has a colour in the style sheet.

    A long text stays plain, and so does what follows in a text that is no Python.
    """
    rows = "\n".join(row.rstrip() for row in visible(source).split("\n"))
    if len(rows) > LONGEST:
        return escape(rows)
    parts: list[str] = []
    at = 0
    # Python's own tokens: a lexer that is made for broken code and any dialect takes three times as long.
    for start, end, kind in _coloured_tokens(rows):
        parts += escape(rows[at:start]), f'<span class="{kind}">', escape(rows[start:end]), "</span>"
        at = end
    return Markup("".join([*parts, escape(rows[at:])]))


def _coloured_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a token with a colour begins and ends in a text, and its class, up to where that is no Python."""
    starts = [0, *accumulate(len(row) + 1 for row in text.split("\n"))]
    before = ""
    try:
        for token in generate_tokens(StringIO(text).readline):
            kind = _CLASSES.get(token.type) or (_of_name(token.string, before) if token.type == NAME else "")
            if kind:
                (row, column), (last, end) = token.start, token.end
                yield starts[row - 1] + column, starts[last - 1] + end, kind
            # In the middle of a line it is a matrix product.
            before = token.string if token.string != "@" or token.line.lstrip().startswith("@") else ""
    except (TokenError, SyntaxError):
        return


def _of_name(name: str, before: str) -> str:
    if name in _OPERATORS:
        return "ow"
    return "k" if iskeyword(name) else _NAMED.get(before, "")


def coloured(text: str) -> Markup:
    """What a program printed, the sixteen named colours turned into classes; a carriage return starts a line anew.

    Other colours are dropped: they are made for a background that the page may not have.
    """
    text = "\n".join(row.rstrip("\r").rpartition("\r")[2] for row in text.split("\n"))
    try:
        html = ansi2html(text)
    # nbconvert's filter gives up on a colour without its numbers, such as ESC[38m.
    except (ValueError, IndexError):
        html = escape(strip_ansi(text))
    # Quotes in the text itself are escaped by now.
    return Markup(visible(re.sub(r' style="[^"]*"', "", html)))
