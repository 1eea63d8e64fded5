"""The operations that torch carried out for one call of a student's function: plain facts, frozen.

Knows what stands in such a record. Refuses to know how it was made, and what any operation computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Outcome:
    """Output number `part` of the operation with this number."""

    operation: int
    part: int = 0


@dataclass(frozen=True)
class Entrance:
    """The tensor at a path of the call's arguments."""

    path: str


@dataclass(frozen=True)
class FixedTensor:
    """A tensor that was there before: its numbers, flat, its shape and dtype."""

    values: tuple[float, ...]
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Word:
    """A dtype, or another word, as what an operation is told."""

    word: str


Operand: TypeAlias = "Outcome | Entrance | FixedTensor | Word | float | int | bool | tuple[Operand, ...] | None"


@dataclass(frozen=True)
class Made:
    """What one output of an operation is."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One operation by torch's own `name` for it, as add.Tensor.

    `line` is that of the student's code which it was made in, 0 for none; `backward` says that autograd was going back.
    A number that was read from a tensor is what it `gave`.
    """

    name: str
    operands: tuple[Operand, ...]
    named: Mapping[str, Operand]
    outputs: tuple[Made, ...]
    line: int = 0
    backward: bool = False
    gave: float | None = None


@dataclass(frozen=True)
class Trace:
    """All operations of a call in their order, what was `found`, and the arguments' `names` in the student's code.

    The value is found at "", the gradient of an argument at its path.
    """

    operations: tuple[Operation, ...]
    found: Mapping[str, Operand]
    names: tuple[str, ...] = field(default=())
