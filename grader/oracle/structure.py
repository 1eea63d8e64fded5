"""Checks that draw no numbers from a graph: its drawing, random results, and what the code may use.

Knows the edges of a graph, the generator behind a seed, and lists of method names. Refuses to know
gradients and tolerances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grader.judge.model import Conditions, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import DrawingTruth, RandomTruth, RuleTruth, SeededTruth
from grader.oracle.graph import Graph
from grader.protocol.messages import Ask, Device

AUTOGRAD = frozenset(
    """
    backward autograd grad requires_grad_ enable_grad retain_grad func functorch jacrev jacfwd hessian vjp jvp
    grad_fn next_functions run_backward
    jacobian gradient gradcheck sympy mpmath jax numdifftools approx_fprime derivative lambdify Symbol symbols diff
    imag real angle complex cmath polar view_as_complex view_as_real
    polyder chebder legder lagder hermder hermeder deriv
    """.split()
)
"""Names that differentiate for the student: autograd, computer algebra, and steps into the complex plane."""

EVASION = frozenset(
    """
    eval exec compile __import__ importlib getattr globals vars ctypes inspect attrgetter methodcaller __dict__
    threading _thread concurrent multiprocessing asyncio DisableTorchFunction overrides _pop_torch_function_stack
    _getframe tb_frame f_back gc get_ipython __getattribute__ __builtins__ __globals__ pickle pydoc pkgutil
    """.split()
)
"""Names that hide what a function calls from a reader of its source, or from one who listens to its thread."""

READY_MADE = frozenset(
    """
    nn optim mse_loss cross_entropy nll_loss binary_cross_entropy Linear linear MSELoss CrossEntropyLoss
    SGD Adam lstsq
    """.split()
)
"""Models, losses and optimisers that lab 3 writes from scratch."""


@dataclass(frozen=True)
class RuleCheck:
    """What the code of a question may not use, or must use. Earns nothing; breaking it forfeits the question."""

    rules: RuleTruth

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """Nothing to ask: the source and the traced calls of the other checks say it."""
        return PreparedCheck(Asks(), self.rules, weight=0.0)


BY_HAND = RuleCheck(
    RuleTruth(
        forbidden=AUTOGRAD | EVASION,
        why="this gradient is to be worked out by hand: no autograd, no computer algebra, no finite differences",
    )
)
BY_AUTOGRAD = RuleCheck(
    RuleTruth(
        required=frozenset({"Tensor.backward", "autograd.grad", "autograd.backward"}),
        why="here autograd is to find the gradient, not a formula or a difference",
    )
)
FROM_SCRATCH = RuleCheck(
    RuleTruth(
        forbidden=READY_MADE | EVASION,
        why="this is to be written from scratch: no torch.nn, no torch.optim, no ready-made loss",
    )
)


def without(*names: str) -> RuleCheck:
    """A rule against some ready-made functions, by name."""
    return RuleCheck(
        RuleTruth(
            forbidden=frozenset(names) | EVASION,
            why=f"the exercise asks for it without {' or '.join('torch.' + n for n in names[:1])}",
        )
    )


@dataclass(frozen=True, eq=False)
class DrawingCheck:
    """The graph drawn as a list of (from, to)."""

    graph: Graph
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """One call."""
        return PreparedCheck(Asks(Ask(name, (), 1)), DrawingTruth(self.graph.edges), self.weight)


@dataclass(frozen=True, eq=False)
class RandomCheck:
    """Uniform random results: shapes by path, called twice; `on_device` passes the device under test."""

    shapes: Mapping[str, tuple[int, ...]]
    on_device: bool = False
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """Two calls."""
        arguments = (Device(),) if self.on_device else ()
        ask = Ask(name, arguments, 1, rounds=2)
        return PreparedCheck(Asks(ask), RandomTruth(self.shapes, 0.0, 1.0, conditions.device), self.weight)


def seeded_uniform(seed: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The first numbers of `torch.manual_seed(seed); torch.rand(count)` on a CPU, float32 values, (count,).

    torch's CPU generator is the 32-bit Mersenne Twister (Matsumoto and Nishimura 1998), seeded as NumPy's
    legacy generator is; a float32 uniform is the low 24 bits over 2^24.
    """
    words = np.random.RandomState(seed).randint(0, 2**32, size=count, dtype=np.uint32)
    return (words & 0xFFFFFF).astype(np.float64) / 2**24


@dataclass(frozen=True, eq=False)
class SeededCheck:
    """`seeded_squeeze`: the numbers behind a seed, drawn twice."""

    seed: int
    shape: tuple[int, ...]
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """Two calls. On CUDA the generator is another, so there only shape and repetition are judged."""
        count = int(np.prod(self.shape))
        expected = seeded_uniform(self.seed, count).reshape(self.shape)
        truth = SeededTruth(expected if conditions.device == "cpu" else None, self.shape)
        return PreparedCheck(Asks(Ask(name, (), 1, rounds=2)), truth, self.weight)
