"""Judging a drawn graph: which edges are missing, extra or reversed.

Knows what a difference costs, and tells it in the drawing's own names. Refuses to know formulas, and which
drawings mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import networkx
from networkx import DiGraph

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.judge.clipping import NAME, clipped
from grader.judge.facts import described
from grader.judge.findings import Facts, Finding, Paths, Remark
from grader.judge.model import Comparison, Evidence, Verdict
from grader.judge.node_matching import Edge, Reading, StepFormulas, read
from grader.judge.truth import DrawingTruth
from grader.judge.values import RIGHT, failed
from grader.protocol.messages import Node, Other, Value

MOST: Final = 50
"""Edges up to which a drawing is looked at; the formulas have at most eight."""


def drawn(result: Node) -> list[Edge] | None:
    """The pairs of names in a result, or None where it is something else."""
    if not isinstance(result, tuple):
        return None
    edges = []
    for pair in result:
        match pair:
            case (Other("str", source), Other("str", target)):
                edges.append((source.strip(), target.strip()))
            case _:
                return None
    return edges


def _cut(paths: Iterable[Sequence[str]]) -> Paths:
    """Edges, or ways of several, with what is long in their names cut."""
    return tuple(tuple(clipped(name, NAME) for name in path) for path in paths)


def judge_drawing(truth: DrawingTruth, evidence: Evidence) -> Verdict:
    """A share for the edges that are there, less one for each edge that should not be."""
    (seen,) = evidence.answer
    assert isinstance(seen, Value)
    edges = drawn(seen.results[0])
    if edges is None:
        return failed(Finding("not_edges", Facts(theirs=described(seen.results[0]))))
    if len(set(edges)) > MOST:
        return failed(Finding("wrong_edges", Facts(count=len(set(edges)), total=len(truth.edges))))
    reading = read(StepFormulas(truth.edges), edges)
    theirs = DiGraph(edges)
    remarks = tuple(_remarks(reading, theirs))
    if not reading.wrong:
        return replace(RIGHT, remarks=remarks)
    problem = Finding("wrong_edges", _differing(reading, theirs))
    score = max(0.0, 1 - reading.wrong / len(reading.graph))
    table = (Comparison("edges", None, _cut(theirs.edges), _cut(truth.edges), False),)
    return replace(failed(problem, score, table), remarks=remarks, sketches=(_sketch(reading, theirs),))


def _differing(reading: Reading, theirs: DiGraph) -> Facts:
    """The edges that differ, in the drawing's own names, with the nodes that an edge goes through."""

    def way(edge: Edge) -> Sequence[str]:
        source, target = map(reading.own, edge)
        if source == target:
            return edge
        inside = theirs.subgraph({source, target, *reading.between})
        found: list[str] = networkx.shortest_path(inside, source, target)
        return found

    return Facts(
        missing=_cut((reading.own(source), reading.own(target)) for source, target in sorted(reading.missing)),
        extra=_cut(map(way, sorted(reading.extra))),
        turned=_cut(map(way, sorted(reading.turned))),
    )


def _remarks(reading: Reading, theirs: DiGraph) -> Iterator[Remark]:
    """What is drawn otherwise and means the same."""
    together: dict[str, list[str]] = {}
    for step, into in reading.merged.items():
        together.setdefault(into, []).append(step)
    for into, steps in together.items():
        yield Remark("drawn_merged", clipped(reading.own(into), NAME), Facts(names=(*steps, into)))
    for node, step in reading.stands.items():
        if step not in together:
            yield Remark("drawn_renamed", clipped(node, NAME), Facts(names=(step,)))
    standing = _standing(reading, theirs)
    for node in reading.between:
        if all(standing[edge] is EdgeStatus.RIGHT for edge in theirs.edges if node in edge):
            yield Remark("drawn_between", clipped(node, NAME))


def _standing(reading: Reading, theirs: DiGraph) -> dict[Edge, EdgeStatus]:
    """How each drawn edge stands: right where any edge of the formulas goes along it."""
    back = theirs.reverse()
    found = {}
    for source, target in theirs.edges:
        along = set(product(_ends(back, reading, source), _ends(theirs, reading, target)))
        turned = EdgeStatus.TURNED if along & reading.turned else EdgeStatus.EXTRA
        found[source, target] = EdgeStatus.RIGHT if along & reading.graph else turned
    return found


def _ends(graph: DiGraph, reading: Reading, node: str) -> set[str]:
    """What a node stands for; for one in between, what the nodes stand for that it leads to."""
    ends = {node}
    if node in reading.between:
        inside = graph.subgraph(reading.between)
        ends = {end for inner in {node} | networkx.descendants(inside, node) for end in graph[inner]} - {*inside}
    return {reading.stands.get(end, end) for end in ends}


def _sketch(reading: Reading, theirs: DiGraph) -> AnnotatedGraph:
    """The drawing with its missing edges put in."""
    missing = {
        (reading.own(source), reading.own(target)): EdgeStatus.MISSING for source, target in sorted(reading.missing)
    }
    edges = {**_standing(reading, theirs), **missing}
    nodes = dict.fromkeys((name for edge in edges for name in edge), EdgeStatus.PLAIN)
    return AnnotatedGraph("Your drawing, held against the formulas.", nodes, edges)
