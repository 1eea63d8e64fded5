"""Lab 1: maps that move, pick and multiply the entries of tensors; their Jacobians say which went where."""

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import sympy
from sympy import Array, Eq, Max, Min, Piecewise

from grader.judge.model import Check, Lab, Question
from grader.oracle.checks import GradientCheck, ValueCheck
from grader.oracle.demands import Beside, FormCheck
from grader.oracle.domain import Domain
from grader.oracle.graph import Graph, array, entries
from grader.oracle.problem import Problem
from grader.oracle.structure import RandomCheck, SeededCheck
from grader.oracle.variants import Family, drawn
from grader.oracle.views import ViewCheck
from grader.protocol.messages import NumpyArray

WIDE = Domain(default=(-8.0, 8.0))
SIDES = Domain(default=(1.0, 8.0)), Domain(default=(-8.0, -1.0))
"""Nothing but positive numbers, and nothing but negative ones."""


def graph_of(*inputs: Array, result: Array) -> Graph:
    """A graph of one step, called result."""
    return Graph(inputs, {array("result", *result.shape): result})


def moves(graph: Graph, *arguments: object, domain: Domain = WIDE, called: tuple[str, ...] = ()) -> GradientCheck:
    """Value and Jacobian of a one-step graph; `called` are the names of the arguments after the first."""
    names = dict(enumerate(called, 1))
    return GradientCheck(Problem(graph, domain, arguments, called=names), "result", of=("result",))


def product(left: Array, right: Array) -> Array:
    """The matrix product of two 2-d arrays."""
    return sympy.tensorcontraction(sympy.tensorproduct(left, right), (1, 2))


def grid(rows: int, columns: int) -> Check:
    """`to_grid` of rows * columns numbers."""
    x = array("x", rows * columns)
    return moves(graph_of(x, result=x.reshape(rows, columns)), "x", rows, columns, called=("rows", "columns"))


def positive(signs: str, *shape: int) -> GradientCheck:
    """`positives` of numbers with the given signs."""
    x = array("x", *(shape or (len(signs),)))
    kept = [v for v, sign in zip(entries(x), signs, strict=True) if sign == "+"]
    where = tuple(v > 0 if sign == "+" else v < 0 for v, sign in zip(entries(x), signs, strict=True))
    return moves(graph_of(x, result=Array(kept)), "x", domain=Domain(default=(-8.0, 8.0), where=where))


def stacked(length: int) -> Check:
    """`stack_pair` of two vectors of that length."""
    a, b = array("a", length), array("b", length)
    return moves(graph_of(a, b, result=Array([a, b])), "a", "b")


def picked(x: Array, columns: tuple[int, ...]) -> Check:
    """`pick_per_row` of a matrix."""
    result = Array([x[i, column] for i, column in enumerate(columns)])
    return moves(graph_of(x, result=result), "x", np.array(columns), called=("columns",))


x, v = array("x", 4, 3), array("v", 6)
odd, wide = array("x", 5, 2), array("x", 2, 5)
images, block = array("images", 2, 3, 4, 3), array("x", 2, 3, 2)
singles, others = array("x", 1, 3, 1, 2), array("x", 2, 1, 3)
matrix = graph_of(x, result=x.reshape(12))
zeros = Graph((), {array("result", 2): Array([3, 5])})


def running(better: type[Max | Min], name: str) -> dict[sympy.Symbol, sympy.Expr]:
    """The larger (or smaller) so far, entry by entry: a chain of steps, the last called `name`."""
    first, *rest = entries(x)
    steps: dict[sympy.Symbol, sympy.Expr] = {}
    for i, entry in enumerate(rest):
        last = i == len(rest) - 1
        step = sympy.Symbol(name if last else f"{name}{i}", real=True)
        steps[step] = better(list(steps)[-1] if steps else first, entry)
    return steps


def position(name: str, best: str) -> dict[sympy.Symbol, sympy.Expr]:
    """The flat index at which the step called `best` stands."""
    found = sympy.Symbol(best, real=True)
    places = ((i, Eq(entry, found)) for i, entry in enumerate(entries(x)))
    return {sympy.Symbol(name, real=True): Piecewise(*places)}


extremes = Graph((x,), {**running(Max, "largest"), **running(Min, "smallest")})
positions = Graph((x,), {**extremes.steps, **position("argmax", "largest"), **position("argmin", "smallest")})


def round_trip(dtype: str, *shape: int) -> Check:
    """`numpy_round_trip` of an array of that dtype and shape."""
    v = array("v", *shape)
    shared = Graph((v,), {array("the tensor", *shape): v, array("the array", *shape): v})
    problem = Problem(shared, WIDE, ("v",))
    return ViewCheck(problem, ("the tensor", "the array"), {"0": "tensor", "1": "numpy"}, NumpyArray, dtype, kept=0.5)


TAKEN_APART = (
    # Not the shapes of the worked grids, so that one written into an answer earns nothing.
    Question("to_grid", 1, (grid(3, 5), grid(5, 2))),
    Question(
        "flat_view",
        2,
        (
            moves(matrix, "x"),
            ViewCheck(Problem(matrix, WIDE, ("x",)), "result", {}),
            Beside(moves(graph_of(block, result=block.reshape(12)), "x")),
        ),
    ),
    Question("stack_pair", 1, (stacked(5), stacked(3))),
    Question(
        "drop_ones",
        1,
        (
            moves(graph_of(singles, result=singles.reshape(3, 2)), "x"),
            moves(graph_of(others, result=others.reshape(2, 3)), "x"),
        ),
    ),
    Question(
        "add_batch_axis",
        1,
        (
            moves(graph_of(x, result=x.reshape(1, 4, 3)), "x"),
            moves(graph_of(v, result=v.reshape(1, 6)), "v"),
            Beside(moves(graph_of(block, result=block.reshape(1, 2, 3, 2)), "x")),
        ),
    ),
    Question(
        "channels_first",
        2,
        (moves(graph_of(images, result=sympy.permutedims(images, (0, 3, 1, 2))), "images"),),
    ),
    Question("last_column", 1, tuple(moves(graph_of(m, result=m[:, n]), "x") for m, n in ((x, 2), (wide, 4)))),
    Question(
        "every_other_row",
        1,
        (
            moves(graph_of(x, result=Array([x[0], x[2]])), "x"),
            moves(graph_of(odd, result=Array([odd[0], odd[2], odd[4]])), "x"),
        ),
    ),
    Question(
        "positives",
        1,
        (
            positive("+-+-+"),
            positive("--+++"),
            ValueCheck(Problem(zeros, WIDE, (np.array([3, 0, -2, 5, 0]),), called={0: "x"}), "result"),
            Beside(positive("+--++-", 2, 3)),
        ),
    ),
    Question("pick_per_row", 2, (picked(x, (2, 0, 1, 2)), picked(odd, (1, 1, 0, 1, 0)))),
    Question("numpy_round_trip", 2, (round_trip("float64", 6), round_trip("float32", 2, 3))),
)

found = Problem(positions, WIDE, ("x",))
EXTREMES = (
    Question(
        "extremes",
        1,
        (
            GradientCheck(Problem(extremes, WIDE, ("x",)), ("largest", "smallest"), of=("largest", "smallest")),
            *(Beside(ValueCheck(Problem(extremes, side, ("x",)), ("largest", "smallest"))) for side in SIDES),
        ),
    ),
    Question(
        "extreme_positions",
        1,
        (
            ValueCheck(found, ("argmax", "argmin")),
            FormCheck(found, {"0": "argmax", "1": "argmin"}, whole=("0", "1")),
        ),
    ),
)


@dataclass(frozen=True)
class TensorNumbers:
    """The sizes and the seed of the exercises, and the shape of the worked grid."""

    grid: tuple[int, int] = drawn((2, 3), ((2, 3), (3, 2), (2, 4), (3, 4), (4, 3)))
    side: int = drawn(7, range(4, 10))
    pair: tuple[int, int] = drawn((2, 3), permutations((2, 3, 4, 5), 2))
    seed: int = drawn(7, range(1, 1000))
    count: int = drawn(10, range(6, 16))


@cache
def times_row(side: int) -> Check:
    """`times_row` of a square of that side."""
    square, row = array("square", side, side), array("row", 1, side)
    return moves(graph_of(square, row, result=product(square, row.reshape(side, 1))), "square", "row")


@cache
def pair_product(shape: tuple[int, int]) -> Check:
    """`pair_product` of two matrices of that shape."""
    left, right = array("a", *shape), array("b", *shape)
    return moves(graph_of(left, right, result=product(left, right.transpose())), "a", "b")


@cache
def lab(n: TensorNumbers) -> Lab:
    """The lab with these numbers."""
    return Lab(
        "lab1_tensors",
        "Introduction to tensors",
        (
            *TAKEN_APART,
            Question("random_square", 1, (RandomCheck({"": (n.side, n.side)}),)),
            Question("times_row", 1, (times_row(n.side),)),
            Question("random_pair", 1, (RandomCheck({"0": n.pair, "1": n.pair}, on_device=True),)),
            Question("pair_product", 1, (pair_product(n.pair),)),
            *EXTREMES,
            Question("seeded_squeeze", 1, (SeededCheck(n.seed, (1, 1, 1, n.count)),)),
        ),
    )


def words(n: TensorNumbers) -> dict[str, object]:
    """The numbers of rows and columns, and the grid that is written out."""
    rows, columns = n.grid
    lines = ("&".join(str(i * columns + j) for j in range(columns)) for i in range(rows))
    return {"last": rows * columns - 1, "matrix": r"\\ ".join(lines)}


PHRASES = (
    r"With «grid[0]» rows and «grid[1]» columns, 0, 1, …, «last» becomes $\begin{pmatrix} «matrix» \end",
    "a («side», «side») tensor of random numbers",
    "    returns: («side», «side»)",
    "torch.rand(«side», «side»)",
    "Multiply a («side», «side») matrix $S$ by a row $r$ of shape (1, «side»)",
    r"(«side», «side») \text{ times } («side», 1) \text{ gives } («side», 1)",
    "square: («side», «side»)\n    row: (1, «side»)\n    returns: («side», 1)",
    "two random («pair[0]», «pair[1]») tensors",
    "(a, b), each («pair[0]», «pair[1]»)",
    "torch.rand(«pair[0]», «pair[1]», device=device), torch.rand(«pair[0]», «pair[1]», device=device)",
    r"Two («pair[0]», «pair[1]») tensors have no matrix product as they are. Return $a\, b^\top$, "
    "of shape («pair[0]», «pair[0]»)",
    "a: («pair[0]», «pair[1]»)\n    b: («pair[0]», «pair[1]»)\n    returns: («pair[0]», «pair[0]»)",
    "Set the seed to «seed» with",
    "Set the seed «seed»,",
    "a tensor of shape (1, 1, 1, «count») with",
    "has the shape («count»,)",
    "of shapes (1, 1, 1, «count») and («count»,)",
    "torch.manual_seed(«seed»)",
    "torch.rand(1, 1, 1, «count»)",
)

FAMILY = Family("lab1_tensors", TensorNumbers, lab, {}, PHRASES, words=words)
LAB = lab(FAMILY.sheet)
