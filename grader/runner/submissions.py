"""Finding submissions: which files belong to which student, and who handed in none that can be graded.

Knows how a class lies on disk: a folder for each student, with the notebooks directly in it. Refuses to open a
notebook, to follow a link out of the class, and to guess whose is what in a folder of several people's notebooks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.runner.authors import listed, of_several, senders

ARCHIVES: Final = frozenset({".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz"})

EMPTY: Final = "Nothing was handed in: the folder is empty."
CHECKPOINTS: Final = ".ipynb_checkpoints"
HIDDEN: Final = "This folder's name begins with a full stop, as those of hidden folders do; rename it, and grade again."
LINKED: Final = "This folder is a symbolic link, which is not followed; put a folder with the notebooks in its place."


class SubmissionsError(Exception):
    """The caller's fault: a path that holds no submissions. The text is a sentence for people."""


@dataclass(frozen=True)
class Submission:
    """One notebook file of one student."""

    student: str
    path: Path


@dataclass(frozen=True)
class Unusable:
    """What a student handed in that cannot be graded as it lies at `path`; `problem` is a sentence."""

    student: str
    path: Path
    problem: str


@dataclass(frozen=True)
class HandedIn:
    """All that was found, by student: notebooks, what holds none that can be graded, and whose folders are empty."""

    notebooks: tuple[Submission, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    empty: tuple[str, ...] = ()


def find_submissions(paths: Iterable[Path], out: Path | None = None) -> HandedIn:
    """What was handed in under notebooks, students' folders and classes; the output folder `out` is no student's.

    Raises SubmissionsError for a path that is not there, holds no notebook, or holds several people's.
    """
    notebooks: dict[Path, Submission] = {}
    unusable: dict[Path, Unusable] = {}
    empty: set[str] = set()
    for path in paths:
        found = _found_in(path, out)
        for submission in found.notebooks:
            notebooks.setdefault(submission.path.absolute(), submission)
        for one in found.unusable:
            unusable.setdefault(one.path.absolute(), one)
        empty.update(found.empty)
    return HandedIn(
        tuple(sorted(notebooks.values(), key=lambda s: (s.student, s.path.name))),
        tuple(sorted(unusable.values(), key=lambda u: (u.student, u.path.name))),
        tuple(sorted(empty)),
    )


def _found_in(path: Path, out: Path | None) -> HandedIn:
    if not path.exists():
        raise SubmissionsError(f"There is no file or folder called {path}.")
    if not path.is_dir():
        if not _is_notebook(path):
            raise SubmissionsError(f"{path} is no .ipynb file; unpack an archive first, and name its folder.")
        return HandedIn((Submission(_named(path).parent.name, path),))
    if all((path / room).is_dir() for room in ("grader", "labs", "solutions")):
        raise SubmissionsError(
            f"{path} is the project's own folder: name a class in it, such as {path / 'submissions'}, or one elsewhere."
        )
    entries = _entries(path)
    if entries is None:
        raise SubmissionsError(f"The folder {path} cannot be opened; change its permissions.")
    own = _notebooks(entries)
    if own and (people := senders(own)):
        raise SubmissionsError(
            f"{path} holds notebooks of several people, such as {listed(people)}: give each student a folder of their "
            "own with their notebooks in it, and name the folder that holds these."
        )
    class_ = _class(path, out)
    if own and class_.notebooks:
        raise SubmissionsError(
            f"{path} holds {own[0].name} and also folders with notebooks, such as {class_.notebooks[0].student}. If "
            "it is a class, move the notebooks in it elsewhere; if it is a student's folder, name its notebooks one "
            "by one."
        )
    if own:
        return HandedIn(tuple(Submission(_named(path).name, notebook) for notebook in own))
    if not class_.notebooks:
        raise SubmissionsError(
            f"No notebooks were found in {path}. A class is a folder with a folder for each student, and "
            f"their .ipynb files in it.{_reason(path, entries, class_)}"
        )
    return class_


def _reason(path: Path, entries: Sequence[Path], class_: HandedIn) -> str:
    """What was found in place of notebooks, where that says more than that there are none."""
    if class_.unusable:
        return f" Of {class_.unusable[0].student}: {class_.unusable[0].problem}"
    problem = "" if class_.empty else _problem(path, entries, [])
    return f" {problem}".rstrip()


def _class(path: Path, out: Path | None) -> HandedIn:
    """A class's folders, each a student's."""
    notebooks: list[Submission] = []
    unusable: list[Unusable] = []
    empty: list[str] = []
    away = out.resolve() if out else None
    here = path.resolve()
    for folder in sorted(path.iterdir()):
        if away and away.is_relative_to(here / folder.name):
            continue
        if folder.name[:1] == ".":
            # An id may begin so; what programs leave behind holds no notebooks, but for Jupyter's copies.
            lost = folder.name != CHECKPOINTS and folder.is_dir() and _notebooks(_entries(folder))
            unusable += [Unusable(folder.name, folder, HIDDEN)] if lost else []
            continue
        if folder.is_symlink():
            unusable += [] if folder.is_file() else [Unusable(folder.name, folder, LINKED)]
            continue
        if not folder.is_dir():
            continue
        own = _entries(folder)
        found = _notebooks(own)
        problem = _problem(folder, own, found)
        if problem:
            unusable.append(Unusable(folder.name, folder, problem))
        elif not found:
            empty.append(folder.name)
        notebooks += [] if problem else [Submission(folder.name, notebook) for notebook in found]
    return HandedIn(tuple(notebooks), tuple(unusable), tuple(empty))


def _problem(folder: Path, own: Sequence[Path] | None, notebooks: Sequence[Path]) -> str:
    """Why nothing in a student's folder can be graded; "" where something can, or nothing is there."""
    if own is None:
        return "This folder cannot be opened; change its permissions, and grade again."
    if notebooks:
        people = senders(notebooks)
        return of_several(people) if people else ""
    within = [entry for entry in own if entry.is_dir() and not entry.is_symlink()]
    deeper = [notebook for inner in within for notebook in _notebooks(_entries(inner))]
    if deeper:
        where = deeper[0].relative_to(folder).as_posix()
        return f"No notebook (.ipynb) lies directly in this folder, but {where} does deeper: move it up."
    files = [entry.name for entry in own if not entry.is_dir()]
    if not own:
        return ""
    if not files:
        return (
            f"No notebook (.ipynb) lies in this folder, only the folder {listed([own[0].name])}: hand in the notebook."
        )
    if any(Path(name).suffix.lower() in ARCHIVES for name in files):
        cure = "unpack the archive"
    elif any(".ipynb." in name.lower() for name in files):
        cure = "rename it so that its name ends in .ipynb"
    else:
        cure = "hand in the notebook itself"
    return f"No notebook (.ipynb) lies in this folder, only {listed(files)}: {cure}."


def _entries(folder: Path) -> list[Path] | None:
    """What lies in a folder and is not hidden; None where it cannot be opened."""
    try:
        return sorted(path for path in folder.iterdir() if path.name[:1] != ".")
    except OSError:
        return None


def _named(path: Path) -> Path:
    """The path with no ".." in it, which would be taken for a student; links stay, as their names may be students'."""
    return Path(os.path.normpath(path.absolute()))


def _notebooks(entries: Sequence[Path] | None) -> list[Path]:
    return [path for path in entries or () if _is_notebook(path) and not path.is_dir()]


def _is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"
