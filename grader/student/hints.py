"""`hint`: the next of an exercise's hints, those that the sheet folds away.

Knows how many were given. Refuses to know the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, Final

from grader.student.caller import name_of
from grader.student.output import show

HINTS: Final = "hints.json"
"""The file that `grader build` writes from the sheets: hints by exercise."""

_given: Final[dict[str, int]] = {}


def hint(name: str | Callable[..., Any]) -> None:
    """Show the next hint of an exercise; after the last, the first again."""
    called = name_of(name)
    known = _hints().get(called)
    if not known:
        print(f"There is no hint for {called}.")
        return
    place = _given.get(called, 0) % len(known)
    _given[called] = place + 1
    text = f"**Hint {place + 1} of {len(known)} for `{called}`.** {known[place]}"
    # Formulas are set where Markdown is.
    show(text, lambda: text, "text/markdown")


@cache
def _hints() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((files("grader.student") / HINTS).read_text("utf-8"))
    return found
