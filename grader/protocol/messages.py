"""What is asked of a student's process, and what it answers: plain facts, frozen.

Knows the requests and their answers: `Start` → `Ready`, `RunCell` → `CellDone`, `Ask` or `Read` → a `Reply`, which is
an `Observation` a point. Refuses to know what is right, how a message travels, or what runs at the other end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import numpy.typing as npt

from grader.protocol.caps import OutputCaps
from grader.protocol.conduct import Conduct
from grader.protocol.trace import Trace

Array: TypeAlias = npt.NDArray[Any]

GRID = 1024
"""The numbers of hidden points are multiples of 1/GRID, which float32 holds and ten decimals write exactly."""


@dataclass(frozen=True)
class Start:
    """Make ready for cells on a `device` (cpu or cuda), of whose outputs so much is kept."""

    device: str
    output: OutputCaps


@dataclass(frozen=True)
class RunCell:
    """Run a cell: its place in the notebook, its code, and its number in In[…]."""

    place: int
    source: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A tensor argument: `values` has one entry a point along its first axis, (points, *shape).

    Floating values are cast to the dtype of the `Ask`; integer values stay int64.
    """

    values: Array


@dataclass(frozen=True)
class NumpyArray:
    """A NumPy argument, (points, *shape), cast like `Tensor`."""

    values: Array


@dataclass(frozen=True)
class Function:
    """A function argument: `expression`, as SymPy prints it, in the parameters and torch's functions."""

    parameters: tuple[str, ...]
    expression: str


@dataclass(frozen=True)
class Device:
    """The device under test, as a `torch.device`."""


Argument: TypeAlias = (
    "Tensor | NumpyArray | Function | Device | float | int | tuple[Argument, ...] | Mapping[str, Argument] | None"
)


class CallMode(StrEnum):
    """How a function is called, and what is looked at afterwards."""

    VALUE = "value"
    """Call it; look at the result."""
    GRADIENT = "gradient"
    """Call it on leaves that require gradients; pull `pulls` back to every floating argument."""
    INFERENCE = "inference"
    """Call it where autograd cannot record."""
    DERIVED = "derived"
    """Call it on tensors that other computations led to, so that they have a history; look at the result."""
    REWRITE = "rewrite"
    """Call it, look at the result, write `replacements` into the arguments, look again."""
    UPDATE = "update"
    """Call it `rounds` times on leaves, each time after a backward pass that leaves `pulls` behind."""


@dataclass(frozen=True)
class Ask:
    """One question to a notebook: call `name` at `points` points, each with fresh arguments.

    `rounds` calls are made at each point with the *same* argument objects.
    `pulls` maps the path of an output (GRADIENT; "" is the result itself, "z" an entry of a dict,
    "0" of a tuple) to its cotangent, (points, *shape); for UPDATE, the path of a parameter within the
    arguments to the gradients that arrive there, (points, rounds, *shape).
    `replacements` maps the path of an argument to its second value, (points, *shape). What the calls do is recorded at
    so many points as `recorded` says; which ones, nobody can foresee. At the points that are `traced`, a call is made
    once more, for the operations that torch carries out.
    """

    name: str
    arguments: tuple[Argument, ...]
    points: int
    manner: CallMode = CallMode.VALUE
    dtype: str = "float64"
    rounds: int = 1
    pulls: Mapping[str, Array] = field(default_factory=dict)
    replacements: Mapping[str, Array] = field(default_factory=dict)
    recorded: int = 0
    traced: tuple[int, ...] = ()


@dataclass(frozen=True)
class Read:
    """Look at the variable `name` as the notebook left it."""

    name: str
    points: int = 1


Request: TypeAlias = Start | RunCell | Ask | Read

Output: TypeAlias = Mapping[str, object]
"""An output of a cell, as a notebook's file holds it (nbformat 4)."""


@dataclass(frozen=True)
class Ready:
    """The process will run cells."""


@dataclass(frozen=True)
class CellDone:
    """A cell came to its end, with or without an error: the outputs of that cell, and new ones of earlier cells.

    They are given by the cell's place. `errno` is what the error says has run out on the machine, 0 for nothing.
    """

    outputs: Mapping[int, tuple[Output, ...]]
    success: bool
    errno: int = 0


@dataclass(frozen=True)
class Leaf:
    """A number or an array as it was returned.

    `kind` is one of tensor, numpy, float, int, bool, complex, list (a flat list of numbers).
    `dtype` and `device` are as they were there; `array` holds the values (bfloat16 as float32). One that is `attached`
    is a tensor that autograd can follow back; a list may be `of_tensors` where its entries are not plain numbers.
    """

    array: Array
    kind: str
    dtype: str
    device: str
    attached: bool = False
    of_tensors: bool = False


@dataclass(frozen=True)
class Other:
    """A result that is no number: its type's name, or `None`, `str`, `ellipsis`, …"""

    type_name: str
    text: str = ""


Node: TypeAlias = "Leaf | Other | tuple[Node, ...] | Mapping[str, Node]"


@dataclass(frozen=True)
class Value:
    """What came back at one point: `results`, one a round (REWRITE: before and after; UPDATE: the parameters
    by path after each call, as many as there were backward passes without an error).

    `gradients` maps each floating argument's path to its gradient, None where autograd left none.
    `gradient_error` says why there are no gradients at all. `changed` lists the arguments' paths that
    the call wrote to, and `marked` those whose `requires_grad` is another after it. `conduct` is what
    the call was seen to do, at the points that were recorded, and `trace` its operations, at those that were traced.
    """

    results: tuple[Node, ...]
    gradients: Mapping[str, Leaf | None] = field(default_factory=dict)
    gradient_error: Raised | None = None
    changed: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    conduct: Conduct | None = None
    trace: Trace | None = None


@dataclass(frozen=True)
class Raised:
    """The call raised: the exception's type, its text, and the line of the notebook's cell.

    `errno` is what the exception says has run out on the machine, 0 for nothing.
    """

    type_name: str
    text: str
    line: str = ""
    conduct: Conduct | None = None
    errno: int = 0


@dataclass(frozen=True)
class Missing:
    """The name is not there, or is not callable."""

    reason: str = "undefined"


@dataclass(frozen=True)
class TimedOut:
    """No answer within `seconds` of processor time or, where it was only `waiting`, of the wall clock.

    `line` is that of the notebook which was at work then, where that can be seen.
    """

    seconds: float
    waiting: bool = False
    line: str = ""


@dataclass(frozen=True)
class Died:
    """The student's process ended during this question; `how` is its exit code or signal's name."""

    how: str


@dataclass(frozen=True)
class Unreadable:
    """The answer broke the protocol or a cap: too large, malformed, or not an answer to this question."""

    reason: str


@dataclass(frozen=True)
class Unavailable:
    """The machine could not do what the question needs; `reason` is what the grader saw that it lacks."""

    reason: str


Observation: TypeAlias = "Value | Raised | Missing | TimedOut | Died | Unreadable | Unavailable"
Reply: TypeAlias = tuple[Observation, ...]
"""One observation a point, in the order of the points."""
