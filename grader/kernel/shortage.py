"""What an exception says of the machine: that something of it ran out.

Knows the ways in which Python and torch say so. Refuses to know whether it is true: the grader looks for itself, and
never trusts an exception to describe itself in peace.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any, Final

SCARCE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
ENDED: Final = 71
"""The exit code of a process that did not start because something of the machine ran out (EX_OSERR of sysexits.h)."""
DEEPEST: Final = 10
"""Exceptions that led to an exception, looked at."""
_WORDS: Final = {"can't start new thread": errno.EAGAIN, "can't allocate memory": errno.ENOMEM}
"""What has no number: a thread's start in Python, and memory in torch."""

_errno: Final[Any] = OSError.__dict__["errno"]
_arguments: Final[Any] = BaseException.__dict__["args"]
_cause: Final[Any] = BaseException.__dict__["__cause__"]
_context: Final[Any] = BaseException.__dict__["__context__"]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that led to it, of which one may be the first again."""
    for _ in range(DEEPEST):
        if error is None:
            break
        yield error
        error = _cause.__get__(error) or _context.__get__(error)


def shortage(error: BaseException | None) -> int:
    """The `errno` of what ran out, by an exception or one that led to it; 0 where none says so."""
    return next(filter(None, map(_number, chain(error))), 0)


def _number(error: BaseException) -> int:
    # Not isinstance, which asks the exception itself as well.
    kind = type(error)
    if issubclass(kind, OSError):
        number = _errno.__get__(error)
        return number if type(number) is int and number in SCARCE else 0
    if issubclass(kind, MemoryError):
        return errno.ENOMEM
    first = next(iter(_arguments.__get__(error)), None) if issubclass(kind, RuntimeError) else None
    said = first if type(first) is str else ""
    return next((number for words, number in _WORDS.items() if words in said[:2_000]), 0)
