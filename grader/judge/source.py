"""Reading a notebook's code: what a function uses, with everything that it calls.

Knows Python's syntax tree. Refuses to run anything, and to know which names are forbidden.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from grader.judge.differences import differenced
from grader.judge.names import attributes, bound, flat, is_function, loaded, local, members, patched, walked

ESCAPE = re.compile(
    r"^([^\S\n]*)(?:([\w., ()\[\]]+=[^\S\n]*)?[%!][^\n]*|[?,;/][^\n]*|[^\n#'\"]*\?[^\S\n]*)$", re.MULTILINE
)
"""A line that is IPython's and not Python's: a magic, a shell command, a question; what it is assigned to."""


@lru_cache(maxsize=2048)
def parsed(cell: str) -> list[ast.stmt]:
    """The statements of a cell, IPython's own lines as the calls that they are; none where it is no Python.

    Kept, and never changed: most cells are the lab's own, the same in every notebook of a class.
    """
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
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """Every module-level statement that binds a name, in order; the last of a function counts."""
        found: dict[str, list[ast.stmt]] = {}
        for cell in self.cells:
            for statement in flat(parsed(cell)):
                for name in bound(statement):
                    if is_function(statement):
                        found[name] = []
                    found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def patches(self) -> dict[str, list[tuple[str, ast.stmt]]]:
        """Every module-level assignment to an attribute, twice: under a name it hangs on, and under ".attribute".

        With each stands the other of the two. A special method stands with its own name: operators call it unnamed.
        """
        found: dict[str, list[tuple[str, ast.stmt]]] = {}
        for statement in (s for cell in self.cells for s in flat(parsed(cell))):
            for owner, attribute in patched(statement):
                found.setdefault(owner, []).append((owner if attribute[:2] == "__" else f".{attribute}", statement))
                found.setdefault(f".{attribute}", []).append((owner, statement))
        return found

    def closure(self, name: str, apart: frozenset[str] = frozenset()) -> list[ast.stmt]:
        """The definitions of `name` and of every notebook name that they use, directly or through others.

        Names in `apart` are not followed. What is put into an attribute counts where that attribute is read.
        """
        reached, met = {name}, {id(s) for s in self.definitions.get(name, [])}
        found = list(self.definitions.get(name, []))
        for statement in found:
            fresh = sorted((loaded(statement) | attributes(statement)) - reached - apart)
            reached.update(fresh)
            for word in fresh:
                patches = [s for other, s in self.patches.get(word, []) if other in reached]
                more = [s for s in (*self.definitions.get(word, []), *patches) if id(s) not in met]
                met |= {id(s) for s in more}
                found += more
        return found

    def used(self, name: str, apart: frozenset[str] = frozenset()) -> frozenset[str]:
        """What `name` uses from outside the notebook: attributes, imported modules and names, builtins.

        Attributes that a class of the notebook defines are its own.
        """
        found: set[str] = set()
        own: set[str] = set()
        for statement in self.closure(name, apart):
            own |= members(statement)
            inside = local(statement)
            for node in walked(statement):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.alias):
                    found |= set(node.name.split("."))
                elif isinstance(node, ast.ImportFrom):
                    found |= set((node.module or "").split("."))
                elif isinstance(node, ast.Name) and node.id not in inside and node.id not in self.definitions:
                    found.add(node.id)
        return frozenset(found - own - {""})

    def differenced(self, name: str, apart: frozenset[str] = frozenset()) -> str:
        """The function that `name` calls at shifted arguments, x + h and x - h, as for a difference; "" if none."""
        everywhere = {n for n, ss in self.definitions.items() if any(map(is_function, ss))}
        found = (differenced(statement, everywhere, apart) for statement in self.closure(name, apart))
        return next(filter(None, found), "")

    def stubs(self, name: str) -> list[str]:
        """The functions without a body that `name` uses, directly or through others, in order."""
        used = [s.name for s in self.closure(name) if isinstance(s, ast.FunctionDef) and s.name != name]
        return [other for other in dict.fromkeys(used) if self.is_stub(other)]

    def uses(self, name: str, others: Collection[str]) -> list[str]:
        """Those of some other names that `name` uses, directly or through others."""
        words = {word for statement in self.closure(name) for word in loaded(statement)}
        return [other for other in others if other in words and other in self.definitions and other != name]

    def is_defined_again(self, name: str) -> bool:
        """Whether more than one cell defines a function called `name`."""
        defining = (any(is_function(s) and name in bound(s) for s in flat(parsed(cell))) for cell in self.cells)
        return sum(defining) > 1

    def is_hidden(self, name: str) -> bool:
        """Whether a function called `name` is defined, and something else is given its name afterwards."""
        definitions = self.definitions.get(name, [])
        return any(map(is_function, definitions)) and not is_function(definitions[-1])

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
    named = (n.id for n in walked(statement) if isinstance(n, ast.Name))
    return isinstance(statement, ast.Raise) and "NotImplementedError" in named
