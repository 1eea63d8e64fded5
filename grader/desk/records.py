"""What a run saw of each notebook and found in it: a file for each, written as soon as the notebook is graded.

Knows where it lies, and that the folder of an interrupted run is as good as that of another. Refuses to hold what it
has written: of a class of thousands an outline is kept in memory, and the rest is read again when it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from grader.desk.encoding import decoded, encoded
from grader.desk.files import read_json, record_path, write_whole
from grader.desk.report import VERSION, Json, head, ordered, read_result, result_json, text
from grader.judge.findings import Finding
from grader.judge.given import Given
from grader.judge.model import Mark, Question, Report, Result, Verdict

RUN: Final = Path("records", "run.json")
"""What holds for all records of an output folder."""
UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What comes of reading something else as a record."""


@dataclass(frozen=True)
class Record:
    """What is kept of one notebook: the result, its code cells, and what `Graded` says that wrong answers gave."""

    result: Result
    cells: tuple[str, ...] = ()
    given: Mapping[str, Sequence[Given]] = field(default_factory=dict)


def outline(result: Result) -> Result:
    """A result without its messages: who, what file, how many points, and how each question ended."""
    return replace(result, marks=tuple(_outlined(mark) for mark in result.marks))


def _outlined(mark: Mark) -> Mark:
    verdict = mark.verdict
    found = (Finding(verdict.note),) if verdict.findings else ()
    return Mark(Question(mark.question.name, mark.question.points, ()), Verdict(verdict.status, verdict.score, found))


def write_run(report: Report, out: Path) -> None:
    """Write down what holds for all results of a run."""
    write_whole(out / RUN, text(head(report)).encode("utf-8", "backslashreplace"))


def record_bytes(record: Record) -> bytes:
    """One notebook's record, as it is written."""
    found: Json = {
        "result": result_json(record.result),
        "verdicts": [encoded(mark.verdict) for mark in record.result.marks],
        "cells": record.cells,
        "given": record.given,
    }
    return text(found).encode("utf-8", "backslashreplace")


def read_record(result: Result, out: Path) -> Record:
    """The record of a result, whole: its page can be drawn again. Without anything else where none can be read."""
    found = read_json(record_path(out, result))
    try:
        return Record(replace(_whole(found), file=result.file), tuple(found["cells"]), found["given"])
    except UNREADABLE:
        return Record(result)


def records(results: Iterable[Result], out: Path) -> Iterator[Json]:
    """The part of each result in the report, as it was recorded, with the file that it has now. Raises OSError."""
    for result in ordered(results):
        found = json.loads(record_path(out, result).read_text("utf-8"))
        yield {**found["result"], "file": result.file}


def read_records(out: Path) -> Report | None:
    """The earlier run in the folder `out`, its results in outline; None where there is none that can be read.

    Whatever of it cannot be read is left out: it is graded again.
    """
    run = read_json(out / RUN)
    try:
        if run["version"] != VERSION:
            return None
        found = Report(run["device"], run["seed"], (), tuple(run["confinement"]))
    except (KeyError, TypeError):
        return None
    return replace(found, results=tuple(_results(out)))


def is_outdated(out: Path) -> bool:
    """Whether the folder `out` has records of another version, from which nothing is kept."""
    run = read_json(out / RUN)
    return isinstance(run, dict) and run.get("version") != VERSION


def _results(out: Path) -> Iterator[Result]:
    for path in sorted((out / RUN.parent).glob("*/*.json")):
        try:
            yield outline(_whole(read_json(path)))
        except UNREADABLE:
            continue


def _whole(record: Any) -> Result:
    """A result with all that was found. Raises UNREADABLE."""
    return read_result(record["result"], [decoded(Verdict, verdict) for verdict in record["verdicts"]])
