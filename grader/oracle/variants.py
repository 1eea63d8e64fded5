"""Variants: the same lab with other numbers, drawn for a student from the course's secret.

Knows how numbers follow from secret, student and lab, and which draws are refused. Refuses to know who the
students are, where a secret is kept, and what a lab does with its numbers.
"""

from __future__ import annotations

import ast
import hmac
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

import mpmath

from grader.judge.model import Lab
from grader.oracle.graph import Graph
from grader.oracle.precision import precise
from grader.oracle.problem import Problem

ATTEMPTS = 1000
SIZES = 0.001, 10_000
"""Between what sizes a figure must lie: a tiny one is badly conditioned, and shows a student nothing."""

Numbers = Any
"""A frozen dataclass of one lab's numbers, each field made by `drawn`."""


class EmptyFamilyError(Exception):
    """The lab's author refuses every draw."""


def drawn(sheet: object, choices: Iterable[object]) -> Any:
    """A number of a lab: its value on the sheet, and what it may be elsewhere."""
    return field(default=sheet, metadata={"choices": tuple(choices)})


@dataclass(frozen=True, eq=False)
class Worked:
    """A worked figure: a problem's steps at a point that stands in the prose.

    `shown` maps steps to the decimals they are shown with.
    """

    problem: Problem
    point: Mapping[str, float]
    shown: Mapping[str, int]

    @cached_property
    def values(self) -> dict[str, Any]:
        """Every input and step there, as mpmath numbers."""
        graph: Graph = self.problem.whole
        with precise():
            # As written: 0.1 is a tenth, and not the float beside it.
            return graph.values({name: mpmath.mpf(str(value)) for name, value in self.point.items()})

    @property
    def sound(self) -> bool:
        """Whether the point is where the problem may be asked, and every figure of a size to be read."""
        if not self.problem.domain.holds(self.problem.graph, self.point):
            return False
        try:
            return all(readable(self.values[name], places) for name, places in self.shown.items())
        except ZeroDivisionError:
            return False

    @property
    def words(self) -> dict[str, str]:
        """The figures by name, and the point as `at`."""
        return {"at": place(self.point)} | {n: plain(self.values[n], places) for n, places in self.shown.items()}


def at(names: Iterable[str], values: Iterable[float]) -> dict[str, float]:
    """A point by the names of its inputs."""
    return dict(zip(names, values, strict=True))


def readable(value: Any, places: int) -> bool:
    """Whether a figure is a real number of a size that does not show as 0 in so many decimals. Whole numbers may."""
    if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value):
        return False
    if value == int(value):
        return bool(abs(value) <= SIZES[1])
    return bool(SIZES[0] <= abs(value) <= SIZES[1]) and float(plain(value, places)) != 0


def plain(value: Any, places: int) -> str:
    """A figure in so many decimals; a whole number without."""
    return str(int(value)) if value == int(value) else f"{float(value):.{places}f}"


def place(point: Mapping[str, float]) -> str:
    """A point in the formulas of a text: w = x = 1 where all are equal, else w = 1$, $x = 2."""
    if len(set(point.values())) == 1:
        return " = ".join([*point, str(next(iter(point.values())))])
    return "$, $".join(f"{name} = {value}" for name, value in point.items())


@dataclass(frozen=True, eq=False)
class Family:
    """A lab as a function of its numbers, with what its text says of them.

    `phrases` are the places of the sheet's text where numbers stand, as templates: a name in « » is one of
    `words`. `words` and the figures `worked` follow from the numbers; `sound` refuses numbers for a lab's own reasons.
    """

    name: str
    numbers: type
    lab: Callable[[Numbers], Lab]
    worked: Mapping[str, Callable[[Numbers], Worked]]
    phrases: tuple[str, ...]
    sound: Callable[[Numbers], bool] = lambda numbers: True
    words: Callable[[Numbers], Mapping[str, object]] = lambda numbers: {}

    @cached_property
    def sheet(self) -> Numbers:
        """The numbers of the sheet."""
        return self.numbers()

    def with_numbers(self, numbers: Mapping[str, Any]) -> Lab:
        """The lab with numbers by name, the sheet's where none is given. Raises TypeError for a name it has not."""
        return self.lab(self.numbers(**numbers))

    def said(self, numbers: Numbers) -> dict[str, object]:
        """What the names in the phrases stand for: numbers, figures of each worked exercise, other words."""
        figures = {name: worked(numbers).words for name, worked in self.worked.items()}
        return {**asdict(numbers), **figures, **self.words(numbers)}

    def written(self, numbers: Numbers) -> str:
        """The numbers as arguments: x_a=2, x_b=3."""
        return ", ".join(f"{name}={value!r}" for name, value in asdict(numbers).items())

    def read(self, written: str) -> Numbers:
        """The numbers as they are written. Raises SyntaxError, ValueError or TypeError for what is none of this lab."""
        call = ast.parse(f"numbers({written})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError(written)
        return self.numbers(**{str(each.arg): ast.literal_eval(each.value) for each in call.keywords})

    def draw(self, secret: bytes, student: str, taken: Collection[Numbers] = ()) -> Numbers:
        """The numbers of a student: the first sound draw that nobody has; where there is none, one that somebody has.

        A draw is made field by field: HMAC-SHA256 of lab, student, attempt and field chooses.
        """
        spare = None
        for attempt in range(ATTEMPTS):
            numbers = self.numbers(
                **{f.name: _chosen(secret, (self.name, student, attempt, f.name), f) for f in fields(self.numbers)}
            )
            if numbers == self.sheet:
                continue
            if numbers in taken:
                spare = numbers
            elif self.sound(numbers) and all(worked(numbers).sound for worked in self.worked.values()):
                return numbers
        if spare is None:
            raise EmptyFamilyError(f"{self.name} refused {ATTEMPTS} draws in a row")
        return spare

    def draws(self, secret: bytes, students: Iterable[str]) -> dict[str, Numbers]:
        """The numbers of every student of a roster, in its order: who stands further up draws first."""
        found: dict[str, Numbers] = {}
        taken: set[Numbers] = set()
        for student in students:
            found[student] = self.draw(secret, student, taken)
            taken.add(found[student])
        return found


def _chosen(secret: bytes, message: tuple[object, ...], number: Any) -> object:
    digest = hmac.digest(secret, json.dumps(message).encode(), "sha256")
    choices = number.metadata["choices"]
    # 256 bits: that the first choices are likelier by 2^-250 shows nowhere.
    return choices[int.from_bytes(digest) % len(choices)]
