"""Grading a notebook: from a file to observations, from observations to marks.

Knows the way through the house for one submission. Refuses to know what a mark looks like on a page.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.judge.context import in_context
from grader.judge.findings import FAULT, OURS, Facts, Finding
from grader.judge.given import Given, given
from grader.judge.model import Cause, CellRun, Conditions, Lab, Mark, PreparedCheck, Question, Result, Status, Verdict
from grader.judge.roles import Replies
from grader.judge.rules import with_records
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.protocol.messages import Ask, Read, Reply, Value
from grader.runner.notebook import Notebook
from grader.runner.session import Session
from grader.runner.submissions import Submission

LOG = logging.getLogger(__name__)
NAMED_FILE = re.compile(r"\(\d+\.py, (?=line \d+\)$)")
"""How a syntax error names its cell: by a file that the student has never seen."""


@dataclass(frozen=True)
class PreparedLab:
    """A lab whose points are drawn from a seed and whose truth is computed: done once a run."""

    lab: Lab
    trials: tuple[tuple[PreparedCheck, ...], ...]
    seed: str


@dataclass(frozen=True)
class ObservedNotebook:
    """A notebook that ran: its cells' outputs, the replies to every trial, and the calls refused to it."""

    notebook: Notebook
    runs: tuple[CellRun, ...]
    replies: tuple[tuple[Replies, ...], ...]
    seconds: float
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graded:
    """A result, with what a page needs; `notebook` is None where the file could not be read.

    `given` is, for a student with numbers of their own, what each answer that is not right gave in every check.
    """

    result: Result
    notebook: Notebook | None = None
    runs: tuple[CellRun, ...] = ()
    given: Mapping[str, Sequence[Given]] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """A submission that was read, and the lab it belongs to, with the student's own numbers where `variant` has any.

    `sha256` is of its file, which is read again when it is graded; `handed_out` are the numbers in its first cell.
    """

    submission: Submission
    sha256: str
    lab: Lab
    handed_out: str = ""
    remarks: tuple[str, ...] = ()
    fingerprint: str = ""
    variant: str = ""


def prepare(lab: Lab, conditions: Conditions) -> PreparedLab:
    """Draw every point of a lab and compute what is right there."""
    return _prepare((lab,), conditions)[lab]


def prepare_all(assignments: Iterable[Assignment], conditions: Conditions) -> dict[Lab, PreparedLab]:
    """The labs of some assignments, posed once for all of them."""
    return _prepare(dict.fromkeys(a.lab for a in assignments), conditions)


def _prepare(labs: Collection[Lab], conditions: Conditions) -> dict[Lab, PreparedLab]:
    """Labs posed, each check once: variants of a lab share those that their numbers do not touch."""
    shared = dict.fromkeys((check, q.name) for lab in labs for q in lab.questions for check in q.checks)
    trials = {(check, name): check.prepare(name, conditions) for check, name in shared}
    return {
        lab: PreparedLab(
            lab, tuple(with_records([trials[c, q.name] for c in q.checks]) for q in lab.questions), conditions.seed
        )
        for lab in labs
    }


def observe(notebook: Notebook, posed: PreparedLab, session: Session) -> ObservedNotebook:
    """Run a notebook and put every question to it. Raises MachineError where the machine cannot."""
    began = time.monotonic()
    with session:
        runs = session.run([cell.source for cell in notebook.code])
        replies = ask_all(session, posed)
    return ObservedNotebook(notebook, runs, replies, time.monotonic() - began, session.refused)


def ask_all(session: Session, posed: PreparedLab) -> tuple[tuple[Replies, ...], ...]:
    """The replies to every question of a lab, trial by trial."""
    return tuple(ask(session, trials) for trials in posed.trials)


def ask(session: Session, trials: Sequence[PreparedCheck]) -> tuple[Replies, ...]:
    """The replies to a question's asks. After an answer without values nothing more is asked: it would give none."""
    own = [each for trial in trials for each in trial.asks.own]
    broken: Reply | None = None

    def put(each: Ask | Read) -> Reply:
        nonlocal broken
        reply = (broken[0],) * each.points if broken else session.ask(each)
        if any(each is one for one in own) and not any(isinstance(seen, Value) for seen in reply):
            broken = reply
        return reply

    return tuple(trial.asks.each(put) for trial in trials)


def mark(assignment: Assignment, posed: PreparedLab, observed: ObservedNotebook) -> Graded:
    """The result of an observed notebook."""
    errors = {i: told for i, run in enumerate(observed.runs) if (told := _error(run))}
    source = Source(tuple(cell.source for cell in observed.notebook.code), errors)
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
        fingerprint="" if any(mark.verdict.note in OURS for mark in marks) else assignment.fingerprint,
        variant=assignment.variant,
        refused=observed.refused,
        seed=posed.seed,
    )
    own = _given(result.marks, posed.trials, observed.replies) if assignment.variant else {}
    return Graded(result, observed.notebook, observed.runs, own)


def _given(
    marks: Sequence[Mark], trials: Sequence[Sequence[PreparedCheck]], replies: Sequence[Sequence[Replies]]
) -> dict[str, list[Given]]:
    """What the answers gave that were judged and are not right, check by check."""
    return {
        mark.question.name: [given(trial.truth, told.answer or ()) for trial, told in zip(*asked, strict=True)]
        for mark, *asked in zip(marks, trials, replies, strict=True)
        if mark.verdict.status in (Status.FAIL, Status.PARTIAL)
    }


def not_graded(assignment: Assignment, cause: Cause, problem: str) -> Graded:
    """The result of a notebook that could not be graded by no fault of its own: the next run grades it again."""
    submission = assignment.submission
    return Graded(
        Result(
            student=submission.student,
            lab=assignment.lab.name,
            file=str(submission.path),
            marks=(),
            seconds=0.0,
            problem=problem,
            variant=assignment.variant,
            cause=cause,
        )
    )


def failed(result: Result, error: Exception) -> Graded:
    """The result of a notebook at which the grader itself failed; the next run grades it again."""
    problem = f"The grader itself failed at this notebook ({error!r:.200}). That is no fault of yours."
    return Graded(replace(result, marks=(), problem=problem, fingerprint="", cause=Cause.GRADER))


def _judged(question: Question, trials: Sequence[PreparedCheck], replies: Sequence[Replies], source: Source) -> Mark:
    """A question's mark. Where the judging itself fails, no other question and nobody else suffers for it."""
    try:
        return judge(question, trials, replies, source)
    except Exception as error:
        LOG.exception("The grader failed at an answer to %s.", question.name)
        problem = Finding(FAULT, Facts(name=question.name, text=type(error).__name__))
        return Mark(question, Verdict(Status.UNGRADED, 0.0, (problem,)))


def _error(run: CellRun) -> str:
    """The error that a cell stopped with, in a line; "" where it did not."""
    shown = [o for o in run.outputs if o.get("output_type") == "error"]
    words = [str(shown[-1]["ename"]), NAMED_FILE.sub("(", str(shown[-1]["evalue"]))] if shown else []
    return ": ".join(filter(None, words))[:300]
