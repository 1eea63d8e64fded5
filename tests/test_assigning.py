"""Which lab a notebook is of: one, two, or one of several people's that lie in one folder."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from grader.judge.model import Lab, Question
from grader.runner.assigning import assign
from grader.runner.submissions import Submission

GRAPHS = Lab("lab2_graphs", "Computational graphs", tuple(Question(f"g{i}", 1, ()) for i in range(4)))
STABILITY = Lab("lab4_stability", "Numerical precision", tuple(Question(f"s{i}", 1, ()) for i in range(8)))
LABS = (GRAPHS, STABILITY)


def answers(*names: str) -> str:
    return "\n".join(f"def {name}(x):\n    return x" for name in names)


def handed_in(folder: Path, **codes: str) -> list[Submission]:
    """Notebooks of one student, by name, each later than the one before."""
    found = []
    for when, (name, code) in enumerate(codes.items()):
        path = folder / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), path)
        os.utime(path, (1e9 + when, 1e9 + when))
        found.append(Submission(folder.name, path))
    return found


def assigned(submissions: list[Submission], *wanted: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """For each lab the notebook that counts, and what is remarked on it."""
    found, refused = assign(submissions, LABS, wanted or {lab.name for lab in LABS})
    assert refused == []
    return {one.lab.name: (one.submission.path.stem, one.remarks) for one in found}


def test_a_notebook_with_two_labs_is_graded_for_each(tmp_path: Path) -> None:
    both = handed_in(tmp_path, all=answers("g0", "g1", "g2", "s0", "s1", "s2", "s3"))
    said = ("This notebook holds lab4_stability and lab2_graphs; it was graded for each.",)
    assert assigned(both) == {"lab4_stability": ("all", said), "lab2_graphs": ("all", said)}
    assert assigned(both, "lab2_graphs") == {"lab2_graphs": ("all", said)}


def test_a_second_lab_with_a_notebook_of_its_own_is_graded_from_that(tmp_path: Path) -> None:
    own = handed_in(tmp_path, graphs=answers("g0", "s0"), other=answers(*(f"s{i}" for i in range(5)), "g1", "g2"))
    assert assigned(own) == {
        "lab2_graphs": ("graphs", ()),
        "lab4_stability": (
            "other",
            ("It also answers 2 of the 4 questions of lab2_graphs; that lab was graded from graphs.ipynb.",),
        ),
    }


@pytest.mark.parametrize(
    ("more", "remarks"),
    [
        (("s0",), ()),
        (
            ("s0", "s1", "s2"),
            (
                "It also answers 3 of the 8 questions of lab4_stability, too few to be graded as that lab: half of "
                "them must be there.",
            ),
        ),
    ],
)
def test_a_few_answers_to_another_lab_are_said(tmp_path: Path, more: tuple[str, ...], remarks: tuple[str, ...]) -> None:
    one = handed_in(tmp_path, graphs=answers("g0", "g1", "g2", "g3", *more))
    assert assigned(one) == {"lab2_graphs": ("graphs", remarks)}


def test_stubs_of_another_lab_are_no_answers(tmp_path: Path) -> None:
    stubs = "\n".join(f"def s{i}(x):\n    raise NotImplementedError" for i in range(3))
    one = handed_in(tmp_path, graphs=answers("g0", "g1", "g2", "g3") + "\n" + stubs)
    assert assigned(one) == {"lab2_graphs": ("graphs", ())}


def test_of_two_versions_the_newer_counts(tmp_path: Path) -> None:
    assert assigned(handed_in(tmp_path, lab2=answers("g0"), lab2_final=answers("g1"))) == {
        "lab2_graphs": (
            "lab2_final",
            (
                "Of two notebooks for this lab, lab2_final.ipynb was graded, the newer by its file's date; lab2.ipynb "
                "was not.",
            ),
        )
    }


def test_a_folder_with_two_peoples_notebooks_for_a_lab_is_nobodys(tmp_path: Path) -> None:
    folder = tmp_path / "group"
    folder.mkdir()
    submissions = handed_in(folder, ada_lab2=answers("g0"), bob_lab2=answers("g1"), ada_lab4=answers("s1"))
    found, (refused,) = assign(submissions, LABS, {lab.name for lab in LABS})
    assert found == []
    assert (refused.result.student, refused.result.file, refused.result.status) == ("group", str(folder), "unreadable")
    assert refused.result.problem == (
        "This folder holds notebooks of several people (ada_lab2.ipynb, bob_lab2.ipynb): give each student a folder of "
        "their own, or leave only those of one."
    )
    named = handed_in(folder, ada_lab2=answers("g0"), bob_lab4=answers("s1"))
    assert set(assigned(named)) == {"lab2_graphs", "lab4_stability"}
