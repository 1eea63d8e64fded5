"""Which lab each notebook is of, and which of a student's notebooks counts for a lab.

Knows that a lab is told by the names that a notebook defines, that a notebook may hold two labs, and that one folder
may hold two versions of one. Refuses to run anything.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from pathlib import Path

from grader.judge.model import Lab, Result
from grader.judge.source import Source
from grader.runner.authors import WORD, authors, of_several
from grader.runner.grading import Assignment, Graded
from grader.runner.notebook import NotebookError, read_notebook
from grader.runner.submissions import Submission


def lab_of(source: Source, labs: Sequence[Lab]) -> Lab | None:
    """The lab of which a notebook defines the most names; None where it defines none."""
    counts = [sum(q.name in source.definitions for q in lab.questions) for lab in labs]
    best = max(counts, default=0)
    return labs[counts.index(best)] if best else None


def assign(
    submissions: Iterable[Submission], labs: Sequence[Lab], wanted: Collection[str]
) -> tuple[list[Assignment], list[Graded]]:
    """Read every file and find its lab; of two for one lab by one student, the newer counts.

    A notebook that answers half of a second lab's questions is of that lab too, where the student has no notebook of
    its own for it. The second list holds what cannot be graded, each with a sentence. Notebooks of labs that are not
    `wanted` are left out of both.
    """
    chosen: list[Assignment] = []
    refused: list[Graded] = []
    students: dict[str, list[Submission]] = {}
    for submission in submissions:
        students.setdefault(submission.student, []).append(submission)
    for handed_in in students.values():
        # Read for this student alone: a class would fill the memory with what is needed again only when it is graded.
        sources: dict[Path, Source] = {}
        own: list[Assignment] = []
        for submission in handed_in:
            try:
                own.append(_read(submission, labs, sources))
            except NotebookError as error:
                refused.append(refusal(submission.student, str(submission.path), str(error)))
        several = _several(own)
        refused += several
        chosen += [] if several else _with_others(_newest(own), labs, sources)
    return [assignment for assignment in chosen if assignment.lab.name in wanted], refused


def _read(submission: Submission, labs: Sequence[Lab], sources: dict[Path, Source]) -> Assignment:
    """The assignment of a file, whose code is added to the `sources`. Raises NotebookError."""
    notebook = read_notebook(submission.path)
    source = sources[submission.path] = Source(tuple(cell.source for cell in notebook.code))
    lab = lab_of(source, labs)
    if lab is None:
        raise NotebookError(f"It defines no function or variable of {', '.join(lab.name for lab in labs)}.")
    return Assignment(submission, notebook.sha256, lab, handed_out(source, lab.name))


def handed_out(source: Source, lab: str) -> str:
    """The numbers that a notebook's first cell gives to `checking` for a lab, as a variant is written; "" for none."""
    for statement in source.definitions.get("check", ()):
        match statement.node:
            case ast.Assign(
                value=ast.Call(func=ast.Name(id="checking"), args=[ast.Constant(value=named)], keywords=given)
            ):
                with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    if named == lab:
                        return ", ".join(f"{each.arg}={ast.literal_eval(each.value)!r}" for each in given)
    return ""


def refusal(student: str, file: str, problem: str) -> Graded:
    """The result of what cannot be graded."""
    return Graded(Result(student, "", file, (), 0.0, problem))


def _by_lab(own: Sequence[Assignment]) -> list[list[Assignment]]:
    """A student's notebooks for each lab."""
    labs: dict[str, list[Assignment]] = {}
    for assignment in own:
        labs.setdefault(assignment.lab.name, []).append(assignment)
    return list(labs.values())


def _several(own: Sequence[Assignment]) -> list[Graded]:
    """One refusal of a whole folder where two of its notebooks for one lab are called after different people."""
    for same in _by_lab(own):
        lab = same[0].lab
        words = {match[1] or match[2] for match in WORD.finditer(f"{lab.name} {lab.title}".casefold())}
        names = authors([assignment.submission.path for assignment in same], words)
        if names:
            first = same[0].submission
            return [refusal(first.student, str(first.path.parent), of_several(names))]
    return []


def _newest(own: Sequence[Assignment]) -> list[Assignment]:
    """One notebook for each lab."""
    return [reduce(_newer, same) for same in _by_lab(own)]


def _newer(one: Assignment, other: Assignment) -> Assignment:
    older, newer = sorted((one, other), key=lambda a: a.submission.path.stat().st_mtime)
    kept, left = newer.submission.path.name, older.submission.path.name
    said = f"Of two notebooks for this lab, {kept} was graded, the newer by its file's date; {left} was not."
    return replace(newer, remarks=(*older.remarks, *newer.remarks, said))


def _with_others(own: Sequence[Assignment], labs: Sequence[Lab], sources: Mapping[Path, Source]) -> list[Assignment]:
    """A student's notebooks, each also as those other labs' that it holds, and with a remark on what it holds."""
    homes = {assignment.lab.name: assignment.submission.path.name for assignment in own}
    found: dict[str, Assignment] = {}
    for assignment in own:
        source = sources[assignment.submission.path]
        both, remarks = [assignment.lab], []
        for lab in labs:
            answered = _answered(source, lab)
            if lab.name == assignment.lab.name or answered < 2 or 4 * answered < len(lab.questions):
                continue
            said = f"It also answers {answered} of the {len(lab.questions)} questions of {lab.name}"
            if lab.name in homes:
                remarks.append(f"{said}; that lab was graded from {homes[lab.name]}.")
            elif 2 * answered < len(lab.questions):
                remarks.append(f"{said}, too few to be graded as that lab: half of them must be there.")
            else:
                both.append(lab)
        if len(both) > 1:
            names = " and ".join(lab.name for lab in both)
            remarks.append(f"This notebook holds {names}; it was graded for each.")
        for lab in both:
            numbers, every = handed_out(source, lab.name), (*assignment.remarks, *remarks)
            fresh = replace(assignment, lab=lab, handed_out=numbers, remarks=every)
            found[lab.name] = _newer(found[lab.name], fresh) if lab.name in found else fresh
    return list(found.values())


def _answered(source: Source, lab: Lab) -> int:
    """How many questions of a lab a notebook answers; a stub answers none."""
    return sum(q.name in source.definitions and not source.is_stub(q.name) for q in lab.questions)
