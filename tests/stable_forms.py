"""Ways in which people write the stable functions of lab 4, and what each of them earns in the sweeps of a draw."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from grader.judge.model import Conditions
from grader.judge.regimes import earned
from grader.judge.sweep import ulp_errors
from grader.judge.truth import SweepTruth
from grader.labs.lab4_stability import LAB
from grader.oracle.stability import SweepCheck
from grader.protocol.messages import Array

QUESTIONS = {question.name: question for question in LAB.questions}


@dataclass(frozen=True)
class Form:
    """A way of writing a function, as an expression in its arguments, and the share of the points that it `earns`.

    A `banned` one uses what the sheet forbids, and earns nothing however good its numbers are.
    """

    function: str
    code: str
    earns: float
    why: str
    banned: bool = False


ARGUMENTS = {
    "stable_log_exp": "x, y",
    "stable_logsumexp": "x",
    "stable_softmax": "x",
    "stable_sigmoid": "x",
    "stable_bce": "logit, target",
    "stable_variance": "x",
}


def zero(like: Tensor) -> Tensor:
    """0 in a dtype."""
    return torch.zeros_like(like)


def kept(d: Tensor) -> Tensor:
    """The sheet's log(1 + exp(d)), stable."""
    return torch.maximum(d, zero(d)) + torch.log1p(torch.exp(-torch.abs(d)))


def half_slope(v: Tensor) -> Tensor:
    """The absolute value, as a maximum."""
    return torch.maximum(v, -v)


def welford(x: Tensor) -> Tensor:
    """The variance, with mean and squares updated number by number."""
    mean, squares = zero(x[0]), zero(x[0])
    for count, value in enumerate(x, 1):
        step = value - mean
        mean = mean + step / count
        squares = squares + step * (value - mean)
    return squares / len(x)


def centred(x: Tensor) -> Tensor:
    """Distances from the mean, from which their own mean is taken again."""
    once = x - x.mean()
    return once - once.mean()


KNOWN = {"torch": torch, "F": functional} | {f.__name__: f for f in (zero, kept, half_slope, welford, centred)}


def forms() -> Iterator[Form]:
    """The table."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return (Form(name, **row) for name, rows in table.items() for row in rows)


FORMS = tuple(forms())


@cache
def written(form: Form) -> Callable[..., Tensor]:
    """A form as a function."""
    called: Callable[..., Tensor] = eval(f"lambda {ARGUMENTS[form.function]}: {form.code}", KNOWN)
    return called


@lru_cache(20)
def sweeps(function: str, seed: str) -> tuple[SweepTruth, ...]:
    """What is right in each sweep of a function, for a seed."""
    checks = (check for check in QUESTIONS[function].checks if isinstance(check, SweepCheck))
    truths = (check.prepare(function, Conditions(seed)).truth for check in checks)
    return tuple(truth for truth in truths if isinstance(truth, SweepTruth))


def errors_of(form: Form, seed: str) -> tuple[Array, ...]:
    """The errors of a form in ulp at every point, sweep by sweep."""
    with np.errstate(all="ignore"):
        return tuple(ulp_errors(_results(form, truth), truth) for truth in sweeps(form.function, seed))


def earns(form: Form, seed: str, errors: Sequence[Array]) -> float:
    """The share of the points that a form with such errors earns."""
    swept = zip(sweeps(form.function, seed), errors, strict=True)
    return earned([(truth, found <= truth.limit) for truth, found in swept])


def worst(form: Form, seed: str, errors: Sequence[Array]) -> Mapping[tuple[str, str], float]:
    """The largest error of a form in every regime, of value and gradient together: by dtype and the regime's name."""
    found: dict[tuple[str, str], float] = {}
    for truth, swept in zip(sweeps(form.function, seed), errors, strict=True):
        for regime in truth.regimes:
            key = truth.dtype, regime.name
            found[key] = max(found.get(key, 0.0), float(swept[regime.points].max()))
    return found


def _results(form: Form, truth: SweepTruth) -> Array:
    dtype = getattr(torch, truth.dtype)
    names = ARGUMENTS[form.function].split(", ")
    columns = [torch.tensor(truth.inputs[name], dtype=dtype) for name in names]
    return np.stack([_result(written(form), row, truth.path) for row in zip(*columns, strict=True)])


def _result(called: Callable[..., Tensor], row: tuple[Tensor, ...], path: str | None) -> Array:
    place = int(path or 0)
    given = [part.clone().requires_grad_(path is not None and number == place) for number, part in enumerate(row)]
    found = called(*given)
    if path is not None:
        (found,) = torch.autograd.grad(found if not found.ndim else found[0], given[place])
    numbers: Array = found.detach().double().numpy()
    return numbers
