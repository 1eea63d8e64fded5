"""What is told of mistakes that reach across functions, cells and calls: it is true, and says where to look."""

from dataclasses import replace

import numpy as np
import pytest
from observed import evidence, leaf, marked, posed, seen

from grader.judge.context import in_context
from grader.judge.facts import difference
from grader.judge.findings import Facts, Finding, Form, Numbers, Remark
from grader.judge.model import Mark, Status, Verdict
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.sweep import judge_sweep
from grader.judge.truth import GradientTruth, SweepTruth, ValueTruth
from grader.judge.verdict import judge, merged, unanswered
from grader.pages import wording
from grader.pages.notes import NEXT
from grader.pages.sentences import message, remarks, sentence
from grader.protocol.messages import Missing, Observation, Other, Raised, Value

STOPPED = Raised("NotImplementedError", "", "line 2: raise NotImplementedError")
STUB = "def g(x):\n    raise NotImplementedError"


@pytest.mark.parametrize(
    ("code", "note", "said"),
    [
        ("def f(x):\n    raise NotImplementedError", "not_written", "its stub still stands"),
        ("def f(x):\n    y = 2 * x\n    raise NotImplementedError", "stub_left", "take that line out"),
        ("def f(x):\n    return 2 * g(x)", "needs_unwritten", "f needs g, which is not written yet."),
        ("def h(x):\n    return g(x)\ndef f(x):\n    return h(x)", "needs_unwritten", "f needs g, which"),
    ],
)
def test_what_is_not_written_is_named(code: str, note: str, said: str) -> None:
    found = unanswered("f", STOPPED, Source((STUB, code)))
    assert found is not None
    assert (found.note, said in sentence(found)) == (note, True)


def test_a_variable_whose_cell_stopped_at_a_stub_needs_it() -> None:
    found = unanswered("v", Missing(), Source((STUB, "v = g(1)"), {1: "NotImplementedError"}))
    assert found is not None
    assert sentence(found) == "v needs g, which is not written yet."


def test_a_function_whose_name_was_given_away_is_said_to_be() -> None:
    for later, said in (("f = f(1)", "gives the name to something else."), ("", "it is not a function.")):
        found = unanswered("f", Missing("not callable"), Source(("def f(x):\n    return x", later)))
        assert found is not None
        assert sentence(found).endswith(said)


def told(name: str, seen_there: Observation, source: Source) -> Mark:
    """The mark where every call is observed to end in the same way."""
    question, trials = posed(name)
    return judge(question, trials, [t.asks.each(lambda ask: (seen_there,) * ask.points) for t in trials], source)


def test_a_by_hand_answer_in_a_cell_that_stopped_is_not_there() -> None:
    """Its rules have no code to look at, which is not what is wrong with it."""
    code = "def polynomial_gradient(x)\n    return x"
    mark = told("polynomial_gradient", Missing(), Source((code,), {0: "SyntaxError: expected ':' (line 1)"}))
    assert (mark.verdict.note, mark.verdict.status) == ("cell_failed", Status.FAIL)


def test_what_raised_before_it_could_use_autograd_raised() -> None:
    error = Raised("TypeError", "'Tensor' object is not callable", "line 9: loss = predict(x, w, b)")
    mark = told("train", error, Source(("def train():\n    predict().backward()",)))
    assert mark.verdict.note == "raised"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Trying to backward through the graph a second time (or directly access saved tensors", "graph_freed"),
        (
            "one of the variables needed for gradient computation has been modified by an inplace operation: [torch",
            "overwritten",
        ),
        ("element 0 of tensors does not require grad and does not have a grad_fn", "no_gradient"),
    ],
)
def test_why_autograd_left_no_gradient(text: str, note: str) -> None:
    _, trials = posed("network_loss")
    groups: list[Replies] = []
    for trial in trials:
        assert isinstance(trial.truth, GradientTruth)
        points = trial.truth.values.points
        values: list[Value] = [seen(leaf(p.expected[""]), gradient_error=Raised("RuntimeError", text)) for p in points]
        groups.append(Replies(tuple(values), (tuple(values),) * len(trial.asks.prerequisites)))
    verdict = marked("network_loss", *groups).verdict
    assert (verdict.note, verdict.score) == (note, 0.5)


def test_a_finite_number_is_never_said_to_be_infinite() -> None:
    """Beside the smallest numbers an error has more units than there are numbers."""
    _, trials = posed("stable_softmax")
    truth = next(t.truth for t in trials if isinstance(t.truth, SweepTruth) and t.truth.dtype == "float64")
    assert np.abs(truth.expected)[truth.expected > 0].min() < 1e-300
    verdict = judge_sweep(truth, evidence(tuple(seen(leaf(row + 1e-8)) for row in truth.expected)))
    assert verdict.note == "unstable"
    assert "not finite" not in message(verdict)
    assert np.isfinite(verdict.sweeps[0].yours).all()


def test_what_costs_points_in_a_sweep_is_not_said_to_cost_nothing() -> None:
    right = Verdict(Status.PASS, 1.0)
    kinds = Facts(theirs=Form("dtype", "float32"), expected=Form("dtype", "float64"))
    slipped = replace(right, remarks=(Remark("dtype_slip", "f", kinds),))
    assert merged([slipped, right], [0.0, 1.0]).remarks
    assert not merged([slipped, Verdict(Status.FAIL, 0.0, (Finding("unstable"),))], [0.0, 1.0]).remarks


@pytest.mark.parametrize(
    ("yours", "right", "said"),
    [
        ([34.0, 34.0], [-29.75, 15.25], "yours is the same everywhere"),
        ([2.0, 2.0], [1.0, 1.0], "yours is 2 times what is right, at every point"),
        ([0.8397, 0.6826], [0.839734, 0.6825737], "yours is rounded to 4 decimals: give the number as it is"),
        ([0.8397, 0.6826], [0.839744, 0.6825237], "close, but"),
        ([1.0, 0.0, 2.0], [0.9, 0.2, 1.7], ""),
    ],
)
def test_what_can_be_seen_of_a_wrong_answer_is_said(yours: list[float], right: list[float], said: str) -> None:
    told_of = wording.difference(difference([np.array(y) for y in yours], [np.array(r) for r in right]))
    assert told_of.startswith(f" ({said}" if said else "")
    assert bool(told_of) == bool(said)


def test_what_can_be_seen_needs_no_search_for_a_slip() -> None:
    def verdict(answer: float | None) -> Verdict:
        _, trials = posed("polynomial_gradient")
        points = next(t.truth.points for t in trials if isinstance(t.truth, ValueTruth))
        wrong = tuple(seen(*[leaf(answer or np.exp(p.inputs["x"]))] * 2) for p in points)
        return marked("polynomial_gradient", Replies(wrong, coarse=wrong)).verdict

    assert message(verdict(None)).endswith(NEXT)
    assert message(verdict(34.0)).endswith("(yours is the same everywhere).")


def test_a_branch_without_a_return() -> None:
    silent, answered = seen(Other("None")), seen((leaf(0.5), leaf(1.0)))
    _, trials = posed("relu_neuron_gradient")
    groups: list[Replies] = [
        t.asks.each(lambda ask: (silent, *[answered] * (ask.points - 1))) for t in trials if t.asks.answer
    ]
    verdict = marked("relu_neuron_gradient", *groups).verdict
    assert verdict.note == "returns_nothing"
    assert message(verdict).startswith("relu_neuron_gradient returns nothing at 1 of ")
    assert message(told("polynomial", silent, Source(("",))).verdict).startswith("polynomial returns nothing: is a")
    assert marked("linear_fit", Replies((seen(Other("None")),))).verdict.note == "wrong_structure"


def test_a_call_without_its_parentheses() -> None:
    mark = told("last_column", seen(Other("builtin_function_or_method")), Source(("def last_column(x): x",)))
    assert "is a function that is not called (are its parentheses missing?)" in message(mark.verdict)


def in_cells(*cells: str) -> dict[str, tuple[str, ...]]:
    """What is said beside the marks of two of the first lab's functions, both of which give 0.5."""
    names = ("every_other_row", "last_column")
    source, trials = Source(cells), [posed(name)[1] for name in names]
    marks = [told(name, seen(leaf(0.5), leaf(0.5)), source) for name in names]
    return {m.question.name: remarks(m.verdict) for m in in_context(marks, trials, source)}


ROWS = "def every_other_row(x):\n    return x"
USING = "def last_column(x):\n    return every_other_row(x)"


def test_a_wrong_answer_that_another_uses_is_named_there() -> None:
    said = in_cells(ROWS, USING)
    assert said["last_column"] == ("every_other_row: is used here, and is not right itself: look there first.",)
    assert said["every_other_row"] == ()
    assert in_cells(ROWS, USING.replace("every_other_row", "torch.exp"))["last_column"] == ()


def test_a_function_that_a_later_cell_defines_again_is_said_to_be() -> None:
    said = in_cells(ROWS, USING, ROWS)
    assert said["every_other_row"] == ("every_other_row: is defined in more than one cell; the last of them counts.",)
    assert in_cells(f"{ROWS}\n{ROWS}", USING)["every_other_row"] == ()


def test_a_function_whose_name_was_given_away_is_looked_at_first_where_it_is_used() -> None:
    cells = (ROWS, USING, "every_other_row = last_column(every_other_row)")
    assert in_cells(*cells)["every_other_row"] == ()
    assert len(in_cells(*cells)["last_column"]) == 1


def test_what_is_carried_forward_is_to_blame_only_where_it_raised() -> None:
    source = Source(
        ("def relu_neuron(w, x, b):\n    w", "def relu_neuron_gradient(w, x, b):\n    relu_neuron(w, x, b)")
    )
    names = ("relu_neuron", "relu_neuron_gradient")
    silent, error = seen(Other("None")), Raised("TypeError", "'NoneType' object is not subscriptable")
    for second, count in ((error, 1), (silent, 0)):
        marks = [told(name, s, source) for name, s in zip(names, (silent, second), strict=True)]
        found = in_context(marks, [posed(name)[1] for name in names], source)
        assert [len(remarks(m.verdict)) for m in found] == [0, count]


def numbers_of(*values: float) -> Numbers:
    """A vector."""
    return Numbers(values, (len(values),))


def test_of_many_numbers_of_a_point_a_sentence_has_those_that_it_is_about() -> None:
    point = {f"w{i}": Numbers((float(i),)) for i in range(1, 9)}
    assert wording.few_of(point, {"w5"}) == "(w5 = 5, and 7 more)"
    assert wording.few_of(point) == "(w1 = 1, w2 = 2, w3 = 3, w4 = 4, and 4 more)"
    assert wording.few_of({"x": numbers_of(*range(9))}) == "(x of shape (9,))"
    assert wording.few_of({"w1": Numbers((1.0,))}) == "(w1 = 1)"


def test_a_long_array_is_told_by_the_first_entry_that_differs() -> None:
    right = Numbers(tuple(map(float, range(8))), (2, 4))
    yours = Numbers((0.0, 1.0, 2.0, 3.0, 4.0, 9.0, 6.0, 7.0), (2, 4))
    assert wording.pair(*wording.one_of(yours, right)) == ("9 in place [1, 1]", "5")
    assert wording.one_of(numbers_of(1, 2), numbers_of(1, 3)) == (numbers_of(1, 2), numbers_of(1, 3))
