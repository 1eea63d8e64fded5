"""A notebook at work: its cells run in order, then questions are put to what they defined.

Knows the limits, and what becomes of the rest when a cell or a question dies or takes too long.
Refuses to know what is right, and how a process is started. It never raises for what a student's code did, only for
what the machine could not do.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, TypeVar

from grader.judge.model import CellRun
from grader.protocol.frames import Content, FrameError, decode, weight
from grader.protocol.messages import (
    Ask,
    CellDone,
    Died,
    Raised,
    Read,
    Reply,
    RunCell,
    Start,
    Unavailable,
    Unreadable,
    Value,
)
from grader.protocol.replies import decode_cell_done, decode_ready, decode_reply
from grader.protocol.requests import encode_request
from grader.runner.budget import Budget
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, Watch
from grader.runner.outcomes import Failure, skipped, stopped
from grader.runner.process import CrowdedError, OverfullError, Process, StartError
from grader.runner.starting import Cold, Starter
from grader.runner.timing import Allowance, DeadlineError, Stopwatch

Asked = TypeVar("Asked", bound=RunCell | Ask | Read)
Answered = TypeVar("Answered", CellDone, Reply)

COLD: Final = Cold()
IN_ALL: Final = 2
"""Answers of the largest size that the grader has room for from one notebook: it keeps them until it judges."""


class Session:
    """One student's notebook in a process of its own, which is replaced when it dies."""

    def __init__(self, limits: Limits = LIMITS, starter: Starter = COLD) -> None:
        """Set the limits; the process starts with the first cell or question."""
        self._limits = limits
        self._starter = starter
        self._process: Process | None = None
        self._count = 0
        self._again: list[RunCell] = []
        self._runs: list[CellRun] = []
        self._refused: dict[str, None] = {}
        self._budget = Budget(limits)
        self._watch = Watch(limits)
        self._room = IN_ALL * limits.reply.total

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
        self._budget.forfeit()
        if process := self._process:
            process.kill()

    def run(self, sources: Sequence[str]) -> tuple[CellRun, ...]:
        """Run code cells in order, after those that have run already. Raises MachineError."""
        first = len(self._runs)
        for source in sources:
            self._runs.append(CellRun((), "ok", 0.0))
            if source.strip():
                self._run(source)
        return tuple(self._runs[first:])

    def ask(self, question: Ask | Read) -> Reply:
        """Put a question to the notebook: one observation a point, whatever happens. Raises MachineError."""
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
            return self._budget.over()
        found = self._request(question, self._limits.call, decode_reply)
        if isinstance(found, Failure):
            return found
        lacks = filter(None, map(self._watch.blame, _shortages(found)))
        return next(map(Unavailable, lacks), found)

    def _run(self, source: str) -> None:
        place = len(self._runs) - 1
        if not self._ready():
            self._runs[place] = skipped(self._budget.over())
            return
        self._count += 1
        cell = RunCell(place, source, self._count)
        began = time.monotonic()
        found = self._execute(cell)
        seconds = time.monotonic() - began
        if isinstance(found, Failure):
            self._runs[place] = stopped(found, seconds)
            return
        self._again.append(cell)
        for shown, outputs in found.outputs.items():
            self._runs[shown] = replace(self._runs[shown], outputs=outputs)
        self._runs[place] = replace(self._runs[place], outcome="ok" if found.success else "error", seconds=seconds)

    def _ready(self) -> bool:
        """Have a process in which every cell has run, or say that no time is left for one."""
        while self._process is None and not self._budget.used_up:
            self._start()
            for cell in self._again:
                if isinstance(self._execute(cell), Failure):
                    self._again.remove(cell)
                    break
        return self._process is not None and not self._budget.used_up

    def _start(self) -> None:
        self._process = process = self._starter.start()
        limits = self._limits
        start = Start(self._starter.device, limits.output)
        stopwatch = Stopwatch(process.meter, Allowance(limits.start, limits.start))
        ready = None
        with contextlib.suppress(DeadlineError, FrameError):
            if frame := process.exchange(encode_request(0, start), stopwatch):
                ready = decode_ready(decode(frame), 0, start)
        if ready is None:
            why = f"a notebook's process did not start on {self._starter.device}: {process.log()}"
            lacking = process.lacked()
            self._stop()
            raise MachineError(why) if lacking else StartError(why)
        # What a process computes and waits before the first cell is the notebook's only where it needs another.
        if self._count:
            self._budget.charge(stopwatch)
        self._budget.open(process.meter, 0.0 if self._count else process.meter.computed())

    def _execute(self, cell: RunCell) -> CellDone | Failure:
        found = self._request(cell, self._limits.cell, decode_cell_done)
        if isinstance(found, Unavailable):
            raise MachineError(found.reason)
        if isinstance(found, CellDone) and not found.success and (lack := self._watch.blame(found.errno)):
            raise MachineError(lack)
        return found

    def _request(
        self, request: Asked, seconds: float, decoded: Callable[[Content, int, Asked], Answered]
    ) -> Answered | Failure:
        """The answer to a request, within `seconds` and what is left of the budget; without one, the process ends."""
        # Not to be foreseen, so that no answer can be sent before its question.
        number = secrets.randbits(48)
        try:
            found = self._exchange(encode_request(number, request), seconds)
            if not isinstance(found, Failure):
                return decoded(found, number, request)
        except FrameError as error:
            found = Unreadable(str(error))
        self._stop()
        return found

    def _exchange(self, frame: bytes, seconds: float) -> Content | Failure:
        """What the process sends in return for a frame. Raises FrameError, also where there is no room for it."""
        assert self._process is not None
        stopwatch = self._budget.begin(seconds)
        try:
            found = self._process.exchange(frame, stopwatch, self._limits)
            if found is not None:
                content = decode(found, self._limits.reply)
                self._make_room(weight(*content))
                return content
            how = self._process.how_it_ended()
            lack = self._watch.blame_for_end(how)
            return Unavailable(lack) if lack else Died(how)
        except DeadlineError as error:
            return self._budget.timed_out(stopwatch, seconds, error.waiting)
        except OverfullError:
            return Died("it filled its folder")
        except CrowdedError:
            return Died("it started too many threads")
        finally:
            self._budget.charge(stopwatch)

    def _make_room(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise FrameError("the notebook sends too much in all")

    def _heed(self, process: Process) -> None:
        self._refused.update(dict.fromkeys(process.refused))

    def _stop(self) -> None:
        if self._process is not None:
            self._budget.close()
            self._heed(self._process)
            self._process.stop()
            self._process = None


def _shortages(reply: Reply) -> set[int]:
    """What the exceptions in a reply say has run out, by errno."""
    errors = (seen.gradient_error if isinstance(seen, Value) else seen for seen in reply)
    return {error.errno for error in errors if isinstance(error, Raised)}
