"""Calls that end: when the student interrupts them, or when they take too long. The kernel goes on.

Knows signals, a clock and the lines of a notebook. Refuses to know what is called.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from linecache import getline
from types import FrameType
from typing import Any, Final


@dataclass(frozen=True)
class Patience:
    """Seconds that a call may take: of processor time, and by the clock, which ends only what waits.

    After `silent` seconds by the clock it is said that the call goes on.
    """

    processor: float = 20.0
    clock: float = 120.0
    silent: float = 2.0


PATIENCE: Final = Patience()
BEAT: Final = 0.05
"""Seconds between two looks at a call; an interrupt that the call has caught is made again as often."""


class Stop(StrEnum):
    """Why a call was ended."""

    INTERRUPTED = "interrupted"
    COMPUTED = "computed"
    WAITED = "waited"


class StoppedError(KeyboardInterrupt):
    """A call was ended: why, and at which line of the notebook. No `except Exception` catches it."""

    def __init__(self, why: Stop, line: str) -> None:
        """Keep both."""
        super().__init__(why)
        self.why = why
        self.line = line

    @property
    def place(self) -> str:
        """Where it was ended, as the end of a clause; nothing where that is not known."""
        return f" at {self.line}" if self.line else ""


@contextmanager
def stopping(
    patience: Patience, is_cell: Callable[[str], bool], goes_on: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """End what runs in here where it is interrupted or takes too long. Raises StoppedError, whatever the call caught.

    Only the main thread can be interrupted: in any other the call runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch(patience, is_cell, goes_on)
    tracer, before = sys.gettrace(), signal.signal(signal.SIGINT, watch.interrupted)
    beats = threading.Thread(target=watch.look, daemon=True)
    beats.start()
    try:
        yield
    except StoppedError:
        # Said below, with what a call has caught of it.
        pass
    finally:
        # Set, not called: a call would be traced, and ended.
        watch.over = True
        sys.settrace(tracer)
        watch.left.set()
        beats.join()
        signal.signal(signal.SIGINT, before)
    if watch.why is not None:
        raise StoppedError(watch.why, watch.line)


@dataclass
class _Watch:
    patience: Patience
    is_cell: Callable[[str], bool]
    goes_on: Callable[[], None]
    left: threading.Event = field(default_factory=threading.Event)
    why: Stop | None = None
    line: str = ""
    over: bool = False
    catching: FrameType | None = None

    def interrupted(self, _signal: int, frame: FrameType | None) -> None:
        """End the call: this is what runs in the main thread when it is interrupted."""
        if self.over:
            return
        if self.why is None:
            self.why = Stop.INTERRUPTED
        self.line = self.line or self._line(frame)
        # Whoever catches this in a loop and begins again is stopped a second time, at the first line that follows.
        while frame is not None and self.is_cell(frame.f_code.co_filename):
            frame.f_trace = self._again
            frame = frame.f_back
        stopped = StoppedError(self.why, self.line)
        sys.settrace(self._again)
        raise stopped

    def _again(self, frame: FrameType, event: str, _: object) -> Any:
        if self.over:
            return None
        # At the line that catches an exception, and while it is handled, one more would leave the thread's own
        # exceptions in disorder (CPython 3.11).
        if event == "exception":
            self.catching = frame
        elif event == "line" and self.catching is frame:
            self.catching = None
        elif event in ("line", "call") and self.why is not None and sys.exc_info()[0] is None:
            raise StoppedError(self.why, self.line)
        return self._again

    def look(self) -> None:
        """Interrupt the main thread at a limit, and as long as it goes on after that."""
        processor, clock, told = time.process_time(), time.monotonic(), False
        while not self.left.wait(BEAT):
            passed = time.monotonic() - clock
            if self.why is None and time.process_time() - processor > self.patience.processor:
                self.why = Stop.COMPUTED
            elif self.why is None and passed > self.patience.clock:
                self.why = Stop.WAITED
            if self.why is not None:
                _interrupt()
            elif passed > self.patience.silent and not told:
                told = True
                self.goes_on()

    def _line(self, frame: FrameType | None) -> str:
        while frame is not None and not self.is_cell(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return ""
        return f"line {frame.f_lineno}: {getline(frame.f_code.co_filename, frame.f_lineno).strip()}"


def _interrupt() -> None:
    """Interrupt the main thread, also one that sleeps; where threads get no signals, at its next line."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
