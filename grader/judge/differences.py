"""Difference quotients in code: one function called at x + h and at x - h.

Knows what a step looks like in Python. Refuses to run anything, and to know where a difference is allowed. It goes
through a statement a fixed number of times, because one may hold tens of thousands of calls.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Set
from typing import Protocol, TypeAlias, cast

from grader.judge.syntax import TopStatement

Spelling: TypeAlias = tuple[tuple[object, ...], ...]
"""The nodes, the names and the constants of an expression, in order."""


class NamedCall(Protocol):
    """A call of a plain name."""

    func: ast.Name
    args: list[ast.expr]
    keywords: list[ast.keyword]


def differenced(statement: TopStatement, functions: Set[str], apart: Set[str]) -> str:
    """The function that a statement calls at shifted arguments, x + h and x - h; "" if there is none.

    It is one of `functions`, or defined within the statement, and not in `apart`.
    """
    still, inner = _still(statement), _inner(statement)
    moved = {t.id for t, value in _assignments(statement) if _shifted(value, still)}
    shifts: dict[str, set[Spelling]] = {}
    counts: Counter[str] = Counter()
    for call in _named_calls(statement):
        name = call.func.id
        counts[name] += 1
        if (name in functions or name in inner) and name not in apart:
            found = (a for a in _arguments(call) if (a.id in moved if isinstance(a, ast.Name) else _shifted(a, still)))
            shifts.setdefault(name, set()).update(map(_spelt, found))
    looped = any(isinstance(n, ast.comprehension | ast.For) for n in statement.nodes)
    several = (
        name for name, ways in sorted(shifts.items()) if len(ways) > 1 or (ways and (looped or counts[name] > 1))
    )
    return next(several, "")


def _shifted(expression: ast.expr, still: Set[str]) -> bool:
    """Whether it is something plus or minus a step: a number, or a name that is not one of `still`."""
    if not isinstance(expression, ast.BinOp) or not isinstance(expression.op, ast.Add | ast.Sub):
        return False
    step = expression.right
    if isinstance(step, ast.UnaryOp):
        step = step.operand
    return isinstance(step, ast.Constant) or (isinstance(step, ast.Name) and step.id not in still)


def _still(statement: TopStatement) -> Set[str]:
    """The names that stand for no step: parameters without a default, and what is computed within.

    A step is a constant, a parameter's default, what runs through a loop, or the notebook's.
    """
    constants = {t.id for t, value in _assignments(statement) if isinstance(value, ast.Constant)}
    loops = [n.target for n in statement.nodes if isinstance(n, ast.For | ast.comprehension)]
    looped = {n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)}
    node = statement.node
    names = [a.arg for a in node.args.args] if isinstance(node, ast.FunctionDef) else []
    defaults = len(node.args.defaults) if isinstance(node, ast.FunctionDef) else 0
    return (statement.local - constants - looped - set(names)) | set(names[: len(names) - defaults])


def _inner(statement: TopStatement) -> set[str]:
    """Functions and lambdas defined within a statement."""
    named = {n.name for n in statement.nodes if isinstance(n, ast.FunctionDef)}
    lambdas = {t.id for t, v in _assignments(statement) if isinstance(v, ast.Lambda)}
    return named | lambdas


def _assignments(statement: TopStatement) -> list[tuple[ast.Name, ast.expr]]:
    return [
        (node.targets[0], node.value)
        for node in statement.nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]


def _arguments(call: NamedCall) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _named_calls(statement: TopStatement) -> list[NamedCall]:
    calls = [n for n in statement.nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return cast("list[NamedCall]", calls)


def _spelt(expression: ast.expr) -> Spelling:
    """The same for two expressions that are spelt alike. `ast.dump` says it too, but fails at a deep one.

    Numbers are not written out, because Python refuses to do that with a long one.
    """
    nodes = list(ast.walk(expression))
    names = [n.id if isinstance(n, ast.Name) else n.attr for n in nodes if isinstance(n, ast.Name | ast.Attribute)]
    constants = [(type(n.value), n.value) for n in nodes if isinstance(n, ast.Constant)]
    return tuple(map(type, nodes)), tuple(names), tuple(constants)
