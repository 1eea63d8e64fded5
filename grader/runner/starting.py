"""Starting students' processes: forked from a warm parent where there is fork, spawned elsewhere.

Knows clean environments and how a socket is handed over. Refuses to know what runs in a process.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from grader.kernel.profile import BOUNDS, Bounds
from grader.protocol.control import Answer, Ended, Fork, Load, Order, Reap, Started, Unable
from grader.runner.children import Forked, Spawned
from grader.runner.machine import MachineError, needing
from grader.runner.orders import carried_out, heard
from grader.runner.process import Process, StartError
from grader.runner.refusals import Refusals
from grader.runner.scratch import log_of, new_scratch, remove

ROOT: Final = Path(__file__).resolve().parents[2]
_PASSED_ON: Final = {
    "cpu": ("PATH", "LANG"),
    "cuda": ("PATH", "LANG", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH"),
}
_LAZY: Final = {
    "torch._dynamo": re.compile(r"\b(optim|func|functorch|functional|vmap|compile|compiler|checkpoint)\b"),
    "matplotlib.pyplot": re.compile(r"\b(matplotlib|pyplot)\b"),
}
"""What is imported at the first use of one of these words, once or in every child. Torch's takes a second and 100 MB;
matplotlib looks for the machine's fonts, and starts a program to find them."""


class Starter(Protocol):
    """Whatever can start processes on its `device`."""

    @property
    def device(self) -> str:
        """cpu or cuda."""
        ...

    def load(self, text: str) -> None:
        """Prepare for a notebook with this code in it. Raises MachineError."""
        ...

    def start(self) -> Process:
        """A new process. Raises MachineError."""
        ...

    def close(self) -> None:
        """End what it keeps for starting."""
        ...


def environment(device: str) -> dict[str, str]:
    """What a student's process finds in its environment, and nothing of the grader's."""
    passed = {name: os.environ[name] for name in _PASSED_ON[device] if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {
        "LANG": "C.UTF-8",
        **passed,
        **threads,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # Whether there is a device is asked without starting CUDA, which would not survive a fork.
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


def _popen(
    module: str, theirs: socket.socket, scratch: Path, variables: Mapping[str, str], *arguments: str
) -> subprocess.Popen[bytes]:
    code = f"import sys; sys.path.insert(0, sys.argv[1]); from grader.kernel.{module} import main; main()"
    home = {"HOME": str(scratch / "home"), "IPYTHONDIR": str(scratch / "home"), "TMPDIR": str(scratch / "tmp")}
    with (scratch / "start.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", code, str(ROOT), str(theirs.fileno()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=scratch / "work",
            env={**variables, **home},
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )


@contextlib.contextmanager
def _place(kind: socket.SocketKind) -> Iterator[tuple[Path, socket.socket, socket.socket]]:
    """A scratch folder, and both ends of a connection, for a process that is to be started; its end is closed here.

    All is undone where starting fails. Raises MachineError.
    """
    with contextlib.ExitStack() as undo:
        scratch = new_scratch()
        undo.callback(remove, scratch)
        with needing("no process could be started"):
            ours, theirs = socket.socketpair(type=kind)
            undo.callback(ours.close)
            with theirs:
                yield scratch, ours, theirs
        undo.pop_all()


@dataclass(frozen=True)
class Cold:
    """Starts every process afresh, unconfined: works everywhere, and takes seconds."""

    device: str = "cpu"

    def load(self, text: str) -> None:
        """Nothing: each process loads for itself."""

    def start(self) -> Process:
        """A process started by exec. Raises MachineError."""
        with _place(socket.SOCK_STREAM) as (scratch, ours, theirs):
            popen = _popen("driver", theirs, scratch, environment(self.device))
        return Process(Spawned(popen), ours, scratch)

    def close(self) -> None:
        """Nothing is kept."""


@dataclass(frozen=True)
class Confinement:
    """Whether children confine themselves, and how much they may then take."""

    confined: bool = True
    bounds: Bounds = BOUNDS


class Warm:
    """A parent that has loaded torch and IPython, and forks a process for each notebook in milliseconds."""

    def __init__(self, device: str = "cpu", confinement: Confinement = Confinement()) -> None:
        """Start the parent; it loads while the grader goes on."""
        self._device = device
        self._confinement = confinement
        self._lock = threading.Lock()
        self._ready = False
        self._loaded: set[str] = set()
        self._popen: subprocess.Popen[bytes] | None = None
        # What fails here is tried again when a process is wanted, and costs nobody anything until then.
        with contextlib.suppress(MachineError):
            self._launch()

    def _launch(self) -> None:
        # Larger pages have fewer entries that a fork has to copy.
        variables = {**environment(self._device), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
        profile = self._device if self._confinement.confined else ""
        with _place(socket.SOCK_SEQPACKET) as (self._scratch, self._control, theirs):
            self._popen = _popen("warm", theirs, self._scratch, variables, profile)

    @property
    def device(self) -> str:
        """cpu or cuda."""
        return self._device

    def load(self, text: str) -> None:
        """Import what this code would make torch import in every child. Raises MachineError."""
        modules = [name for name, words in _LAZY.items() if name not in self._loaded and words.search(text)]
        if modules:
            self._exchange(Load(tuple(modules)))
            self._loaded.update(modules)

    def start(self) -> Process:
        """A process forked from the parent, confined before it reads a line. Raises MachineError."""
        bounds = self._confinement.bounds
        with _place(socket.SOCK_STREAM) as (scratch, ours, theirs):
            heard, telling = socket.socketpair()
            with heard, telling:
                request = Fork(str(scratch), asdict(bounds))
                started = self._exchange(request, theirs.fileno(), telling.fileno())
                assert isinstance(started, Started)
                refusals = Refusals(heard.dup(), started.pid, bounds.threads)
        return Process(Forked(started.pid, self.reap), ours, scratch, refusals)

    def reap(self, pid: int) -> int | None:
        """The exit code of a forked child, None while it runs. Raises MachineError where the parent has ended."""
        ended = self._exchange(Reap(pid))
        return ended.status if isinstance(ended, Ended) else None

    def _exchange(self, order: Order, *descriptors: int) -> Answer:
        with self._lock:
            if self._popen is None:
                self._launch()
            self._ready = self._ready or self._loads()
            found = carried_out(self._control, order, *descriptors) if self._ready else None
        if found is None:
            raise StartError(f"the warm parent ended: {log_of(self._scratch)}")
        return found

    def _loads(self) -> bool:
        """Wait until the parent has loaded. Raises StartError where it says why it could not."""
        found = heard(self._control)
        if isinstance(found, Unable):
            raise StartError(found.reason)
        return found is not None

    def close(self) -> None:
        """End the parent and every child that is left; one that is still loading has none."""
        if self._popen is None:
            return
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=2.0 if self._ready else 0.0)
        Spawned(self._popen).kill()
        self._popen.wait()
        Process(Spawned(self._popen), self._control, self._scratch).stop()
