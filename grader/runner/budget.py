"""The time of a notebook as a whole: what its processes computed and waited, one after the other.

Knows the limits of time, and which of them came to its end. Refuses to know what is done in that time.
"""

from __future__ import annotations

from grader.protocol.messages import TimedOut
from grader.runner.limits import Limits
from grader.runner.timing import Allowance, Meter, Stopwatch


class Budget:
    """What a notebook has used of its time; one process at a time is on its account."""

    def __init__(self, limits: Limits) -> None:
        """Nothing is used yet."""
        self._limits = limits
        self._computed = 0.0
        self._waited = 0.0
        self._meter: Meter | None = None

    def open(self, meter: Meter, before: float) -> None:
        """From now on count what a process computes, but for what it had computed `before`."""
        self._meter = meter
        self._computed -= before

    def close(self) -> None:
        """Keep what a process has computed, which is to be ended."""
        if self._meter:
            self._computed += self._meter.computed()
            self._meter = None

    def charge(self, stopwatch: Stopwatch) -> None:
        """Count what passed in an exchange."""
        self._waited += stopwatch.waited()

    def forfeit(self) -> None:
        """Leave no time for more."""
        self._waited = float("inf")

    @property
    def left(self) -> Allowance:
        """What is left."""
        computed = self._computed + (self._meter.computed() if self._meter else 0.0)
        whole = self._limits.notebook
        return Allowance(whole - computed, whole * self._limits.wall_factor - self._waited)

    @property
    def used_up(self) -> bool:
        """Whether nothing is left, of either kind."""
        left = self.left
        return min(left.computing, left.waiting) <= 0

    def over(self) -> TimedOut:
        """How the notebook's time came to its end."""
        waiting = self.left.computing > 0
        return TimedOut(self._limits.notebook * (self._limits.wall_factor if waiting else 1), waiting)

    def begin(self, seconds: float) -> Stopwatch:
        """The time of an exchange, of which `seconds` of computing are allowed, and what is left at most."""
        assert self._meter
        left = self.left
        waiting = min(seconds * self._limits.wall_factor, left.waiting)
        return Stopwatch(self._meter, Allowance(min(seconds, left.computing), waiting))

    def timed_out(self, stopwatch: Stopwatch, seconds: float, waiting: bool) -> TimedOut:
        """Which limit an exchange met to which `seconds` were allowed: its own, or that of the notebook."""
        factor = self._limits.wall_factor if waiting else 1.0
        allowed = stopwatch.allowance.waiting if waiting else stopwatch.allowance.computing
        return TimedOut(factor * (self._limits.notebook if allowed < seconds * factor else seconds), waiting)
