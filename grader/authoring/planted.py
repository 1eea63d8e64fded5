"""Mistakes planted in a solution: text put in place of other text.

Knows where they are written and which text is a question's own. Refuses to know what a mistake does, and who
looks at it.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.authoring.notebooks import binds
from grader.authoring.phrases import filled


@dataclass(frozen=True)
class Mistake:
    """A slip in the solution of one question: `old` becomes `new`, and the note that it must get.

    Numbers that are a student's own stand in both as in the phrases of the lab: by name, in « ».
    """

    question: str
    slip: str
    old: str
    new: str
    note: str


def read_mistakes(path: Path) -> list[Mistake]:
    """The planted mistakes of a lab: a TOML file with an array of tables for every question."""
    if not path.exists():
        return []
    tables = tomllib.loads(path.read_text("utf-8"))
    return [Mistake(question, **entry) for question, entries in tables.items() for entry in entries]


def worded(mistakes: Sequence[Mistake], words: Mapping[str, object]) -> tuple[Mistake, ...]:
    """Mistakes with a student's own numbers filled in."""
    return tuple(replace(m, old=filled(m.old, words), new=filled(m.new, words)) for m in mistakes)


def planted(mistake: Mistake, solution: str) -> str:
    """The code of a question with the mistake in it. Raises ValueError where it does not fit."""
    code = definition(solution, mistake.question)
    if code.count(mistake.old) != 1:
        raise ValueError(f"{mistake.slip!r}: its text stands {code.count(mistake.old)} times in the solution")
    return code.replace(mistake.old, mistake.new)


def definition(solution: str, name: str) -> str:
    """The lines of a function, or of the cell's part that assigns a variable."""
    for statement in ast.parse(solution).body:
        if name in binds(statement):
            return ast.get_source_segment(solution, statement) or ""
    raise ValueError(f"the solution defines no {name}")
