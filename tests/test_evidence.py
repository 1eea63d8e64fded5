"""Answers that are right for another student's numbers: on the instructor's page, and nowhere else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import grader
from test_command_line import notebook, report

from grader.desk.class_index import SIMILAR
from grader.desk.course import Course
from grader.judge.model import Check
from grader.oracle.checks import GradientCheck
from grader.similarity.copied import ForeignOutput, ForeignValue
from grader.similarity.evidence import ForeignAnswer
from grader.similarity.search import search
from grader.similarity.similar_page import NAMED, Findings, foreign, page

SECRET = bytes(range(32))
COURSE = Course(("ada", "bob", "cyd"), SECRET)
NUMBERS = COURSE.numbers("lab2_graphs")
HOSTILE = '<script>alert("x")</script>\u202e'


def polynomial(student: str, x: float) -> float:
    value: float = sum(k * x**n for n, k in enumerate(NUMBERS[student].polynomial))
    return value


def hand_in(folder: Path, student: str, of: str) -> None:
    """A notebook of one student with the polynomial of another."""
    coefficients = list(NUMBERS[of].polynomial)
    code = f"def polynomial(x):\n    return sum(k * x**n for n, k in enumerate({coefficients}))"
    notebook(folder / student / "lab2.ipynb", code)


def graded(tmp_path: Path, out: str) -> Path:
    """The folder of a run over the class."""
    (tmp_path / "roster.csv").write_text("student\nada\nbob\ncyd\n")
    (tmp_path / "roster.secret").write_text(SECRET.hex())
    roster = ("--roster", tmp_path / "roster.csv", "--seed", "own")
    for command in (("grade", tmp_path / "class", "--out", tmp_path / out, *roster), ("similar", tmp_path / out)):
        done = grader(*command)
        assert done.returncode == 0, done.stderr
    return tmp_path / out


def rows(out: Path) -> list[list[str]]:
    """The texts of the cells of each entry's first row."""
    section = (out / SIMILAR).read_text("utf-8").split('<h2 id="foreign">')[1].split("</section>")[0]
    bodies = re.findall(r"<tbody>\s*<tr>(.*?)</tr>", section, re.DOTALL)
    return [
        [re.sub(r"<[^>]*>", "", cell.replace("<br>", "; ")) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", b)]
        for b in bodies
    ]


def result(out: Path, student: str) -> dict[str, Any]:
    (found,) = [r for r in report(out) if r["student"] == student]
    return {key: value for key, value in found.items() if key != "seconds"}


def test_the_numbers_differ() -> None:
    assert len({NUMBERS[student].polynomial for student in COURSE.students}) == 3


def test_anothers_right_answer_is_shown_to_the_instructor_and_changes_nothing_else(tmp_path: Path) -> None:
    hand_in(tmp_path / "class", "ada", of="bob")
    alone = graded(tmp_path, "alone")
    assert "No answer is wrong for its author’s numbers" in (alone / SIMILAR).read_text("utf-8")
    hand_in(tmp_path / "class", "bob", of="bob")
    hand_in(tmp_path / "class", "cyd", of="cyd")
    out = graded(tmp_path, "out")
    ((student, answer, at, given, right, owners),) = rows(out)
    # What autograd finds of a wrong value is wrong as well: one answer, two outputs.
    said = "lab2_graphs, polynomial; and 1 more of its outputs; shown at 3 of 5 hidden points"
    assert (student, answer, owners) == ("ada", said, "bob")
    place = re.fullmatch(r"\(x = (.*)\)", at)
    assert place is not None
    x = float(place[1])
    assert float(given) == pytest.approx(polynomial("bob", x), rel=1e-3)
    assert float(right) == pytest.approx(polynomial("ada", x), rel=1e-3)
    assert "evidence to look at, and no verdict" in (out / SIMILAR).read_text("utf-8")
    assert f'href="{SIMILAR.as_posix()}"' in (out / "index.html").read_text("utf-8")

    assert result(out, "ada") == result(alone, "ada")
    assert [question["score"] for question in result(out, "ada")["questions"] if question["name"] == "polynomial"] == [
        0
    ]
    told = [out / "feedback" / "ada" / "lab2_graphs.html", out / "gradebook.csv"]
    assert "bob" not in told[0].read_text("utf-8") and "bob" not in json.dumps(result(out, "ada"))
    for path in (*(out / "feedback").rglob("*.html"), out / "report.json", told[1]):
        assert "another student" not in path.read_text("utf-8") and "copied" not in path.read_text("utf-8")


def test_whoever_hands_in_later_is_compared_with_all_who_did_before(tmp_path: Path) -> None:
    hand_in(tmp_path / "class", "ada", of="bob")
    hand_in(tmp_path / "class", "bob", of="bob")
    graded(tmp_path, "out")
    hand_in(tmp_path / "class", "cyd", of="bob")
    out = graded(tmp_path, "out")
    assert [(row[0], row[-1]) for row in rows(out)] == [("ada", "bob"), ("cyd", "bob")]
    # Whoever hands in again is compared anew.
    hand_in(tmp_path / "class", "ada", of="ada")
    assert [row[0] for row in rows(graded(tmp_path, "out"))] == ["cyd"]


def test_what_is_right_for_a_class_is_derived_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(tmp_path / "class", "ada", of="bob")
    hand_in(tmp_path / "class", "bob", of="bob")
    out = graded(tmp_path, "out")
    first = rows(out)
    (out / SIMILAR).unlink()

    def prepare(*_: object) -> Check:
        raise AssertionError("it is derived again")

    monkeypatch.setattr(GradientCheck, "prepare", prepare)
    assert search(out).endswith("1 answer is right for another's numbers")
    assert rows(out) == first


def page_of(*found: ForeignAnswer) -> str:
    return page(Findings((), foreign(found), own_numbers=bool(found)))


def answer(student: str, what: str, owners: tuple[str, ...], *values: ForeignValue) -> ForeignAnswer:
    return ForeignAnswer(student, "lab2_graphs", "polynomial", ForeignOutput(what, owners, values))


def test_of_many_owners_and_points_some_are_shown_and_all_counted() -> None:
    owners = tuple(f"s{place:02}" for place in range(12))
    text = page_of(answer("a", "p", owners, *(ForeignValue(f"(x = {place})", "2", "3") for place in range(9))))
    assert "12 students: s00, s01, s02, …" in text and "s03" not in text
    assert f"shown at {NAMED} of 9 hidden points" in text and "(x = 2)" in text and "(x = 3)" not in text


def test_names_and_values_are_text_and_no_markup() -> None:
    text = page_of(answer(HOSTILE, HOSTILE, (HOSTILE,), ForeignValue(*(HOSTILE,) * 3)))
    assert "&lt;script" in text
    assert "<script" not in text and "\u202e" not in text


def test_without_numbers_of_their_own_nothing_is_said() -> None:
    assert "another student’s numbers" not in page_of()
