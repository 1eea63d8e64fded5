"""Sweeps know no luck: a way of writing a function earns what the table says, for every seed, by regime."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from stable_forms import ARGUMENTS, FORMS, QUESTIONS, Form, earns, errors_of, sweeps, worst, written
from test_precision import asked

from grader.judge.findings import Facts, Finding
from grader.judge.model import Conditions, Mark, Status
from grader.judge.ranges import OtherForms, Regime
from grader.judge.regimes import earned, standing
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.judge.truth import RuleTruth, SweepTruth
from grader.judge.verdict import judge
from grader.kernel.answers import Namespace
from grader.oracle.stability import SweepCheck
from grader.pages.sentences import message, sentence

SEEDS = int(os.environ.get("SEEDS", "3"))
"""How many draws every form is held against."""
PAGE = Path(__file__).parents[1] / "docs" / "stable-forms.md"
FUNCTIONS = tuple(ARGUMENTS)
APART = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in FUNCTIONS]
"""Each function with its own process, where there are several: what was measured once serves both tests."""


def of(function: str) -> list[Form]:
    return [form for form in FORMS if form.function == function]


@cache
def measured(function: str) -> tuple[dict[Form, set[float]], dict[tuple[str, ...], tuple[float, float]]]:
    """What each form earns over all draws; and by form and regime the least and the largest of its worst errors."""
    shares: dict[Form, set[float]] = {form: set() for form in of(function)}
    reached: dict[tuple[str, ...], tuple[float, float]] = {}
    for number in range(SEEDS):
        for form, found in shares.items():
            errors = errors_of(form, f"seed {number}")
            found.add(round(earns(form, f"seed {number}", errors), 6))
            for regime, error in worst(form, f"seed {number}", errors).items():
                least, largest = reached.get((form.code, *regime), (error, error))
                reached[form.code, *regime] = min(least, error), max(largest, error)
    return shares, reached


@pytest.mark.parametrize("function", APART)
def test_a_form_earns_what_the_table_says_for_every_seed(function: str) -> None:
    """Those that are banned earn the same for every seed, too, as far as numbers go."""
    found, _ = measured(function)
    assert {form.code: shares for form, shares in found.items() if not form.banned and shares != {form.earns}} == {}
    assert {form.code for form, shares in found.items() if form.banned and (len(shares), form.earns) != (1, 0)} == set()


@pytest.mark.parametrize("function", APART)
def test_no_form_lies_near_the_limit(function: str) -> None:
    """The largest error in a regime is below half of the limit in every draw, or above twice it in every draw."""
    (limit,) = {truth.limit for truth in sweeps(function, "seed 0")}
    _, reached = measured(function)
    right = {where: largest for where, (_, largest) in reached.items() if largest <= limit / 2}
    wrong = {where: least for where, (least, _) in reached.items() if least >= 2 * limit}
    undecided = reached.keys() - right.keys() - wrong.keys()
    print(f"{function}: right forms reach {max(right.values()):.3g} ulp, wrong ones at least {min(wrong.values()):.3g}")
    assert {where: reached[where] for where in undecided} == {}


def test_the_table_is_what_a_fair_marker_gives() -> None:
    assert len(FORMS) >= 40
    earned_by = {(form.function, form.code): form.earns for form in FORMS}
    assert 0.2 <= earned_by["stable_log_exp", "torch.log(1 + torch.exp(y - x))"] <= 0.4
    assert 0.4 <= earned_by["stable_bce", "F.binary_cross_entropy_with_logits(logit, target)"] <= 0.6
    for function in FUNCTIONS:
        first, *others = of(function)
        assert first.earns == 1, "the sheet's own way"
        assert any(form.why.startswith(("The formula as written", "The short form")) for form in others)
    assert {f.earns for f in FORMS if f.why.startswith(("The formula as written", "The short form"))} == {0}
    assert all(f.why.endswith("right everywhere.") == (f.earns == 1) for f in FORMS)


def test_what_is_banned_is_what_a_rule_forbids() -> None:
    for function in FUNCTIONS:
        trials = [c.prepare(function, Conditions("rule")).truth for c in QUESTIONS[function].checks[:1]]
        names = frozenset[str]().union(*(t.ready_made for t in trials if isinstance(t, RuleTruth)))
        for form in of(function):
            used = {part.split("(")[0] for part in form.code.replace("F.", ".").split(".")[1:]}
            assert bool(used & names) == form.banned, form.code


def test_the_page_of_forms_is_the_table() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page(), "meant so? UPDATE_GOLDEN=1; read the difference"


def page() -> str:
    """docs/stable-forms.md."""
    parts = [HEAD.format(count=len(FORMS))]
    for function in FUNCTIONS:
        points = QUESTIONS[function].points
        regimes = {regime.name: regime for truth in sweeps(function, "page") for regime in truth.regimes}
        parts.append(f"\n## `{function}({ARGUMENTS[function]})`: {points:g} points\n\n")
        shares = (f"{regime.name} {_percent(regime.share)}{' (easy)' * regime.easy}" for regime in regimes.values())
        parts.append(f"Regimes: {', '.join(shares)}.\n\n| form | earns | why |\n|---|--:|---|\n")
        parts += [f"| `{f.code}` | {_percent(f.earns)} | {f.why} |\n" for f in of(function)]
    return "".join(parts)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


HEAD = """# What the known forms of the stable functions earn

A stable function is marked by regime. Each regime has points of its own in every draw, in float32 and in float64, and
earns its share where value and gradient are both right at all of them; each dtype counts for a half. An easy regime is
one in which the formula as written is right too: alone it earns nothing. What is wrong at moderate numbers, or uses
what the sheet forbids, earns nothing at all.

These are {count} ways in which people write the functions, each with what it earns and why. They earn it for every
seed: tests hold them against 3 draws, CI against 10, and `make seeds` against 100. The table is kept in
`tests/stable_forms.toml`; this page is made from it.

`zero(x)` is `torch.zeros_like(x)`, `kept(d)` is the sheet's `maximum(d, 0) + log1p(exp(-|d|))`, `half_slope(v)` is
`maximum(v, -v)`, `centred(x)` is centred twice, `welford(x)` is updated number by number, and `F` is
`torch.nn.functional`.
"""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_regime_has_points_in_every_draw(function: str) -> None:
    for truth in sweeps(function, "seed 0"):
        assert sum(len(regime.points) for regime in truth.regimes) == len(truth.expected)
        assert min(len(regime.points) for regime in truth.regimes) >= 12
    shares = {regime.name: regime.share for truth in sweeps(function, "seed 0") for regime in truth.regimes}
    assert sum(shares.values()) == pytest.approx(1)


REGIMES = (Regime("near", 0.25, range(1), easy=True), Regime("far", 0.75, range(1, 2)))
BOTH, NEAR, FAR = (np.array(right) for right in ([True, True], [True, False], [False, True]))


def swept(dtype: str, path: str | None = None) -> SweepTruth:
    x = np.arange(2.0)
    return SweepTruth({"x": x}, x, x, path, dtype, 1.0, OtherForms("x", x, x, x), REGIMES)


def test_a_regime_earns_its_share_where_value_and_gradient_are_right() -> None:
    value, gradient = swept("float32"), swept("float32", "0")
    assert earned([(value, BOTH), (gradient, BOTH)]) == 1
    assert earned([(value, BOTH), (gradient, FAR)]) == 0.75
    assert earned([(value, NEAR), (gradient, FAR)]) == 0
    assert earned([(value, BOTH), (gradient, None)]) == 0
    assert earned([(value, FAR), (swept("float64"), BOTH)]) == 0.875


def test_what_the_formula_as_written_can_do_earns_nothing_alone() -> None:
    near = [(swept("float32"), NEAR), (swept("float64"), NEAR)]
    assert earned(near) == 0
    assert standing(near) == (("near", "easy"), ("far", "everywhere"))
    assert standing([(swept("float32"), BOTH), (swept("float64"), FAR)]) == (("near", "float64"), ("far", ""))


def test_the_message_counts_the_regimes_that_hold() -> None:
    facts = Facts(dtype="float64", what="value", regimes=(("near", ""), ("far", "float64"), ("tail", "everywhere")))
    assert sentence(Finding("unstable", facts)).endswith(
        " 1 of 3 regimes hold: near \u2713, far \u2717 in float64, tail \u2717."
    )


def test_a_half_cure_is_marked_by_regime_and_told_which() -> None:
    """From the replies to the mark."""
    mark = marked_sweeps(next(f for f in FORMS if f.code == "torch.log(1 + torch.exp(y - x))"))
    assert (mark.verdict.status, mark.score) == (Status.PARTIAL, 1.75)
    assert mark.verdict.note == "half_cure"
    assert "2 of 4 regimes hold: scores of any size \u2713, equal scores \u2713, a small loss \u2717" in message(
        mark.verdict
    )


def marked_sweeps(form: Form) -> Mark:
    """The mark for the sweeps of a form alone."""
    question = QUESTIONS[form.function]
    checks = tuple(check for check in question.checks if isinstance(check, SweepCheck))
    trials = [check.prepare(form.function, Conditions("told")) for check in checks]
    notebook = Namespace({form.function: written(form)}, "cpu", lambda _: False)
    replies = [Replies(tuple(asked(trial.asks.answer, notebook))) for trial in trials]
    return judge(replace(question, checks=checks), trials, replies, Source(()))
