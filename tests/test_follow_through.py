"""Gradients that follow rightly from one's own wrong forward pass count as right, and nothing else does."""

from collections.abc import Mapping

import numpy as np
import pytest
from observed import QUESTIONS, leaf, marked, posed, seen

from grader.judge.model import Mark, Status
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.truth import ValueTruth
from grader.judge.verdict import judge
from grader.kernel.answers import Namespace, answer
from grader.pages.sentences import remarks
from grader.student.caller import Caller
from grader.student.public import checked

SLIPS = {
    "none": lambda v: 1 / (1 + np.exp(-v)),
    "sign": lambda v: 1 / (1 + np.exp(v)),
    "minus": lambda v: 0.5 / (1 + np.exp(-v)),
    "zero": lambda v: 0 * v,
}
"""What a student takes for the sigmoid."""


def neuron(slip: str, bias: bool = True, rule: str = "right") -> Mark:
    """The mark of a gradient written as a (1 - a) x from the student's own a."""
    _, trials = posed("sigmoid_neuron_gradient")
    truth = next(t.truth for t in trials if isinstance(t.truth, ValueTruth))
    forwards, backwards = [], []
    for point in truth.points:
        w, x, b = (float(point.inputs[n]) for n in "wxb")
        u = w * x
        v = u + b if bias else u
        a = SLIPS[slip](v)
        slope = a * (1 - a) if rule == "right" else a * (1 + a)
        forwards.append(seen({"u": leaf(u), "v": leaf(v), "a": leaf(a)}))
        backwards.append(seen(*[(leaf(slope * x), leaf(slope))] * 2))
    own = tuple(backwards)
    return marked("sigmoid_neuron_gradient", Replies(own, (tuple(forwards),), own))


def test_without_a_slip_nothing_is_carried() -> None:
    mark = neuron("none")
    assert (mark.score, mark.verdict.status, remarks(mark.verdict)) == (2.0, Status.PASS, ())


@pytest.mark.parametrize(("slip", "bias", "steps"), [("none", False, "v and a"), ("minus", True, "a")])
def test_a_gradient_from_a_wrong_forward_pass_counts_as_right(slip: str, bias: bool, steps: str) -> None:
    mark = neuron(slip, bias)
    assert mark.score == 2.0
    assert remarks(mark.verdict) == (f"da/dw, da/db: follows rightly from your own {steps}, and counts as right.",)


def test_a_wrong_rule_on_a_wrong_forward_pass_is_wrong() -> None:
    assert neuron("none", bias=False, rule="plus").score == 0
    assert neuron("none", rule="plus").verdict.note == "wrong_rule"


def test_from_zeros_nothing_follows() -> None:
    assert neuron("zero").score == 0


FORWARD = """
import torch

def forward(inputs, parameters):
    x1, x2, t1, t2 = inputs.values()
    w1, w2, w3, w4, w5, w6, w7, w8, b_h1, b_h2, b_o1, b_o2 = parameters.values()
    h1 = torch.sigmoid(w1 * x1 + w2 * x2 + b_h1)
    h2 = torch.sigmoid(w3 * x1 + w4 * x2 + b_h2)
    E1 = (w5 * h1 + w6 * h2 + b_o1 - t1) ** 2 / 2
    E2 = (w7 * h1 + w8 * h2 + b_o2 - t2) ** 2 / 2
    return {"E": E1 + E2}

def network_loss(inputs, parameters):
    return forward(inputs, parameters)["E"]
"""


def written(name: str, code: str, changes: tuple[tuple[str, str], ...]) -> Mark:
    """The mark of an answer in a notebook with this code, changed."""
    return checked(QUESTIONS[name], Caller(run(code, changes), Source((code,))))


def run(code: str, changes: tuple[tuple[str, str], ...]) -> dict[str, object]:
    """The names that a notebook with this code, changed, leaves behind."""
    for old, new in changes:
        assert old in code
        code = code.replace(old, new)
    names: dict[str, object] = {}
    exec(code, names)
    return names


def marked_in(names: Mapping[str, object], name: str, seed: str) -> Mark:
    """The mark of an answer at the points of a seed."""
    question, trials = posed(name, seed)
    notebook = Namespace(dict(names), "cpu", lambda _: False)
    return judge(question, trials, [t.asks.each(lambda ask: answer(ask, notebook)) for t in trials], Source(("",)))


def loss(*changes: tuple[str, str]) -> Mark:
    """The mark of a loss that is taken from a forward pass."""
    return written("network_loss", FORWARD, changes)


SIGN = ("x1 + w2", "x1 - w2")
UNUSED = ("* h2 + b_o1", "* h2")
OTHER = ("torch.sigmoid(w3", "torch.relu(w3")


def test_a_right_loss_carries_nothing() -> None:
    assert (loss().score, remarks(loss().verdict)) == (2.0, ())


@pytest.mark.parametrize("changes", [(SIGN,), (UNUSED,), (OTHER,), (SIGN, UNUSED)])
def test_a_loss_taken_from_a_wrong_forward_pass_counts_as_right(changes: tuple[tuple[str, str], ...]) -> None:
    mark = loss(*changes)
    assert (mark.score, mark.verdict.status) == (2.0, Status.PASS)
    assert remarks(mark.verdict) == ("network_loss: follows rightly from your own E, and counts as right.",)
    assert all(row.agrees for row in mark.verdict.comparisons)


def test_what_forward_does_to_its_arguments_is_said_of_forward_alone() -> None:
    """Here the loss is worked out beside it."""
    again = FORWARD.split("def network_loss", maxsplit=1)[0].replace("def forward", "def again")
    beside = ("def network_loss", f"{again}\ndef network_loss"), ("return forward(", "return again(")
    mark = loss(("    x1, x2", "    inputs['x1'] += 0.5\n    x1, x2"), *beside)
    assert (mark.score, remarks(mark.verdict)) == (2.0, ())


SLIPS_OF_A_LOSS = {
    "halved": ((SIGN, ('["E"]\n', '["E"] / 2\n')), 0.0),
    "the same everywhere": ((("E1 + E2", "0 * (E1 + E2) + 1"),), 0.0),
    "zero": ((("E1 + E2", "E1 * 0"),), 0.0),
    # The value follows rightly; autograd cannot follow it.
    "cut off": ((SIGN, ('["E"]\n', '["E"].detach()\n')), 1.0),
    "one parameter cut off": (
        (SIGN, ("return forward(inputs, parameters)", "return forward(inputs, cut(parameters))")),
        1.0,
    ),
    "a plain number": ((SIGN, ('["E"]\n', '["E"].item()\n')), 1.0),
}


@pytest.mark.parametrize(("changes", "points"), SLIPS_OF_A_LOSS.values(), ids=SLIPS_OF_A_LOSS)
def test_a_loss_that_slips_itself_is_wrong_on_a_wrong_forward_pass(
    changes: tuple[tuple[str, str], ...], points: float
) -> None:
    cut = "def cut(p):\n    return {**p, 'w5': p['w5'].detach()}\n\n"
    mark = loss(("def network_loss", f"{cut}def network_loss"), *changes)
    assert mark.score == points
    assert mark.verdict.findings


def test_a_loss_with_the_slip_of_the_forward_pass_counts_whether_or_not_it_calls_it() -> None:
    again = FORWARD.split("def network_loss", maxsplit=1)[0].replace("def forward", "def again").replace(*SIGN)
    alone = ("return forward(inputs, parameters)", "return again(inputs, parameters)")
    assert loss(("def network_loss", f"{again}\ndef network_loss"), SIGN, alone).score == 2.0


TRAINING = """
import torch

def predict(x, w, b):
    return x @ w.T if b is None else x @ w.T + b

def mean_squared_error(prediction, y):
    return ((prediction - y) ** 2).mean()

def gradient_step(parameters, learning_rate):
    with torch.no_grad():
        for p in parameters:
            p -= learning_rate * p.grad
            p.grad = None

def train(x, y, w, b, epochs, learning_rate):
    parameters = [p.clone().requires_grad_() for p in (w, b) if p is not None]
    losses = []
    for _ in range(epochs):
        loss = mean_squared_error(predict(x, *parameters, *[None] * (2 - len(parameters))), y)
        loss.backward()
        losses.append(loss.item())
        gradient_step(parameters, learning_rate)
    parameters = [p.detach() for p in parameters]
    return (*parameters, *[None] * (2 - len(parameters)), losses)
"""

MINUS = ("x @ w.T + b", "x @ w.T - b")
TWICE = ("x @ w.T if", "2 * x @ w.T + 1 if")
SUM = (".mean()", ".sum()")
HALF = ("** 2).mean()", "** 2).mean() / 2")
UPHILL = ("p -= l", "p += l")
KEPT = ("p.grad = None", "pass")
RATELESS = ("learning_rate * p.grad", "p.grad")

WRONG_PARTS = {
    "the bias's sign": ((MINUS,), "predict"),
    "twice and one more": ((TWICE,), "predict"),
    "no bias": ((("x @ w.T + b", "x @ w.T + 0 * b"),), "predict"),
    "a sum": ((SUM,), "mean_squared_error"),
    "a half": ((HALF,), "mean_squared_error"),
    "uphill": ((UPHILL,), "gradient_step"),
    "not cleared": ((KEPT,), "gradient_step"),
    "no rate": ((RATELESS,), "gradient_step"),
    "still": ((("p -= learning_rate * p.grad", "p -= 0"),), "gradient_step"),
    "all three": ((MINUS, SUM, KEPT), "predict mean_squared_error gradient_step"),
    # Whether it was called or written again cannot be told from what it gives, and is one slip.
    "a mistake made again": (
        (SUM, ("= mean_squared_error(predict", "= (lambda p, y: ((p - y) ** 2).sum())(predict")),
        "mean_squared_error",
    ),
    "beyond all measure": (
        (("return x @ w.T if b is None else x @ w.T + b", "return 1e6 * x @ w.T + (0 if b is None else b)"),),
        "predict",
    ),
}


def test_a_right_training_carries_nothing() -> None:
    assert (written("train", TRAINING, ()).score, remarks(written("train", TRAINING, ()).verdict)) == (4.0, ())


@pytest.mark.parametrize(("changes", "parts"), WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_training_through_wrong_parts_counts_as_right(changes: tuple[tuple[str, str], ...], parts: str) -> None:
    mark = written("train", TRAINING, changes)
    assert (mark.score, mark.verdict.status) == (4.0, Status.PASS)
    assert remarks(mark.verdict) == tuple(
        f"train: follows rightly from your own {part}, and counts as right." for part in parts.split()
    )
    assert all(row.agrees for row in mark.verdict.comparisons)


SLIPS_OF_TRAINING = {
    "one epoch fewer": (SUM, ("range(epochs)", "range(epochs - 1)")),
    "its own part": (("= mean_squared_error(predict", "= (lambda p, y: ((p - y) ** 2).sum())(predict"),),
    "a part and its own": (UPHILL, ("loss.backward()", "(2 * loss).backward()")),
    "not affine": (("x @ w.T + b", "x @ w.T + b ** 2"),),
    "cut off": (MINUS, ("x @ w.T - b", "x @ w.detach().T - b"), ("* p.grad", "* (0 if p.grad is None else p.grad)")),
    "nothing": (("return x @ w.T if b is None else x @ w.T + b", "return 0 * (x @ w.T) + (1 if b is None else b)"),),
    "another error": (("** 2).mean()", "** 4).mean()"),),
    "another shape": (("return x @ w.T if b is None else x @ w.T + b", "return (x @ w.T)[:, 0]"),),
}


@pytest.mark.parametrize("changes", SLIPS_OF_TRAINING.values(), ids=SLIPS_OF_TRAINING)
def test_training_that_slips_itself_or_through_what_cannot_be_told_is_wrong(
    changes: tuple[tuple[str, str], ...],
) -> None:
    mark = written("train", TRAINING, changes)
    assert mark.score < 4
    assert not any("follows rightly" in said for said in remarks(mark.verdict))


def test_losses_that_are_wrong_in_themselves_leave_what_right_parameters_are_worth() -> None:
    late = ("        losses", "        loss = 0.9 * loss\n        losses")
    assert written("train", TRAINING, (late,)).score == 2.0
    assert written("train", TRAINING, (MINUS, late)).score == 2.0


def test_a_forbidden_part_is_its_own_fault_and_not_that_of_training() -> None:
    ready = ("return ((prediction - y) ** 2).mean()", "return torch.nn.functional.mse_loss(prediction, y)")
    inline = ("= mean_squared_error(predict", "= (lambda p, y: ((p - y) ** 2).mean())(predict")
    assert written("mean_squared_error", TRAINING, (ready,)).verdict.note == "forbidden_method"
    assert written("train", TRAINING, (ready,)).score == 4.0
    assert written("train", TRAINING, (ready, inline)).score == 4.0


FORMULAS = """
import torch

def path_forward(a, b):
    x, y = 2 * a + 3 * b, 5 * a**2 + 3 * b**3
    return {"x": x, "y": y, "z": 2 * x + 3 * y}

def path_gradient(a, b):
    return 2 * 2 + 3 * 10 * a, 2 * 3 + 3 * 9 * b**2

def relu_neuron(w, x, b):
    u = w * x
    v = u + b
    return {"u": u, "v": v, "a": torch.relu(v)}

def relu_neuron_gradient(w, x, b):
    on = (relu_neuron(w, x, b)["v"] > 0).to(x.dtype)
    return on * x, on

def exponential(x):
    return torch.exp(-x**2 - 2 * x - torch.sin(x))

def exponential_gradient(x):
    return exponential(x) * (-2 * x - 2 - torch.cos(x))

def polynomial(x):
    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3

def polynomial_gradient(x):
    return 32 * x**3 + 9 * x**2 + 14 * x + 6

def ratio(x, y):
    return (x + torch.exp(y)) / (torch.log(x) + (x - y) ** 3)

def ratio_gradient(x, y):
    x, y = (v.detach().requires_grad_() for v in (x, y))
    return torch.autograd.grad(ratio(x, y), (x, y))
"""
FOLLOWING = {
    "a coefficient of the path": ("path_gradient", (("5 * a**2", "4 * a**2"), ("3 * 10 * a", "3 * 8 * a"))),
    "another path": (
        "path_gradient",
        (
            ("2 * x + 3 * y", "x * y"),
            ("return 2 * 2 + 3 * 10 * a, 2 * 3 + 3 * 9 * b**2", "return 2 * y + 10 * a * x, 3 * y + 9 * b**2 * x"),
            (
                "def path_gradient(a, b):\n",
                "def path_gradient(a, b):\n    x, y = list(path_forward(a, b).values())[:2]\n",
            ),
        ),
    ),
    "no bias": ("relu_neuron_gradient", (("v = u + b", "v = u"), ("on * x, on", "on * x, 0 * on"))),
    "a bias taken away": ("relu_neuron_gradient", (("u + b", "u - b"), ("on * x, on", "on * x, -on"))),
    "no relu": (
        "relu_neuron_gradient",
        (("torch.relu(v)", "v"), ("on * x, on", "x, torch.ones_like(x)")),
    ),
    "a leak": (
        "relu_neuron_gradient",
        (
            ("torch.relu(v)", "torch.where(v > 0, v, 0.25 * v)"),
            ("on * x, on", "(on + (1 - on) / 4) * x, on + (1 - on) / 4"),
        ),
    ),
    "a sign in an exponent": ("exponential_gradient", (("(-x**2", "(x**2"), ("(-2 * x", "(2 * x"))),
    "from one's own value": ("exponential_gradient", (("torch.exp(-x**2", "3 * torch.exp(-x**2"),)),
    "the square forgotten": ("exponential_gradient", (("(-x**2", "(-x"), ("(-2 * x - 2", "(-3"))),
    "a term forgotten": ("polynomial_gradient", ((" + 7 * x**2", ""), (" + 14 * x", ""))),
    "a power": ("polynomial_gradient", (("8 * x**4", "8 * x**5"), ("32 * x**3", "40 * x**4"))),
    "a bracket": ("ratio_gradient", (("(x + torch.exp(y)) / (", "x + torch.exp(y) / ("),)),
}
"""A slip in a function, and the gradient that is right for it."""


@pytest.mark.parametrize(("name", "changes"), FOLLOWING.values(), ids=FOLLOWING)
def test_the_gradient_of_ones_own_wrong_function_counts_as_right(
    name: str, changes: tuple[tuple[str, str], ...]
) -> None:
    mark = written(name, FORMULAS, changes)
    assert (mark.score, mark.verdict.status) == (mark.question.points, Status.PASS)
    assert remarks(mark.verdict)


@pytest.mark.parametrize(("name", "changes"), FOLLOWING.values(), ids=FOLLOWING)
def test_a_gradient_that_is_right_counts_whatever_the_function(name: str, changes: tuple[tuple[str, str], ...]) -> None:
    """But where it calls the function, as a few do."""
    if name in ("path_gradient", "polynomial_gradient"):
        mark = written(name, FORMULAS, changes[:1])
        assert mark.score == mark.question.points


NOTHING_TOLD = {
    "a line": (
        "polynomial_gradient",
        (
            ("8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3", "2 * x"),
            ("32 * x**3 + 9 * x**2 + 14 * x + 6", "2 * x / x"),
        ),
    ),
    "a plane": (
        "path_gradient",
        (("2 * x + 3 * y", "a + b"), ("2 * 2 + 3 * 10 * a, 2 * 3 + 3 * 9 * b**2", "a / a, b / b")),
    ),
}


@pytest.mark.parametrize(("name", "changes"), NOTHING_TOLD.values(), ids=NOTHING_TOLD)
def test_a_gradient_that_is_the_same_everywhere_tells_nothing(name: str, changes: tuple[tuple[str, str], ...]) -> None:
    assert written(name, FORMULAS, changes).score == 0


SEEDS = [f"seed {number}" for number in range(8)]


@pytest.mark.parametrize(("name", "changes"), FOLLOWING.values(), ids=FOLLOWING)
def test_what_follows_earns_the_same_for_every_seed(name: str, changes: tuple[tuple[str, str], ...]) -> None:
    names = run(FORMULAS, changes)
    assert {marked_in(names, name, seed).score for seed in SEEDS} == {QUESTIONS[name].points}


NETWORK = """
import torch

def forward(inputs, parameters):
    x1, x2, t1, t2 = inputs.values()
    w1, w2, w3, w4, w5, w6, w7, w8, b_h1, b_h2, b_o1, b_o2 = parameters.values()
    z_h1, z_h2 = w1 * x1 + w2 * x2 + b_h1, w3 * x1 + w4 * x2 + b_h2
    h1, h2 = torch.sigmoid(z_h1), torch.sigmoid(z_h2)
    o1, o2 = w5 * h1 + w6 * h2 + b_o1, w7 * h1 + w8 * h2 + b_o2
    E1, E2 = (o1 - t1) ** 2 / 2, (o2 - t2) ** 2 / 2
    return {"z_h1": z_h1, "z_h2": z_h2, "h1": h1, "h2": h2, "o1": o1, "o2": o2, "E1": E1, "E2": E2, "E": E1 + E2}

def backward(inputs, parameters):
    p, own = parameters, forward(inputs, parameters)
    d1, d2 = own["o1"] - inputs["t1"], own["o2"] - inputs["t2"]
    g = {"dE_do1": d1, "dE_do2": d2, "dE_db_o1": d1, "dE_db_o2": d2}
    g |= {"dE_dw5": d1 * own["h1"], "dE_dw6": d1 * own["h2"], "dE_dw7": d2 * own["h1"], "dE_dw8": d2 * own["h2"]}
    g["dE_dh1"] = d1 * p["w5"] + d2 * p["w7"]
    g["dE_dh2"] = d1 * p["w6"] + d2 * p["w8"]
    for i, (v, w) in {"1": ("w1", "w2"), "2": ("w3", "w4")}.items():
        z = g[f"dE_dh{i}"] * own[f"h{i}"] * (1 - own[f"h{i}"])
        g |= {f"dE_dz_h{i}": z, f"dE_db_h{i}": z, f"dE_d{v}": z * inputs["x1"], f"dE_d{w}": z * inputs["x2"]}
    return g
"""
BACKWARDS = {
    "right": ((), 8.0),
    "another sign before": ((("w5 * h1 + w6 * h2", "w5 * h1 - w6 * h2"),), 8.0),
    "far off before": ((("o1, o2 = w5", "o1, o2 = 1e6 + w5"),), 8.0),
    "nothing before": ((("h1, h2 = torch.sigmoid(z_h1)", "h1, h2 = 0 * torch.sigmoid(z_h1)"),), 8.0),
    # The weights change places: so do the steps that autograd's gradients show.
    "weights exchanged, and their gradients": (
        (
            ("w5 * h1 + w6 * h2", "w6 * h1 + w5 * h2"),
            (
                '"dE_dw5": d1 * own["h1"], "dE_dw6": d1 * own["h2"]',
                '"dE_dw5": d1 * own["h2"], "dE_dw6": d1 * own["h1"]',
            ),
        ),
        8.0,
    ),
    "all zero": ((("    return g\n", "    return {k: 0 * v for k, v in g.items()}\n"),), 0.0),
    "all one": ((("    return g\n", "    return {k: v / v for k, v in g.items()}\n"),), 0.0),
    "one forgotten": ((("    return g\n", '    return {**g, "dE_dw7": 0 * d1}\n'),), 8 * 17 / 18),
    # What stands on it alone says nothing then: three steps of eighteen.
    "one forgotten on which others stand": (
        (('own["o2"] - inputs["t2"]', '0 * own["o2"]'),),
        8 * 14 / 15,
    ),
}


@pytest.mark.parametrize(("changes", "points"), BACKWARDS.values(), ids=BACKWARDS)
def test_a_backward_pass_earns_what_is_right_in_itself_for_every_seed(
    changes: tuple[tuple[str, str], ...], points: float
) -> None:
    names = run(NETWORK, changes)
    assert {round(marked_in(names, "backward", seed).score, 2) for seed in SEEDS[:4]} == {round(points, 2)}
