"""Numbers that write themselves down: formulas worked out with them leave code behind.

Knows how operations are written with torch, and what is used again. Refuses to know which formulas there are.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sympy
from sympy import Heaviside, Max, Min, Pow, cos, exp, log, sin, tanh
from sympy.codegen.cfunctions import log1p

from grader.oracle.formulas import NUMERIC, Arithmetic

SHORT: Final = 60
"""Up to so many characters what is used once stands where it is used."""

_FUNCTIONS: Final = {
    exp: "torch.exp({0})",
    log: "torch.log({0})",
    log1p: "torch.log1p({0})",
    sin: "torch.sin({0})",
    cos: "torch.cos({0})",
    tanh: "torch.tanh({0})",
    sympy.Abs: "torch.abs({0})",
    Heaviside: "(({0} > 0) * 1.0)",
}


@dataclass(frozen=True, eq=False)
class WrittenNumber:
    """A number that code computes: a line of a sheet. Numbers of Python may stand beside it in every operation."""

    __array_ufunc__ = None  # NumPy's numbers leave the operation to this class.
    sheet: CodeSheet
    line: int

    def __add__(self, other: Any) -> Any:
        """A sum."""
        return self if _is(other, 0) else self.sheet.noted("({0} + {1})", self, other)

    def __radd__(self, other: Any) -> Any:
        """A sum with a number of Python."""
        return self if _is(other, 0) else self.sheet.noted("({0} + {1})", other, self)

    def __sub__(self, other: Any) -> Any:
        """A difference."""
        return self if _is(other, 0) else self.sheet.noted("({0} - {1})", self, other)

    def __rsub__(self, other: Any) -> Any:
        """A difference from a number of Python."""
        return self.sheet.noted("({0} - {1})", other, self)

    def __mul__(self, other: Any) -> Any:
        """A product."""
        return 0 if _is(other, 0) else self if _is(other, 1) else self.sheet.noted("({0} * {1})", self, other)

    def __rmul__(self, other: Any) -> Any:
        """A product with a number of Python."""
        return 0 if _is(other, 0) else self if _is(other, 1) else self.sheet.noted("({0} * {1})", other, self)

    def __truediv__(self, other: Any) -> Any:
        """A quotient."""
        return self if _is(other, 1) else self.sheet.noted("({0} / {1})", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        """A number of Python, divided."""
        return self.sheet.noted("({0} / {1})", other, self)

    def __neg__(self) -> Any:
        """The opposite."""
        return self.sheet.noted("(-{0})", self)

    def __pow__(self, other: Any) -> Any:
        """A power."""
        if _is(other, -1):
            return 1 / self
        return self if _is(other, 1) else self.sheet.noted("({0} ** {1})", self, other)

    def __rpow__(self, other: Any) -> Any:
        """A power of a number of Python."""
        return self.sheet.noted("({0} ** {1})", other, self)


@dataclass(frozen=True, eq=False)
class CodeSheet:
    """Operations in the order in which they were first made, each once: how it is written, and of what."""

    lines: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    known: dict[tuple[str, tuple[Any, ...]], WrittenNumber] = field(default_factory=dict)

    def noted(self, form: str, *parts: Any) -> WrittenNumber:
        """An operation on numbers of this sheet, and of Python; a name has no parts."""
        key = form, tuple(part.line if isinstance(part, WrittenNumber) else _literal(part) for part in parts)
        if key not in self.known:
            self.lines.append(key)
            self.known[key] = WrittenNumber(self, len(self.lines) - 1)
        return self.known[key]

    @property
    def arithmetic(self) -> Arithmetic:
        """Formulas worked out on this sheet."""
        functions = {kind: self._function(kind, form) for kind, form in _FUNCTIONS.items()}
        largest, smallest = self._extreme(Max, "max", "min"), self._extreme(Min, "min", "max")
        return Arithmetic({**functions, Max: largest, Min: smallest, Pow: operator.pow, sympy.Number: _plain})

    def _function(self, kind: Any, form: str) -> Callable[..., Any]:
        return lambda v, *_: self.noted(form, v) if isinstance(v, WrittenNumber) else NUMERIC.of[kind](v)

    def _extreme(self, kind: Any, name: str, bound: str) -> Callable[..., Any]:
        """The largest, or smallest, of several; of a number and a formula by clamp."""

        def found(*values: Any) -> Any:
            written = [v for v in values if isinstance(v, WrittenNumber)]
            if not written:
                return NUMERIC.of[kind](*values)
            places = ", ".join(f"{{{i}}}" for i in range(len(written)))
            most = self.noted(f"torch.stack([{places}]).{name}()", *written) if len(written) > 1 else written[0]
            for number in (v for v in values if not isinstance(v, WrittenNumber)):
                most = self.noted(f"torch.clamp({{0}}, {bound}={{1}})", most, number)
            return most

        return found

    def written(self, results: Sequence[Any]) -> tuple[list[str], list[str]]:
        """Lines that come before, and the code of each of some results."""
        needed = self._needed(results)
        uses = Counter(part for line in needed for part in self.lines[line][1] if isinstance(part, int))
        uses.update(result.line for result in results if isinstance(result, WrittenNumber))
        texts: dict[int, str] = {}
        before = []
        for line in sorted(needed):
            form, parts = self.lines[line]
            text = form.format(*(texts[p] if isinstance(p, int) else p for p in parts)) if parts else form
            if parts and (uses[line] > 1 or len(text) > SHORT):
                before.append(f"number{line} = {text}")
                text = f"number{line}"
            texts[line] = text
        return before, [texts[r.line] if isinstance(r, WrittenNumber) else _literal(r) for r in results]

    def _needed(self, results: Sequence[Any]) -> set[int]:
        found: set[int] = set()
        left = [result.line for result in results if isinstance(result, WrittenNumber)]
        while left:
            line = left.pop()
            if line not in found:
                found.add(line)
                left += [part for part in self.lines[line][1] if isinstance(part, int)]
        return found


def _plain(number: Any) -> Any:
    """A number of Python's own, a whole one without its point."""
    value = float(number)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _literal(number: Any) -> str:
    """A number in code; a negative one in brackets, so that a power is taken of all of it."""
    value = _plain(number)
    return f"({value})" if value < 0 else str(value)


def _is(other: Any, number: int) -> bool:
    return not isinstance(other, WrittenNumber) and bool(other == number)
