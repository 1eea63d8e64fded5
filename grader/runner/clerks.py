"""Clerks: processes beside the sessions that compute one function, so that computing never holds up a session.

Knows how they are hired, replaced and ended. They come from a nursery, which is forked from the grader once what is
right is known and before any thread is there: nothing is imported or pickled twice, and one that replaces another
inherits no lock and no connection of a session. (A pool of `concurrent.futures` fails at every task under way when one
process dies, and forks its successor beside threads; a new interpreter loads for three seconds.) Refuses to know what
is computed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import LifoQueue
from typing import Final, Generic, Protocol, TypeVar

from grader.protocol.control import Answer, Ended, Fork, Order, Reap, Started
from grader.runner.children import Forked, ending
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, Watch, needing
from grader.runner.nursery import ClerkError, forked, serve_grader
from grader.runner.orders import carried_out

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_PATIENCE: Final = 10.0
"""Seconds for a process that has closed its connection to end."""


class Clerks(Protocol[R_co]):
    """Whatever computes one function of what it is given, for several threads at a time."""

    @property
    def count(self) -> int:
        """For how many."""
        ...

    def do(self, *arguments: object) -> R_co:
        """The function's value. Raises ClerkError or MachineError where a process could not compute it."""
        ...

    def close(self) -> None:
        """End it; what is under way comes to nothing."""
        ...


class InTurn(Generic[R]):
    """Computes in this process, one at a time: where nothing can be forked."""

    count = 1

    def __init__(self, work: Callable[..., R]) -> None:
        """Keep the function."""
        self._work = work
        self._one = threading.Lock()

    def do(self, *arguments: object) -> R:
        """The function's value, one at a time: the precision of arithmetic is set for the whole process."""
        with self._one:
            return self._work(*arguments)

    def close(self) -> None:
        """Nothing is kept."""


def hire(
    work: Callable[..., R], count: int, rehearse: Callable[[], object] = lambda: None, limits: Limits = LIMITS
) -> Clerks[R]:
    """As many clerks as are to work at a time, all of whom begin with what `rehearse` has loaded; see ForkedClerks.

    Where none is to work, nothing is forked.
    """
    if count and sys.platform == "linux":
        return ForkedClerks(work, count, rehearse, limits)
    return InTurn(work)


@dataclass(frozen=True)
class Clerk:
    """One process, and the connection to it."""

    child: Forked
    connection: Connection

    def ask(self, task: bytes) -> bytes:
        """What it sends in return. Raises OSError or EOFError where it ends."""
        self.connection.send_bytes(task)
        return self.connection.recv_bytes()

    def dismiss(self) -> str:
        """End it; how it ended, where it did so before."""
        self.connection.close()
        with contextlib.suppress(MachineError):
            code = self.child.wait(_PATIENCE)
            self.child.kill()
            return ending(code)
        return ending(None)


class ForkedClerks(Generic[R]):
    """Clerks forked from a nursery when they are first wanted; one that dies costs the task that it was at."""

    def __init__(self, work: Callable[..., R], count: int, rehearse: Callable[[], object], limits: Limits) -> None:
        """Fork the nursery, which rehearses while the grader goes on. Raises MachineError."""
        self.count = count
        self._limits = limits
        self._lock = threading.Lock()
        self._places: LifoQueue[Clerk | None] = LifoQueue()
        for _ in range(count):
            self._places.put(None)
        with needing("no process could be started"):
            self._control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
            with theirs:
                self._nursery: int | None = forked(lambda: serve_grader(theirs, work, rehearse))

    def do(self, *arguments: object) -> R:
        """The function's value. Raises ClerkError or MachineError, and whatever pickling the arguments raises."""
        task = pickle.dumps(arguments, pickle.HIGHEST_PROTOCOL)
        # Only the pickled copy is held while we wait.
        del arguments
        with self._place() as clerk:
            answer = clerk.ask(task)
        found: R | ClerkError = pickle.loads(answer)
        if isinstance(found, ClerkError):
            raise found
        return found

    @contextlib.contextmanager
    def _place(self) -> Iterator[Clerk]:
        """A clerk that is free, once there is one; its place is another's where it ends."""
        watch = Watch(self._limits)
        clerk = self._places.get()
        try:
            clerk = clerk or self._hired()
            yield clerk
        except BaseException as error:
            how = clerk.dismiss() if clerk else ""
            clerk = None
            if not isinstance(error, OSError | EOFError):
                raise
            if lack := watch.blame_for_end(how):
                raise MachineError(lack) from None
            raise ClerkError(f"the process that judged it ended: {how}") from None
        finally:
            self._places.put(clerk)

    def _hired(self) -> Clerk:
        with needing("no process could be started"):
            ours, theirs = socket.socketpair()
        with ours, theirs:
            started = self._exchange(Fork(), theirs.fileno())
            assert isinstance(started, Started)
            return Clerk(Forked(started.pid, self._reap), Connection(ours.detach()))

    def _reap(self, pid: int) -> int | None:
        ended = self._exchange(Reap(pid))
        return ended.status if isinstance(ended, Ended) else None

    def _exchange(self, order: Order, *descriptors: int) -> Answer:
        with self._lock:
            found = carried_out(self._control, order, *descriptors)
        if found is None:
            raise MachineError("the nursery of the judging processes ended")
        return found

    def close(self) -> None:
        """End the nursery, and with it every clerk."""
        if self._nursery is None:
            return
        # Wakes a thread that is in the middle of an exchange.
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._control.close()
        os.waitpid(self._nursery, 0)
        self._nursery = None
