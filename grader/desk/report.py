"""The report of a run as JSON: the contract with every other program (version 1).

Knows the report's keys. Refuses to know who reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from grader.desk.files import write_whole
from grader.judge.model import Mark, Report, Result

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
