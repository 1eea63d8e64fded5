"""What an answer gave, as plain numbers: each of its outputs, at every point that it was asked at.

Knows which truths have outputs that are numbers at points. Refuses to compare, and to know what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from grader.judge.compare import numbers, part
from grader.judge.findings import Finding
from grader.judge.truth import GradientTruth, Point, StepsTruth, Tolerance, Truth, ValueTruth
from grader.judge.values import by_autograd
from grader.protocol.messages import Node, Reply, Value

Given: TypeAlias = "Mapping[str, Sequence[Sequence[float] | None]]"
"""The numbers of each output at each of its points, flat; None where autograd left no gradient."""


@dataclass(frozen=True)
class AskedOutput:
    """One output of a check, called `what`: its `path` in the points' expected arrays, and how near is right.

    `kind` is the kind of object asked for, as in `ValueTruth`.
    """

    what: str
    path: str
    points: tuple[Point, ...]
    tolerance: Tolerance
    kind: str = ""


def asked_outputs(truth: Truth) -> Iterator[AskedOutput]:
    """The outputs of a truth that are numbers at points; of any other kind of truth none."""
    match truth:
        case ValueTruth(points=points, labels=labels, kinds=kinds, tolerance=tolerance):
            for path, what in labels.items():
                asked = tuple(point for point in points if path in point.expected)
                yield AskedOutput(what, path, asked, tolerance, kinds.get(path, ""))
        case GradientTruth(values=values, gradients=points, labels=labels):
            yield from asked_outputs(values)
            for path, what in labels.items():
                yield AskedOutput(by_autograd(what), path, tuple(points), values.tolerance)
        case StepsTruth(points=points, keys=keys, tolerance=tolerance):
            yield from (AskedOutput(key, step, tuple(points), tolerance) for key, step in keys.items())


def given(truth: Truth, reply: Reply) -> Given:
    """The numbers of an answer's outputs. One that is not all finite numbers of the shape asked for is left out."""
    seen = [one for one in reply if isinstance(one, Value)]
    if not seen or len(seen) < len(reply):
        return {}
    found = {}
    for output, nodes in zip(asked_outputs(truth), _nodes(truth, seen), strict=True):
        shapes = [point.expected[output.path].shape for point in output.points]
        rows = [_flat(node, shape, output.kind) for node, shape in zip(nodes, shapes, strict=True)]
        if () not in rows:
            found[output.what] = rows
    return found


def _flat(node: Node | Finding | None, shape: tuple[int, ...], kind: str) -> tuple[float, ...] | None:
    """A node's numbers; () where it has none that can be compared."""
    if node is None:
        return None
    found = node if isinstance(node, Finding) else numbers(node, shape, "", kind)
    if isinstance(found, Finding) or not np.isfinite(found).all():
        return ()
    return tuple(found.ravel().tolist())


def _nodes(truth: Truth, seen: Sequence[Value]) -> Iterator[Sequence[Node | Finding | None]]:
    """What came back, output by output, at the points of each."""
    match truth:
        case ValueTruth(points=points, labels=labels):
            for path in labels:
                asked = [one for one, point in zip(seen, points, strict=True) if path in point.expected]
                yield [part(one.results[0], path, list(labels)) for one in asked]
        case GradientTruth(values=values, labels=labels):
            yield from _nodes(values, seen)
            yield from ([one.gradients.get(path) for one in seen] for path in labels)
        case StepsTruth(keys=keys):
            yield from ([part(one.results[0], key, list(keys)) for one in seen] for key in keys)
