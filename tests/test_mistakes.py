"""Likely mistakes: their outcomes are those of calculus done wrongly, and a wrong answer is told which one it is."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
import torch
from observed import QUESTIONS, leaf, marked, posed, seen
from sympy import cos, exp, log, sin, symbols, tanh

from grader.judge.compare import Compared
from grader.judge.diagnosis import diagnosed, explaining
from grader.judge.findings import Finding
from grader.judge.model import Conditions, Lab, Mark, Suspicious
from grader.judge.roles import Replies
from grader.judge.truth import EdgeList, GradientTruth, Outcomes, Slip, StepsTruth, TrajectoryTruth, ValueTruth
from grader.labs import all_labs
from grader.oracle.checks import GradientCheck, ValueCheck
from grader.oracle.code_arithmetic import CodeSheet
from grader.oracle.confusions import ways
from grader.oracle.derivatives import Calculus
from grader.oracle.float_evaluation import breaking, elementary
from grader.oracle.formulas import Formulas, workable
from grader.oracle.graph import Graph, adjoint, array
from grader.oracle.mistake_outcomes import ResultMistakes, numbers_of
from grader.oracle.mistakes import Suspicion
from grader.oracle.problem import paths
from grader.oracle.stability import SweepCheck
from grader.oracle.terms import Algebra
from grader.pages.notes import NEXT
from grader.pages.sentences import message, sentence

a, b, u, v, x, y, z = symbols("a b u v x y z", real=True)
AT = {x: np.array([0.5, 1.25, 2.0]), y: np.array([1.5, 0.75, 3.0])}


def wrong(formula: Any, note: str, derivative: bool = True) -> dict[str, Any]:
    """What each slip of a note makes of a formula's derivative in x, or of its value, by its facts."""
    with np.errstate(invalid="ignore"):
        found = Calculus(AT).derivative(formula, x, "f") if derivative else Algebra(AT).term(formula, "f")
    facts = {slip: dict(slip.facts) for slips in found.wrong for slip in slips if slip.note == note}
    return {str(facts[s]): found.wrong[frozenset([s])] for s in facts}


def values(expression: Any) -> Any:
    """An expression at `AT`, by mpmath."""
    program = sympy.lambdify((x, y), expression, "mpmath")
    return [float(program(mpmath.mpf(p), mpmath.mpf(q))) for p, q in zip(AT[x], AT[y], strict=True)]


@pytest.mark.parametrize(
    ("formula", "note", "instead"),
    [
        (x**3, "exponent_not_reduced", 3 * x**3),
        (x**3, "exponent_lost", x**2),
        (5 * x**2, "missing_factor", 2 * x),
        (x**2 / 3, "missing_division", 2 * x),
        (sin(x), "wrong_rule", -cos(x)),
        (cos(x), "wrong_rule", sin(x)),
        (tanh(x), "wrong_rule", 1 + tanh(x) ** 2),
        (1 / (1 + exp(-x)), "wrong_rule", (1 / (1 + exp(-x))) * (1 + 1 / (1 + exp(-x)))),
        (exp(3 * x + y), "inner_derivative", exp(3 * x + y)),
        (log(x**2 + y), "inner_derivative", 1 / (x**2 + y)),
        (log(x**2 + y), "missing_outer", 2 * x),
        (x * sin(x), "product_rule", x * cos(x)),
        (x * sin(x), "product_of_slopes", cos(x)),
        (sin(x) / x, "quotient_rule", (cos(x) * x + sin(x)) / x**2),
        (sin(x) / x, "quotient_rule", (cos(x) * x - sin(x)) / x),
        (x**2 + sin(x), "missing_term", 2 * x),
        (x**2 - sin(x), "wrong_sign", 2 * x + cos(x)),
        (x**2 + 7, "constant_kept", 2 * x + 7),
        (sympy.Max(0, x - 1), "wrong_rule", sympy.Integer(1)),
    ],
)
def test_a_misremembered_rule_comes_to_what_it_says(formula: Any, note: str, instead: Any) -> None:
    right = Calculus(AT).derivative(formula, x, "f").right
    np.testing.assert_allclose(np.broadcast_to(right, 3), values(sympy.diff(formula, x)), rtol=1e-12)
    outcomes = [np.broadcast_to(n, 3) for n in wrong(formula, note).values()]
    assert any(np.allclose(n, values(instead), rtol=1e-12) for n in outcomes), outcomes


@pytest.mark.parametrize(
    ("formula", "note", "instead"),
    [
        (2 * x + 3 * y, "exchanged", 3 * x + 2 * y),
        (2 * x + 3 * y, "missing_term", 2 * x),
        (2 * x - 3 * y, "wrong_sign", 2 * x + 3 * y),
        (x / y, "upside_down", y / x),
        (sin(x), "exchanged_function", cos(x)),
        (log(x + 1), "missing_function", x + 1),
        (x**3, "missing_power", x),
        (exp(-x), "wrong_sign", exp(x)),
    ],
)
def test_a_slip_in_a_term_comes_to_what_it_says(formula: Any, note: str, instead: Any) -> None:
    assert any(np.allclose(n, values(instead)) for n in wrong(formula, note, derivative=False).values())


def test_a_slip_made_once_shows_wherever_its_result_is_used() -> None:
    """z = u + v, u = 2 y, v = 3 y, y = x²: a wrong dy/dx is wrong on both paths at once."""
    graph = Graph((x,), {y: x**2, u: 2 * y, v: 3 * y, z: u + v})
    (found,) = Suspicion(graph, {x: AT[x]}).backward("z", "x")
    np.testing.assert_allclose(found.right, 10 * AT[x])
    kept = [n for slips, n in found.wrong.items() if {s.note for s in slips} == {"exponent_not_reduced"}]
    np.testing.assert_allclose(kept, [10 * AT[x] ** 2])
    lost = {dict(s.facts)["step"]: n for slips, n in found.wrong.items() for s in slips if s.note == "missing_path"}
    np.testing.assert_allclose([lost["u"], lost["v"]], [6 * AT[x], 4 * AT[x]])


def test_two_slips_at_once() -> None:
    graph = Graph((x,), {y: x**2, z: sin(y)})
    (found,) = Suspicion(graph, {x: AT[x]}, most=2).backward("z", "x")
    both = [n for slips, n in found.wrong.items() if {s.note for s in slips} == {"exponent_not_reduced", "wrong_rule"}]
    assert any(np.allclose(n, -np.cos(AT[x] ** 2) * 2 * AT[x] ** 2) for n in both)


def of_result(graph: Graph, point: Any) -> Outcomes:
    """What each slip makes of a graph's result at a point."""
    return ResultMistakes(graph, {"": "result"}, ({"x": point},))("", (), 1)


def test_entries_are_moved_as_a_reshape_or_a_neighbour_would() -> None:
    source = array("x", 2, 3)
    result = array("result", 3, 2)
    turned = Graph((source,), {result: sympy.permutedims(source, (1, 0))})
    point = np.arange(6.0).reshape(2, 3)
    found = {next(iter(s)).note: n[0] for s, n in of_result(turned, point)}
    np.testing.assert_array_equal(found["reshaped"], point.reshape(3, 2))
    wide = array("x", 2, 5)
    last = Graph((wide,), {array("result", 2): wide[:, 4]})
    point = np.arange(10.0).reshape(2, 5)
    near = [n[0] for s, n in of_result(last, point) if next(iter(s)).note == "off_by_one"]
    assert any(np.array_equal(n, point[:, 3]) for n in near)


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_without_a_slip_a_suspicion_is_the_graph_itself(lab: Lab) -> None:
    """The arithmetic of slips, its rules of calculus and its passes, against 50 digits."""
    problems = [
        (check.problem, check.returns)
        for question in lab.questions
        for check in question.checks
        if isinstance(check, ValueCheck | GradientCheck) and workable(check.problem.graph)
    ]
    for problem, returns in problems:
        (draw,) = problem.domain.draw(problem.graph, 1, "slips")
        with mpmath.workdps(50):
            whole = problem.whole.values({n: np.vectorize(mpmath.mpf, otypes=[object])(d)[()] for n, d in draw.items()})
        numbers = numbers_of(problem.graph, [draw], draw)
        for _, name in paths(returns):
            way = adjoint(problem.graph, name)
            suspicion = Suspicion(problem.graph, numbers)
            with np.errstate(invalid="ignore"):
                found = suspicion.backward(*way) if way else suspicion.forward(name)
            expected = [float(n) for n in np.ravel(np.asarray(whole[name], dtype=object))]
            np.testing.assert_allclose([np.ravel(n.right)[0] for n in found], expected, rtol=1e-9, atol=1e-12)


def told(question: str, student: Callable[[dict[str, float]], Any]) -> Mark:
    """The mark of a by-hand question whose answer is `student`, in float64 and in float32 alike."""
    _, trials = posed(question)
    truth = next(t.truth for t in trials if isinstance(t.truth, ValueTruth))
    answers = [student({n: float(i) for n, i in p.inputs.items()}) for p in truth.points]
    reply = tuple(seen(*[tuple(map(leaf, a)) if isinstance(a, tuple) else leaf(a)] * 2) for a in answers)
    return marked(question, Replies(reply, coarse=reply))


def test_a_missing_path_is_named() -> None:
    mark = told("path_gradient", lambda at: (4.0, 6 + 27 * at["b"] ** 2))
    assert (mark.score, mark.verdict.note) == (1.0, "missing_path")
    assert message(mark.verdict).endswith(
        "In dz/da, the path through y is missing: what flows along every path adds up."
    )


def test_mistakes_that_come_to_the_same_are_both_named() -> None:
    def student(at: dict[str, float]) -> float:
        x = at["x"]
        return float(np.exp(-(x**2) - 2 * x - np.sin(x)) * (-2 * x - 2 + np.cos(x)))

    said = message(told("exponential_gradient", student).verdict)
    assert "the rule is sin′ = cos; yours is −cos. Or: in df/dx, (-sin(x))′ has the wrong sign." in said


def test_two_mistakes_at_once_are_both_told() -> None:
    mark = told("polynomial_gradient", lambda at: 32 * at["x"] ** 4 + 9 * at["x"] ** 2 + 14 * at["x"] + 6 + 3)
    assert mark.verdict.note == "exponent_not_reduced"
    assert "the derivative of x**4 is 4*x**3. In df/dx, the constant 3 is kept" in message(mark.verdict)


def test_where_none_fits_it_is_said() -> None:
    mark = told("polynomial_gradient", lambda at: 1.0 + np.exp(at["x"]))
    assert mark.verdict.note == "wrong_value"
    assert message(mark.verdict).endswith(NEXT)


def suspicious(name: str) -> list[Any]:
    """The checks of a question whose mistakes are known, but for those of whole ranges, whose errors are looked at."""
    checks = [check for check in QUESTIONS[name].checks if isinstance(check, Suspicious)]
    return [check for check in checks if not isinstance(check, SweepCheck)]


def planted_at(name: str, check: Any) -> set[tuple[str, Slip]]:
    return {(one.path, one.slip) for one in check.plant(name)}


def looked_for_at(check: Any, paths: set[str] | None = None) -> set[tuple[str, Slip]]:
    """What an answer is compared with, at these places of it or at all."""
    truth = check.prepare("elsewhere", Conditions("elsewhere")).truth
    match truth:
        case GradientTruth(values=inner) | TrajectoryTruth(values=inner) | (ValueTruth() as inner):
            found = {path: inner.likely(path, [], 1) for path in paths or inner.points[0].expected}
        case StepsTruth(points=points):
            found = {path: truth.likely(path, [{}] * len(points), 1) for path in paths or ()}
    return {(path, slip) for path, outcomes in found.items() for slips, _ in outcomes for slip in slips}


@pytest.mark.parametrize(
    "name",
    "path_forward path_gradient relu_neuron relu_neuron_gradient sigmoid_neuron sigmoid_neuron_gradient exponential "
    "exponential_gradient polynomial polynomial_gradient ratio cross_entropy network_loss".split(),
)
def test_the_mistakes_planted_in_a_formula_are_those_that_are_looked_for(name: str) -> None:
    """They are derived twice, with expressions and with numbers."""
    for check in suspicious(name):
        looked_for = looked_for_at(check)
        assert looked_for
        assert planted_at(name, check) == looked_for


@pytest.mark.parametrize(
    "name",
    "to_grid drop_ones last_column tanh_log tanh_log_backward mean_squared_error class_probabilities train "
    "stable_log_exp stable_softmax sigmoid_backward forward backward".split(),
)
def test_what_is_looked_for_in_entries_steps_and_training_is_planted(name: str) -> None:
    """More is planted: a mistake that comes to what is right at the places drawn is not looked for there."""
    for check in suspicious(name):
        planted = planted_at(name, check)
        looked_for = looked_for_at(check, {path for path, _ in planted})
        assert looked_for
        assert looked_for <= planted


def test_a_training_run_gone_wrong_is_told_by_its_trajectory() -> None:
    """Each mistake shows in the losses or in the weights as its description says."""
    question, trials = posed("train")
    check, trial = next(
        (c, t) for c, t in zip(question.checks, trials, strict=True) if isinstance(t.truth, TrajectoryTruth)
    )
    assert isinstance(trial.truth, TrajectoryTruth)
    values = trial.truth.values
    found = {next(iter(slips)).note: outcome for slips, outcome in values.likely("2", [], 1)}
    assert {"uphill", "gradients_kept", "missing_rate", "sum_for_mean", "late_losses", "frozen"} <= set(found)
    for outcome, point in zip(found["sum_for_mean"], values.points, strict=True):
        assert outcome[0] == pytest.approx(4 * point.expected["2"][0], rel=1e-12)
    for outcome, point in zip(found["late_losses"], values.points, strict=True):
        np.testing.assert_allclose(outcome[:-1], point.expected["2"][1:], rtol=1e-12)
    assert all(outcome[-1] > outcome[0] for outcome in found["uphill"])
    weights = {next(iter(slips)).note: outcome for slips, outcome in values.likely("0", [], 1)}
    assert {"fewer_epochs", "more_epochs"} <= set(weights) and "late_losses" not in weights
    assert isinstance(check, Suspicious)


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 88.73), ("float64", 709.79)])
def test_where_the_formula_as_written_breaks_its_operation_is_named(dtype: str, limit: float) -> None:
    inputs = {"x": np.zeros(3), "y": np.array([1.0, limit - 0.02, limit])}
    graph = Graph((x, y), {z: log(1 + exp(y - x))})
    assert breaking(elementary(graph), inputs, dtype) == ("", "", "exp(-x + y)")


def test_a_slip_in_a_step_is_on_the_edges_from_the_names_it_concerns() -> None:
    graph = Graph((x, y), {z: 3 * x - 5 * y**2 + x * y})
    found = {s for slips in Suspicion(graph, AT).step("z")[0].wrong for s in slips}
    edges = {(s.note, *(text for name, text in s.facts if name != "where")): s.edges for s in found}
    assert edges["missing_factor", "3"] == edges["missing_term", "3*x"] == (("x", "z"),)
    assert edges["missing_power", "y**2", "y"] == edges["missing_factor", "5"] == (("y", "z"),)
    assert edges["missing_term", "x*y"] == (("x", "z"), ("y", "z"))


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ([(("a", "x"),), (("a", "y"),)], (("a", "x"), ("a", "y"))),
        ([(("a", "x"),), (("a", "x"),)], (("a", "x"),)),
        ([(("a", "x"),), ()], ()),
    ],
)
def test_of_several_mistakes_that_fit_the_edges_are_told_if_all_are_known(
    edges: list[EdgeList], told: EdgeList
) -> None:
    slips = [Slip("missing_path", (("where", "da"), ("step", f"s{i}")), on) for i, on in enumerate(edges)]
    outcome = (np.array(1.0), np.array(2.0))
    rows = [Compared({}, np.array(3.0), number, None, 0.5) for number in outcome]
    fitting = explaining(lambda _: [(frozenset([s]), outcome) for s in slips], rows, 1e-6)
    found = diagnosed(Finding("wrong_value"), fitting, rows)
    assert "Or: " in sentence(found)
    assert found.facts.edges == told


@pytest.mark.parametrize(
    ("formula", "note", "instead"),
    [
        ((x + y) / x, "brackets", x + y / x),
        (x / (log(x) + y), "brackets", x / log(x) + y),
        (exp(x + y), "brackets", exp(x) + y),
        ((x - y) ** 2, "brackets", x - y**2),
        (x**3, "wrong_exponent", x**2),
        (x**3, "wrong_exponent", 3 * x),
        (x * y, "wrong_operation", x + y),
        (x * y, "missing_factor", x),
        (log(x), "exchanged_function", log(x) / log(10)),
        (sin(x), "degrees", sin(x * sympy.pi / 180)),
        (1 / (1 + exp(-x)), "exchanged_function", tanh(x)),
        (tanh(x), "exchanged_function", 1 / (1 + exp(-x))),
        (x**2 / 2 + y**2 / 2, "taken_after", (x / 2 + y / 2) ** 2),
        (x**2 / 2 + y**2 / 2, "sample_divisor", x**2 + y**2),
        (x**2 / 2 + y**2 / 2, "divided_twice", x**2 / 4 + y**2 / 4),
        (x**2 / 2 + y**2 / 2, "root_taken", sympy.sqrt(x**2 / 2 + y**2 / 2)),
        ((x - y) ** 2, "exchanged_function", sympy.Abs(x - y)),
    ],
)
def test_a_formula_taken_for_another_comes_to_what_it_says(formula: Any, note: str, instead: Any) -> None:
    found = [values(e) for (code, _), e in ways(formula).items() if code == note]
    # Like terms go wrong together; of unlike ones each does.
    both = [values(sum(ways(t).get(kind, t) for t in formula.args)) for kind in _kinds(formula, note)]
    assert any(np.allclose(n, values(instead)) for n in [*found, *both]), found


def _kinds(formula: Any, note: str) -> list[Any]:
    """What may happen to the terms of a sum, whichever term it is told of."""
    return [kind for t in formula.args for kind in ways(t) if kind[0] == note] if formula.is_Add else []


def backward_slips(graph: Graph, target: str, name: str) -> dict[str, list[Any]]:
    """What slips make of a gradient at `AT`, by their notes."""
    numbers = {symbol: AT[symbol] for symbol in graph.inputs}
    (found,) = Suspicion(graph, numbers).backward(target, name)
    notes: dict[str, list[Any]] = {}
    for slips, value in found.wrong.items():
        for slip in slips:
            notes.setdefault(slip.note, []).append(value)
    return notes


def test_an_operand_is_taken_for_its_neighbour_on_the_way_back() -> None:
    found = backward_slips(Graph((x, y), {u: x * y, z: tanh(u)}), "z", "x")
    slope = 1 - np.tanh(AT[x] * AT[y]) ** 2
    assert any(np.allclose(n, slope * AT[x]) for n in found["wrong_operand"])


def test_a_slip_on_the_way_forward_is_seen_in_a_gradient() -> None:
    found = backward_slips(Graph((x, y), {u: x + y, z: tanh(u)}), "z", "x")
    assert any(np.allclose(n, 1 - np.tanh(AT[x]) ** 2) for n in found["missing_term"])


def test_no_exponent_is_reduced() -> None:
    found = backward_slips(Graph((x,), {z: x**3 + 2 * x**2}), "z", "x")
    np.testing.assert_allclose(found["exponent_not_reduced_anywhere"], [3 * AT[x] ** 3 + 4 * AT[x] ** 2])
    np.testing.assert_allclose(found["exponent_lost_anywhere"], [AT[x] ** 2 + 2 * AT[x]])


def test_an_update_with_the_gradient_after_the_update_is_named() -> None:
    lab5 = next(lab for lab in all_labs() if lab.name == "lab5_backprop")
    (question,) = (q for q in lab5.questions if q.name == "updated_parameters")
    planted = [m for c in question.checks if isinstance(c, Suspicious) for m in c.plant(question.name)]
    late = {m.path: dict(m.slip.facts) for m in planted if m.slip.note == "after_update"}
    assert sorted(late) == [f"new_{p}" for p in "b_h1 b_h2 w1 w2 w3 w4".split()]
    assert late["new_w1"]["olds"] == "w5, w7"
    assert late["new_w1"]["where"] == "the new w1"


def test_what_is_0_everywhere_is_no_slip() -> None:
    graph = Graph((x, y), {u: x - y, z: u * x})
    likely = ResultMistakes(graph, {"": "z"}, tuple({"x": p, "y": q} for p, q in zip(AT[x], AT[y], strict=True)))
    assert all(np.any(outcome) for _, outcome in likely("", [], 1))


def named(*slips: Slip) -> tuple[Slip, ...] | None:
    """The slips that are told of an answer that all of these come to."""
    outcome = (np.array(1.0), np.array(2.0))
    rows = [Compared({}, np.array(right), number, None, 0.5) for right, number in zip((3.0, 5.0), outcome, strict=True)]
    found = diagnosed(Finding("wrong_value"), [frozenset([slip]) for slip in slips], rows)
    assert found.facts.mistakes is not None
    return tuple(slip for each in found.facts.mistakes for slip in each)


def test_a_slip_is_named_only_where_few_others_fit_as_well() -> None:
    """One, or one of two; of three the answer says nothing, and the sentence is the neutral one."""
    slips = [Slip("missing_path", (("where", "da"), ("step", step))) for step in "xyz"]
    assert named(slips[0]) == (slips[0],)
    assert named(*slips[:2]) == tuple(slips[:2])
    assert named(*slips) == ()


def test_slips_that_are_told_alike_are_one() -> None:
    slips = [Slip("missing_path", (("where", "da"), ("step", "x")), (("a", end),)) for end in "xyz"]
    assert named(*slips) == (slips[0],)


def test_what_says_one_thing_twice_is_derived_once() -> None:
    """A kink's missing slope is told by its rule alone, and one next to the end not as what arrives before it, too."""
    graph = Graph((x, y), {u: x * y, v: u - 2, z: sympy.Max(0, v)})
    (found,) = Suspicion(graph, {x: AT[x], y: AT[y]}).backward("z", "y")
    factors = [dict(s.facts)["factor"] for slips in found.wrong for s in slips if s.note == "missing_factor"]
    assert factors and not any("dz" in factor for factor in factors)
    assert any(s.note == "wrong_rule" for slips in found.wrong for s in slips)


def test_code_that_formulas_leave_comes_to_what_they_are() -> None:
    sheet = CodeSheet()
    numbers = {x: sheet.noted("x"), y: sheet.noted("y")}
    formula = (sin(x * y) - 3 * x**2) / (1 + exp(-x * y)) + sympy.Max(0, x - y) ** 2 + log(x) / y
    before, (code,) = sheet.written([Formulas(numbers, sheet.arithmetic).value(formula)])
    names = {"torch": torch, **{str(s): torch.tensor(AT[s][0], dtype=torch.float64) for s in (x, y)}}
    exec("\n".join(before), names)
    assert float(eval(code, names)) == pytest.approx(float(formula.subs({x: AT[x][0], y: AT[y][0]})), rel=1e-12)
    assert "\n".join([*before, code]).count("(x * y)") == 1


@pytest.mark.parametrize(("code", "value"), [("(-2) ** x", 4.0), ("(x ** (-2))", 0.25)])
def test_a_power_in_code_is_taken_of_all_of_a_negative_number(code: str, value: float) -> None:
    sheet = CodeSheet()
    number = sheet.noted("x")
    _, (written,) = sheet.written([(-2) ** number if value == 4 else number**-2])
    assert written.strip("()") == code.strip("()")
    assert eval(written, {"x": 2.0}) == value
