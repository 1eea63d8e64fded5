"""Lab 4: functions that are right over the whole range of a floating-point type."""

from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from sympy import Abs, Array, Expr, Symbol, exp, log, sin, symbols

from grader.judge import facts
from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import Setting, Value
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, array, entries
from grader.oracle.stability import Stable
from grader.oracle.structure import without

type_of_sample = Callable[[Random], Mapping[str, facts.Array]]

x, y, z, t = symbols("x y z t", real=True)
vector = array("x", 3)
probabilities = array("result", 3)
five, variance, mean = array("x", 5), Symbol("variance", real=True), Symbol("mean", real=True)

POINTS = 160
TAILS = (30.0, 88.0, 89.0, 104.0, 300.0, 709.0, 745.0, 1e4, 1e30)
"""Where exp leaves float32 (88.7 and -103.3) and float64 (709.8 and -744.4), and far beyond."""


def spread(random: Random) -> float:
    """A number of any size: moderate, near zero, or at a tail, of either sign."""
    size = random.choice(
        (random.uniform(0, 4), 10 ** random.uniform(-9, 0), random.uniform(4, 40), random.choice(TAILS))
    )
    return random.choice((-1, 1)) * size


def numbers(random: Random) -> dict[str, facts.Array]:
    """x alone, with 0 among them."""
    return {"x": np.array([0.0, *(spread(random) for _ in range(POINTS - 1))])}


def pairs(random: Random) -> dict[str, facts.Array]:
    """x and y: a difference of any size on a base of any size, equal ones among them."""
    base = np.array([random.choice((0.0, 0.0, spread(random))) for _ in range(POINTS)])
    return {"x": base, "y": base + np.array([0.0, *(spread(random) for _ in range(POINTS - 1))])}


def triples(random: Random) -> dict[str, facts.Array]:
    """Three numbers: a common base, and distances of any size."""
    rows = []
    for _ in range(POINTS):
        base = random.choice((0.0, spread(random)))
        rows.append([base + random.choice((0.0, spread(random))) for _ in range(3)])
    return {"x": np.array(rows)}


def decisions(random: Random) -> dict[str, facts.Array]:
    """A logit and a target, 0 or 1."""
    return {**numbers(random), "t": np.array([float(random.randrange(2)) for _ in range(POINTS)])}


def measurements(random: Random) -> dict[str, facts.Array]:
    """Five numbers with a mean of up to a million times their spread."""
    rows = []
    for _ in range(POINTS):
        size = 10 ** random.uniform(-2, 2)
        centre = random.choice((-1, 1)) * size * 10 ** random.uniform(0, 6)
        rows.append([centre + size * random.uniform(-2, 2) for _ in range(5)])
    return {"x": np.array(rows)}


def swept(graph: Graph, sample: type_of_sample, arguments: tuple[str, ...] = ("x",)) -> tuple[Check, ...]:
    """Value and gradient in the first argument, in float32 and float64."""
    output = list(graph.steps)[-1]
    return tuple(
        Stable(graph, output, arguments, sample, dtype, wrt)
        for dtype in ("float64", "float32")
        for wrt in (None, "x")
    )


def slopes(expression: Expr) -> Check:
    """`gradients` of one function, asked twice on the same tensors."""
    function = facts.Function(("x", "y"), str(expression))
    graph = Graph((x, y), {z: expression})
    domain = Domain(where=(Abs(x) > 0, Abs(y) > 0))
    return Value(Setting(graph, domain, (function, "x", "y"), z), ("dz_dx", "dz_dy"), rounds=2)


log_exp = Graph((x, y), {z: -log(exp(x) / (exp(x) + exp(y)))})
softplus = Graph((x, y), {z: log(1 + exp(y - x))})
logsumexp = Graph((vector,), {z: log(sum(exp(e) for e in entries(vector)))})
softmax = Graph(
    (vector,),
    {probabilities: Array([1 / sum(exp(other - e) for other in entries(vector)) for e in entries(vector)])},
)
sigmoid = Graph((x,), {z: 1 / (1 + exp(-x))})
bce = Graph((x, t), {z: t * log(1 + exp(-x)) + (1 - t) * log(1 + exp(x))})
spread_of = Graph(
    (five,),
    {mean: sum(entries(five)) / 5, variance: sum((e - mean) ** 2 for e in entries(five)) / 5},
)

LAB = Lab(
    "lab4_stability",
    "Numerical precision",
    (
        Question(
            "log_exp",
            1,
            (Value(Setting(log_exp, Domain(where=(Abs(x - y) < 4,)), ("x", "y")), "z"),),
        ),
        Question("gradients", 2, (slopes(x**2 * y + sin(y)), slopes(exp(x / 2) / (1 + y**2) - x * y))),
        Question("stable_log_exp", 5, swept(softplus, pairs, ("x", "y"))),
        Question(
            "stable_logsumexp", 3, (without("logsumexp", "logaddexp"), *swept(logsumexp, triples))
        ),
        Question(
            "stable_softmax", 3, (without("softmax", "log_softmax"), *swept(softmax, triples))
        ),
        Question(
            "stable_sigmoid", 3, (without("sigmoid", "expit", "logsigmoid"), *swept(sigmoid, numbers))
        ),
        Question("stable_bce", 3, swept(bce, decisions, ("x", "t"))),
        Question(
            "stable_variance",
            2,
            # One rounding of the mean, relative to the spread, is 1e6 * 2^-24; its square enters the
            # two-pass variance as 0.4 %, 30 000 ulp. The one-pass formula is wrong in every digit.
            (Stable(spread_of, variance, ("x",), measurements, "float32", limit=2.0**16),),
        ),
    ),
)
