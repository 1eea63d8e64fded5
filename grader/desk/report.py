"""The report of a run as JSON: the contract with every other program (version 2, `docs/report.schema.json`).

Knows the report's keys. Refuses to know who reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

from grader.desk.encoding import encoded
from grader.desk.files import read_json, write_parts
from grader.judge.findings import CORRECT, Finding
from grader.judge.model import Absence, Cause, Mark, Question, Report, Result, Status, Verdict
from grader.pages.sentences import message, remarks

VERSION: Final = 2
FILE: Final = "report.json"

Json: TypeAlias = dict[str, object]


def head(report: Report) -> Json:
    """What the report says of the run as a whole."""
    return {
        "version": VERSION,
        "device": report.device,
        "seed": report.seed,
        "confinement": list(report.confinement),
        "missing": [asdict(missing) for missing in report.missing],
    }


def ordered(results: Iterable[Result]) -> list[Result]:
    """Results as the report has them: by student, lab and file."""
    return sorted(results, key=lambda r: (r.student, r.lab, r.file))


def as_json(report: Report) -> Json:
    """The whole report in plain dicts and lists."""
    return {**head(report), "results": [result_json(result) for result in ordered(report.results)]}


def write_report(report: Report, results: Iterable[Json], out: Path) -> Path:
    """Write `report.json` into the folder `out`, a line for each of the `results` as they come; returns its path."""
    path = out / FILE
    write_parts(path, (part.encode("utf-8", "backslashreplace") for part in _parts(report, results)))
    return path


def _parts(report: Report, results: Iterable[Json]) -> Iterator[str]:
    yield f'{text(head(report))[:-1]}, "results": ['
    between = "\n"
    for result in results:
        yield between + text(result)
        between = ",\n"
    yield "\n]}\n"


def text(found: Json) -> str:
    """JSON in one line. A file name that is no UTF-8 leaves half characters in it, which a file can hold as \\udcff."""
    return json.dumps(found, ensure_ascii=False, allow_nan=False)


def result_json(result: Result) -> Json:
    """One result in plain dicts and lists."""
    return {
        "student": result.student,
        "lab": result.lab,
        "file": result.file,
        "status": result.status,
        "score": float(result.score),
        "max_score": float(result.max_score),
        "seconds": round(float(result.seconds), 2),
        "questions": [_question(mark) for mark in result.marks],
        "remarks": list(result.remarks),
        "problem": result.problem,
        **({"cause": str(result.cause)} if result.problem else {}),
        "fingerprint": result.fingerprint,
        "seed": result.seed,
        **({"variant": result.variant} if result.variant else {}),
        **({"refused": list(result.refused)} if result.refused else {}),
    }


def _question(mark: Mark) -> Json:
    verdict = mark.verdict
    return {
        "name": mark.question.name,
        "points": float(mark.question.points),
        "score": float(mark.score),
        "status": str(verdict.status),
        "note": verdict.note,
        "message": message(verdict),
        "remarks": list(remarks(verdict)),
        "findings": [{"note": f.note, "code": f.code, "facts": encoded(f.facts)} for f in verdict.findings],
        **({"requirements": [encoded(each) for each in verdict.requirements]} if verdict.requirements else {}),
    }


def read_report(out: Path) -> Report | None:
    """The report in the folder `out`, its results in outline; None where there is none that can be read."""
    found = read_json(out / FILE)
    try:
        if found["version"] != VERSION:
            return None
        results = tuple(read_result(each, map(_outline, each["questions"])) for each in found["results"])
        missing = tuple(Absence(**each) for each in found["missing"])
        return Report(found["device"], found["seed"], results, tuple(found["confinement"]), missing)
    except (ValueError, KeyError, TypeError):
        return None


def _outline(question: Any) -> Verdict:
    """How a question ended, without what was found."""
    found = () if question["note"] == CORRECT else (Finding(question["note"]),)
    return Verdict(Status(question["status"]), question["score"] / question["points"], found)


def read_result(found: Any, verdicts: Iterable[Verdict]) -> Result:
    """A result from what `result_json` made of it. Raises ValueError, KeyError or TypeError for anything else."""
    return Result(
        student=found["student"],
        lab=found["lab"],
        file=found["file"],
        marks=tuple(
            Mark(Question(question["name"], question["points"], ()), verdict)
            for question, verdict in zip(found["questions"], verdicts, strict=True)
        ),
        seconds=found["seconds"],
        problem=found["problem"],
        remarks=tuple(found["remarks"]),
        fingerprint=found["fingerprint"],
        seed=found["seed"],
        variant=found.get("variant", ""),
        cause=Cause(found.get("cause", Cause.NOTEBOOK)),
        refused=tuple(found.get("refused", ())),
    )
