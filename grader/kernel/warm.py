"""The warm parent: loads what notebooks need once, then forks a process for each notebook.

Knows how to fork, and what a child must not share with its siblings: descriptors, and random numbers.
Refuses to know the grader: it is told where a scratch folder is and which limits hold, and nothing that
would be worth stealing ever enters it.

    Load                                     -> Loaded
    Fork, with the child's sockets attached  -> Started
    Reap                                     -> Ended

Or Unable where the machine cannot do what is asked. Before the first request it says Loaded, or Unable where it cannot
confine what it would fork.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import platform
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy.random
import torch

from grader.kernel import stub_package
from grader.kernel.cells import Cells, Shell
from grader.kernel.driver import hidden, search_path, serve
from grader.kernel.profile import PROFILES, Bounds
from grader.kernel.shortage import ENDED, shortage
from grader.kernel.witness import rehearse_recording
from grader.protocol.caps import OUTPUT_CAPS
from grader.protocol.control import (
    LARGEST,
    Answer,
    Ended,
    Fork,
    Load,
    Loaded,
    Order,
    Reap,
    Started,
    Unable,
    order_in,
    sent,
)
from grader.protocol.messages import RunCell

if TYPE_CHECKING:
    # It needs Linux and libseccomp, which a parent of unconfined children does without.
    from grader.kernel.confine import Confiner


def rehearsed() -> Cells:
    """A shell for every child, after another has shown a tensor: what IPython and torch import at their first is there.

    It follows no gradient: autograd that has been at work does not survive a fork.
    """
    streams = sys.stdout, sys.stderr
    first = Cells()
    first.settle(OUTPUT_CAPS)
    first.run(RunCell(0, "import torch\n1.5 * torch.ones(2, requires_grad=True)", 1))
    rehearse_recording()
    # Python asks a program for the processor's name, and keeps it; a child may start none.
    platform.processor()
    Shell.clear_instance()
    sys.stdout, sys.stderr = streams
    return Cells()


def load(modules: Sequence[str] = ()) -> Loaded:
    """Import modules that children would import, each for itself, and keep all there is out of the collector."""
    found = [importlib.import_module(name) for name in modules]
    gc.collect()
    gc.freeze()
    return Loaded(len(found))


@dataclass(frozen=True)
class Inheritance:
    """What every child finds ready: a shell, and what confines it (None where nothing is to)."""

    cells: Cells
    confiner: Confiner | None


def fork(request: Fork, descriptors: Sequence[int], control: socket.socket, ready: Inheritance) -> int:
    """A child that serves the first of two sockets, and tells of itself through the other; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        control.close()
        become(request, descriptors, ready)
    except BaseException as error:
        # The grader reads this where a start fails; the child must never return into the parent's loop.
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
        os._exit(ENDED if shortage(error) else 70)
    os._exit(0)


def become(request: Fork, descriptors: Sequence[int], ready: Inheritance) -> None:
    """Turn this forked process into a student's, and serve it to its end.

    It serves the first socket; through the second the grader is handed what it hears of refused calls by.
    """
    scratch = Path(request.scratch)
    log = os.open(scratch / "start.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    channel, telling = map(hidden, descriptors)
    for first, last in ((3, channel), (channel + 1, telling), (telling + 1, telling + 1024)):
        os.closerange(first, last)
    os.environ.update(HOME=str(scratch / "home"), IPYTHONDIR=str(scratch / "home"), TMPDIR=str(scratch / "tmp"))
    # What was found out with the parent's variables does not hold here.
    tempfile.tempdir = None
    os.chdir(scratch / "work")
    # Python's own generator starts anew by itself after a fork, a device's when it is first used.
    for seed in (numpy.random.seed, torch.default_generator.manual_seed):
        seed(int.from_bytes(os.urandom(4), "little"))
    with socket.socket(fileno=telling) as grader:
        if ready.confiner:
            ready.confiner.confine(scratch, Bounds(**request.bounds), grader)
    if ready.confiner:
        ready.cells.stay_alone()
    serve(channel, ready.cells)


def reaped(pid: int) -> int | None:
    """The exit code of a child as `subprocess` counts it, None while it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def confiner(device: str) -> Confiner | None:
    """What confines children to their profile; None for no device. Raises OSError, RuntimeError or ImportError."""
    if not device:
        return None
    allowed = importlib.import_module("grader.kernel.calls").CALL_LISTS[device]
    make = importlib.import_module("grader.kernel.confine").Confiner
    # We are at work in a scratch folder ourselves, and theirs are beside it.
    found: Confiner = make(PROFILES[device], allowed, Path.cwd().parents[1])
    return found


def answered(
    request: Order, descriptors: list[int], control: socket.socket, ready: Inheritance, children: set[int]
) -> Answer:
    """The answer to a request. What the machine refuses, a process or its memory, is said, and the parent lives on."""
    try:
        match request:
            case Load(modules):
                return load(modules)
            case Fork():
                if len(descriptors) < 2:
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
                pid = fork(request, descriptors, control, ready)
                children.add(pid)
                return Started(pid)
            case Reap(pid):
                status = reaped(pid)
                children -= set() if status is None else {pid}
                return Ended(status)
    except (OSError, MemoryError, ImportError) as error:
        return Unable(f"no process could be made ready for a notebook: {error or type(error).__name__}")


def main() -> None:
    """Serve the control socket until the grader closes it.

    `sys.argv` holds our folder, the socket's number, and the device to whose profile children are confined, or "".
    """
    root, descriptor, device = sys.argv[1:]
    sys.argv[:] = [""]
    sys.path[:] = search_path(Path(root))
    control = socket.socket(fileno=int(descriptor))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ready = Inheritance(rehearsed(), confiner(device))
    except (ImportError, OSError, RuntimeError) as error:
        control.send(sent(Unable(f"{type(error).__name__}: {error}")))
        return
    stub_package.install()
    control.send(sent(load()))
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST, 2)
        if not message:
            break
        answer = answered(order_in(message), descriptors, control, ready, children)
        for received in descriptors:
            os.close(received)
        control.send(sent(answer))
    for pid in children:
        os.kill(pid, signal.SIGKILL)
