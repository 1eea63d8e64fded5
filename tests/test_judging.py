"""Drawings, training, sweeps, random results and rules: what each earns and what is said."""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from observed import did, evidence, leaf, marked, posed, seen, text

from grader.judge.annotated_graph import EdgeStatus
from grader.judge.findings import CORRECT, FAULT, MACHINE, MISTAKES, Facts, Finding
from grader.judge.model import Status, Verdict
from grader.judge.ranges import OtherForms
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.sweep import judge_sweep, ulp_errors
from grader.judge.truth import GradientTruth, SeededTruth, SweepTruth, TrajectoryTruth, UpdateTruth, ValueTruth
from grader.judge.verdict import merged, unanswered
from grader.labs.lab3_regression import X, Y
from grader.oracle.fits import least_squares
from grader.pages.notes import NOTES, REMARKS
from grader.pages.sentences import first_failure, message, remark, remarks, sentence
from grader.pages.slip_notes import SLIPS
from grader.pages.wording import row
from grader.protocol.conduct import Means
from grader.protocol.messages import Ask, Died, Leaf, Missing, Node, Other, Raised, TimedOut, Unreadable, Value

PATH = [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("x", "z"), ("y", "z")]


def edges(pairs: list[tuple[str, str]]) -> Node:
    return tuple((text(a), text(b)) for a, b in pairs)


@pytest.mark.parametrize(
    ("drawn", "score", "said"),
    [
        (PATH, 1.0, "Right."),
        (PATH[::-1], 1.0, "Right."),
        ([*PATH, PATH[0]], 1.0, "Right."),
        (PATH[1:], 0.83, "a → x is missing"),
        ([*PATH, ("a", "z")], 0.83, "a → z is not in the graph"),
        ([("x", "a"), *PATH[1:]], 0.83, "x → a is the wrong way round"),
        ([(b, a) for a, b in PATH], 0.0, "the wrong way round"),
        ([], 0.0, "missing"),
    ],
)
def test_drawn_graphs(drawn: list[tuple[str, str]], score: float, said: str) -> None:
    mark = marked("path_edges", Replies((seen(edges(drawn)),)))
    assert mark.score == score
    assert said in message(mark.verdict)


RELU = [("w", "u"), ("x", "u"), ("u", "v"), ("b", "v"), ("v", "a")]


@pytest.mark.parametrize(
    ("drawn", "score", "said", "remark"),
    [
        ([("w", "uv"), ("x", "uv"), ("b", "uv"), ("uv", "a")], 1.0, "Right.", "uv: stands for u and v together"),
        ([("w", "p"), ("x", "p"), ("p", "v"), *RELU[3:]], 1.0, "Right.", "p: read as u of the formulas"),
        ([("w", "w*1"), ("w*1", "u"), *RELU[1:]], 1.0, "Right.", "w*1: no step of the formulas, but"),
        # What is wrong is said in the drawing's own names.
        ([("w", "uv"), ("b", "uv"), ("uv", "a")], 0.75, "x → uv is missing", "uv: stands for u and v together"),
        ([("w", "p"), ("x", "p"), ("v", "p"), *RELU[3:]], 0.8, "v → p is the wrong way round", "p: read as u"),
        ([*RELU, ("x", "n"), ("n", "x")], 0.6, "n → x, x → n are not in the graph", ""),
        ([*RELU, ("u", "u")], 0.8, "u → u is not in the graph", ""),
        ([("u", "n"), ("n", "w"), *RELU[1:]], 0.8, "u → n → w is the wrong way round", ""),
        ([(f"n{i}", f"n{i + 1}") for i in range(99)], 0.0, "it has 99 edges, and theirs has 5", ""),
    ],
)
def test_drawings_in_their_own_words(drawn: list[tuple[str, str]], score: float, said: str, remark: str) -> None:
    verdict = marked("relu_neuron_edges", Replies((seen(edges(drawn)),))).verdict
    assert verdict.score == pytest.approx(score)
    assert said in message(verdict)
    assert [text.startswith(remark) for text in remarks(verdict)] == ([True] if remark else [])


def test_a_drawing_that_is_not_right_is_sketched() -> None:
    drawn = [("w", "u"), ("x", "n"), ("n", "u"), ("v", "u"), ("v", "a"), ("w", "a")]
    (sketch,) = marked("relu_neuron_edges", Replies((seen(edges(drawn)),))).verdict.sketches
    assert sketch.edges == {
        ("w", "u"): EdgeStatus.RIGHT,
        ("x", "n"): EdgeStatus.RIGHT,
        ("n", "u"): EdgeStatus.RIGHT,
        ("v", "u"): EdgeStatus.TURNED,
        ("v", "a"): EdgeStatus.RIGHT,
        ("w", "a"): EdgeStatus.EXTRA,
        ("b", "v"): EdgeStatus.MISSING,
    }
    assert sketch.nodes.keys() == {*"wuxnvab"}
    assert marked("relu_neuron_edges", Replies((seen(edges(RELU)),))).verdict.sketches == ()


@pytest.mark.parametrize("result", [leaf(1.0), (text("ax"),), ((text("a"),),)])
def test_what_is_no_list_of_pairs_is_said_to_be_none(result: Node) -> None:
    assert marked("path_edges", Replies((seen(result),))).verdict.note == "not_edges"


def gradient_step(clear: bool = True, sign: int = -1, times: int = 1) -> Verdict:
    """The verdict on an update loop."""
    _, trials = posed("gradient_step")
    (trial,) = (t for t in trials if t.asks.answer and not t.costs)
    ask, truth = trial.asks.answer, trial.truth
    assert isinstance(ask, Ask)
    assert isinstance(truth, UpdateTruth)
    reply = []
    for i, point in enumerate(truth.points):
        rounds, held = [], {p: np.zeros_like(v[i, 0]) for p, v in ask.pulls.items()}
        now = {p: point.inputs[f"start {p[-1]}"] for p in ask.pulls}
        for turn in range(2):
            for path, pulls in ask.pulls.items():
                held[path] = pulls[i, turn] if clear else held[path] + pulls[i, turn]
                now[path] = now[path] + sign * times * 0.125 * held[path]
            rounds.append({p: leaf(v) for p, v in now.items()})
        reply.append(seen(*rounds))
    return marked("gradient_step", Replies(tuple(reply))).verdict


def test_updates_in_place() -> None:
    assert gradient_step().status is Status.PASS
    kept = gradient_step(clear=False)
    assert (kept.note, kept.score) == ("gradients_kept", 0.5), "the first step is right by itself"
    assert gradient_step(sign=1).note == "uphill"
    assert gradient_step(times=3).note == "wrong_update"
    assert "(it has not moved)" in message(gradient_step(times=0))


def trained(change: str = "") -> Verdict:
    _, trials = posed("train")
    groups = []
    for trial in (t for t in trials if t.asks.answer and not t.costs):
        assert isinstance(trial.truth, TrajectoryTruth)
        reply = []
        for call, point in enumerate(trial.truth.values.points):
            w, losses = point.expected["0"], point.expected["2"]
            b = leaf(point.expected["1"]) if "1" in point.expected else Other("None")
            if change == "shifted":
                losses = np.append(losses[1:], losses[-1] / 2)
            if change == "short":
                losses = losses[:-1]
            if change == "kept":
                losses = np.resize(losses, (call + 1) * losses.size)
            if change == "late":
                losses = np.array([*losses[:2], *(losses[2:] * 1.5)])
            if change == "w":
                w = 2 * w
            reply.append(seen((leaf(w), b, leaf(losses, "list")), conduct=did(Means.ENGINE)))
        groups.append(Replies(tuple(reply), tuple((Missing(),) * ask.points for ask in trial.asks.prerequisites)))
    return marked("train", *groups).verdict


def test_trajectories_tell_where_they_part() -> None:
    assert trained().status is Status.PASS
    assert "The very first loss differs" in message(trained("shifted"))
    assert "agree for 2 epochs" in message(trained("late"))
    assert trained("short").note == "wrong_length"
    assert "has 10 entries; 5 are asked for, one an epoch. The list goes on" in message(trained("kept"))
    assert message(trained("w")).startswith("w at ")


def fitted(*result: Node) -> Verdict:
    return marked("linear_fit", Replies((seen(tuple(result)),))).verdict


def test_fits_are_judged_by_their_error_on_the_data() -> None:
    losses = leaf([3.0, 2.0], "list")
    data = np.array([[x, 1] for x in X], dtype=object)
    (w, b), _ = least_squares(data, np.array(Y, dtype=object))
    assert fitted(leaf([[w]]), leaf([b]), losses).score == 1
    assert fitted(leaf([[w + 0.01]]), leaf([b]), losses).score == 1
    assert fitted(leaf([[w + 0.1]]), leaf([b]), losses).note == "poor_fit"
    assert fitted(leaf([[1.0]]), leaf([0.0]), losses).note == "poor_fit"
    assert fitted(leaf([[np.nan]]), leaf([0.0]), losses).note == "poor_fit"
    assert fitted(leaf([[1.0, 2.0]]), leaf([0.0]), losses).note == "wrong_type"
    assert fitted(leaf([[41.8]]), Other("None"), losses).note == "wrong_type"
    assert fitted(leaf([[41.8]]), leaf([1.4])).note == "wrong_structure"
    assert marked("linear_fit", Replies((seen(Other("ellipsis")),))).verdict.status is Status.MISSING


def sweep(theirs: list[float], expected: list[float], dtype: str = "float32") -> Verdict:
    x, right = np.arange(float(len(expected))), np.array(expected)
    truth = SweepTruth({"x": x}, right, np.zeros(len(x)), None, dtype, 16.0, OtherForms("x", x, right, right))
    return judge_sweep(truth, evidence(tuple(seen(leaf(t, dtype=dtype)) for t in theirs)))


def test_sweeps_count_units_in_the_last_place_and_name_the_first_failure() -> None:
    one = float(np.spacing(np.float32(1)))
    assert sweep([1 + 16 * one, 2.0], [1.0, 2.0]).score == 1
    wrong = sweep([1.0, 1 + 17 * one, np.nan], [1.0, 1.0, 1.0])
    assert wrong.note == "unstable"
    assert "right at 1 of 3 inputs. It first fails at (x = 1), and is not finite at (x = 2)" in message(wrong)
    assert message(wrong).endswith(": yours nan, expected 1.")
    assert [row(compared).theirs for compared in wrong.comparisons] == ["nan", "1.000002"]


def test_a_sweep_has_its_errors_drawn_and_its_first_failure_named() -> None:
    one = float(np.spacing(np.float32(1)))
    (right,) = sweep([1.0, 1 + 2 * one], [1.0, 1.0]).sweeps
    assert (right.what, right.along, right.yours, right.first) == ("float32 value", (0, 1), (0, 2), None)
    (wrong,) = sweep([1.0, 1 + 17 * one, np.nan], [1.0, 1.0, 1.0]).sweeps
    assert (wrong.yours, wrong.stable, wrong.first) == ((0, 17, np.inf), (0, 0, 0), 1)
    assert first_failure(wrong).startswith("at (x = 1): yours 1.000002, expected 1 (an error of 17 ulp")


def test_results_below_the_normal_numbers_may_be_flushed_to_zero() -> None:
    assert sweep([0.0], [1e-39]).score == 1
    assert sweep([0.0], [2e-38]).score == 0
    assert sweep([0.0], [1e-39], "float64").score == 0


def test_ulp_errors_take_the_size_that_is_given() -> None:
    zero = np.zeros(1)
    truth = SweepTruth(
        {"x": zero}, np.array([1e-20]), zero + 1, None, "float32", 16.0, OtherForms("x", zero, zero, zero)
    )
    assert ulp_errors(np.array([0.0]), truth)[0] < 1


def draws(*results: Leaf) -> Verdict:
    return marked("random_square", Replies((seen(*results),))).verdict


def test_random_results() -> None:
    one, two = (np.random.default_rng(s).random((7, 7)) for s in (1, 2))
    assert draws(leaf(one), leaf(two)).score == 1
    assert draws(leaf(one), leaf(one)).note == "not_random"
    assert draws(leaf(one - 0.5), leaf(two)).note == "out_of_range"
    assert draws(leaf(one[:6]), leaf(two[:6])).note == "wrong_shape"
    assert draws(Leaf(one, "tensor", "float32", "cuda:0"), leaf(two)).note == "wrong_device"


def test_seeded_results() -> None:
    _, (trial,) = posed("seeded_squeeze")
    assert isinstance(trial.truth, SeededTruth)
    right = trial.truth.expected
    assert right is not None

    def verdict(*pairs: tuple[Leaf, Leaf]) -> str:
        return marked("seeded_squeeze", Replies((seen(*pairs),))).verdict.note

    pair = leaf(right), leaf(right.ravel())
    other = leaf(right[..., ::-1]), leaf(right.ravel()[::-1])
    assert verdict(pair, pair) == "correct"
    assert verdict(pair, other) == "not_repeatable"
    assert verdict(other, other) == "wrong_draw"
    assert verdict((leaf(right), leaf(right)), pair) == "wrong_shape"


POLYNOMIAL = "def polynomial_gradient(x):\n    return 32 * x**3 + 9 * x**2 + 14 * x + 6"


def by_hand(factor: float = 1.0, single: float = 1.0) -> Verdict:
    _, trials = posed("polynomial_gradient")
    (trial,) = (t for t in trials if t.asks.answer)
    truth = trial.truth
    assert isinstance(truth, ValueTruth)
    double, coarse = (tuple(seen(leaf(p.expected[""] * f)) for p in truth.points) for f in (factor, single))
    return marked("polynomial_gradient", Replies(double, coarse=coarse), code=POLYNOMIAL).verdict


@pytest.mark.parametrize(
    ("verdict", "note"),
    [
        (by_hand(), "correct"),
        (by_hand(1 + 1e-8, 1 + 1e-7), "correct"),
        (by_hand(1 + 1e-8, 1.3), "numerical_derivative"),
    ],
)
def test_what_falls_apart_in_float32_is_no_work_by_hand(verdict: Verdict, note: str) -> None:
    assert verdict.note == note
    assert verdict.score == (1 if note == "correct" else 0)


def refused_on_leaf() -> str:
    """What torch says where a leaf is changed in place."""
    with pytest.raises(RuntimeError) as caught:
        torch.ones(1, requires_grad=True).mul_(2)
    return str(caught.value)


@pytest.mark.parametrize(
    ("seen_there", "note", "said"),
    [
        (Raised("NotImplementedError", "", "line 2: g()"), "raised", "f raised NotImplementedError (line 2: g())"),
        (
            Raised("RuntimeError", refused_on_leaf(), "line 2: x *= w"),
            "changed_leaf",
            "f changes a tensor in place for which",
        ),
        (Raised("TypeError", "unsupported", "line 2: x + None"), "raised", "f raised TypeError: unsupported (line 2"),
        (Missing(), "missing", "Did you misname it"),
        (Missing("not callable"), "not_a_function", "not a function"),
        (TimedOut(30.0), "timed_out", "within 30 seconds"),
        (TimedOut(180.0, waiting=True), "waited", "within 180 seconds, in which it waited"),
        (Died("SIGKILL"), "died", "(SIGKILL)"),
        (Unreadable("result too large"), "unreadable_answer", "result too large"),
    ],
)
def test_where_there_is_no_value_the_reason_is_given(seen_there: object, note: str, said: str) -> None:
    found = unanswered("f", seen_there, Source(("def f():\n    return 1",)))  # type: ignore[arg-type] # an observation
    assert found is not None
    assert found.note == note
    assert said in sentence(found)


def test_a_name_whose_cell_stopped_is_missing_for_that_reason() -> None:
    source = Source(("x = 1", "def f(:\n    pass", "def g():\n    pass"), {1: "SyntaxError: invalid syntax"})
    found = unanswered("f", Missing(), source)
    assert found is not None
    assert "the cell that is to define it stopped with an error: SyntaxError: invalid syntax" in sentence(found)
    other = unanswered("g", Missing(), source)
    assert other is not None
    assert other.note == "missing"


def failed(code: str, what: str = "") -> Verdict:
    return Verdict(Status.FAIL, 0.0, (Finding(code, Facts(what=what)),))


def test_a_broken_rule_forfeits_everything() -> None:
    right, broken = Verdict(Status.PASS, 1.0), failed("forbidden_method")
    assert merged([broken, right], [0.0, 1.0]) == broken
    assert merged([right, right], [0.0, 1.0]).score == 1


def test_scores_are_weighted_means_and_one_message_of_a_kind_is_enough() -> None:
    right, one, two = Verdict(Status.PASS, 1.0), failed("wrong_value", "a"), failed("wrong_value", "b")
    found = merged([right, one, two], [2.0, 1.0, 1.0])
    assert (found.score, found.status, found.findings) == (0.5, Status.PARTIAL, one.findings)


def test_every_sweep_has_its_own_message() -> None:
    one, two = failed("unstable", "a"), failed("unstable", "b")
    assert merged([one, two, one], [1.0, 1.0, 1.0]).findings == one.findings + two.findings


def test_infinities_are_told_before_inaccuracies_and_in_three_lines_at_most() -> None:
    one = float(np.spacing(np.float32(1)))
    near, broken = sweep([1 + 17 * one], [1.0]), sweep([np.inf], [1.0])
    found = merged([near, broken], [1.0, 1.0])
    assert [("inf" in told, "17 ulp" in told) for told in message(found).split("\n")] == [(True, False), (False, True)]
    assert found.sweeps == near.sweeps + broken.sweeps
    many = [failed("unstable", what) for what in "abcd"]
    assert [finding.facts.what for finding in merged(many, [1.0] * 4).findings] == ["a", "b", "c"]


def test_a_second_call_that_differs_is_told() -> None:
    _, trials = posed("gradients")
    groups = []
    for trial in (t for t in trials if t.asks.answer and not t.costs):
        assert isinstance(trial.truth, ValueTruth)
        reply = tuple(
            seen(
                tuple(leaf(v) for v in p.expected.values()),
                tuple(leaf(2 * v) for v in p.expected.values()),
                conduct=did(Means.ENGINE),
            )
            for p in trial.truth.points
        )
        groups.append(Replies(reply))
    mark = marked("gradients", *groups)
    assert (mark.score, mark.verdict.note) == (0, "changes_on_second_call")


def test_a_detached_value_earns_half_and_says_why() -> None:
    _, (trial,) = posed("polynomial")
    assert isinstance(trial.truth, GradientTruth)
    reply = tuple(Value((leaf(p.expected[""]),), {"0": None}) for p in trial.truth.values.points)
    mark = marked("polynomial", Replies(reply))
    assert (mark.score, mark.verdict.status, mark.verdict.note) == (0.5, Status.PARTIAL, "no_gradient")


EVERYTHING = Facts(
    seconds=1.0,
    excess=5.0,
    low=0.0,
    high=1.0,
    least=0.0,
    greatest=2.0,
    error=0.1,
    coarse=0.2,
)


def test_every_note_mistake_and_remark_can_be_filled_in() -> None:
    assert all(sentence(Finding(note, EVERYTHING)) for note in NOTES)
    assert all(remark(code, EVERYTHING) for code in REMARKS)
    assert tuple(SLIPS) == MISTAKES


def test_every_note_mistake_and_remark_is_used() -> None:
    """Somewhere in the grader its code stands, or the constant that has it as value."""
    told = {**NOTES, **SLIPS, **REMARKS}
    codes = {CORRECT: "CORRECT", FAULT: "FAULT", MACHINE: "MACHINE"}
    used = {
        node.value if isinstance(node, ast.Constant) else node.id
        for path in (Path(__file__).parents[1] / "grader").rglob("*.py")
        if path.name not in ("notes.py", "findings.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant | ast.Name)
    }
    assert [code for code in told if codes.get(code, code) not in used] == []
