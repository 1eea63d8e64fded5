"""Where digits go: the operation that an analyst would name is named, and none where nothing is lost or certain."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_forms import ARGUMENTS, FORMS, QUESTIONS, Form, sweeps, written
from torch import Tensor
from unstable_forms import CASES, LIMIT, Case, Posed, blamed, called, failure_of, is_right, posed

from grader.desk.encoding import decoded, encoded
from grader.judge.blame import lost_digits
from grader.judge.expressions import written as written_as
from grader.judge.leaks import Leak, LostDigits
from grader.judge.model import Conditions, Evidence, Verdict
from grader.judge.replay import EFFORT, ReplayError, replay
from grader.judge.reproduced import Failure
from grader.judge.source import Source
from grader.judge.sweep import judge_sweep
from grader.judge.truth import SweepTruth
from grader.kernel.answers import Namespace, answer
from grader.oracle.stability import TRACED, SweepCheck
from grader.pages.curves import picture
from grader.pages.digits import lost_label, lost_sentence
from grader.pages.sentences import sentence
from grader.protocol.messages import Ask, Value
from grader.protocol.trace import Entrance, Made, Operation, Outcome, Trace

FUNCTIONS = tuple(ARGUMENTS)
CHECKS = [check for check in QUESTIONS["stable_sigmoid"].checks if isinstance(check, SweepCheck)]
CONDITIONS = Conditions("digits")
AT_THE_END = posed("stable_softmax", ([0.0, 0.0, 800.0],), "float64", gradient=False)


def at(case: Case) -> Posed:
    return posed(case.function, case.at, case.dtype, case.what == "gradient")


def named(case: Case) -> LostDigits | None:
    return blamed(called(case.function, case.code), at(case))


def test_there_are_forms_of_every_kind_in_value_and_gradient() -> None:
    assert len({(case.function, case.code, case.what) for case in CASES}) >= 60
    assert {case.kind for case in CASES} == set(Leak)
    assert {(case.function, case.what) for case in CASES} >= {(f, w) for f in FUNCTIONS for w in ("value", "gradient")}


def test_what_an_analyst_would_name_is_named_in_95_of_100() -> None:
    wrong = {
        (case.code, case.what, case.dtype, case.at): named(case) for case in CASES if not is_right(case, named(case))
    }
    print(f"{len(CASES) - len(wrong)} of {len(CASES)} are right")
    assert len(wrong) <= len(CASES) // 20, wrong


def hard_points(truth: SweepTruth) -> list[int]:
    """The first, the middle and the last point of each regime."""
    return [p for r in truth.regimes for p in (r.points[0], r.points[len(r.points) // 2], r.points[-1])]


STABLE = [form for form in FORMS if form.earns == 1]


@pytest.mark.parametrize("form", STABLE, ids=lambda form: f"{form.function}: {form.code}")
def test_nothing_is_named_in_a_stable_form(form: Form) -> None:
    for truth in sweeps(form.function, "digits"):
        for point in hard_points(truth):
            inputs = tuple(values[point] for values in truth.inputs.values())
            here = posed(form.function, inputs, truth.dtype, truth.path is not None)
            trace = here.trace(written(form))
            assert trace is not None
            size = np.broadcast_to(truth.sizes[point], truth.expected[point].shape)
            failure = Failure(here.given(written(form)), truth.expected[point], size, truth.limit, truth.dtype)
            assert lost_digits(trace, here.by_path(), failure, here.path) is None


CHANGED = [
    ("stable_log_exp", "torch.log1p(torch.exp((y - x).clamp(max=80)))", (0.0, 100.0), "value"),
    ("stable_log_exp", "torch.relu(y - x) + torch.log1p(torch.exp(-torch.abs(y - x)))", (0.0, 0.0), "gradient"),
    ("stable_log_exp", "torch.log1p(torch.exp(x - y))", (0.0, 3.0), "value"),
    ("stable_softmax", "torch.exp(x - x.max()) / (torch.exp(x - x.max()).sum() + 1e-8)", ([0.0, 0.0, 0.0],), "value"),
    ("stable_sigmoid", "1 / (1 + torch.exp(-x.clamp(-80, 80)))", (-100.0,), "value"),
    ("stable_sigmoid", "torch.exp(x.clamp(max=0)) / (1 + torch.exp(-torch.abs(x)))", (0.0,), "gradient"),
    ("stable_variance", "torch.var(x)", ([1.0, 2.0, 3.0, 4.0, 6.0],), "value"),
]


@pytest.mark.parametrize(("function", "code", "point", "what"), CHANGED)
def test_another_function_and_a_kink_lose_no_digits(
    function: str, code: str, point: tuple[object, ...], what: str
) -> None:
    assert blamed(called(function, code), posed(function, point, "float64", what == "gradient")) is None


OUTSIDE = [
    "torch.tensor(math.log(1 + math.exp(y.item() - x.item())))",
    "torch.tensor(numpy.log(1 + numpy.exp((y - x).numpy())))",
]


def test_what_leaves_torch_is_not_followed() -> None:
    """Its numbers are constants of the point that was traced, and wrong at any other."""
    for code in OUTSIDE:
        form = eval(f"lambda x, y: {code}", {"torch": torch, "math": math, "numpy": np})
        traced, failing = (posed("stable_log_exp", (a, 0.0), "float64", gradient=False) for a in (1.0, 30.0))
        assert blamed(form, failing, traced.trace(form)) is None


def test_a_trace_of_another_branch_is_not_used() -> None:
    form = called("stable_log_exp", "torch.log(1 + torch.exp(y - x)) if y > x else torch.log1p(torch.exp(y - x))")
    right, wrong = (posed("stable_log_exp", point, "float64", gradient=False) for point in ((30.0, 0.0), (0.0, 800.0)))
    assert blamed(form, wrong, right.trace(form)) is None
    found = blamed(form, wrong)
    assert found is not None and found.operation == "exp(y - x)"


def test_the_trace_of_one_point_serves_at_another() -> None:
    form = called("stable_sigmoid", "torch.exp(x) / (1 + torch.exp(x))")
    here, there = (posed("stable_sigmoid", (value,), "float32", gradient=True) for value in (1.0, 100.0))
    found = blamed(form, there, here.trace(form))
    assert found is not None and (found.operation, found.leak) == ("exp(x)", Leak.OVERFLOW)


def overflowing(x: Tensor) -> Tensor:
    """A function with lines of its own."""
    large = torch.exp(x)
    return large / (1 + large)


def test_the_line_is_that_of_the_students_code() -> None:
    found = blamed(overflowing, posed("stable_sigmoid", (800.0,), "float64", gradient=False))
    assert found is not None
    assert found.line == overflowing.__code__.co_firstlineno + 2
    assert lost_sentence(found, " at x = 800") == (
        f"Line {found.line}: exp(x) overflows at x = 800: float64 ends at 1.8e308."
    )


def written_through_a_view(x: Tensor) -> Tensor:
    both = torch.zeros(2, dtype=x.dtype)
    both[0] = torch.exp(x)
    return both[0] / (1 + both.sum())


def too_many(x: Tensor) -> Tensor:
    for _ in range(300):
        x = x + 0
    return torch.exp(x) / (1 + torch.exp(x))


def too_large(x: Tensor) -> Tensor:
    return (torch.exp(x) * torch.ones(1000)).mean()


def failing(x: Tensor) -> Tensor:
    raise ValueError


@pytest.mark.parametrize("form", [written_through_a_view, too_many, too_large, failing], ids=lambda f: f.__name__)
def test_what_cannot_be_followed_leaves_no_trace(form: object) -> None:
    assert posed("stable_sigmoid", (1.0,), "float64", gradient=False).trace(form) is None  # type: ignore[arg-type]


def test_a_call_that_is_traced_gives_what_it_gave() -> None:
    notebook = Namespace({"f": called("stable_sigmoid", "1 / (1 + torch.exp(-x))")}, "cpu", lambda _: False)
    check = next(c for c in CHECKS if c.argument)
    ask = check.prepare("f", CONDITIONS).asks.answer
    assert isinstance(ask, Ask) and 0 < len(ask.traced) <= TRACED
    plain, told = (answer(replace(ask, traced=points), notebook) for points in ((), ask.traced))
    # The operations are the same at all points, and told once.
    assert [n for n, seen in enumerate(told) if isinstance(seen, Value) and seen.trace] == [ask.traced[0]]
    for one, other in zip(plain, told, strict=True):
        assert isinstance(one, Value) and isinstance(other, Value)
        assert str(one) == str(replace(other, trace=None))


def swept(code: str, index: int) -> Verdict:
    """A form in one of the sweeps of the sigmoid."""
    prepared = CHECKS[index].prepare("stable_sigmoid", CONDITIONS)
    assert isinstance(prepared.asks.answer, Ask) and isinstance(prepared.truth, SweepTruth)
    notebook = Namespace({"stable_sigmoid": called("stable_sigmoid", code)}, "cpu", lambda _: False)
    reply = answer(prepared.asks.answer, notebook)
    return judge_sweep(prepared.truth, Evidence("stable_sigmoid", Source(()), reply))


def test_it_is_said_in_the_message_and_on_the_curve() -> None:
    verdict = swept("torch.exp(x) / (1 + torch.exp(x))", 0)
    assert " Line 1: exp(x) overflows there: float64 ends at 1.8e308." in sentence(verdict.findings[0])
    assert "leaves the range" not in sentence(verdict.findings[0])
    (curve,) = verdict.sweeps
    drawn = picture(curve)
    assert "Line 1: exp(x) overflows" in drawn.told
    assert [label.words for label in drawn.lost] == ["exp(x) overflows"]
    right = swept("torch.exp(torch.minimum(x, zero(x))) / (1 + torch.exp(-torch.abs(x)))", 0)
    assert right.sweeps[0].lost is None and picture(right.sweeps[0]).lost == ()


SAID = [
    (
        LostDigits(Leak.UNDERFLOW, "exp(x)", "exp", 0.0, 1e-320, 53, 53, "float64", line=2),
        "Line 2: exp(x) underflows there: it gives 0, and float64 begins at 4.9e-324.",
        "exp(x) underflows",
    ),
    (
        LostDigits(Leak.BITS, "log(1 + exp(-x))", "log", 0.0, 4e-18, 53, 53, "float64", line=2),
        "Line 2: log(1 + exp(-x)) loses bits there: it gives 0 for 4e-18, and 53 of 53 bits are lost.",
        "log(1 + exp(-x)) loses bits",
    ),
    (
        LostDigits(Leak.CANCELLATION, "\u2026 + \u2026", "add", 0.5, 0.5, 9, 24, "float32", backward=True),
        "On the way back, a sum of gradients cancels there: 9 of 24 bits are lost.",
        "a sum of gradients cancels",
    ),
    (
        LostDigits(Leak.CANCELLATION, "tanh(x)", "tanh_backward", 0.0, 8e-18, 53, 53, "float64", backward=True),
        "On the way back, the slope of tanh(x) cancels there: it gives 0 for 8e-18, and 53 of 53 bits are lost.",
        "the slope of tanh(x) cancels",
    ),
    (
        LostDigits(Leak.ROUNDING, "float(y)", "_to_copy", 0.3, 0.3, 28, 53, "float32", line=4),
        "Line 4: float(y) rounds there: float32 keeps 25 of 53 bits.",
        "float(y) rounds",
    ),
]


def test_of_an_array_the_place_is_told() -> None:
    found = blamed(called("stable_softmax", "torch.exp(x) / torch.exp(x).sum()"), AT_THE_END)
    assert found is not None and found.index == (2,)
    assert lost_sentence(found, " there") == "Line 1: exp(x) overflows there in place [2]: float64 ends at 1.8e308."


@pytest.mark.parametrize("lost", [None, *(lost for lost, _, _ in SAID)])
def test_what_is_kept_of_it_comes_back(lost: LostDigits | None) -> None:
    verdict = replace(swept("torch.exp(x) / (1 + torch.exp(x))", 0), comparisons=())
    facts = replace(verdict.findings[0].facts, lost=lost and replace(lost, index=(1, 2)))
    kept = replace(verdict, findings=(replace(verdict.findings[0], facts=facts),))
    assert str(decoded(Verdict, json.loads(json.dumps(encoded(kept))))) == str(kept)


@pytest.mark.parametrize(("lost", "said", "label"), SAID)
def test_each_way_of_losing_digits_has_its_sentence(lost: LostDigits, said: str, label: str) -> None:
    assert lost_sentence(lost, " there") == said
    assert lost_label(lost) == label


def test_a_message_costs_little() -> None:
    """Counted in entries that are computed, which take some microseconds each; the time itself is told."""
    spent, seconds = [], []
    for case in CASES:
        here, form = at(case), called(case.function, case.code)
        trace = here.trace(form)
        assert trace is not None
        end = trace.found[here.path]
        assert isinstance(end, Outcome)
        failure = failure_of(form, here)
        began = time.thread_time()
        lost_digits(trace, here.by_path(), failure, here.path)
        seconds.append(time.thread_time() - began)
        spent.append(EFFORT - replay(trace, end, here.by_path(), here.dtype).effort.left)
    print(f"{1e3 * np.median(seconds):.2f} ms in the middle, {1e3 * max(seconds):.2f} at most; {max(spent)} entries")
    assert max(spent) <= 1_000


def hostile(name: str, count: int, size: int, **named: object) -> Trace:
    """A long row of one operation."""
    made = (Made("float64", (size,)),)
    first = Operation("expand.default", (Entrance("0"), (size,)), {}, made)
    rest = [Operation(name, (Outcome(number),), dict(named), made) for number in range(count - 1)]  # type: ignore[arg-type]
    return Trace((first, *rest), {"": Outcome(count - 1)}, ("x",))


ENTRANCE = {"0": np.array(1.5)}
FAILURE = Failure(np.full(64, np.inf), np.ones(64), np.zeros(64), LIMIT, "float64")


@pytest.mark.parametrize("name", ["exp.default", "system.default", "__class__", "sum.default", "log_sigmoid_forward.x"])
def test_a_trace_that_makes_no_sense_says_nothing(name: str) -> None:
    assert lost_digits(hostile(name, 200, 64), {"0": np.array(1.5)}, FAILURE) is None


def test_what_takes_too_long_is_left() -> None:
    """Sums of sums, of 64 parts each: honest operations have some hundred entries in all."""
    wide, narrow = (Made("float64", (16, 64)),), (Made("float64", (64,)),)
    operations = [Operation("expand.default", (Entrance("0"), (64,)), {}, narrow)]
    for number in range(0, 80, 2):
        operations.append(Operation("stack.default", ((Outcome(number),) * 16,), {}, wide))
        operations.append(Operation("select.int", (Outcome(number + 1), 0, 3), {}, narrow))
    with pytest.raises(ReplayError, match="too much"):
        replay(Trace(tuple(operations), {}), Outcome(80), ENTRANCE, "float64")


def test_operations_without_what_they_need_say_nothing() -> None:
    """Neither where they are computed, nor where only their formula is written."""
    one = (Made("float64", ()),)
    odd = [Operation(name, (), {}, one) for name in ("sub.Tensor", "rsub.Scalar", "neg.default", "where.self")]
    last = Operation("exp.default", (Entrance("0"),), {}, one)
    failure = Failure(np.array(np.inf), np.array(1.0), np.array(0.0), LIMIT, "float64")
    for each in odd:
        assert lost_digits(Trace((each, last), {"": Outcome(1)}), {"0": np.array(800.0)}, failure) is None
        assert lost_digits(Trace((last, each), {"": Outcome(1)}), {"0": np.array(800.0)}, failure) is None


def test_a_formula_that_grows_without_end_is_cut() -> None:
    one = (Made("float64", ()),)
    doubled = [Operation("add.Tensor", (Outcome(n), Outcome(n)), {}, one) for n in range(190)]
    trace = Trace((Operation("exp.default", (Entrance("0"),), {}, one), *doubled), {"": Outcome(190)}, ("x",))
    assert written_as(trace, Outcome(190)) == "\u2026 + \u2026"
    assert written_as(trace, Outcome(2)) == "exp(x) + exp(x) + (exp(x) + exp(x))"


def test_a_number_that_is_asked_for_must_be_there() -> None:
    trace = Trace((Operation("exp.default", (Entrance("7"),), {}, (Made("float64", ()),)),), {"": Outcome(0)})
    with pytest.raises(ReplayError, match="no such argument"):
        replay(trace, Outcome(0), {"0": np.array(1.0)}, "float64")
