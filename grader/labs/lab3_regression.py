"""Lab 3: least squares by gradient descent, and a softmax classifier."""

import numpy as np
from sympy import Array, Eq, Symbol, exp, log

from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import Differentiable
from grader.oracle.descent import Descent, InPlaceUpdate, LeastSquares
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, array, entries
from grader.oracle.setting import Setting
from grader.oracle.structure import BY_AUTOGRAD, FROM_SCRATCH

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
prediction, loss = array("prediction", 4, 1), Symbol("loss", real=True)


def prediction_check(bias: Array | None) -> Check:
    """`predict`, with or without bias."""
    inputs = (x, w) if bias is None else (x, w, bias)
    graph = Graph(inputs, {prediction: affine(x, w, bias)})
    arguments = ("x", "w", None if bias is None else "b")
    return Differentiable(Setting(graph, NORMAL, arguments), "prediction", of=("prediction",), wrt=("w", "b"))


def training(bias: Array | None, epochs: int) -> Check:
    """`train`, with or without bias."""
    inputs = (x, y, w) if bias is None else (x, y, w, bias)
    error = mean_square(entries(prediction - y))
    graph = Graph(inputs, {prediction: affine(x, w, bias), loss: error})
    arguments = ("x", "y", "w", None if bias is None else "b")
    return Descent(Setting(graph, NORMAL, arguments), loss, epochs, rate=0.0625)


error = Graph((prediction, y), {loss: mean_square(entries(prediction - y))})

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

shares, labels = array("probabilities", 2, 3), np.array([2, 0])
likelihood = Graph((shares,), {loss: -sum(log(shares[i, int(k)]) for i, k in enumerate(labels)) / 2})
simplex = Domain(default=(0.125, 0.75), where=tuple(Eq(sum(shares[i, j] for j in range(3)), 1) for i in range(2)))

LAB = Lab(
    "lab3_regression",
    "Regression and a linear classifier",
    (
        Question("predict", 2, (FROM_SCRATCH, prediction_check(b), prediction_check(None))),
        Question(
            "mean_squared_error",
            2,
            (
                FROM_SCRATCH,
                Differentiable(
                    Setting(error, NORMAL, ("prediction", "y")),
                    "loss",
                    of=("loss",),
                    wrt=("prediction",),
                ),
            ),
        ),
        Question("gradient_step", 2, (FROM_SCRATCH, InPlaceUpdate(((1, 2), (1,)), rate=0.125))),
        Question("train", 4, (FROM_SCRATCH, BY_AUTOGRAD, training(b, 5), training(None, 4))),
        Question("quadratic_fit", 2, (LeastSquares(X, Y, (1, 2), with_bias=True),)),
        Question("linear_fit", 2, (LeastSquares(X, Y, (1,), with_bias=True),)),
        Question("proportional_fit", 2, (LeastSquares(X, Y, (1,), with_bias=False),)),
        Question(
            "class_probabilities",
            2,
            (
                FROM_SCRATCH,
                Differentiable(
                    Setting(softmax, NORMAL, ("x", "w", "b")),
                    "probabilities",
                    of=("probabilities",),
                    wrt=("w", "b"),
                ),
            ),
        ),
        Question(
            "cross_entropy",
            2,
            (
                FROM_SCRATCH,
                Differentiable(Setting(likelihood, simplex, ("probabilities", labels)), "loss", of=("loss",)),
            ),
        ),
    ),
)
