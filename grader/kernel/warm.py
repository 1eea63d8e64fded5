"""The warm parent: loads what notebooks need once, then forks a process for each notebook.

Knows how to fork, and what a child must not share with its siblings: descriptors, and random numbers.
Refuses to know the grader: it is told where a scratch folder is and which limits hold, and nothing that
would be worth stealing ever enters it.

    {"load": [module, …]}                            -> {"loaded": …}, how many of them it has
    {"fork": {…}} with the child's socket attached   -> {"pid": …} or {"error": …}
    {"reap": pid}                                    -> {"status": …}, null while it runs
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.random
import torch

from grader.kernel import standin
from grader.kernel.cells import Cells, Shell
from grader.kernel.driver import hidden, search_path, serve
from grader.kernel.outputs import OutputCaps
from grader.kernel.profile import PROFILES, Bounds

MESSAGE = 1 << 16


def rehearse() -> None:
    """Make a shell and run a line: what IPython imports and keeps at its first is then there for every child."""
    streams = sys.stdout, sys.stderr
    Cells(OutputCaps()).run(0, "1", 1)
    Shell.clear_instance()
    sys.stdout, sys.stderr = streams


def load(modules: Sequence[str] = ()) -> dict[str, Any]:
    """Import modules that children would import, each for itself, and keep all there is out of the collector."""
    found = [importlib.import_module(name) for name in modules]
    gc.collect()
    gc.freeze()
    return {"loaded": len(found)}


def fork(request: dict[str, Any], descriptor: int, control: socket.socket) -> int:
    """A child that serves the socket `descriptor`; its process id."""
    if request["confined"]:
        # Here and not in the child: finding libseccomp starts a program, which a child may not.
        importlib.import_module("grader.kernel.confine")
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        os.setsid()
        control.close()
        become(request, descriptor)
    except BaseException as error:
        # The grader reads this where a start fails; the child must never return into the parent's loop.
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
        os._exit(70)
    os._exit(0)


def forked(request: dict[str, Any], descriptor: int, control: socket.socket) -> dict[str, Any]:
    """The answer to a request for a child."""
    try:
        return {"pid": fork(request, descriptor, control)}
    except (ImportError, OSError, RuntimeError) as error:
        os.close(descriptor)
        return {"error": f"{type(error).__name__}: {error}"}


def become(request: dict[str, Any], descriptor: int) -> None:
    """Turn this forked process into a student's, and serve it to its end."""
    scratch = Path(request["scratch"])
    log = os.open(scratch / "start.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    channel = hidden(descriptor)
    os.closerange(3, channel)
    os.closerange(channel + 1, channel + 1024)
    os.environ.update(HOME=str(scratch / "home"), IPYTHONDIR=str(scratch / "home"), TMPDIR=str(scratch / "tmp"))
    # What was found out with the parent's variables does not hold here.
    tempfile.tempdir = None
    os.chdir(scratch / "work")
    for source in (random.seed, numpy.random.seed, torch.manual_seed):
        source(int.from_bytes(os.urandom(4), "little"))
    if request["confined"]:
        module = importlib.import_module("grader.kernel.confine")
        module.confine(scratch, Bounds(**request["bounds"]), PROFILES[request["device"]])
    standin.install()
    serve(channel)


def reaped(pid: int) -> int | None:
    """The exit code of a child as `subprocess` counts it, None while it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def main() -> None:
    """Serve the control socket until the grader closes it; `sys.argv` holds our folder and its number."""
    root, descriptor = sys.argv[1:]
    sys.argv[:] = [""]
    sys.path[:] = search_path(Path(root))
    control = socket.socket(fileno=int(descriptor))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rehearse()
    control.send(json.dumps(load()).encode())
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 1)
        if not message:
            break
        request = json.loads(message)
        if "load" in request:
            answer = load(request["load"])
        elif "fork" in request:
            answer = forked(request["fork"], descriptors[0], control)
            children |= {answer["pid"]} if "pid" in answer else set()
        else:
            status = reaped(request["reap"])
            children -= set() if status is None else {request["reap"]}
            answer = {"status": status}
        control.send(json.dumps(answer).encode())
    for pid in children:
        os.kill(pid, signal.SIGKILL)
