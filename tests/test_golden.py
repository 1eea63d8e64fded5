"""The example class: every notebook beside the report that it must produce.

To accept new reports after a deliberate change: UPDATE_GOLDEN=1 make test, and read the difference.
"""

import json
import os
from functools import cache
from pathlib import Path

import pytest
from test_report_schema import VALIDATOR

from grader.desk.files import page_path
from grader.desk.filing import Filing
from grader.desk.papers import Drafting
from grader.desk.records import outline, read_record
from grader.desk.report import as_json
from grader.judge.model import Conditions, Report
from grader.labs import all_labs
from grader.pages.feedback_page import render
from grader.runner.assigning import assign
from grader.runner.clerks import InTurn
from grader.runner.grading import Graded, prepare_all
from grader.runner.limits import Limits
from grader.runner.marking import Marking
from grader.runner.starting import Warm
from grader.runner.submissions import find_submissions
from grader.runner.workers import Workers, grade

CLASS = Path(__file__).parents[1] / "submissions"
LIMITS = Limits(call=3.0)
"""One of the class never ends on purpose; of the others no answer takes a hundredth of that."""
STUDENTS = sorted(path.name for path in CLASS.iterdir() if path.is_dir())


def itself(graded: Graded) -> Graded:
    return graded


@cache
def graded_class() -> tuple[Graded, ...]:
    """The class at a fixed seed."""
    found = find_submissions([CLASS / student for student in STUDENTS]).notebooks
    assignments, refused = assign(found, all_labs(), {lab.name for lab in all_labs()})
    marking = Marking(assignments, prepare_all(assignments, Conditions("golden")), itself)
    return (*refused, *grade(marking, Workers(Warm, 2), InTurn(marking), LIMITS))


@cache
def produced() -> dict[str, object]:
    """Each student's part of the report, without what changes from run to run."""
    results = as_json(Report("cpu", "golden", tuple(graded.result for graded in graded_class())))["results"]
    assert isinstance(results, list)
    for result in results:
        del result["seconds"]
        result["file"] = Path(result["file"]).name
    told = json.loads(json.dumps(results))
    return {student: [result for result in told if result["student"] == student] for student in STUDENTS}


@pytest.mark.parametrize("student", STUDENTS)
def test_a_submission_gets_the_report_beside_it(student: str) -> None:
    path = CLASS / student / "expected.json"
    found = produced()[student]
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(path.read_text("utf-8")), "meant so? UPDATE_GOLDEN=1 make test; read the difference"


def test_every_page_can_be_drawn_again_from_its_record(tmp_path: Path) -> None:
    labs = {lab.name: lab for lab in all_labs()}
    draft = Drafting({name: lab.title for name, lab in labs.items()}, "cpu", confined=True)
    with Filing(tmp_path, Report("cpu", "golden", (), ("files",)), labs) as filing:
        for graded in graded_class():
            filing.add(draft(graded))
    for graded in graded_class():
        kept = read_record(outline(graded.result), tmp_path).result
        again = render(kept, graded.notebook, graded.runs, labs[kept.lab].title, "cpu")
        assert again.encode("utf-8", "replace") == page_path(tmp_path, graded.result).read_bytes(), kept.file
    VALIDATOR.validate(json.loads((tmp_path / "report.json").read_text("utf-8")))


@cache
def expected(student: str) -> list[dict[str, object]]:
    results: list[dict[str, object]] = json.loads((CLASS / student / "expected.json").read_text("utf-8"))
    return results


def test_the_class_covers_the_labs_and_is_large_enough() -> None:
    results = [result for student in STUDENTS for result in expected(student)]
    assert len(STUDENTS) >= 6
    assert {result["lab"] for result in results} == {lab.name for lab in all_labs()}


def test_the_excellent_student_has_full_marks() -> None:
    assert all(result["score"] == result["max_score"] for result in expected("s01"))
