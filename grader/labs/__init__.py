"""What each lab asks, what is right, and for how many points.

A lab is the module of its name in this folder, with `LAB` in it; the folder listing is the list of labs. `FAMILY` is
the same lab with other numbers: a student's own.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from grader.judge.model import Lab
from grader.oracle.variants import Family, Numbers

__all__ = ["Family", "Numbers", "all_labs", "family"]


@cache
def all_labs() -> tuple[Lab, ...]:
    """Every lab, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").LAB for name in names)


def family(name: str) -> Family:
    """The variants of a lab."""
    found: Family = importlib.import_module(f"{__name__}.{name}").FAMILY
    return found
