"""What every command that a test runs would load for itself, loaded once: imported only by the process that is forked.

Knows the warm parent that commands share, and the labs whose first preparation fills caches. Refuses to share it with a
command whose notebooks are to be confined otherwise than by default, or not at all: that one starts its own.
"""

import atexit
import importlib
from collections.abc import Callable

from grader.judge.model import Conditions
from grader.labs import all_labs
from grader.labs.lab2_graphs import LAB
from grader.runner.grading import prepare
from grader.runner.probing import Starters
from grader.runner.starting import Confinement, Starter, Warm


class Shared(Warm):
    """A warm parent that no command ends."""

    def close(self) -> None:
        """The next command needs it."""


WARM = Shared()
"""It loads while the grader does."""
OWN: Callable[[Starters], Starter] = Starters._made

for name in ("grader.desk.running", "grader.desk.course", "grader.authoring.release"):
    importlib.import_module(name)
all_labs()
prepare(LAB, Conditions("loaded"))
# It has said that it has loaded, which it says once: whoever is forked from here need not wait for it.
WARM.start().stop()
atexit.register(Warm.close, WARM)


def share() -> None:
    """Let this process, which runs one command, take its notebooks' processes from the parent that is there."""

    def made(starters: Starters) -> Starter:
        usual = starters.device == WARM.device and starters._confinement == Confinement()
        return WARM if usual else OWN(starters)

    # In a process that ends with the command.
    setattr(Starters, "_made", made)  # noqa: B010 -- a type checker refuses the assignment
