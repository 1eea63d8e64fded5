"""Finding out what confinement is in force: by trying, in a throw-away process.

Knows what a confined process must fail at, and one thing that it must do: compute on its device. Refuses to trust that
a call which confines succeeded: only what was seen to be refused counts.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from grader.judge.model import CellRun
from grader.kernel.profile import BOUNDS, PROFILES, Bounds
from grader.protocol.messages import Array, Leaf, Read, Value
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError
from grader.runner.process import StartError
from grader.runner.session import Session
from grader.runner.starting import Cold, Confinement, Starter, Warm

ATTEMPTS: Final = {
    "files": ("open(outside)", "os.listdir(os.path.dirname(outside))"),
    "writing": (
        "open(outside, 'a')",
        "open(outside + '-new', 'w')",
        "os.mkdir(outside + '-new')",
        "os.unlink(outside)",
    ),
    "truncation": (
        "os.truncate(outside, 0)",
        "os.open(outside, os.O_RDONLY | os.O_TRUNC)",
        "os.open(outside, os.O_ACCMODE | os.O_TRUNC)",
    ),
    "metadata": (
        "change(os.chmod, outside, 0o777)",
        "change(os.chown, outside, os.getuid(), os.getgid())",
        "change(os.utime, outside, (0, 0))",
        "change(os.setxattr, outside, 'user.probe', b'x')",
    ),
    "processes": ("os.fork() or os._exit(0)", "os.execv(sys.executable, ['python', '-V'])"),
    "network": ("socket.socket()", "socket.socketpair()[0].connect('\\0notebook-probe')"),
    "signals": ("os.kill(os.getppid(), 0)",),
    "memory": ("bytearray(1 << 40)",),
}
"""What confinement keeps a notebook from, and attempts at it that must all fail. `outside` is a file of the grader."""

PRODUCT: Final = """
import torch
ones = torch.ones(64, 64, device={device!r}, requires_grad=True)
(ones @ ones).sum().backward()
probe_product = float(ones.grad.sum())
"""
"""A product on the device, and its gradient, for which autograd starts a thread; every entry of it is 128."""

PROBE: Final = """
import os, socket, sys, threading, torch
outside = {outside!r}
def change(call, *arguments):
    # What does nothing may say that it is done.
    before = os.stat(outside)
    try:
        call(*arguments)
    except OSError:
        pass
    if os.stat(outside) == before:
        raise PermissionError
def crowd(most):
    end = threading.Event()
    try:
        for _ in range(most):
            threading.Thread(target=end.wait).start()
    finally:
        end.set()
def attempt(code):
    try:
        exec(code)
    except (PermissionError, MemoryError, RuntimeError):
        return 1.0
    return 0.0
"""
SEEN: Final = "probe_seen = torch.tensor([*map(attempt, {codes!r}), os.getuid()], device='cpu', dtype=torch.float64)"
MOST: Final = 1_000
"""Threads that are tried to start at the most: of a larger bound nothing is said."""


class ConfinementError(Exception):
    """The caller's fault: this machine cannot confine notebooks, and it was not allowed to do without."""


def attempts(device: str) -> dict[str, tuple[str, ...]]:
    """The `ATTEMPTS` that must fail on a device: where memory is not bounded, none is made at that."""
    return {name: codes for name, codes in ATTEMPTS.items() if name != "memory" or PROFILES[device].bounded}


def in_force(starter: Starter, bounds: Bounds = BOUNDS) -> tuple[str, ...]:
    """The names of `attempts` that fail in a process of this starter, and what else is seen to hold.

    That is "threads" where no more than the bound can be started, "calls named" where the grader hears of refused
    calls, and "uid …" where the process is another user's. Raises StartError where it cannot start one,
    ConfinementError where one cannot compute on its device.
    """
    tried = attempts(starter.device)
    with tempfile.TemporaryDirectory() as folder, Session(starter=starter) as session:
        outside = Path(folder) / "outside"
        outside.write_text("of the grader")
        before = _state(outside)
        codes = [code for each in tried.values() for code in each]
        crowd = f"crowd({min(bounds.threads, MOST)})"
        cells = (PROBE.format(outside=str(outside)), SEEN.format(codes=[*codes, crowd]))
        product, *_ = session.run([PRODUCT.format(device=starter.device), *cells])
        computed = _read(session, "probe_product")
        if computed is None or computed != 64 * 64 * 128.0:
            raise ConfinementError(
                f"A confined notebook cannot compute on {starter.device} on this machine ({_told(product)}). Grade "
                f"{'with --device cpu, or ' if starter.device == 'cuda' else ''}in a container that holds nothing "
                "else, and say --unconfined."
            )
        seen = _read(session, "probe_seen")
        if seen is None or _state(outside) != before:
            return ()
        *outcomes, crowded, user = seen.tolist()
        of = [name for name, each in tried.items() for _ in each]
        held = {name: all(o for o, n in zip(outcomes, of, strict=True) if n == name) for name in tried}
        more = {"threads": crowded, "calls named": "fork" in session.refused, f"uid {user:.0f}": user != os.getuid()}
        return tuple(name for name, holds in {**held, **more}.items() if holds)


def _state(outside: Path) -> tuple[os.stat_result, list[str]]:
    """All that an attempt could have changed."""
    return outside.stat(), [path.name for path in outside.parent.iterdir()]


def _read(session: Session, name: str) -> Array | None:
    """The numbers in a variable of the notebook, None where there are none."""
    (seen,) = session.ask(Read(name))
    found = isinstance(seen, Value) and seen.results[0]
    return np.atleast_1d(found.array) if isinstance(found, Leaf) else None


def _told(run: CellRun) -> str:
    """The first line of the error that a cell stopped with."""
    errors = [f"{o['ename']}: {o['evalue']}" for o in run.outputs if o.get("output_type") == "error"]
    return "".join(errors[-1:]).partition("\n")[0][:300] or "its result is wrong"


class Starters:
    """Starters of one kind for a whole run: warm and confined where the machine can do that.

    The first loads from the moment this is made; the others when they are taken.
    """

    def __init__(self, device: str, unconfined: bool, limits: Limits = LIMITS) -> None:
        """Start one."""
        self.device = device
        self.limits = limits
        self._confinement = Confinement(not unconfined, limits.bounds)
        self._first: Starter | None = self._made()

    @property
    def confined(self) -> bool:
        """Whether notebooks are to be confined."""
        return self._confinement.confined

    def confirm(self) -> tuple[str, ...]:
        """What notebooks are seen to be kept from. Raises ConfinementError where that is not all that it must be."""
        if not self._confinement.confined:
            return ()
        assert self._first is not None
        try:
            seen = in_force(self._first, self.limits.bounds)
            lacking = ", ".join(name for name in attempts(self.device) if name not in seen)
        except StartError as error:
            lacking = str(error)
        except MachineError as error:
            # What the machine lacks may be no more than what the instructor allows.
            if self.limits.bounds == LIMITS.bounds:
                raise
            lacking = str(error)
        if lacking:
            if self.limits.bounds != LIMITS.bounds:
                raise ConfinementError(f"With these limits no notebook can be confined ({lacking}): allow more.")
            raise ConfinementError(
                f"Notebooks cannot be confined on this machine ({lacking}). Grade in a container that holds nothing "
                "else, and say --unconfined."
            )
        return seen

    def __call__(self) -> Starter:
        """The first one, then new ones."""
        taken, self._first = self._first or self._made(), None
        return taken

    def close(self) -> None:
        """End the first one if nobody took it."""
        if self._first:
            self._first.close()

    def _made(self) -> Starter:
        warm = hasattr(os, "fork") and sys.platform == "linux"
        return Warm(self.device, self._confinement) if warm else Cold(self.device)
