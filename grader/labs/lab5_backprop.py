"""Lab 5: the backward pass of a 2-2-2 network, step by step and for a batch."""

from dataclasses import dataclass, replace

from sympy import Abs, Array, Rational, Symbol, exp, symbols

from grader.judge.model import Lab, Question
from grader.oracle.checks import GradientCheck, StepsCheck, ValueCheck
from grader.oracle.demands import Beside, FormCheck
from grader.oracle.descent import trajectory
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, array, entries, name_of
from grader.oracle.problem import Problem, keyed
from grader.oracle.structure import BY_HAND, RuleCheck
from grader.oracle.variants import Family, Worked, drawn
from grader.protocol.messages import CallMode

INPUTS = tuple("x1 x2 t1 t2".split())
PARAMETERS = tuple("w1 w2 w3 w4 w5 w6 w7 w8 b_h1 b_h2 b_o1 b_o2".split())
STEPS = tuple("z_h1 z_h2 h1 h2 o1 o2 E1 E2 E".split())
SLOPES = tuple(f"dE_d{n}" for n in ("o1", "o2", "h1", "h2", "z_h1", "z_h2", *PARAMETERS))
RATE = Rational(3, 4)

a, b, c, s, x, L, total = symbols("a b c s x L total", real=True)
x1, x2, t1, t2, *parameters = symbols((*INPUTS, *PARAMETERS), real=True)
w1, w2, w3, w4, w5, w6, w7, w8, b_h1, b_h2, b_o1, b_o2 = parameters
z_h1, z_h2, h1, h2, o1, o2, E1, E2, E = symbols(STEPS, real=True)

TAILS = (x > 1, (x > 0) & (x < Rational(1, 2)), (x < 0) & (x > -Rational(1, 2)), x < -1)

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
    {
        str(RATE): "learning_rate",
        **{f"new_{p}": f"the new {p}" for p in parameters},
        **{str(-RATE * backward.variables[f"dE_d{p}"]): f"-learning_rate*dE_d{p}" for p in parameters},
    },
)

W1, b1, W2, b2 = array("W1", 2, 2), array("b1", 2), array("W2", 2, 2), array("b2", 2)


def layer(inputs: Array, weights: Array, bias: Array) -> Array:
    """Inputs (n, 2) times weightsᵀ plus bias: (n, 2)."""
    rows = range(inputs.shape[0])
    return Array([[sum(inputs[n, k] * weights[j, k] for k in range(2)) + bias[j] for j in range(2)] for n in rows])


def batch_gradients(count: int) -> ValueCheck:
    """`batch_backward` of so many examples."""
    X, T, A, H, O = (array(name, count, 2) for name in "XTAHO")  # noqa: E741, N806 -- the sheet's letters
    batch = Graph(
        (X, T, W1, b1, W2, b2),
        {
            A: layer(X, W1, b1),
            H: A.applyfunc(lambda entry: 1 / (1 + exp(-entry))),
            O: layer(H, W2, b2),
            total: sum(entry**2 for entry in entries(O - T)) / 2,
            L: total / count,
        },
        {
            "total": "the sum over the batch",
            "dL/dtotal": "the mean over the batch",
            "dtotal/dO": "dL/dO",
            "A": "X W1ᵀ + b1",
            "dL/dA": "the gradient of X W1ᵀ + b1",
            "dH/dA": "the slope of the sigmoid",
            "A and O": "both layers",
        },
    )
    problem = Problem(batch, Domain(default=(-1.5, 1.5)), tuple(map(name_of, batch.inputs)), L)
    return ValueCheck(problem, tuple(f"dL_d{name}" for name in ("W1", "b1", "W2", "b2")), CallMode.INFERENCE)


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
                StepsCheck(
                    # Both tails and both sides of 0 in every draw: a clamp or a sign does not show at each.
                    Problem(sigmoid, Domain(cases=TAILS), ("x",), s),
                    keyed(*"abcs", "ds_dc", "ds_db", "ds_da", "ds_dx"),
                    manner=CallMode.INFERENCE,
                ),
            ),
        ),
        Question(
            "forward",
            4,
            (
                StepsCheck(Problem(network, DOMAIN, ARGUMENTS), keyed(*STEPS)),
                FormCheck(Problem(network, DOMAIN, ARGUMENTS), keyed(*STEPS), followed=STEPS),
            ),
        ),
        Question(
            "backward",
            8,
            (
                BY_HAND,
                StepsCheck(
                    Problem(network, DOMAIN, ARGUMENTS, E),
                    keyed(*SLOPES),
                    given=(own_forward,),
                    manner=CallMode.INFERENCE,
                ),
            ),
        ),
        Question(
            "updated_parameters",
            2,
            (
                # Built on one's own `backward`; how that works is judged there.
                RuleCheck(replace(BY_HAND.rules, apart=frozenset({"forward", "backward"}))),
                StepsCheck(
                    Problem(updated, STEPPED, (*ARGUMENTS, float(RATE))),
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
                batch_gradients(3),
                Beside(batch_gradients(2)),
            ),
        ),
        Question(
            "network_loss",
            2,
            (
                GradientCheck(
                    Problem(network, DOMAIN, ARGUMENTS),
                    "E",
                    of=("E",),
                    wrt=PARAMETERS,
                    given=("forward", keyed("E")),
                ),
            ),
        ),
    ),
)

WEIGHTS = tuple(k / 20 for k in range(3, 13))


@dataclass(frozen=True)
class BackpropNumbers:
    """The worked points and the starting values. What is graded is asked at other numbers, and is the sheet's."""

    sigmoid_at: int = drawn(2, (-3, -2, -1, 1, 2, 3))
    x1: float = drawn(0.05, (0.05, 0.1, 0.15, 0.2))
    x2: float = drawn(0.1, (0.05, 0.1, 0.15, 0.2))
    t1: float = drawn(0.01, (0.01, 0.02, 0.03, 0.04, 0.05))
    t2: float = drawn(0.99, (0.95, 0.96, 0.97, 0.98, 0.99))
    w1: float = drawn(0.15, WEIGHTS)
    w2: float = drawn(0.2, WEIGHTS)
    w3: float = drawn(0.25, WEIGHTS)
    w4: float = drawn(0.3, WEIGHTS)
    w5: float = drawn(0.4, WEIGHTS)
    w6: float = drawn(0.45, WEIGHTS)
    w7: float = drawn(0.5, WEIGHTS)
    w8: float = drawn(0.55, WEIGHTS)
    b_h: float = drawn(0.35, (0.25, 0.3, 0.35, 0.4, 0.45))
    b_o: float = drawn(0.6, (0.5, 0.55, 0.6, 0.65, 0.7))
    rate: int = drawn(10, (8, 9, 10, 11, 12))


def start(n: BackpropNumbers) -> dict[str, float]:
    """Inputs and parameters of the network, before the first step."""
    return {name: getattr(n, name[:-1] if name.startswith("b_") else name) for name in (*INPUTS, *PARAMETERS)}


def loss_after(n: BackpropNumbers, rate: float) -> float:
    """E after one step of gradient descent from the starting values."""
    _, losses = trajectory(network, E, PARAMETERS, start(n), 2, rate)
    return float(losses[1])


WORKED = {
    "sigmoid": lambda n: Worked(Problem(sigmoid, Domain(), ("x",), s), {"x": n.sigmoid_at}, {"ds_dx": 7}),
    "network": lambda n: Worked(
        Problem(network, DOMAIN, ARGUMENTS, E), start(n), {"z_h1": 4, "h1": 7, "dE_do1": 7, "E": 2}
    ),
}

PHRASES = (
    "At $«sigmoid.at»$ the last of them, `ds_dx`, is «sigmoid.ds_dx».",
    "x1=«x1», x2=«x2», t1=«t1», t2=«t2»",
    "w1=«w1», w2=«w2», w3=«w3», w4=«w4», b_h1=«b_h», b_h2=«b_h»",
    "w5=«w5», w6=«w6», w7=«w7», w8=«w8», b_o1=«b_o», b_o2=«b_o»",
    "$z_{h1} = «network.z_h1»$ and $h_1 = «network.h1»$",
    "`dE_do1` is «network.dE_do1».",
    "a step with learning rate «rate» and look",
    "from «network.E» to about «after».",
)

FAMILY = Family(
    "lab5_backprop",
    BackpropNumbers,
    lambda n: LAB,
    WORKED,
    PHRASES,
    # The prose lets the loss grow at the first rate and fall at the second, 0.5.
    sound=lambda n: loss_after(n, 0.5) < loss_after(n, 0) < loss_after(n, n.rate) / 10,
    words=lambda n: {
        "after": round(loss_after(n, n.rate)),
        **{name: f"{value:.2f}" for name, value in vars(n).items() if isinstance(value, float)},
    },
)
