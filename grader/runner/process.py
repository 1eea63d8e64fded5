"""One student's process: started clean, spoken to in frames, ended whole.

Knows how a process is started, waited for and killed, and the scratch folder that it lives in. Refuses to
know what a frame means. A later way of starting (a fork of a warm parent) replaces this module alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from grader.kernel.frames import Caps, read_frame

ROOT: Final = Path(__file__).resolve().parents[2]
_BOOTSTRAP: Final = "import sys; sys.path.insert(0, sys.argv[1]); from grader.kernel.driver import main; main()"
_SLICE: Final = 0.2
"""Seconds between two looks at whether the process is alive; its end is otherwise seen at once."""
_PASSED_ON: Final = MappingProxyType(
    {"cpu": ("PATH", "LANG"), "cuda": ("PATH", "LANG", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")}
)


class StartError(Exception):
    """The machinery's fault: a student's process could not be started."""


class DeadlineError(Exception):
    """Nothing, or not all of it, came in time."""


class Process:
    """A process of its own session, with a socket to it and a scratch folder that it may fill."""

    def __init__(self, device: str) -> None:
        """Start; the process is at work once it has answered a first frame."""
        self._scratch = Path(tempfile.mkdtemp(prefix="notebook-"))
        for name in ("work", "home", "tmp"):
            (self._scratch / name).mkdir()
        ours, theirs = socket.socketpair()
        self._socket = ours
        with theirs, (self._scratch / "start.log").open("wb") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOTSTRAP, str(ROOT), str(theirs.fileno())],
                cwd=self._scratch / "work",
                env=self._environment(device),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def _environment(self, device: str) -> dict[str, str]:
        home = str(self._scratch / "home")
        passed = {
            name: os.environ[name] for name in _PASSED_ON["cpu" if device == "cpu" else "cuda"] if name in os.environ
        }
        return {
            "LANG": "C.UTF-8",
            **passed,
            "HOME": home,
            "TMPDIR": str(self._scratch / "tmp"),
            "IPYTHONDIR": home,
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }

    def exchange(self, frame: bytes, deadline: float, caps: Caps) -> bytes | None:
        """Send a frame and wait for the next one; None where the process ended instead.

        `deadline` is a time of `time.monotonic()`. Raises DeadlineError, and FrameError for what is
        no frame.
        """
        try:
            self._socket.settimeout(_remaining(deadline))
            self._socket.sendall(frame)
        except TimeoutError as error:
            raise DeadlineError from error
        except OSError:
            return None
        return read_frame(self._reader(deadline), caps)

    def _reader(self, deadline: float) -> Callable[[int], bytes]:
        def read(size: int) -> bytes:
            while True:
                self._socket.settimeout(min(_SLICE, _remaining(deadline)))
                # Asked before reading: what an ended process had sent is still read.
                ended = self._popen.poll() is not None
                try:
                    return self._socket.recv(size)
                except TimeoutError:
                    if ended:
                        return b""
                except OSError:
                    return b""

        return read

    def log(self) -> str:
        """What the process said before it was at work."""
        return (self._scratch / "start.log").read_text(errors="replace")[-2000:]

    def how_it_ended(self) -> str:
        """The exit code, or the signal's name; a process that still runs is given a second to end."""
        try:
            code = self._popen.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "closed its connection"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def kill(self) -> None:
        """Kill the process with all it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Kill the process, and remove its folder."""
        self.kill()
        self._popen.wait()
        self._socket.close()
        _remove(self._scratch)


def _remaining(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError
    return left


def _remove(folder: Path) -> None:
    """Remove a folder whatever was done to it: closed to reading, or nested beyond Python's recursion."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*command, str(folder)], check=False, capture_output=True)
