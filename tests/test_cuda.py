"""On a CUDA device: the solutions earn full marks there, and tensors on the wrong device are seen."""

from pathlib import Path

import pytest
import torch

from grader.desk.notebooks import solution_notebook
from grader.desk.verify import marks_of
from grader.judge.model import Conditions, Lab
from grader.labs import all_labs
from grader.runner.grading import pose

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device on this machine"),
]


def cells(lab: Lab) -> list[str]:
    text = (ROOT / "solutions" / f"{lab.name}.py").read_text("utf-8")
    return [cell.source for cell in solution_notebook(text).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_a_solution_has_full_marks_on_cuda(lab: Lab) -> None:
    marks = marks_of(pose(lab, Conditions("cuda", "cuda")), cells(lab), "cuda")
    assert [(m.question.name, m.verdict.message) for m in marks if m.verdict.score != 1] == []


def test_tensors_on_the_wrong_device_are_seen() -> None:
    lab = next(lab for lab in all_labs() if lab.name == "lab1_tensors")
    code = "import torch\ndef random_pair(device):\n    return tuple(torch.rand(2, 2, 3, device='cpu'))"
    marks = {m.question.name: m for m in marks_of(pose(lab, Conditions("cuda", "cuda")), [code], "cuda")}
    assert marks["random_pair"].verdict.note == "wrong_device"
    assert marks["random_pair"].score == 0
