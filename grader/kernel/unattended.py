"""What a cell finds in the place of functions that wait for somebody: errors that say so at once.

Knows those functions. Refuses to know how a traceback is shown; it takes its own lines off one, which are not the
student's and name a file of the grader's machine.
"""

from __future__ import annotations

import builtins
import getpass
import pdb
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from IPython.core.error import StdinNotImplementedError

from grader.kernel.shortage import chain

_trace: Final[Any] = BaseException.__dict__["__traceback__"]


def install() -> None:
    """Put the errors where the functions were."""
    for holder, name, error in _ERRORS:
        setattr(holder, name, error)


@contextmanager
def unattended() -> Iterator[None]:
    """In here the errors stand where the functions do elsewhere."""
    functions = [(holder, name, getattr(holder, name)) for holder, name, _ in _ERRORS]
    install()
    try:
        yield
    finally:
        for holder, name, function in functions:
            setattr(holder, name, function)


def unseen(error: BaseException | None) -> None:
    """End the tracebacks of an error, and of those that led to it, before the lines of this module."""
    for each in chain(error):
        trace = _trace.__get__(each)
        while trace and trace.tb_next:
            if trace.tb_next.tb_frame.f_globals is globals():
                trace.tb_next = None
            trace = trace.tb_next


def _no_input(prompt: object = "") -> NoReturn:
    _nobody_answers("input()")


def _no_password(*_: object, **__: object) -> NoReturn:
    _nobody_answers("getpass()")


def _nobody_answers(asked: str) -> NoReturn:
    raise StdinNotImplementedError(f"nobody answers {asked} while a notebook is graded: put the value into a variable")


def _no_debugger(*_: object, **__: object) -> NoReturn:
    raise StdinNotImplementedError("nobody is at breakpoint() while a notebook is graded: take it out")


_ERRORS: Final[tuple[tuple[Any, str, Any], ...]] = (
    (builtins, "input", _no_input),
    (getpass, "getpass", _no_password),
    (sys, "breakpointhook", _no_debugger),
    (pdb, "set_trace", _no_debugger),
)
