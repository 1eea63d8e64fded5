"""Judging a drawn graph: which edges are missing, extra or reversed.

Knows what a difference costs, and tells it in the drawing's own names. Refuses to know formulas, and which
drawings mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import Final

import networkx
from networkx import DiGraph

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.judge.clipping import NAME, clipped, listed
from grader.judge.model import Comparison, Evidence, Remark, Verdict
from grader.judge.node_matching import Edge, Reading, StepFormulas, read
from grader.judge.notes import finding, remark
from grader.judge.truth import DrawingTruth
from grader.judge.values import RIGHT, failed
from grader.judge.wording import described
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


def arrows(edges: Iterable[Edge]) -> str:
    """Edges in words: a → x, b → x."""
    return listed([f"{clipped(source, NAME)} → {clipped(target, NAME)}" for source, target in edges], 3 * NAME)


def judge_drawing(truth: DrawingTruth, evidence: Evidence) -> Verdict:
    """A share for the edges that are there, less one for each edge that should not be."""
    seen = evidence.replies[0][0]
    assert isinstance(seen, Value)
    edges = drawn(seen.results[0])
    if edges is None:
        return failed(finding("not_edges", theirs=described(seen.results[0])))
    if len(set(edges)) > MOST:
        count = f"it has {len(set(edges))} edges, and theirs has {len(truth.edges)}"
        return failed(finding("wrong_edges", what=count))
    reading = read(StepFormulas(truth.edges), edges)
    theirs = DiGraph(edges)
    remarks = tuple(_remarks(reading, theirs))
    if not reading.wrong:
        return replace(RIGHT, remarks=remarks)
    problem = finding("wrong_edges", what=_told(reading, theirs))
    score = max(0.0, 1 - reading.wrong / len(reading.graph))
    table = (Comparison("edges", "", arrows(theirs.edges), arrows(truth.edges), False),)
    return replace(failed(problem, score, table), remarks=remarks, sketches=(_sketch(reading, theirs),))


def _told(reading: Reading, theirs: DiGraph) -> str:
    """The edges that differ, in the drawing's own names, with the nodes that an edge goes through."""

    def way(edge: Edge) -> str:
        source, target = map(reading.own, edge)
        if source == target:
            return arrows([edge])
        return " → ".join(networkx.shortest_path(theirs.subgraph({source, target, *reading.between}), source, target))

    def missing(edge: Edge) -> str:
        return arrows([(reading.own(edge[0]), reading.own(edge[1]))])

    findings = (
        ([missing(e) for e in sorted(reading.missing)], "missing"),
        ([way(e) for e in sorted(reading.extra)], "not in the graph"),
        ([way(e) for e in sorted(reading.turned)], "the wrong way round"),
    )
    return "; ".join(
        f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} {what}" for found, what in findings if found
    )


def _remarks(reading: Reading, theirs: DiGraph) -> Iterator[Remark]:
    """What is drawn otherwise and means the same."""
    together: dict[str, list[str]] = {}
    for step, into in reading.merged.items():
        together.setdefault(into, []).append(step)
    for into, steps in together.items():
        yield remark("drawn_merged", reading.own(into), steps=" and ".join([*steps, into]))
    for node, step in reading.stands.items():
        if step not in together:
            yield remark("drawn_renamed", node, step=step)
    standing = _standing(reading, theirs)
    for node in reading.between:
        if all(standing[edge] is EdgeStatus.RIGHT for edge in theirs.edges if node in edge):
            yield remark("drawn_between", node)


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
