"""What a judge finds, as data: a code, and the facts that go with it.

Knows every kind of fact, and how much of what a student's code gave is kept. Refuses to know words: sentences are made
where somebody reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from grader.judge.clipping import FACT, clipped
from grader.judge.leaks import LostDigits
from grader.judge.truth import EdgeList, Slip

CORRECT: Final = "correct"
"""The note where nothing was found."""
FAULT: Final = "fault"
"""The note where the grader itself failed."""
MACHINE: Final = "machine"
"""The note where the machine failed."""
OURS: Final = frozenset({FAULT, MACHINE})
"""The notes of what is nobody's zero: it is graded again in the next run."""


@dataclass(frozen=True)
class Numbers:
    """Numbers of an array of this `shape`: all of a small one, the first of a large one, or the one at `index`."""

    values: tuple[float, ...]
    shape: tuple[int, ...] = ()
    index: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Form:
    """What kind of thing a result is, or should be; of many `names` the first, and the `count` of all."""

    kind: str
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    count: int | None = None
    names: tuple[str, ...] = ()


class Way(StrEnum):
    """A way in which wrong numbers may differ from right ones at all points together."""

    ZERO = "zero"
    FLIPPED = "flipped"
    TIMES = "times"
    """By a factor."""
    STILL = "still"
    """The same everywhere."""
    ROUNDED = "rounded"
    """To some decimals."""
    SHIFTED = "shifted"
    """By the same amount."""
    MISPLACED = "misplaced"
    """The right entries in the wrong places."""
    CLOSE = "close"
    """By a small relative difference."""
    UNMOVED = "unmoved"
    """Not updated at all."""


@dataclass(frozen=True)
class Difference:
    """How numbers differ from what is right; `amount` is the factor, decimals, shift or relative difference."""

    way: Way
    amount: float = 0.0


class Advice(StrEnum):
    """What the losses of a fit that is not good enough say about it."""

    FEATURES = "features"
    DIVERGING = "diverging"
    OTHER_ERROR = "other_error"
    FALLING = "falling"


Place: TypeAlias = Mapping[str, Numbers]
"""A point: its inputs by name."""
Paths: TypeAlias = tuple[tuple[str, ...], ...]
"""Ways through a graph, each by the names of its nodes."""
Shown: TypeAlias = Numbers | Form | Paths | None
"""What was given or is right, as far as it is shown."""


@dataclass(frozen=True)
class Facts:
    """All that can be told with a code; what says nothing of a finding is left out. Long texts are cut.

    `mistakes`, the likeliest first, explain it, each of one or two slips, made on `edges` if known; None: not sought.
    """

    name: str = ""
    what: str = ""
    other: str = ""
    where: Place | None = None
    theirs: Shown = None
    expected: Shown = None
    difference: Difference | None = None
    mistakes: tuple[tuple[Slip, ...], ...] | None = None
    edges: EdgeList = ()
    follows_from: tuple[str, ...] = ()
    """Own steps, not right themselves, that something was worked out from."""
    also: tuple[tuple[str, str], ...] = ()
    """Other steps that are not right either, each with its note."""
    steps_right: int | None = None
    steps: int | None = None
    right: int | None = None
    count: int | None = None
    total: int | None = None
    """How many are right, and how many there are of what is wrong, of how many."""
    step: int | None = None
    agreeing: int | None = None
    """Epochs for which losses agree with the right ones."""
    names: tuple[str, ...] = ()
    error: float | None = None
    coarse: float | None = None
    """Errors: relative, or in ulp in a sweep; and that in float32."""
    limit: float | None = None
    dtype: str = ""
    not_finite_at: Place | None = None
    breaking: str = ""
    """The operation that leaves the range of a dtype."""
    cancels: bool = False
    """Whether it is digits that are lost, and not a range that is left."""
    lost: LostDigits | None = None
    """Where they go in the operations that were carried out."""
    regimes: tuple[tuple[str, str], ...] = ()
    """Regimes of a stable function, each with where it fails: "" where it holds, `easy` where that earns nothing."""
    missing: Paths = ()
    extra: Paths = ()
    turned: Paths = ()
    """Edges of a drawing."""
    untold: int | None = None
    """How many more are missing than are named."""
    low: float | None = None
    high: float | None = None
    least: float | None = None
    greatest: float | None = None
    excess: float | None = None
    advice: Advice | None = None
    error_type: str = ""
    text: str = ""
    line: str = ""
    reason: str = ""
    hidden: bool = False
    """Whether a name is given to something else after its definition."""
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Cut long texts."""
        long = {n: v for n, v in vars(self).items() if isinstance(v, str) and len(v) > FACT}
        for name, value in long.items():
            object.__setattr__(self, name, clipped(value, FACT))


NOTHING: Final = Facts()


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer: what was seen as a stable `code`, with its facts."""

    code: str
    facts: Facts = NOTHING

    @property
    def note(self) -> str:
        """The likeliest mistake that explains it; where none does, what was seen."""
        return self.facts.mistakes[0][0].note if self.facts.mistakes else self.code


@dataclass(frozen=True)
class Remark:
    """Something said beside a mark, of `what`, which costs nothing."""

    code: str
    what: str
    facts: Facts = NOTHING


MISTAKES: Final[tuple[str, ...]] = tuple(
    """
    wrong_rule exponent_not_reduced exponent_lost inner_derivative missing_outer product_rule product_of_slopes
    quotient_rule value_for_gradient constant_kept sum_for_mean missing_division missing_path missing_factor
    missing_term wrong_sign wrong_flow exchanged upside_down missing_power missing_function exchanged_function
    wrong_operand transposed other_axis exchanged_operands reshaped column_order wrong_axes as_written half_cure
    uphill missing_rate gradients_kept frozen fewer_epochs more_epochs late_losses off_by_one backwards
    mean_for_sum divided_twice divided_by_all all_pairs sample_divisor halved root_taken taken_after
    wrong_exponent wrong_operation degrees brackets extra_factor after_update reshaped_operand sum_of_other_axis
    sum_of_all axis_lost interleaved permuted_reshape flat_positions first_rows extra_function broadcast rebound
    divided_by_rate step_alone sum_descended zero_start left_out exponent_not_reduced_anywhere
    exponent_lost_anywhere
    """.split()
)
"""The notes of likely mistakes; what tells most comes first."""
