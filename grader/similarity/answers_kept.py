"""The answers of each notebook in the form in which they are compared, kept so that nobody has to read it again.

Knows a file for each notebook. Refuses to compare, and to hold more than the keys of a class.
"""

from __future__ import annotations

import json
from pathlib import Path
from sys import intern
from typing import Any

from grader.desk.files import comparable_path, read_json, write_whole
from grader.judge.model import Result
from grader.similarity.likeness import Answers, Keys
from grader.similarity.normal_form import Statement


def write_comparable(result: Result, answers: Answers, out: Path) -> None:
    """Write down the answers of a result's notebook."""
    found = {question: [[row.key, row.text] for row in rows] for question, rows in answers.items()}
    write_whole(comparable_path(out, result), json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


def read_keys(result: Result, out: Path) -> dict[str, Keys]:
    """The keys of each answer; none where nothing was written down that can be read."""
    # Equal keys of a class are one in memory.
    return {
        question: frozenset(intern(str(key)) for key, _ in rows if key) for question, rows in _read(result, out).items()
    }


def read_answers(result: Result, out: Path) -> Answers:
    """The answers as they were written down."""
    return {
        question: tuple(Statement(key, text) for key, text in rows) for question, rows in _read(result, out).items()
    }


def _read(result: Result, out: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(comparable_path(out, result)) or {}
    return found
