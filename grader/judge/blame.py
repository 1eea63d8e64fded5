"""Where digits go: from a wrong result back through the operations to the one in which they are lost.

Knows how much an error of each operand moves a result. Refuses to know what the function was to compute: nothing is
named unless the operations, carried out exactly, give what is right, and in floats what was given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from flint import ctx

from grader.judge.expressions import written
from grader.judge.influence import Influence, TracedEntry
from grader.judge.leaks import Leak, LostDigits
from grader.judge.operation_table import CANCELLING, ENTRYWISE
from grader.judge.replay import ODD, Replay, ReplayError, plain_name, replay
from grader.judge.reproduced import Failure, worst_entry
from grader.judge.sizes import as_float, bits_of
from grader.protocol.messages import Array
from grader.protocol.trace import Outcome, Trace

FEW: Final = 3.0
"""Bits that rounding alone takes from a number that came about well."""
LEAST: Final = 4.0
"""Bits that an operation must lose to be named."""


@dataclass(frozen=True)
class Step:
    """An entry on the way, how many bits it is off, and whether its own operation made it so."""

    entry: TracedEntry
    error: float
    own: bool = False


def lost_digits(trace: Trace, inputs: Mapping[str, Array], failure: Failure, path: str = "") -> LostDigits | None:
    """Where the digits of a failing result go; None where that cannot be said for certain."""
    end = trace.found.get(path)
    if not isinstance(end, Outcome):
        return None
    try:
        played = replay(trace, end, inputs, failure.dtype)
        with ctx.workprec(played.bits), np.errstate(all="ignore"):
            index = worst_entry(failure, played, end)
            return None if index is None else _Walk(played, failure.dtype).told(TracedEntry(end, index))
    except (ReplayError, *ODD):
        return None


class _Walk:
    """The way back through a replay."""

    def __init__(self, played: Replay, dtype: str) -> None:
        self._dtype, self._bits = dtype, bits_of(dtype)
        self._has = Influence(played, self._bits)

    def told(self, end: TracedEntry) -> LostDigits | None:
        """The operation to blame for an entry."""
        steps: list[Step] = []
        at: TracedEntry | None = end
        while at is not None:
            value, exact = self._has.float_of(at), self._has.exact_of(at)
            if not exact.is_finite():
                return None
            operands = [*self._has.operands_of(at)]
            if broken := self._broken(at, operands):
                steps, at = [], broken
            elif not math.isfinite(value):
                wrong = max(operands, key=self._has.error_of, default=None)
                if wrong is None or self._has.error_of(wrong) < self._bits - 1:
                    return self._lost(at, Leak.OVERFLOW, float(self._bits))
                steps, at = [], wrong
            else:
                step, at = self._stepped(at, operands)
                steps.append(step)
        return self._named(steps)

    def _stepped(self, at: TracedEntry, operands: Sequence[TracedEntry]) -> tuple[Step, TracedEntry | None]:
        """The step at an entry, and the operand through which most of its error comes, if that is not its own."""
        error = self._has.error_of(at)
        moved = [
            (self._has.moved(at, operand), operand) for operand in operands if self._has.error_of(operand) > -math.inf
        ]
        most, through = max(moved, key=lambda pair: pair[0], default=(-math.inf, None))
        if through is None or self._has.own(at, operands) >= most:
            return Step(at, error, own=True), None
        if self._has.error_of(through) <= FEW:
            return Step(at, error), None
        return Step(at, error), through

    def _named(self, steps: Sequence[Step]) -> LostDigits | None:
        """Of all steps the one at which the error grows most."""
        after = [*(step.error for step in steps[1:]), 0.0]
        gains = [step.error - max(later, 0.0) for step, later in zip(steps, after, strict=True)]
        gain, step = max(zip(gains, steps, strict=True), key=lambda pair: pair[0], default=(0.0, None))
        if step is None or gain < LEAST:
            return None
        entry, operation = step.entry, self._has.played.trace.operations[step.entry.outcome.operation]
        if not step.own:
            leak = Leak.CANCELLATION if plain_name(operation) in CANCELLING else Leak.BITS
            return self._lost(entry, leak, gain)
        kind = operation.outputs[entry.outcome.part].dtype
        if bits_of(kind) < self._bits:
            return self._lost(self._cast(entry, kind), Leak.ROUNDING, gain)
        tiny = abs(self._has.float_of(entry)) < np.finfo(self._dtype).tiny
        return self._lost(entry, Leak.UNDERFLOW if tiny else Leak.BITS, gain)

    def _lost(self, at: TracedEntry, leak: Leak, bits: float) -> LostDigits:
        operation = self._has.operation_of(at)
        return LostDigits(
            leak,
            written(self._has.played.trace, at.outcome),
            plain_name(operation),
            self._has.float_of(at),
            as_float(self._has.exact_of(at)),
            round(min(bits, self._bits)),
            self._bits,
            operation.outputs[at.outcome.part].dtype,
            at.index,
            operation.line,
            operation.backward,
        )

    def _cast(self, at: TracedEntry, kind: str) -> TracedEntry:
        """Where numbers became of fewer bits."""
        earlier: TracedEntry | None = at
        while earlier is not None:
            at, operands = earlier, self._has.operands_of(earlier)
            earlier = next(
                (o for o in operands if self._has.operation_of(o).outputs[o.outcome.part].dtype == kind), None
            )
        return at

    def _broken(self, at: TracedEntry, operands: Sequence[TracedEntry]) -> TracedEntry | None:
        """The first operand that is not finite and should be, of those that tell here."""
        broken = [o for o in operands if not math.isfinite(self._has.float_of(o)) and self._has.exact_of(o).is_finite()]
        operation = self._has.operation_of(at)
        if plain_name(operation) not in ENTRYWISE:
            telling = [o for o in broken if self._has.tells(at, o)]
            broken = telling or (broken if not math.isfinite(self._has.float_of(at)) else [])
        return min(broken, key=lambda o: (o.outcome.operation, o.index), default=None)
