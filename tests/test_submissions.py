"""Finding submissions: which files are a student's, and which folders would be passed over in silence."""

from pathlib import Path

import pytest

from grader.runner.submissions import SubmissionsError, find_submissions, without_notebooks


def lay(tmp_path: Path, *files: str) -> Path:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def found(*paths: Path) -> list[tuple[str, str]]:
    return [(submission.student, submission.path.name) for submission in find_submissions(paths)]


def test_a_class_a_students_folder_and_a_notebook(tmp_path: Path) -> None:
    lay(tmp_path, "ada/b.ipynb", "ada/a.IPYNB", "bob/c.ipynb", "bob/notes.txt")
    assert found(tmp_path) == [("ada", "a.IPYNB"), ("ada", "b.ipynb"), ("bob", "c.ipynb")]
    assert found(tmp_path / "bob") == found(tmp_path / "bob" / "c.ipynb") == [("bob", "c.ipynb")]


def test_what_is_hidden_is_no_notebook(tmp_path: Path) -> None:
    lay(tmp_path, "ada/a.ipynb", "ada/._a.ipynb", ".ipynb_checkpoints/a.ipynb", "ada/.ipynb_checkpoints/a.ipynb")
    assert found(tmp_path) == [("ada", "a.ipynb")]


def test_a_student_is_never_called_dot_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "ada/a.ipynb", "ada/deep/notes.txt")
    monkeypatch.chdir(tmp_path / "ada" / "deep")
    assert found(Path("../a.ipynb")) == found(Path("..")) == [("ada", "a.ipynb")]


def test_a_class_with_a_notebook_of_its_own_is_not_taken_for_a_student(tmp_path: Path) -> None:
    lay(tmp_path, "template.ipynb", "ada/a.ipynb")
    with pytest.raises(SubmissionsError, match=r"holds template\.ipynb and also folders with notebooks, such as ada"):
        find_submissions([tmp_path])


@pytest.mark.parametrize("name", ["class.zip", "README.md"])
def test_a_file_that_is_no_notebook_is_the_callers_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(SubmissionsError, match=r"is no \.ipynb file; unpack an archive first"):
        find_submissions([lay(tmp_path, name) / name])


def test_who_handed_in_no_notebook_is_found(tmp_path: Path) -> None:
    lay(tmp_path, "ada/a.ipynb", "bob/answers.pdf", "eve/lab2/a.ipynb", "out/report.json")
    empty = without_notebooks([tmp_path, tmp_path / "ada", tmp_path / "ada" / "a.ipynb"], tmp_path / "out")
    assert [folder.name for folder in empty] == ["bob", "eve"]
