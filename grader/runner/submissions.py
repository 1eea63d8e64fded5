"""Finding submissions: which files belong to which student.

Knows how a class lies on disk. Refuses to open a notebook.
"""

from __future__ import annotations

import os
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


def without_notebooks(paths: Iterable[Path], out: Path) -> list[Path]:
    """The students' folders of classes in which there is no notebook; the output folder is none of them."""
    folders = (folder for path in paths if path.is_dir() and not _notebooks(path) for folder in _folders(path))
    return [
        folder for folder in folders if not _notebooks(folder) and not out.resolve().is_relative_to(folder.resolve())
    ]


def _found_in(path: Path) -> list[Submission]:
    if not path.exists():
        raise SubmissionsError(f"There is no file or folder called {path}.")
    if not path.is_dir():
        if not _is_notebook(path):
            raise SubmissionsError(f"{path} is no .ipynb file; unpack an archive first, and name its folder.")
        return [Submission(_named(path).parent.name, path)]
    own = _notebooks(path)
    found = [Submission(s.name, notebook) for s in _folders(path) for notebook in _notebooks(s)]
    if own and found:
        raise SubmissionsError(
            f"{path} holds {own[0].name} and also folders with notebooks, such as {found[0].student}. If it is a "
            "class, move the notebooks in it elsewhere; if it is a student's folder, name its notebooks one by one."
        )
    if own:
        return [Submission(_named(path).name, notebook) for notebook in own]
    if not found:
        raise SubmissionsError(
            f"No notebooks were found in {path}. A class is a folder with a folder for each student, and "
            "their .ipynb files in it."
        )
    return found


def _named(path: Path) -> Path:
    """The path with no ".." in it, which would be taken for a student; links stay, as their names may be students'."""
    return Path(os.path.normpath(path.absolute()))


def _folders(class_: Path) -> list[Path]:
    return sorted(folder for folder in class_.iterdir() if folder.is_dir() and folder.name[:1] != ".")


def _notebooks(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if _is_notebook(path) and path.name[:1] != "." and not path.is_dir()
    )


def _is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"
