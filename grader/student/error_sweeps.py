"""`sweep`: the errors of a function over the whole range of its floats, before anything has failed.

Knows two truths to measure against: for an exercise what it should give, and for any other function of one or two
numbers its own operations, carried out exactly. Refuses to know where digits go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from grader.judge.error_curve import ErrorCurve
from grader.judge.model import Mark, Status
from grader.judge.ranges import OtherForms
from grader.judge.replay import ODD, ReplayError, replay
from grader.judge.sizes import as_float
from grader.judge.sweep import curve_of, ulp_errors
from grader.judge.truth import SweepTruth
from grader.kernel.answers import Namespace, answer
from grader.pages.cards import curves_card
from grader.pages.sentences import first_failure
from grader.protocol.messages import Array, Ask, CallMode, Leaf, Reply, Tensor, Value
from grader.protocol.trace import Outcome, Trace
from grader.student.building import parameters
from grader.student.caller import Caller, caller, is_cell
from grader.student.output import show
from grader.student.patience import PATIENCE, StoppedError, stopping
from grader.student.public import checked
from grader.student.syllabus import lab_with, questions

LIMIT: Final = 80.0
"""Errors in ulp up to which the labs accept a value or a gradient."""
BESIDE: Final = 0.75
"""What a second number is, where a function takes two: it stands still while the first goes over the range."""
DTYPES: Final = ("float32", "float64")
SIZES: Final = np.concatenate([np.logspace(-8, 8, 33), [1e30]])
"""Sizes of the numbers of a sweep, of either sign."""
NEAR: Final = np.array([0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 24, 32, 48, 64, 80, 88, 96, 100, 128, 256, 512, 700, 720, 750])
"""Sizes at which exponentials begin to fail."""


def sweep(function: Callable[..., object] | str) -> None:
    """Draw the errors of a function of one or two floats over the whole range, in float32 and float64.

    An exercise is held against what it should give, another function against its own formula, carried out exactly.
    """
    name = function if isinstance(function, str) else getattr(function, "__name__", "the function")
    try:
        mark = _exercise(name, caller())
        if mark and mark.verdict.status is Status.MISSING:
            print(f"{name} is not written yet, or not found.")
            return
        curves = mark.verdict.sweeps if mark else ()
        if mark and not curves and mark.verdict.status in (Status.FAIL, Status.PARTIAL):
            print(f"{name} is not right at ordinary numbers yet: check says where.")
            return
        curves = curves or _of_function(function, name)
    except StoppedError as stopped:
        print(f"{name} was ended{stopped.place}: it took too long, or was interrupted.")
        return
    except (ReplayError, TypeError, ValueError) as error:
        print(f"{name} cannot be swept: {error}")
        return
    show("\n".join(_told(name, curve) for curve in curves), lambda: curves_card(name, curves))


def _told(name: str, curve: ErrorCurve) -> str:
    if curve.first is None:
        return f"{name}, {curve.what}: never more than {max(curve.yours):.2g} ulp off."
    return f"{name}, {curve.what}: first fails {first_failure(curve)}."


def _exercise(name: str, notebook: Caller) -> Mark | None:
    """How an exercise of this name stands; its curves are those that `check` draws."""
    lab = lab_with(name)
    return None if lab is None else checked(questions(lab)[name], notebook)


def _of_function(function: object, name: str) -> tuple[ErrorCurve, ...]:
    if not callable(function):
        raise TypeError("a function is needed, without brackets after its name.")
    count = next((count for count in (1, 2) if _runs(function, name, count)), None)
    if count is None:
        raise TypeError("it has to take one or two numbers, as 0-d tensors, and to give one.")
    return tuple(
        curve
        for dtype in DTYPES
        for gradient in (False, True)
        if (curve := _swept(function, name, count, dtype, gradient)) is not None
    )


def _runs(function: Callable[..., object], name: str, count: int) -> bool:
    (seen,) = _asked(function, name, np.array([0.5]), count, "float64", False)
    return isinstance(seen, Value) and isinstance(seen.results[0], Leaf) and seen.results[0].array.size == 1


def _asked(function: Callable[..., object], name: str, along: Array, count: int, dtype: str, gradient: bool) -> Reply:
    """What the function gave all along. Raises StoppedError."""
    inputs = tuple(Tensor(values) for values in (along, np.full_like(along, BESIDE))[:count])
    pulls = {"": np.ones_like(along)} if gradient else {}
    manner = CallMode.GRADIENT if gradient else CallMode.VALUE
    ask = Ask(name, inputs, len(along), manner, dtype, pulls=pulls, traced=tuple(range(len(along))))
    with stopping(PATIENCE, is_cell):
        return answer(ask, Namespace({name: function}, "cpu", is_cell))


def _swept(function: Callable[..., object], name: str, count: int, dtype: str, gradient: bool) -> ErrorCurve | None:
    """The curve of a value or of its gradient in the first number; None where it has no gradient."""
    along = _along(dtype)
    reply = _asked(function, name, along, count, dtype, gradient)
    path = "0" if gradient else ""
    found = [_number(seen, path) for seen in reply if isinstance(seen, Value)]
    if len(found) < len(along) or any(number is None for number in found):
        return None
    traces = [seen.trace for seen in reply if isinstance(seen, Value) and seen.trace is not None]
    inputs = [along, np.full_like(along, BESIDE)][:count]
    points = [{str(place): values[i, ...] for place, values in enumerate(inputs)} for i in range(len(along))]
    exact = np.array([_exact(traces, point, dtype, path) for point in points])
    # Where the formula has no real value, or none that the dtype has, there is nothing to be right.
    there = np.abs(exact) <= np.finfo(dtype).max
    called = parameters(function, count)
    axis = called[0] if count == 1 else f"{called[0]}, at {called[1]} = {BESIDE}"
    truth = SweepTruth(
        {name: values[there] for name, values in zip(called, inputs, strict=True)},
        exact[there],
        np.zeros(int(there.sum())),
        path or None,
        dtype,
        LIMIT,
        OtherForms(axis, along[there], np.empty(0), np.empty(0)),
    )
    theirs = np.array(found, dtype=np.float64)[there]
    errors = ulp_errors(theirs, truth)
    failing = sorted(map(int, np.flatnonzero(errors > LIMIT)), key=lambda i: abs(along[there][i]))
    return curve_of(truth, theirs, errors, failing)


def _along(dtype: str) -> Array:
    sizes = np.unique(np.concatenate([NEAR, SIZES]).astype(dtype)).astype(np.float64)
    return np.concatenate([-sizes[::-1], sizes])


def _number(seen: Value, path: str) -> float | None:
    leaf = seen.gradients.get(path) if path else seen.results[0]
    return float(leaf.array.reshape(-1)[0]) if isinstance(leaf, Leaf) and leaf.array.size == 1 else None


def _exact(traces: list[Trace], inputs: Mapping[str, Array], dtype: str, path: str) -> float:
    """What the operations give without rounding. Raises ReplayError where none of the traces leads there."""
    for trace in traces:
        end = trace.found.get(path)
        if not isinstance(end, Outcome):
            continue
        try:
            outputs = replay(trace, end, inputs, dtype).exact.outputs
            return as_float(outputs[end.operation][end.part].reshape(-1)[0])
        except (ReplayError, *ODD):
            continue
    raise ReplayError("it uses an operation that cannot be carried out exactly.")
