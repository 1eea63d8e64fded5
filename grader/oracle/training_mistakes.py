"""Gradient descent gone wrong: the exact trajectories of the likely mistakes, and their code.

Knows how a step, a count of epochs or a record of losses is commonly mistaken. Refuses to know models: it is
given a graph and its loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sympy import Mul, Rational

from grader.judge.truth import Slip
from grader.oracle.balls import BALLS
from grader.oracle.formulas import slip
from grader.oracle.graph import Graph, Variable, name_of

Run: TypeAlias = tuple[dict[str, Any], list[Any]]
"""All inputs of a graph after a training, and the loss before each step."""

Rule: TypeAlias = Callable[[Any, Any, Any, Any], Any]
"""A parameter's next value from its value, its gradient, the sum of the gradients before, and the rate."""


def downhill(p: Any, slope: Any, before: Any, rate: Any) -> Any:
    """The rule of gradient descent."""
    return p - rate * slope


@dataclass(frozen=True)
class TrainingMistake:
    """A wrong rule: the note of who follows it, the rule, and its loop's lines in code."""

    note: str
    rule: Rule
    step: str = "p -= learning_rate * p.grad"
    clearing: str = "p.grad = None"


WHERE: Final = "the training"
UPDATE: Final = "the update"

DETOURS: Final = (
    TrainingMistake("uphill", lambda p, g, _, rate: p + rate * g, step="p += learning_rate * p.grad"),
    TrainingMistake("missing_rate", lambda p, g, _, rate: p - g, step="p -= p.grad"),
    TrainingMistake("gradients_kept", lambda p, g, before, rate: p - rate * (g + before), clearing="pass"),
    TrainingMistake("rebound", lambda p, g, _, rate: p, step="p = p - learning_rate * p.grad"),
    TrainingMistake("divided_by_rate", lambda p, g, _, rate: p - g / rate, step="p -= p.grad / learning_rate"),
    TrainingMistake("step_alone", lambda p, g, _, rate: -rate * g, step="p.copy_(-learning_rate * p.grad)"),
)


def descend(
    graph: Graph,
    loss: Variable,
    parameters: Sequence[str],
    start: Mapping[str, Any],
    epochs: int,
    rate: Any,
    rule: Rule = downhill,
) -> Run:
    """Parameters after `epochs` steps of gradient descent, and the loss before each step.

    `start` holds every input of the graph; all numbers are balls, of the precision that is set.
    """
    backward = graph.backward(loss)
    now, losses = dict(start), []
    before = {p: 0 * start[p] for p in parameters}
    for _ in range(epochs):
        values = backward.values(now, BALLS)
        losses.append(values[name_of(loss)])
        slopes = {p: values[f"d{name_of(loss)}_d{p}"] for p in parameters}
        now |= {p: rule(now[p], slopes[p], before[p], rate) for p in parameters}
        before = {p: before[p] + slopes[p] for p in parameters}
    return now, losses


def detours(
    graph: Graph, loss: Variable, parameters: Sequence[str], start: Mapping[str, Any], epochs: int, rate: Any
) -> Iterator[tuple[Slip, dict[str, Any], list[Any]]]:
    """Every likely mistake with the parameters that it ends at, and its losses."""
    for detour in DETOURS:
        yield slip(detour.note, WHERE), *descend(graph, loss, parameters, start, epochs, rate, detour.rule)
    count = share(graph, loss)
    end, losses = descend(graph, loss, parameters, start, epochs, count * rate)
    yield slip("sum_for_mean", "the loss", divisor=count), end, [count * value for value in losses]
    yield slip("sum_descended", WHERE, divisor=count), end, losses
    end, losses = descend(graph, loss, parameters, start, epochs, rate / 2)
    yield slip("halved", "the loss"), end, [value / 2 for value in losses]
    zeros = {p: 0 * start[p] for p in parameters}
    yield slip("zero_start", WHERE), *descend(graph, loss, parameters, {**start, **zeros}, epochs, rate)
    for parameter in parameters if len(parameters) > 1 else ():
        moving = [p for p in parameters if p != parameter]
        yield slip("frozen", WHERE, parameter=parameter), *descend(graph, loss, moving, start, epochs, rate)
        end, losses = descend(graph, loss, moving, {**start, parameter: zeros[parameter]}, epochs, rate)
        yield slip("left_out", WHERE, parameter=parameter), {**end, parameter: start[parameter]}, losses
    for note, more in (("fewer_epochs", -1), ("more_epochs", 1)):
        yield slip(note, WHERE), *descend(graph, loss, parameters, start, epochs + more, rate)
    end, _ = descend(graph, loss, parameters, start, epochs, rate)
    _, losses = descend(graph, loss, parameters, start, epochs + 1, rate)
    yield slip("late_losses", WHERE), end, losses[1:]


def moves(start: Any, slopes: Iterable[Any], rate: float, rule: Rule = downhill) -> list[Any]:
    """A parameter after each update, along one gradient after the other."""
    found, now, before = [], start, 0 * start
    for slope in slopes:
        now = rule(now, slope, before, rate)
        before = before + slope
        found.append(now)
    return found


def share(graph: Graph, loss: Variable) -> int:
    """What the loss is divided by, as a mean of so many."""
    first = graph.steps[loss].as_ordered_terms()[0]
    coefficient = first.as_coeff_Mul()[0] if isinstance(first, Mul) else Rational(1)
    return int(coefficient.q)


LOOP: Final = """def {name}(x, y, w, b, epochs, learning_rate):
    parameters = [(p{start}).detach().clone().requires_grad_() for p in (w, b) if p is not None]
    losses = []
    for _ in range(epochs{epochs}):
        w, b = (*parameters, None)[:2]
        loss = kept["mean_squared_error"](kept["predict"](x, {model}), y){scale}
        {early}
        {descended}.backward()
        with torch.no_grad():
            for p in parameters{moving}:
                if p.grad is None:
                    continue
                {step}
                {clearing}
            w, b = (*parameters, None)[:2]
            {late}
    w, b = (*parameters, None)[:2]
    return w.detach(), None if b is None else b.detach(), losses"""
"""Batch gradient descent on the mean squared error, with places for mistakes."""

RIGHT: Final = {
    "epochs": "",
    "start": "",
    "model": "w, b",
    "descended": "loss",
    "scale": "",
    "early": "losses.append(loss.item())",
    "moving": "",
    "step": "p -= learning_rate * p.grad",
    "clearing": "p.grad = None",
    "late": "pass",
}


def loop_with(name: str, mistake: Slip) -> str:
    """The code of a training run with a mistake in it."""
    facts = dict(mistake.facts)
    detour = next((d for d in DETOURS if d.note == mistake.note), TrainingMistake("", downhill))
    late = 'losses.append(kept["mean_squared_error"](kept["predict"](x, w, b), y).item())'
    changes = {
        "sum_for_mean": {"scale": f" * {facts.get('divisor')}"},
        "frozen": {"moving": "[:1]" if facts.get("parameter") == "b" else "[1:]"},
        "sum_descended": {"descended": f"({facts.get('divisor')} * loss)"},
        "halved": {"scale": " / 2"},
        "zero_start": {"start": " * 0"},
        "left_out": {"model": "w, None" if facts.get("parameter") == "b" else "0 * w.detach(), b"},
        "fewer_epochs": {"epochs": " - 1"},
        "more_epochs": {"epochs": " + 1"},
        "late_losses": {"early": "pass", "late": late},
    }.get(mistake.note, {"step": detour.step, "clearing": detour.clearing})
    return LOOP.format(name=name, **{**RIGHT, **changes})


def update_with(name: str, mistake: Slip) -> str:
    """The code of an update in place with a mistake in it."""
    detour = next(d for d in DETOURS if d.note == mistake.note)
    lines = (f"def {name}(parameters, learning_rate):", "with torch.no_grad():", "for p in parameters:")
    body = "\n            ".join(("", detour.step, detour.clearing))
    return f"{lines[0]}\n    {lines[1]}\n        {lines[2]}{body}"
