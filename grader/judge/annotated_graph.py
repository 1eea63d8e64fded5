"""Sketches: graphs on which one sees what was found, and where the trouble of a pass begins.

Knows which edges a step is worked out from. Refuses to know how a step was judged and how a graph is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from grader.judge.truth import EdgeList, StepsTruth


class EdgeStatus(StrEnum):
    """How a node or an edge of an annotated graph stands."""

    PLAIN = "plain"
    """Nothing is said of it."""
    RIGHT = "right"
    CARRIED = "carried"
    """It follows rightly from something wrong."""
    WRONG = "wrong"
    ABSENT = "absent"
    """A step that was not returned."""
    MISSING = "missing"
    """An edge that was not drawn."""
    EXTRA = "extra"
    TURNED = "turned"
    BUILT = "built"
    """A step that a call made, right or not."""
    FAILED = "failed"
    """Where a call ended with an error."""


@dataclass(frozen=True)
class AnnotatedGraph:
    """A graph that shows what was found: how each of its nodes and of its edges (from, to) stands.

    `labels` has what is written below a node, where there is more to say than its name. `slips` are the edges that are
    known to be those on which something went wrong.
    """

    caption: str
    nodes: Mapping[str, EdgeStatus]
    edges: Mapping[tuple[str, str], EdgeStatus]
    labels: Mapping[str, str] = field(default_factory=dict)
    slips: EdgeList = ()


MOST: Final = 30
"""Nodes of a graph that can still be taken in."""

BROKEN = {EdgeStatus.WRONG, EdgeStatus.ABSENT}


def annotated(
    truth: StepsTruth, standing: Mapping[str, EdgeStatus], slipped: Mapping[str, EdgeList]
) -> tuple[AnnotatedGraph, ...]:
    """The passes through the graph in which something is broken; `standing` is by key of the result.

    A step of the forward pass comes from the edges into its node; of the backward pass, from the edges out of it.
    Where it is known on which of them one has `slipped`, the others are right.
    """
    names = dict.fromkeys(name for edge in truth.edges for name in edge)
    if len(names) > MOST:
        return ()
    passes = (
        ("Forward pass: a step comes from the edges into it.", {name: name for name in names}, 1),
        ("Backward pass: the gradient in a node comes from the edges out of it.", truth.gradients, 0),
    )
    found = []
    for caption, places, end in passes:
        keys = {places[step]: key for key, step in truth.keys.items() if step in places}
        nodes = {name: standing[keys[name]] if name in keys else EdgeStatus.PLAIN for name in names}
        if BROKEN & {*nodes.values()}:
            on = {name: slipped.get(key, ()) for name, key in keys.items()}
            edges = {edge: _standing(edge, nodes[edge[end]], on.get(edge[end], ())) for edge in truth.edges}
            labels = {name: key for name, key in keys.items() if nodes[name] in BROKEN and key != name}
            slips = tuple(edge for edge in truth.edges if edge in on.get(edge[end], ()))
            found.append(AnnotatedGraph(caption, nodes, edges, labels, slips))
    return tuple(found)


def alike(edges: Iterable[tuple[str, str]], status: EdgeStatus, caption: str) -> AnnotatedGraph:
    """A graph whose nodes and edges all stand the same."""
    standing = dict.fromkeys(edges, status)
    return AnnotatedGraph(caption, dict.fromkeys((name for edge in standing for name in edge), status), standing)


def _standing(edge: tuple[str, str], step: EdgeStatus, slipped: EdgeList) -> EdgeStatus:
    """How an edge stands on which a step with this standing depends."""
    return EdgeStatus.RIGHT if slipped and edge not in slipped else step
