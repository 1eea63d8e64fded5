"""The report holds exactly what other programs were promised, and is whole at any moment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader.desk.files import folder_name, page_path, write_whole
from grader.desk.report import as_json, ordered, read_report, read_result, result_json, write_report
from grader.judge.findings import Facts, Finding, Numbers, Remark
from grader.judge.model import Absence, Mark, Question, Report, Result, Status, Verdict
from grader.judge.truth import Slip

MESSAGE = (
    "dz_da at (a = 1, b = 2): yours 4, expected 34. In dz/da, the path through y is missing: what flows along every "
    "path adds up."
)
SLIP = Slip("missing_path", (("where", "dz/da"), ("step", "y")), (("a", "y"),))
FACTS = Facts(
    what="dz_da",
    where={"a": Numbers((1.0,)), "b": Numbers((2.0,))},
    theirs=Numbers((4.0,)),
    expected=Numbers((34.0,)),
    mistakes=((SLIP,),),
    edges=SLIP.edges,
)
MARKS = (
    Mark(Question("path_gradient", 2, ()), Verdict(Status.FAIL, 0.0, (Finding("wrong_value", FACTS),))),
    Mark(Question("path_edges", 1, ()), Verdict(Status.PASS, 1.0, remarks=(Remark("used_here", "q"),))),
)
ADA = Result("ada", "lab2_graphs", "class/ada/lab2.ipynb", MARKS, 0.0871, seed="earlier")
BOB = Absence("bob", "", "Nothing was handed in.")
KARL = Result("karl", "", "class/karl/x.ipynb", (), 0.0, "This file is no notebook.")


def test_the_shape_of_version_2() -> None:
    assert as_json(Report("cpu", "s", (KARL, ADA), missing=(BOB,))) == {
        "version": 2,
        "device": "cpu",
        "seed": "s",
        "confinement": [],
        "results": [
            {
                "student": "ada",
                "lab": "lab2_graphs",
                "file": "class/ada/lab2.ipynb",
                "status": "graded",
                "score": 1.0,
                "max_score": 3.0,
                "seconds": 0.09,
                "questions": [
                    {
                        "name": "path_gradient",
                        "points": 2.0,
                        "score": 0.0,
                        "status": "fail",
                        "note": "missing_path",
                        "message": MESSAGE,
                        "remarks": [],
                        "findings": [
                            {
                                "note": "missing_path",
                                "code": "wrong_value",
                                "facts": {
                                    "what": "dz_da",
                                    "where": {"a": 1.0, "b": 2.0},
                                    "theirs": 4.0,
                                    "expected": 34.0,
                                    "mistakes": [
                                        [
                                            {
                                                "note": "missing_path",
                                                "facts": {"where": "dz/da", "step": "y"},
                                                "edges": [["a", "y"]],
                                            }
                                        ]
                                    ],
                                    "edges": [["a", "y"]],
                                },
                            }
                        ],
                    },
                    {
                        "name": "path_edges",
                        "points": 1.0,
                        "score": 1.0,
                        "status": "pass",
                        "note": "correct",
                        "message": "Right.",
                        "remarks": ["q: is used here, and is not right itself: look there first."],
                        "findings": [],
                    },
                ],
                "remarks": [],
                "problem": "",
                "fingerprint": "",
                "seed": "earlier",
            },
            {
                "student": "karl",
                "lab": "",
                "file": "class/karl/x.ipynb",
                "status": "unreadable",
                "score": 0.0,
                "max_score": 0.0,
                "seconds": 0.0,
                "questions": [],
                "remarks": [],
                "problem": "This file is no notebook.",
                "cause": "notebook",
                "fingerprint": "",
                "seed": "",
            },
        ],
        "missing": [{"student": "bob", "lab": "", "reason": "Nothing was handed in."}],
    }


def written(report: Report, out: Path) -> Path:
    return write_report(report, map(result_json, ordered(report.results)), out)


def test_refused_calls_are_in_the_report_where_there_are_any() -> None:
    said = result_json(replace(ADA, refused=("fork", "socket")))
    assert said["refused"] == ["fork", "socket"]
    assert read_result(said, [mark.verdict for mark in ADA.marks]).refused == ("fork", "socket")
    assert "refused" not in result_json(ADA)


def test_the_file_holds_the_report_with_a_line_for_every_result(tmp_path: Path) -> None:
    for report in (Report("cpu", "s", (KARL, ADA), ("files",), (BOB,)), Report("cpu", "s", ())):
        path = written(report, tmp_path)
        assert json.loads(path.read_text("utf-8")) == as_json(report)
        assert len(path.read_text("utf-8").splitlines()) == 2 + len(report.results)


def test_a_report_is_read_in_outline_if_it_is_of_this_version(tmp_path: Path) -> None:
    path = written(Report("cpu", "s", (ADA,), missing=(BOB,)), tmp_path)
    found = read_report(tmp_path)
    assert found is not None and found.missing == (BOB,)
    assert [(m.question.name, m.score, m.verdict.note) for m in found.results[0].marks] == [
        ("path_gradient", 0.0, "missing_path"),
        ("path_edges", 1.0, "correct"),
    ]
    path.write_text(path.read_text("utf-8").replace('"version": 2', '"version": 1'), "utf-8")
    assert read_report(tmp_path) is None


def test_scores_are_written_as_floats(tmp_path: Path) -> None:
    text = written(Report("cpu", "s", (ADA,)), tmp_path).read_text("utf-8")
    assert '"points": 2.0' in text
    assert '"max_score": 3.0' in text


def test_the_order_of_results_does_not_depend_on_who_was_done_first() -> None:
    one, other = Report("cpu", "s", (ADA, KARL)), Report("cpu", "s", (KARL, ADA))
    assert json.dumps(as_json(one)) == json.dumps(as_json(other))


def test_any_name_can_be_written_and_read_again(tmp_path: Path) -> None:
    for student in ("Zoë", "\udcff broken", '"quoted"\n\x00'):
        path = written(Report("cpu", "s", (replace(ADA, student=student),)), tmp_path)
        assert json.loads(path.read_bytes())["results"][0]["student"] == student


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_whole(path, b"old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("student", ["ada", "ada.lovelace", "Ada Lovelace", "u123@example.edu", "Zoë", "王芳"])
def test_an_ordinary_id_is_the_name_of_its_folder(student: str) -> None:
    assert folder_name(student) == student


ODD = ["", ".", "..", "../../x", "/etc", "a/b", "a\\b", "a\x00b", "x" * 5000, "王" * 90, "CON", "nul.txt", "COM1"]
ODD += [" ", "a ", "a.", ".hidden", "-rf", "~root", "a~b", "a:b", "C:", "<b>", "\udcff", "e\u0301", "\u202eabc"]


@pytest.mark.parametrize("student", ODD)
def test_an_odd_id_stays_inside_the_feedback_folder(student: str, tmp_path: Path) -> None:
    page = page_path(tmp_path, replace(ADA, student=student))
    assert page.parent.resolve().parent == (tmp_path / "feedback").resolve()
    write_whole(page, b"page")
    assert page.read_bytes() == b"page"


@pytest.mark.parametrize("student", ["CON", "nul.txt", "com1"])
def test_a_name_that_windows_keeps_for_itself_is_changed(student: str) -> None:
    assert folder_name(student).startswith(f"{student}~")


def test_two_students_never_share_a_folder() -> None:
    ids = [*ODD, *(folder_name(student) for student in ODD), "a_b", "a b", "a?b", "a*b"]
    names = [folder_name(student) for student in ids]
    assert len(set(names)) == len(set(ids))


def test_an_unreadable_file_has_a_page_of_its_own(tmp_path: Path) -> None:
    assert page_path(tmp_path, KARL) == tmp_path / "feedback" / "karl" / "unread x.html"
