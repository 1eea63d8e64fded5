"""Reading a notebook's code: what a function uses, with everything that it calls.

Knows Python's syntax tree. Refuses to run anything, and to know which names are forbidden.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol, cast


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
            for statement in _flat(parsed(cell)):
                for name in _bound(statement):
                    found[name] = [statement] if _is_function(statement) else [*found.get(name, []), statement]
        return found

    def closure(self, name: str, apart: frozenset[str] = frozenset()) -> list[ast.stmt]:
        """The definitions of `name` and of every notebook name that they use, directly or through others.

        Names in `apart` are not followed.
        """
        seen, queue, found = {name} | apart, [name], []
        while queue:
            for statement in self.definitions.get(queue.pop(), []):
                found.append(statement)
                fresh = {n for n in _loaded(statement) if n in self.definitions} - seen
                seen |= fresh
                queue += sorted(fresh)
        return found

    def used(self, name: str, apart: frozenset[str] = frozenset()) -> frozenset[str]:
        """What `name` uses from outside the notebook: attributes, imported modules and names, builtins.

        Attributes that a class of the notebook defines are its own.
        """
        found: set[str] = set()
        own: set[str] = set()
        for statement in self.closure(name, apart):
            local = _local(statement)
            own |= _members(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.alias):
                    found |= set(node.name.split("."))
                elif isinstance(node, ast.ImportFrom):
                    found |= set((node.module or "").split("."))
                elif isinstance(node, ast.Name) and node.id not in local | set(self.definitions):
                    found.add(node.id)
        return frozenset(found - own - {""})

    def differenced(self, name: str, apart: frozenset[str] = frozenset()) -> str:
        """The function that `name` calls at shifted arguments, x + h and x - h, as for a difference; "" if none."""
        everywhere = {n for n, ss in self.definitions.items() if any(map(_is_function, ss))}
        for statement in self.closure(name, apart):
            watched = (everywhere | _inner(statement)) - apart
            shifts: dict[str, set[str]] = {}
            for call in _named_calls(statement):
                if call.func.id in watched:
                    moved = {ast.dump(a) for a in _arguments(call) if _shifted(a, statement)}
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
    return isinstance(statement, ast.Raise) and "NotImplementedError" in ast.dump(statement)


def _members(statement: ast.stmt) -> set[str]:
    """The methods and attributes that a class gives its objects."""
    if not isinstance(statement, ast.ClassDef):
        return set()
    methods = {n.name for n in ast.walk(statement) if isinstance(n, ast.FunctionDef)}
    stores = (n for n in ast.walk(statement) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    return methods | {n.attr for n in stores}


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
    if name not in _local(statement):
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


def _is_function(statement: ast.stmt) -> bool:
    named = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda)
    return named or isinstance(statement, ast.FunctionDef)


def _flat(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for field in ("body", "orelse", "finalbody"):
                yield from _flat(getattr(statement, field, []))


def _bound(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(alias.asname or alias.name).partition(".")[0] for alias in names]
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return []


@lru_cache(maxsize=8192)
def _loaded(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - _local(
        statement
    )


@lru_cache(maxsize=8192)
def _local(statement: ast.stmt) -> set[str]:
    """Parameters, and names assigned inside a function or class: they hide what stands outside."""
    found = {a.arg for a in ast.walk(statement) if isinstance(a, ast.arg)}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        found |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        found |= {n.name for n in ast.walk(statement) if isinstance(n, ast.FunctionDef)}
    return found
