"""Lab 4: functions that are right over the whole range of a floating-point type."""

from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from sympy import Abs, Array, Expr, Max, Min, Symbol, exp, log, sin, sqrt, symbols
from sympy.codegen.cfunctions import log1p

from grader.judge import facts
from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import Differentiable, Value
from grader.oracle.domain import Domain
from grader.oracle.forms import Forms
from grader.oracle.graph import Graph, array, entries, name_of
from grader.oracle.setting import Setting
from grader.oracle.stability import Stable
from grader.oracle.structure import BY_AUTOGRAD, without

Sample = Callable[[Random], Mapping[str, facts.Array]]

x, y, z, logit, target, size = symbols("x y z logit target size", real=True)
vector = array("x", 3)
probabilities, exponents = array("result", 3), array("exponents", 3)
five, variance, mean = array("x", 5), Symbol("variance", real=True), Symbol("mean", real=True)

POINTS = 160
TAILS = (30.0, 88.0, 89.0, 104.0, 300.0, 709.0, 745.0, 10_000.0)
"""Where exp leaves float32 (88.7 and -103.3) and float64 (709.8 and -744.4), and far beyond."""
BASES = (0.0, 0.0, 1.0, -12.5, 100.0, 1000.0, -10_000.0)


def dyadic(random: Random) -> float:
    """A multiple of 1/8, moderate or at a tail: differences of such numbers are exact in float32 too."""
    size = random.choice((random.randrange(1, 32) / 8, random.randrange(32, 400) / 8, random.choice(TAILS)))
    return random.choice((-1, 1)) * size


def spread(random: Random) -> float:
    """A number of any size, either sign: dyadic, near zero, or enormous."""
    tiny = random.choice((-1, 1)) * 10 ** random.uniform(-9, 0)
    return random.choice((dyadic(random), dyadic(random), tiny, random.choice((-1e30, 1e30))))


def numbers(random: Random) -> dict[str, facts.Array]:
    """x alone; never 0, where max, abs and clamp have their kinks and good cures use them."""
    return {"x": np.array([spread(random) for _ in range(POINTS)])}


def pairs(random: Random) -> dict[str, facts.Array]:
    """x and y: any difference from 0, dyadic differences from other bases."""
    rows = []
    for base in random.choices(BASES, k=POINTS):
        rows.append((base, base + dyadic(random)) if base else (0.0, spread(random)))
    return {"x": np.array([x for x, _ in rows]), "y": np.array([y for _, y in rows])}


def triples(random: Random) -> dict[str, facts.Array]:
    """Three numbers: a common base, and dyadic distances from it, some of them 0."""
    return {
        "x": np.array(
            [
                [base + random.choice((0.0, dyadic(random), dyadic(random))) for _ in range(3)]
                for base in random.choices(BASES, k=POINTS)
            ]
        )
    }


def decisions(random: Random) -> dict[str, facts.Array]:
    """A logit and a target, 0 or 1."""
    targets = np.array([float(random.randrange(2)) for _ in range(POINTS)])
    return {"logit": numbers(random)["x"], "target": targets}


def soft_decisions(random: Random) -> dict[str, facts.Array]:
    """A logit and a target anywhere from 0 to 1."""
    targets = np.array([random.randrange(9) / 8 for _ in range(POINTS)])
    return {"logit": numbers(random)["x"], "target": targets}


def measurements(random: Random) -> dict[str, facts.Array]:
    """Five numbers with a mean of up to a million times their spread."""
    rows = []
    for _ in range(POINTS):
        size = 10 ** random.uniform(-2, 2)
        centre = random.choice((-1, 1)) * size * 10 ** random.uniform(0, 6)
        rows.append([centre + size * random.uniform(-2, 2) for _ in range(5)])
    return {"x": np.array(rows)}


def swept(
    graph: Graph,
    forms: Forms,
    side: Expr,
    samples: tuple[Sample, Sample],
    arguments: tuple[str, ...] = ("x",),
    sizes: tuple[str, str] = ("", ""),
) -> tuple[Check, ...]:
    """Values at moderate inputs, without which nothing counts; then value and gradient, swept in both dtypes.

    Moderate inputs lie on both sides of `side` = 0, where formulas in two branches meet. `samples` and `sizes` (as
    in `Stable`) are those of the value and of the gradient in the first argument.
    """
    output = next(v for v in reversed(graph.steps) if name_of(v) not in sizes)
    moderate = Setting(
        graph, Domain({"target": (0.0, 1.0)}, default=(-3.0, 3.0), cases=(side > 0, side < 0)), arguments
    )
    sweeps = (
        Stable(graph, output, arguments, sample, dtype, forms, wrt, size)
        for dtype in ("float64", "float32")
        for wrt, sample, size in zip((None, arguments[0]), samples, sizes, strict=True)
    )
    return Differentiable(moderate, name_of(output), (name_of(output),), wrt=arguments[:1], weight=0.0), *sweeps


def slopes(expression: Expr) -> Check:
    """`gradients` of one function, asked twice on the same tensors."""
    function = facts.Function(("x", "y"), str(expression))
    graph = Graph((x, y), {z: expression})
    domain = Domain(where=(Abs(x) > 0, Abs(y) > 0))
    return Value(Setting(graph, domain, (function, "x", "y"), z), ("dz_dx", "dz_dy"))


log_exp = Graph((x, y), {z: -log(exp(x) / (exp(x) + exp(y)))})
softplus = Graph((x, y), {z: log(1 + exp(y - x))})
logsumexp = Graph(
    (vector,),
    {
        z: log(sum(exp(e) for e in entries(vector))),
        # m + log(...) cannot be nearer than a rounding of m.
        size: Max(1, Abs(z), *(Abs(e) for e in entries(vector))),
    },
)
softmax = Graph(
    (vector,),
    {
        probabilities: Array([1 / sum(exp(other - e) for other in entries(vector)) for e in entries(vector)]),
        # exp(z - log(sum)) rounds an exponent; half an ulp of it is that many ulp of the result.
        exponents: Array([p * (1 - log(p) / 8) for p in entries(probabilities)]),
        # p (g - sum g p), which torch's own softmax uses, cancels down to a rounding of p.
        size: probabilities[0],
    },
)
sigmoid = Graph((x,), {z: 1 / (1 + exp(-x))})
bce = Graph((logit, target), {z: target * log(1 + exp(-logit)) + (1 - target) * log(1 + exp(logit))})


def kept_small(d: Expr) -> Expr:
    """log(1 + exp(d)) with an exponent that is never positive."""
    return Max(d, 0) + log1p(exp(-Abs(d)))


largest = Max(*entries(vector))
shifted = [exp(e - largest) for e in entries(vector)]
average = {mean: sum(entries(five)) / 5}
squares = sum((e - mean) ** 2 for e in entries(five)) / 5

softplus_forms = Forms(softplus, Graph((x, y), {z: kept_small(y - x)}), ("y \u2212 x", y - x))
logsumexp_forms = Forms(
    logsumexp, Graph((vector,), {z: largest + log(sum(shifted))}), ("the largest entry of x", largest)
)
softmax_forms = Forms(
    Graph((vector,), {probabilities: Array([exp(e) / sum(map(exp, entries(vector))) for e in entries(vector)])}),
    Graph((vector,), {probabilities: Array([e / sum(shifted) for e in shifted])}),
    ("the largest entry of x", largest),
)
sigmoid_forms = Forms(sigmoid, Graph((x,), {z: exp(Min(x, 0)) / (1 + exp(-Abs(x)))}), ("x", x))
bce_forms = Forms(
    bce,
    Graph((logit, target), {z: target * kept_small(-logit) + (1 - target) * kept_small(logit)}),
    ("the logit", logit),
)
variance_forms = Forms(
    Graph((five,), {**average, variance: sum(e**2 for e in entries(five)) / 5 - mean**2}),
    Graph((five,), {**average, variance: squares}),
    ("|mean| / spread", Abs(average[mean]) / sqrt(squares.subs(average))),
)


def variance_graph(eps: float) -> Graph:
    """The population variance, and the size in whose last place it is judged.

    That allows what the two-pass formula costs, the square of a few roundings of the mean; the factor of 4 is
    for one-pass updates of mean and spread, which are stable too.
    """
    return Graph(
        (five,),
        {
            **average,
            variance: squares,
            size: 4 * variance + mean**2 * eps,
        },
    )


def variance_sweep(dtype: str, eps: float) -> Check:
    """Variances of data with a large mean."""
    return Stable(variance_graph(eps), variance, ("x",), measurements, dtype, variance_forms, size="size")


LAB = Lab(
    "lab4_stability",
    "Numerical precision",
    (
        Question(
            "log_exp",
            1,
            (Value(Setting(log_exp, Domain(where=(Abs(x - y) < 4,)), ("x", "y")), "z"),),
        ),
        Question("gradients", 2, (BY_AUTOGRAD, slopes(x**2 * y + sin(y)), slopes(exp(x / 2) / (1 + y**2) - x * y))),
        Question("stable_log_exp", 5, swept(softplus, softplus_forms, y - x, (pairs, pairs), ("x", "y"))),
        Question(
            "stable_logsumexp",
            3,
            (
                without("logsumexp", "logaddexp"),
                *swept(logsumexp, logsumexp_forms, vector[0] - vector[1], (triples, triples), sizes=("size", "")),
            ),
        ),
        Question(
            "stable_softmax",
            3,
            (
                without("softmax", "log_softmax"),
                *swept(softmax, softmax_forms, vector[0] - vector[1], (triples, triples), sizes=("exponents", "size")),
            ),
        ),
        Question(
            "stable_sigmoid",
            3,
            (without("sigmoid", "expit", "logsigmoid"), *swept(sigmoid, sigmoid_forms, x, (numbers, numbers))),
        ),
        Question("stable_bce", 3, swept(bce, bce_forms, logit, (soft_decisions, decisions), ("logit", "target"))),
        Question(
            "stable_variance",
            2,
            (
                Value(Setting(variance_graph(0.0), Domain(default=(-8.0, 8.0)), ("x",)), "variance", weight=0.0),
                variance_sweep("float32", 2.0**-23),
                variance_sweep("float64", 2.0**-52),
            ),
        ),
    ),
)
