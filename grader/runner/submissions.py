"""Finding submissions: which files belong to which student.

Knows how a class lies on disk. Refuses to open a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class SubmissionsError(Exception):
    """The caller's fault: a path that holds no submissions. The text is a sentence for people."""


@dataclass(frozen=True)
class Submission:
    """One notebook file of one student."""

    student: str
    path: Path


def find_submissions(paths: Iterable[Path]) -> list[Submission]:
    """The notebooks under notebooks, students' folders and classes, by student and file name.

    Raises SubmissionsError for a path that is not there or holds none.
    """
    found: dict[Path, Submission] = {}
    for path in paths:
        for submission in _found_in(path):
            found.setdefault(submission.path.absolute(), submission)
    return sorted(found.values(), key=lambda s: (s.student, s.path.name))


def _found_in(path: Path) -> list[Submission]:
    if not path.exists():
        raise SubmissionsError(f"There is no file or folder called {path}.")
    if not path.is_dir():
        return [Submission(path.absolute().parent.name, path)]
    own = _notebooks(path)
    if own:
        return [Submission(path.absolute().name, notebook) for notebook in own]
    students = sorted(folder for folder in path.iterdir() if folder.is_dir() and folder.name[:1] != ".")
    found = [Submission(s.name, notebook) for s in students for notebook in _notebooks(s)]
    if not found:
        raise SubmissionsError(
            f"No notebooks were found in {path}. A class is a folder with a folder for each student, and "
            "their .ipynb files in it."
        )
    return found


def _notebooks(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix == ".ipynb" and not p.is_dir())
