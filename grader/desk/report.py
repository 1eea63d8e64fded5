"""The report of a run as JSON: the contract with every other program (version 1).

Knows the report's keys. Refuses to know who reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from grader.desk.files import write_whole
from grader.judge.model import Mark, Question, Remark, Report, Result, Status, Verdict

VERSION: Final = 1

Json = dict[str, object]


def as_json(report: Report) -> Json:
    """The report in plain dicts and lists, its results by student, lab and file."""
    results = sorted(report.results, key=lambda r: (r.student, r.lab, r.file))
    return {
        "version": VERSION,
        "device": report.device,
        "seed": report.seed,
        "confinement": list(report.confinement),
        "results": [_result(result) for result in results],
    }


def write_report(report: Report, out: Path) -> Path:
    """Write `report.json` into the folder `out`; returns its path."""
    path = out / "report.json"
    text = json.dumps(as_json(report), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name that is no UTF-8 has half characters in it, which JSON can hold only as \udcff.
    write_whole(path, (text + "\n").encode("utf-8", "backslashreplace"))
    return path


def _result(result: Result) -> Json:
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
        "fingerprint": result.fingerprint,
        "seed": result.seed,
        **({"variant": result.variant} if result.variant else {}),
    }


def _question(mark: Mark) -> Json:
    verdict = mark.verdict
    return {
        "name": mark.question.name,
        "points": float(mark.question.points),
        "score": float(mark.score),
        "status": str(verdict.status),
        "note": verdict.note,
        "message": verdict.message,
        "remarks": list(verdict.said),
    }


def read_report(out: Path) -> Report | None:
    """The report of an earlier run in the folder `out`; None where there is none that can be read."""
    try:
        found = json.loads((out / "report.json").read_text("utf-8"))
        if found["version"] != VERSION:
            return None
        results = tuple(_read_result(result) for result in found["results"])
        return Report(found["device"], found["seed"], results, tuple(found["confinement"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_result(found: Any) -> Result:
    return Result(
        student=found["student"],
        lab=found["lab"],
        file=found["file"],
        marks=tuple(_read_mark(question) for question in found["questions"]),
        seconds=found["seconds"],
        problem=found["problem"],
        remarks=tuple(found["remarks"]),
        fingerprint=found["fingerprint"],
        seed=found["seed"],
        variant=found.get("variant", ""),
    )


def _read_mark(found: Any) -> Mark:
    remarks = tuple(Remark(*remark.split(": ", 1)) for remark in found["remarks"])
    share = found["score"] / found["points"]
    verdict = Verdict(Status(found["status"]), found["note"], found["message"], share, remarks)
    return Mark(Question(found["name"], found["points"], ()), verdict)
