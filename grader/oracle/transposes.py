"""Arrays of symbols turned round: which entry stands where after a transpose.

Knows entries and their places. Refuses to know formulas.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sympy import Symbol

from grader.oracle.graph import Variable, entries, shape_of


def placed(variable: Variable) -> Any:
    """The symbols of an array in its shape."""
    return np.array(entries(variable), dtype=object).reshape(shape_of(variable))


def turned(variable: Variable) -> dict[Symbol, Symbol]:
    """What each entry of a square array becomes by a transpose."""
    places = placed(variable)
    return dict(zip(places.ravel(), places.T.ravel(), strict=True))


def reshaped(variable: Variable) -> dict[Symbol, Symbol]:
    """What each entry of a matrix becomes if it is reshaped where it should be transposed."""
    places = placed(variable)
    rows, columns = places.shape
    return dict(zip(places.ravel(), places.ravel().reshape(columns, rows).T.ravel(), strict=True))
