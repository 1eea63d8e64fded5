"""Local derivatives gone astray: those of another formula, at another value, or with another name in them.

Knows which derivative is taken for which. Refuses to know what flows along an edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import sympy
from sympy import NDimArray, Symbol, sign, tanh

from grader.judge.truth import Slip
from grader.oracle.alternatives import Alternatives
from grader.oracle.arrangements import stem
from grader.oracle.confusions import Kind, confused, constants_lost, kind_of, sigmoid, sigmoid_of, ways
from grader.oracle.formulas import Arithmetic, Formulas, placed, slip, slope, told
from grader.oracle.graph import Graph, Variable, entries, name_of, shape_of
from grader.oracle.transposes import turned

_DIFFERENTIATED: Final = frozenset({"exchanged_function", "wrong_exponent", "wrong_sign", "degrees", "brackets"})
"""What changes a derivative as it changes the value, by its note."""


def astray(graph: Graph, child: str, leaf: Symbol, expressions: list[Any]) -> Iterator[tuple[Slip, list[Any]]]:
    """What may stand for the derivatives of a step's entries in one entry of a parent, which they all use."""
    rights = [slope(e, leaf) for e in expressions]
    where = f"d{child}/d{told(leaf)}"
    if "[" not in leaf.name:
        for kind, slopes in _scalar(graph, leaf, expressions[0], rights[0]):
            yield slip(kind[0], where, **dict(kind[1])), [slopes]
    used = [graph.variables[p] for p in graph.parents[child] if shape_of(graph.variables[p])]
    for parent in (each for each in used if leaf not in entries(each)):
        shape = shape_of(parent)
        if len(shape) == 2 and shape[0] == shape[1]:
            across = [right.xreplace(turned(parent)) for right in rights]
            yield slip("transposed", where, term=told(entries(parent)[0])), across
        for other in graph.variables.values() if len(used) > 1 else ():
            if other != parent and shape_of(other) == shape:
                theirs = dict(zip(entries(parent), entries(other), strict=True))
                instead = [right.xreplace(theirs) for right in rights]
                yield slip("wrong_operand", where, theirs=name_of(other), right=name_of(parent)), instead


def _scalar(graph: Graph, leaf: Symbol, expression: Any, right: Any) -> Iterator[tuple[Kind, Any]]:
    if not right.is_number and not isinstance(right, Symbol):
        wrong = {kind: e for kind, e in ways(expression).items() if kind[0] in _DIFFERENTIATED}
        seen = {right}
        for kind, instead in (*constants_lost(expression), *wrong.items()):
            wrong_slope = slope(instead, leaf)
            if not wrong_slope.has(sign) and wrong_slope not in seen:
                seen.add(wrong_slope)
                yield kind, wrong_slope
    if right.is_number and leaf not in graph.steps:
        yield kind_of("extra_factor", factor=leaf), right * leaf
    for symbol in sorted(right.free_symbols, key=str):
        for other in neighbours(graph, symbol, expression):
            yield kind_of("wrong_operand", theirs=other, right=symbol), right.xreplace({symbol: other})


def neighbours(graph: Graph, symbol: Symbol, expression: Any) -> Iterable[Symbol]:
    """Scalars that are taken for one in a formula: what it is made of, and what stands beside it."""
    made_of = graph.steps.get(symbol)
    beneath = made_of.free_symbols if made_of is not None else set()
    near = sorted(beneath | expression.free_symbols - {symbol}, key=str)
    return [other for other in near if "[" not in other.name]


def activations(graph: Graph) -> Iterator[tuple[Variable, Any]]:
    """The steps that are activations, each with its slope as a function of its own value."""
    for variable, expression in graph.steps.items():
        first = entries(expression)[0]
        if sigmoid_of(first) is not None:
            yield variable, lambda value: value * (1 - value)
        elif first.func is tanh:
            yield variable, lambda value: 1 - value**2


def activated(graph: Graph, variable: Variable, formulas: list[Any]) -> Iterator[tuple[Slip, list[Any]]]:
    """A step after an activation that has one itself, or takes what the activations were taken of."""
    steps = {name_of(v): v for v, _ in activations(graph)}
    if name_of(variable) in steps:
        return
    used = [steps[p] for p in graph.parents[name_of(variable)] if p in steps]
    for step in used[:1]:
        first = entries(graph.steps[step])[0]
        function, rule = ("tanh", tanh) if first.func is tanh else ("σ", sigmoid)
        yield slip("extra_function", name_of(variable), function=function), [rule(f) for f in formulas]
    inside = {s: _inside(e) for v in used for s, e in zip(entries(v), entries(graph.steps[v]), strict=True)}
    if inside and len(used) > 1:
        theirs, right = (" and ".join(dict.fromkeys(map(told, each))) for each in (inside.values(), inside))
        yield (
            slip("wrong_operand", name_of(variable), theirs=theirs, right=right),
            [f.xreplace(inside) for f in formulas],
        )


def _inside(activation: Any) -> Any:
    return activation.args[0] if activation.func is tanh else sigmoid_of(activation)


def late(graph: Graph, name: str) -> Iterator[tuple[Slip, Any]]:
    """An update with its rate below the gradient, or with a gradient of parameters that are updated already."""
    updates = {p: (step, g) for step, e in graph.steps.items() for p, g in _updated(graph, e)}
    for parameter, (step, gradient) in updates.items():
        if str(step) == name:
            rate = graph.steps[step].coeff(gradient)
            yield slip("divided_by_rate", name), parameter + gradient / rate
            right, theirs = f"{parameter} - learning_rate {gradient}", f"({parameter} - learning_rate) {gradient}"
            yield slip("brackets", name, term=right, theirs=theirs), (parameter + rate) * gradient
            fresh = {p: after for p, (after, _) in updates.items()}
            again = _again(graph, gradient, fresh)
            used = sorted(again.free_symbols & set(fresh.values()), key=str)
            if used:
                olds = ", ".join(str(p) for p, after in fresh.items() if after in used)
                formula = graph.steps[step].xreplace({gradient: again})
                yield slip("after_update", name, parameter=parameter, olds=olds), formula


def _updated(graph: Graph, expression: Any) -> Iterator[tuple[Symbol, Symbol]]:
    """The parameter and its gradient, where a formula is p - rate * gradient."""
    if isinstance(expression, Symbol) or len(getattr(expression, "free_symbols", ())) != 2:
        return
    for gradient in expression.free_symbols & set(graph.steps):
        (parameter,) = expression.free_symbols - {gradient}
        if gradient.name.startswith("d") and gradient.name.endswith(f"_d{parameter.name}"):
            yield parameter, gradient


def _again(graph: Graph, gradient: Symbol, fresh: dict[Symbol, Symbol]) -> Any:
    """A gradient down to values of the forward pass, with fresh parameters in its local derivatives."""
    formula = graph.steps[gradient]
    inside = {
        s: _again(graph, s, fresh) if s in graph.steps and "_d" in s.name else fresh.get(s, s)
        for s in formula.free_symbols
    }
    return formula.xreplace(inside)


def strayed(
    graph: Graph,
    known: Mapping[Symbol, Any],
    arithmetic: Arithmetic,
    edge: tuple[str, str],
    leaf: Symbol,
    flows: Sequence[tuple[str, Alternatives]],
    adjoints: Mapping[str, Sequence[Alternatives]],
    total: Alternatives,
) -> Alternatives:
    """A slope (target, node) with one local derivative astray, and other sums of what flows into it."""
    target, name = edge
    formulas, where = Formulas(known, arithmetic), f"d{target}/d{name}"
    wrong: list[tuple[Slip, Any]] = []
    for child, flow in flows:
        rest = total.right - flow.right
        steps = zip(entries(graph.steps[graph.variables[child]]), adjoints[child], strict=True)
        used = [(e, arriving.right) for e, arriving in steps if leaf in e.free_symbols]
        for mistake, slopes in astray(graph, child, leaf, [e for e, _ in used]):
            if all(s.free_symbols <= set(known) for s in slopes):
                parts = [a * formulas.value(sympy.sympify(s)) for (_, a), s in zip(used, slopes, strict=True)]
                wrong.append((placed(mistake, (name, child)), rest + sum(parts[1:], parts[0])))
        if len(used) > 1:
            wrong.append((slip("mean_for_sum", where, divisor=len(used)), rest + flow.right / len(used)))
    if len(flows) == 2:
        product = flows[0][1].right * flows[1][1].right
        wrong.append((slip("wrong_operation", where, theirs="a product", right="a sum"), product))
    if name in graph.parents and name != target:
        for factor in dict.fromkeys(told(rule(leaf)) for _, rule in activations(graph)):
            value = next(rule(known[leaf]) for _, rule in activations(graph) if told(rule(leaf)) == factor)
            wrong.append((slip("extra_factor", where, factor=factor), total.right * value))
    return formulas.slipped(total, *((mistake, Alternatives(value)) for mistake, value in wrong))


def passes_on(graph: Graph, name: str) -> bool:
    """Whether the gradient of a step is that of the steps after it but for constants, which say all there is."""
    uses = [entry for expression in graph.steps.values() for entry in entries(expression)]
    leaves = set(entries(graph.variables[name]))
    return all(slope(e, leaf).is_number for e in uses for leaf in leaves & e.free_symbols)


def misled(graph: Graph, target: str, name: str, formula: Any) -> Iterator[tuple[Slip, list[Any]]]:
    """What may stand for the formula of a gradient: its local derivative alone, another's, or less of its brackets."""
    if isinstance(formula, NDimArray):
        return
    where, whole = f"d{target}/d{name}", graph.backward(graph.variables[target], "outputs")
    own = whole.variables[f"d{target}_d{name}"]
    for way in dict.fromkeys((formula, whole.steps[own])):
        yield from ((each, instead) for each, instead in confused(where, [way]) if each.note == "brackets")
    for other in (n for n in graph.variables if n != name and stem(n) == stem(name)):
        theirs = whole.variables.get(f"d{target}_d{other}", own)
        # What differs in one name is told as that.
        if len(whole.steps[theirs].free_symbols - whole.steps[own].free_symbols) > 1:
            yield slip("wrong_operand", where, theirs=theirs, right=own), [whole.steps[theirs]]
    children = [child for child in graph.users(name) if child != target]
    arriving = Symbol(f"d{target}_d{children[0]}", real=True) if len(children) == 1 else None
    if arriving is not None and arriving in formula.free_symbols:
        factor = f"d{target}/d{children[0]}"
        yield slip("missing_factor", where, factor=factor), [formula.xreplace({arriving: sympy.S.One})]
