"""What the grader says to a process that forks others, and what that answers: a message at a time, as JSON.

Knows the messages by their types. Refuses to know what is forked: no student's code speaks here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias


@dataclass(frozen=True)
class Load:
    """Import modules that children would import, each for itself."""

    modules: tuple[str, ...]


@dataclass(frozen=True)
class Fork:
    """Start a child; its sockets come with the message.

    `scratch` is its folder, and `bounds` what it may take, by name; a child of the grader's own needs neither.
    """

    scratch: str = ""
    bounds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reap:
    """Tell how a child ended."""

    pid: int


@dataclass(frozen=True)
class Loaded:
    """So many modules were imported; the first answer of all has none."""

    count: int


@dataclass(frozen=True)
class Started:
    """A child was forked."""

    pid: int


@dataclass(frozen=True)
class Ended:
    """How a child ended, as `subprocess` counts exit codes; None while it runs."""

    status: int | None


@dataclass(frozen=True)
class Unable:
    """What was asked for could not be done, and why: a clause for people."""

    reason: str


Order: TypeAlias = Load | Fork | Reap
Answer: TypeAlias = Loaded | Started | Ended | Unable

KINDS: Final[Mapping[str, Callable[..., Order | Answer]]] = {
    kind.__name__: kind for kind in (Load, Fork, Reap, Loaded, Started, Ended, Unable)
}

LARGEST: Final = 1 << 16
"""Bytes of a message."""


def sent(message: Order | Answer) -> bytes:
    """A message as it is sent."""
    return json.dumps({"kind": type(message).__name__, **asdict(message)}).encode()


def order_in(data: bytes) -> Order:
    """The order that was given. Raises ValueError or TypeError where it is none."""
    found = _read(data)
    if not isinstance(found, Load | Fork | Reap):
        raise TypeError(f"{found} is no order")
    return found


def answer_in(data: bytes) -> Answer:
    """The answer that was sent. Raises ValueError or TypeError where it is none."""
    found = _read(data)
    if isinstance(found, Load | Fork | Reap):
        raise TypeError(f"{found} is no answer")
    return found


def _read(data: bytes) -> Order | Answer:
    found = json.loads(data)
    kind = found.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of message")
    # JSON has no tuples.
    return KINDS[kind](**{name: tuple(v) if isinstance(v, list) else v for name, v in found.items()})
