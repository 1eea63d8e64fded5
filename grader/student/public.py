"""An exercise's mark at the public points, which are the same for everybody.

Knows how an exercise is asked and judged. Refuses to give marks that count: their points are others, drawn when
the notebook is graded.
"""

from __future__ import annotations

import gc
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache

import torch

from grader.judge.annotated_graph import MOST, AnnotatedGraph, EdgeStatus, alike
from grader.judge.context import leaning
from grader.judge.model import AsksForDrawing, Conditions, Lab, Mark, PreparedCheck, Question, Status
from grader.judge.rules import with_records
from grader.judge.truth import DrawingTruth, StepsTruth
from grader.judge.verdict import judge
from grader.kernel.answers import Namespace, answer
from grader.kernel.unattended import unattended
from grader.protocol.messages import Ask, Read, Reply, TimedOut
from grader.student.caller import Caller, is_cell
from grader.student.patience import PATIENCE, Stop, StoppedError, stopping

PUBLIC = "public"


def checked(question: Question, notebook: Caller, goes_on: Callable[[], None] = lambda: None) -> Mark:
    """The mark of one question at the public points, on torch's default device.

    What takes long is told by `goes_on`, once. Raises StoppedError where the student interrupts it.
    """
    device = torch.get_default_device().type
    trials = _posed(question, device)
    hearing = _Hearing(Namespace(notebook.names, device, is_cell), goes_on)
    # What an answer prints, it would print once a point.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), unattended(), _uncollected():
        replies = [trial.asks.each(hearing.reply) for trial in trials]
    return judge(question, trials, replies, notebook.source)


@contextmanager
def _uncollected() -> Iterator[None]:
    """In here nothing of ours is collected: while an answer is recorded, that would seem the answer's doing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass
class _Hearing:
    """Asks a notebook, until one of its calls takes too long."""

    notebook: Namespace
    goes_on: Callable[[], None]
    over: TimedOut | None = None

    def reply(self, ask: Ask | Read) -> Reply:
        """What was seen at each point of a question."""
        if self.over is None:
            try:
                with stopping(PATIENCE, self.notebook.is_cell, self._tell):
                    return answer(ask, self.notebook)
            except StoppedError as stopped:
                if stopped.why is Stop.INTERRUPTED:
                    raise
                waited = stopped.why is Stop.WAITED
                self.over = TimedOut(PATIENCE.clock if waited else PATIENCE.processor, waited, stopped.line)
        return (self.over,) * ask.points

    def _tell(self) -> None:
        self.goes_on()
        self.goes_on = lambda: None


def in_context(mark: Mark, notebook: Caller, known: Mapping[str, Question]) -> Mark:
    """The mark, with the answers that it uses and that are wrong themselves."""
    if mark.verdict.status is Status.PASS:
        return mark
    used = [known[name] for name in notebook.source.uses(mark.question.name, known)]
    marks = [mark, *(checked(question, notebook) for question in used)]
    device = torch.get_default_device().type
    return leaning(marks, [_posed(m.question, device) for m in marks], notebook.source)[0]


@cache
def _posed(question: Question, device: str) -> tuple[PreparedCheck, ...]:
    found = with_records([check.prepare(question.name, Conditions(PUBLIC, device)) for check in question.checks])
    # An answer may collect what is left of this.
    gc.collect()
    return found


def right_graphs(mark: Mark, lab: Lab) -> tuple[AnnotatedGraph, ...]:
    """The graph that belongs to a right answer, unless another exercise of the lab asks to draw it."""
    if mark.verdict.status is not Status.PASS:
        return ()
    question = mark.question
    truths = [trial.truth for trial in _posed(question, torch.get_default_device().type)]
    edges = next((truth.edges for truth in truths if isinstance(truth, StepsTruth | DrawingTruth)), ())
    others = [check for other in lab.questions if other != question for check in other.checks]
    asked = [check.drawing for check in others if isinstance(check, AsksForDrawing)]
    shown = edges and len(edges) <= MOST and edges not in asked
    return (alike(edges, EdgeStatus.RIGHT, "All steps are right."),) if shown else ()
