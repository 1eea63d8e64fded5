"""A notebook at work: its cells run in order, then questions are put to what they defined.

Knows the limits, and what becomes of the rest when a cell or a question dies or takes too long.
Refuses to know what is right, and how a process is started. It never raises for what a student's code did.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, TypeAlias

from grader.judge.facts import Array, Ask, Died, Raised, Read, Reply, TimedOut, Unreadable
from grader.judge.model import CellRun
from grader.kernel.frames import Body, Caps, FrameError, decode, encode
from grader.runner import received, wire
from grader.runner.limits import LIMITS, Limits
from grader.runner.process import CrowdedError, DeadlineError, OverfullError, Process, StartError
from grader.runner.starting import Cold, Starter

Answer: TypeAlias = tuple[Body, tuple[Array, ...]]
Failure: TypeAlias = TimedOut | Died | Unreadable


COLD: Final = Cold()
IN_ALL: Final = 4
"""Answers of the largest size that the grader has room for from one notebook: it keeps them until it judges."""


@dataclass(frozen=True)
class _Cell:
    """A cell with something to run: `number` is its place, `count` its number in In[…].

    `again` says that a process that replaces this one runs it again.
    """

    number: int
    source: str
    count: int
    again: bool = True


class Session:
    """One student's notebook in a process of its own, which is replaced when it dies."""

    def __init__(self, limits: Limits = LIMITS, starter: Starter = COLD) -> None:
        """Set the limits; the process starts with the first cell or question."""
        self._limits = limits
        self._starter = starter
        self._process: Process | None = None
        self._cells: list[_Cell] = []
        self._runs: list[CellRun] = []
        self._refused: dict[str, None] = {}
        self._spent = 0.0
        self._room = IN_ALL * limits.reply_bytes

    def __enter__(self) -> Session:
        """Nothing has started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._stop()

    @property
    def refused(self) -> tuple[str, ...]:
        """The system calls that the notebook made so far and that were refused, in the order of their first time."""
        if self._process:
            self._heed(self._process)
        return tuple(self._refused)

    def abandon(self) -> None:
        """From another thread: end what is under way, and leave no time for more."""
        self._spent = float("inf")
        if process := self._process:
            process.kill()

    def run(self, sources: Sequence[str]) -> tuple[CellRun, ...]:
        """Run code cells in order, after those that have run already. Raises StartError."""
        first = len(self._runs)
        for source in sources:
            self._runs.append(CellRun((), "ok", 0.0))
            if source.strip():
                self._run(source)
        return tuple(self._runs[first:])

    def ask(self, question: Ask | Read) -> Reply:
        """Put a question to the notebook: one observation a point, whatever happens. Raises StartError."""
        found = self._asked(question)
        if isinstance(found, Unreadable):
            # An earlier question may have sent what stood in the way, and that process is gone.
            found = self._asked(question)
        if isinstance(found, Failure):
            return (found,) * question.points
        if any(isinstance(seen, Raised) and "CUDA error" in seen.text for seen in found):
            # After such an error a process cannot use the device any more.
            self._stop()
        return found

    def _asked(self, question: Ask | Read) -> Reply | Failure:
        if not self._ready():
            return TimedOut(self._limits.notebook)
        found = self._request(*wire.request(question), self._limits.call)
        if isinstance(found, Failure):
            return found
        try:
            return wire.reply(*found, question)
        except FrameError as error:
            self._stop()
            return Unreadable(str(error))

    def _run(self, source: str) -> None:
        number = len(self._runs) - 1
        cell = _Cell(number, source, len(self._cells) + 1)
        if not self._ready():
            whole = f"the notebook as a whole took longer than {self._limits.notebook:g} seconds"
            self._runs[number] = _ended("skipped", "Skipped", f"This cell was not run: {whole}.", 0.0)
            return
        began = time.monotonic()
        found = self._execute(cell)
        seconds = time.monotonic() - began
        self._cells.append(replace(cell, again=not isinstance(found, Failure)))
        match found:
            case TimedOut(limit):
                why = f"This cell was stopped after {limit:g} seconds."
                self._runs[number] = _ended("timeout", "TimedOut", why, seconds)
            case Died(how):
                why = f"The process that ran this cell ended during it ({how})."
                self._runs[number] = _ended("died", "Died", why, seconds)
            case Unreadable(reason):
                why = f"What this cell sent could not be read ({reason})."
                self._runs[number] = _ended("died", "Unreadable", why, seconds)
            case outputs, success:
                for place, listed in outputs.items():
                    self._runs[place] = replace(self._runs[place], outputs=listed)
                outcome = "ok" if success else "error"
                self._runs[number] = replace(self._runs[number], outcome=outcome, seconds=seconds)

    def _ready(self) -> bool:
        """Have a process in which every cell has run, or say that no time is left for one."""
        while self._process is None and self._left() > 0:
            self._start()
            for place, cell in enumerate(self._cells):
                if cell.again and isinstance(self._execute(cell), Failure):
                    self._cells[place] = replace(cell, again=False)
                    break
        return self._process is not None and self._left() > 0

    def _left(self) -> float:
        return self._limits.notebook - self._spent

    def _start(self) -> None:
        began = time.monotonic()
        self._process = process = self._starter.start()
        limits = self._limits
        caps = {"cell": limits.cell_output, "total": limits.output, "count": limits.outputs}
        start = encode({"id": 0, "request": "start", "device": self._starter.device, "caps": caps})
        try:
            ready = process.exchange(start, began + limits.start, Caps())
        except (DeadlineError, FrameError):
            ready = None
        if ready is None:
            log = process.log()
            self._stop()
            raise StartError(f"a notebook's process did not start on {self._starter.device}: {log}")
        if self._cells:
            self._spent += time.monotonic() - began

    def _execute(self, cell: _Cell) -> tuple[dict[int, received.Outputs], bool] | Failure:
        body = {
            "request": "cell",
            "number": cell.number,
            "source": cell.source,
            "count": cell.count,
        }
        found = self._request(body, [], self._limits.cell)
        if isinstance(found, Failure):
            return found
        try:
            return received.outputs(found[0], cell.number)
        except FrameError as error:
            self._stop()
            return Unreadable(str(error))

    def _request(self, body: Body, arrays: Sequence[Array], seconds: float) -> Answer | Failure:
        """One exchange within `seconds` and what is left of the budget; a process that fails it is ended."""
        assert self._process is not None
        began = time.monotonic()
        limit = min(seconds, self._left())
        # Not to be foreseen, so that no answer can be sent before its question.
        number = secrets.randbits(48)
        caps = Caps(total=self._limits.reply_bytes)
        failure: Failure
        try:
            frame = encode({"id": number, **body}, arrays)
            found = self._process.exchange(frame, began + limit, caps, self._limits.room)
            if found is not None:
                answer = decode(found, caps)
                self._make_room(received.weight(*answer))
                if answer[0].get("id") == number:
                    return answer
                failure = Unreadable("the answer is to another question")
            else:
                failure = Died(self._process.how_it_ended())
        except DeadlineError:
            failure = TimedOut(seconds if limit == seconds else self._limits.notebook)
        except OverfullError:
            failure = Died("it filled its folder")
        except CrowdedError:
            failure = Died("it started too many threads")
        except FrameError as error:
            failure = Unreadable(str(error))
        finally:
            self._spent += time.monotonic() - began
        self._stop()
        return failure

    def _make_room(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise FrameError("the notebook sends too much in all")

    def _heed(self, process: Process) -> None:
        self._refused.update(dict.fromkeys(process.refused))

    def _stop(self) -> None:
        if self._process is not None:
            self._heed(self._process)
            self._process.stop()
            self._process = None


def _ended(outcome: str, name: str, sentence: str, seconds: float) -> CellRun:
    error = {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [sentence]}
    return CellRun((error,), outcome, seconds)
