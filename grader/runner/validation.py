"""What came back from a process, before anybody makes use of it: how much it is, and whether a cell's outputs are some.

Knows the kinds of output of a notebook (nbformat 4), and what parsed JSON takes of memory. Refuses to know what the
outputs say, and who may show them: what is odd in any way is a `FrameError`, whole. A general validator is no use here:
it takes minutes for a header full of small outputs, and fails at deep ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import getsizeof
from typing import TypeAlias

from grader.protocol.frames import Body, FrameError
from grader.protocol.messages import Array

Outputs: TypeAlias = tuple[Mapping[str, object], ...]


def weight(body: Body, arrays: Sequence[Array]) -> int:
    """About how many bytes of memory a decoded answer takes: a header of 3 characters can stand for 70."""
    total = sum(array.nbytes for array in arrays)
    waiting: list[object] = [body]
    while waiting:
        part = waiting.pop()
        total += getsizeof(part)
        if isinstance(part, dict):
            waiting += part.keys()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return total


def outputs(body: Body, last: int) -> tuple[dict[int, Outputs], bool]:
    """Outputs by the number of the cell, up to `last`, and whether the cell ended without an error.

    Raises FrameError for what is no output of a notebook.
    """
    match body:
        case {"outputs": dict(by_cell), "success": bool(success)}:
            pass
        case _:
            raise FrameError("the answer is of another form")
    places = {str(number): number for number in range(last + 1)}
    if not by_cell.keys() <= places.keys():
        raise FrameError("the outputs are of no cell")
    return {places[name]: _outputs(listed) for name, listed in by_cell.items()}, success


def _outputs(listed: object) -> Outputs:
    if not isinstance(listed, list):
        raise FrameError("the outputs are of another form")
    if not all(map(_is_output, listed)):
        raise FrameError("an output is of another form")
    return tuple(listed)


def _is_output(output: object) -> bool:
    match output:
        case {"output_type": "stream", "name": str(), "text": str()}:
            return True
        case {"output_type": "error", "ename": str(), "evalue": str(), "traceback": list(lines)}:
            return all(isinstance(line, str) for line in lines)
        case {"output_type": "display_data" | "execute_result", "data": dict(), "metadata": dict()}:
            return True
    return False
