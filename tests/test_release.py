"""Released notebooks: a student's numbers in text, stubs and `check`, no secret, and graded as they were drawn."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from commands import grader
from test_command_line import report

from grader.authoring.notebooks import answered, solution_notebook, written
from grader.authoring.release import own_notebook, own_text, release
from grader.authoring.verification import marks
from grader.desk.course import OTHERS, Course, CourseError
from grader.judge.model import Conditions
from grader.judge.source import Source
from grader.labs import all_labs, family
from grader.runner.grading import ask_all, prepare
from grader.runner.session import Session
from grader.runner.starting import Starter

ROOT = Path(__file__).parents[1]
LABS = pytest.mark.parametrize("lab", [lab.name for lab in all_labs()])
SECRET = bytes(range(32))
COURSE = Course(("ada", "bob"), SECRET)


def sheet(lab: str) -> str:
    return (ROOT / "solutions" / f"{lab}.py").read_text("utf-8")


def solved(lab: str, student: str) -> nbformat.NotebookNode:
    """The solution with a student's numbers."""
    return solution_notebook(own_text(sheet(lab), family(lab), COURSE.numbers(lab)[student]))


def code(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@LABS
def test_a_released_notebook_is_the_sheets_but_for_its_numbers(lab: str) -> None:
    graded = {q.name for q in next(found for found in all_labs() if found.name == lab).questions}
    of_sheet = nbformat.read(ROOT / "labs" / f"{lab}.ipynb", 4)
    own = own_notebook(sheet(lab), family(lab), COURSE.numbers(lab)["ada"])
    assert [c.cell_type for c in own.cells] == [c.cell_type for c in of_sheet.cells]
    prose, sheets = ([c.source for c in notebook.cells if c.cell_type == "markdown"] for notebook in (own, of_sheet))
    assert prose != sheets
    assert prose == [c.source for c in solved(lab, "ada").cells if c.cell_type == "markdown"]
    assert [answered(c, graded) for c in code(own)] == [answered(c, graded) for c in code(of_sheet)]
    assert "raise NotImplementedError" in "".join(code(own))
    nbformat.validate(own)


@LABS
def test_the_first_cell_of_a_released_notebook_checks_with_its_numbers(lab: str) -> None:
    """`check` of the released notebook finds the student's own solution right, with the numbers in the cell alone."""
    variants = family(lab)
    names: dict[str, Any] = {}
    exec(code(own_notebook(sheet(lab), variants, COURSE.numbers(lab)["ada"]))[0], names)
    own = names["check"].__closure__[0].cell_contents
    assert own.questions == variants.lab(COURSE.numbers(lab)["ada"]).questions


def test_a_released_notebook_runs_where_it_is_graded(starter: Starter) -> None:
    """There `checking` is a stand-in, as `check` is."""
    with Session(starter=starter) as session:
        runs = session.run(
            code(own_notebook(sheet("lab2_graphs"), family("lab2_graphs"), COURSE.numbers("lab2_graphs")["ada"]))
        )
    assert [run.outputs for run in runs if run.outcome != "ok"] == []


def test_nothing_that_is_released_holds_the_secret(tmp_path: Path) -> None:
    paths = list(release(ROOT, COURSE, all_labs(), tmp_path))
    assert len(paths) == 2 * len(all_labs())
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for form in (SECRET.hex().encode(), SECRET.hex().upper().encode(), str(list(SECRET)).encode()[1:-1], SECRET):
        assert form not in everything


def test_a_released_notebook_is_never_put_over_another(tmp_path: Path) -> None:
    labs = [lab for lab in all_labs() if lab.name == "lab5_backprop"]
    (first, *_) = release(ROOT, COURSE, labs, tmp_path)
    list(release(ROOT, COURSE, labs, tmp_path))
    first.write_text("a student's work")
    with pytest.raises(CourseError, match="is there already, and another"):
        list(release(ROOT, COURSE, labs, tmp_path))
    assert first.read_text() == "a student's work"


def lost(starter: Starter, lab: str, student: str, answers_of: str) -> set[str]:
    """The questions that cost points where one student's answers are graded with another's numbers."""
    posed = prepare(family(lab).lab(COURSE.numbers(lab)[student]), Conditions("release"))
    cells = code(solved(lab, answers_of))
    with Session(starter=starter) as session:
        session.run(cells)
        found = marks(posed, ask_all(session, posed), Source(tuple(cells)))
    return {mark.question.name for mark in found if mark.score < mark.question.points}


OWN: dict[str, list[tuple[str, str]]] = {
    "lab1_tensors": [("side", "random_square"), ("pair", "random_pair"), ("seed count", "seeded_squeeze")],
    "lab2_graphs": [
        ("x_a x_b y_a y_b z_x z_y", "path_forward path_gradient"),
        ("square straight sine", "exponential exponential_gradient"),
        ("polynomial", "polynomial polynomial_gradient"),
        ("double", "tanh_log tanh_log_backward"),
        ("above_x above_y", "ratio ratio_gradient"),
    ],
    "lab3_regression": [("tilt scatter", "quadratic_fit linear_fit proportional_fit")],
    "lab5_backprop": [],
}
"""The numbers that answers hold, and the questions that these answer."""


FOLLOWING = {"path_gradient", "exponential_gradient", "polynomial_gradient", "tanh_log_backward", "ratio_gradient"}
"""Of the second lab: each is judged by the student's own function too."""


def differing(lab: str, course: Course) -> set[str]:
    """The questions whose answers hold other numbers for ada than for bob."""
    ada, bob = (course.numbers(lab)[student] for student in ("ada", "bob"))
    return {
        question
        for numbers, questions in OWN[lab]
        if any(getattr(ada, name) != getattr(bob, name) for name in numbers.split())
        for question in questions.split()
    }


@pytest.mark.parametrize("lab", OWN)
def test_anothers_numbers_cost_the_questions_whose_numbers_differ_and_no_other(starter: Starter, lab: str) -> None:
    """But for gradients that are right for the function beside them: these follow from it, whoever's numbers it has."""
    assert lost(starter, lab, "ada", "bob") == differing(lab, COURSE) - FOLLOWING
    assert lost(starter, lab, "ada", "ada") == set()


def test_a_class_is_released_solved_and_graded(tmp_path: Path) -> None:
    """Grading finds the numbers by the folder's student: ada's notebook in bob's folder is graded as bob's."""
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nada\nbob\n")
    done = grader("release", "--roster", roster, "--out", tmp_path / "class", "--lab", "lab2_graphs")
    assert done.returncode == 0, done.stderr
    assert f"A new secret is in {tmp_path / 'roster.secret'}" in done.stdout
    course = Course(("ada", "bob"), bytes.fromhex((tmp_path / "roster.secret").read_text()))
    answer = own_text(sheet("lab2_graphs"), family("lab2_graphs"), course.numbers("lab2_graphs")["ada"])
    for student in ("ada", "bob", "karl"):
        path = tmp_path / "class" / student / "lab2_graphs.ipynb"
        released = nbformat.read(path, 4) if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        notebook = solution_notebook(answer)
        if released:
            notebook.cells.insert(0, next(cell for cell in released.cells if cell.cell_type == "code"))
        path.write_text(written(notebook))
    out = tmp_path / "out"
    done = grader("grade", tmp_path / "class", "--out", out, "--roster", roster, "--seed", "own")
    assert done.returncode == 1, done.stderr
    ada, bob, karl = report(out)
    assert ada["remarks"] == bob["remarks"] == []
    assert (ada["score"], ada["max_score"]) == (25.0, 25.0)
    assert ada["variant"] == family("lab2_graphs").written(course.numbers("lab2_graphs")["ada"])
    assert {q["name"] for q in bob["questions"] if q["score"] < q["points"]} == differing(
        "lab2_graphs", course
    ) - FOLLOWING
    assert (karl["status"], karl["lab"]) == ("unreadable", "lab2_graphs")
    assert "no student called karl" in karl["problem"]
    assert course.secret.hex() not in json.dumps([ada, bob, karl])
    # Without the roster nobody has the numbers of the first cell.
    grader("grade", tmp_path / "class" / "ada", "--out", tmp_path / "sheet")
    assert report(tmp_path / "sheet")[0]["remarks"] == [OTHERS]


def test_a_roster_that_cannot_be_read_leaves_no_secret(tmp_path: Path) -> None:
    done = grader("release", "--roster", tmp_path / "misspelt.csv", "--out", tmp_path / "class")
    assert done.returncode == 2
    assert "misspelt.csv cannot be read: No such file or directory." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_grading_without_the_secret_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("student\ns01\n")
    done = grader("grade", "submissions/s02", "--out", tmp_path / "out", "--roster", tmp_path / "roster.csv")
    assert done.returncode == 2
    assert f"There is no secret at {tmp_path / 'roster.secret'}" in done.stderr
    assert not (tmp_path / "roster.secret").exists()
