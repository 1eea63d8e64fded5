"""The answers of each notebook in the form in which they are compared, kept so that an unchanged one is not read again.

Knows a file for each notebook. Refuses to compare, and to hold more than the keys of a class.
"""

from __future__ import annotations

import json
from pathlib import Path
from sys import intern
from typing import Final

from grader.desk.files import read_json, record_path, write_whole
from grader.desk.records import read_record
from grader.judge.model import Result
from grader.judge.source import Source
from grader.similarity.likeness import Answers, Keys
from grader.similarity.normal_form import Statement, answers

FORMS: Final = Path("instructor", "answers")


def own_answers(result: Result, out: Path) -> Answers:
    """The statements of a notebook's answers: as they were kept, or anew where the notebook is another."""
    path = out / FORMS / record_path(out, result).relative_to(out / "records")
    kept = read_json(path)
    # A result without a fingerprint may be of anything.
    if result.fingerprint and kept and kept["fingerprint"] == result.fingerprint:
        return {question: tuple(Statement(*row) for row in rows) for question, rows in kept["answers"].items()}
    found = answers(Source(read_record(result, out).cells), [mark.question.name for mark in result.marks])
    plain = {question: [[row.key, row.text] for row in rows] for question, rows in found.items()}
    text = json.dumps({"fingerprint": result.fingerprint, "answers": plain}, ensure_ascii=False)
    write_whole(path, text.encode("utf-8", "replace"))
    return found


def own_keys(result: Result, out: Path) -> dict[str, Keys]:
    """The keys of each answer."""
    found = own_answers(result, out)
    # Equal keys of a class are one in memory.
    return {question: frozenset(intern(row.key) for row in rows if row.key) for question, rows in found.items()}
