"""Judging what has no single right value: random results, and what kinds of thing results are.

Knows shapes, ranges, devices and histories. Refuses to know gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from grader.judge.compare import REAL, numbers, part
from grader.judge.facts import excerpt
from grader.judge.findings import Facts, Finding, Form
from grader.judge.model import Evidence, Verdict
from grader.judge.truth import FormTruth, RandomTruth, SeededTruth
from grader.judge.uniform import unlikely
from grader.judge.values import RIGHT, failed
from grader.protocol.messages import Array, Leaf, Reply, Value

DISTINCT = 0.9
"""The least share of different numbers in a draw; that two of 49 float32 draws coincide has odds of 1 in 14 000."""


def judge_random(truth: RandomTruth, evidence: Evidence) -> Verdict:
    """Shape, range, device; no two calls alike; and over all calls uniform, each number drawn by itself."""
    (seen,) = evidence.answer
    assert isinstance(seen, Value)
    calls: list[list[Array]] = []
    for result in seen.results:
        found = [
            _drawn(part(result, path, list(truth.shapes)), path, shape, truth) for path, shape in truth.shapes.items()
        ]
        for entry in found:
            if isinstance(entry, Finding):
                return failed(entry)
        calls.append([entry for entry in found if not isinstance(entry, Finding)])
    if any(
        np.array_equal(one, two) for before, after in pairwise(calls) for one, two in zip(before, after, strict=True)
    ):
        return failed(Finding("not_random", Facts(name=evidence.name)))
    drawn = np.array([np.concatenate([entry.ravel() for entry in call]) for call in calls])
    if len(np.unique(drawn[0])) < DISTINCT * len(drawn[0]):
        return failed(Finding("not_independent"))
    problem = unlikely((drawn - truth.low) / (truth.high - truth.low))
    return failed(problem) if problem else RIGHT


def _drawn(node: object, path: str, shape: tuple[int, ...], truth: RandomTruth) -> Array | Finding:
    what = f"entry {path}" if path else "the result"
    if isinstance(node, Finding):
        return node
    found = numbers(node, shape, what)  # type: ignore[arg-type] # a node
    if isinstance(found, Finding):
        return found
    if isinstance(node, Leaf) and node.device.partition(":")[0] != truth.device:
        theirs, asked = (Form("device", names=(each,)) for each in (node.device, truth.device))
        return Finding("wrong_device", Facts(what=what, theirs=theirs, expected=asked))
    if not (np.all(found >= truth.low) and np.all(found < truth.high)):
        least, greatest = float(found.min()), float(found.max())
        facts = Facts(what=what, low=truth.low, high=truth.high, least=least, greatest=greatest)
        return Finding("out_of_range", facts)
    return found


def judge_seeded(truth: SeededTruth, evidence: Evidence) -> Verdict:
    """Two calls agree; the second entry is the first without its axes of length 1; the numbers are the seed's."""
    (seen,) = evidence.answer
    assert isinstance(seen, Value)
    squeezed = tuple(n for n in truth.shape if n != 1)
    firsts = []
    for result in seen.results:
        pair = [
            numbers(node, shape, what) if not isinstance(node, Finding) else node
            for node, shape, what in (
                (part(result, "0", ("0", "1")), truth.shape, "the first tensor"),
                (part(result, "1", ("0", "1")), squeezed, "the second tensor"),
            )
        ]
        for entry in pair:
            if isinstance(entry, Finding):
                return failed(entry)
        first, second = (entry for entry in pair if not isinstance(entry, Finding))
        firsts.append(first)
        if not np.array_equal(first.ravel(), second.ravel()):
            begins, right = excerpt(second[:3]), excerpt(first.ravel()[:3])
            return failed(Finding("not_squeezed", Facts(theirs=begins, expected=right)))
    if not np.array_equal(firsts[0], firsts[1]):
        return failed(Finding("not_repeatable", Facts(name=evidence.name)))
    if truth.expected is not None and not np.array_equal(firsts[0], truth.expected):
        begins, right = excerpt(firsts[0].ravel()[:3]), excerpt(truth.expected.ravel()[:3])
        return failed(Finding("wrong_draw", Facts(what="the first tensor", theirs=begins, expected=right)))
    return RIGHT


def judge_form(truth: FormTruth, evidence: Evidence) -> Verdict:
    """The first part of a result that is not of its form. Of what has no numbers nothing is said here."""
    forms = (
        ("cut_off", truth.followed, _is_cut_off),
        ("still_attached", truth.detached, lambda leaves: any(leaf.attached for leaf in leaves)),
        ("not_plain", truth.plain, lambda leaves: any(leaf.of_tensors or leaf.kind == "tensor" for leaf in leaves)),
        ("not_whole", truth.whole, lambda leaves: any(leaf.array.dtype.kind not in "iu" for leaf in leaves)),
    )
    for code, paths, is_broken in forms:
        for path in paths:
            if is_broken(_leaves(path, truth, evidence.answer)):
                return failed(Finding(code, Facts(name=evidence.name, what=truth.names[path])))
    return RIGHT


def _is_cut_off(leaves: Sequence[Leaf]) -> bool:
    """Whether a part that varies has no way back; one that is the same everywhere is wrong in itself."""
    varies = any(not np.array_equal(leaf.array, leaves[0].array) for leaf in leaves)
    return varies and not all(leaf.attached for leaf in leaves)


def _leaves(path: str, truth: FormTruth, reply: Reply) -> list[Leaf]:
    """The numbers at a path, at all points; those of a tuple are looked at one by one."""
    nodes = [part(seen.results[0], path, tuple(truth.names)) for seen in reply if isinstance(seen, Value)]
    parts = [item for node in nodes for item in (node if isinstance(node, tuple) else (node,))]
    return [item for item in parts if isinstance(item, Leaf) and item.array.dtype.kind in REAL]
