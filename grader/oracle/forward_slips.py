"""Gradients that come rightly from a forward pass with a slip in it.

Knows how what is in doubt on the way forward shows on the way back. Refuses to know which slips there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import sympy
from sympy import Symbol

from grader.judge.truth import Slip
from grader.oracle.alternatives import Alternatives
from grader.oracle.formulas import Arithmetic, Formulas, slip
from grader.oracle.graph import Graph, entries, name_of, shape_of
from grader.oracle.transposes import turned


def after_forward_slips(
    graph: Graph,
    known: Mapping[Symbol, Any],
    arithmetic: Arithmetic,
    slope: tuple[str, str],
    doubts: dict[Symbol, Alternatives],
    found: list[Alternatives],
) -> list[Alternatives]:
    """The entries `found` of a slope (target, node), and what they are after each slip of the steps in doubt."""
    target, name = slope
    # A slip in the target itself is none on the way to it.
    ends = entries(graph.variables[target])
    earlier = {s for symbol, one in doubts.items() if symbol not in ends for s in one.wrong}
    for end in (e for e in ends if e in doubts):
        doubts[end] = replace(doubts[end], wrong={s: v for s, v in doubts[end].wrong.items() if s in earlier})
    whole = graph.backward(graph.variables[target], "outputs")
    wanted = whole.variables[f"d{target}_d{name}"]
    steps = [(v, e) for v, e in whole.steps.items() if v not in graph.steps]
    steps = steps[: [v for v, _ in steps].index(wanted) + 1]
    used = {s for _, e in steps for entry in entries(e) for s in sympy.sympify(entry).free_symbols}
    slipped = dict.fromkeys(s for symbol, one in doubts.items() if symbol in used for s in one.wrong)
    ways = ((slips, {s: one.after(slips) for s, one in doubts.items()}) for slips in slipped)
    for slips, forward in chain(ways, _turned_round(graph, known, arithmetic)):
        numbers = {**known, **forward}
        for variable, expression in steps:
            values = Formulas(numbers, arithmetic)
            numbers.update(
                (s, values.value(sympy.sympify(e))) for s, e in zip(entries(variable), entries(expression), strict=True)
            )
        found = [
            replace(one, wrong={slips: numbers[s], **one.wrong}) for one, s in zip(found, entries(wanted), strict=True)
        ]
    return found


def _turned_round(
    graph: Graph, known: Mapping[Symbol, Any], arithmetic: Arithmetic
) -> Iterator[tuple[frozenset[Slip], dict[Symbol, Any]]]:
    """The steps after a slip that is made with every square input alike, where there are several: each is turned."""
    squares = [v for v in graph.inputs if len(shape := shape_of(v)) == 2 and shape[0] == shape[1]]
    instead = {old: new for variable in squares for old, new in turned(variable).items()}
    where = [s for s in graph.steps if not {name_of(v) for v in squares}.isdisjoint(graph.parents[name_of(s)])]
    if len(where) < 2:
        return
    numbers = dict(known)
    for variable, expression in graph.steps.items():
        formulas = [sympy.sympify(entry).xreplace(instead) for entry in entries(expression)]
        values = Formulas(numbers, arithmetic)
        numbers.update((s, values.value(formula)) for s, formula in zip(entries(variable), formulas, strict=True))
    term = f"each of {', '.join(map(name_of, squares))}"
    made = slip("transposed", " and ".join(map(name_of, where)), term=term)
    yield frozenset([made]), {s: numbers[s] for variable in graph.steps for s in entries(variable)}
