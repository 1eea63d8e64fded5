"""Judging gradient descent: single updates, whole trajectories, and fitted models.

Knows how a trajectory that departs from the exact one is told from the epoch where it does. Refuses to
know the recurrence itself.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from grader.judge.assembly import followed, moved
from grader.judge.compare import REAL, Compared, compared, part, relative_error, shown, verdict_on
from grader.judge.diagnosis import diagnosed
from grader.judge.model import Comparison, Evidence, Remark, Status, Verdict
from grader.judge.notes import Finding, finding, remark
from grader.judge.truth import FitTruth, Point, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.judge.values import RIGHT, failed, rows_of
from grader.judge.wording import both, described, difference, number, place
from grader.protocol.messages import Array, Leaf, Node, Other, Reply, Value

SAME = 1e-6
"""Relative difference below which two losses of a trajectory are taken for the same."""


MOST = 1_000_000
"""Numbers of a fit that are looked at; nobody trains for so many epochs."""


def judge_update(truth: UpdateTruth, evidence: Evidence) -> Verdict:
    """Parameters after each update; old gradients that were not cleared are named."""
    table: list[Comparison] = []
    for point, seen in zip(truth.points, evidence.replies[0], strict=True):
        assert isinstance(seen, Value)
        for path, expected in point.expected.items():
            index = path.rpartition(".")[2]
            what, inputs = f"parameter {index}", {n: v for n, v in point.inputs.items() if n.endswith((index, "rate"))}
            for step, (looked_at, right) in enumerate(zip(seen.results, expected, strict=False)):
                node = part(looked_at, path, list(point.expected))
                row = compared(node, inputs, right, what, truth.tolerance)
                if row.problem:
                    return failed(row.problem, comparisons=tuple(table))
                table += shown([row], f"{what} after step {step + 1}", truth.tolerance)
                if row.error > truth.tolerance.slip:
                    problem = _wrong_update(row, expected, step, what)
                    likely, rows = partial(truth.likely, path, []), moved(truth, evidence.replies[0], path)
                    return failed(diagnosed(problem, likely, rows, truth.tolerance.slip), comparisons=tuple(table))
        if seen.gradient_error:
            return failed(finding("no_second_step", text=seen.gradient_error.text))
    return RIGHT


def _wrong_update(row: Compared, expected: Array, step: int, what: str) -> Finding:
    theirs = row.numbers
    assert theirs is not None
    start = next(v for n, v in row.inputs.items() if n.startswith("start"))
    left, right = both(theirs, expected[step])
    before = expected[0] if step else start
    moved, due = theirs - before, expected[step] - before
    kind = " (it has not moved)" if not moved.any() else difference([moved], [due]).replace("yours", "your step")
    return finding(
        "wrong_update", what=what, step=step + 1, at=place(row.inputs), theirs=left, expected=right, difference=kind
    )


AGREEING = "Is the last step missing, or one too many?"


def judge_trajectory(truth: TrajectoryTruth, evidence: Evidence) -> Verdict:
    """The run against the exact one; where it is another, against that of the student's own wrong parts."""
    verdict = _judged(truth.values, evidence.replies[-1])
    if verdict.score or not truth.parts:
        return verdict
    names, known = followed(truth.parts, evidence)
    if not known:
        return verdict
    points = [Point(point.inputs, own) for point, own in zip(truth.values.points, known, strict=True)]
    anew = _judged(replace(truth.values, points=tuple(points)), evidence.replies[-1])
    # One for each part: models without and with a bias need not have the same wrong ones.
    said = tuple(remark("carried_forward", evidence.name, from_=name) for name in names)
    return replace(anew, remarks=said) if anew.score else verdict


def _judged(values: ValueTruth, reply: Reply) -> Verdict:
    """Losses first, since they tell where the run departs; then the parameters."""
    problems: list[Finding] = []
    table: list[Comparison] = []
    remarks: list[Remark] = []
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
            since = _departure(wrong.numbers, wrong.expected) if path == "2" else AGREEING
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
        if problem and problem.note == "wrong_shape" and path == "2":
            problem = _wrong_length(values, reply, rows)
        if problem:
            problems.append(_explained(values, reply, path, problem))
    problems += _extra_bias(values, reply)
    if problems:
        return failed(problems[0], comparisons=tuple(table))
    return replace(RIGHT, remarks=tuple(dict.fromkeys(remarks)), comparisons=tuple(table))


def _explained(values: ValueTruth, reply: Reply, path: str, problem: Finding) -> Finding:
    """What is wrong, with the detour that ends at the same losses, or at the same weights where the count is wrong."""
    if problem.note not in ("wrong_trajectory", "wrong_length", "not_finite"):
        return problem
    told_by = "0" if problem.note == "wrong_length" else path
    return diagnosed(
        problem, partial(values.likely, told_by, []), rows_of(values, reply, told_by), values.tolerance.slip
    )


def _wrong_length(values: ValueTruth, reply: Reply, rows: list[Compared]) -> Finding:
    """The first list of another length; lists that are as much longer as a call adds are one that goes on."""
    nodes = [part(seen.results[0], "2", ["0", "1", "2"]) for seen in reply if isinstance(seen, Value)]
    counts = [node.array.size if isinstance(node, Leaf) else 0 for node in nodes]
    asked = [row.expected.size for row in rows]
    kept = len(counts) > 1 and np.diff(counts).tolist() == asked[1:]
    row, count = next((row, count) for row, count in zip(rows, counts, strict=True) if row.problem)
    return finding(
        "list_kept" if kept else "wrong_length",
        what=values.labels["2"],
        at=place(row.inputs),
        theirs=count,
        expected=row.expected.size,
    )


def _extra_bias(values: ValueTruth, reply: Reply) -> list[Finding]:
    """A bias that came back where none was given."""
    for point, seen in zip(values.points, reply, strict=True):
        assert isinstance(seen, Value)
        node = part(seen.results[0], "1", ["0", "1", "2"])
        if "1" not in point.expected and not isinstance(node, Finding) and node != Other("None"):
            return [finding("wrong_type", what="b", theirs=described(node), expected="None, as it was given,")]
    return []


def _departure(theirs: Array, expected: Array) -> str:
    """From which epoch on the losses differ, and what that points to."""
    agree = [relative_error(t, e) < SAME for t, e in zip(theirs[:, None], expected[:, None], strict=True)]
    first = agree.index(False) if False in agree else len(agree)
    if first == 0:
        return "The very first loss differs, before any step: look at the loss, or at when it is recorded."
    if first == 1:
        return "The first loss agrees, the second does not: the first step is wrong (its direction, size or gradient)."
    return f"The losses agree for {first} epochs and part from then on: are the gradients cleared after each step?"


def judge_fit(truth: FitTruth, evidence: Evidence) -> Verdict:
    """The mean squared error of the fitted (w, b) on the data, against the optimum."""
    seen = evidence.replies[0][0]
    assert isinstance(seen, Value)
    result = seen.results[0]
    if not isinstance(result, tuple) or len(result) != 3:
        return failed(finding("wrong_structure", theirs=described(result), expected="(w, b, losses)"))
    w, b = _flat(result[0]), _flat(result[1])
    columns = truth.features.shape[1]
    if w is None or w.size != columns:
        asked = f"a tensor of shape (1, {columns})"
        return failed(finding("wrong_type", what="w", theirs=described(result[0]), expected=asked))
    absent = isinstance(result[1], Other) and result[1].type_name == "None"
    if absent == truth.with_bias or (not absent and (b is None or b.size != 1)):
        asked = "a tensor with one element" if truth.with_bias else "None"
        return failed(finding("wrong_type", what="b", theirs=described(result[1]), expected=asked))
    prediction = truth.features @ w + (b[0] if b is not None else 0.0)
    with np.errstate(all="ignore"):
        error = float(np.mean((prediction - truth.targets) ** 2))
    row = Comparison("mean squared error", "", number(error), number(truth.optimum), False)
    if not np.isfinite(error) or error > (1 + truth.excess) * truth.optimum:
        hint = _advice(error, _flat(result[2]))
        return failed(
            finding(
                "poor_fit", theirs=number(error), expected=number(truth.optimum), excess=100 * truth.excess, hint=hint
            ),
            comparisons=(row,),
        )
    return Verdict(Status.PASS, "correct", "Right.", 1.0, comparisons=(replace(row, agrees=True),))


def _advice(error: float, losses: Array | None) -> str:
    """What the losses say about a fit that is not good enough."""
    if losses is None or losses.size < 2:
        return "Check that w and b belong to the original x, in the order of the features."
    if not np.isfinite(losses).all() or losses[-1] > losses[0]:
        return "The losses grow: take a smaller learning rate."
    if abs(losses[-1] - error) > 0.5 * error:
        return "The last loss is another error than this: check that w and b belong to the original x."
    return "The losses still fall: take more epochs, a larger learning rate, or features of similar size."


def _flat(node: Node) -> Array | None:
    if isinstance(node, Leaf) and node.array.dtype.kind in REAL and node.array.size <= MOST:
        return node.array.astype(np.float64).ravel()
    return None
