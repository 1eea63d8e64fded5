"""The nursery: a process without threads that has all that a clerk needs, and forks one when it is asked to.

It is to clerks what the warm parent is to students' processes.

Knows what a clerk must not share with the grader: descriptors, and interruptions. Refuses to know what is computed.

    Fork, with the clerk's socket attached  -> Started, or Unable where the machine has no process
    Reap                                    -> Ended
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import signal
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection

from grader.protocol.control import LARGEST, Answer, Ended, Order, Reap, Started, Unable, order_in, sent

LOG = logging.getLogger(__name__)


class ClerkError(Exception):
    """Our fault: a clerk could not do what it was given. The text is a clause for people."""


def forked(run: Callable[[], object]) -> int:
    """A process that does this and ends; it must never return into the code of the one that forks."""
    pid = os.fork()
    if pid:
        return pid
    code = os.EX_SOFTWARE
    try:
        run()
        code = 0
    except BaseException:
        LOG.exception("A process of the judging failed.")
    finally:
        os._exit(code)


def serve_grader(control: socket.socket, work: Callable[..., object], rehearse: Callable[[], object]) -> None:
    """Fork clerks and tell how they ended, until the grader closes the connection or ends."""
    # An interruption is the grader's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What was copied from the grader must never be collected: it would close descriptors whose numbers are used again.
    gc.freeze()
    _close_all_but(control.fileno())
    rehearse()
    gc.freeze()
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST, 1)
        if not message:
            break
        control.send(sent(_answered(order_in(message), descriptors, control, work, children)))
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _close_all_but(kept: int) -> None:
    """Close what the grader holds: a session must end, and an output folder be free, when the grader says so."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 -- names are what is wanted
        if int(name) not in (0, 1, 2, kept):
            with contextlib.suppress(OSError):
                os.close(int(name))


def _answered(
    request: Order,
    descriptors: list[int],
    control: socket.socket,
    work: Callable[..., object],
    children: set[int],
) -> Answer:
    if isinstance(request, Reap):
        done, status = os.waitpid(request.pid, os.WNOHANG)
        children.discard(done)
        return Ended(os.waitstatus_to_exitcode(status) if done else None)
    with Connection(descriptors[0]) as connection:
        try:
            pid = forked(lambda: _serve_clerk(control, connection, work))
        except OSError as error:
            return Unable(f"no process could be started: {error.strerror}")
    children.add(pid)
    return Started(pid)


def _serve_clerk(control: socket.socket, connection: Connection, work: Callable[..., object]) -> None:
    """Compute what is asked for, until there is nobody to ask or to answer."""
    control.close()
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send_bytes(_computed(work, connection.recv_bytes()))


def _computed(work: Callable[..., object], task: bytes) -> bytes:
    try:
        return pickle.dumps(work(*pickle.loads(task)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        LOG.exception("A judging process failed at a notebook.")
        return pickle.dumps(ClerkError(f"{error!r:.200}"))
