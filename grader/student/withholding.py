"""What `check` keeps to itself: whoever draws nothing is not shown the whole drawing.

Knows which facts give an answer away. Refuses to change a mark.
"""

from __future__ import annotations

from dataclasses import replace

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.judge.findings import Facts, Finding
from grader.judge.model import Mark

DRAWING = "wrong_edges"


def withheld(mark: Mark) -> Mark:
    """The same mark, told of at most one edge that is missing from a drawing."""
    verdict = mark.verdict
    if not any(finding.code == DRAWING for finding in verdict.findings):
        return mark
    findings = tuple(_with_one_edge(finding) for finding in verdict.findings)
    sketches = tuple(_with_one_edge_drawn(sketch) for sketch in verdict.sketches)
    return replace(mark, verdict=replace(verdict, findings=findings, sketches=sketches, comparisons=()))


def _with_one_edge(finding: Finding) -> Finding:
    facts: Facts = finding.facts
    if finding.code != DRAWING or len(facts.missing) < 2:
        return finding
    return replace(finding, facts=replace(facts, missing=facts.missing[:1], untold=len(facts.missing) - 1))


def _with_one_edge_drawn(sketch: AnnotatedGraph) -> AnnotatedGraph:
    missing = [edge for edge, status in sketch.edges.items() if status is EdgeStatus.MISSING]
    edges = {edge: status for edge, status in sketch.edges.items() if edge not in missing[1:]}
    named = {name for edge in edges for name in edge}
    return replace(sketch, edges=edges, nodes={name: s for name, s in sketch.nodes.items() if name in named})
