"""Reading a notebook's code: what a function uses, with everything that it calls.

Knows Python's syntax tree. Refuses to run anything, and to know which names are forbidden.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol, cast

from grader.judge.names import bound, flat, is_function, loaded, local, members, patched


@lru_cache(maxsize=2048)
def parsed(cell: str) -> list[ast.stmt]:
    """The statements of a cell, IPython's magics and shell lines left out; none where it is no Python.

    Kept, and never changed: most cells are the lab's own, the same in every notebook of a class.
    """
    lines = ["" if line.lstrip()[:1] in ("%", "!", "?") else line for line in cell.splitlines()]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


@dataclass(frozen=True)
class Source:
    """The code cells of a notebook, in order; `errors` has the last line of the error of each that stopped."""

    cells: tuple[str, ...]
    errors: Mapping[int, str] = field(default_factory=dict)

    def stopped(self, name: str) -> str:
        """The error of the last cell that was to define `name` and stopped; "" if there is none."""
        found = (
            error
            for index, error in sorted(self.errors.items(), reverse=True)
            if re.search(rf"^(?:def {name}\b|{name}\s*=)", self.cells[index], flags=re.MULTILINE)
        )
        return next(found, "")

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """Every module-level statement that binds a name, in order; the last of a function counts."""
        found: dict[str, list[ast.stmt]] = {}
        for cell in self.cells:
            for statement in flat(parsed(cell)):
                for name in bound(statement):
                    found[name] = [statement] if is_function(statement) else [*found.get(name, []), statement]
        return found

    @cached_property
    def patches(self) -> list[tuple[str, str, ast.stmt]]:
        """Every module-level assignment to an attribute: the name that it hangs on, the attribute, the statement."""
        statements = [s for cell in self.cells for s in flat(parsed(cell))]
        return [(owner, attribute, s) for s in statements for owner, attribute in patched(s)]

    def closure(self, name: str, apart: frozenset[str] = frozenset()) -> list[ast.stmt]:
        """The definitions of `name` and of every notebook name that they use, directly or through others.

        Names in `apart` are not followed. What is put into an attribute counts where that attribute is read.
        """
        reached = {name}
        found: list[ast.stmt] = []
        waiting = self.definitions.get(name, [])
        while waiting:
            found += waiting
            fresh = {n for s in waiting for n in loaded(s)} - reached - apart
            reached |= fresh
            waiting = [s for n in sorted(fresh) for s in self.definitions.get(n, [])] or self._patches(found, reached)
        return found

    def _patches(self, read: list[ast.stmt], names: set[str]) -> list[ast.stmt]:
        """The statements that change what some others read, and are not among them.

        Special methods count for whoever reads the name that they hang on: operators call them unnamed.
        """
        attributes = {n.attr for s in read for n in ast.walk(s) if isinstance(n, ast.Attribute)}
        return [
            statement
            for owner, attribute, statement in self.patches
            if owner in names and (attribute in attributes or attribute[:2] == "__") and statement not in read
        ]

    def used(self, name: str, apart: frozenset[str] = frozenset()) -> frozenset[str]:
        """What `name` uses from outside the notebook: attributes, imported modules and names, builtins.

        Attributes that a class of the notebook defines are its own.
        """
        found: set[str] = set()
        own: set[str] = set()
        for statement in self.closure(name, apart):
            own |= members(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.alias):
                    found |= set(node.name.split("."))
                elif isinstance(node, ast.ImportFrom):
                    found |= set((node.module or "").split("."))
                elif isinstance(node, ast.Name) and node.id not in local(statement) | set(self.definitions):
                    found.add(node.id)
        return frozenset(found - own - {""})

    def differenced(self, name: str, apart: frozenset[str] = frozenset()) -> str:
        """The function that `name` calls at shifted arguments, x + h and x - h, as for a difference; "" if none."""
        everywhere = {n for n, ss in self.definitions.items() if any(map(is_function, ss))}
        for statement in self.closure(name, apart):
            watched = (everywhere | _inner(statement)) - apart
            shifts: dict[str, set[str]] = {}
            for call in _named_calls(statement):
                if call.func.id in watched:
                    moved = {_spelt(a) for a in _arguments(call) if _shifted(a, statement)}
                    shifts.setdefault(call.func.id, set()).update(moved)
            for called, moved in sorted(shifts.items()):
                if len(moved) > 1 or (moved and _called_plainly(statement, called)):
                    return called
        return ""

    def is_stub(self, name: str) -> bool:
        """Whether the function called `name` has no body yet: a docstring, and NotImplementedError, ... or pass."""
        definitions = self.definitions.get(name, [])
        if not definitions or not isinstance(definitions[-1], ast.FunctionDef):
            return False
        body = [s for s in definitions[-1].body if not _is_constant(s)]
        return all(isinstance(s, ast.Pass) or _raises_not_implemented(s) for s in body)


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _raises_not_implemented(statement: ast.stmt) -> bool:
    named = (n.id for n in ast.walk(statement) if isinstance(n, ast.Name))
    return isinstance(statement, ast.Raise) and "NotImplementedError" in named


def _inner(statement: ast.stmt) -> set[str]:
    """Functions and lambdas defined within a statement."""
    named = {n.name for n in ast.walk(statement) if isinstance(n, ast.FunctionDef)}
    lambdas = {t.id for t, v in _assignments(statement) if isinstance(v, ast.Lambda)}
    return named | lambdas


def _assignments(statement: ast.stmt) -> list[tuple[ast.Name, ast.expr]]:
    return [
        (node.targets[0], node.value)
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]


def _arguments(call: NamedCall) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _spelt(expression: ast.expr) -> tuple[object, ...]:
    """The same for two expressions that are spelt alike. `ast.dump` says it too, but fails at a deep one."""
    nodes = list(ast.walk(expression))
    names = [n.id if isinstance(n, ast.Name) else n.attr for n in nodes if isinstance(n, ast.Name | ast.Attribute)]
    return (*map(type, nodes), *names, *(repr(n.value) for n in nodes if isinstance(n, ast.Constant)))


def _shifted(argument: ast.expr, statement: ast.stmt) -> bool:
    """Whether an argument is something plus or minus a step: a number, or a name that stands for none of the inputs."""
    if isinstance(argument, ast.Name):
        values = [v for t, v in _assignments(statement) if t.id == argument.id]
        return any(isinstance(v, ast.BinOp) and _shifted(v, statement) for v in values)
    if not isinstance(argument, ast.BinOp) or not isinstance(argument.op, ast.Add | ast.Sub):
        return False
    inputs = _inputs(statement)
    step = argument.right
    if isinstance(step, ast.UnaryOp):
        step = step.operand
    return isinstance(step, ast.Constant) or (
        isinstance(step, ast.Name) and step.id not in inputs and _is_step(step.id, statement)
    )


def _inputs(statement: ast.stmt) -> set[str]:
    """The parameters without a default."""
    if not isinstance(statement, ast.FunctionDef):
        return set()
    names = [a.arg for a in statement.args.args]
    return set(names[: len(names) - len(statement.args.defaults)])


def _is_step(name: str, statement: ast.stmt) -> bool:
    """Whether a name holds a constant, is given one as its default, runs through a loop, or is the notebook's."""
    if any(t.id == name and isinstance(v, ast.Constant) for t, v in _assignments(statement)):
        return True
    if isinstance(statement, ast.FunctionDef) and name in {a.arg for a in statement.args.args}:
        return name not in _inputs(statement)
    if name not in local(statement):
        return True
    loops = (n.target for n in ast.walk(statement) if isinstance(n, ast.For | ast.comprehension))
    return any(isinstance(n, ast.Name) and n.id == name for target in loops for n in ast.walk(target))


def _called_plainly(statement: ast.stmt, name: str) -> bool:
    calls = [call for call in _named_calls(statement) if call.func.id == name]
    looped = any(isinstance(n, ast.comprehension | ast.For) for n in ast.walk(statement))
    return looped or len(calls) > 1


class NamedCall(Protocol):
    """A call of a plain name."""

    func: ast.Name
    args: list[ast.expr]
    keywords: list[ast.keyword]


def _named_calls(statement: ast.stmt) -> list[NamedCall]:
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return cast("list[NamedCall]", calls)
