"""A real class, in which every student writes every cell in another way, is graded to the end, and fairly."""

import json
from pathlib import Path

from classes import handed_in, write_class
from commands import grader

LABS = ("lab1_tensors",)
"""The lab with the most cells."""
STUDENTS = 12
MORE = 180
"""Cells beside those of the sheet in each notebook."""
CELLS = 2_500
"""Distinct cells, at least: at 2 200 a cache of syntax trees once gave way, and the run with it."""


def code(lab: str, student: str, seed: str) -> list[str]:
    return [cell.source for cell in handed_in(lab, student, seed).notebook.cells if cell.cell_type == "code"]


def test_the_same_seed_makes_the_same_class() -> None:
    assert code("lab5_backprop", "s1", "seed") == code("lab5_backprop", "s1", "seed")
    assert not set(code("lab5_backprop", "s1", "seed")) & set(code("lab5_backprop", "s1", "other"))


def test_a_class_in_which_every_cell_differs_is_graded_to_the_end(tmp_path: Path) -> None:
    class_ = write_class(tmp_path / "class", LABS, STUDENTS, "a class", MORE)
    cells = [c.source for each in class_.values() for c in each.notebook.cells if c.cell_type == "code"]
    assert len(set(cells)) == len(cells) > CELLS

    done = grader("grade", tmp_path / "class", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    found = {(result["student"], result["lab"]): result for result in report["results"]}
    assert found.keys() == class_.keys()
    for key, each in class_.items():
        marks = {q["name"]: q for q in found[key]["questions"]}
        assert not [name for name, mark in marks.items() if mark["status"] == "ungraded"], key
        assert not [name for name in each.mistaken if marks[name]["score"] == marks[name]["points"]], key
        if not each.mistaken:
            assert found[key]["score"] == found[key]["max_score"], key
    assert sum(not each.mistaken for each in class_.values()) > STUDENTS / 6
