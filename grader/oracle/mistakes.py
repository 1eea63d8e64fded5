"""The likely mistakes of a graph: one slip at a time, carried along the edges to what it leads to.

Knows forward and backward passes whose steps are in doubt. Refuses to know students' answers, and to list
mistakes by hand: whatever a graph's formulas invite is derived from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
from sympy import Expr, Heaviside, Symbol

from grader.judge.truth import EdgeList, Slip
from grader.oracle.alternatives import Alternatives, along, in_all, renamed
from grader.oracle.arrangements import misread, rearranged
from grader.oracle.astray import activated, late, misled, neighbours, passes_on, strayed
from grader.oracle.derivatives import Calculus
from grader.oracle.formulas import NUMERIC, Arithmetic, Formulas, placed, slip, slope, told
from grader.oracle.forward_slips import after_forward_slips
from grader.oracle.graph import Graph, Variable, entries, name_of, shape_of
from grader.oracle.terms import Algebra, into

Numbers = Mapping[Symbol, Any]


@dataclass(frozen=True, eq=False)
class Suspicion:
    """A graph at known `numbers` of its inputs, worked out in an `arithmetic` with at most so many slips at once."""

    graph: Graph
    numbers: Numbers
    arithmetic: Arithmetic = NUMERIC
    most: int = 1

    @cached_property
    def known(self) -> dict[Symbol, Any]:
        """Every input and step without slips, as far as they follow from the given numbers."""
        found = dict(self.numbers)
        for variable, expression in self.graph.steps.items():
            for symbol, entry in zip(entries(variable), entries(expression), strict=True):
                if symbol not in found and entry.free_symbols <= set(found):
                    found[symbol] = Formulas(found, self.arithmetic).value(sympy.sympify(entry))
        return found

    def forward(self, name: str) -> list[Alternatives]:
        """The entries of a step, with a slip in it or in a step before it."""
        doubts: dict[Symbol, Alternatives] = {}
        wanted = self._before(name)
        for variable, expression in self.graph.steps.items():
            if name_of(variable) in wanted:
                found = self._computed(variable, expression, doubts)
                # Of entries of arrays others are taken by their places.
                if all(isinstance(each, Symbol) for each in self.graph.inputs):
                    found = self._renamed(variable, expression, found)
                doubts.update(zip(entries(variable), found, strict=True))
        return self._said([doubts[symbol] for symbol in entries(self.graph.variables[name])])

    def _said(self, found: list[Alternatives]) -> list[Alternatives]:
        """Numbers in doubt whose slips are told in the sheet's names."""
        return [renamed(one, self.graph.said) for one in found] if self.graph.said else found

    def step(self, name: str) -> list[Alternatives]:
        """The entries of a step, with a slip in it alone."""
        variable = self.graph.variables[name]
        formula = self.graph.steps[variable]
        found = self._computed(variable, formula, {})
        found = self._rearranged(found, ((each, [wrong]) for each, wrong in late(self.graph, name)))
        return self._said(self._renamed(variable, formula, found))

    def _renamed(self, variable: Variable, formula: Any, found: list[Alternatives]) -> list[Alternatives]:
        """A step with one name in its formula taken for another."""
        name, variables = name_of(variable), self.graph.variables.values()

        def near(symbol: Symbol) -> Iterable[Symbol]:
            return neighbours(self.graph, symbol, formula)

        return self._misread(name, found, formula, variables, lambda symbol: into(name, symbol), near)

    def gradient(self, target: str, name: str, arriving: Mapping[str, Sequence[Alternatives]]) -> list[Alternatives]:
        """The entries of one adjoint, with a slip in it alone."""
        whole = self.graph.backward(self.graph.variables[target])
        formula = whole.steps[whole.variables[f"d{target}_d{name}"]]
        found = self.arrived(target, name, arriving)

        def edges(symbol: Symbol) -> EdgeList:
            """Those out of the node along which a name comes into its gradient."""
            children = [child for child in arriving if child in self.graph.users(name)]
            (leaf,) = entries(self.graph.variables[name])
            slopes = {c: [slope(e, leaf) for e in entries(self.graph.steps[self.graph.variables[c]])] for c in children}
            return tuple(
                (name, child)
                for child, local in slopes.items()
                if symbol.name == f"d{target}_d{child}" or any(symbol in e.free_symbols for e in local)
            )

        def near(symbol: Symbol) -> Iterable[Symbol]:
            """The gradients that arrive at the steps after the one from which a gradient arrives."""
            child = symbol.name.removeprefix(f"d{target}_d")
            later = (whole.variables.get(f"d{target}_d{c}") for c in self.graph.users(child))
            return [v for v in later if isinstance(v, Symbol) and v in self.known]

        found = self._rearranged(found, misled(self.graph, target, name, formula))
        where = f"d{target}/d{name}"
        return self._said(self._misread(where, found, formula, whole.variables.values(), edges, near))

    def _misread(
        self,
        where: str,
        found: list[Alternatives],
        formula: Any,
        variables: Iterable[Variable],
        edges: Callable[[Symbol], EdgeList],
        near: Callable[[Symbol], Iterable[Symbol]],
    ) -> list[Alternatives]:
        if len(found) > 1:
            return found
        known = [v for v in variables if v in self.known]
        return self._rearranged(found, misread(where, formula, known, edges, near))

    def _before(self, name: str) -> set[str]:
        return {name}.union(*map(self._before, self.graph.parents.get(name, ())))

    def _computed(
        self, variable: Variable, expression: Any, doubts: Mapping[Symbol, Alternatives]
    ) -> list[Alternatives]:
        formulas = [sympy.sympify(entry) for entry in entries(expression)]
        algebra = Algebra(self.known, self.arithmetic, self.most)
        terms = [algebra.term(formula, name_of(variable)) for formula in formulas]
        parents = [self.graph.variables[name] for name in self.graph.parents[name_of(variable)]]
        ways = (*rearranged(variable, formulas, parents), *activated(self.graph, variable, formulas))
        terms = self._rearranged(terms, ways)
        return [self._carried(f, term, doubts) for f, term in zip(formulas, terms, strict=True)]

    def _rearranged(self, terms: list[Alternatives], ways: Iterable[tuple[Slip, list[Any]]]) -> list[Alternatives]:
        """Entries that may also be those of other formulas."""
        formulas = Formulas(self.known, self.arithmetic, self.most)
        for each, instead in ways:
            numbers = map(formulas.sure, instead)
            terms = [formulas.slipped(term, (each, n)) for term, n in zip(terms, numbers, strict=True)]
        return terms

    def _carried(self, entry: Expr, formula: Alternatives, doubts: Mapping[Symbol, Alternatives]) -> Alternatives:
        """A formula, and what becomes of it after slips in what it is taken from."""
        wrong = dict(formula.wrong)
        symbols = sorted(entry.free_symbols & set(doubts), key=str)
        for slips in dict.fromkeys(s for symbol in symbols for s in doubts[symbol].wrong):
            numbers = {**self.known, **{symbol: doubts[symbol].after(slips) for symbol in symbols}}
            wrong.setdefault(slips, Formulas(numbers, self.arithmetic).value(entry))
        for each, after in in_all(doubts, symbols) if self.most == 1 else ():
            numbers = {**self.known, **after}
            wrong.setdefault(frozenset([each]), Formulas(numbers, self.arithmetic).value(entry))
        return Alternatives(formula.right, wrong)

    def backward(self, target: str, name: str) -> list[Alternatives]:
        """The entries of d target / d name, with a slip on one of the edges between the two."""
        names = list(self.graph.variables)
        adjoints = {target: [Alternatives(1)]}
        for node in reversed(names[names.index(name) : names.index(target)]):
            if not adjoints.keys().isdisjoint(self.graph.users(node)):
                adjoints[node] = self.arrived(target, node, adjoints)
        return self._said(self._turned(target, name, adjoints[name]))

    def _turned(self, target: str, name: str, found: list[Alternatives]) -> list[Alternatives]:
        """A gradient that may be transposed as a whole, or come right from a forward pass with a slip in it."""
        if self.most > 1:
            return found
        shape, formulas = shape_of(self.graph.variables[name]), Formulas(self.known, self.arithmetic)
        if len(shape) == 2 and shape[0] == shape[1]:
            rights = [found[j * shape[0] + i].right for i in range(shape[0]) for j in range(shape[0])]
            mistake = slip("transposed", f"d{target}/d{name}", term="the product")
            found = [
                formulas.slipped(one, (mistake, Alternatives(right))) for one, right in zip(found, rights, strict=True)
            ]
        return self._after_slips(target, name, found)

    def _after_slips(self, target: str, name: str, found: list[Alternatives]) -> list[Alternatives]:
        """The right backward pass after a forward pass with a slip."""
        doubts: dict[Symbol, Alternatives] = {}
        before = self._before(target)
        for variable, expression in self.graph.steps.items():
            if name_of(variable) in before:
                doubts.update(zip(entries(variable), self._computed(variable, expression, doubts), strict=True))
        return after_forward_slips(self.graph, self.known, self.arithmetic, (target, name), doubts, found)

    def arrived(self, target: str, name: str, adjoints: Mapping[str, Sequence[Alternatives]]) -> list[Alternatives]:
        """The entries of one adjoint from those of the steps that use it, with a slip on the edges between."""
        children = [c for c in adjoints if c in self.graph.users(name)]
        return [self._entry(target, name, leaf, children, adjoints) for leaf in entries(self.graph.variables[name])]

    def _entry(
        self,
        target: str,
        name: str,
        leaf: Symbol,
        children: Sequence[str],
        adjoints: Mapping[str, Sequence[Alternatives]],
    ) -> Alternatives:
        formulas = Calculus(self.known, self.arithmetic, self.most)
        flows, where = [], f"d{target}/d{name}"
        for child in children:
            variable = self.graph.variables[child]
            edges = [
                (arriving, self.derived(formulas, expression, leaf, f"d{child}/d{name}"), expression)
                for expression, arriving in zip(entries(self.graph.steps[variable]), adjoints[child], strict=True)
                if leaf in expression.free_symbols
            ]
            if edges:
                flow = self._flow(target, child, edges, leaf, formulas, where)
                flows.append((child, along(flow, ((name, child),))))
        total = formulas.plus([flow for _, flow in flows]) if flows else Alternatives(0)
        for i, (child, flow) in enumerate(flows):
            rest = [other for j, (_, other) in enumerate(flows) if j != i]
            flipped = formulas.plus([*rest, formulas.times(Alternatives(-1), flow)])
            turned = placed(slip("wrong_flow", where, step=child), (name, child))
            total = formulas.slipped(total, (turned, flipped))
            if rest:
                left_out = placed(slip("missing_path", where, step=child), (name, child))
                total = formulas.slipped(total, (left_out, formulas.plus(rest)))
        if self.most > 1:
            return total
        return strayed(self.graph, self.known, self.arithmetic, (target, name), leaf, flows, adjoints, total)

    @staticmethod
    def derived(formulas: Calculus, expression: Expr, leaf: Symbol, where: str) -> Alternatives:
        """A local derivative, or the value itself in its place."""
        right = formulas.derivative(expression, leaf, where)
        if expression.is_Symbol or expression == leaf:
            return right
        value = formulas.sure(expression)
        return formulas.slipped(right, (slip("value_for_gradient", where, term=expression), value))

    def _flow(
        self,
        target: str,
        child: str,
        edges: Sequence[tuple[Alternatives, Alternatives, Expr]],
        leaf: Symbol,
        formulas: Calculus,
        where: str,
    ) -> Alternatives:
        """What comes back through one step: the sum over its entries of arriving times local."""
        slopes = [slope(expression, leaf) for _, _, expression in edges]
        flow = formulas.plus([formulas.times(arriving, local) for arriving, local, _ in edges])
        slips = []
        # Where a gradient passes or does not, the rule of the kink says so.
        if not any(found.is_number or found.is_Symbol or found.has(Heaviside) for found in slopes):
            factor = f"d{child}/d{told(leaf)} = {told(slopes[0])}"
            slips.append((slip("missing_factor", where, factor=factor), formulas.plus([a for a, _, _ in edges])))
        # What is but one local derivative is missing there.
        if child != target and self.graph.users(child) != [target] and not passes_on(self.graph, child):
            factor = f"d{target}/d{child}"
            slips.append((slip("missing_factor", where, factor=factor), formulas.plus([d for _, d, _ in edges])))
        return formulas.slipped(flow, *slips)
