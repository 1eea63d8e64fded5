"""How the operands of a replayed operation move its result: one entry at a time, exactly.

Knows which entries an entry is computed from, and what each of their errors makes of it. Refuses to name any.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from grader.judge.operation_table import ENTRYWISE
from grader.judge.replay import Replay, Slot, computed_of, plain_name
from grader.judge.sizes import as_float, log_size
from grader.protocol.messages import Array
from grader.protocol.trace import Operand, Operation, Outcome

Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class TracedEntry:
    """An entry of an outcome, and where it stands among the operands of the operation that takes it."""

    outcome: Outcome
    index: Index
    slot: Slot = ()


@dataclass(frozen=True)
class Influence:
    """The entries of a replay whose result is of a dtype of so many `bits`, and what they do to each other."""

    played: Replay
    bits: int

    def operation_of(self, at: TracedEntry) -> Operation:
        """The operation that an entry is an outcome of."""
        return self.played.trace.operations[at.outcome.operation]

    def float_of(self, at: TracedEntry) -> float:
        """What an entry is in floats."""
        return float(self.played.floats.of(at.outcome)[at.index])

    def exact_of(self, at: TracedEntry) -> arb:
        """What an entry is exactly."""
        found = self.played.exact.of(at.outcome)[at.index]
        return found if type(found) is arb else arb(int(found))

    def error_of(self, at: TracedEntry) -> float:
        """How many of its last bits an entry is off by: 0 is a unit roundoff, or nothing."""
        value, exact = self.float_of(at), self.exact_of(at)
        if not math.isfinite(value):
            return math.inf
        gap = log_size(arb(value) - exact)
        if gap == -math.inf:
            return -math.inf
        return min(gap - max(log_size(exact), log_size(arb(value))) + self.bits, float(self.bits))

    def operands_of(self, at: TracedEntry) -> Iterator[TracedEntry]:
        """The entries of earlier outcomes that an entry is computed from."""
        operation = self.played.trace.operations[at.outcome.operation]
        name = plain_name(operation)
        places: list[tuple[Slot, Operand]] = [((n,), operand) for n, operand in enumerate(operation.operands)]
        places += [((key,), operand) for key, operand in operation.named.items()]
        for slot, operand in _spread(places):
            if isinstance(operand, Outcome):
                shape = self.played.floats.of(operand).shape
                chosen = self._chosen(name, at, slot)
                if name in ENTRYWISE or chosen is not None:
                    if chosen is not False:
                        yield TracedEntry(operand, _broadcast(at.index, shape), slot)
                else:
                    yield from (TracedEntry(operand, index, slot) for index in np.ndindex(shape))

    def _chosen(self, name: str, at: TracedEntry, slot: Slot) -> bool | None:
        """Whether it is the chosen one of two numbers; None of other operations."""
        if name not in ("where", "masked_fill"):
            return None
        operation = self.played.trace.operations[at.outcome.operation]
        mask = 0 if name == "where" else 1
        if slot == (mask,):
            return True
        condition = self.played.floats.of(operation.operands[mask])
        yes = bool(condition[_broadcast(at.index, condition.shape)])
        return slot == ((1,) if yes else (2,)) if name == "where" else slot == ((2,) if yes else (0,))

    def tells(self, at: TracedEntry, operand: TracedEntry) -> bool:
        """Whether a float result would be another if an operand were finite."""
        found = self._recomputed(at, operand, exact=False, value=as_float(self.exact_of(operand)))
        return bool(found != self.float_of(at)) and not (math.isnan(found) and math.isnan(self.float_of(at)))

    def moved(self, at: TracedEntry, operand: TracedEntry) -> float:
        """How far the exact result moves if one operand is what it is in floats, as a power of 2."""
        moved = self._recomputed(at, operand, exact=True, value=self.float_of(operand))
        gap = moved - self.exact_of(at)
        return log_size(gap) if gap.is_finite() else math.inf

    def own(self, at: TracedEntry, operands: Sequence[TracedEntry]) -> float:
        """How far the result is off that the operation would give of the same floats, as a power of 2."""
        instead: dict[Slot, Any] = {}
        for operand in operands:
            instead[operand.slot] = self._instead(operand, instead, True, self.float_of(operand))
        found = self._again(at, instead, exact=True)
        gap = arb(self.float_of(at)) - found
        return log_size(gap) if gap.is_finite() else -math.inf

    def _recomputed(self, at: TracedEntry, operand: TracedEntry, *, exact: bool, value: float) -> Any:
        return self._again(at, {operand.slot: self._instead(operand, {}, exact, value)}, exact)

    def _instead(self, operand: TracedEntry, others: Mapping[Slot, Any], exact: bool, value: float) -> Array:
        """An operand with another number at one of its entries."""
        values = self.played.exact if exact else self.played.floats
        numbers: Array = others[operand.slot] if operand.slot in others else values.of(operand.outcome).copy()
        numbers[operand.index] = arb(value) if exact and numbers.dtype == object else value
        return numbers

    def _again(self, at: TracedEntry, instead: Mapping[Slot, Any], exact: bool) -> Any:
        values = self.played.exact if exact else self.played.floats
        operation = self.played.trace.operations[at.outcome.operation]
        found = computed_of(operation, values, self.played.effort, instead)[at.outcome.part][at.index]
        if not exact:
            return float(found)
        return found if type(found) is arb else arb(int(found))


def _spread(places: Sequence[tuple[Slot, Operand]]) -> Iterator[tuple[Slot, Operand]]:
    """Operands with those in tuples, each at its place."""
    for slot, operand in places:
        if isinstance(operand, tuple):
            yield from _spread([((*slot, number), part) for number, part in enumerate(operand)])
        else:
            yield slot, operand


def _broadcast(index: Index, shape: Sequence[int]) -> Index:
    """The entry of an operand that goes with an entry of the result."""
    kept = index[len(index) - len(shape) :]
    return tuple(0 if size == 1 else place for place, size in zip(kept, shape, strict=True))
