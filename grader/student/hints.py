"""`hint`: the next of an exercise's hints, those that the sheet folds away.

Knows how many were given. Refuses to know the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, Final

from grader.student.output import say, show_markdown

HINTS: Final = "hints.json"
"""The file that `grader build` writes from the sheets: hints by exercise."""

_given: Final[dict[str, int]] = {}


def hint(name: str | Callable[..., Any]) -> None:
    """Show the next hint of an exercise; after the last, the first again."""
    called = name if isinstance(name, str) else getattr(name, "__name__", str(name))
    known = _hints().get(called)
    if not known:
        say(f"There is no hint for {called}.")
        return
    place = _given.get(called, 0) % len(known)
    _given[called] = place + 1
    show_markdown(f"**Hint {place + 1} of {len(known)} for `{called}`.** {known[place]}")


@cache
def _hints() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((files("grader.student") / HINTS).read_text("utf-8"))
    return found
