"""Which torch functions a call goes through, and where in a notebook it failed.

Knows how to listen to torch while a student's function runs, and how to describe what it raised.
Refuses to know which functions are allowed, and never trusts an exception to describe itself in peace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from linecache import getline
from types import MethodWrapperType, TracebackType
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from grader.kernel.results import clipped, type_name
from grader.kernel.shortage import shortage
from grader.protocol.messages import Raised

FUNCTIONS: Final = 5_000
"""More than torch has: what a notebook may add of its own."""
_named: Final[dict[tuple[int, str], tuple[Any, frozenset[str]]]] = {}

# Torch makes its table of names when it is first asked: here, so that it is of torch as torch was, and made once
# for all forked children.
resolve_name(torch.exp)


class Listener(TorchFunctionMode):
    """Hears every torch function that Python code calls within it, `Tensor.backward` included."""

    def __init__(self) -> None:
        """Start having heard nothing."""
        super().__init__()
        self._heard: dict[tuple[int, str], Any] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Note the function, and call it."""
        if len(self._heard) < FUNCTIONS:
            self._heard[_identity(func)] = func
        return func(*args, **(kwargs or {}))

    def names(self) -> frozenset[str]:
        """Bare and qualified names: "softmax" and "torch.nn.functional.softmax", "Tensor.backward", …"""
        return frozenset().union(*map(_names, self._heard.values()))


def _names(func: Any) -> frozenset[str]:
    """What a function is called; of one that was named before it is remembered, because finding out is slow."""
    if known := _named.get(_identity(func)):
        return known[1]
    bare = clipped(str(getattr(func, "__name__", "")), 200)
    module = clipped(str(getattr(func, "__module__", "") or ""), 200)
    full = resolve_name(func) or (f"{module}.{bare}" if module else bare)
    names = frozenset({bare, full, full.removeprefix("torch.")} - {""})
    if len(_named) < FUNCTIONS:
        _named[_identity(func)] = func, names
    return names


def _identity(func: Any) -> tuple[int, str]:
    """What is the same for a function whenever it is called: for `x.shape` torch makes a new one every time."""
    return (id(func.__self__), func.__name__) if type(func) is MethodWrapperType else (id(func), "")


def raised(error: BaseException, is_cell: Callable[[str], bool]) -> Raised:
    """An exception as facts: its type, its text, the deepest line of a cell on the way to it, and what ran out."""
    try:
        text = clipped(str(error))
    except BaseException as other:
        text = f"(its text cannot be shown: {type_name(other)})"
    return Raised(type_name(error), text, _line(error.__traceback__, is_cell), errno=shortage(error))


def _line(trace: TracebackType | None, is_cell: Callable[[str], bool]) -> str:
    found = ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if is_cell(name):
            source = getline(name, trace.tb_lineno).strip()
            found = clipped(f"line {trace.tb_lineno}: {source}", 200)
        trace = trace.tb_next
    return found
