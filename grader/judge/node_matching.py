"""Reading a drawn graph: which of its nodes stand for which steps, and what then differs.

Knows which drawings mean the same. A name of the formulas stands for its own input or step; a step between
inputs and output may be drawn under a new name. A drawing may be coarser, with a step drawn as one node with
the only step that uses it, under the name of either or a new one, while at least half of the steps stay. Or
it may be finer, with nodes in between that have one way in or one way out. Both at once could be made to fit
what is wrong. Refuses to know what a difference costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from itertools import permutations, product
from typing import Final, TypeAlias

import networkx
from networkx import DiGraph

Edge: TypeAlias = tuple[str, str]
Stands: TypeAlias = Mapping[str, str]
"""A drawn name to the step that it stands for, where the formulas call that otherwise."""

NEW: Final = 7
LIKELY: Final = 120
CHANGES: Final = 3
"""New names up to which it is asked what they stand for; answers that are looked at; changes made to the best.
That is some milliseconds, and enough for every order of the five steps between that lab 2 has at most."""


@dataclass(frozen=True)
class StepFormulas:
    """The graph of the formulas: its edges, each step's after those of the steps before it."""

    edges: tuple[Edge, ...]

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Everything that has a formula, in order."""
        return tuple(dict.fromkeys(target for _, target in self.edges))

    @cached_property
    def names(self) -> frozenset[str]:
        """Inputs and steps."""
        return frozenset(name for edge in self.edges for name in edge)

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """The steps that other steps use, in order."""
        used = {source for source, _ in self.edges}
        return tuple(step for step in self.steps if step in used)

    @cached_property
    def user(self) -> Mapping[str, str]:
        """For each step that one other step alone uses, that step."""
        users = {s: [target for source, target in self.edges if source == s] for s in self.inner}
        return {step: found[0] for step, found in users.items() if len(found) == 1}


@dataclass(frozen=True)
class Reading:
    """A drawing as it is read, each node under the name of what it stands for.

    `merged` maps undrawn steps to the node that they are drawn within; `between` are the nodes that the
    formulas have not. `graph` is what the drawing should be without these. `missing` is not there, `turned`
    is there the wrong way round, and `extra` without being in it: (from, to), whatever lies between.
    """

    stands: Stands
    merged: Mapping[str, str]
    between: tuple[str, ...]
    graph: frozenset[Edge]
    missing: frozenset[Edge]
    turned: frozenset[Edge]
    extra: frozenset[Edge]

    @property
    def wrong(self) -> int:
        """How many edges differ."""
        return len(self.missing) + len(self.turned) + len(self.extra)

    def own(self, name: str) -> str:
        """What the drawing calls a step."""
        return next((node for node, step in self.stands.items() if step == name), name)


def strain(reading: Reading) -> tuple[bool, int, int]:
    """How far-fetched a reading is, where a drawing that can be read as right is right.

    Every difference, merged step and node in between counts one; of equals that is plainer which keeps the
    formulas' own steps.
    """
    liberties = len(reading.merged) + len(reading.between)
    return reading.wrong > 0, reading.wrong + liberties, liberties


def read(formulas: StepFormulas, drawing: Iterable[Edge]) -> Reading:
    """The least strained reading; where none is right, the least to be found from a likely one by some changes."""
    edges = frozenset(drawing)
    new = sorted({name for edge in edges for name in edge} - formulas.names)
    best = interpreted(formulas, edges, {})
    if len(new) > NEW:
        return best
    for stands in _likely(formulas, edges, new):
        if not best.wrong:
            return best
        best = min(best, interpreted(formulas, edges, stands), key=strain)
    return _improved(formulas, edges, new, best)


def _improved(formulas: StepFormulas, edges: frozenset[Edge], new: Sequence[str], best: Reading) -> Reading:
    """Reading after reading, each the best that a change of one name makes of the one before."""
    for _ in range(CHANGES):
        changed = [interpreted(formulas, edges, s) for s in _neighbours(formulas, edges, new, best.stands)]
        better = min(changed, key=strain, default=best)
        if strain(better) >= strain(best):
            break
        best = better
    return best


def _likely(formulas: StepFormulas, edges: frozenset[Edge], new: Sequence[str]) -> list[Stands]:
    """New nodes for all undrawn steps, or a step for every new node: those first that stand among the same names."""
    drawn, right = DiGraph(list(edges)), DiGraph(formulas.edges)
    steps = [step for step in formulas.inner if step not in drawn]
    apart = {}
    for node, step in product(new, steps):
        before = networkx.ancestors(drawn, node), networkx.ancestors(right, step)
        after = networkx.descendants(drawn, node), networkx.descendants(right, step)
        names = sum(len((theirs & formulas.names) ^ (known & drawn.nodes)) for theirs, known in (before, after))
        # Names say more than any count of nodes.
        apart[node, step] = 100 * names + sum(abs(len(theirs) - len(known)) for theirs, known in (before, after))
    if len(new) < len(steps):
        every = (tuple(zip(new, some, strict=True)) for some in permutations(steps, len(new)))
    else:
        every = (tuple(zip(some, steps, strict=True)) for some in permutations(new, len(steps)))
    return [dict(way) for way in nsmallest(LIKELY, every, key=lambda way: sum(apart[pair] for pair in way))]


def _neighbours(formulas: StepFormulas, edges: frozenset[Edge], new: Sequence[str], stands: Stands) -> Iterator[Stands]:
    """Readings in which one undrawn step is found at another node, or at none; two nodes may change places."""
    there = {name for edge in edges for name in edge}
    holders = {step: node for node, step in stands.items()}
    for step in formulas.inner:
        if step in there:
            continue
        for node in (*new, *_ending_in(formulas, there, step)):
            others = {n: s for n, s in stands.items() if n != node and s != step}
            if holders.get(step) == node:
                yield others
            elif node in stands and step in holders:
                yield {**others, node: step, holders[step]: stands[node]}
            else:
                yield {**others, node: step}


def _ending_in(formulas: StepFormulas, there: set[str], step: str) -> Iterator[str]:
    """Drawn steps from which undrawn ones alone lead to this one: drawn as one node, they may keep their name."""
    for first in formulas.inner:
        found = formulas.user.get(first, "")
        while found and found not in there and found != step:
            found = formulas.user.get(found, "")
        if first in there and found == step:
            yield first


def interpreted(formulas: StepFormulas, drawing: frozenset[Edge], stands: Stands) -> Reading:
    """What differs where these nodes stand for these steps, in the drawing as a coarser one or as a finer one."""
    there = {(stands.get(source, source), stands.get(target, target)) for source, target in drawing}
    right, merged = _without_merged(formulas, there)
    coarser = _compared(stands, there, right, merged, ())
    inner, between = _without_between(there, formulas.names)
    if not between:
        return coarser
    return min(coarser, _compared(stands, inner, set(formulas.edges), {}, tuple(between)), key=strain)


def _compared(
    stands: Stands, there: set[Edge], right: set[Edge], merged: Mapping[str, str], between: tuple[str, ...]
) -> Reading:
    turned = {edge for edge in there - right if edge[::-1] in right - there}
    return Reading(
        stands=stands,
        merged=merged,
        between=between,
        graph=frozenset(right),
        missing=frozenset(right - there - {edge[::-1] for edge in turned}),
        turned=frozenset(turned),
        extra=frozenset(there - right - turned),
    )


def _without_between(there: set[Edge], names: frozenset[str]) -> tuple[set[Edge], list[str]]:
    """The edges with new nodes taken out wherever one way alone leads in or out; those nodes.

    With two ways in and two out, two steps would share one number, which says more than that each uses both.
    """
    between: list[str] = []
    left = sorted({name for edge in there for name in edge} - names)
    while True:
        for node in left:
            before = [source for source, target in there if target == node]
            after = [target for source, target in there if source == node]
            if min(len(before), len(after)) == 1 and node not in before:
                break
        else:
            return there, between
        there = {edge for edge in there if node not in edge} | set(product(before, after))
        between.append(node)
        left.remove(node)


def _without_merged(formulas: StepFormulas, there: set[Edge]) -> tuple[set[Edge], dict[str, str]]:
    """The graph of the formulas with the steps taken out that are drawn within another; those steps.

    A step is so drawn when it is not there itself, and something that it uses leads to the one that uses it.
    """
    right, merged = set(formulas.edges), {}
    nodes = {name for edge in there for name in edge}
    for step, user in formulas.user.items():
        if step in nodes:
            continue
        into = user
        while into not in nodes and into in formulas.user:
            into = formulas.user[into]
        before = [source for source, target in right if target == step]
        if any((source, into) in there for source in before):
            merged[step] = into
            right = {edge for edge in right if step not in edge} | {(source, user) for source in before}
    if 2 * len(merged) > len(formulas.steps):
        return set(formulas.edges), {}
    return right, merged
