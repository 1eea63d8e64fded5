"""What an answer gave: each of its outputs, collected from what came back, at every point that it was asked at.

Knows where an output stands in what comes back, and which truths have outputs that are numbers at points. Refuses to
know what becomes of one that is not right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from grader.judge.compare import Compared, compared, part
from grader.judge.findings import Facts, Finding
from grader.judge.truth import GradientTruth, Point, StepsTruth, Tolerance, Truth, ValueTruth
from grader.protocol.messages import Node, Observation, Reply, Value

Given: TypeAlias = "Mapping[str, Sequence[Sequence[float] | None]]"
"""The numbers of each output at each of its points, flat; None where autograd left no gradient."""

BROKEN_WAYS = {"graph_freed": "backward through the graph a second time", "overwritten": "by an inplace operation"}
"""What torch says where a way back was recorded and cannot be taken, by the note that it gets."""

ANY = Tolerance(np.inf, np.inf)
"""For outputs of which only the numbers count, and not how near they are."""


@dataclass(frozen=True)
class AskedOutput:
    """One output of a check, called `what`: its `path` in the points' expected arrays, and how near is right.

    In what comes back it stands at `key`, one of `wanted`, in the result of the call or update numbered `call`; or
    else, with a `gradient`, it is autograd's of the argument at `key`, which is called that. `kind` is the kind of
    object asked for, as in `ValueTruth`, and `code` that of the finding that its numbers are wrong. A point of the
    reply at which nothing is expected of it is none of its `points`.
    """

    what: str
    path: str
    replied: tuple[Point, ...]
    tolerance: Tolerance
    kind: str = ""
    key: str = ""
    wanted: tuple[str, ...] = ()
    call: int = 0
    gradient: str = ""
    code: str = "wrong_value"

    @property
    def points(self) -> tuple[Point, ...]:
        """Those at which it is asked for."""
        return tuple(point for point in self.replied if self.path in point.expected)


def asked_outputs(truth: Truth) -> Iterator[AskedOutput]:
    """The outputs of a truth that are numbers at points; of any other kind of truth none."""
    match truth:
        case ValueTruth(points=points, labels=labels, kinds=kinds, tolerance=tolerance):
            for path, what in labels.items():
                yield AskedOutput(what, path, points, tolerance, kinds.get(path, ""), path, tuple(labels))
        case GradientTruth(values=values, gradients=points, labels=labels):
            yield from asked_outputs(values)
            for path, name in labels.items():
                what, tolerance = f"autograd's {name}", values.tolerance
                yield AskedOutput(what, path, points, tolerance, key=path, gradient=name, code="wrong_gradient")
        case StepsTruth(points=points, keys=keys, tolerance=tolerance):
            for key, step in keys.items():
                yield AskedOutput(key, step, points, tolerance, "", key, tuple(keys), code="wrong_step")


def collected(output: AskedOutput, reply: Reply) -> list[Compared]:
    """What came back of an output, held against what is right, at each of its points."""
    return [
        _row(output, point, seen)
        for point, seen in zip(output.replied, reply, strict=True)
        if output.path in point.expected
    ]


def collected_after_updates(output: AskedOutput, reply: Reply) -> list[Compared]:
    """All updates at once of an output, at each of its points; no numbers where one is lacking."""
    rounds = (collected(each, reply) for each in after_updates(output))
    return [
        replace(
            rows[0],
            expected=np.stack([row.expected for row in rows]),
            numbers=None if any(row.numbers is None for row in rows) else np.stack([row.numbers for row in rows]),
        )
        for rows in zip(*rounds, strict=True)
    ]


def after_updates(output: AskedOutput) -> list[AskedOutput]:
    """An output after each of several updates, of which its expected arrays have one along their first axis."""
    path, rounds = output.path, range(len(output.replied[0].expected[output.path]))
    each = ((call, [Point(p.inputs, {path: p.expected[path][call]}) for p in output.replied]) for call in rounds)
    return [replace(output, call=call, replied=tuple(points)) for call, points in each]


def _row(output: AskedOutput, point: Point, seen: Observation) -> Compared:
    expected, node = point.expected[output.path], standing_at(output, seen)
    if node is not None:
        return compared(node, point.inputs, expected, output.what, output.tolerance, output.kind)
    if not output.gradient or not isinstance(seen, Value):
        return Compared(point.inputs, expected, None, came=False)
    if expected.any():
        return Compared(point.inputs, expected, None, _unreachable(output.gradient, seen), came=False)
    # torch leaves no gradient where nothing depends on the input; that is 0.
    return Compared(point.inputs, expected, np.zeros(expected.shape), error=0.0, came=False)


def standing_at(output: AskedOutput, seen: Observation) -> Node | Finding | None:
    """What stands at an output's place in what came back at a point; None where nothing came."""
    if not isinstance(seen, Value):
        return None
    if output.gradient:
        return seen.gradients.get(output.key)
    return part(seen.results[output.call], output.key, output.wanted) if output.call < len(seen.results) else None


def _unreachable(what: str, seen: Value) -> Finding:
    """Why autograd left no gradient, as far as torch said so."""
    error = seen.gradient_error.text if seen.gradient_error else ""
    code = next((code for code, said in BROKEN_WAYS.items() if said in error), "no_gradient")
    return Finding(code, Facts(what=what))


def given(truth: Truth, reply: Reply) -> Given:
    """The numbers of an answer's outputs. One that is not all finite numbers of the shape asked for is left out."""
    if not reply or not all(isinstance(seen, Value) for seen in reply):
        return {}
    found = {}
    with np.errstate(all="ignore"):
        for output in asked_outputs(truth):
            rows = [_flat(row) for row in collected(output, reply)]
            if () not in rows:
                found[output.what] = rows
    return found


def _flat(row: Compared) -> tuple[float, ...] | None:
    """A result's numbers; () where it has none that can be compared."""
    if not row.came:
        return None
    return () if row.problem or row.numbers is None else tuple(row.numbers.ravel().tolist())
