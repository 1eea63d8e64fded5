"""What is right, in the form in which a judge compares it: arrays, names and limits.

Knows expected values as arrays of the nearest float64. Refuses to know how they were derived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from grader.judge.ranges import OtherForms, Regime
from grader.protocol.conduct import Means
from grader.protocol.messages import Array

Named: TypeAlias = "Mapping[str, Array]"
EdgeList: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tolerance:
    """Errors relative to the size of what is right: `agree` passes, up to `slip` passes with a remark."""

    agree: float
    slip: float


@dataclass(frozen=True)
class Point:
    """One hidden point: `inputs` by name, for messages, and `expected` by path of the result."""

    inputs: Named
    expected: Named


@dataclass(frozen=True, order=True)
class Slip:
    """A likely mistake: its stable `note`, the `facts` that go with it, and the `edges` it is made on."""

    note: str
    facts: tuple[tuple[str, str], ...]
    edges: EdgeList = ()

    @property
    def where(self) -> str:
        """The step or the derivative it is made in; "" where that is not said."""
        return dict(self.facts).get("where", "")


Outcomes: TypeAlias = "Sequence[tuple[frozenset[Slip], tuple[Array, ...]]]"
"""Likely mistakes, one or two at a time, each with what it leads to at every point."""


def no_mistakes(path: str, own: Sequence[Named], count: int) -> Outcomes:
    """No mistake is likelier than another."""
    return ()


@dataclass(frozen=True)
class KnownSteps:
    """What is right for a function: `keys` maps paths of its result to steps, `points` has those at every point.

    Of one that makes `updates`, a step is what stands there after each of them, (rounds, *shape). `slopes` maps paths
    of its arguments to the steps that autograd's gradients through it are.
    """

    keys: Mapping[str, str]
    points: tuple[Named, ...]
    updates: bool = False
    slopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prior:
    """Other functions of the notebook, by name in the order of asking: an answer may follow rightly from their errors.

    `recipe(paths, own)` is what stands at paths of the answer at every point in terms of `own` values, those of each
    function by step at each of its points: once for each way of writing it, nothing where none follows. `slopes` maps
    paths of the answer to steps that autograd's gradients through one of the functions are.
    """

    functions: Mapping[str, KnownSteps]
    recipe: Callable[[Sequence[str], Sequence[Named]], Sequence[Sequence[Named]]]
    slopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueTruth:
    """The result at every point; `labels` names each path of the result for people.

    `kinds` is the kind of object asked for at a path (numpy, list; a tensor where nothing is said). `likely(path,
    own, count)` gives what `count` likely mistakes at once lead to, from `own` values of steps where they count.
    """

    points: tuple[Point, ...]
    labels: Mapping[str, str]
    kinds: Mapping[str, str]
    tolerance: Tolerance
    likely: Callable[[str, Sequence[Named], int], Outcomes] = no_mistakes
    prior: Prior | None = None


@dataclass(frozen=True)
class GradientTruth:
    """The result at every point, and the gradients that autograd pulls back through it.

    `gradients` are points whose `expected` maps the path of an argument to its gradient.
    """

    values: ValueTruth
    gradients: tuple[Point, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ViewTruth:
    """The result before, and after its argument was overwritten: a view follows, a copy does not.

    `dtype` is that of the argument, which the result must keep. A right one that does not keep it, or is a copy, has
    the share `kept` of its points.
    """

    before: ValueTruth
    after: ValueTruth
    dtype: str
    kept: float = 0.0


@dataclass(frozen=True)
class StepsTruth:
    """Named steps, each judged from the student's own values of the steps before it.

    `keys` maps the keys of the answer's dict to the steps' names. The recipe of `prior` gives what a step, as its path,
    is from own values of its parents; nan where it has no real value there. `likely` is as in `ValueTruth`, of a step.
    `edges` are those of the graph, and `gradients` maps steps of its backward pass to the nodes that they belong to.
    """

    points: tuple[Point, ...]
    keys: Mapping[str, str]
    prior: Prior
    parents: Mapping[str, tuple[str, ...]]
    tolerance: Tolerance
    edges: EdgeList
    gradients: Mapping[str, str]
    likely: Callable[[str, Sequence[Named], int], Outcomes] = no_mistakes


@dataclass(frozen=True)
class DrawingTruth:
    """The edges of a drawn graph."""

    edges: EdgeList


@dataclass(frozen=True)
class TrajectoryTruth:
    """Parameters and losses of gradient descent: paths "0" (w), "1" (b, where there is one), "2" (losses)."""

    values: ValueTruth


@dataclass(frozen=True)
class FitTruth:
    """A least-squares problem with its optimum: features (n, d), targets (n,), the least mean squared error."""

    features: Array
    targets: Array
    optimum: float
    excess: float
    with_bias: bool


@dataclass(frozen=True)
class SweepTruth:
    """A result, or a gradient, over a whole range, in units in the last place of `dtype`, by `regimes`.

    `inputs` and `expected` have one entry a point. `path` is that of the differentiated argument, or None for the
    value itself. `limit` is in units in the last place of the expected number, or of `sizes` where that is larger.
    """

    inputs: Named
    expected: Array
    sizes: Array
    path: str | None
    dtype: str
    limit: float
    beside: OtherForms
    regimes: tuple[Regime, ...] = ()


@dataclass(frozen=True)
class UpdateTruth:
    """Parameters after each of several updates: points' `expected` maps parameter path to (rounds, *shape)."""

    points: tuple[Point, ...]
    tolerance: Tolerance
    likely: Callable[[str, Sequence[Named], int], Outcomes] = no_mistakes


@dataclass(frozen=True)
class RandomTruth:
    """Random results: shapes by path, uniform on [`low`, `high`), no two calls alike, on `device`."""

    shapes: Mapping[str, tuple[int, ...]]
    low: float
    high: float
    device: str


@dataclass(frozen=True)
class FormTruth:
    """What parts of a result are, beside their numbers. `names` are those of all its paths.

    Of these, some are tensors that autograd can follow back to the arguments (`followed`), that have no history
    (`detached`), numbers or lists of them that are no tensors (`plain`), or integers (`whole`).
    """

    names: Mapping[str, str]
    followed: tuple[str, ...] = ()
    detached: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeededTruth:
    """A seeded draw and the same without its axes of length 1; `expected` is None where the device draws its own."""

    expected: Array | None
    shape: tuple[int, ...]


@dataclass(frozen=True)
class RuleTruth:
    """What a call may not be seen to do, and what it must: kinds of deed, with the sentence that says why.

    `ready_made` are functions and operations of libraries that it may not call, by their last name, `packages` those
    of which it may call nothing. Of what is `required` one will do. `apart` are functions of other questions, whose
    own affair it is what they do.
    """

    forbidden: frozenset[Means] = frozenset()
    required: frozenset[Means] = frozenset()
    ready_made: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    apart: frozenset[str] = frozenset()
    why: str = ""


Truth: TypeAlias = (
    "ValueTruth | GradientTruth | ViewTruth | StepsTruth | DrawingTruth | TrajectoryTruth | FitTruth | SweepTruth"
    " | UpdateTruth | RandomTruth | SeededTruth | FormTruth | RuleTruth"
)
