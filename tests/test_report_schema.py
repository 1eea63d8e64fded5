"""The report keeps to its published form, and that form refuses what is none."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator
from test_report import ADA, BOB, KARL

from grader.desk.report import VERSION, as_json
from grader.judge.findings import Advice, Facts, Way
from grader.judge.model import Cause, Report, Status

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
GOLDEN = sorted((ROOT / "submissions").glob("*/expected.json"))


def whole(results: list[dict[str, Any]]) -> dict[str, Any]:
    """A report of golden results, which are kept without what changes from run to run."""
    return {**as_json(Report("cpu", "golden", ())), "results": [{**result, "seconds": 0.1} for result in results]}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["version"]["const"] == VERSION


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_every_golden_report_keeps_to_it(path: Path) -> None:
    assert [*VALIDATOR.iter_errors(whole(json.loads(path.read_text("utf-8"))))] == []


def test_a_report_of_everything_keeps_to_it() -> None:
    everything = json.loads(json.dumps(as_json(Report("cpu", "s", (KARL, ADA), ("files",), (BOB,)))))
    assert [*VALIDATOR.iter_errors(everything)] == []


def test_the_schema_names_every_fact_and_every_word() -> None:
    known = SCHEMA["$defs"]
    assert list(known["facts"]["properties"]) == list(Facts.__dataclass_fields__)
    assert known["facts"]["properties"]["advice"]["enum"] == list(Advice)
    assert known["difference"]["properties"]["way"]["enum"] == list(Way)
    assert known["question"]["properties"]["status"]["enum"] == list(Status)
    assert known["result"]["properties"]["cause"]["enum"] == list(Cause)


def spoilt(report: dict[str, Any], change: str) -> dict[str, Any]:
    """A right report with one thing wrong."""
    found = deepcopy(report)
    ada, karl = found["results"]
    wrong, right = ada["questions"]
    match change:
        case "an older version":
            found["version"] = 1
        case "an unknown fact":
            wrong["findings"][0]["facts"]["colour"] = "red"
        case "a point that is a sentence":
            wrong["findings"][0]["facts"]["where"] = "at (a = 1, b = 2)"
        case "points lost for nothing":
            wrong["findings"] = []
        case "a finding in a right answer":
            right["findings"] = wrong["findings"]
        case "not graded, and nobody's doing":
            del karl["cause"]
        case "graded, and yet a cause":
            ada["cause"] = "machine"
    return found


CHANGES = [
    "an older version",
    "an unknown fact",
    "a point that is a sentence",
    "points lost for nothing",
    "a finding in a right answer",
    "not graded, and nobody's doing",
    "graded, and yet a cause",
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_report_is_refused(change: str) -> None:
    report = json.loads(json.dumps(as_json(Report("cpu", "s", (ADA, KARL)))))
    VALIDATOR.validate(report)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(spoilt(report, change))
