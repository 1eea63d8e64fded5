"""The symbolic computational graph: the truth of an exercise.

Knows named steps, each a SymPy expression (or array of expressions) in the names before it, and what
follows from them: the value of every step, local derivatives, the backward pass, parents and edges.
Refuses to know points, precision, students and torch.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from typing import Any, Final, TypeAlias

import mpmath
import numpy as np
import sympy
from sympy import Expr, ImmutableDenseNDimArray, Symbol
from sympy.tensor.array.arrayop import Flatten

Variable: TypeAlias = Symbol | ImmutableDenseNDimArray
"""A named scalar (a `Symbol`) or a named array (an array of symbols made by `array`)."""
Values: TypeAlias = Mapping[str, Any]
"""Name to number, or to an object array of numbers in the variable's shape."""


@dataclass(frozen=True, eq=False)
class NumberSystem:
    """A kind of numbers to compute with: SymPy's functions by name, and `mpf`, which makes a constant."""

    functions: Mapping[str, Callable[..., Any]]


MPMATH: Final = NumberSystem({"Heaviside": lambda v, half=None: mpmath.mpf(v > 0)})
"""Numbers with as many digits as mpmath is set to."""


def array(name: str, *shape: int) -> ImmutableDenseNDimArray:
    """An array variable: symbols `name[i, j]` in the given shape."""
    symbols = [Symbol(f"{name}[{', '.join(map(str, index))}]", real=True) for index in np.ndindex(*shape)]
    return ImmutableDenseNDimArray(symbols, shape)


def name_of(variable: Variable) -> str:
    """The name that a variable was made with."""
    return str(entries(variable)[0].name).partition("[")[0]


def shape_of(variable: Variable) -> tuple[int, ...]:
    """The shape of a variable; () for a scalar."""
    return () if isinstance(variable, Symbol) else tuple(map(int, variable.shape))


def entries(value: Any) -> list[Any]:
    """The entries of a scalar or array, in row-major order."""
    if isinstance(value, sympy.NDimArray):
        return list(Flatten(value)) if value.rank() else [value[()]]
    return [value]


@dataclass(frozen=True, eq=False)
class Graph:
    """Inputs, and named steps in an order in which each uses only what stands before it.

    A step's expression has the shape of its variable. Two graphs are equal when they are the same object,
    so that what was compiled for one is found again.
    """

    inputs: tuple[Variable, ...]
    steps: Mapping[Variable, Any]
    said: Mapping[str, str] = field(default_factory=dict)
    """What a message says for a step, or a number, that has another name on the sheet."""

    def __reduce__(self) -> tuple[type[Graph], tuple[Any, ...]]:
        """Pickled without what was compiled: that is made again where it is needed."""
        return Graph, (self.inputs, dict(self.steps), dict(self.said))

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """Every input and step by name, in order."""
        return {name_of(v): v for v in (*self.inputs, *self.steps)}

    @cached_property
    def places(self) -> dict[Symbol, tuple[str, int]]:
        """Where each entry stands: in which input or step, and at what place in row-major order."""
        return {s: (name, i) for name, v in self.variables.items() for i, s in enumerate(entries(v))}

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The names that each step's expression uses, in the graph's order."""
        found = {}
        for variable, expression in self.steps.items():
            used = {self.places[s][0] for e in entries(expression) for s in e.free_symbols}
            found[name_of(variable)] = tuple(n for n in self.variables if n in used)
        return found

    def users(self, name: str) -> list[str]:
        """The steps that use a name directly."""
        return [step for step, parents in self.parents.items() if name in parents]

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """(parent, step) for every direct use: the drawn computational graph."""
        return tuple((parent, step) for step, ps in self.parents.items() for parent in ps)

    @cache  # noqa: B019 -- as `backward`
    def _program(self, name: str, numbers: NumberSystem) -> Callable[..., list[Any]]:
        return _compile(self._symbols(self.parents[name]), tuple(entries(self.steps[self.variables[name]])), numbers)

    def _symbols(self, names: Iterable[str]) -> tuple[Symbol, ...]:
        return tuple(chain.from_iterable(entries(self.variables[n]) for n in names))

    def step(self, name: str, values: Values, numbers: NumberSystem = MPMATH) -> Any:
        """The value of one step from the given values of its parents."""
        arguments = chain.from_iterable(np.asarray(values[p], dtype=object).ravel() for p in self.parents[name])
        return _shaped(self._program(name, numbers)(*arguments), self.variables[name])

    def values(self, inputs: Values, numbers: NumberSystem = MPMATH) -> dict[str, Any]:
        """The value of every input and step.

        `inputs` may hold values of steps too: they stand in for the step's own.
        """
        found = dict(inputs)
        for variable in self.steps:
            name = name_of(variable)
            if name not in found:
                found[name] = self.step(name, found, numbers)
        return found

    @cache  # noqa: B019 -- graphs are few, made once a lab, and live as long as the program
    def backward(self, output: Variable, through: str = "parents") -> Graph:
        """This graph with its backward pass: a step `d<output>_d<name>` for everything before `output`.

        Reverse mode: an adjoint is the sum, over the edges that leave the node, of the next node's adjoint
        times the edge's local derivative. Where `through` is "outputs", a local derivative is written in
        the value of the step that it leads to, if that determines it: (e^a)' as b, sigma' as s(1 - s).
        """
        target = name_of(output)
        names = list(self.variables)
        adjoints: dict[str, Variable] = {}
        steps: dict[Variable, Any] = dict(self.steps)
        for name in reversed(names[: names.index(target)]):
            children = [c for c in (*adjoints, target) if name in self.parents.get(c, ())]
            if not children:
                continue
            node = self.variables[name]
            adjoint = array(f"d{target}_d{name}", *shape_of(node))
            adjoint = Symbol(f"d{target}_d{name}", real=True) if not shape_of(node) else adjoint
            steps[adjoint] = self._pulled_back(node, children, adjoints, through)
            adjoints[name] = adjoint
        return Graph(self.inputs, steps)

    def _pulled_back(self, node: Variable, children: list[str], adjoints: Mapping[str, Variable], through: str) -> Any:
        total = [sympy.Integer(0)] * len(entries(node))
        for child in children:
            variable = self.variables[child]
            upstream = entries(adjoints[child]) if child in adjoints else [sympy.Integer(1)]
            for symbol, expression, arriving in zip(
                entries(variable), entries(self.steps[variable]), upstream, strict=True
            ):
                for position, leaf in enumerate(entries(node)):
                    if leaf in expression.free_symbols:
                        local = local_derivative(expression, leaf, symbol, through)
                        total[position] += arriving * local
        shape = shape_of(node)
        return ImmutableDenseNDimArray(total, shape) if shape else total[0]


def adjoint(graph: Graph, name: str) -> tuple[str, str] | None:
    """The (target, node) of a gradient's name, dE_dw1; None for the name of a step."""
    top, bar, bottom = name.partition("_d")
    known = bar and top.startswith("d") and top[1:] in graph.variables and bottom in graph.variables
    return (top[1:], bottom) if known else None


@cache
def pulled(graph: Graph, of: tuple[str, ...]) -> tuple[Graph, Variable]:
    """The graph with one scalar at its end: the output itself, or the sum of outputs times cotangents."""
    variables = [graph.variables[name] for name in of]
    if len(of) == 1 and not shape_of(variables[0]):
        return graph, variables[0]
    total: Any = 0
    pulls: list[Variable] = []
    for variable in variables:
        name, shape = f"pull {name_of(variable)}", shape_of(variable)
        pulls.append(array(name, *shape) if shape else Symbol(name, real=True))
        total += sum(p * v for p, v in zip(entries(pulls[-1]), entries(variable), strict=True))
    output = Symbol("pulled", real=True)
    return Graph((*graph.inputs, *pulls), {**graph.steps, output: total}), output


@cache
def local_derivative(expression: Expr, leaf: Symbol, step: Symbol, through: str) -> Expr:
    """The derivative on one edge, in the parents' values or, as far as that is possible, in the step's own."""
    derivative = sympy.diff(expression, leaf)
    if through == "parents" or derivative.is_number:
        return derivative
    written = derivative.subs(expression, step)
    if leaf not in written.free_symbols or len(expression.free_symbols) > 1:
        return written
    try:
        inverse = sympy.solve(sympy.Eq(step, expression), leaf)
    except NotImplementedError:
        return written
    if len(inverse) != 1:
        return written
    return sympy.simplify(derivative.subs(leaf, inverse[0]))


@cache
def _compile(
    symbols: tuple[Symbol, ...], expressions: tuple[Expr, ...], numbers: NumberSystem
) -> Callable[..., list[Any]]:
    program: Callable[..., list[Any]] = sympy.lambdify(
        symbols, list(expressions), modules=[dict(numbers.functions), "mpmath"], cse=True
    )
    used = {name for name in program.__code__.co_names if not hasattr(builtins, name)}
    if numbers is not MPMATH and (lacking := used - numbers.functions.keys()):
        raise NotImplementedError(f"{', '.join(sorted(lacking))}: balls.py and duals.py have no such function yet")
    return program


def _shaped(flat: list[Any], variable: Variable) -> Any:
    shape = shape_of(variable)
    if not shape:
        return flat[0]
    found = np.empty(len(flat), dtype=object)
    found[:] = flat
    return found.reshape(shape)
