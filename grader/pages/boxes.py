"""A tensor as little boxes, axis by axis, with its shape.

Knows how up to three axes lie on a page, and how many entries are shown. Refuses to know torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grader.pages.templating import template

ENTRIES: Final = 8
"""Entries along an axis that are shown, and sheets of a third axis."""


@dataclass(frozen=True)
class TensorEntries:
    """A tensor's `shape`, the name of its dtype, and its entries as nested lists of texts."""

    shape: tuple[int, ...]
    dtype: str
    entries: Any


@dataclass(frozen=True)
class Sheet:
    """Two axes of a tensor: rows of texts; `index` is the sheet's place on the first of three axes."""

    index: str
    rows: tuple[tuple[str, ...], ...]


AXES: Final = {
    0: "",
    1: "axis 0 →",
    2: "axis 0 ↓, axis 1 →",
    3: "axis 0: from sheet to sheet, axis 1 ↓, axis 2 →",
}


def boxes_card(found: TensorEntries) -> str:
    """A tensor of up to three axes as HTML; of one with more, its shape."""
    made: str = template("boxes.html.j2").render(
        shape=found.shape, dtype=found.dtype, axes=AXES.get(len(found.shape), ""), sheets=_sheets(found)
    )
    return made


def _sheets(found: TensorEntries) -> tuple[Sheet, ...]:
    match len(found.shape):
        case 0:
            return (Sheet("", ((found.entries,),)),)
        case 1:
            return (Sheet("", (_cut(found.entries),)),)
        case 2:
            return (Sheet("", _rows(found.entries)),)
        case 3:
            return tuple(Sheet(f"[{i}]", _rows(rows)) for i, rows in enumerate(found.entries[:ENTRIES]))
    return ()


def _rows(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    shown = [_cut(row) for row in rows[:ENTRIES]]
    return (*shown, ("…",) * len(shown[0])) if len(rows) > ENTRIES else tuple(shown)


def _cut(row: Sequence[str]) -> tuple[str, ...]:
    return (*row[:ENTRIES], "…") if len(row) > ENTRIES else tuple(row)
