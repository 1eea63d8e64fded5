"""The labs held against themselves: solutions, blank notebooks, planted mistakes, the three mirrored rooms.

Knows where the project's folders are, and what each must earn. Refuses to know what a mistake does: it is
text put in place of other text, with the note that it must get.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat

from grader.desk.notebooks import binds, build, solution_notebook, stale
from grader.desk.proving import Proof, prove
from grader.judge.facts import Reply
from grader.judge.model import Conditions, Lab, Mark
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.labs import all_labs
from grader.runner.grading import Posed, ask_all, pose
from grader.runner.limits import Limits
from grader.runner.session import Session
from grader.runner.starting import Cold

LEAST = 3
"""Planted mistakes that every question must have."""

PATIENT = Limits(notebook=3600.0)

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
class Mistake:
    """A slip in the solution of one question: `old` becomes `new`, and the note that it must get."""

    question: str
    slip: str
    old: str
    new: str
    note: str


@dataclass(frozen=True)
class Finding:
    """Something that verification did not find in order."""

    lab: str
    text: str


@dataclass(frozen=True)
class Verification:
    """What was looked at in one lab, and what was found."""

    lab: str
    points: float
    solution: float
    blank: float
    mistakes: int
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]


def read_mistakes(path: Path) -> list[Mistake]:
    """The planted mistakes of a lab: a TOML file with an array of tables for every question."""
    if not path.exists():
        return []
    tables = tomllib.loads(path.read_text("utf-8"))
    return [Mistake(question, **entry) for question, entries in tables.items() for entry in entries]


def orphans(root: Path, labs: Sequence[Lab]) -> list[str]:
    """Files in one of the mirrored rooms without their counterparts in the others."""
    names = {lab.name for lab in labs}
    found = []
    for room, suffix in (("labs", ".ipynb"), ("solutions", ".py"), ("tests/mistakes", ".toml")):
        there = {path.stem for path in (root / room).glob(f"*{suffix}")}
        found += [f"{room}/{name}{suffix} is missing" for name in sorted(names - there)]
        found += [f"{room}/{name}{suffix} belongs to no lab" for name in sorted(there - names)]
    return found


def planted(mistake: Mistake, solution: str) -> str:
    """The code of a question with the mistake in it. Raises ValueError where it does not fit."""
    code = _definition(solution, mistake.question)
    if code.count(mistake.old) != 1:
        raise ValueError(f"{mistake.slip!r}: its text stands {code.count(mistake.old)} times in the solution")
    return code.replace(mistake.old, mistake.new)


def _definition(solution: str, name: str) -> str:
    """The lines of a function, or of the cell's part that assigns a variable."""
    for statement in ast.parse(solution).body:
        if name in binds(statement):
            return ast.get_source_segment(solution, statement) or ""
    raise ValueError(f"the solution defines no {name}")


def verify_lab(root: Path, lab: Lab, seed: str, device: str) -> Verification:
    """Run one lab's solution, blank notebook and planted mistakes."""
    posed_at = Conditions(seed, device)
    posed = pose(lab, posed_at)
    text = (root / "solutions" / f"{lab.name}.py").read_text("utf-8")
    cells = [c.source for c in solution_notebook(text).cells if c.cell_type == "code"]
    blank = nbformat.read(root / "labs" / f"{lab.name}.ipynb", 4)
    empty = marks_of(posed, [c.source for c in blank.cells if c.cell_type == "code"], device)
    mistakes = read_mistakes(root / "tests" / "mistakes" / f"{lab.name}.toml")
    findings = [Finding(lab.name, text) for text in _counted(lab, mistakes)]
    with Session(PATIENT, Cold(device)) as session:
        session.run(cells)
        full = marks(posed, ask_all(session, posed), Source(tuple(cells)))
        findings += [Finding(lab.name, text) for text in _expected(full, empty)]
        session.run([APART])
        for mistake in mistakes:
            findings += [Finding(lab.name, t) for t in _caught(session, posed, cells, text, mistake)]
        proofs = tuple(prove(lab, posed.trials, session, cells, posed_at))
        findings += [Finding(lab.name, problem) for proof in proofs for problem in proof.problems]
    return Verification(lab.name, lab.points, _sum(full), _sum(empty), len(mistakes), proofs, tuple(findings))


def _counted(lab: Lab, mistakes: Sequence[Mistake]) -> Iterator[str]:
    for question in lab.questions:
        count = sum(m.question == question.name for m in mistakes)
        if count < LEAST:
            yield f"{question.name} has {count} planted mistakes; {LEAST} are asked for"


def _expected(full: Sequence[Mark], empty: Sequence[Mark]) -> Iterator[str]:
    for mark in full:
        if mark.score != mark.question.points:
            yield f"the solution of {mark.question.name} earns {mark.score}: {mark.verdict.message}"
    for mark in empty:
        if mark.score:
            yield f"{mark.question.name} of the blank notebook earns {mark.score}"


def _caught(session: Session, posed: Posed, cells: Sequence[str], text: str, mistake: Mistake) -> Iterator[str]:
    """Plant one mistake, look at every question, take it out again."""
    code = planted(mistake, text)
    (run,) = session.run([code])
    if run.outcome != "ok":
        yield f"{mistake.question}, {mistake.slip}: the mistake does not run"
    replies = ask_all(session, posed)
    session.run([f"{mistake.question} = kept[{mistake.question!r}]"])
    source, slipped = Source(tuple(cells)), Source((*cells, code))
    for question, trials, given in zip(posed.lab.questions, posed.trials, replies, strict=True):
        own = question.name == mistake.question
        mark = judge(question, trials, given, slipped if own else source)
        if own and mark.score == question.points:
            yield f"{question.name}, {mistake.slip}: full marks"
        elif own and mark.verdict.note != mistake.note:
            said = f"{mark.verdict.note}, not {mistake.note}: {mark.verdict.message}"
            yield f"{question.name}, {mistake.slip}: noted as {said}"
        elif not own and mark.score != question.points:
            yield f"{mistake.question}, {mistake.slip}: {question.name} loses points: {mark.verdict.message}"


def marks_of(posed: Posed, cells: Sequence[str], device: str) -> list[Mark]:
    """The marks of a notebook given by its code cells."""
    with Session(PATIENT, Cold(device)) as session:
        session.run(cells)
        return marks(posed, ask_all(session, posed), Source(tuple(cells)))


def marks(posed: Posed, replies: Sequence[Sequence[tuple[Reply, ...]]], source: Source) -> list[Mark]:
    """A mark for every question of a lab."""
    return [
        judge(question, trials, given, source)
        for question, trials, given in zip(posed.lab.questions, posed.trials, replies, strict=True)
    ]


def _sum(marks: Sequence[Mark]) -> float:
    return sum(mark.score for mark in marks)


def verify(root: Path, labs: Sequence[Lab], seed: str, device: str) -> Iterator[Verification | Finding]:
    """Everything, lab by lab as they are done; findings about the project's folders first."""
    yield from (Finding("", text) for text in orphans(root, all_labs()))
    built: Mapping[Path, str] = build(root, labs)
    yield from (Finding("", f"{p.relative_to(root)} is stale: run make labs") for p in stale(dict(built)))
    with ProcessPoolExecutor() as pool:
        yield from pool.map(partial(_verify_named, root, seed, device), [lab.name for lab in labs])


def _verify_named(root: Path, seed: str, device: str, name: str) -> Verification:
    """One lab in a process of its own: graphs do not travel, names do."""
    return verify_lab(root, next(lab for lab in all_labs() if lab.name == name), seed, device)
