"""Unstable ways of writing the functions of lab 4, and where a numerical analyst would say that their digits go."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from stable_forms import ARGUMENTS, KNOWN, QUESTIONS
from torch import Tensor

from grader.judge.blame import lost_digits
from grader.judge.leaks import LostDigits
from grader.judge.reproduced import Failure
from grader.kernel.arguments import Arguments, Recipe
from grader.kernel.tracing import traced
from grader.oracle.float_evaluation import pulled_back
from grader.oracle.graph import shape_of
from grader.oracle.problem import known
from grader.oracle.stability import SweepCheck
from grader.protocol import messages
from grader.protocol.messages import Array
from grader.protocol.trace import Trace

LIMIT = 80.0


@dataclass(frozen=True)
class Case:
    """A form at a point, in value or gradient and a dtype, with how its digits go and in which operation."""

    function: str
    code: str
    what: str
    dtype: str
    at: tuple[object, ...]
    kind: str
    operation: str


def cases() -> Iterator[Case]:
    """The table."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    for function, rows in table.items():
        for row in rows:
            for case in row["cases"]:
                yield Case(function, row["code"], **{**case, "at": tuple(case["at"])})


CASES = tuple(cases())


def called(function: str, code: str) -> Callable[..., Tensor]:
    """A form as a function."""
    found: Callable[..., Tensor] = eval(f"lambda {ARGUMENTS[function]}: {code}", KNOWN)
    return found


@dataclass(frozen=True)
class Posed:
    """A form at a point: its arguments, what is right there, and the cotangents, none where the value is asked for."""

    function: str
    inputs: Mapping[str, Array]
    dtype: str
    gradient: bool

    @property
    def path(self) -> str:
        """Where it is found in a trace."""
        return "0" if self.gradient else ""

    def by_path(self) -> dict[str, Array]:
        """The inputs by path."""
        return {str(place): values for place, values in enumerate(self.inputs.values())}

    def arguments(self) -> Arguments:
        """Fresh arguments."""
        given = tuple(messages.Tensor(values[None]) for values in self.inputs.values())
        return Recipe(messages.Ask("f", given, 1, dtype=self.dtype), "cpu").make(0)

    def pulls(self) -> dict[str, Array]:
        """The first entry's cotangent."""
        pull = np.zeros(shape_of(self._check.output))
        pull.reshape(-1)[:1] = 1
        return {"": pull} if self.gradient else {}

    @property
    def _check(self) -> SweepCheck:
        return next(c for c in QUESTIONS[self.function].checks if isinstance(c, SweepCheck))

    def expected(self) -> Array:
        """What is right."""
        check, first = self._check, ARGUMENTS[self.function].split(", ")[0]
        graph, wanted = pulled_back(check.graph, check.output, first if self.gradient else None)
        return np.asarray(known(graph, self.inputs, (wanted,))[wanted], np.float64)

    def given(self, form: Callable[..., Tensor]) -> Array:
        """What a form gives."""
        arguments = self.arguments()
        first = arguments.values[0].requires_grad_(self.gradient)
        found = form(*arguments.values)
        if self.gradient:
            (found,) = torch.autograd.grad(found.reshape(-1)[0], first)
        numbers: Array = found.detach().double().numpy()
        return numbers

    def trace(self, form: Callable[..., Tensor]) -> Trace | None:
        """The operations of a form."""
        return traced(form, self.arguments(), self.pulls())


def posed(function: str, at: tuple[object, ...], dtype: str, gradient: bool) -> Posed:
    """A point of a function, in numbers of a dtype."""
    names = ARGUMENTS[function].split(", ")
    inputs = {name: np.array(value, dtype).astype(np.float64) for name, value in zip(names, at, strict=True)}
    return Posed(function, inputs, dtype, gradient)


def failure_of(form: Callable[..., Tensor], at: Posed) -> Failure:
    """What a form gives at a point, beside what is right."""
    expected = at.expected()
    return Failure(at.given(form), expected, np.zeros_like(expected), LIMIT, at.dtype)


def blamed(form: Callable[..., Tensor], at: Posed, trace: Trace | None = None) -> LostDigits | None:
    """What is said of a form at a point."""
    trace = trace or at.trace(form)
    return lost_digits(trace, at.by_path(), failure_of(form, at), at.path) if trace else None


def is_right(case: Case, found: LostDigits | None) -> bool:
    """Whether what was found is what an analyst would say."""
    if found is None or found.leak.value != case.kind or found.backward != case.operation.startswith("backward"):
        return False
    word = case.operation.removeprefix("backward").strip()
    name = {"+": "add", "-": "sub"}.get(word, word)
    return word in ("", found.operation) or name == found.name.removesuffix("_backward")
