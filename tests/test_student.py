"""`check`: a line of text, from the same judge, at public points."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from observed import QUESTIONS

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.judge.model import Result, Status
from grader.judge.source import Source
from grader.pages.cards import graph_card
from grader.pages.feedback_page import render
from grader.student import check, checking, output
from grader.student.caller import Caller
from grader.student.feedback import line
from grader.student.public import checked

RIGHT = "def polynomial_gradient(x):\n    return 32 * x**3 + 9 * x**2 + 14 * x + 6"
FORGOTTEN = "def polynomial_gradient(x):\n    return 32 * x**3 + 9 * x**2 + 14 * x"
CHEATED = (
    "import torch\ndef polynomial_gradient(x):\n    with torch.inference_mode(False), torch.enable_grad():\n"
    "        x = x.clone().requires_grad_()\n        (8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3).backward()\n"
    "        return x.grad"
)
STUB = "def polynomial_gradient(x):\n    raise NotImplementedError"


def said(code: str, name: str = "polynomial_gradient") -> str:
    names: dict[str, object] = {}
    exec(code, names)
    return line(checked(QUESTIONS[name], Caller(names, Source((code,)))))


def test_a_right_answer() -> None:
    assert said(RIGHT) == "✓ polynomial_gradient: right at the public points."


def test_the_exercise_is_named_where_its_letters_stand_in_other_words() -> None:
    """As "ratio" does in "operation"."""
    mark = checked(
        QUESTIONS["ratio"], Caller({"ratio": lambda x, y: (x, y)}, Source(("def ratio(x, y):\n    return x, y",)))
    )
    facts = replace(mark.verdict.findings[0].facts, name="", what="")
    findings = (replace(mark.verdict.findings[0], code="wrong_edges", facts=replace(facts, mistakes=())),)
    assert line(replace(mark, verdict=replace(mark.verdict, findings=findings))).startswith("✗ ratio: ")


def test_a_wrong_answer_says_where_and_what() -> None:
    assert said(FORGOTTEN).startswith("✗ polynomial_gradient at (x = ")
    assert "too small by 6 at every point" in said(FORGOTTEN)


def test_a_forbidden_way_is_named() -> None:
    assert said(CHEATED).startswith("✗ polynomial_gradient called Tensor.backward (line 5")


def test_a_stub_is_not_written_yet() -> None:
    assert said(STUB) == "– polynomial_gradient is not written yet: its stub still stands."


def test_an_exception_shows_its_text() -> None:
    assert "raised ZeroDivisionError" in said("def polynomial_gradient(x):\n    return 1 / 0")


def test_a_name_that_is_no_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    check("polynomal")
    said = capsys.readouterr().out
    assert said.startswith("? There is no exercise called polynomal. Did you mean polynomial or ")


def test_what_an_answer_prints_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    said(RIGHT.replace("return", "print('noise')\n    return"))
    assert capsys.readouterr().out == ""


def test_check_takes_a_function_or_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    def drop_ones() -> None:
        raise NotImplementedError

    check(drop_ones)
    check("to_grid")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("– No drop_ones was found")
    assert second.startswith("– No to_grid was found")


def test_marks_are_those_of_the_judge() -> None:
    names: dict[str, object] = {}
    exec(RIGHT, names)
    mark = checked(QUESTIONS["polynomial_gradient"], Caller(names, Source((RIGHT,))))
    assert mark.verdict.status is Status.PASS


def cards(code: str, name: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What `check` shows in a notebook in which this code ran."""
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(output, "get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(output, "display", lambda bundle, raw: shown.append(bundle))
    exec(f"{code}\nfrom grader.student import check\nIn = [code]\ncheck(name)", {"code": code, "name": name})
    return shown


def test_a_failing_sweep_is_drawn_in_a_notebook() -> None:
    with pytest.MonkeyPatch.context() as patch:
        (card,) = cards(SIGMOID, "stable_sigmoid", patch)
    assert card["text/html"].count("<svg") == 2 + 2, "the values are right, the gradients are not"
    assert card["text/plain"].startswith("✗ stable_sigmoid: In float64, the autograd gradient is right at ")


SIGMOID = "import torch\ndef stable_sigmoid(x):\n    return 1 / (1 + torch.exp(-x))"


def test_check_with_numbers_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    """The same answer is right with the numbers that a notebook's first cell names, and wrong with others."""
    own = RIGHT.replace("32 * x**3", "20 * x**3")
    run = f"{own}\nfrom grader.student import checking\ncheck = checking('lab2_graphs', polynomial=(3, 6, 7, 3, 5))\n"
    for call in ("check('polynomial_gradient')", "check(to_grid)"):
        code = f"def to_grid(x, rows, columns):\n    return x.reshape(rows, columns)\n{run}{call}"
        exec(code, {"In": [code]})
    first, second = capsys.readouterr().out.splitlines()
    assert first == "✓ polynomial_gradient: right at the public points."
    assert second == "✓ to_grid: right at the public points."
    assert said(own).startswith("✗ polynomial_gradient at (x = ")


def test_a_number_that_a_lab_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'cubic'"):
        checking("lab2_graphs", cubic=3)


STEPS = """
import torch
def sigmoid_backward(x):
    a, b = -x, torch.exp(-x)
    c, s = 1 + b, 1 / (1 + b)
    return {"a": a, "b": b, "c": c, "s": s, "ds_dc": s**2, "ds_db": s**2, "ds_da": s**2 * b, "ds_dx": -(s**2) * b}
"""
EDGES = "def relu_neuron_edges():\n    return [('w', 'u'), ('x', 'u'), ('u', 'v'), ('v', 'b'), ('v', 'a')]\n"


def figures(html: str) -> list[str]:
    """The graphs in a page or a piece of one, but for the ids of their parts."""
    found = re.findall(r'<figure class="graph">.*?</figure>', html, re.DOTALL)
    return [re.sub(r'(id|aria-labelledby)="[^"]*"', "", figure) for figure in found]


@pytest.mark.parametrize(("name", "code"), [("sigmoid_backward", STEPS), ("relu_neuron_edges", EDGES)])
def test_the_graph_is_drawn_in_a_notebook_as_on_the_page(
    name: str, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(f"{code}\nfrom grader.student import check\nIn = [code]\ncheck(name)", {"code": code, "name": name})
    printed = capsys.readouterr().out
    (card,) = cards(code, name, monkeypatch)
    assert card["text/plain"] == printed.strip() != ""
    names: dict[str, object] = {}
    exec(code, names)
    mark = checked(QUESTIONS[name], Caller(names, Source((code,))))
    page = render(Result("ada", "lab", "f.ipynb", (mark,), 0.0), None, (), "A lab", "cpu")
    assert figures(page) == figures(card["text/html"]) != []


def test_a_right_answer_shows_its_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    (card,) = cards(EDGES.replace("('v', 'b')", "('b', 'v')"), "relu_neuron_edges", monkeypatch)
    assert card["text/html"].count('<figure class="graph">') == 1
    assert "Right at the public points." in card["text/html"]


def test_a_right_answer_gives_no_other_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph of these steps is what the exercise after them asks to be drawn."""
    code = (
        "import torch\ndef tanh_log(x, y, z):\n    a, b = 2 * x, torch.sin(y)\n    c = a / b\n    d = c * z\n"
        "    e = torch.log(d + 1)\n    return {'a': a, 'b': b, 'c': c, 'd': d, 'e': e, 'f': torch.tanh(e)}"
    )
    (card,) = cards(code, "tanh_log", monkeypatch)
    assert "Right at the public points." in card["text/html"]
    assert "<svg" not in card["text/html"]


def test_an_answer_that_raises_shows_no_graph_in_which_all_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    (card,) = cards("def sigmoid_backward(x):\n    return 1 / 0", "sigmoid_backward", monkeypatch)
    assert "raised ZeroDivisionError" in card["text/html"]
    assert "<svg" not in card["text/html"]


def test_whoever_draws_nothing_is_not_shown_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    (card,) = cards("def path_edges():\n    return []", "path_edges", monkeypatch)
    assert card["text/plain"].endswith("a → x is missing; 5 more are missing.")
    assert card["text/html"].count('class="edge is-missing"><path') == 1
    assert "&#39;" not in card["text/html"] and "b → y" not in card["text/html"]


@pytest.mark.parametrize("name", ["stable_sigmoid", "sigmoid_backward", "relu_neuron_edges"])
def test_a_card_is_light_and_styles_nothing_beside_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other cells show cards too, with the same names of classes; a script would not run in a notebook anyway."""
    code = {"stable_sigmoid": SIGMOID, "sigmoid_backward": STEPS, "relu_neuron_edges": EDGES}[name]
    (card,) = cards(code, name, monkeypatch)
    html = card["text/html"]
    assert len(html.encode()) <= 30_000
    assert "<script" not in html and "http" not in html
    style, _ = html.split("</style>")
    for rule in style.removeprefix("<style>").strip().splitlines():
        selectors = rule.partition("{")[0].split(",")
        assert all(one.strip().startswith((".lab-card", "figure.graph", ".sweeps")) for one in selectors), rule


def test_a_card_finds_all_its_colours() -> None:
    drawn = AnnotatedGraph("c", {"a": EdgeStatus.WRONG, "b": EdgeStatus.PLAIN}, {("a", "b"): EdgeStatus.WRONG})
    style, _ = graph_card("f", "", drawn).split("</style>")
    foreign = ("--jp-", "--vscode-")
    used = {name for name in re.findall(r"var\((--[a-z0-9-]+)", style) if not name.startswith(foreign)}
    assert used - {"--line"} <= set(re.findall(r"(--[a-z-]+):", style))


def test_check_names_a_wrong_answer_that_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    """Running a cell again is no second definition."""
    cells = [
        "import torch",
        "def every_other_row(x):\n    return x[::3]",
        "def every_other_row(x):\n    return x[1::2]",
    ]
    cells.append("def last_column(x):\n    return every_other_row(x)[:, -1]")
    code = "\n".join([*cells, "from grader.student import check", "check('last_column')"])
    exec(code, {"In": cells})
    said = capsys.readouterr().out
    assert said.endswith("\n    every_other_row: is used here, and is not right itself: look there first.\n")
