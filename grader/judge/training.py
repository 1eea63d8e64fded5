"""Judging gradient descent: single updates, whole trajectories, and fitted models.

Knows how a trajectory that departs from the exact one is told from the epoch where it does. Refuses to
know the recurrence itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from grader.judge.compare import REAL, Compared, compared, part, relative_error, shown, verdict_on
from grader.judge.diagnosis import diagnosed
from grader.judge.facts import both, described, difference, excerpt, place
from grader.judge.findings import Advice, Difference, Facts, Finding, Form, Remark, Way
from grader.judge.follow_through import steps_given, wrong_parts
from grader.judge.model import Comparison, Evidence, Verdict
from grader.judge.truth import FitTruth, KnownSteps, Point, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.judge.values import RIGHT, failed, rows_of
from grader.protocol.messages import Array, Leaf, Node, Other, Reply, Value

SAME = 1e-6
"""Relative difference below which two losses of a trajectory are taken for the same."""


MOST = 1_000_000
"""Numbers of a fit that are looked at; nobody trains for so many epochs."""


def judge_update(truth: UpdateTruth, evidence: Evidence) -> Verdict:
    """Parameters after each update; old gradients that were not cleared are named."""
    table: list[Comparison] = []
    for point, seen in zip(truth.points, evidence.answer, strict=True):
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
                    likely, rows = partial(truth.likely, path, []), _moved(truth, evidence.answer, path)
                    return failed(diagnosed(problem, likely, rows, truth.tolerance.slip), comparisons=tuple(table))
        if seen.gradient_error:
            return failed(Finding("no_second_step", Facts(text=seen.gradient_error.text)))
    return RIGHT


def _moved(truth: UpdateTruth, reply: Reply, path: str) -> list[Compared]:
    """A parameter after all updates at once, at every point; none where it could not be updated so often somewhere."""
    known = KnownSteps({path: path}, tuple(point.expected for point in truth.points), updates=True)
    given = zip(truth.points, steps_given(known, reply), strict=True)
    rows = [Compared(point.inputs, point.expected[path], at[path]) for point, at in given if path in at]
    return rows if len(rows) == len(truth.points) else []


def _wrong_update(row: Compared, expected: Array, step: int, what: str) -> Finding:
    theirs = row.numbers
    assert theirs is not None
    start = next(v for n, v in row.inputs.items() if n.startswith("start"))
    left, right = both(theirs, expected[step])
    before = expected[0] if step else start
    moved, due = theirs - before, expected[step] - before
    kind = difference([moved], [due]) if moved.any() else Difference(Way.UNMOVED)
    where = place(row.inputs)
    return Finding(
        "wrong_update", Facts(what=what, step=step + 1, where=where, theirs=left, expected=right, difference=kind)
    )


def judge_trajectory(truth: TrajectoryTruth, evidence: Evidence) -> Verdict:
    """The run against the exact one; where it is another, against that of the student's own wrong parts."""
    values = truth.values
    verdict = _judged(values, evidence.answer)
    if verdict.score or not values.prior:
        return verdict
    names, own = wrong_parts(values.prior, evidence, values.tolerance)
    for way in values.prior.recipe(list(values.labels), own) if names else ():
        points = tuple(Point(point.inputs, known) for point, known in zip(values.points, way, strict=True))
        anew = _judged(replace(values, points=points), evidence.answer)
        if anew.score:
            # One for each part: models without and with a bias need not have the same wrong ones.
            said = tuple(Remark("carried_forward", evidence.name, Facts(follows_from=(name,))) for name in names)
            return replace(anew, remarks=said)
    return verdict


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
        if problem and problem.code == "wrong_value":
            problem = _departing(values, path, rows)
        if problem and problem.code == "wrong_shape" and path == "2":
            problem = _wrong_length(values, reply, rows)
        if problem:
            problems.append(_explained(values, reply, path, problem))
    problems += _extra_bias(values, reply)
    if problems:
        return failed(problems[0], comparisons=tuple(table))
    return replace(RIGHT, remarks=tuple(dict.fromkeys(remarks)), comparisons=tuple(table))


def _departing(values: ValueTruth, path: str, rows: Sequence[Compared]) -> Finding:
    """What the first run that departs gave at a path; of losses also from which epoch on."""
    wrong = next(row for row in rows if row.error > values.tolerance.slip)
    assert wrong.numbers is not None
    left, right = both(wrong.numbers, wrong.expected)
    facts = Facts(
        what=values.labels[path],
        where=place(wrong.inputs),
        theirs=left,
        expected=right,
        difference=difference([r.numbers for r in rows if r.numbers is not None], [r.expected for r in rows]),
        agreeing=_agreeing(wrong.numbers, wrong.expected) if path == "2" else None,
    )
    return Finding("wrong_trajectory", facts)


def _explained(values: ValueTruth, reply: Reply, path: str, problem: Finding) -> Finding:
    """What is wrong, with the detour that ends at the same losses, or at the same weights where the count is wrong."""
    if problem.code not in ("wrong_trajectory", "wrong_length", "not_finite"):
        return problem
    told_by = "0" if problem.code == "wrong_length" else path
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
    theirs, expected = (Form("entries", count=each) for each in (count, row.expected.size))
    facts = Facts(what=values.labels["2"], where=place(row.inputs), theirs=theirs, expected=expected)
    return Finding("list_kept" if kept else "wrong_length", facts)


def _extra_bias(values: ValueTruth, reply: Reply) -> list[Finding]:
    """A bias that came back where none was given."""
    for point, seen in zip(values.points, reply, strict=True):
        assert isinstance(seen, Value)
        node = part(seen.results[0], "1", ["0", "1", "2"])
        if "1" not in point.expected and not isinstance(node, Finding) and node != Other("None"):
            return [_other_type("b", node, Form("None as given"))]
    return []


def _other_type(what: str, node: Node, asked: Form) -> Finding:
    return Finding("wrong_type", Facts(what=what, theirs=described(node), expected=asked))


def _agreeing(theirs: Array, expected: Array) -> int:
    """For how many epochs the losses agree."""
    agree = [relative_error(t, e) < SAME for t, e in zip(theirs[:, None], expected[:, None], strict=True)]
    return agree.index(False) if False in agree else len(agree)


def judge_fit(truth: FitTruth, evidence: Evidence) -> Verdict:
    """The mean squared error of the fitted (w, b) on the data, against the optimum."""
    (seen,) = evidence.answer
    assert isinstance(seen, Value)
    result = seen.results[0]
    if not isinstance(result, tuple) or len(result) != 3:
        return failed(Finding("wrong_structure", Facts(theirs=described(result), expected=Form("training"))))
    w, b = _flat(result[0]), _flat(result[1])
    columns = truth.features.shape[1]
    if w is None or w.size != columns:
        return failed(_other_type("w", result[0], Form("tensor", shape=(1, columns))))
    absent = isinstance(result[1], Other) and result[1].type_name == "None"
    if absent == truth.with_bias or (not absent and (b is None or b.size != 1)):
        return failed(_other_type("b", result[1], Form("one element" if truth.with_bias else "None")))
    prediction = truth.features @ w + (b[0] if b is not None else 0.0)
    with np.errstate(all="ignore"):
        error = float(np.mean((prediction - truth.targets) ** 2))
    theirs, expected = excerpt(np.asarray(error)), excerpt(np.asarray(truth.optimum))
    row = Comparison("mean squared error", None, theirs, expected, False)
    if not np.isfinite(error) or error > (1 + truth.excess) * truth.optimum:
        advice = _advice(error, _flat(result[2]))
        facts = Facts(theirs=theirs, expected=expected, excess=100 * truth.excess, advice=advice)
        return failed(Finding("poor_fit", facts), comparisons=(row,))
    return replace(RIGHT, comparisons=(replace(row, agrees=True),))


def _advice(error: float, losses: Array | None) -> Advice:
    """What the losses say about a fit that is not good enough."""
    if losses is None or losses.size < 2:
        return Advice.FEATURES
    if not np.isfinite(losses).all() or losses[-1] > losses[0]:
        return Advice.DIVERGING
    return Advice.OTHER_ERROR if abs(losses[-1] - error) > 0.5 * error else Advice.FALLING


def _flat(node: Node) -> Array | None:
    if isinstance(node, Leaf) and node.array.dtype.kind in REAL and node.array.size <= MOST:
        return node.array.astype(np.float64).ravel()
    return None
