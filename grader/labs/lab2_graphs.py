"""Lab 2: small computational graphs, forwards, backwards and drawn."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

from sympy import Abs, And, Max, Rational, cos, diff, exp, log, sin, symbols, tanh

from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck
from grader.oracle.demands import Beside
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, Variable
from grader.oracle.problem import Problem, keyed
from grader.oracle.structure import BY_AUTOGRAD, BY_HAND, DrawingCheck
from grader.oracle.variants import Family, Worked, at, drawn
from grader.protocol.messages import CallMode

a, b, c, d, e, f, s, u, v, w, x, y, z = symbols("a b c d e f s u v w x y z", real=True)


def problem(graph: Graph, domain: Domain, output: Variable) -> Problem:
    """A function of all the graph's inputs, in order, and the gradient of its output."""
    return Problem(graph, domain, tuple(i.name for i in graph.inputs), output)


def forward(backward: Problem) -> Problem:
    """The function alone."""
    return replace(backward, output=None)


def by_hand(problem: Problem, returns: Any, given: tuple[str, Any]) -> tuple[Check, ...]:
    """A gradient that a function works out itself: of the formula, or of the notebook's own function for it."""
    return BY_HAND, ValueCheck(problem, returns, CallMode.INFERENCE, given=given)


def neuron(problem: Problem, function: str) -> tuple[Check, ...]:
    """The gradient of a neuron, by hand."""
    return by_hand(problem, ("da_dw", "da_db"), (function, keyed("u", "v", "a")))


@dataclass(frozen=True)
class GraphNumbers:
    """The numbers of the exercises: coefficients, and the points of the worked figures."""

    x_a: int = drawn(2, range(2, 10))
    x_b: int = drawn(3, range(2, 10))
    y_a: int = drawn(5, range(2, 10))
    y_b: int = drawn(3, range(2, 10))
    z_x: int = drawn(2, range(2, 10))
    z_y: int = drawn(3, range(2, 10))
    path_at: tuple[int, int] = drawn((1, 1), product((1, 2), repeat=2))
    relu_at: tuple[int, int, int] = drawn((1, 1, 1), product((1, 2, 3), repeat=3))
    sigmoid_at: tuple[int, int, int] = drawn((1, 1, 1), product((1, 2), (1, 2), (-2, 1)))
    square: int = drawn(1, range(1, 4))
    straight: int = drawn(2, range(1, 5))
    sine: int = drawn(1, range(1, 4))
    exponential_at: int = drawn(1, (1, -1))
    polynomial: tuple[int, ...] = drawn((3, 6, 7, 3, 8), product(range(3, 10), repeat=5))
    polynomial_at: int = drawn(2, (1, 2))
    double: int = drawn(2, range(2, 5))
    tanh_log_at: tuple[int, int, int] = drawn((1, 1, 1), product((1,), (1, 2), (1,)))
    above_x: int = drawn(1, range(1, 6))
    above_y: int = drawn(1, range(1, 6))


@cache
def path(n: GraphNumbers) -> Problem:
    """Exercise 1, ending in z."""
    graph = Graph((a, b), {x: n.x_a * a + n.x_b * b, y: n.y_a * a**2 + n.y_b * b**3, z: n.z_x * x + n.z_y * y})
    # What a sum's terms nearly cancel to has a relative error that is not the student's doing.
    slope = n.z_x * n.x_a + 2 * n.z_y * n.y_a * a
    return problem(graph, Domain(where=(*(Abs(v) > Rational(1, 8) for v in (x, y, z)), Abs(slope) > 1)), z)


relu = problem(
    Graph((w, x, b), {u: w * x, v: u + b, a: Max(0, v)}),
    # Both sides of the kink for the same signs of w, x, u and b, which then cannot tell where v is; u - b on either.
    Domain(
        where=(Abs(v) > 0.25, Abs(u) > 0.25),
        cases=(
            *(And(w * i > 0, x * j > 0, b * i * j < 0, v * k > 0) for i, j, k in product((1, -1), repeat=3)),
            *(And(u * i > 0, (b - u) * i > 0) for i in (1, -1)),
        ),
    ),
    a,
)
sigmoid = problem(
    Graph((w, x, b), {u: w * x, v: u + b, a: 1 / (1 + exp(-v))}), Domain(where=(Abs(v) < 3, Abs(v) > 0.125)), a
)


@cache
def bell(n: GraphNumbers) -> Problem:
    """Exercise 4."""
    graph = Graph((x,), {f: exp(-n.square * x**2 - n.straight * x - n.sine * sin(x))})
    inner = 2 * n.square * x + n.straight + n.sine * cos(x)
    return problem(graph, Domain({"x": (-2.5, 1.5)}, where=(Abs(inner) > 0.5,)), f)


@cache
def quartic(n: GraphNumbers) -> Problem:
    """Exercise 5."""
    value = sum(c * x**power for power, c in enumerate(n.polynomial))
    return problem(Graph((x,), {f: value}), Domain(where=(Abs(diff(value, x)) > 2,)), f)


@cache
def chain(n: GraphNumbers) -> Problem:
    """Exercise 6."""
    graph = Graph((x, y, z), {a: n.double * x, b: sin(y), c: a / b, d: c * z, e: log(d + 1), f: tanh(e)})
    domain = Domain({"y": (0.25, 2.75)}, where=(d > -0.75, d < 5, Abs(d) > 0.25, Abs(cos(y)) > 0.125))
    return problem(graph, domain, f)


@cache
def quotient(n: GraphNumbers) -> Problem:
    """Exercise 7."""
    below = log(x) + (x - y) ** 3
    graph = Graph((x, y), {f: (n.above_x * x + n.above_y * exp(y)) / below})
    return problem(graph, Domain({"x": (0.25, 3.0)}, where=(Abs(below) > 0.75,)), f)


chain_slopes = ("df_de", "df_dd", "df_dc", "df_db", "df_da", "df_dx", "df_dy", "df_dz")


NEURONS = (
    Question("relu_neuron", 1, (GradientCheck(forward(relu), keyed("u", "v", "a"), of=("a",)),)),
    Question("relu_neuron_gradient", 2, neuron(relu, "relu_neuron")),
    Question("relu_neuron_edges", 1, (DrawingCheck(relu.graph),)),
    Question("sigmoid_neuron", 1, (GradientCheck(forward(sigmoid), keyed("u", "v", "a"), of=("a",)),)),
    Question("sigmoid_neuron_gradient", 2, neuron(sigmoid, "sigmoid_neuron")),
)


def path_questions(n: GraphNumbers) -> tuple[Question, ...]:
    """Exercise 1."""
    return (
        Question("path_forward", 1, (GradientCheck(forward(path(n)), keyed("x", "y", "z"), of=("z",)),)),
        Question("path_gradient", 2, by_hand(path(n), ("dz_da", "dz_db"), ("path_forward", keyed("x", "y", "z")))),
        Question("path_edges", 1, (DrawingCheck(path(n).graph),)),
    )


def formula_questions(n: GraphNumbers) -> tuple[Question, ...]:
    """Exercises 4 and 5."""
    return (
        Question("exponential", 1, (GradientCheck(forward(bell(n)), "f", of=("f",)),)),
        Question("exponential_gradient", 2, by_hand(bell(n), "df_dx", ("exponential", "f"))),
        Question("polynomial", 1, (GradientCheck(forward(quartic(n)), "f", of=("f",)),)),
        Question("polynomial_gradient", 1, by_hand(quartic(n), "df_dx", ("polynomial", "f"))),
    )


def chain_questions(n: GraphNumbers) -> tuple[Question, ...]:
    """Exercise 6."""
    return (
        Question(
            "tanh_log",
            2,
            (
                StepsCheck(forward(chain(n)), keyed(*"abcdef"), weight=6),
                GradientCheck(forward(chain(n)), {"f": "f"}, of=("f",)),
            ),
        ),
        Question(
            "tanh_log_backward",
            4,
            (
                BY_HAND,
                StepsCheck(
                    chain(n),
                    keyed(*chain_slopes),
                    given=(("tanh_log", ("x", "y", "z"), keyed(*"abcdef")),),
                    manner=CallMode.INFERENCE,
                ),
            ),
        ),
        Question("tanh_log_edges", 1, (DrawingCheck(chain(n).graph),)),
    )


def ratio_questions(n: GraphNumbers) -> tuple[Question, ...]:
    """Exercise 7."""
    own = ("ratio", "f")
    by_autograd, later = (
        ValueCheck(quotient(n), ("df_dx", "df_dy"), manner, given=own) for manner in (CallMode.VALUE, CallMode.DERIVED)
    )
    value = GradientCheck(forward(quotient(n)), "f", of=("f",))
    return Question("ratio", 1, (value,)), Question("ratio_gradient", 1, (BY_AUTOGRAD, by_autograd, Beside(later)))


@cache
def lab(n: GraphNumbers) -> Lab:
    """The lab with these numbers."""
    questions = (*path_questions(n), *NEURONS, *formula_questions(n), *chain_questions(n), *ratio_questions(n))
    return Lab("lab2_graphs", "Computational graphs", questions)


WORKED = {
    "path": lambda n: Worked(path(n), at("ab", n.path_at), {"dz_da": 7}),
    "relu": lambda n: Worked(relu, at("wxb", n.relu_at), {"da_dw": 7}),
    "sigmoid": lambda n: Worked(sigmoid, at("wxb", n.sigmoid_at), {"v": 7, "da_dw": 7}),
    "bell": lambda n: Worked(bell(n), {"x": n.exponential_at}, {"df_dx": 10}),
    "quartic": lambda n: Worked(quartic(n), {"x": n.polynomial_at}, {"df_dx": 7}),
    "chain": lambda n: Worked(chain(n), at("xyz", n.tanh_log_at), dict.fromkeys((*"abdef", "df_dx", "df_dy"), 7)),
    "quotient": lambda n: Worked(quotient(n), {"x": 1, "y": 0}, dict.fromkeys(("f", "df_dx", "df_dy"), 7)),
}
"""The figures in the prose, by exercise."""

PHRASES = (
    "x = «x_a»a + «x_b»b",
    "y = «y_a»a^2 + «y_b»b^3",
    "z = «z_x»x + «z_y»y.$$",
    r"At $«path.at»$ the first is $\partial z/\partial a = «path.dz_da»$",
    "x = «x_a» * a + «x_b» * b",
    "y = «y_a» * a**2 + «y_b» * b**3",
    "z = «z_x» * x + «z_y» * y",
    "dz_dx, dz_dy = «z_x», «z_y»",
    "dx_da, dx_db = «x_a», «x_b»",
    "dy_da, dy_db = «2 * y_a» * a, «3 * y_b» * b**2",
    r"At $«relu.at»$ the first is $\partial a/\partial w = «relu.da_dw»$",
    r"$«sigmoid.at»$ we have $v = «sigmoid.v»$, and $\partial a/\partial w = «sigmoid.da_dw»$",
    r"e^{-«square|coefficient»x^2 - «straight|coefficient»x - «sine|coefficient»\sin x}",
    "derivative $f'(x)$. At $«bell.at»$ the",
    "derivative is $«bell.df_dx»$",
    "exp(-«square|coefficient»x^2 - «straight|coefficient»x - «sine|coefficient(' ')»sin x)",
    "torch.exp(-«square|factor»(x**2) - «straight» * x - «sine|factor»torch.sin(x))",
    "-«2 * square» * x - «straight» - «sine|factor»torch.cos(x)",
    "«c[4]»x^4 + «c[3]»x^3 + «c[2]»x^2 + «c[1]»x + «c[0]»",
    "At $«quartic.at»$ the derivative is «quartic.df_dx».",
    "«c[4]» * x**4 + «c[3]» * x**3 + «c[2]» * x**2 + «c[1]» * x + «c[0]»",
    "«4 * c[4]» * x**3 + «3 * c[3]» * x**2 + «2 * c[2]» * x + «c[1]»",
    r"a = «double»x, \quad",
    "At $«chain.at»$ they are $a = «chain.a»$,",
    "$b = «chain.b»$, $c = d = «chain.d»$, $e = «chain.e»$ and $f = «chain.f»$",
    r"$«chain.at»$ you should find $\partial f/\partial x = «chain.df_dx»$",
    r"$\partial f/\partial y = «chain.df_dy»$",
    "a = «double» * x",
    "df_dx = df_da * «double»",
    r"\frac{«above_x|coefficient»x + «above_y|coefficient»e^y}{\ln x",
    "At $«quotient.at»$ it is «quotient.f».",
    "they are $«quotient.df_dx»$ and $«quotient.df_dy»$",
    "(«above_x|coefficient»x + «above_y|coefficient»e^y) / (ln x",
    "(«above_x|factor»x + «above_y|factor»torch.exp(y)) / (torch.log(x)",
)
"""Where the sheet's text has these numbers."""

FAMILY = Family(
    "lab2_graphs",
    GraphNumbers,
    lab,
    WORKED,
    PHRASES,
    # A slip that puts one number for the other must show.
    sound=lambda n: n.x_a != n.x_b and n.y_a != n.y_b and n.z_x != n.z_y and len({*n.polynomial[1:]}) == 4,
    words=lambda n: {"c": n.polynomial},
)
LAB = lab(FAMILY.sheet)
