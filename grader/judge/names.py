"""The names in one statement of a notebook: what it binds, what it patches, what it reads from outside.

Knows Python's syntax tree. Refuses to know the other statements, and what any name stands for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache


@lru_cache(maxsize=8192)
def walked(node: ast.AST) -> tuple[ast.AST, ...]:
    """A node and all below it: kept, because every question looks at the same statements again."""
    return tuple(ast.walk(node))


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
    return [n.id for t in plain for n in walked(t) if isinstance(n, ast.Name)]


def patched(statement: ast.stmt) -> list[tuple[str, str]]:
    """The attributes that a statement assigns, each with the name that it hangs on: a patch defines no name."""
    attributes = [t for t in _targets(statement) if isinstance(t, ast.Attribute)]
    return [(n.id, t.attr) for t in attributes for n in walked(t) if isinstance(n, ast.Name)]


def _targets(statement: ast.stmt) -> list[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return [target]
    return []


def members(statement: ast.stmt) -> set[str]:
    """The methods and attributes that a class gives its objects."""
    if not isinstance(statement, ast.ClassDef):
        return set()
    methods = {n.name for n in walked(statement) if isinstance(n, ast.FunctionDef)}
    stores = (n for n in walked(statement) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    return methods | {n.attr for n in stores}


@lru_cache(maxsize=8192)
def loaded(statement: ast.stmt) -> set[str]:
    """The names that a statement reads from outside."""
    read = {n.id for n in walked(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read - local(statement)


@lru_cache(maxsize=8192)
def attributes(statement: ast.stmt) -> set[str]:
    """The attributes that a statement reads or assigns, each with a point in front."""
    return {f".{n.attr}" for n in walked(statement) if isinstance(n, ast.Attribute)}


@lru_cache(maxsize=8192)
def local(statement: ast.stmt) -> set[str]:
    """Parameters, and names assigned inside a function or class: they hide what stands outside."""
    found = {a.arg for a in walked(statement) if isinstance(a, ast.arg)}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        found |= {n.id for n in walked(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        found |= {n.name for n in walked(statement) if isinstance(n, ast.FunctionDef)}
    return found
