"""Code and terminal text as HTML: the colours of Python, and those of a traceback.

Knows tokens and escape sequences. Refuses to know what the code does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from markupsafe import Markup
from nbconvert.filters.ansi import ansi2html, strip_ansi
from pygments import highlight
from pygments.filter import Filter
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text

from grader.desk.plain import visible

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


class Few(Filter):
    """Keeps the kinds of token that have a colour in our style sheet; a page is a third the size for it."""

    def filter(self, lexer: Any, stream: Any) -> Iterator[tuple[Any, str]]:
        """The tokens, most of them plain text now."""
        for kind, value in stream:
            yield next((k for k in _COLOURED if kind in k), Text), value


@cache
def _lexer() -> Lexer:
    lexer = get_lexer_by_name("ipython3", stripnl=False, ensurenl=False)
    lexer.add_filter(Few())
    lexer.add_filter("tokenmerge")
    return lexer


def highlighted(source: str) -> Markup:
    """Python, magics included, as HTML with a class for each kind of token."""
    return Markup(highlight(visible(source), _lexer(), HtmlFormatter(nowrap=True)))


def coloured(text: str) -> Markup:
    """What a program printed, its escape sequences turned into classes; carriage returns overwrite a line."""
    text = "\n".join(row.rstrip("\r").rpartition("\r")[2] for row in text.split("\n"))
    try:
        return Markup(visible(ansi2html(text)))
    # nbconvert's filter gives up on a colour without its numbers, such as ESC[38m.
    except (ValueError, IndexError):
        return Markup(visible(str(Markup.escape(strip_ansi(text)))))
