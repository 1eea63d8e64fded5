"""Finding out what confinement is in force: by trying, in a throw-away process.

Knows a handful of things that a confined process cannot do. Refuses to trust that a call which confines
succeeded: only what was seen to be refused counts.
"""

from __future__ import annotations

import os
import sys

from grader.judge.facts import Leaf, Read, Value
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

PROBE = """
def attempt(code):
    try:
        exec(code, {})
    except (OSError, MemoryError):
        return 1.0
    return 0.0
"""


def in_force(starter: Starter) -> tuple[str, ...]:
    """The names of `ATTEMPTS` that fail in a process of this starter; none where it cannot start one."""
    cells = [PROBE, *(f"probe_{name} = attempt({code!r})" for name, code in ATTEMPTS.items())]
    try:
        with Session(starter=starter) as session:
            session.run(cells)
            return tuple(name for name in ATTEMPTS if _refused(session, f"probe_{name}"))
    except StartError:
        return ()


def _refused(session: Session, name: str) -> bool:
    (seen,) = session.ask(Read(name))
    return isinstance(seen, Value) and isinstance(seen.results[0], Leaf) and bool(seen.results[0].array == 1.0)


class ConfinementError(Exception):
    """The caller's fault: this machine cannot confine notebooks, and it was not allowed to do without."""


class Starters:
    """Starters of one kind for a whole run: warm and confined where the machine can do that.

    The first loads from the moment this is made; the others when they are taken.
    """

    def __init__(self, device: str, unconfined: bool) -> None:
        """Start one."""
        self.device = device
        self._confinement = Confinement(confined=not unconfined)
        self._first: Starter | None = self._made()

    def confirm(self) -> tuple[str, ...]:
        """What notebooks are seen to be kept from. Raises ConfinementError where that is not all that it must be."""
        if not self._confinement.confined:
            return ()
        assert self._first is not None
        seen = in_force(self._first)
        if len(seen) < len(ATTEMPTS):
            lacking = ", ".join(name for name in ATTEMPTS if name not in seen)
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
