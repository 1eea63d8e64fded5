"""What a run found in each notebook: a file for each, written as soon as the notebook is graded.

Knows where it lies, and that the folder of an interrupted run is as good as that of another. Refuses to hold what it
has written: of a class of thousands an outline is kept in memory, and the rest is read again when it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from grader.desk.files import read_json, record_path, write_whole
from grader.desk.report import VERSION, Json, head, ordered, read_result, record_json, text
from grader.judge.findings import Finding
from grader.judge.model import Mark, Question, Report, Result, Verdict

RUN: Final = Path("records", "run.json")
"""What holds for all records of an output folder."""


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


def write_record(result: Result, out: Path) -> None:
    """Write down one result, whole."""
    write_whole(record_path(out, result), text(record_json(result)).encode("utf-8", "backslashreplace"))


def records(results: Iterable[Result], out: Path) -> Iterator[Json]:
    """Some results as their records have them, each with the file that it has now. Raises OSError."""
    for result in ordered(results):
        record = json.loads(record_path(out, result).read_text("utf-8"))
        yield {**record["result"], "file": result.file}


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


def read_record(path: Path) -> Result:
    """A result as it was found, whole: its page can be drawn again. Raises ValueError, KeyError or TypeError."""
    return read_result(read_json(path))


def is_outdated(out: Path) -> bool:
    """Whether the folder `out` has records of another version, from which nothing is kept."""
    run = read_json(out / RUN)
    return isinstance(run, dict) and run.get("version") != VERSION


def _results(out: Path) -> Iterator[Result]:
    for path in sorted((out / RUN.parent).glob("*/*.json")):
        try:
            yield outline(read_record(path))
        except (ValueError, KeyError, TypeError):
            continue
