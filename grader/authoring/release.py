"""Notebooks with each student's own numbers.

Knows how a sheet's text becomes a variant's, and what the first cell must say. Refuses to know the secret: it is
given numbers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from grader.authoring.notebooks import student_notebook, written
from grader.authoring.phrases import reworded
from grader.desk.course import Course, CourseError
from grader.desk.files import folder_name, write_whole
from grader.judge.model import Lab
from grader.labs import Family, Numbers, family


def own_text(text: str, variants: Family, numbers: Numbers) -> str:
    """A solution with a variant's numbers, from that of the sheet. Raises WordingError."""
    return reworded(text, variants.phrases, variants.said(variants.sheet), variants.said(numbers))


def own_notebook(text: str, variants: Family, numbers: Numbers) -> NotebookNode:
    """The notebook of a student with these numbers; its first cell tells them to `check`."""
    arguments = textwrap.fill(f'"{variants.name}", {variants.written(numbers)}', 92)
    own_check = f"check = checking(\n{textwrap.indent(arguments, '    ')}\n)"
    setup = f"from grader.student import checking, draw, hint, sweep\n\n{own_check}"
    return student_notebook(own_text(text, variants, numbers), variants.lab(numbers), setup)


def release(root: Path, course: Course, labs: Iterable[Lab], out: Path) -> Iterator[Path]:
    """Write `out/<student>/<lab>.ipynb` for every student of the course; the paths as they are written.

    Raises CourseError where another notebook is there already: it may be a student's work.
    """
    for lab in labs:
        variants = family(lab.name)
        text = (root / "solutions" / f"{lab.name}.py").read_text("utf-8")
        for student, numbers in course.numbers(lab.name).items():
            path = out / folder_name(student) / f"{lab.name}.ipynb"
            content = written(own_notebook(text, variants, numbers)).encode()
            if path.exists() and path.read_bytes() != content:
                raise CourseError(f"{path} is there already, and another: release into a folder of its own.")
            write_whole(path, content)
            yield path
