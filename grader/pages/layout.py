"""Where the nodes of a graph stand and which way its edges go: in columns, from what goes in to what comes out.

Knows columns, rows and curves. Refuses to know what a node means.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeAlias

import networkx
from networkx import DiGraph

Arrow: TypeAlias = tuple[str, str]
Columns: TypeAlias = list[list[Hashable]]

SWEEPS: Final = 6
"""Times that the columns are put in order after their neighbours: a handful is enough for a few dozen nodes."""


@dataclass(frozen=True)
class Spot:
    """A column from the left, and how far down it, 0 to 1."""

    column: int
    down: float


@dataclass(frozen=True)
class Layout:
    """A spot for each node, and for each edge those that it goes through between its ends, in the edge's order."""

    spots: Mapping[str, Spot]
    ways: Mapping[Arrow, tuple[Spot, ...]]
    rows: int


@lru_cache(256)
def laid_out(nodes: tuple[str, ...], edges: tuple[Arrow, ...], flow: tuple[Arrow, ...]) -> Layout:
    """Nodes in columns that `flow` leads from left to right, where it can; the first of its edges count most.

    An edge past a column has a row of its own there, so that it passes no node.
    """
    column = _columns(nodes, flow)
    columns: Columns = [[n for n in nodes if column[n] == c] for c in range(max(column.values()) + 1)]
    beside = networkx.Graph()
    beside.add_nodes_from(nodes)
    between: dict[Arrow, list[Hashable]] = {}
    for source, target in edges:
        first, last = sorted((source, target), key=lambda name: column[name])
        steps: list[Hashable] = [(source, target, c) for c in range(column[first] + 1, column[last])]
        for step, c in zip(steps, range(column[first] + 1, column[last]), strict=True):
            columns[c].append(step)
        networkx.add_path(beside, [first, *steps, last])
        between[source, target] = steps if first == source else steps[::-1]
    spots = _in_order(columns, beside)
    return Layout(
        {name: spots[name] for name in nodes},
        {edge: tuple(spots[step] for step in steps) for edge, steps in between.items()},
        max(map(len, columns)),
    )


def _columns(nodes: Sequence[str], flow: Sequence[Arrow]) -> dict[str, int]:
    """Each node after all that lead to it, and what nothing leads to right before what it leads to."""
    graph = DiGraph()
    graph.add_nodes_from(nodes)
    for source, target in flow:
        if not networkx.has_path(graph, target, source):
            graph.add_edge(source, target)
    column = {name: c for c, names in enumerate(networkx.topological_generations(graph)) for name in names}
    for name in nodes:
        if graph.out_degree(name) and not graph.in_degree(name):
            column[name] = min(column[user] for user in graph[name]) - 1
    return column


def _in_order(columns: Columns, beside: networkx.Graph) -> dict[Hashable, Spot]:
    """Every column ordered by where the neighbours of its nodes stand, forth and back (Sugiyama's barycentres)."""
    down = {name: (i + 0.5) / len(names) for names in columns for i, name in enumerate(names)}
    for sweep in range(SWEEPS):
        there = (
            list(pairwise(range(len(columns))))
            if sweep % 2 == 0
            else [(c + 1, c) for c in range(len(columns) - 1)][::-1]
        )
        for known, c in there:
            held = {*columns[known]}
            means = {}
            for name in columns[c]:
                near = [down[other] for other in beside[name] if other in held]
                means[name] = sum(near) / len(near) if near else down[name]
            columns[c].sort(key=means.__getitem__)
            down |= {name: (i + 0.5) / len(columns[c]) for i, name in enumerate(columns[c])}
    return {name: Spot(c, down[name]) for c, names in enumerate(columns) for name in names}
