"""What the labs expect is proved, and a number, a coefficient or a derivative that is another is caught."""

from dataclasses import replace

import numpy as np
import pytest
import sympy
from flint import arb

from grader.authoring.proofs import proved_question
from grader.judge.model import Conditions, Question
from grader.judge.truth import GradientTruth
from grader.labs import all_labs
from grader.oracle import graph as graphs
from grader.oracle.checks import GradientCheck
from grader.oracle.claims import Claim, Provable, Proved, claim_of, prove
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph
from grader.oracle.problem import Problem

AT = Conditions("claims")
QUESTIONS = {question.name: question for lab in all_labs() for question in lab.questions}
OF_EVERY_KIND = ("path_forward", "path_gradient", "ratio", "train", "gradient_step", "linear_fit", "backward")

a, b, f = sympy.symbols("a b f", real=True)


def product() -> Graph:
    return Graph((a, b), {f: 3 * sympy.sin(a) * b})


def question_of(graph: Graph) -> Question:
    check = GradientCheck(Problem(graph, Domain(), ("a", "b")), "f", of=("f",))
    return Question("f", 1, (check,))


@pytest.mark.parametrize("name", OF_EVERY_KIND)
def test_what_a_question_expects_is_proved(name: str) -> None:
    found = proved_question(QUESTIONS[name], AT)
    assert found.claimed == found.proved + found.ties > 0
    assert found.wrong == ()


def test_every_check_with_numbers_makes_claims() -> None:
    """Draws, drawings and rules have none."""
    silent = {type(c).__name__ for q in QUESTIONS.values() for c in q.checks if not isinstance(c, Provable)}
    assert silent == {"RandomCheck", "SeededCheck", "DrawingCheck", "RuleCheck", "FormCheck"}


def test_a_coefficient_that_is_another_is_caught() -> None:
    right, other = product(), Graph((a, b), {f: (3 + sympy.Rational(1, 2**40)) * sympy.sin(a) * b})
    (check,) = question_of(right).checks
    (wrong,) = question_of(other).checks
    assert isinstance(wrong, Provable)
    prepared = check.prepare("f", AT)
    found = sum((prove(claim) for claim in wrong.claims(prepared.asks, prepared.truth)), Proved())
    assert found.wrong
    assert found.proved == 0


def test_a_derivative_that_is_wrong_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the slopes alone: the values are right."""
    usual = graphs.local_derivative

    def slipped(expression: sympy.Expr, leaf: sympy.Symbol, step: sympy.Symbol, through: str) -> sympy.Expr:
        return usual(expression, leaf, step, through).replace(
            sympy.cos, lambda v: sympy.cos(v) + sympy.Rational(1, 10**9)
        )

    assert proved_question(question_of(product()), AT).wrong == ()
    monkeypatch.setattr(graphs, "local_derivative", slipped)
    found = proved_question(question_of(product()), AT)
    assert all("df_da" in said for said in found.wrong)
    assert len(found.wrong) == found.claimed - found.proved > 0


def test_one_unit_in_the_last_place_is_caught() -> None:
    (check,) = question_of(product()).checks
    assert isinstance(check, GradientCheck)
    prepared = check.prepare("f", AT)
    assert isinstance(prepared.truth, GradientTruth)
    point = prepared.truth.values.points[0]
    claim = claim_of(check.problem.graph, point.inputs, {"f": point.expected[""]})
    assert prove(claim).wrong == ()
    nudged = replace(claim, expected={"f": np.nextafter(point.expected[""], np.inf)})
    assert prove(nudged) == Proved(1, 0, 0, 0, ("f: 1 of 1 numbers are others",))


def test_what_nothing_can_settle_is_a_tie_and_not_proved() -> None:
    near = Claim({"f": np.array(1.0)}, lambda: {"f": 1 + arb(2) ** -53 + (-(arb(10) ** 30)).exp()})
    assert prove(near) == Proved(1, 0, 0, 1)
