"""Code without what hides that it is the same: names, comments, layout, numbers.

Knows Python's syntax tree. Refuses to know whose code it is, and what others wrote.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.judge.source import Source
from grader.judge.syntax import TopStatement

Names = dict[str, str]
"""What a name is called in the normal form."""

LONGEST = 200
"""Characters of what a name stands for; beyond, it is known by its statement."""


@dataclass(frozen=True)
class Statement:
    """A statement, or the head of a compound one: its normal form (`key`), and its lines as they were written.

    The lines begin where the statement before ended, so that comments are with what they are about. What a
    student was given, a docstring or the line of a stub, has no key.
    """

    key: str
    text: str


def answers(source: Source, graded: Sequence[str]) -> dict[str, tuple[Statement, ...]]:
    """The statements of each graded answer and of the helpers that it uses; stubs have none.

    Equal keys mean equal statements but for the names of variables and helpers, comments, layout, type hints
    and numbers. A variable is known by the statement that gives it its value, so order hardly matters; one
    that only stands for a part of something, as in `p = parameters`, is that part.
    """
    own = dict.fromkeys(source.definitions, "own") | {name: name for name in graded} | _modules(source)
    found = {}
    for name in graded:
        tops = [] if source.is_stub(name) else source.closure(name, frozenset(graded) - {name})
        found[name] = tuple(s for top in tops for s in _rows(top, source.cells[top.cell], own, name))
    return found


def _rows(top: TopStatement, cell: str, own: Names, answer: str) -> list[Statement]:
    """The statements of a definition; none of an import, nor of what is nested too deeply to be spelled."""
    if isinstance(top.node, ast.Import | ast.ImportFrom):
        return []
    try:
        return _Scope(cell, own | labels(top.node, own), answer).rows([top.node], top.node.lineno - 1)
    except RecursionError:
        return []


def _modules(source: Source) -> Names:
    """What imported names stand for: `t` for `torch` after `import torch as t`."""
    found: Names = {}
    for statement in (s.node for same in source.definitions.values() for s in same):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            start = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
            found |= {alias.asname or alias.name: start + alias.name for alias in statement.names}
    return found


def labels(statement: ast.stmt, own: Mapping[str, str]) -> Names:
    """What the local names of a function are called: its parameters by place, the others by what they are given."""
    if not isinstance(statement, ast.FunctionDef):
        return {}
    nodes = list(ast.walk(statement))
    names = {node.arg: "inner" for node in nodes if isinstance(node, ast.arg)}
    names |= {node.name: "inner" for node in nodes[1:] if isinstance(node, ast.FunctionDef)}
    names |= {a.arg: f"argument {place}" for place, a in enumerate(_all(statement.args))}
    given = [(name, value) for node in nodes for name, value in _given(node) if name not in names]
    counts = Counter(name for name, _ in given)
    known = {**own, **names, **dict.fromkeys(counts, "v")}
    shapes: dict[str, set[str]] = {}
    for name, value in given:
        shape = spelled(value, known)
        if counts[name] == 1 and _is_part(value) and len(shape) < LONGEST:
            known[name] = names[name] = shape
        else:
            shapes.setdefault(name, set()).add(shape)
    return names | {name: f"v {_short(' '.join(sorted(found)))}" for name, found in shapes.items()}


def _all(arguments: ast.arguments) -> list[ast.arg]:
    starred = [a for a in (arguments.vararg, arguments.kwarg) if a]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a node assigns, each with what it is given."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _matched(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
            yield from _matched(target, value)
        case ast.NamedExpr(target=target, value=value):
            yield from _matched(target, value)
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            yield from _matched(target, ast.Starred(value))
        case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
            yield from _matched(target, ast.Starred(value))


def _matched(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Names with their values; of `a, b = x, y` one by one, of `a, b = xy` all with the whole."""
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), (ast.Tuple(elts=values) | ast.List(elts=values))) if (
            len(targets) == len(values)
        ):
            for one, its in zip(targets, values, strict=True):
                yield from _matched(one, its)
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), _):
            for place, one in enumerate(targets):
                yield from _matched(one, ast.Subscript(ast.Starred(value), ast.Constant(f"part {place}")))


def _is_part(value: ast.expr) -> bool:
    """Whether an expression only looks something up: a name, an attribute, an entry with a constant key."""
    match value:
        case ast.Name():
            return True
        case ast.Attribute(value=inner) | ast.Subscript(value=inner, slice=ast.Constant()):
            return _is_part(inner)
    return False


def spelled(node: ast.AST, names: Mapping[str, str]) -> str:
    """The normal form of a node, without the statements that stand in its body."""
    match node:
        case ast.Name(ctx=ast.Store()):
            return "_"
        case ast.Name(id=name) | ast.arg(arg=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=attribute):
            return f"{spelled(value, names)}.{attribute}"
        case ast.Constant(value=value):
            return "0" if isinstance(value, int | float | complex) and not isinstance(value, bool) else repr(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return "0"
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return spelled(ast.Assign([target], value), names)
    parts = (_part(value, names) for field, value in ast.iter_fields(node) if field not in _UNSAID)
    return f"{type(node).__name__}({', '.join(part for part in parts if part)})"


_UNSAID = frozenset({"ctx", "annotation", "returns", "type_comment", "kind", "decorator_list"})


def _part(value: object, names: Mapping[str, str]) -> str:
    match value:
        case ast.AST():
            return spelled(value, names)
        case [ast.stmt() | ast.ExceptHandler() | ast.match_case(), *_]:
            return ""
        case list():
            return f"[{', '.join(_part(item, names) for item in value)}]"
    return "" if value is None else str(value)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True)
class _Scope:
    """One cell's text, and what names mean in one definition of it."""

    cell: str
    names: Names
    answer: str

    def rows(self, body: Sequence[ast.stmt], start: int) -> list[Statement]:
        """The statements of a body and of those within; `start` is the count of lines that were taken before."""
        lines = self.cell.splitlines()
        rows: list[Statement] = []
        for statement in body:
            inner = list(_inner(statement))
            end = min([statement.end_lineno or start, *(s.lineno - 1 for s in inner[:1])])
            rows.append(Statement(self._key(statement), "\n".join(lines[start : max(start, end)])))
            start = max(start, end)
            rows += self.rows(inner, start)
            start = max(start, statement.end_lineno or start)
        return rows

    def _key(self, statement: ast.stmt) -> str:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return ""
            case ast.FunctionDef(name=self.answer):
                return ""
            case ast.FunctionDef(args=arguments):
                return f"def of {len(_all(arguments))}"
        return _short(spelled(statement, self.names))


def _inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements in a compound statement, in the order of their lines."""
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        for node in getattr(statement, field, []):
            yield from [node] if isinstance(node, ast.stmt) else node.body
