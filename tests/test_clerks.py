"""Judging beside the sessions: a process that dies costs one notebook, and none is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.runner.clerks import Clerks, InTurn, hire
from grader.runner.machine import MachineError, Watch
from grader.runner.nursery import ClerkError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is Linux's")


def work(task: object) -> object:
    """What the clerks of these tests do."""
    match task:
        case "who":
            return os.getpid()
        case "whose child":
            return os.getppid()
        case "files":
            links = (Path(f"/proc/self/fd/{number}") for number in range(3, 1024))
            return [str(link.readlink()) for link in links if link.is_symlink()]
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "wait":
            time.sleep(20)
        case "raise":
            raise KeyError("key")
        case "odd":
            return lambda: None
        case "loaded":
            return LOADED
    return task


LOADED: list[str] = []


def load() -> None:
    LOADED.append("loaded")


@pytest.fixture
def clerks() -> Iterator[Clerks[object]]:
    hired = hire(work, 2, load)
    yield hired
    hired.close()


def alive(pid: object) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_clerk_is_another_process_that_stays_and_begins_with_what_was_rehearsed(clerks: Clerks[object]) -> None:
    one, other = clerks.do("who"), clerks.do("who")
    assert one == other != os.getpid()
    assert clerks.do("loaded") == ["loaded"]
    assert LOADED == []


@pytest.mark.parametrize(("task", "how"), [("die", "SIGKILL"), ("exit", "exit code 3")])
def test_one_that_dies_costs_its_task_and_is_replaced(clerks: Clerks[object], task: str, how: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(clerks.do, number) for number in range(20)]
        with pytest.raises(ClerkError, match=f"^the process that judged it ended: {how}$"):
            clerks.do(task)
        assert [other.result() for other in others] == list(range(20))
    who = clerks.do("who")
    with pytest.raises(ClerkError):
        clerks.do(task)
    assert clerks.do("who") != who


def test_one_that_the_kernel_ends_for_want_of_memory_is_the_machines(
    clerks: Clerks[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watch, "blame_for_end", lambda _, how: f"the machine has too little memory ({how})")
    with pytest.raises(MachineError, match=r"too little memory \(SIGKILL\)"):
        clerks.do("die")


@pytest.mark.parametrize(("task", "said"), [("raise", r"KeyError\('key'\)"), ("odd", "pickle")])
def test_what_cannot_be_computed_or_sent_back_is_said_and_costs_no_process(
    clerks: Clerks[object], task: str, said: str
) -> None:
    who = clerks.do("who")
    with pytest.raises(ClerkError, match=said):
        clerks.do(task)
    assert clerks.do("who") == who


def test_what_cannot_be_sent_costs_no_process(clerks: Clerks[object]) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    who = clerks.do("who")
    for odd in (lambda: None, deep):
        with pytest.raises(Exception, match=r"pickle|recursion"):
            clerks.do(odd)
    assert clerks.do("who") == who


def test_a_clerk_holds_nothing_that_the_grader_has_open(tmp_path: Path) -> None:
    """A session ends when its last holder closes it, and so does the lock of an output folder."""
    with (tmp_path / "open").open("w"):
        hired = hire(work, 1)
        found = hired.do("files")
        hired.close()
    assert isinstance(found, list)
    assert {name.partition(":")[0] for name in found} == {"socket"}
    assert len(found) == 1


def test_the_end_ends_what_is_under_way(clerks: Clerks[object]) -> None:
    who, nursery = clerks.do("who"), clerks.do("whose child")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(clerks.do, "wait")
        time.sleep(0.1)
        clerks.close()
        with pytest.raises((ClerkError, MachineError)):
            waiting.result(10)
    assert not alive(who)
    assert not alive(nursery)
    with pytest.raises(MachineError, match="the nursery of the judging processes ended"):
        clerks.do("who")


def test_where_there_is_no_process_to_be_had_it_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fork", none)
        with pytest.raises(MachineError, match="no process could be started: Resource temporarily"):
            hire(work, 1)
    hired = hire(work, 1, lambda: setattr(os, "fork", none))
    try:
        with pytest.raises(MachineError, match="no process could be started: Resource temporarily"):
            hired.do(1)
    finally:
        hired.close()


def test_where_nothing_can_be_forked_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    hired = hire(work, 4)
    assert isinstance(hired, InTurn)
    assert hired.do("who") == os.getpid()
    hired.close()
