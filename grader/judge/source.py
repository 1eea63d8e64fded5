"""Reading a notebook's code: what a function uses, with everything that it calls.

Knows Python's syntax tree. Refuses to run anything, and to know which names are forbidden.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property


def parsed(cell: str) -> list[ast.stmt]:
    """The statements of a cell, IPython's magics and shell lines left out; none where it is no Python."""
    lines = ["" if line.lstrip()[:1] in ("%", "!", "?") else line for line in cell.splitlines()]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


@dataclass(frozen=True)
class Source:
    """The code cells of a notebook, in order."""

    cells: tuple[str, ...]

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """Every module-level statement that binds a name, in order; the last of a function counts."""
        found: dict[str, list[ast.stmt]] = {}
        for cell in self.cells:
            for statement in _flat(parsed(cell)):
                for name in _bound(statement):
                    found[name] = [statement] if _is_function(statement) else [*found.get(name, []), statement]
        return found

    def closure(self, name: str) -> list[ast.stmt]:
        """The definitions of `name` and of every notebook name that they use, directly or through others."""
        seen, queue, found = {name}, [name], []
        while queue:
            for statement in self.definitions.get(queue.pop(), []):
                found.append(statement)
                fresh = {n for n in _loaded(statement) if n in self.definitions} - seen
                seen |= fresh
                queue += sorted(fresh)
        return found

    def used(self, name: str) -> frozenset[str]:
        """What `name` uses from outside the notebook: attributes, imported modules and names, builtins."""
        found: set[str] = set()
        for statement in self.closure(name):
            local = _local(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.alias):
                    found |= set(node.name.split("."))
                elif isinstance(node, ast.ImportFrom):
                    found |= set((node.module or "").split("."))
                elif isinstance(node, ast.Name) and node.id not in local | set(self.definitions):
                    found.add(node.id)
        return frozenset(found - {""})

    def differenced(self, name: str) -> str:
        """The notebook function of which `name` subtracts two values at different places; "" if none."""
        functions = {n for n, ss in self.definitions.items() if any(_is_function(s) for s in ss)}
        for statement in self.closure(name):
            held = _assigned_calls(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                    left, right = _calls(node.left, held), _calls(node.right, held)
                    for called in sorted(functions & set(left) & set(right)):
                        if left[called] != right[called]:
                            return called
        return ""


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


def _loaded(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - _local(
        statement
    )


def _local(statement: ast.stmt) -> set[str]:
    """Parameters and names assigned inside a function: they hide what stands outside."""
    if not isinstance(statement, ast.FunctionDef):
        return set()
    stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inner = {n.name for n in ast.walk(statement) if isinstance(n, ast.FunctionDef)}
    return stored | inner | {a.arg for a in ast.walk(statement) if isinstance(a, ast.arg)}


def _assigned_calls(statement: ast.stmt) -> dict[str, dict[str, str]]:
    held = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            held[node.targets[0].id] = _calls(node.value, {})
    return held


def _calls(expression: ast.expr, held: dict[str, dict[str, str]]) -> dict[str, str]:
    """Names called in an expression with their arguments, dumped; through variables that hold such calls."""
    found: dict[str, str] = {}
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found[node.func.id] = "".join(ast.dump(a) for a in node.args)
        elif isinstance(node, ast.Name):
            found |= held.get(node.id, {})
    return found
