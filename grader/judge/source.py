"""Reading a notebook's code: what a function uses, with everything that it calls.

Knows Python's syntax tree. Refuses to run anything, and to know what may be used: what is seen of a run
says that, never a text.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from grader.judge.syntax import TopStatement, bound, flat, is_function

ESCAPE = re.compile(
    r"^([^\S\n]*)(?:([\w., ()\[\]]+=[^\S\n]*)?[%!][^\n]*|[?,;/][^\n]*|[^\n#'\"]*\?[^\S\n]*)$", re.MULTILINE
)
"""A line that is IPython's and not Python's: a magic, a shell command, a question; what it is assigned to."""


def parsed(cell: str) -> list[ast.stmt]:
    """The statements of a cell, IPython's own lines as the calls that they are; none where it is no Python."""
    # First as it stands: a line of plain Python may begin with a % too.
    for text in (cell, ESCAPE.sub(r"\1\2get_ipython()", "\n".join(cell.splitlines()))):
        try:
            with warnings.catch_warnings(action="ignore"):
                return ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
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
    def statements(self) -> tuple[TopStatement, ...]:
        """Every statement of the module's level, those within its branches and loops too, in order."""
        return tuple(TopStatement(node, place) for place, text in enumerate(self.cells) for node in flat(parsed(text)))

    @cached_property
    def definitions(self) -> dict[str, list[TopStatement]]:
        """Every module-level statement that binds a name, in order; the last of a function counts."""
        found: dict[str, list[TopStatement]] = {}
        for statement in self.statements:
            for name in bound(statement.node):
                if is_function(statement.node):
                    found[name] = []
                found.setdefault(name, []).append(statement)
        return found

    def closure(self, name: str, apart: frozenset[str] = frozenset()) -> list[TopStatement]:
        """The definitions of `name` and of every notebook name that they use, directly or through others.

        Names in `apart` are not followed.
        """
        reached, met = {name}, set(self.definitions.get(name, []))
        found = list(self.definitions.get(name, []))
        for statement in found:
            fresh = sorted(statement.loaded - reached - apart)
            reached.update(fresh)
            for word in fresh:
                more = [s for s in self.definitions.get(word, []) if s not in met]
                met.update(more)
                found += more
        return found

    def raises_not_implemented(self, name: str) -> bool:
        """Whether a NotImplementedError stands in the code of `name`, or of what it uses."""
        return any(_names_not_implemented(node) for s in self.closure(name) for node in s.nodes)

    def stubs(self, name: str) -> list[str]:
        """The functions without a body that `name` uses, directly or through others, in order."""
        nodes = [s.node for s in self.closure(name)]
        used = [node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name != name]
        return [other for other in dict.fromkeys(used) if self.is_stub(other)]

    def uses(self, name: str, others: Collection[str]) -> list[str]:
        """Those of some other names that `name` uses, directly or through others."""
        words = {word for statement in self.closure(name) for word in statement.loaded}
        return [other for other in others if other in words and other in self.definitions and other != name]

    def is_defined_again(self, name: str) -> bool:
        """Whether more than one cell defines a function called `name`."""
        return len({s.cell for s in self.statements if is_function(s.node) and name in bound(s.node)}) > 1

    def is_hidden(self, name: str) -> bool:
        """Whether a function called `name` is defined, and something else is given its name afterwards."""
        definitions = [is_function(s.node) for s in self.definitions.get(name, [])]
        return any(definitions) and not definitions[-1]

    def is_stub(self, name: str) -> bool:
        """Whether the function called `name` has no body yet: a docstring, and NotImplementedError, ... or pass."""
        definitions = [s.node for s in self.definitions.get(name, [])]
        if not definitions or not isinstance(definitions[-1], ast.FunctionDef):
            return False
        body = [s for s in definitions[-1].body if not _is_constant(s)]
        return all(isinstance(s, ast.Pass) or _raises_not_implemented(s) for s in body)


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _raises_not_implemented(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Raise):
        return False
    return any(map(_names_not_implemented, ast.walk(statement)))


def _names_not_implemented(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "NotImplementedError"
