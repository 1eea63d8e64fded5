"""A notebook at work: its cells run in order, then questions are put to what they defined.

Knows the limits, and what becomes of the rest when a cell or a question dies or takes too long.
Refuses to know what is right, and how a process is started. It never raises for what a student's code did, only for
what the machine could not do.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, TypeAlias

from grader.judge.model import CellRun
from grader.protocol.frames import Body, Caps, FrameError, decode, encode
from grader.protocol.messages import Array, Ask, Died, Raised, Read, Reply, Unavailable, Unreadable, Value
from grader.runner import validation, wire
from grader.runner.budget import Budget
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, Watch
from grader.runner.outcomes import Failure, skipped, stopped
from grader.runner.process import CrowdedError, OverfullError, Process, StartError
from grader.runner.starting import Cold, Starter
from grader.runner.timing import Allowance, DeadlineError, Stopwatch

Answer: TypeAlias = tuple[Body, tuple[Array, ...]]


COLD: Final = Cold()
IN_ALL: Final = 2
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
        self._budget = Budget(limits)
        self._watch = Watch(limits)
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
        found = self._request(*wire.request(question), self._limits.call)
        if isinstance(found, Failure):
            return found
        try:
            reply = wire.reply(*found, question)
        except FrameError as error:
            self._stop()
            return Unreadable(str(error))
        lacks = filter(None, map(self._watch.blame, _shortages(reply)))
        return next(map(Unavailable, lacks), reply)

    def _run(self, source: str) -> None:
        number = len(self._runs) - 1
        cell = _Cell(number, source, len(self._cells) + 1)
        if not self._ready():
            self._runs[number] = skipped(self._budget.over())
            return
        began = time.monotonic()
        found = self._execute(cell)
        seconds = time.monotonic() - began
        self._cells.append(replace(cell, again=not isinstance(found, Failure)))
        if isinstance(found, Failure):
            self._runs[number] = stopped(found, seconds)
            return
        outputs, success = found
        for place, listed in outputs.items():
            self._runs[place] = replace(self._runs[place], outputs=listed)
        self._runs[number] = replace(self._runs[number], outcome="ok" if success else "error", seconds=seconds)

    def _ready(self) -> bool:
        """Have a process in which every cell has run, or say that no time is left for one."""
        while self._process is None and not self._budget.used_up:
            self._start()
            for place, cell in enumerate(self._cells):
                if cell.again and isinstance(self._execute(cell), Failure):
                    self._cells[place] = replace(cell, again=False)
                    break
        return self._process is not None and not self._budget.used_up

    def _start(self) -> None:
        self._process = process = self._starter.start()
        limits = self._limits
        caps = {"cell": limits.cell_output, "total": limits.output, "count": limits.outputs}
        start = encode({"id": 0, "request": "start", "device": self._starter.device, "caps": caps})
        stopwatch = Stopwatch(process.meter, Allowance(limits.start, limits.start))
        try:
            ready = process.exchange(start, stopwatch, Caps())
        except (DeadlineError, FrameError):
            ready = None
        if ready is None:
            why = f"a notebook's process did not start on {self._starter.device}: {process.log()}"
            lacking = process.lacked()
            self._stop()
            raise MachineError(why) if lacking else StartError(why)
        # What a process computes and waits before the first cell is the notebook's only where it needs another.
        if self._cells:
            self._budget.charge(stopwatch)
        self._budget.open(process.meter, 0.0 if self._cells else process.meter.computed())

    def _execute(self, cell: _Cell) -> tuple[dict[int, validation.Outputs], bool] | Failure:
        body = {
            "request": "cell",
            "number": cell.number,
            "source": cell.source,
            "count": cell.count,
        }
        found = self._request(body, [], self._limits.cell)
        if isinstance(found, Unavailable):
            raise MachineError(found.reason)
        if isinstance(found, Failure):
            return found
        try:
            outputs, success = validation.outputs(found[0], cell.number)
        except FrameError as error:
            self._stop()
            return Unreadable(str(error))
        if not success and (lack := self._watch.blame(wire.number(found[0].get("errno", 0)))):
            raise MachineError(lack)
        return outputs, success

    def _request(self, body: Body, arrays: Sequence[Array], seconds: float) -> Answer | Failure:
        """One exchange within `seconds` and what is left of the budget; a process that fails it is ended."""
        assert self._process is not None
        stopwatch = self._budget.begin(seconds)
        # Not to be foreseen, so that no answer can be sent before its question.
        number = secrets.randbits(48)
        caps = Caps(total=self._limits.reply_bytes)
        failure: Failure
        try:
            frame = encode({"id": number, **body}, arrays)
            found = self._process.exchange(frame, stopwatch, caps, self._limits)
            if found is not None:
                answer = decode(found, caps)
                self._make_room(validation.weight(*answer))
                if answer[0].get("id") == number:
                    return answer
                failure = Unreadable("the answer is to another question")
            else:
                how = self._process.how_it_ended()
                lack = self._watch.blame_for_end(how)
                failure = Unavailable(lack) if lack else Died(how)
        except DeadlineError as error:
            failure = self._budget.timed_out(stopwatch, seconds, error.waiting)
        except OverfullError:
            failure = Died("it filled its folder")
        except CrowdedError:
            failure = Died("it started too many threads")
        except FrameError as error:
            failure = Unreadable(str(error))
        finally:
            self._budget.charge(stopwatch)
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
            self._budget.close()
            self._heed(self._process)
            self._process.stop()
            self._process = None


def _shortages(reply: Reply) -> set[int]:
    """What the exceptions in a reply say has run out, by errno."""
    errors = (seen.gradient_error if isinstance(seen, Value) else seen for seen in reply)
    return {error.errno for error in errors if isinstance(error, Raised)}
