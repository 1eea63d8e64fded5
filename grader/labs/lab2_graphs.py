"""Lab 2: small computational graphs, forwards, backwards and drawn."""

from typing import Any

from sympy import Abs, Max, cos, exp, log, sin, symbols, tanh

from grader.judge.facts import Manner
from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import Differentiable, StepByStep, Value
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, Variable
from grader.oracle.setting import Setting, keyed
from grader.oracle.structure import BY_AUTOGRAD, BY_HAND, Edges

a, b, c, d, e, f, s, u, v, w, x, y, z = symbols("a b c d e f s u v w x y z", real=True)


def by_hand(setting: Setting, returns: Any) -> tuple[Check, ...]:
    """A gradient that the function works out itself."""
    return BY_HAND, Value(setting, returns, Manner.INFERENCE)


def setting(graph: Graph, domain: Domain, output: Variable | None = None) -> Setting:
    """A function of all the graph's inputs, in order."""
    return Setting(graph, domain, tuple(i.name for i in graph.inputs), output)


path = Graph((a, b), {x: 2 * a + 3 * b, y: 5 * a**2 + 3 * b**3, z: 2 * x + 3 * y})
path_domain = Domain(where=(Abs(a) > 0, Abs(b) > 0))

relu = Graph((w, x, b), {u: w * x, v: u + b, a: Max(0, v)})
# Both sides of the kink, and on each side both signs of u: the kink is at v = 0, not at u = 0.
relu_domain = Domain(
    where=(Abs(v) > 0.25, Abs(u) > 0.25, Abs(x) > 0, Abs(w) > 0),
    cases=((v > 0) & (u < 0), (v < 0) & (u > 0), v > 0, v < 0),
)

sigmoid = Graph((w, x, b), {u: w * x, v: u + b, a: 1 / (1 + exp(-v))})
sigmoid_domain = Domain(where=(Abs(v) < 3, Abs(v) > 0, Abs(x) > 0))

bell = Graph((x,), {f: exp(-(x**2) - 2 * x - sin(x))})
bell_domain = Domain({"x": (-2.5, 1.5)}, where=(Abs(2 * x + 2 + cos(x)) > 0.5,))

quartic = Graph((x,), {f: 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3})
quartic_domain = Domain(where=(Abs(32 * x**3 + 9 * x**2 + 14 * x + 6) > 2, Abs(x) > 0))

chain = Graph(
    (x, y, z),
    {a: 2 * x, b: sin(y), c: a / b, d: c * z, e: log(d + 1), f: tanh(e)},
)
chain_domain = Domain(
    {"y": (0.25, 2.75)},
    where=(d > -0.75, d < 5, Abs(d) > 0.25, Abs(cos(y)) > 0.125, Abs(x) > 0, Abs(z) > 0),
)

quotient = Graph((x, y), {f: (x + exp(y)) / (log(x) + (x - y) ** 3)})
quotient_domain = Domain({"x": (0.25, 3.0)}, where=(Abs(log(x) + (x - y) ** 3) > 0.75,))

chain_slopes = ("df_de", "df_dd", "df_dc", "df_db", "df_da", "df_dx", "df_dy", "df_dz")

LAB = Lab(
    "lab2_graphs",
    "Computational graphs",
    (
        Question(
            "path_forward",
            1,
            (Differentiable(setting(path, path_domain), keyed("x", "y", "z"), of=("z",)),),
        ),
        Question("path_gradient", 2, by_hand(setting(path, path_domain, z), ("dz_da", "dz_db"))),
        Question("path_edges", 1, (Edges(path),)),
        Question(
            "relu_neuron",
            1,
            (Differentiable(setting(relu, relu_domain), keyed("u", "v", "a"), of=("a",)),),
        ),
        Question("relu_neuron_gradient", 2, by_hand(setting(relu, relu_domain, a), ("da_dw", "da_db"))),
        Question("relu_neuron_edges", 1, (Edges(relu),)),
        Question(
            "sigmoid_neuron",
            1,
            (Differentiable(setting(sigmoid, sigmoid_domain), keyed("u", "v", "a"), of=("a",)),),
        ),
        Question(
            "sigmoid_neuron_gradient",
            2,
            by_hand(setting(sigmoid, sigmoid_domain, a), ("da_dw", "da_db")),
        ),
        Question("exponential", 1, (Differentiable(setting(bell, bell_domain), "f", of=("f",)),)),
        Question("exponential_gradient", 2, by_hand(setting(bell, bell_domain, f), "df_dx")),
        Question("polynomial", 1, (Differentiable(setting(quartic, quartic_domain), "f", of=("f",)),)),
        Question("polynomial_gradient", 1, by_hand(setting(quartic, quartic_domain, f), "df_dx")),
        Question(
            "tanh_log",
            2,
            (
                StepByStep(setting(chain, chain_domain), keyed(*"abcdef"), weight=6),
                Differentiable(setting(chain, chain_domain), {"f": "f"}, of=("f",)),
            ),
        ),
        Question(
            "tanh_log_backward",
            4,
            (
                BY_HAND,
                StepByStep(
                    setting(chain, chain_domain, f),
                    keyed(*chain_slopes),
                    given=(("tanh_log", ("x", "y", "z"), keyed(*"abcdef")),),
                    manner=Manner.INFERENCE,
                ),
            ),
        ),
        Question("tanh_log_edges", 1, (Edges(chain),)),
        Question("ratio", 1, (Differentiable(setting(quotient, quotient_domain), "f", of=("f",)),)),
        Question(
            "ratio_gradient",
            1,
            (
                BY_AUTOGRAD,
                Value(setting(quotient, quotient_domain, f), ("df_dx", "df_dy")),
            ),
        ),
    ),
)
