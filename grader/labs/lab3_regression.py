"""Lab 3: least squares by gradient descent, and a softmax classifier."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import permutations

import numpy as np
from sympy import Array, Rational, Symbol, exp, log

from grader.judge.model import Lab, Question
from grader.oracle.checks import GradientCheck, ValueCheck
from grader.oracle.demands import Beside, FormCheck
from grader.oracle.descent import TrajectoryCheck, trajectory
from grader.oracle.domain import Domain
from grader.oracle.fits import FitCheck
from grader.oracle.graph import Graph, array, entries
from grader.oracle.problem import Problem
from grader.oracle.structure import BY_AUTOGRAD, from_scratch
from grader.oracle.updates import UpdateCheck
from grader.oracle.variants import Family, drawn

X = tuple(
    """
    1.5420291 1.8935232 2.1603365 2.5381863 2.893443 3.838855 3.925425 4.2233696 4.235571 4.273397
    4.9332876 6.4704757 6.517571 6.87826 7.0009003 7.035741 7.278681 7.7561755 9.121138 9.728281
    """.split()
)
Y = tuple(
    """
    63.802246 80.036026 91.4903 108.28776 122.781975 161.36314 166.50816 176.16772 180.29395 179.09758
    206.21027 272.71857 272.24033 289.54745 293.8488 295.2281 306.62274 327.93243 383.16296 408.65967
    """.split()
)
NORMAL = Domain()


def affine(x: Array, w: Array, b: Array | None) -> Array:
    """x wᵀ + b: x (n, d), w (k, d), b (k,) or None; (n, k)."""
    (n, d), (k, _) = x.shape, w.shape
    return Array(
        [[sum(x[i, m] * w[j, m] for m in range(d)) + (0 if b is None else b[j]) for j in range(k)] for i in range(n)]
    )


def mean_square(errors: list[Symbol]) -> Symbol:
    """The mean of squares."""
    return sum(e**2 for e in errors) / len(errors)


x, w, b, y = array("x", 4, 2), array("w", 1, 2), array("b", 1), array("y", 4, 1)
wide, three = array("x", 4, 3), array("w", 1, 3)
prediction, loss = array("prediction", 4, 1), Symbol("loss", real=True)


def prediction_check(x: Array, w: Array, bias: Array | None, domain: Domain = NORMAL) -> GradientCheck:
    """`predict`, with or without bias."""
    inputs = (x, w) if bias is None else (x, w, bias)
    graph = Graph(inputs, {prediction: affine(x, w, bias)})
    arguments = ("x", "w", None if bias is None else "b")
    return GradientCheck(Problem(graph, domain, arguments), "prediction", of=("prediction",), wrt=("w", "b"))


def run(bias: Array | None, *more: float) -> Problem:
    """What is trained, with or without bias, with `more` arguments."""
    inputs = (x, y, w) if bias is None else (x, y, w, bias)
    error = mean_square(entries(prediction - y))
    graph = Graph(inputs, {prediction: affine(x, w, bias), loss: error})
    return Problem(graph, NORMAL, ("x", "y", "w", None if bias is None else "b", *more))


def training(bias: Array | None, epochs: int, rate: float = 0.0625) -> TrajectoryCheck:
    """`train`, with or without bias."""
    return TrajectoryCheck(run(bias), loss, epochs, rate, ("predict", "mean_squared_error", "gradient_step"))


def error_of(count: int) -> GradientCheck:
    """`mean_squared_error` of so many predictions."""
    prediction, y = array("prediction", count, 1), array("y", count, 1)
    graph = Graph((prediction, y), {loss: mean_square(entries(prediction - y))})
    return GradientCheck(Problem(graph, NORMAL, ("prediction", "y")), "loss", of=("loss",), wrt=("prediction",))


points, weights, biases = array("x", 3, 2), array("w", 3, 2), array("b", 3)
logits, probabilities = array("logits", 3, 3), array("probabilities", 3, 3)
softmax = Graph(
    (points, weights, biases),
    {
        logits: affine(points, weights, biases),
        probabilities: Array(
            [[exp(logits[i, j]) / sum(exp(logits[i, k]) for k in range(3)) for j in range(3)] for i in range(3)]
        ),
    },
)

simplex = Domain(default=(0.125, 0.75), sums={"probabilities": 1.0})


def likelihood(labels: tuple[int, ...]) -> GradientCheck:
    """`cross_entropy` at these labels of three classes."""
    shares = array("probabilities", len(labels), 3)
    graph = Graph((shares,), {loss: -sum(log(shares[i, k]) for i, k in enumerate(labels)) / len(labels)})
    problem = Problem(graph, simplex, ("probabilities", np.array(labels)), called={1: "labels"})
    return GradientCheck(problem, "loss", of=("loss",))


def unlikely(labels: tuple[int, ...], power: int) -> ValueCheck:
    """`cross_entropy` where each right class has the probability 2^-power: what is added to it, or cut off, shows."""
    small, others = 0.5**power, 0.5 ** (power + 1)
    shares = np.full((len(labels), 3), others)
    for row, label in zip(shares, labels, strict=True):
        row[label], row[label - 1] = small, 1 - small - others
    chosen = Symbol("chosen", real=True)
    graph, called = Graph((), {chosen: Rational(1, 2**power), loss: -log(chosen)}), {0: "probabilities", 1: "labels"}
    return ValueCheck(Problem(graph, simplex, (shares, np.array(labels)), called=called), "loss")


FROM_SCRATCH = from_scratch(
    "predict", "mean_squared_error", "gradient_step", "train", "class_probabilities", "cross_entropy"
)

HANDED_BACK = {"0": "w", "1": "b", "2": "losses"}

TRAINING = (
    Question(
        "predict",
        2,
        (
            FROM_SCRATCH,
            prediction_check(x, w, b),
            prediction_check(wide, three, None),
            # A bias that is 0 is there all the same, and learns.
            Beside(prediction_check(x, w, b, Domain(zeros=frozenset({"b"})))),
        ),
    ),
    Question("mean_squared_error", 2, (FROM_SCRATCH, error_of(4), Beside(error_of(3)))),
    Question(
        "gradient_step",
        2,
        (FROM_SCRATCH, UpdateCheck(((1, 2), (1,)), rate=0.125), Beside(UpdateCheck(((2,), (1, 3), (1,)), rate=0.125))),
    ),
    Question(
        "train",
        4,
        (
            FROM_SCRATCH,
            BY_AUTOGRAD,
            training(b, 5),
            training(None, 4),
            Beside(training(b, 5, 2.0**-40)),  # Epochs are run even where nothing moves any more.
            FormCheck(run(b, 3, 0.0625), HANDED_BACK, detached=("0", "1")),
            FormCheck(run(b, 3, 0.0625), HANDED_BACK, plain=("2",)),
        ),
    ),
)

CLASSIFYING = (
    Question(
        "class_probabilities",
        2,
        (
            FROM_SCRATCH,
            GradientCheck(
                Problem(softmax, NORMAL, ("x", "w", "b")), "probabilities", of=("probabilities",), wrt=("w", "b")
            ),
        ),
    ),
    Question(
        "cross_entropy",
        2,
        (FROM_SCRATCH, likelihood((2, 0)), Beside(likelihood((1, 0, 2))), Beside(unlikely((2, 1), 40))),
    ),
)


@dataclass(frozen=True)
class RegressionNumbers:
    """The data, by what is changed in the sheet's: its slope, in hundredths, and its scatter, in per cent.

    The rest are the numbers of worked figures.
    """

    tilt: int = drawn(0, range(-1200, 1801))
    scatter: int = drawn(100, range(70, 131))
    weights: tuple[int, int] = drawn((3, 4), permutations(range(2, 7), 2))
    bias: int = drawn(5, range(3, 9))
    target: int = drawn(5, range(4, 9))
    targets: tuple[int, int] = drawn((2, 4), ((1, 3), (1, 4), (2, 4), (2, 5), (2, 6), (3, 4), (3, 5), (3, 6)))
    odds: int = drawn(3, (3, 4, 7, 9))


@cache
def targets(n: RegressionNumbers) -> tuple[str, ...]:
    """The y of the data, to six decimals: slope and scatter about y = 42 x are the student's own."""
    slope, scatter = 42 + Decimal(n.tilt) / 100, Decimal(n.scatter) / 100
    exact = (slope * Decimal(x) + scatter * (Decimal(y) - 42 * Decimal(x)) for x, y in zip(X, Y, strict=True))
    return tuple(f"{y.quantize(Decimal('1e-6')).normalize():f}" for y in exact)


@cache
def fits(n: RegressionNumbers) -> dict[str, FitCheck]:
    """The three fits, by the names of the questions."""
    return {
        "quadratic_fit": FitCheck(X, targets(n), (1, 2), with_bias=True),
        "linear_fit": FitCheck(X, targets(n), (1,), with_bias=True),
        "proportional_fit": FitCheck(X, targets(n), (1,), with_bias=False),
    }


@cache
def lab(n: RegressionNumbers) -> Lab:
    """The lab with these numbers."""
    own = (Question(name, 2, (check,)) for name, check in fits(n).items())
    return Lab("lab3_regression", "Regression and a linear classifier", (*TRAINING, *own, *CLASSIFYING))


x1, w1, b1, y1 = array("x", 2, 1), array("w", 1, 1), array("b", 1), array("y", 2, 1)
fitted = array("fitted", 2, 1)
line = Graph((x1, y1, w1, b1), {fitted: affine(x1, w1, b1), loss: mean_square(entries(fitted - y1))})


def words(n: RegressionNumbers) -> dict[str, object]:
    """The data, the optima, and what the worked figures come to."""
    start = {"x": [[1], [2]], "y": [[y] for y in n.targets], "w": [[0]], "b": [0]}
    first, _ = trajectory(line, loss, ("w", "b"), start, 1, 0.1)
    _, losses = trajectory(line, loss, ("w", "b"), start, 2, 0.1)
    without, right = n.weights[0] + 2 * n.weights[1], Rational(n.odds, n.odds + 1)
    return {
        "y": targets(n),
        "optimum": {name: f"{fit.best[1]:.4f}" for name, fit in fits(n).items()},
        "slope": round(fits(n)["proportional_fit"].best[0][0]),
        "predictions": (without + n.bias, without),
        "error": Rational((n.target - 3) ** 2, 3),
        "step": {"w": f"{first['w'].item():g}", "b": f"{first['b'].item():g}"},
        "losses": (float(losses[0]), f"{losses[1]:g}"),
        "wrong": float(1 - right),
        "right": float(right),
        "surprise": f"{float(-log(right)):.7f}",
    }


PHRASES = (
    *("[" + ", ".join(f"«y[{i}]»" for i in row) + "]" for row in (range(8), range(8, 16), range(16, 20))),
    r"with $w = («weights[0]» \;\; «weights[1]»)$ and $b = «bias»$ gives «predictions[0]», "
    "and without a bias «predictions[1]».",
    "targets 1, 2, «target» it is $«error»$",
    r"$y = («targets[0]», «targets[1]»)^\top$",
    "one epoch leads to $w = «step.w»$, $b = «step.b»$ with",
    "`losses == [«losses[0]»]`, and a second epoch starts from a loss of «losses[1]».",
    "`w` (1, 2), `b` (1,) | «optimum.quadratic_fit» |",
    "`w` (1, 1), `b` (1,) | «optimum.linear_fit» |",
    "`b` is `None` | «optimum.proportional_fit» |",
    "with a slope of about «slope».",
    r"weights $0$ and $\ln «odds»$",
    "probabilities are «wrong» and «right».",
    r"$-\ln «right» = «surprise»$",
)

FAMILY = Family("lab3_regression", RegressionNumbers, lab, {}, PHRASES, words=words)
LAB = lab(FAMILY.sheet)
