"""The labs held against themselves: solutions, blank notebooks, planted mistakes, the three mirrored rooms, variants.

Knows where the project's folders are, and what each must earn. Refuses to know what a mistake does: it must get
its note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from grader.authoring.derived import DerivedMistakes, plant_derived
from grader.authoring.notebooks import build, solution_notebook, stale
from grader.authoring.phrases import WordingError
from grader.authoring.planted import Mistake, planted
from grader.authoring.release import own_text
from grader.authoring.versions import Held, code_of, narrowed, sheet, variant
from grader.judge.model import Conditions, Lab, Mark, PreparedCheck, Question
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.labs import all_labs, family
from grader.pages.sentences import message
from grader.protocol.caps import FRAME_CAPS
from grader.runner.grading import PreparedLab, ask, ask_all, prepare
from grader.runner.limits import Limits
from grader.runner.session import Session
from grader.runner.starting import Cold

LEAST = 3
"""Planted mistakes that every question must have."""

PATIENT = Limits(notebook=3600.0, reply=replace(FRAME_CAPS, total=16 * FRAME_CAPS.total))
"""A session in which some thousand mistakes are planted takes longer than a notebook's, and sends more."""

APART = """
import types
kept = {name: value for name, value in globals().items()}
for name, value in list(kept.items()):
    if isinstance(value, types.FunctionType) and value.__module__ == "__main__":
        kept[name] = types.FunctionType(value.__code__, kept, name, value.__defaults__, value.__closure__)
        globals()[name] = kept[name]
"""
"""Run after a solution: its functions call each other's kept originals from here on, so that a mistake
planted in one of them shows in no other."""


@dataclass(frozen=True)
class Defect:
    """Something that verification did not find in order."""

    lab: str
    text: str


@dataclass(frozen=True)
class Verification:
    """What was looked at in one lab, or a variant of it, and what was found."""

    lab: str
    points: float
    solution: float
    blank: float
    mistakes: int
    derived: tuple[DerivedMistakes, ...]
    findings: tuple[Defect, ...]


def orphans(root: Path, labs: Sequence[Lab]) -> list[str]:
    """Files in one of the mirrored rooms without their counterparts in the others."""
    names = {lab.name for lab in labs}
    found = []
    for room, suffix in (("labs", ".ipynb"), ("solutions", ".py"), ("tests/mistakes", ".toml")):
        there = {path.stem for path in (root / room).glob(f"*{suffix}")}
        found += [f"{room}/{name}{suffix} is missing" for name in sorted(names - there)]
        found += [f"{room}/{name}{suffix} belongs to no lab" for name in sorted(there - names)]
    return found


def verify_lab(root: Path, lab: Lab, seed: str, device: str, only: frozenset[str] = frozenset()) -> Verification:
    """Run one lab's solution, blank notebook and planted mistakes, in `only` some exercises or in all."""
    held = sheet(root, lab)
    found = run(narrowed(held, only), seed, device)
    said = (*_counted(lab, held.mistakes), *_misworded(held))
    return replace(found, findings=(*(Defect(lab.name, text) for text in said), *found.findings))


def run(held: Held, seed: str, device: str) -> Verification:
    """Run the solution, the blank notebook and every mistake of a lab or a variant, planted or derived."""
    posed_at = Conditions(seed, device)
    posed = prepare(held.lab, posed_at)
    cells = code_of(solution_notebook(held.text))
    empty = marks_of(posed, held.blank, device)
    findings = []
    with Session(PATIENT, Cold(device)) as session:
        session.run(cells)
        full = marks(posed, ask_all(session, posed), Source(cells))
        findings += [Defect(held.name, text) for text in _expected(full, empty)]
        session.run([APART])
        for mistake in held.mistakes:
            findings += [Defect(held.name, t) for t in _caught(session, posed, cells, held.text, mistake)]
        derived = tuple(plant_derived(*_touched(held, posed), session, cells, posed_at))
        findings += [Defect(held.name, problem) for one in derived for problem in one.problems]
    points, count = held.lab.points, len(held.mistakes)
    return Verification(held.name, points, _sum(full), _sum(empty), count, derived, tuple(findings))


def _touched(held: Held, posed: PreparedLab) -> tuple[Lab, list[Sequence[PreparedCheck]]]:
    """The lab with the touched questions alone, and their trials."""
    kept = [(q, t) for q, t in zip(held.lab.questions, posed.trials, strict=True) if q.name in held.touched]
    return replace(held.lab, questions=tuple(q for q, _ in kept)), [trials for _, trials in kept]


def _counted(lab: Lab, mistakes: Sequence[Mistake]) -> Iterator[str]:
    for question in lab.questions:
        count = sum(m.question == question.name for m in mistakes)
        if count < LEAST:
            yield f"{question.name} has {count} planted mistakes; {LEAST} are asked for"


def _misworded(held: Held) -> Iterator[str]:
    """What is wrong with the phrases that say where the text has numbers."""
    variants = family(held.lab.name)
    try:
        own_text(held.text, variants, variants.sheet)
    except WordingError as error:
        yield str(error)


def _expected(full: Sequence[Mark], empty: Sequence[Mark]) -> Iterator[str]:
    for mark in full:
        if mark.score != mark.question.points:
            yield f"the solution of {mark.question.name} earns {mark.score}: {message(mark.verdict)}"
    for mark in empty:
        if mark.score:
            yield f"{mark.question.name} of the blank notebook earns {mark.score}"


def _caught(session: Session, posed: PreparedLab, cells: Sequence[str], text: str, mistake: Mistake) -> Iterator[str]:
    """Plant one mistake, look at every question that asks for its function, take it out again."""
    code = planted(mistake, text)
    (run,) = session.run([code])
    if run.outcome != "ok":
        yield f"{mistake.question}, {mistake.slip}: the mistake does not run"
    asking = [found for found in zip(posed.lab.questions, posed.trials, strict=True) if _asks_for(mistake, *found)]
    replies = [ask(session, trials) for _, trials in asking]
    session.run([f"{mistake.question} = kept[{mistake.question!r}]"])
    source, slipped = Source(tuple(cells)), Source((*cells, code))
    for (question, trials), given in zip(asking, replies, strict=True):
        own = question.name == mistake.question
        mark = judge(question, trials, given, slipped if own else source)
        if own and mark.score == question.points:
            yield f"{question.name}, {mistake.slip}: full marks"
        elif own and mark.verdict.note != mistake.note:
            said = f"{mark.verdict.note}, not {mistake.note}: {message(mark.verdict)}"
            yield f"{question.name}, {mistake.slip}: noted as {said}"
        elif not own and mark.score != question.points:
            yield f"{mistake.question}, {mistake.slip}: {question.name} loses points: {message(mark.verdict)}"


def _asks_for(mistake: Mistake, question: Question, trials: Sequence[PreparedCheck]) -> bool:
    """Whether a question asks for the function with the mistake: as its own answer, or as what it may follow from."""
    asked = {call.name for trial in trials for call in trial.asks}
    return mistake.question in {question.name, *asked}


def marks_of(posed: PreparedLab, cells: Sequence[str], device: str) -> list[Mark]:
    """The marks of a notebook given by its code cells."""
    with Session(PATIENT, Cold(device)) as session:
        session.run(cells)
        return marks(posed, ask_all(session, posed), Source(tuple(cells)))


def marks(posed: PreparedLab, replies: Sequence[Sequence[Replies]], source: Source) -> list[Mark]:
    """A mark for every question of a lab."""
    return [
        judge(question, trials, given, source)
        for question, trials, given in zip(posed.lab.questions, posed.trials, replies, strict=True)
    ]


def _sum(marks: Sequence[Mark]) -> float:
    return sum(mark.score for mark in marks)


def verify(
    root: Path, labs: Sequence[Lab], seed: str, device: str, variants: int, only: frozenset[str]
) -> Iterator[Verification | Defect]:
    """Everything, lab by lab: findings about the project's folders first, `variants` of each last.

    Mistakes are planted in `only` some exercises, or in all.
    """
    yield from (Defect("", text) for text in orphans(root, all_labs()))
    built: Mapping[Path, str] = build(root, labs)
    yield from (Defect("", f"{p.relative_to(root)} is stale: run make labs") for p in stale(dict(built)))
    with ProcessPoolExecutor() as pool:
        # The last labs take longest, so they begin first.
        names = [(lab.name, number) for number in range(variants + 1) for lab in labs]
        begun = {named: pool.submit(_verify_named, root, seed, device, only, named) for named in reversed(names)}
        yield from (begun[named].result() for named in names)


def _verify_named(
    root: Path, seed: str, device: str, only: frozenset[str], named: tuple[str, int]
) -> Verification | Defect:
    """One lab, or a variant of it from 1 on, in a process of its own: graphs do not travel, names do."""
    name, number = named
    lab = next(lab for lab in all_labs() if lab.name == name)
    try:
        if not number:
            return verify_lab(root, lab, seed, device, only)
        return run(narrowed(variant(root, lab, seed, number), only), seed, device)
    except WordingError as error:
        return Defect(name, str(error))
