"""What a student's notebook finds where the grader's package would be: a `check` that does nothing.

Knows the names that a notebook may import. Refuses to know the grader: while it is in place, nothing
else of the grader, and no solution, can be imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_OURS = ("grader", "solutions")


def check(*_: object, **__: object) -> None:
    """Accept anything, and say nothing."""


def checking(*_: object, **__: object) -> Callable[..., None]:
    """Accept any numbers, and give that `check`."""
    return check


class _Refusal:
    """Finds no module of ours, and lets no other finder look."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse our names, and leave the others to the finders that follow."""
        if name.partition(".")[0] in _OURS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _anything(name: str) -> Callable[..., None]:
    if name.startswith("__"):
        raise AttributeError(name)
    return check


def install() -> None:
    """Put the stand-in where `grader.student` was, and forget every other module of ours."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    package, student = ModuleType("grader"), ModuleType("grader.student")
    package.__path__ = []
    student.__dict__.update(check=check, checking=checking, __getattr__=_anything)
    package.__dict__["student"] = student
    sys.modules.update({"grader": package, "grader.student": student})
    sys.meta_path.insert(0, _Refusal())
