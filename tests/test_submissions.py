"""Finding submissions: which files are a student's, and which folders would be passed over in silence."""

from pathlib import Path

import pytest

from grader.runner.authors import authors
from grader.runner.submissions import HIDDEN, LINKED, SubmissionsError, find_submissions


def lay(tmp_path: Path, *files: str) -> Path:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def found(*paths: Path) -> list[tuple[str, str]]:
    return [(submission.student, submission.path.name) for submission in find_submissions(paths).notebooks]


def test_a_class_a_students_folder_and_a_notebook(tmp_path: Path) -> None:
    lay(tmp_path, "ada/b.ipynb", "ada/a.IPYNB", "bob/c.ipynb", "bob/notes.txt")
    assert found(tmp_path) == [("ada", "a.IPYNB"), ("ada", "b.ipynb"), ("bob", "c.ipynb")]
    assert found(tmp_path / "bob") == found(tmp_path / "bob" / "c.ipynb") == [("bob", "c.ipynb")]


def test_what_is_hidden_is_no_notebook(tmp_path: Path) -> None:
    lay(tmp_path, "ada/a.ipynb", "ada/._a.ipynb", ".ipynb_checkpoints/a.ipynb", "ada/.ipynb_checkpoints/a.ipynb")
    assert found(tmp_path) == [("ada", "a.ipynb")]


def test_a_student_whose_folder_is_hidden_or_holds_a_folder_is_not_passed_over(tmp_path: Path) -> None:
    lay(tmp_path, "ada/a.ipynb", ".bob/b.ipynb", ".git/config", "kim/lab2.ipynb/notes.txt")
    handed_in = find_submissions([tmp_path])
    assert [(one.student, one.problem) for one in handed_in.unusable] == [
        (".bob", HIDDEN),
        ("kim", "No notebook (.ipynb) lies in this folder, only the folder lab2.ipynb: hand in the notebook."),
    ]
    assert handed_in.empty == ()


def test_a_student_is_never_called_dot_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "ada/a.ipynb", "ada/deep/notes.txt")
    monkeypatch.chdir(tmp_path / "ada" / "deep")
    assert found(Path("../a.ipynb")) == found(Path("..")) == [("ada", "a.ipynb")]


def test_a_class_with_a_notebook_of_its_own_is_not_taken_for_a_student(tmp_path: Path) -> None:
    lay(tmp_path, "template.ipynb", "ada/a.ipynb")
    with pytest.raises(SubmissionsError, match=r"holds template\.ipynb and also folders with notebooks, such as ada"):
        find_submissions([tmp_path])


def test_a_folder_without_a_notebook_says_what_is_there_instead(tmp_path: Path) -> None:
    lay(tmp_path, "ada/lab2.zip", "empty/.hidden")
    for path, said in (
        (tmp_path, r" Of ada: .*only lab2\.zip: unpack"),
        (tmp_path / "ada", r" .*only lab2\.zip: unpack"),
    ):
        with pytest.raises(SubmissionsError, match=rf"No notebooks were found in .*in it\.{said} the archive\.$"):
            find_submissions([path])
    with pytest.raises(SubmissionsError, match=r"files in it\.$"):
        find_submissions([tmp_path / "empty"])


@pytest.mark.parametrize("name", ["class.zip", "README.md"])
def test_a_file_that_is_no_notebook_is_the_callers_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(SubmissionsError, match=r"is no \.ipynb file; unpack an archive first"):
        find_submissions([lay(tmp_path, name) / name])


def test_who_handed_in_no_notebook_is_found_with_the_reason(tmp_path: Path) -> None:
    lay(tmp_path, "ada/a.ipynb", "bob/answers.pdf", "eve/lab2/a.ipynb", "kim/.hidden", "lea/l.zip", "moe/l.ipynb.txt")
    lay(tmp_path, "out/report.json", "roster.csv", "ned/1.c", "ned/2.c", "ned/3.c", "ned/4.c")
    class_ = find_submissions([tmp_path, tmp_path / "ada", tmp_path / "ada" / "a.ipynb"], tmp_path / "out")
    assert [one.student for one in class_.notebooks] == ["ada"]
    assert class_.empty == ("kim",)
    assert {one.student: one.problem for one in class_.unusable} == {
        "bob": "No notebook (.ipynb) lies in this folder, only answers.pdf: hand in the notebook itself.",
        "eve": "No notebook (.ipynb) lies directly in this folder, but lab2/a.ipynb does deeper: move it up.",
        "lea": "No notebook (.ipynb) lies in this folder, only l.zip: unpack the archive.",
        "moe": "No notebook (.ipynb) lies in this folder, only l.ipynb.txt: rename it so that its name ends in .ipynb.",
        "ned": "No notebook (.ipynb) lies in this folder, only 1.c, 2.c, 3.c and 1 more: hand in the notebook itself.",
    }


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, "class/ada/a.ipynb", "elsewhere/secret.ipynb")
    for name, target in (("bob", "../elsewhere"), ("eve", "ada"), ("kim", "nowhere"), ("lea", "..")):
        (tmp_path / "class" / name).symlink_to(target)
    class_ = find_submissions([tmp_path / "class"])
    assert [one.student for one in class_.notebooks] == ["ada"]
    assert [(one.student, one.problem) for one in class_.unusable] == [
        (s, LINKED) for s in ("bob", "eve", "kim", "lea")
    ]
    (tmp_path / "named").symlink_to("class")
    assert find_submissions([tmp_path / "named"]).notebooks[0].student == "ada"


def test_the_projects_own_folder_is_no_class(tmp_path: Path) -> None:
    lay(tmp_path, "labs/lab1.ipynb", "solutions/lab1.py", "grader/x.py", "submissions/ada/a.ipynb")
    with pytest.raises(
        SubmissionsError, match=r"is the project's own folder: name a class in it, such as .*submissions"
    ):
        find_submissions([tmp_path])
    assert find_submissions([tmp_path / "submissions"]).notebooks[0].student == "ada"


CANVAS = ("doejane_12345_678901_lab2.ipynb", "roejohn_LATE_12346_678902_lab2-1.ipynb")


def test_a_download_from_canvas_is_not_one_student(tmp_path: Path) -> None:
    lay(tmp_path, *CANVAS)
    with pytest.raises(
        SubmissionsError, match=r"holds notebooks of several people, such as doejane.*: give each student"
    ):
        find_submissions([tmp_path])
    lay(tmp_path / "class", *(f"canvas/{name}" for name in CANVAS), "ada/lab2.ipynb")
    class_ = find_submissions([tmp_path / "class"])
    assert [one.student for one in class_.notebooks] == ["ada"]
    (canvas,) = class_.unusable
    assert canvas.student == "canvas"
    assert canvas.problem.startswith("This folder holds notebooks of several people (doejane_12345_678901_lab2.ipynb, ")


def test_one_students_uploads_to_canvas_and_a_download_from_moodle_are_read(tmp_path: Path) -> None:
    lay(tmp_path, "jane/doejane_12345_678901_lab2.ipynb", "jane/doejane_LATE_12345_678955_lab3-1.ipynb")
    lay(tmp_path, "John Roe_123456_assignsubmission_file_/lab2.ipynb")
    assert {student for student, _ in found(tmp_path)} == {"jane", "John Roe_123456_assignsubmission_file_"}


@pytest.mark.parametrize(
    "names",
    [
        ("lab2", "lab2 (1)", "lab2_final", "lab2-Copy1", "lab2 v2", "Lab 2 - final FINAL", "lab2_graphs"),
        ("a", "b"),
        ("homework", "my homework (final)", "Untitled1"),
        ("ada_lab2", "ada_lab2_final", "lab2"),
        ("Lovelace Ada lab2", "ada-lovelace-lab2-v3"),
        ("lab02", "lab2 2026-05-12", "lab2_20260513", "week10 lab"),
        ("computational graphs", "graphs lab2"),
        ("u1234_lab2", "u1234_lab2_new"),
        ("lab2_loops", "lab2_vectorised"),
        ("lab2_20260512", "lab2_13052026", "lab2_140526", "lab2 1716200000"),
    ],
)
def test_versions_of_one_persons_notebook(names: tuple[str, ...]) -> None:
    assert authors([Path(f"{name}.ipynb") for name in names], {"lab", "graphs", "computational"}) == []


@pytest.mark.parametrize(
    "names",
    [
        ("ada_lab2", "bob_lab2"),
        ("ada", "bob"),
        ("lab2-Ada-Lovelace", "lab2-grace"),
        ("u1234", "u1235"),
        ("lab2_7654321", "lab2_7654322"),
        ("王芳_lab2", "李娜_lab2"),
        ("adalab2", "boblab2"),
    ],
)
def test_notebooks_called_after_different_people(names: tuple[str, ...]) -> None:
    assert authors([Path(f"{name}.ipynb") for name in names], {"lab", "graphs"}) == [f"{name}.ipynb" for name in names]
