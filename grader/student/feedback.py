"""`check`: the grader's own judge, in the student's notebook, at public points.

Knows the names in the notebook and the questions of the labs. Refuses to give marks: the points that
count are others, drawn when the notebook is graded.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from IPython.core.getipython import get_ipython
from IPython.display import display

from grader.judge.context import leaning
from grader.judge.error_curve import ErrorCurve
from grader.judge.model import Conditions, Mark, PreparedCheck, Question, Status
from grader.judge.rules import with_records
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.kernel.answers import Namespace, answer
from grader.labs import all_labs, family
from grader.pages.fragments import sketched_piece, swept_piece
from grader.pages.labels import STATUS_LABELS
from grader.pages.sentences import first_failure, message, remarks, requirements

PUBLIC = "public"


def check(name: str | Callable[..., Any]) -> None:
    """Print how one exercise stands, at public points. `name` is its function, or its name in quotes."""
    _tell(name, _questions())


def checking(lab: str, **numbers: Any) -> Callable[[str | Callable[..., Any]], None]:
    """A `check` for a notebook with numbers of its own, which its first cell names."""
    own = {question.name: question for question in family(lab).with_numbers(numbers).questions}

    def check(name: str | Callable[..., Any]) -> None:
        """Print how one exercise stands, with this notebook's numbers, at public points."""
        _tell(name, {**_questions(), **own})

    return check


def _tell(name: str | Callable[..., Any], questions: Mapping[str, Question]) -> None:
    called = name if isinstance(name, str) else getattr(name, "__name__", str(name))
    question = questions.get(called)
    if question is None:
        near = difflib.get_close_matches(called, questions, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        print(f"? There is no exercise called {called}.{hint}")
        return
    names, source = _notebook()
    mark = _in_context(checked(question, names, source), names, source, questions)
    print(line(mark))
    if hasattr(get_ipython(), "kernel"):
        _show([sweep for sweep in mark.verdict.sweeps if sweep.first is not None])
        _sketch(mark)


def checked(question: Question, names: Mapping[str, Any], source: Source) -> Mark:
    """The mark of one question at the public points, on torch's default device."""
    device = torch.get_default_device().type
    notebook = Namespace(names, device, lambda file: "ipykernel" in file or "ipython-input" in file)
    trials = _posed(question, device)
    # What the preparation has left behind is gone before anything is recorded: collected by an answer, it would seem
    # that answer's doing.
    gc.collect()
    # What an answer prints, it would print once a point.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        replies = [trial.asks.each(lambda ask: answer(ask, notebook)) for trial in trials]
    return judge(question, trials, replies, source)


def _in_context(mark: Mark, names: Mapping[str, Any], source: Source, questions: Mapping[str, Question]) -> Mark:
    """The mark, with the answers that it uses and that are wrong themselves."""
    if mark.verdict.status is Status.PASS:
        return mark
    used = [questions[name] for name in source.uses(mark.question.name, questions)]
    marks = [mark, *(checked(question, names, source) for question in used)]
    device = torch.get_default_device().type
    return leaning(marks, [_posed(m.question, device) for m in marks], source)[0]


def line(mark: Mark) -> str:
    """A mark in a line of text, with its remarks below."""
    verdict, name = mark.verdict, mark.question.name
    said = "right at the public points." if verdict.status is Status.PASS else message(verdict)
    facts = [finding.facts for finding in verdict.findings[:1]]
    named = said if any(name in (each.name, each.what) for each in facts) else f"{name}: {said}"
    first = f"{STATUS_LABELS[verdict.status].sign} {named}"
    below = filter(None, (requirements(verdict), *remarks(verdict)))
    return "\n".join([first, *(f"    {each}" for each in below)])


def _show(failing: Sequence[ErrorCurve]) -> None:
    """Where an answer fails over the range, as a picture; a frontend without pictures has had the text."""
    if failing:
        said = " ".join(f"{sweep.what} fails first {first_failure(sweep)}." for sweep in failing)
        display({"text/html": swept_piece(failing), "text/plain": said}, raw=True)


def _sketch(mark: Mark) -> None:
    """The graph with what was found on it; the text has said as much to a frontend without pictures."""
    if mark.verdict.sketches:
        piece = sketched_piece(mark.question.name, mark.verdict.sketches)
        display({"text/html": piece}, raw=True)


@cache
def _questions() -> dict[str, Question]:
    return {question.name: question for lab in all_labs() for question in lab.questions}


@cache
def _posed(question: Question, device: str) -> tuple[PreparedCheck, ...]:
    return with_records([check.prepare(question.name, Conditions(PUBLIC, device)) for check in question.checks])


def _notebook() -> tuple[Mapping[str, Any], Source]:
    """The names and code of whoever called `check`: IPython's history, or the file that `check` was called from."""
    frame = inspect.stack()[3].frame
    names = frame.f_globals
    if "In" in names:
        return names, Source(tuple(str(cell) for cell in names["In"]))
    return names, Source((inspect.getsource(frame),))
