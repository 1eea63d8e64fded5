"""Code and terminal text as HTML: the colours of Python, and those of a traceback.

Knows tokens and escape sequences. Refuses to know what the code does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final

from markupsafe import Markup, escape
from nbconvert.filters.ansi import ansi2html, strip_ansi
from pygments import highlight  # type: ignore[import-untyped]
from pygments.filter import Filter  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]
from pygments.token import (  # type: ignore[import-untyped]
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    String,
    Text,
)

from grader.desk.plain import visible

LONGEST: Final = 10_000
"""Characters that are highlighted; the lexer's time may grow with their square."""
_COLOURED: Final = (
    Comment,
    Keyword,
    Name.Function,
    Name.Class,
    Name.Decorator,
    Operator.Word,
    Number,
    String,
)


class Few(Filter):  # type: ignore[misc]
    """Keeps the kinds of token that have a colour in our style sheet; a page is a third the size for it."""

    def filter(self, lexer: Any, stream: Any) -> Iterator[tuple[Any, str]]:
        """The tokens, most of them plain text now."""
        for kind, value in stream:
            yield next((k for k in _COLOURED if kind in k), Text), value


@cache
def _lexer() -> Lexer:
    # The lexer for IPython takes minutes for lines of spaces, and hands magics on to other languages' lexers.
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    lexer.add_filter(Few())
    lexer.add_filter("tokenmerge")
    return lexer


@lru_cache(maxsize=512)
def highlighted(source: str) -> Markup:
    """Python as HTML with a class for each kind of token; a long text, and what is no Python, stays plain."""
    rows = "\n".join(row.rstrip() for row in visible(source).split("\n"))
    if len(rows) > LONGEST:
        return escape(rows)
    return Markup(highlight(rows, _lexer(), HtmlFormatter(nowrap=True)))


def coloured(text: str) -> Markup:
    """What a program printed, the sixteen named colours turned into classes; a carriage return starts a line anew.

    Other colours are dropped: they are made for a background that the page may not have.
    """
    text = "\n".join(row.rstrip("\r").rpartition("\r")[2] for row in text.split("\n"))
    try:
        html = ansi2html(text)  # type: ignore[no-untyped-call]
    # nbconvert's filter gives up on a colour without its numbers, such as ESC[38m.
    except (ValueError, IndexError):
        html = escape(strip_ansi(text))  # type: ignore[no-untyped-call]
    # Quotes in the text itself are escaped by now.
    return Markup(visible(re.sub(r' style="[^"]*"', "", html)))
