"""Judging gradient descent: single updates, whole trajectories, and fitted models.

Knows how a trajectory that departs from the exact one is told from the epoch where it does. Refuses to
know the recurrence itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader.judge.compare import compared, part, relative_error, shown, verdict_on
from grader.judge.facts import Array, Leaf, Node, Other, Value
from grader.judge.model import Comparison, Evidence, Status, Verdict
from grader.judge.notes import Finding, finding
from grader.judge.truth import Fit, Named, Trajectory, Updates
from grader.judge.values import RIGHT, failed, rows_of
from grader.judge.wording import both, described, difference, number, place


def judge_updates(truth: Updates, evidence: Evidence) -> Verdict:
    """Parameters after each update; old gradients that were not cleared are named."""
    table: list[Comparison] = []
    for point, seen in zip(truth.points, evidence.replies[0], strict=True):
        assert isinstance(seen, Value)
        if seen.gradient_error:
            raised = seen.gradient_error
            return failed(
                finding(
                    "raised",
                    name="The second backward pass",
                    type=raised.type_name,
                    text=raised.text,
                    line="",
                )
            )
        for path, expected in point.expected.items():
            what = f"parameter {path.rpartition('.')[2]}"
            for step, right in enumerate(expected):
                node = part(seen.results[step], path, list(point.expected))
                row = compared(node, point.inputs, right, what, truth.tolerance)
                if row.problem:
                    return failed(row.problem, comparisons=tuple(table))
                table += shown([row], f"{what} after step {step + 1}", truth.tolerance)
                if row.error > truth.tolerance.slip:
                    return failed(
                        _wrong_update(row.numbers, expected, step, what, point.inputs),
                        comparisons=tuple(table),
                    )
    return RIGHT


def _wrong_update(theirs: Array | None, expected: Array, step: int, what: str, inputs: Named) -> Finding:
    assert theirs is not None
    start = next(v for n, v in inputs.items() if what.endswith(n.removeprefix("p")))
    if step == 1 and relative_error(theirs, expected[1] + expected[0] - start) < 1e-6:
        return finding("not_cleared", what=what)
    left, right = both(theirs, expected[step])
    kind = " (it has not moved)" if np.array_equal(theirs, start) else difference([theirs], [expected[step]])
    return finding(
        "wrong_update",
        what=what,
        step=step + 1,
        at=place(inputs),
        theirs=left,
        expected=right,
        difference=kind,
    )


def judge_trajectory(truth: Trajectory, evidence: Evidence) -> Verdict:
    """Losses first, since they tell where the run departs; then the parameters."""
    values, reply = truth.values, evidence.replies[0]
    problems: list[Finding] = []
    table: list[Comparison] = []
    remarks: list[str] = []
    for path in ("2", "0", "1"):
        what = values.labels[path]
        rows = rows_of(values, reply, path)
        problem, said = verdict_on(rows, what, values.tolerance, "wrong_value")
        remarks += said
        table += shown(rows, what, values.tolerance)
        if problem and problem.note == "wrong_value":
            wrong = next(r for r in rows if r.error > values.tolerance.slip)
            assert wrong.numbers is not None
            left, right = both(wrong.numbers, wrong.expected)
            since = _departure(wrong.numbers, wrong.expected) if path == "2" else ""
            kind = difference([r.numbers for r in rows if r.numbers is not None], [r.expected for r in rows])
            problem = finding(
                "wrong_trajectory",
                what=what,
                at=place(wrong.inputs),
                theirs=left,
                expected=right,
                difference=kind,
                since=since,
            )
        if problem:
            problems.append(problem)
    if problems:
        return failed(problems[0], comparisons=tuple(table))
    return replace(RIGHT, remarks=tuple(dict.fromkeys(remarks)), comparisons=tuple(table))


def _departure(theirs: Array, expected: Array) -> str:
    """From which epoch on the losses differ, and what that points to."""
    agree = [relative_error(t, e) < 1e-6 for t, e in zip(theirs[:, None], expected[:, None], strict=True)]
    first = agree.index(False) if False in agree else len(agree)
    if first == 0:
        return "The very first loss differs, before any step: look at the loss, or at when it is recorded."
    if first == 1:
        return "The first loss agrees, the second does not: the first step is wrong (its direction, size or gradient)."
    return f"The losses agree for {first} epochs and part from then on: are the gradients cleared after each step?"


def judge_fit(truth: Fit, evidence: Evidence) -> Verdict:
    """The mean squared error of the fitted (w, b) on the data, against the optimum."""
    seen = evidence.replies[0][0]
    assert isinstance(seen, Value)
    result = seen.results[0]
    if not isinstance(result, tuple) or len(result) != 3:
        return failed(finding("wrong_structure", theirs=described(result), expected="(w, b, losses)"))
    w, b = _flat(result[0]), _flat(result[1])
    columns = truth.features.shape[1]
    if w is None or w.size != columns:
        return failed(finding("wrong_shape", what="w", theirs=described(result[0]), expected=f"(1, {columns})"))
    absent = isinstance(result[1], Other) and result[1].type_name == "None"
    if absent == truth.with_bias or (not absent and (b is None or b.size != 1)):
        asked = "a tensor with one element" if truth.with_bias else "None"
        return failed(finding("wrong_type", what="b", theirs=described(result[1]), expected=asked))
    prediction = truth.features @ w + (b[0] if b is not None else 0.0)
    with np.errstate(all="ignore"):
        error = float(np.mean((prediction - truth.targets) ** 2))
    row = Comparison("mean squared error", "", number(error), number(truth.optimum), False)
    if not np.isfinite(error) or error > (1 + truth.excess) * truth.optimum:
        hint = (
            "It grew without bound: take a smaller learning rate." if not np.isfinite(error) else _advice(error, truth)
        )
        return failed(
            finding(
                "poor_fit",
                theirs=number(error),
                expected=number(truth.optimum),
                excess=truth.excess,
                hint=hint,
            ),
            comparisons=(row,),
        )
    return Verdict(Status.PASS, "correct", "Right.", 1.0, comparisons=(replace(row, agrees=True),))


def _advice(error: float, truth: Fit) -> str:
    if error < 4 * truth.optimum:
        return "The descent is on its way: more epochs, or features of similar size."
    return "Check that w and b belong to the original x, in the order of the features."


def _flat(node: Node) -> Array | None:
    if isinstance(node, Leaf) and node.kind in ("tensor", "numpy", "list", "float", "int"):
        return node.array.astype(np.float64).ravel()
    return None
