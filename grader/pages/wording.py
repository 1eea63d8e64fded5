"""How numbers, points, results and differences are written.

Knows formatting. Refuses to know what is right: both sides are given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import prod
from typing import Final

from grader.judge.clipping import LISTED, NAME, SHOWN, clipped
from grader.judge.findings import Difference, Form, Numbers, Paths, Place, Shown, Way
from grader.judge.model import Comparison
from grader.protocol.messages import GRID

NOT_THERE = "–"
"""What stands in a table where a result cannot be shown."""


def number(value: float, digits: int = 7) -> str:
    """A number to a readable count of digits."""
    # Adding 0 makes 0 of -0.
    return f"{value + 0.0:.{digits}g}"


def coordinate(value: float) -> str:
    """A number of a point, exactly where it lies on the grid of hidden points, so that it can be typed in."""
    short = number(value)
    if float(short) == value or not (GRID * value).is_integer() or abs(value) > GRID**2:
        return short
    return f"{value:.10f}".rstrip("0")


def written(numbers: Numbers, write: Callable[[float], str] = number) -> str:
    """Numbers in a line, each as `write` does; a long array by its first entries and its shape."""
    found = [write(value) for value in numbers.values]
    if prod(numbers.shape) > SHOWN:
        return f"[{', '.join(found)}, … shape {numbers.shape}]"
    return _nested(found, numbers.shape) + _index(numbers)


def _index(numbers: Numbers) -> str:
    return "" if numbers.index is None else f" in place [{', '.join(map(str, numbers.index))}]"


def _nested(found: Sequence[str], shape: Sequence[int]) -> str:
    if not shape:
        return found[0]
    first, *rest = shape
    size = prod(rest)
    return f"[{', '.join(_nested(found[i * size : (i + 1) * size], rest) for i in range(first))}]"


def apart(theirs: Numbers, expected: Numbers) -> tuple[str, str]:
    """Two arrays written with as many digits as it takes to tell them apart."""
    if prod(theirs.shape) > SHOWN:
        return written(theirs), written(expected)
    for digits in (7, 10, 13, 17):
        left, right = (written(replace(n, index=None), partial(number, digits=digits)) for n in (theirs, expected))
        if left != right:
            break
    return left + _index(theirs), right


def place(point: Place | None) -> str:
    """A point, "(a = 1, b = 2.5)", in numbers that can be typed in; nothing where there is none."""
    parts = [
        f"{name} of shape {numbers.shape}"
        if prod(numbers.shape) > SHOWN
        else f"{name} = {written(numbers, coordinate)}"
        for name, numbers in (point or {}).items()
    ]
    return f"({', '.join(parts)})" if parts else ""


LEAST: Final = 4
FEW: Final = 6
"""So many numbers are read in a sentence; the table beside it has them all."""


def few_of(point: Place | None, about: Collection[str] = ()) -> str:
    """A point in a sentence: of many numbers those that it is `about`, and how many more there are."""
    if sum(prod(numbers.shape) for numbers in (point or {}).values()) <= FEW:
        return place(point)
    named = dict(point or {})
    found, room = [], FEW
    for name, numbers in ([(n, named[n]) for n in named if n in about] or list(named.items()))[:LEAST]:
        size = prod(numbers.shape)
        if size > FEW:
            found.append(f"{name} of shape {numbers.shape}")
        elif size <= room:
            found.append(f"{name} = {written(numbers, coordinate)}")
            room -= size
    rest = len(named) - len(found)
    return f"({', '.join([*found, f'and {rest} more'] if rest else found)})"


def one_of(theirs: Shown, expected: Shown) -> tuple[Shown, Shown]:
    """Two long arrays of one shape by the first entry in which they differ; all else as it is."""
    if not isinstance(theirs, Numbers) or not isinstance(expected, Numbers) or theirs.shape != expected.shape:
        return theirs, expected
    if not FEW < len(theirs.values) == prod(theirs.shape):
        return theirs, expected
    pairs = zip(theirs.values, expected.values, strict=True)
    first = next((i for i, (one, other) in enumerate(pairs) if number(one) != number(other)), 0)
    index: list[int] = []
    rest = first
    for length in reversed(theirs.shape):
        rest, at = divmod(rest, length)
        index.insert(0, at)
    return Numbers((theirs.values[first],), (), tuple(index)), Numbers((expected.values[first],))


def shown(value: Shown) -> str:
    """What was given, or is right, in a line."""
    match value:
        case None:
            return NOT_THERE
        case Numbers():
            return written(value)
        case Form():
            return form(value)
    return arrows(value)


def pair(theirs: Shown, expected: Shown) -> tuple[str, str]:
    """What was given and what is right; numbers that differ so that this can be seen."""
    if isinstance(theirs, Numbers) and isinstance(expected, Numbers):
        return apart(theirs, expected)
    return shown(theirs), shown(expected)


@dataclass(frozen=True)
class Row:
    """A comparison in words."""

    what: str
    at: str
    theirs: str
    expected: str


def row(compared: Comparison) -> Row:
    """A row of a table of theirs against expected."""
    sides = compared.theirs, compared.expected
    theirs, expected = map(shown, sides) if compared.agrees else pair(*sides)
    return Row(compared.what, place(compared.where), theirs, expected)


def arrows(paths: Paths) -> str:
    """Ways through a graph: a → x, b → x."""
    return listed([" → ".join(path) for path in paths], len(paths), str, 3 * NAME)


def listed(names: Iterable[str], count: int, spelt: Callable[[str], str] = str, most: int = NAME) -> str:
    """Names of which there are `count`, each as it is `spelt`, and how many more there are."""
    found = [clipped(spelt(name), most) for name in list(names)[:LISTED]]
    return ", ".join([*found, f"and {count - len(found)} more"] if count > len(found) else found)


CONSTANT = {
    "None": "None",
    "None as given": "None, as it was given,",
    "function": "a function that is not called (are its parentheses missing?)",
    "mapping": "a dict whose keys are not all text",
    "tensor of numbers": "a tensor of numbers",
    "number": "a number or a tensor with one element",
    "one element": "a tensor with one element",
    "array": "a NumPy array",
    "numbers": "a list of numbers",
    "training": "(w, b, losses)",
}
"""What needs no more than its kind to be said."""


def form(found: Form) -> str:
    """What a result is or should be: "a tensor of shape (2, 3)", "None", "a dict with keys x, y"."""
    count = found.count or 0
    match found.kind:
        case "tensor":
            article = "an" if found.dtype[:1] in tuple("aeiou") else "a"
            return " ".join(filter(None, [article, found.dtype, "tensor"])) + _of_shape(found)
        case "numpy":
            return f"a NumPy array{_of_shape(found)}" if found.shape else "a NumPy number"
        case "list":
            return f"a list of {count} {found.dtype}{' ' if found.dtype else ''}numbers"
        case "python" | "object":
            return f"a Python {found.dtype}" if found.dtype else f"of type {found.names[0]}"
        case "tuple or list" | "tuple":
            return f"a {found.kind} of {count}"
        case "dict":
            return f"a dict with keys {listed(found.names, count) or '(none)'}"
        case "dict with":
            return f"a dict with the keys {', '.join(found.names)}"
        case "keys":
            return listed(found.names, count, repr) or "none"
        case "shape":
            return f"shape {found.shape}"
        case "dtype" | "device" | "entries":
            return found.dtype or "".join(found.names) or f"{count}"
    return CONSTANT[found.kind]


def _of_shape(found: Form) -> str:
    return f" of shape {found.shape}" if found.shape else ""


def difference(found: Difference | None, subject: str = "yours") -> str:
    """What kind of difference it is, in brackets; nothing where it is of no simple kind."""
    return f" ({_differing(found, subject)})" if found else ""


def _differing(found: Difference, subject: str) -> str:
    amount = found.amount
    match found.way:
        case Way.ZERO:
            return f"{subject} is 0 everywhere"
        case Way.FLIPPED:
            return "the sign is flipped at every point"
        case Way.TIMES:
            simple = Fraction(amount).limit_denominator(64)
            exact = abs(float(simple) - amount) <= 1e-6 * abs(amount)
            return f"{subject} is {simple if exact else number(amount, 4)} times what is right, at every point"
        case Way.STILL:
            return f"{subject} is the same everywhere"
        case Way.ROUNDED:
            many = "s" if amount > 1 else ""
            return f"{subject} is rounded to {amount:.0f} decimal{many}: give the number as it is"
        case Way.SHIFTED:
            return f"too {'large' if amount > 0 else 'small'} by {number(abs(amount), 4)} at every point"
        case Way.MISPLACED:
            return "the right entries, in the wrong places"
        case Way.CLOSE:
            return f"close, but a relative difference of {amount:.0e} is more than rounding explains"
        case Way.UNMOVED:
            return "it has not moved"
