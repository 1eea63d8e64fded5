"""`draw`, `sweep` and `hint`: what is drawn is what the call really builds, and what is told is measured."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from grader.labs import all_labs
from grader.student import draw, error_sweeps, hint, hints, output, sweep
from grader.student.building import MOST, built
from grader.student.patience import Patience


def path(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    x = 2 * a + 3 * b
    y = 5 * a**2 + 3 * b**3
    return {"x": x, "y": y, "z": 2 * x + 3 * y}


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_call_is_drawn_with_values_and_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    draw(path, 1.0, 1.0)
    told = said(capsys)
    assert told.startswith("a: 1, gradient 34\nb: 1, gradient 33\n2 · a: 2, gradient 2\n")
    assert "y = … + …: 8, gradient 3\n" in told
    assert told.endswith("z = … + …: 34, gradient 1\n∂ is the gradient of z.\n")


def test_what_is_drawn_is_what_ran_and_not_what_is_written() -> None:
    def wrong(x: Tensor) -> Tensor:
        y = torch.tensor(x.item()) * 2
        return x * x if y > 100 else x + y

    graph = built(wrong, [("x", 3.0)])
    assert [step.operation for step in graph.steps if step.operation] == ["mul", "gt", "add"]
    assert graph.gradients[0] == 1.0, "the way through item() is cut off"


def test_the_graph_ends_where_the_call_raises(capsys: pytest.CaptureFixture[str]) -> None:
    def bad(x: Tensor) -> Tensor:
        y = torch.exp(x)
        return y @ torch.zeros(3)

    draw(bad, torch.zeros(2))
    told = said(capsys)
    assert "\ny = exp(x): [1, 1]\n" in told
    assert re.search(r"\ny @ …: RuntimeError\nbad stops there with RuntimeError: ", told)


def test_the_students_tensors_are_left_as_they_are() -> None:
    x = torch.ones(2)
    draw(lambda x: (x * x).sum(), x)
    assert not x.requires_grad
    assert x.grad is None


def test_a_long_call_is_drawn_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    def long(x: Tensor) -> Tensor:
        for _ in range(100):
            x = x + 1
        return x

    draw(long, 0.0)
    assert said(capsys).endswith(f"Only the first {MOST} steps are drawn; {101 - MOST} more follow.\n")


@pytest.mark.parametrize(
    ("drawn", "inputs", "sentence"),
    [
        ([("a", "b"), ("b", "c")], (), "a → b, b → c"),
        (lambda: [("a", "b")], (), "a → b"),
        ([], (), "There is no edge to draw."),
        ([("a", "b", "c")], (), "A graph is drawn from pairs of names"),
        ("ab", (), "A graph is drawn from pairs of names"),
        (7, (), "A graph is drawn from pairs of names"),
        (lambda x: 1 / 0, (1.0,), "<lambda> stops there with ZeroDivisionError"),
        (lambda x, y: x, (1.0,), "<lambda> stops there with TypeError"),
        (torch.arange(6).reshape(2, 3), (), "shape (2, 3), int64"),
    ],
)
def test_a_sentence_for_everything_else(
    drawn: object, inputs: tuple[object, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(drawn, *inputs)
    assert sentence in said(capsys)


def test_a_stub_is_not_written_yet(capsys: pytest.CaptureFixture[str]) -> None:
    def stub(x: Tensor) -> Tensor:
        raise NotImplementedError

    draw(stub, 1.0)
    assert said(capsys) == "stub is not written yet: its stub still stands.\n"


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (20, 20), (2, 2, 2, 2)])
def test_a_tensor_is_drawn_in_a_notebook(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(output, "get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(output, "display", lambda bundle, raw: shown.append(bundle))
    draw(torch.zeros(shape))
    assert f"shape {shape}" in shown[0]["text/html"]
    assert len(shown[0]["text/html"]) < 30_000


def naive(x: Tensor) -> Tensor:
    return torch.log(1 + torch.exp(x))


def test_a_sweep_names_the_first_input_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    sweep(naive)
    rows = said(capsys).splitlines()
    assert [row.partition(":")[0] for row in rows] == [
        f"naive, {dtype} {what}" for dtype in ("float32", "float64") for what in ("value", "gradient")
    ]
    assert all("first fails at (x = " in row for row in rows)
    assert "(x = 720): yours nan, expected 1." in rows[3]


def test_a_sweep_holds_a_function_against_its_own_formula(capsys: pytest.CaptureFixture[str]) -> None:
    """Right where the formula is well behaved, also where it has no real value on one side."""
    for function in (torch.nn.functional.softplus, torch.sin, lambda x: torch.log(x) * 2, lambda x, y: x * y + 1):
        sweep(function)
    rows = said(capsys).splitlines()
    assert len(rows) == 16
    assert not any("first fails" in row for row in rows if "softplus" not in row)


def test_a_function_that_never_ends_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def endless(x: Tensor) -> Tensor:
        while True:
            pass

    monkeypatch.setattr(error_sweeps, "PATIENCE", Patience(processor=0.3))
    sweep(endless)
    assert said(capsys) == "endless was ended: it took too long, or was interrupted.\n"


@pytest.mark.parametrize("odd", [7, "nothing", lambda: 1, lambda x, y, z: x, lambda x: [x, x], lambda x: "text"])
def test_what_cannot_be_swept_is_said(odd: object, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(odd)  # type: ignore[arg-type] # that is what is tried
    assert "cannot be swept" in said(capsys)


def test_an_exercise_is_held_against_what_it_should_give(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import torch\ndef stable_sigmoid(x):\n    return torch.tanh(x)"
    asked = f"{code}\nfrom grader.student import sweep\nIn = [code]\nsweep(stable_sigmoid)"
    exec(asked, {"code": code})
    assert said(capsys) == "stable_sigmoid is not right at ordinary numbers yet: check says where.\n"
    code = "import torch\ndef stable_sigmoid(x):\n    return 1 / (1 + torch.exp(-x))"
    exec(asked.replace("torch.tanh(x)", "1 / (1 + torch.exp(-x))"), {"code": code})
    assert "\nstable_sigmoid, float64 gradient: first fails at (x = -408.7383)" in said(capsys)


def test_hints_come_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / hints.HINTS).write_text(json.dumps({"f": ["first", "second"]}), "utf-8")
    monkeypatch.setattr(hints, "files", lambda _: tmp_path)
    hints._hints.cache_clear()
    for _ in range(3):
        hint("f")
    hint("g")
    hints._hints.cache_clear()
    assert said(capsys).splitlines() == [
        "**Hint 1 of 2 for `f`.** first",
        "**Hint 2 of 2 for `f`.** second",
        "**Hint 1 of 2 for `f`.** first",
        "There is no hint for g.",
    ]


def test_every_exercise_has_two_hints() -> None:
    known = hints._hints()
    assert {question.name for lab in all_labs() for question in lab.questions} == known.keys()
    assert all(2 <= len(told) <= 3 for told in known.values())
