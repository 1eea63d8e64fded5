"""What verification holds a lab against itself in: the sheet, variants of it, and some exercises of either alone.

Knows where the project's folders have its text, its notebook and its mistakes. Refuses to know what these must earn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.authoring.planted import Mistake, definition, read_mistakes, worded
from grader.authoring.release import own_notebook, own_text
from grader.judge.model import Lab
from grader.labs import family


@dataclass(frozen=True)
class Held:
    """A lab to be held against itself: the sheet, or a variant.

    `blank` are the cells of the notebook given out, `touched` the questions in which mistakes are planted.
    """

    name: str
    lab: Lab
    text: str
    blank: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    touched: frozenset[str]


def sheet(root: Path, lab: Lab) -> Held:
    """A lab as it is on the sheet, from the project's folders."""
    variants = family(lab.name)
    text = (root / "solutions" / f"{lab.name}.py").read_text("utf-8")
    blank = code_of(nbformat.read(root / "labs" / f"{lab.name}.ipynb", 4))
    mistakes = read_mistakes(root / "tests" / "mistakes" / f"{lab.name}.toml")
    names = frozenset(question.name for question in lab.questions)
    return Held(lab.name, lab, text, blank, worded(mistakes, variants.said(variants.sheet)), names)


def variant(root: Path, lab: Lab, seed: str, number: int) -> Held:
    """A variant that the seed and its number draw, with the mistakes of the questions that its numbers touch.

    What they do not touch is the sheet's, and is verified there.
    """
    variants, of_sheet = family(lab.name), sheet(root, lab)
    numbers = variants.draw(seed.encode(), f"variant {number}")
    own, text = variants.lab(numbers), own_text(of_sheet.text, variants, numbers)
    touched = frozenset(
        after.name
        for before, after in zip(lab.questions, own.questions, strict=True)
        if before != after or definition(text, after.name) != definition(of_sheet.text, after.name)
    )
    planned = [m for m in read_mistakes(root / "tests" / "mistakes" / f"{lab.name}.toml") if m.question in touched]
    blank = code_of(own_notebook(of_sheet.text, variants, numbers))
    mistakes = worded(planned, variants.said(numbers))
    return Held(f"{lab.name}, variant {number}", own, text, blank, mistakes, touched)


def code_of(notebook: NotebookNode) -> tuple[str, ...]:
    """The sources of a notebook's code cells."""
    return tuple(cell.source for cell in notebook.cells if cell.cell_type == "code")


def narrowed(held: Held, only: frozenset[str]) -> Held:
    """The same with mistakes in `only` these exercises; in all of them where none is named."""
    if not only:
        return held
    mistakes = tuple(mistake for mistake in held.mistakes if mistake.question in only)
    return replace(held, mistakes=mistakes, touched=held.touched & only)
