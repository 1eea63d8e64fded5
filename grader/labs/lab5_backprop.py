"""Lab 5: the backward pass of a 2-2-2 network, step by step and for a batch."""

from dataclasses import replace

from sympy import Abs, Array, Rational, Symbol, exp, symbols

from grader.judge.facts import Manner
from grader.judge.model import Lab, Question
from grader.oracle.checks import Differentiable, StepByStep, Value
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, array, entries, name_of
from grader.oracle.setting import Setting, keyed
from grader.oracle.structure import BY_HAND, Uses

INPUTS = tuple("x1 x2 t1 t2".split())
PARAMETERS = tuple("w1 w2 w3 w4 w5 w6 w7 w8 b_h1 b_h2 b_o1 b_o2".split())
STEPS = tuple("z_h1 z_h2 h1 h2 o1 o2 E1 E2 E".split())
SLOPES = tuple(f"dE_d{n}" for n in ("o1", "o2", "h1", "h2", "z_h1", "z_h2", *PARAMETERS))
RATE = Rational(3, 4)

a, b, c, s, x, total = symbols("a b c s x total", real=True)
x1, x2, t1, t2, *parameters = symbols((*INPUTS, *PARAMETERS), real=True)
w1, w2, w3, w4, w5, w6, w7, w8, b_h1, b_h2, b_o1, b_o2 = parameters
z_h1, z_h2, h1, h2, o1, o2, E1, E2, E = symbols(STEPS, real=True)

sigmoid = Graph((x,), {a: -x, b: exp(a), c: 1 + b, s: 1 / c})

network = Graph(
    (x1, x2, t1, t2, *parameters),
    {
        z_h1: w1 * x1 + w2 * x2 + b_h1,
        z_h2: w3 * x1 + w4 * x2 + b_h2,
        h1: 1 / (1 + exp(-z_h1)),
        h2: 1 / (1 + exp(-z_h2)),
        o1: w5 * h1 + w6 * h2 + b_o1,
        o2: w7 * h1 + w8 * h2 + b_o2,
        E1: (o1 - t1) ** 2 / 2,
        E2: (o2 - t2) ** 2 / 2,
        E: E1 + E2,
    },
)
backward = network.backward(E)
new = {p: Symbol(f"new_{p}", real=True) for p in parameters}
updated = Graph(
    backward.inputs,
    {**backward.steps, **{new[p]: p - RATE * backward.variables[f"dE_d{p}"] for p in parameters}},
)

X, T, A, H, O = (array(name, 3, 2) for name in "XTAHO")  # noqa: E741 -- the sheet's letters
W1, b1, W2, b2 = array("W1", 2, 2), array("b1", 2), array("W2", 2, 2), array("b2", 2)


def layer(inputs: Array, weights: Array, bias: Array) -> Array:
    """Inputs (n, 2) times weightsᵀ plus bias: (n, 2)."""
    return Array([[sum(inputs[n, k] * weights[j, k] for k in range(2)) + bias[j] for j in range(2)] for n in range(3)])


batch = Graph(
    (X, T, W1, b1, W2, b2),
    {
        A: layer(X, W1, b1),
        H: A.applyfunc(lambda entry: 1 / (1 + exp(-entry))),
        O: layer(H, W2, b2),
        total: sum(entry**2 for entry in entries(O - T)) / 2,
        E: total / 3,
    },
)

ARGUMENTS = (keyed(*INPUTS), keyed(*PARAMETERS))
d1, d2 = o1 - t1, o2 - t2
DOMAIN = Domain(
    default=(-1.5, 1.5),
    # Away from differences that nearly cancel, whose relative error would not be the student's doing.
    where=tuple(
        Abs(v) > Rational(1, 8)
        for v in (z_h1, z_h2, o1, o2, d1, d2, w5 * d1 + w7 * d2, w6 * d1 + w8 * d2, *parameters[4:8])
    ),
)
STEPPED = replace(DOMAIN, where=(*DOMAIN.where, *(Abs(v) > Rational(1, 16) for v in new.values())))
own_forward = ("forward", ARGUMENTS, keyed(*STEPS))
own_backward = ("backward", ARGUMENTS, keyed(*SLOPES))

LAB = Lab(
    "lab5_backprop",
    "Backpropagation by hand",
    (
        Question(
            "sigmoid_backward",
            3,
            (
                BY_HAND,
                StepByStep(
                    Setting(sigmoid, Domain(where=(x**2 > 0,)), ("x",), s),
                    keyed(*"abcs", "ds_dc", "ds_db", "ds_da", "ds_dx"),
                    manner=Manner.INFERENCE,
                ),
            ),
        ),
        Question("forward", 4, (StepByStep(Setting(network, DOMAIN, ARGUMENTS), keyed(*STEPS)),)),
        Question(
            "backward",
            8,
            (
                BY_HAND,
                StepByStep(
                    Setting(network, DOMAIN, ARGUMENTS, E),
                    keyed(*SLOPES),
                    given=(own_forward,),
                    manner=Manner.INFERENCE,
                ),
            ),
        ),
        Question(
            "updated_parameters",
            2,
            (
                # Built on one's own `backward`; how that works is judged there.
                Uses(replace(BY_HAND.rules, apart=frozenset({"forward", "backward"}))),
                StepByStep(
                    Setting(updated, STEPPED, (*ARGUMENTS, float(RATE))),
                    {p: f"new_{p}" for p in PARAMETERS},
                    given=(own_forward, own_backward),
                ),
            ),
        ),
        Question(
            "batch_backward",
            5,
            (
                BY_HAND,
                Value(
                    Setting(batch, Domain(default=(-1.5, 1.5)), tuple(map(name_of, batch.inputs)), E),
                    tuple(f"dE_d{name}" for name in ("W1", "b1", "W2", "b2")),
                    Manner.INFERENCE,
                ),
            ),
        ),
        Question(
            "network_loss",
            2,
            (Differentiable(Setting(network, DOMAIN, ARGUMENTS), "E", of=("E",), wrt=PARAMETERS),),
        ),
    ),
)
