"""What the grader hears of refused calls, and of threads."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from grader.kernel.profile import Bounds
from grader.runner import refusals
from grader.runner.probing import ATTEMPTS, in_force
from grader.runner.refusals import Refusals, threads
from grader.runner.session import Session
from grader.runner.starting import Confinement, Warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confining is Linux's")

FEW = 8


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    parent = Warm(confinement=Confinement(bounds=Bounds(threads=FEW)))
    yield parent
    parent.close()


def heard(warm: Warm, *cells: str) -> tuple[tuple[str, ...], list[str]]:
    """The calls that were refused, and how each cell ended or what it printed."""
    with Session(starter=warm) as session:
        runs = session.run(cells)
        said = [str(o.get("text") or o.get("evalue", "")).strip() for run in runs for o in run.outputs]
        return session.refused, [text for text in said if text]


def test_a_refused_call_is_named_once_and_fails_in_the_ordinary_way(warm: Warm) -> None:
    names, said = heard(
        warm,
        "import os, subprocess, socket",
        "subprocess.run(['ls'])",
        "os.fork()",
        "socket.socket(socket.AF_INET)",
        "os.kill(os.getppid(), 9)",
        "import ctypes; print(ctypes.CDLL(None).syscall(512))",
    )
    assert names == ("fork", "socket", "kill", "call 512")
    assert said == [*["[Errno 1] Operation not permitted"] * 4, "-1"]


def test_what_honest_libraries_do_is_not_told(warm: Warm) -> None:
    names, said = heard(
        warm,
        "import pathlib, shutil, sqlite3, tempfile, torch, concurrent.futures as futures, asyncio, pwd",
        "import platform; platform.platform(); platform.processor(); tuple(platform.uname())",
        "pathlib.Path('a').write_text('a'); shutil.copy('a', 'b'); shutil.copy2('a', 'c'); pathlib.Path('a').touch()",
        "pathlib.Path('d').mkdir(); shutil.copytree('d', 'e'); shutil.make_archive('f', 'zip', 'd')",
        "tempfile.NamedTemporaryFile().close(); sqlite3.connect('g').execute('create table t (x)').close()",
        "torch.save(torch.ones(2), 'h'); x = torch.load('h'); x.requires_grad_().sum().backward()",
        "with futures.ThreadPoolExecutor(3) as pool:\n    print(*pool.map(abs, (-1, -2)))",
        "async def one():\n    return 1\nprint(await asyncio.wait_for(one(), 60))",
        "try:\n    pwd.getpwuid(0)\nexcept KeyError:\n    pass",
    )
    assert (names, said) == ((), ["1 2", "1"])


CROWD = """
import threading
end = threading.Event()
started = 0
try:
    while started < 3 * {few}:
        threading.Thread(target=end.wait).start()
        started += 1
except RuntimeError as error:
    print(started, error)
end.set()
"""


def test_a_thread_too_many_is_an_ordinary_error(warm: Warm) -> None:
    names, said = heard(warm, CROWD.format(few=FEW), "t = threading.Thread(target=print, args=('after',))\nt.start()")
    assert names == ("clone",)
    assert said[0] == f"{FEW - 1} can't start new thread"


def test_where_nobody_listens_a_crowd_of_threads_ends_the_process(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    # As where a container listens itself: every thread may start.
    monkeypatch.setattr(Refusals, "_answered", lambda self, name, first: 0)
    with Session(starter=warm) as session:
        (run,) = session.run([CROWD.format(few=FEW).replace("end.set()", "import time; time.sleep(60)")])
    assert run.outcome == "died"
    assert "it started too many threads" in str(run.outputs)


def test_where_no_call_can_be_told_of_all_are_refused_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def older(command: list[str], **options: Any) -> object:
        code = "import pyseccomp; pyseccomp.get_api = lambda: 4; "
        return start([*command[:3], code + command[3], *command[4:]], **options)

    monkeypatch.setattr("grader.runner.starting.subprocess.Popen", older)
    old = Warm()
    try:
        assert in_force(old)[: len(ATTEMPTS)] == tuple(ATTEMPTS)
        assert not {"threads", "calls named"} & set(in_force(old))
        assert heard(old, "import os\nos.fork()") == ((), ["[Errno 1] Operation not permitted"])
    finally:
        old.close()


def test_who_asks_without_end_is_not_listened_to_any_more(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "REFUSED", 5)
    asked = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nerrors = []\nfor number in range(500, 510):\n"
    asked += "    libc.syscall(number)\n    errors.append(ctypes.get_errno())\nprint(errors)"
    names, said = heard(warm, asked, "1 + 1")
    assert names == tuple(f"call {number}" for number in range(500, 505))
    assert said[0] == str([1] * 5 + [38] * 5)


def test_names_are_bounded(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "NAMES", 2)
    names, _ = heard(warm, "import ctypes\nfor number in range(500, 510):\n    ctypes.CDLL(None).syscall(number)")
    assert names == ("call 500", "call 501")


def test_a_process_that_hands_nothing_over_is_heard_of_never() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    silent = Refusals(ours, os.getpid(), 1_000)
    assert (silent.names, silent.crowded) == ((), False)


def test_the_refused_of_a_process_that_died_are_kept(warm: Warm) -> None:
    names, _ = heard(warm, "import os\ntry:\n    os.fork()\nexcept OSError:\n    os._exit(0)", "import os\nos.setsid()")
    assert names == ("fork", "setsid")


def test_threads_are_counted() -> None:
    assert threads(os.getpid()) >= 1
    assert threads(2**22 + 1) == 0
