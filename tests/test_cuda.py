"""On a CUDA device: the solutions earn full marks there, and tensors on the wrong device are seen.

Both unconfined and confined; what of confinement can be seen without a device is in test_profile.py.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from grader.authoring.notebooks import solution_notebook
from grader.authoring.verification import marks, marks_of
from grader.judge.model import Conditions, Lab
from grader.judge.source import Source
from grader.labs import all_labs
from grader.pages.sentences import message
from grader.runner.devices import ON_CUDA
from grader.runner.grading import ask_all, prepare
from grader.runner.probing import attempts, in_force
from grader.runner.session import Session
from grader.runner.starting import Warm

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
    marks = marks_of(prepare(lab, Conditions("cuda", "cuda")), cells(lab), "cuda")
    assert [(m.question.name, message(m.verdict)) for m in marks if m.verdict.score != 1] == []


def test_tensors_on_the_wrong_device_are_seen() -> None:
    lab = next(lab for lab in all_labs() if lab.name == "lab1_tensors")
    code = "import torch\ndef random_pair(device):\n    return tuple(torch.rand(2, 2, 3, device='cpu'))"
    marks = {m.question.name: m for m in marks_of(prepare(lab, Conditions("cuda", "cuda")), [code], "cuda")}
    assert marks["random_pair"].verdict.note == "wrong_device"
    assert marks["random_pair"].score == 0


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    parent = Warm("cuda")
    yield parent
    parent.close()


def test_confinement_is_in_force_and_a_confined_process_computes(warm: Warm) -> None:
    assert set(attempts("cuda")) <= set(in_force(warm))


def test_the_warm_parent_has_not_started_cuda(warm: Warm) -> None:
    cells = ["import torch\nprint(torch.cuda.is_initialized())", "print(torch.ones(3, device='cuda').sum().item())"]
    for _ in range(2):
        with Session(starter=warm) as session:
            runs = session.run(cells)
        assert [run.outputs[-1].get("text") for run in runs] == ["False\n", "3.0\n"], runs


def test_as_many_confined_processes_as_a_device_is_given_compute_at_a_time(warm: Warm) -> None:
    code = (
        "import torch, time\nx = torch.rand(1000, 1000, dtype=torch.float64, device='cuda')\ntime.sleep(2)\n"
        "print((x @ x.inverse()).trace().item())"
    )

    def trace(_: int) -> float:
        with Session(starter=warm) as session:
            (run,) = session.run([code])
        return float(str(run.outputs[-1].get("text", "nan")))

    with ThreadPoolExecutor(ON_CUDA) as pool:
        assert list(pool.map(trace, range(ON_CUDA))) == pytest.approx([1000] * ON_CUDA)


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_a_confined_solution_has_full_marks_on_cuda(lab: Lab, warm: Warm) -> None:
    posed = prepare(lab, Conditions("cuda", "cuda"))
    with Session(starter=warm) as session:
        session.run(cells(lab))
        replies = ask_all(session, posed)
    found = marks(posed, replies, Source(tuple(cells(lab))))
    assert [(m.question.name, message(m.verdict)) for m in found if m.verdict.score != 1] == []
