"""What follows rightly from a student's own wrong values of the steps before: the same for every kind of answer.

Knows how own values are read, which of them say something, and when an answer follows. Refuses to know the formulas:
the truth evaluates them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from grader.judge.agreement import Followed
from grader.judge.compare import Compared, relative_error
from grader.judge.given import ANY, AskedOutput, collected, collected_after_updates
from grader.judge.truth import KnownSteps, Named, Point, Prior, Tolerance
from grader.protocol.messages import Array, Reply, Value

STILL = 3
"""So many values, no two alike, each of which is the same beside its point or anything there, are a table's.

A constant, a step or a clamp that is made by mistake stands still at one or two values.
"""

LEAP = 2.0**-6
"""Relative differences from here up are not those of a formula's values at a point and a hair's breadth beside it."""


@dataclass(frozen=True)
class Continuation:
    """What an output would be at every point, had the student gone on rightly from own wrong steps: those of `basis`.

    An entry is not finite where it has no real value there.
    """

    basis: tuple[str, ...]
    values: tuple[Array, ...]


def own_steps(functions: Iterable[KnownSteps], replies: Iterable[Reply]) -> list[dict[str, Array]]:
    """What functions gave at each point, by step, where it is finite numbers of the right shape."""
    found: list[dict[str, Array]] = []
    for known, reply in zip(functions, replies, strict=True):
        points, wanted = tuple(Point({}, expected) for expected in known.points), tuple(known.keys)
        outputs = (AskedOutput(key, s, points, ANY, key=key, wanted=wanted) for key, s in known.keys.items())
        found = _merged(found, _numbers(known, outputs, reply))
    return found


def own_slopes(prior: Prior, replies: Iterable[Reply]) -> list[dict[str, Array]]:
    """Autograd's gradients through the functions before at each point, by step."""
    found: list[dict[str, Array]] = []
    for known, reply in zip(prior.functions.values(), replies, strict=True):
        # Where nothing depends on an argument, torch leaves no gradient; that is 0.
        flat = tuple(Point({}, {s: np.zeros_like(at[s]) for s in known.slopes.values()}) for at in known.points)
        outputs = (AskedOutput(s, s, flat, ANY, key=path, gradient=s) for path, s in known.slopes.items())
        lost = [not isinstance(seen, Value) or seen.gradient_error is not None for seen in reply]
        slopes = _numbers(known, outputs, reply)
        found = _merged(found, [{} if gone else at for gone, at in zip(lost, slopes, strict=True)])
    return found


def _numbers(known: KnownSteps, outputs: Iterable[AskedOutput], reply: Reply) -> list[dict[str, Array]]:
    found: list[dict[str, Array]] = [{} for _ in known.points]
    for output in outputs:
        rows = collected_after_updates(output, reply) if known.updates else collected(output, reply)
        for at, row in zip(found, rows, strict=True):
            if row.numbers is not None and np.isfinite(row.numbers).all():
                at[output.path] = row.numbers
    return found


def _merged(own: Sequence[Named], more: Sequence[Named]) -> list[dict[str, Array]]:
    """Own values with those of another function, which need not be asked at as many points."""
    nothing: Named = {}
    return [{**one, **other} for one, other in zip_longest(own, more, fillvalue=nothing)]


def looked_up(own: Sequence[Named], beside: Sequence[Named], tolerance: Tolerance) -> frozenset[str]:
    """The steps of which own values do not go with the arguments: nothing can be seen to follow from those alone.

    What a formula gives beside a point, in `beside`, is nearly the same as there and not quite, be it right or wrong.
    """
    loose: dict[str, list[Array]] = {}
    for one, other in zip(own, beside, strict=True):
        for step in one.keys() & other.keys():
            if not tolerance.agree < relative_error(other[step], one[step]) < LEAP:
                loose.setdefault(step, []).append(one[step])
    return frozenset(step for step, each in loose.items() if _differing(each, tolerance) >= STILL)


def _differing(values: Sequence[Array], tolerance: Tolerance) -> int:
    """How many values there are, without those that are nearly the same as an earlier one."""
    found: list[Array] = []
    for value in values:
        if all(relative_error(value, earlier) > tolerance.slip for earlier in found):
            found.append(value)
    return len(found)


def says_nothing(values: Sequence[Array], right: Sequence[Array], tolerance: Tolerance) -> bool:
    """Whether what follows is the same at every point, and what is right is not: whatever gives it looks at nothing."""
    return _differing(values, tolerance) <= 1 < _differing(right, tolerance)


def departing(steps: Collection[str], points: Sequence[Named], own: Sequence[Named], tolerance: Tolerance) -> list[str]:
    """Those of some steps of which own values are not right somewhere; `points` have what is."""
    pairs = [
        (step, at[step], right[step]) for at, right in zip(own, points, strict=True) for step in steps if step in at
    ]
    return list(dict.fromkeys(step for step, value, right in pairs if relative_error(value, right) > tolerance.slip))


def wrong_functions(
    prior: Prior, replies: Sequence[Reply], tolerance: Tolerance
) -> tuple[tuple[str, ...], list[dict[str, Array]]]:
    """The functions before that are wrong, and what they gave; nothing where one gave no numbers somewhere."""
    names: list[str] = []
    found: list[dict[str, Array]] = []
    for (name, known), reply in zip(prior.functions.items(), replies, strict=True):
        own = own_steps([known], [reply])
        if any(step not in at for at in own for step in known.keys.values()):
            return (), []
        if departing(known.keys.values(), known.points, own, tolerance):
            names.append(name)
            found = _merged(found, own)
    return tuple(names), found


def ways(
    prior: Prior, path: str, own: Sequence[Named], wrong: Sequence[str], slopes: Sequence[Named] = ()
) -> Iterator[Continuation]:
    """What an output would be in terms of own values, of which some are `wrong`: once for each way of writing it.

    The last is autograd's gradient through the student's own function, where the output is one.
    """
    if wrong:
        for way in prior.recipe([path], own):
            yield Continuation(tuple(wrong), tuple(at[path] for at in way))
    step = prior.slopes.get(path, "")
    if slopes and all(step in at for at in slopes):
        functions = tuple(name for name, known in prior.functions.items() if step in known.slopes.values())
        yield Continuation(functions, tuple(at[step] for at in slopes))


def follows(
    prior: Prior, output: AskedOutput, own: Sequence[Named], slopes: Sequence[Named], rows: Sequence[Compared]
) -> Followed:
    """The rows against what the output is in terms of own values, in the way of writing that all of them fit."""
    if any(row.numbers is None for row in rows):
        return Followed(rows)
    tolerance, found = output.tolerance, Followed(rows)
    # Autograd's gradients are no step of the graph: they follow from those through the function before alone.
    functions = () if output.gradient else prior.functions.values()
    wrong = [s for known in functions for s in departing(known.keys.values(), known.points, own, tolerance)]
    for way in ways(prior, output.path, own, wrong, slopes):
        if len(way.values) != len(rows) or not all(np.isfinite(local).all() for local in way.values):
            continue
        anew = [against(row, local) for row, local in zip(rows, way.values, strict=True)]
        if max(row.error for row in anew) <= tolerance.slip:
            idle = says_nothing(way.values, [row.expected for row in rows], tolerance)
            found = Followed(anew, way.basis, idle=idle)
            if not idle:
                break
    return found


def against(row: Compared, local: Array) -> Compared:
    """A row held against what follows from own values, which may be 0."""
    assert row.numbers is not None
    gap = float(np.abs(row.numbers - local).max() / np.abs(local).max(initial=1e-300))
    return replace(row, expected=local, problem=None, error=np.inf if np.isnan(gap) else gap)
