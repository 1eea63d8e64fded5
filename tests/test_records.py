"""What was found is written down notebook by notebook, and holds when a run is taken up or its report drawn again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_report import ADA, BOB, KARL

from grader.desk.files import record_path, write_whole
from grader.desk.filing import Filing, FilingError
from grader.desk.papers import Drafting
from grader.desk.records import RUN, Record, outline, read_record, read_records, record_bytes, records, write_run
from grader.desk.report import as_json, result_json
from grader.judge.findings import NOTHING
from grader.judge.model import Cause, Lab, Report
from grader.labs import all_labs
from grader.runner.grading import Graded

REPORT = Report("cpu", "s", (ADA, KARL), ("files",), (BOB,))


def write_record(record: Record, out: Path) -> None:
    write_whole(record_path(out, record.result), record_bytes(record))


def filed(report: Report, out: Path) -> None:
    write_run(report, out)
    for result in report.results:
        write_record(Record(result), out)


def test_a_run_is_read_again_in_outline(tmp_path: Path) -> None:
    filed(REPORT, tmp_path)
    found = read_records(tmp_path)
    assert found is not None
    assert found == Report("cpu", "s", (replace(outline(ADA), seconds=0.09), outline(KARL)), ("files",))
    assert [mark.score for mark in found.results[0].marks] == [mark.score for mark in ADA.marks]
    assert not any(f.facts != NOTHING for mark in found.results[0].marks for f in mark.verdict.findings)


@pytest.mark.parametrize("student", ["ada", "Zoë", "\udcff broken", '"quoted"\n\x00', "../../x", "x" * 5000])
def test_any_student_has_a_record_inside_the_folder(tmp_path: Path, student: str) -> None:
    result = replace(ADA, student=student)
    write_record(Record(result), tmp_path / "out")
    assert list(records([outline(result)], tmp_path / "out")) == [result_json(result)]
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_file_that_was_moved_is_named_where_it_is_now(tmp_path: Path) -> None:
    write_record(Record(ADA), tmp_path)
    (found,) = records([replace(outline(ADA), file="elsewhere/lab2.ipynb")], tmp_path)
    assert found == {**result_json(ADA), "file": "elsewhere/lab2.ipynb"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2, "results": [1]}'])
def test_what_is_no_run_is_none_and_a_broken_record_is_graded_again(tmp_path: Path, text: str) -> None:
    filed(REPORT, tmp_path)
    (tmp_path / "records" / "ada" / "lab2_graphs.json").write_text(text)
    found = read_records(tmp_path)
    assert found is not None and [result.student for result in found.results] == ["karl"]
    (tmp_path / RUN).write_text(text)
    assert read_records(tmp_path) is None


def test_a_record_has_the_code_and_what_wrong_answers_gave_and_the_report_has_neither(tmp_path: Path) -> None:
    ada = replace(ADA, seconds=0.09)
    record = Record(ada, ("x = 1", "\udcff"), {"path_gradient": [{"dz_da": [[1.5, 1e-300], None]}]})
    write_record(record, tmp_path)
    assert read_record(ada, tmp_path) == record
    assert list(records([outline(ada)], tmp_path)) == [result_json(ada)]
    assert read_record(KARL, tmp_path) == Record(KARL)


def test_nothing_is_found_where_nothing_was_filed(tmp_path: Path) -> None:
    assert read_records(tmp_path) is None


draft = Drafting({}, "cpu", confined=True)


def labs() -> dict[str, Lab]:
    return {lab.name: lab for lab in all_labs()}


def test_the_report_is_what_was_filed(tmp_path: Path) -> None:
    with Filing(tmp_path, Report("cpu", "s", ()), labs()) as filing:
        for result in (KARL, ADA):
            filing.add(draft(Graded(result)))
        assert filing.report.results == (outline(KARL), outline(ADA))
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == as_json(Report("cpu", "s", (ADA, KARL)))


def test_where_a_page_fails_that_notebook_alone_counts_as_not_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.desk import papers as module

    def render(result: object, notebook: object, *more: object) -> str:
        if getattr(result, "student", "") == "ada" and getattr(result, "marks", ()):
            raise KeyError("key")
        return "page"

    monkeypatch.setattr(module, "render", render)
    bob = replace(ADA, student="bob")
    with Filing(tmp_path, Report("cpu", "s", ()), labs()) as filing:
        for result in (ADA, bob):
            filing.add(draft(Graded(result)))
        lost, kept = filing.report.results
    assert (lost.student, lost.cause, lost.marks, lost.fingerprint) == ("ada", Cause.GRADER, (), "")
    assert lost.problem.startswith("The grader itself failed at this notebook (KeyError('key')).")
    assert kept == outline(bob)


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FilingError, match="cannot be written: Not a directory"):
        Filing(tmp_path / "out", Report("cpu", "s", ()), labs())
