"""The central types: a lab, its questions, and what a judge found.

Knows what a mark is made of. Refuses to know how an answer is obtained or what is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from grader.judge.annotated_graph import AnnotatedGraph
from grader.judge.error_curve import ErrorCurve
from grader.judge.findings import CORRECT, Finding, Place, Remark, Shown
from grader.judge.requirements import Requirement

SHARE: Final = 0.25
"""What a broken demand costs of what the rest has earned."""

if TYPE_CHECKING:
    from grader.judge.roles import Asks
    from grader.judge.source import Source
    from grader.judge.truth import EdgeList, Slip, Truth
    from grader.protocol.messages import Reply


@dataclass(frozen=True)
class Conditions:
    """What a run fixes: the secret `seed` of the hidden points and the `device` (cpu or cuda)."""

    seed: str
    device: str = "cpu"


@dataclass(frozen=True)
class PreparedCheck:
    """A check made concrete: what to ask, and what is right. `weight` 0 earns nothing and can forfeit all.

    One that `costs` something is a demand beside the others: it neither earns nor forfeits, but takes that share of
    what they have earned.
    """

    asks: Asks
    truth: Truth
    weight: float = 1.0
    costs: float = 0.0


class Check(Protocol):
    """What to ask, and against which part of the graph."""

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """Draw the points and compute what is right there, for the question called `name`."""
        ...


@dataclass(frozen=True)
class Planted:
    """A likely mistake in the result or step at `path`, as the `code` of the function of someone who makes it."""

    slip: Slip
    path: str
    code: str


@runtime_checkable
class Suspicious(Protocol):
    """A check that can tell likely mistakes."""

    def plant(self, name: str) -> Iterable[Planted]:
        """All of them, in the function called `name`."""
        ...


@runtime_checkable
class AsksForDrawing(Protocol):
    """A check whose answer is the drawing of a graph: what shows that graph elsewhere gives the answer away."""

    @property
    def drawing(self) -> EdgeList:
        """The edges that are asked for."""
        ...


@dataclass(frozen=True)
class Question:
    """One graded name. `points` are the points of the sheet."""

    name: str
    points: float
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Lab:
    """A lab as the grader sees it; `name` is that of its three files."""

    name: str
    title: str
    questions: tuple[Question, ...]

    @property
    def points(self) -> float:
        """The sum of all points."""
        return sum(question.points for question in self.questions)


class Status(StrEnum):
    """How a question ended; the words are part of `report.json`."""

    PASS = "pass"
    PARTIAL = "partial"
    FAIL = "fail"
    MISSING = "missing"
    UNGRADED = "ungraded"


@dataclass(frozen=True)
class Comparison:
    """One row of theirs against expected, as shown on the feedback page."""

    what: str
    where: Place | None
    theirs: Shown
    expected: Shown
    agrees: bool


@dataclass(frozen=True)
class Verdict:
    """What a judge found: `score` is a share of the points, 0 to 1; nothing is found in a right answer."""

    status: Status
    score: float
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Remark, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    sweeps: tuple[ErrorCurve, ...] = ()
    sketches: tuple[AnnotatedGraph, ...] = ()
    requirements: tuple[Requirement, ...] = ()

    @property
    def note(self) -> str:
        """The stable code of the first finding."""
        return self.findings[0].note if self.findings else CORRECT


@dataclass(frozen=True)
class Evidence:
    """All that a judge may look at of `name`: replies by role, the code, and as `own` the answers to all its checks."""

    name: str
    source: Source
    answer: Reply = ()
    prerequisites: tuple[Reply, ...] = ()
    coarse: Reply | None = None
    beside: tuple[Reply, ...] = ()
    own: tuple[Reply, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A question with its verdict."""

    question: Question
    verdict: Verdict

    @property
    def score(self) -> float:
        """Points earned, to the hundredth."""
        return round(self.question.points * self.verdict.score, 2)


@dataclass(frozen=True)
class CellRun:
    """A code cell as it ran: `outputs` in notebook format 4; `outcome` ok, error, timeout, died, or skipped."""

    outputs: tuple[Mapping[str, object], ...]
    outcome: str
    seconds: float


class Cause(StrEnum):
    """Whose doing it is that a notebook was not graded; the words are part of `report.json`."""

    NOTEBOOK = "notebook"
    MACHINE = "machine"
    GRADER = "grader"


@dataclass(frozen=True)
class Result:
    """One notebook of one student, judged. `problem` is set, and `marks` empty, when it could not be: by its `cause`.

    `fingerprint` is of everything that the marks depend on: equal ones need not be graded again. `variant` are the
    student's own numbers, "" for the sheet's. `refused` are system calls that it tried in vain. `seed` is what its
    hidden points were drawn from.
    """

    student: str
    lab: str
    file: str
    marks: tuple[Mark, ...]
    seconds: float
    problem: str = ""
    remarks: tuple[str, ...] = ()
    fingerprint: str = ""
    variant: str = ""
    cause: Cause = Cause.NOTEBOOK
    refused: tuple[str, ...] = ()
    seed: str = ""

    @property
    def status(self) -> str:
        """`graded` or `unreadable`."""
        return "unreadable" if self.problem else "graded"

    @property
    def score(self) -> float:
        """Points earned."""
        return round(sum(mark.score for mark in self.marks), 2)

    @property
    def max_score(self) -> float:
        """Points to be had."""
        return sum(mark.question.points for mark in self.marks)


@dataclass(frozen=True)
class Absence:
    """A student of whom there is nothing to grade, and why, in a sentence; `lab` is "" where all is missing."""

    student: str
    lab: str
    reason: str


@dataclass(frozen=True)
class Report:
    """A whole run, as `report.json` holds it. `confinement` is what notebooks were kept from."""

    device: str
    seed: str
    results: tuple[Result, ...]
    confinement: tuple[str, ...] = ()
    missing: tuple[Absence, ...] = ()
