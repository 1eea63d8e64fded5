"""Checks that draw no numbers from a graph: its drawing, random results, and how an answer may be found.

Knows the edges of a graph, the generator behind a seed, and ways of finding an answer. Refuses to know
gradients and tolerances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grader.judge.model import Conditions, PreparedCheck
from grader.judge.roles import Asks
from grader.judge.truth import DrawingTruth, EdgeList, RandomTruth, RuleTruth, SeededTruth
from grader.oracle.graph import Graph
from grader.protocol.conduct import Means
from grader.protocol.messages import Ask, Device

DIFFERENTIATING = frozenset(Means) - {Means.CALL, Means.OPERATION}
"""Whatever finds a derivative for the student."""

CALLS = 64
"""Calls that tell whether random numbers are uniform, and each drawn by itself."""

LOSSES = frozenset(
    """
    mse_loss cross_entropy cross_entropy_loss nll_loss nll_loss_nd nll_loss_forward binary_cross_entropy
    binary_cross_entropy_with_logits linear lstsq linalg_lstsq
    """.split()
)
"""Ready-made losses and models, by the names of their functions and of torch's operations."""

PACKAGES = ("torch.nn.functional.", "torch.nn.modules.", "torch.optim.", "sklearn.")


@dataclass(frozen=True)
class RuleCheck:
    """How a question may be answered, or must be. Earns nothing; breaking it forfeits the question."""

    rules: RuleTruth

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """Nothing to ask: what was seen of the other checks' calls says it."""
        return PreparedCheck(Asks(), self.rules, weight=0.0)


BY_HAND = RuleCheck(
    RuleTruth(
        forbidden=DIFFERENTIATING,
        why="this gradient is to be worked out by hand: no autograd, no computer algebra, no finite differences",
    )
)
BY_AUTOGRAD = RuleCheck(
    RuleTruth(
        required=frozenset({Means.ENGINE, Means.FORWARD}),
        why="here autograd is to find the gradient, not a formula or a difference",
    )
)


def from_scratch(*others: str) -> RuleCheck:
    """A rule against ready-made models, losses and optimisers; what the `others` use costs them."""
    return RuleCheck(
        RuleTruth(
            ready_made=LOSSES,
            packages=PACKAGES,
            apart=frozenset(others),
            why="this is to be written from scratch: no torch.nn, no torch.optim, no ready-made loss",
        )
    )


def without(*names: str) -> RuleCheck:
    """A rule against some ready-made functions, by name."""
    return RuleCheck(
        RuleTruth(
            ready_made=frozenset(names),
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
        return PreparedCheck(Asks(Ask(name, (), 1)), DrawingTruth(self.drawing), self.weight)

    @property
    def drawing(self) -> EdgeList:
        """The edges of the graph."""
        return self.graph.edges


@dataclass(frozen=True, eq=False)
class RandomCheck:
    """Uniform random results: shapes by path, called many times; `on_device` passes the device under test."""

    shapes: Mapping[str, tuple[int, ...]]
    on_device: bool = False
    weight: float = 1.0

    def prepare(self, name: str, conditions: Conditions) -> PreparedCheck:
        """So many calls that what is not uniform shows."""
        arguments = (Device(),) if self.on_device else ()
        ask = Ask(name, arguments, 1, rounds=CALLS)
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
