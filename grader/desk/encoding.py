"""Findings and what is drawn of them as JSON, and back.

Knows frozen dataclasses by their fields and types: what is empty is left out, and infinities are written as words.
Refuses to know what any of it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from math import inf, isfinite, nan
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from grader.judge.findings import Form, Numbers, Paths, Shown
from grader.judge.truth import Slip

T = TypeVar("T")

NOT_FINITE: Final = {"nan": nan, "inf": inf, "-inf": -inf}


def encoded(value: Any) -> Any:
    """A value of plain data in what JSON has; one number alone is a number."""
    match value:
        case Numbers(values=(alone,), shape=(), index=None):
            return encoded(alone)
        case Slip(note=note, facts=facts):
            return {"note": note, "facts": dict(facts), **_filled(value, "edges")}
        case Enum():
            return value.value
        case float() if not isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return [encoded(part) for part in value]
        case Mapping():
            texts = all(isinstance(key, str) for key in value)
            pairs = [(encoded(key), encoded(part)) for key, part in value.items()]
            return dict(pairs) if texts else pairs
    return _filled(value, *(field.name for field in fields(value)))


def _filled(value: Any, *names: str) -> dict[str, Any]:
    """The fields that say something, each in what JSON has."""
    wanted = [(f, getattr(value, f.name)) for f in fields(value) if f.name in names]
    return {field.name: encoded(part) for field, part in wanted if field.default is MISSING or part != field.default}


def decoded(kind: type[T], found: Any) -> T:
    """The value of a dataclass from what `encoded` made of it. Raises ValueError, KeyError or TypeError else."""
    value: T = _value(kind, found)
    return value


def _value(kind: Any, found: Any) -> Any:
    if kind == Shown:
        return _shown(found)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (known,) = (each for each in inner if each is not NoneType)
        return None if found is None else _value(known, found)
    if origin is tuple:
        kinds = [inner[0]] * len(found) if inner[-1] is ... else inner
        return tuple(_value(each, part) for each, part in zip(kinds, found, strict=True))
    if origin is not None:
        pairs = found.items() if isinstance(found, dict) else found
        return {_value(inner[0], key): _value(inner[1], part) for key, part in pairs}
    if kind is Numbers and not isinstance(found, dict):
        return Numbers((_value(float, found),))
    if kind is Slip:
        return Slip(found["note"], tuple(found["facts"].items()), _value(_types(Slip)["edges"], found.get("edges", ())))
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{name: _value(_types(kind)[name], part) for name, part in found.items()})
    return _plain(kind, found)


def _shown(found: Any) -> Any:
    if isinstance(found, list):
        return _value(Paths, found)
    form = isinstance(found, dict) and "kind" in found
    return None if found is None else _value(Form if form else Numbers, found)


def _plain(kind: Any, found: Any) -> Any:
    """A number, a text, or a member of an enumeration."""
    if kind is float and type(found) in (int, float):
        return float(found)
    if kind is float:
        return NOT_FINITE[found]
    if issubclass(kind, Enum):
        return kind(found)
    if type(found) is not kind:
        raise TypeError(f"{found!r} is no {kind.__name__}")
    return found


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
