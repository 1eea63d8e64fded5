"""Finding out what confinement is in force: by trying, in a throw-away process.

Knows a handful of things that a confined process cannot do, and one that it must: compute on its device. Refuses to
trust that a call which confines succeeded: only what was seen to be refused counts.
"""

from __future__ import annotations

import os
import sys

from grader.judge.facts import Leaf, Read, Value
from grader.judge.model import CellRun
from grader.kernel.profile import PROFILES
from grader.runner.limits import LIMITS, Limits
from grader.runner.process import StartError
from grader.runner.session import Session
from grader.runner.starting import Cold, Confinement, Starter, Warm

ATTEMPTS = {
    "files": "open('/etc/passwd').read()",
    "writing": "open('/tmp/notebook-probe', 'w').close()",
    "processes": "import os; os.fork() or os._exit(0)",
    "network": "import socket; socket.socket()",
    "signals": "import os; os.kill(os.getppid(), 0)",
    "memory": "bytearray(1 << 40)",
}
"""What confinement keeps a notebook from, and an attempt at it."""

PRODUCT = """
import torch
ones = torch.ones(64, 64, device={device!r}, requires_grad=True)
(ones @ ones).sum().backward()
probe_product = float(ones.grad.sum())
"""
"""A product on the device, and its gradient, for which autograd starts a thread; every entry of it is 128."""

PROBE = """
def attempt(code):
    try:
        exec(code, {})
    except (OSError, MemoryError):
        return 1.0
    return 0.0
"""


class ConfinementError(Exception):
    """The caller's fault: this machine cannot confine notebooks, and it was not allowed to do without."""


def attempts(device: str) -> dict[str, str]:
    """The `ATTEMPTS` that must fail on a device: where memory is not bounded, none is made at that."""
    return {name: code for name, code in ATTEMPTS.items() if name != "memory" or PROFILES[device].bounded}


def in_force(starter: Starter) -> tuple[str, ...]:
    """The names of `attempts` that fail in a process of this starter.

    Raises StartError where it cannot start one, ConfinementError where one cannot compute on its device.
    """
    tried = attempts(starter.device)
    cells = [PROBE, *(f"probe_{name} = attempt({code!r})" for name, code in tried.items())]
    with Session(starter=starter) as session:
        product, *_ = session.run([PRODUCT.format(device=starter.device), *cells])
        if not _reads(session, "probe_product", 64 * 64 * 128.0):
            raise ConfinementError(
                f"A confined notebook cannot compute on {starter.device} on this machine ({_told(product)}). Grade "
                f"{'with --device cpu, or ' if starter.device == 'cuda' else ''}in a container that holds nothing "
                "else, and say --unconfined."
            )
        return tuple(name for name in tried if _reads(session, f"probe_{name}", 1.0))


def _reads(session: Session, name: str, number: float) -> bool:
    (seen,) = session.ask(Read(name))
    return isinstance(seen, Value) and isinstance(seen.results[0], Leaf) and bool(seen.results[0].array == number)


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
            seen = in_force(self._first)
            lacking = ", ".join(name for name in attempts(self.device) if name not in seen)
        except StartError as error:
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
