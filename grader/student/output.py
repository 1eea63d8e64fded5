"""Where a student sees what is shown: a card in a notebook, its text elsewhere.

Knows IPython's display. Refuses to know what is said.
"""

from __future__ import annotations

from collections.abc import Callable

from IPython.core.getipython import get_ipython
from IPython.display import display


def show(text: str, html: Callable[[], str]) -> None:
    """A card where there is a notebook, and its text elsewhere."""
    if hasattr(get_ipython(), "kernel"):
        display({"text/html": html(), "text/plain": text}, raw=True)
    else:
        print(text)


def show_markdown(text: str) -> None:
    """A text with formulas: set in a notebook, as it is elsewhere."""
    if hasattr(get_ipython(), "kernel"):
        display({"text/markdown": text, "text/plain": text}, raw=True)
    else:
        print(text)


def say(text: str) -> None:
    """A sentence."""
    print(text)
