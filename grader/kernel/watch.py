"""Where in a notebook a call failed, and how.

Knows how to describe what a student's function raised. Refuses to trust an exception to describe itself in peace.
"""

from __future__ import annotations

from collections.abc import Callable
from linecache import getline
from types import TracebackType

from grader.kernel.results import clipped, type_name
from grader.kernel.shortage import shortage
from grader.protocol.messages import Raised


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
