"""Grading a notebook: from a file to observations, from observations to marks.

Knows the way through the house for one submission. Refuses to know what a mark looks like on a page.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from grader.judge.context import in_context
from grader.judge.copied import Copied, LabTruths, all_copied
from grader.judge.facts import Reply, Value
from grader.judge.model import CellRun, Conditions, Lab, Mark, Question, Result, Status, Trial, Verdict
from grader.judge.notes import FAULT, finding
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.runner.notebook import Notebook, NotebookError, read_notebook
from grader.runner.session import Session
from grader.runner.submissions import Submission

LOG = logging.getLogger(__name__)
NAMED_FILE = re.compile(r"\(\d+\.py, (?=line \d+\)$)")
"""How a syntax error names its cell: by a file that the student has never seen."""


@dataclass(frozen=True)
class Posed:
    """A lab whose points are drawn from a seed and whose truth is computed: done once a run."""

    lab: Lab
    trials: tuple[tuple[Trial, ...], ...]
    seed: str


@dataclass(frozen=True)
class Observed:
    """A notebook that ran: its cells' outputs, and the replies to every trial of every question."""

    runs: tuple[CellRun, ...]
    replies: tuple[tuple[tuple[Reply, ...], ...], ...]
    seconds: float


@dataclass(frozen=True)
class Graded:
    """A result, with what a page needs; `notebook` is None where the file could not be read.

    `copied` are wrong answers that are right for others, each with its question's name: for the instructor alone.
    """

    result: Result
    notebook: Notebook | None = None
    runs: tuple[CellRun, ...] = ()
    copied: tuple[tuple[str, Copied], ...] = ()
    source: Source | None = None


@dataclass(frozen=True)
class Assignment:
    """A submission that was read, and the lab it belongs to, with the student's own numbers where `variant` has any."""

    submission: Submission
    notebook: Notebook
    source: Source
    lab: Lab
    remarks: tuple[str, ...] = ()
    fingerprint: str = ""
    variant: str = ""


def pose(lab: Lab, conditions: Conditions) -> Posed:
    """Draw every point of a lab and compute what is right there."""
    return _pose((lab,), conditions)[lab]


def pose_all(assignments: Sequence[Assignment], conditions: Conditions) -> dict[Lab, Posed]:
    """The labs of some assignments, posed once for all of them."""
    return _pose(dict.fromkeys(a.lab for a in assignments), conditions)


def _pose(labs: Collection[Lab], conditions: Conditions) -> dict[Lab, Posed]:
    """Labs posed, each check once: variants of a lab share those that their numbers do not touch."""
    shared = dict.fromkeys((check, q.name) for lab in labs for q in lab.questions for check in q.checks)
    trials = {(check, name): check.pose(name, conditions) for check, name in shared}
    return {
        lab: Posed(lab, tuple(tuple(trials[c, q.name] for c in q.checks) for q in lab.questions), conditions.seed)
        for lab in labs
    }


def lab_of(source: Source, labs: Sequence[Lab]) -> Lab | None:
    """The lab of which a notebook defines the most names; None where it defines none."""
    counts = [sum(q.name in source.definitions for q in lab.questions) for lab in labs]
    best = max(counts, default=0)
    return labs[counts.index(best)] if best else None


def assign(
    submissions: Iterable[Submission], labs: Sequence[Lab], wanted: Collection[str]
) -> tuple[list[Assignment], list[Graded]]:
    """Read every file and find its lab; of two for one lab by one student, the newer counts.

    The second list holds what cannot be graded, each with a sentence. Notebooks of labs that are not `wanted` are
    left out of both.
    """
    chosen: dict[tuple[str, str], Assignment] = {}
    refused = []
    for submission in submissions:
        try:
            notebook = read_notebook(submission.path)
        except NotebookError as error:
            refused.append(_refused(submission, str(error)))
            continue
        source = Source(tuple(cell.source for cell in notebook.code))
        lab = lab_of(source, labs)
        if lab is None:
            names = ", ".join(lab.name for lab in labs)
            refused.append(_refused(submission, f"It defines no function or variable of {names}."))
            continue
        if lab.name not in wanted:
            continue
        key = submission.student, lab.name
        fresh = Assignment(submission, notebook, source, lab)
        chosen[key] = _newer(chosen[key], fresh) if key in chosen else fresh
    return list(chosen.values()), refused


def _newer(one: Assignment, other: Assignment) -> Assignment:
    older, newer = sorted((one, other), key=lambda a: a.submission.path.stat().st_mtime)
    kept, left = newer.submission.path.name, older.submission.path.name
    said = f"Of two notebooks for this lab, {kept} was graded, the newer by its file's date; {left} was not."
    return replace(newer, remarks=(*older.remarks, *newer.remarks, said))


def _refused(submission: Submission, problem: str) -> Graded:
    return Graded(Result(submission.student, "", str(submission.path), (), 0.0, problem))


def observe(assignment: Assignment, posed: Posed, session: Session) -> Observed:
    """Run the notebook and put every question to it. Raises StartError where no process can be had."""
    began = time.monotonic()
    with session:
        runs = session.run([cell.source for cell in assignment.notebook.code])
        replies = ask_all(session, posed)
    return Observed(runs, replies, time.monotonic() - began)


def ask_all(session: Session, posed: Posed) -> tuple[tuple[tuple[Reply, ...], ...], ...]:
    """The replies to every question of a lab, trial by trial."""
    return tuple(ask(session, trials) for trials in posed.trials)


def ask(session: Session, trials: Sequence[Trial]) -> tuple[tuple[Reply, ...], ...]:
    """The replies to a question's asks. After one that gave no values nothing more is asked: it would not either."""
    replies = []
    broken: Reply | None = None
    for trial in trials:
        group: list[Reply] = []
        for place, each in enumerate(trial.asks):
            reply = (broken[0],) * each.points if broken else session.ask(each)
            group.append(reply)
            if place >= trial.given and not any(isinstance(seen, Value) for seen in reply):
                broken = reply
        replies.append(tuple(group))
    return tuple(replies)


def mark(assignment: Assignment, posed: Posed, observed: Observed, known: LabTruths = ()) -> Graded:
    """The result of an observed notebook, beside what is `known` to be right for others."""
    errors = {i: told for i, run in enumerate(observed.runs) if (told := _error(run))}
    source = replace(assignment.source, errors=errors)
    marks = tuple(
        _judged(question, trials, replies, source)
        for question, trials, replies in zip(posed.lab.questions, posed.trials, observed.replies, strict=True)
    )
    result = Result(
        student=assignment.submission.student,
        lab=posed.lab.name,
        file=str(assignment.submission.path),
        marks=in_context(marks, posed.trials, source),
        seconds=observed.seconds,
        remarks=assignment.remarks,
        # With none it is graded again the next time.
        fingerprint="" if any(mark.verdict.note == FAULT for mark in marks) else assignment.fingerprint,
        variant=assignment.variant,
        seed=posed.seed,
    )
    evidence = all_copied(posed.lab, posed.trials, observed.replies, known)
    return Graded(result, assignment.notebook, observed.runs, evidence, assignment.source)


def _judged(question: Question, trials: Sequence[Trial], replies: Sequence[tuple[Reply, ...]], source: Source) -> Mark:
    """A question's mark. Where the judging itself fails, no other question and nobody else suffers for it."""
    try:
        return judge(question, trials, replies, source)
    except Exception as error:
        LOG.exception("The grader failed at an answer to %s.", question.name)
        problem = finding(FAULT, name=question.name, error=type(error).__name__)
        return Mark(question, Verdict(Status.UNGRADED, problem.note, problem.message, 0.0))


def _error(run: CellRun) -> str:
    """The error that a cell stopped with, in a line; "" where it did not."""
    shown = [o for o in run.outputs if o.get("output_type") == "error"]
    words = [str(shown[-1]["ename"]), NAMED_FILE.sub("(", str(shown[-1]["evalue"]))] if shown else []
    return ": ".join(filter(None, words))[:300]
