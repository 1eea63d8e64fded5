"""The names in one statement of a notebook: what it binds, and what it reads from outside.

Knows Python's syntax tree. Refuses to know the other statements, and what any name stands for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, eq=False)
class TopStatement:
    """A statement of a notebook's module level, and the number of the cell that it stands in.

    What is found out about it is kept with it, because every question looks at the same statements again.
    """

    node: ast.stmt
    cell: int

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The statement's syntax tree, node by node."""
        return tuple(ast.walk(self.node))

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The names that it reads from outside."""
        read = {n.id for n in self.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        return frozenset(read - self.local)

    @cached_property
    def local(self) -> frozenset[str]:
        """Parameters, and names assigned inside a function or class: they hide what stands outside."""
        found = {a.arg for a in self.nodes if isinstance(a, ast.arg)}
        if isinstance(self.node, ast.FunctionDef | ast.ClassDef):
            found |= {n.id for n in self.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            found |= {n.name for n in self.nodes if isinstance(n, ast.FunctionDef)}
        return frozenset(found)


def flat(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement of a module's level, those within branches and loops too."""
    # No recursion: every elif lies within the one before it, and there may be thousands.
    waiting = list(reversed(statements))
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
            inner = [s for field in ("body", "orelse", "finalbody") for s in getattr(statement, field, [])]
            waiting += reversed(inner)


def is_function(statement: ast.stmt) -> bool:
    """Whether it is a def, or gives a lambda a name."""
    named = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda)
    return named or isinstance(statement, ast.FunctionDef)


def bound(statement: ast.stmt) -> list[str]:
    """The names that a statement gives a value to, or puts something into."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(alias.asname or alias.name).partition(".")[0] for alias in names]
    plain = [t for t in _targets(statement) if not isinstance(t, ast.Attribute)]
    return [n.id for t in plain for n in ast.walk(t) if isinstance(n, ast.Name)]


def _targets(statement: ast.stmt) -> list[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return [target]
    return []
