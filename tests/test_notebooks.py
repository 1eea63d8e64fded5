"""Student notebooks: stubs by the syntax tree, prose kept, fresh, and running from top to bottom."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from grader.authoring.notebooks import HINTS, SETUP, answered, build, stale, stubbed, student_notebook
from grader.judge.model import Lab
from grader.labs import all_labs
from grader.runner.session import Session
from grader.runner.starting import Starter

ROOT = Path(__file__).parents[1]
LABS = pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)

CODE = '''
def helper(x):
    return x


@decorated
def first(x: int,
          y: int) -> int:
    """One line.

    Shapes.
    """
    # the answer
    return helper(x)


answer: int = 3
fit = first(1, 2)
'''


def test_a_stub_keeps_signature_docstring_and_decorators() -> None:
    assert stubbed(CODE, {"first", "fit", "answer"}) == (
        '@decorated\ndef first(x: int,\n          y: int) -> int:\n    """One line.\n\n    Shapes.\n    """\n'
        "    raise NotImplementedError\n\n\nanswer = ...\n\n\nfit = ..."
    )
    assert answered(CODE, {"first", "fit"}) == ["first", "fit"]


def read(lab: Lab) -> nbformat.NotebookNode:
    found: nbformat.NotebookNode = nbformat.read(ROOT / "labs" / f"{lab.name}.ipynb", 4)
    return found


def test_the_committed_notebooks_are_fresh() -> None:
    assert stale(build(ROOT, all_labs())) == []


def test_a_changed_solution_makes_them_stale(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "solutions").mkdir()
    for lab in all_labs():
        for room in ("labs/{}.ipynb", "solutions/{}.py"):
            name = room.format(lab.name)
            (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    (tmp_path / HINTS).parent.mkdir(parents=True)
    (tmp_path / HINTS).write_text((ROOT / HINTS).read_text("utf-8"), "utf-8")
    changed = tmp_path / "solutions" / "lab2_graphs.py"
    changed.write_text(changed.read_text("utf-8").replace("# # Lab 2", "# # Lab two"), "utf-8")
    assert [path.name for path in stale(build(tmp_path, all_labs()))] == ["lab2_graphs.ipynb"]


@LABS
def test_every_graded_name_is_a_stub_followed_by_its_check(lab: Lab) -> None:
    cells = [cell.source for cell in read(lab).cells if cell.cell_type == "code"]
    assert cells[0] == SETUP
    for question in lab.questions:
        (place,) = (i for i, code in enumerate(cells) if question.name in answered(code, {question.name}))
        assert f'check("{question.name}")' in cells[place + 1].splitlines()
        for statement in ast.parse(cells[place]).body:
            if isinstance(statement, ast.FunctionDef):
                assert ast.unparse(statement.body[-1]) == "raise NotImplementedError"
                assert len(statement.body) == 2
                assert ast.get_docstring(statement)


@LABS
def test_no_line_of_an_answer_is_left_in_the_notebook(lab: Lab) -> None:
    text = (ROOT / "solutions" / f"{lab.name}.py").read_text("utf-8")
    graded = {q.name for q in lab.questions}
    shown = "\n".join(cell.source for cell in read(lab).cells)
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef) and statement.name in graded:
            returned = [ast.get_source_segment(text, s) for s in statement.body[1:]]
            assert all(line not in shown for line in returned if line and len(line) > 25)


@LABS
def test_the_prose_and_the_ids_are_kept(lab: Lab) -> None:
    text = (ROOT / "solutions" / f"{lab.name}.py").read_text("utf-8")
    notebook = read(lab)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert student_notebook(text, lab) == student_notebook(text, lab)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    nbformat.validate(notebook)


@LABS
def test_what_the_sheet_says_the_lab_is_worth_is_so(lab: Lab) -> None:
    prose = "\n".join(cell.source for cell in read(lab).cells if cell.cell_type == "markdown")
    assert re.findall(r"The lab is worth\s+(\d+)\s+points", prose) in ([], [str(int(lab.points))])


@LABS
def test_a_blank_notebook_runs_from_top_to_bottom(starter: Starter, lab: Lab) -> None:
    with Session(starter=starter) as session:
        runs = session.run([cell.source for cell in read(lab).cells if cell.cell_type == "code"])
    assert [run.outputs for run in runs if run.outcome != "ok"] == []


@pytest.mark.parametrize(
    ("lab", "words"),
    [
        (
            "lab1_tensors",
            "shape ndim dtype device arange zeros_like float16 int64 matmul @ torch.zeros torch.ones .numpy()",
        ),
        ("lab2_graphs", "grad_fn 14 0.1049936 requires_grad"),
    ],
)
def test_the_tutorial_has_what_the_sheet_names(lab: str, words: str) -> None:
    shown = (ROOT / "labs" / f"{lab}.ipynb").read_text("utf-8")
    assert [word for word in words.split() if word not in shown] == []
