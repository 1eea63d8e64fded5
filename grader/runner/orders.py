"""Giving orders to a process that forks others, the warm parent or the nursery, and hearing its answers.

Knows how orders and descriptors are sent over a socket. Refuses to know what is forked, and to start or end such a
process.
"""

from __future__ import annotations

import socket

from grader.protocol.control import LARGEST, Answer, Order, Unable, answer_in, sent
from grader.runner.machine import MachineError


def carried_out(control: socket.socket, order: Order, *descriptors: int) -> Answer | None:
    """What it answers to an order, None where it has ended. Raises MachineError where it could not do it."""
    try:
        socket.send_fds(control, [sent(order)], descriptors)
    except OSError:
        return None
    found = heard(control)
    if isinstance(found, Unable):
        raise MachineError(found.reason)
    return found


def heard(control: socket.socket) -> Answer | None:
    """The next answer, None where it has ended."""
    try:
        answer = control.recv(LARGEST)
    except OSError:
        return None
    return answer_in(answer) if answer else None
