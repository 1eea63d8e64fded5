"""A filter of system calls that allows a list and refuses all else, and lets the grader hear what was refused.

Knows libseccomp and the kernel's call that loads a filter. Refuses to know which calls are allowed, and who listens.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from typing import Final

import pyseccomp

from grader.kernel.calls import ANSWERED, THREAD, Allowance, Case

SET_MODE_FILTER: Final = 1
NEW_LISTENER: Final = 8
"""SECCOMP_SET_MODE_FILTER and SECCOMP_FILTER_FLAG_NEW_LISTENER of linux/seccomp.h."""

_NO: Final = pyseccomp.ERRNO(errno.EPERM)
_HANDING_OVER: Final = ("sendmsg", "seccomp")
"""What a process needs after its filter is in force, once: then a second filter refuses it."""


class _Program(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


class Calls:
    """The calls that processes of one kind may make. Made ready before they are forked."""

    def __init__(self, allowance: Allowance) -> None:
        """Raises OSError where libseccomp cannot write such a filter."""
        self._plain = _rules(allowance, _NO)
        # Where a thread starts is asked each time: so many and no more.
        self._plain.add_rule(pyseccomp.ALLOW, "clone", *_arguments(THREAD))
        self._told = _rules(allowance, pyseccomp.NOTIFY) if pyseccomp.get_api() >= 5 else None
        last = _empty(pyseccomp.ALLOW)
        # Descriptors sent to oneself, closed meanwhile, would keep files that nobody can count.
        for call in _HANDING_OVER:
            last.add_rule(_NO, call)
        self._last = _program(last)
        self._number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "seccomp")
        self._libc = ctypes.CDLL(None, use_errno=True)

    def confine(self, grader: socket.socket) -> None:
        """Refuse this process all other calls for good, and hand `grader` the descriptor on which it hears of them.

        Where there is no such descriptor (an older kernel, or another that listens already), nobody hears of them:
        they are refused all the same, and how many threads there are is then seen from outside. Raises OSError.
        """
        descriptors = []
        with grader:
            try:
                if not self._told:
                    raise OSError
                descriptors.append(self._load(_program(_with_own_signals(self._told)), NEW_LISTENER))
            except OSError:
                self._load(_program(_with_own_signals(self._plain)))
            socket.send_fds(grader, [b"!"], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self._load(self._last)

    def _load(self, program: bytes, flags: int = 0) -> int:
        loaded = _Program(len(program) // 8, program)
        found: int = self._libc.syscall(self._number, SET_MODE_FILTER, flags, ctypes.byref(loaded))
        if found < 0:
            raise OSError(ctypes.get_errno(), "seccomp")
        return found


def _rules(allowance: Allowance, otherwise: int) -> pyseccomp.SyscallFilter:
    """A filter with `otherwise` for whatever is neither allowed nor answered at once."""
    rules = _empty(otherwise)
    always = dict.fromkeys((*allowance.always, *_HANDING_OVER), ((),))
    tables = [(pyseccomp.ALLOW, {**always, **allowance.sometimes}), (_NO, allowance.silently)]
    tables += [(pyseccomp.ERRNO(error), dict.fromkeys(calls, ((),))) for error, calls in ANSWERED.items()]
    # A rule that does what is done anyway is an error.
    for action, cases in ((action, cases) for action, cases in tables if action != otherwise):
        for call in filter(_exists, cases):
            for case in cases[call]:
                rules.add_rule(action, call, *_arguments(case))
    return rules


def _empty(otherwise: int) -> pyseccomp.SyscallFilter:
    """A filter without rules. Of the 32-bit calls, and x32's, no number means what it means here."""
    rules = pyseccomp.SyscallFilter(otherwise)
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, _NO)
    return rules


def _with_own_signals(rules: pyseccomp.SyscallFilter) -> pyseccomp.SyscallFilter:
    """The same filter, for a process that may also send signals to itself."""
    for call in ("kill", "tgkill"):
        rules.add_rule(pyseccomp.ALLOW, call, pyseccomp.Arg(0, pyseccomp.MASKED_EQ, 0xFFFF_FFFF, os.getpid()))
    return rules


def _arguments(case: Case) -> list[pyseccomp.Arg]:
    return [pyseccomp.Arg(argument, pyseccomp.MASKED_EQ, mask, value) for argument, mask, value in case]


def _exists(call: str) -> bool:
    """Whether this architecture has a call."""
    return bool(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) >= 0)


def _program(rules: pyseccomp.SyscallFilter) -> bytes:
    with os.fdopen(os.memfd_create("filter"), "r+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
