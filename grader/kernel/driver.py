"""The main loop of a student's process: run a cell, answer a question, until the grader hangs up.

Knows what is done at each request. Refuses to know who asks, and how messages are written: it serves the one socket
that it inherited, and answers with facts.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import sys
from functools import partial
from pathlib import Path

import torch

from grader.kernel import stub_package
from grader.kernel.answers import Namespace, answer
from grader.kernel.cells import Cells
from grader.kernel.witness import begin_listening
from grader.protocol.frames import read_frame, write_frame
from grader.protocol.messages import Ask, CellDone, Read, Ready, Reply, RunCell, Start
from grader.protocol.replies import Answer, encode_answer
from grader.protocol.requests import decode_request

LOWEST = 100
"""Below it a descriptor of ours might be taken for one that the student's code opened."""


RESERVE = 64 << 20
"""Bytes of the memory limit that cells cannot take: a notebook that holds all the rest can still be asked."""


class Driver:
    """One student's process."""

    def __init__(self, cells: Cells, start: Start) -> None:
        """Take over a shell, on the device that the first request names."""
        if start.device != "cpu":
            torch.set_default_device(start.device)
        self._device = start.device
        self._cells = cells
        self._cells.settle(start.output)
        self._reserve = mmap.mmap(-1, RESERVE)
        begin_listening()

    def reply(self, request: RunCell | Ask | Read) -> CellDone | Reply:
        """Do what a request asks."""
        if isinstance(request, RunCell):
            return self._cells.run(request)
        self._reserve.close()
        return answer(request, Namespace(self._cells.names, self._device, self._cells.is_cell))


def serve(descriptor: int, cells: Cells) -> None:
    """Answer requests until the other end closes; cells run in a shell that no cell has run in."""
    read, write = partial(os.read, descriptor), partial(os.write, descriptor)
    driver: Driver | None = None
    while (frame := read_frame(read)) is not None:
        number, request = decode_request(frame)
        found: Answer
        if isinstance(request, Start):
            driver, found = Driver(cells, request), Ready()
            _silence()
        else:
            assert driver is not None, "the first request is to start"
            found = driver.reply(request)
        write_frame(write, encode_answer(number, found))


def _silence() -> None:
    """Lead the process's own streams nowhere; until now a failed start could be told on them."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def hidden(descriptor: int) -> int:
    """The same stream under a high number, closed to programs that the student's code starts."""
    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, LOWEST)
    except OSError as error:
        raise OSError(errno.EMFILE, f"{LOWEST} and more files must be allowed to be open (ulimit -n)") from error
    os.close(descriptor)
    return high


def search_path(root: Path) -> list[str]:
    """Without our own folder, and with the current one where IPython puts it: after the standard library.

    Ours comes first. Where it is the folder of all installed packages, it stays in its own place.
    """
    entries = [e for e in sys.path[1:] if e and (Path(e).resolve() != root or _of_packages(e))]
    entries.insert(next((i for i, entry in enumerate(entries) if _of_packages(entry)), 0), "")
    return entries


def _of_packages(entry: str) -> bool:
    return Path(entry).name in {"site-packages", "dist-packages"}


def main() -> None:
    """Become a student's process: `sys.argv` holds the folder of our code and the socket's number."""
    root, descriptor = sys.argv[1:]
    sys.argv[:] = [""]
    sys.path[:] = search_path(Path(root))
    stub_package.install()
    serve(hidden(int(descriptor)), Cells())
