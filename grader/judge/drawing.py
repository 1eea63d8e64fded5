"""Judging a drawn graph: which edges are missing, extra or reversed.

Knows directed graphs (networkx). Refuses to know formulas.
"""

from __future__ import annotations

import networkx

from grader.judge.facts import Node, Other, Value
from grader.judge.model import Comparison, Evidence, Status, Verdict
from grader.judge.notes import finding
from grader.judge.truth import Drawing
from grader.judge.values import RIGHT, failed
from grader.judge.wording import described


def drawn(result: Node) -> list[tuple[str, str]] | None:
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


def arrows(edges: list[tuple[str, str]]) -> str:
    """Edges in words: a → x, b → x."""
    return ", ".join(f"{source} → {target}" for source, target in edges)


def judge_drawing(truth: Drawing, evidence: Evidence) -> Verdict:
    """A share for the edges that are there, less one for each edge that should not be."""
    seen = evidence.replies[0][0]
    assert isinstance(seen, Value)
    edges = drawn(seen.results[0])
    if edges is None:
        return failed(finding("not_edges", theirs=described(seen.results[0])))
    theirs, right = networkx.DiGraph(edges), networkx.DiGraph(truth.edges)
    reverse = right.reverse()
    reversed_ = [e for e in theirs.edges if reverse.has_edge(*e) and not right.has_edge(*e)]
    missing = [e for e in right.edges if not theirs.has_edge(*e) and (e[1], e[0]) not in reversed_]
    extra = [e for e in theirs.edges if not right.has_edge(*e) and e not in reversed_]
    if not (reversed_ or missing or extra):
        return RIGHT
    findings = ((missing, "missing"), (extra, "not in the graph"), (reversed_, "the wrong way round"))
    named = [f"{arrows(found)} {'is' if len(found) == 1 else 'are'} {what}" for found, what in findings if found]
    problem = finding("wrong_edges", what="; ".join(named))
    wrong = len(missing) + len(extra) + len(reversed_)
    score = max(0.0, 1 - wrong / right.number_of_edges()) if theirs.number_of_edges() else 0.0
    table = (Comparison("edges", "", arrows(list(theirs.edges)), arrows(list(right.edges)), False),)
    status = Status.PARTIAL if score else Status.FAIL
    return Verdict(status, problem.note, problem.message, score, comparisons=table)
