"""Lab 4: functions that are right over the whole range of a floating-point type."""

from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

from sympy import Abs, Array, Expr, Max, Min, Symbol, exp, log, sin, sqrt, symbols
from sympy.codegen.cfunctions import log1p

from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import GradientCheck, ValueCheck
from grader.oracle.demands import Beside
from grader.oracle.domain import Domain
from grader.oracle.float_evaluation import Forms
from grader.oracle.graph import Graph, array, entries, name_of
from grader.oracle.lengths import logsumexp_of, softmax_of, unused, variance_of
from grader.oracle.problem import Problem
from grader.oracle.samples import Stratum
from grader.oracle.stability import SweepCheck
from grader.oracle.strata import CENTRED, ENTRIES, LOGITS, NUMBERS, ROUNDED, SCORES, SLOPED_LOGITS
from grader.oracle.structure import BY_AUTOGRAD, without
from grader.oracle.variants import Family, Worked, drawn
from grader.protocol import messages

x, y, z, loss, logit, target, size, slope = symbols("x y z L logit target size slope", real=True)
vector = array("x", 3)
probabilities, exponents = array("result", 3), array("exponents", 3)
five, variance, mean = array("x", 5), Symbol("variance", real=True), Symbol("mean", real=True)


def swept(
    graph: Graph,
    forms: Forms,
    side: Expr,
    strata: tuple[tuple[Stratum, ...], tuple[Stratum, ...]],
    arguments: tuple[str, ...] = ("x",),
    sizes: tuple[str, str] = ("", ""),
) -> tuple[Check, ...]:
    """Values at moderate inputs, without which nothing counts; then value and gradient, swept in both dtypes.

    Moderate inputs lie on both sides of `side` = 0, where formulas in two branches meet. `strata` and `sizes` (as
    in `SweepCheck`) are those of the value and of the gradient in the first argument.
    """
    output = next(v for v in reversed(graph.steps) if name_of(v) not in sizes)
    moderate = Problem(
        graph, Domain({"target": (0.0, 1.0)}, default=(-3.0, 3.0), cases=(side > 0, side < 0)), arguments
    )
    sweeps = (
        SweepCheck(graph, output, arguments, regimes, dtype, forms, wrt, size)
        for dtype in ("float64", "float32")
        for wrt, regimes, size in zip((None, arguments[0]), strata, sizes, strict=True)
    )
    name, written = name_of(output), (forms.stable,)
    return GradientCheck(moderate, name, (name,), wrt=arguments[:1], weight=0.0, written=written), *sweeps


def slopes(expression: Expr) -> Check:
    """`gradients` of one function, asked twice on the same tensors."""
    function = messages.Function(("x", "y"), str(expression))
    graph = Graph((x, y), {z: expression})
    return ValueCheck(Problem(graph, Domain(), (function, "x", "y"), z), ("dz_dx", "dz_dy"))


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
        # p (g - sum g p), which torch's own softmax uses, cancels down to a rounding of p, or of its exponent.
        size: exponents[0],
    },
)
sigmoid = Graph((x,), {z: 1 / (1 + exp(-x))})
# exp(-log(1 + exp(-x))) rounds an exponent too.
sigmoid_sizes = {size: z * (1 + Abs(x) / 8), slope: z / (1 + exp(x)) * (1 + Abs(x) / 8)}
bce = Graph((logit, target), {loss: target * log(1 + exp(-logit)) + (1 - target) * log(1 + exp(logit))})


def kept_small(d: Expr) -> Expr:
    """log(1 + exp(d)) with an exponent that is never positive."""
    return Max(d, 0) + log1p(exp(-Abs(d)))


largest = Max(*entries(vector))
shifted = [exp(e - largest) for e in entries(vector)]
average = {mean: sum(entries(five)) / 5}
centred, rest = array("centred", 5), Symbol("rest", real=True)
squares = sum((e - mean) ** 2 for e in entries(five)) / 5

softplus_forms = Forms(log_exp, Graph((x, y), {z: kept_small(y - x)}), ("y \u2212 x", y - x), half=softplus)
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
    Graph((logit, target), {loss: target * kept_small(-logit) + (1 - target) * kept_small(logit)}),
    ("the logit", logit),
)
variance_forms = Forms(
    Graph((five,), {**average, variance: sum(e**2 for e in entries(five)) / 5 - mean**2}),
    Graph(
        (five,),
        {
            **average,
            centred: Array([e - mean for e in entries(five)]),
            rest: sum(entries(centred)) / 5,
            variance: sum((e - rest) ** 2 for e in entries(centred)) / 5,
        },
    ),
    ("|mean| / spread", Abs(average[mean]) / sqrt(squares.subs(average))),
)


# An ulp of the data moves the variance by that of this size: what is centred once, or updated, is stable too.
dispersion = Graph((five,), {**average, variance: squares, size: variance + 2 * Abs(mean) * sqrt(variance)})


def variance_sweeps(dtype: str) -> tuple[Check, ...]:
    """Variances of data with a large mean, and of data in which the mean is rounded."""
    return (
        SweepCheck(dispersion, variance, ("x",), CENTRED, dtype, variance_forms, size="size"),
        SweepCheck(dispersion, variance, ("x",), ROUNDED, dtype, variance_forms),
    )


TWO_SLOPES = slopes(x**2 * y + sin(y)), slopes(exp(x / 2) / (1 + y**2) - x * y)

LAB = Lab(
    "lab4_stability",
    "Numerical precision",
    (
        Question(
            "log_exp",
            1,
            (ValueCheck(Problem(log_exp, Domain(where=(Abs(x - y) < 4,)), ("x", "y")), "z"),),
        ),
        Question("gradients", 2, (BY_AUTOGRAD, *TWO_SLOPES, Beside(unused(x**3 + 2 * x)))),
        Question("stable_log_exp", 5, swept(softplus, softplus_forms, y - x, (SCORES, SCORES), ("x", "y"))),
        Question(
            "stable_logsumexp",
            3,
            (
                without("logsumexp", "logaddexp"),
                *swept(logsumexp, logsumexp_forms, vector[0] - vector[1], (ENTRIES, ENTRIES), sizes=("size", "")),
                Beside(logsumexp_of(4)),
            ),
        ),
        Question(
            "stable_softmax",
            3,
            (
                without("softmax", "log_softmax", "softmin", "scaled_dot_product_attention"),
                *swept(softmax, softmax_forms, vector[0] - vector[1], (ENTRIES, ENTRIES), sizes=("exponents", "size")),
                Beside(softmax_of(4)),
            ),
        ),
        Question(
            "stable_sigmoid",
            3,
            (
                without("sigmoid", "expit", "logsigmoid", "log_sigmoid"),
                *swept(
                    Graph((x,), {**sigmoid.steps, **sigmoid_sizes}),
                    sigmoid_forms,
                    x,
                    (NUMBERS, NUMBERS),
                    sizes=("size", "slope"),
                ),
            ),
        ),
        Question("stable_bce", 3, swept(bce, bce_forms, logit, (LOGITS, SLOPED_LOGITS), ("logit", "target"))),
        Question(
            "stable_variance",
            2,
            (
                ValueCheck(Problem(dispersion, Domain(default=(-8.0, 8.0)), ("x",)), "variance", weight=0.0),
                *variance_sweeps("float32"),
                *variance_sweeps("float64"),
                Beside(variance_of(4)),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class StabilityNumbers:
    """The points of the worked figures. The functions have no numbers of their own: what is graded is the sheet's."""

    log_exp_at: tuple[int, int] = drawn((2, 3), (p for p in permutations(range(1, 7), 2) if abs(p[0] - p[1]) < 4))
    overflow_at: tuple[int, int] = drawn((50, 100), product(range(40, 61), range(92, 121)))
    big: int = drawn(1000, range(800, 2001, 50))
    depth: int = drawn(50, range(40, 61))
    tail: int = drawn(30, range(25, 36))


def figures(graph: Graph, places: int, **point: float) -> Worked:
    """The value and the gradients of a graph that ends in z."""
    problem = Problem(graph, Domain(), tuple(point), z)
    return Worked(problem, point, dict.fromkeys(("z", *(f"dz_d{name}" for name in point)), places))


WORKED = {
    "log_exp": lambda n: figures(log_exp, 7, x=n.log_exp_at[0], y=n.log_exp_at[1]),
    "overflow": lambda n: figures(softplus, 0, x=n.overflow_at[0], y=n.overflow_at[1]),
}


def power(value: Any, places: int) -> str:
    """A tiny number as it is written by hand: 2 times a power of 10."""
    mantissa, _, exponent = f"{float(value):.{places}e}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def words(n: StabilityNumbers) -> dict[str, object]:
    """Figures that are too small for decimals."""
    return {
        "deep": power(figures(softplus, 0, x=n.depth, y=0).values["z"], 0),
        "slope": power(figures(sigmoid, 0, x=n.tail).values["dz_dx"], 1),
    }


PHRASES = (
    "At $(«log_exp_at[0]», «log_exp_at[1]»)$ it gives «log_exp.z».",
    "For `log_exp` at $(«log_exp_at[0]», «log_exp_at[1]»)$ the gradients are $«log_exp.dz_dx»$ and $«log_exp.dz_dy»$. "
    "Then try $(«overflow_at[0]», «overflow_at[1]»)$",
    "where the truth is $«overflow.dz_dx»$ and $«overflow.dz_dy»$",
    "Take the formula apart at $(«overflow_at[0]», «overflow_at[1]»)$",
    "torch.tensor(«overflow_at[0]».0, dtype=torch.float32, requires_grad=True)",
    "torch.tensor(«overflow_at[1]».0, dtype=torch.float32, requires_grad=True)",
    "Forward, $e^{«overflow_at[1]»}$ overflows",
    "# «overflow.z». Backward,",
    "At $(«overflow_at[0]», «overflow_at[1]»)$ all is well, since $e^{«overflow.z»}$",
    "$d = «big»$ and $d = -«big»$: the value is «big» and 0",
    r"$d = -«depth»$: the value is about $«deep»$",
    "For $x = («big», «big»)$ the",
    r"$«big» + \ln 2$",
    r"$e^{-«tail»} = «slope»$ both at «tail» and at $-«tail»$",
    "For $l = «depth»$ and $t = 1$ the loss is about",
    "$«deep»$, and for $l = «big»$ and $t = 0$ it is «big»",
)

FAMILY = Family("lab4_stability", StabilityNumbers, lambda n: LAB, WORKED, PHRASES, words=words)
