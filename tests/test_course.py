"""Rosters and secrets: what can be used, what is said of the rest, and where a secret may lie."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from grader.desk.course import (
    OTHERS,
    VARIABLE,
    Course,
    CourseError,
    make_secret,
    read_roster,
    read_secret,
    remarked,
    secret_path,
)
from grader.desk.report import as_json
from grader.desk.resuming import fingerprint
from grader.judge.model import Conditions, Report, Result
from grader.judge.source import Source
from grader.labs import all_labs, family
from grader.runner.assigning import handed_out
from grader.runner.grading import Assignment
from grader.runner.limits import LIMITS
from grader.runner.submissions import Submission

LAB = next(lab for lab in all_labs() if lab.name == "lab2_graphs")


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def roster(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_roster_is_a_column_of_ids(tmp_path: Path) -> None:
    text = '\ufeffname,student,mail\n"Love, Ada",ada,a@x\nZoë, zoe\u0308 ,z@x\n'
    assert read_roster(roster(tmp_path, text)) == ("ada", "zoë")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nada\n", "has no column called student"),
        ("student;name\nada;A\n", "with commas between them"),
        ("student\n", "has no student"),
        ("", "has no student"),
        ("student,name\nada,A\n,B\n", "a line without a student"),
        ("student\nada\nbob\nada \n", "has ada more than once"),
    ],
)
def test_a_roster_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CourseError, match=said):
        read_roster(roster(tmp_path, text))
    with pytest.raises(CourseError, match="cannot be read"):
        read_roster(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes("student\nZoë\n".encode("latin-1"))
    with pytest.raises(CourseError, match="save it as CSV UTF-8"):
        read_roster(tmp_path / "latin.csv")


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = secret_path(tmp_path / "roster.csv")
    assert path == tmp_path / "roster.secret"
    assert make_secret(path, tmp_path / "out")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = read_secret(path)
    assert len(secret) == 32
    assert not make_secret(path, tmp_path / "out")
    assert read_secret(path) == secret
    make_secret(tmp_path / "other", tmp_path / "out")
    assert read_secret(tmp_path / "other") != secret


@pytest.mark.parametrize("place", ["out/secret", "out/deep/../secret", "out/sub/x.secret"])
def test_a_secret_may_not_lie_where_students_look(tmp_path: Path, place: str) -> None:
    with pytest.raises(CourseError, match="which goes to the students"):
        make_secret(tmp_path / place, tmp_path / "out")
    assert not (tmp_path / place).exists()


def test_a_secret_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="`grader release` makes one"):
        read_secret(tmp_path / "none")
    for text, said in (("no hex", "cannot be read"), ("abcd", "too short")):
        (tmp_path / "bad").write_text(text)
        with pytest.raises(CourseError, match=said):
            read_secret(tmp_path / "bad")


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "ab" * 32)
    assert read_secret(tmp_path / "none") == b"\xab" * 32
    assert not make_secret(tmp_path / "none", tmp_path)
    assert list(tmp_path.iterdir()) == []


def handed_in(student: str) -> Assignment:
    path = Path(student) / "lab2.ipynb"
    return Assignment(Submission(student, path), "0", LAB)


def test_an_assignment_gets_the_numbers_of_its_student() -> None:
    course = Course(("ada", "a/b"), b"s" * 32)
    numbers = course.numbers("lab2_graphs")
    (ada, odd), refused = course.own([handed_in("ada"), handed_in("a_b~c14cddc0")])
    assert refused == []
    assert ada.lab is family("lab2_graphs").lab(numbers["ada"])
    assert ada.variant == family("lab2_graphs").written(numbers["ada"])
    # The folder that an odd id was released into is its own too.
    assert odd.variant == family("lab2_graphs").written(numbers["a/b"])


def test_a_notebook_with_other_numbers_than_it_is_graded_with_is_remarked_on() -> None:
    """A roster that was not given, another secret, somebody else's notebook; not the sheet's own, nor no number."""
    ours, theirs = (Course(("ada", "bob"), secret) for secret in (b"s" * 32, b"t" * 32))
    numbers = family("lab2_graphs").written(ours.numbers("lab2_graphs")["ada"])

    def with_cell(first_cell: str, student: str = "ada") -> Assignment:
        return replace(handed_in(student), handed_out=handed_out(Source((first_cell,)), "lab2_graphs"))

    cell = f'from grader.student import checking\n\ncheck = checking(\n    "lab2_graphs",\n    {numbers}\n)'
    own, of_bob = with_cell(cell), with_cell(cell, "bob")
    told = [own, ours.own([own])[0][0], theirs.own([own])[0][0], ours.own([of_bob])[0][0]]
    assert [remarked(assignment).remarks for assignment in told] == [(OTHERS,), (), (OTHERS,), (OTHERS,)]
    for odd in ("from grader.student import check", "check = checking(**spread)", "check = checking(x_a=f())"):
        assert remarked(ours.own([with_cell(odd)])[0][0]).remarks == ()


def test_a_stranger_is_not_graded_and_is_told_why() -> None:
    found, (refused,) = Course(("ada",), b"s" * 32).own([handed_in("karl")])
    assert found == []
    assert (refused.result.student, refused.result.lab, refused.result.status) == ("karl", "lab2_graphs", "unreadable")
    assert refused.result.problem.startswith("The roster has no student called karl")


def test_a_result_with_other_numbers_is_graded_again() -> None:
    """Secret, roster and notebook decide it: the fingerprint is of the numbers that they come to."""
    plain = handed_in("ada")
    courses = [Course(("ada",), secret) for secret in (b"s" * 32, b"t" * 32)]
    ways = [plain, *(course.own([plain])[0][0] for course in courses)]
    prints = {fingerprint(assignment, Conditions("seed"), LIMITS) for assignment in ways}
    assert len(prints) == 3


def test_a_report_names_the_numbers_that_were_graded_with_where_they_are_a_students_own() -> None:
    of_sheet, own = (
        Result("ada", "lab2_graphs", "f", (), 0.1),
        Result("ada", "lab2_graphs", "f", (), 0.1, variant="p=2"),
    )
    results = as_json(Report("cpu", "s", (of_sheet, own)))["results"]
    assert isinstance(results, list)
    one, other = results
    assert "variant" not in one
    assert other == one | {"variant": "p=2"}
