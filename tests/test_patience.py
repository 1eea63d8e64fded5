"""A call ends when it is interrupted or takes too long, whatever it catches, and the process goes on."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from grader.student import check, public
from grader.student.patience import Patience, Stop, StoppedError, stopping

SHORT = Patience(processor=0.3, clock=60.0, silent=50.0)


def ended(call: Callable[[], object], patience: Patience = SHORT, told: Callable[[], None] = lambda: None) -> Stop:
    with pytest.raises(StoppedError) as stopped, stopping(patience, lambda file: file == __file__, told):
        call()
    assert "line " in stopped.value.line
    assert sys.exc_info() == (None, None, None), "nothing that comes later seems to come of this"
    return stopped.value.why


def loop() -> None:
    while True:
        pass


def stubborn() -> None:
    while True:
        try:
            loop()
        except BaseException:
            continue


def in_a_line() -> None:
    while True:
        with contextlib.suppress(BaseException):
            loop()


def swallowing() -> int:
    try:
        loop()
    except BaseException:
        return 1
    return 0


@pytest.mark.parametrize("call", [loop, stubborn, in_a_line, swallowing])
def test_what_computes_too_long_is_ended(call: Callable[[], object]) -> None:
    assert ended(call) is Stop.COMPUTED


def test_what_waits_too_long_is_ended() -> None:
    assert ended(lambda: time.sleep(600), Patience(processor=60.0, clock=0.3)) is Stop.WAITED


@pytest.mark.parametrize("call", [loop, stubborn, in_a_line, swallowing, lambda: time.sleep(600)])
def test_an_interrupt_ends_a_call(call: Callable[[], object]) -> None:
    """As the kernel is interrupted: from outside, once. The call has begun then: elsewhere it would end the tests."""

    def begun() -> None:
        soon()
        call()

    assert ended(begun, Patience(processor=600.0, clock=600.0)) is Stop.INTERRUPTED


def soon() -> None:
    main = threading.main_thread().ident or 0
    threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()


def test_a_call_that_goes_on_is_told_once_and_has_its_result() -> None:
    told: list[int] = []
    found = []
    with stopping(Patience(silent=0.1), lambda _: True, lambda: told.append(1)):
        while not told:
            time.sleep(0.01)
        time.sleep(0.2)
        found.append(2)
    assert (told, found) == ([1], [2])


def test_what_is_not_ended_leaves_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopping(SHORT, lambda _: True, lambda: None):
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_a_call_runs_as_it_is() -> None:
    found = []

    def run() -> None:
        with stopping(SHORT, lambda _: True, lambda: None):
            found.append(1)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [1]


def asked(code: str, name: str) -> None:
    exec(f"{code}\nfrom grader.student import check\nIn = [code]\ncheck(name)", {"code": code, "name": name})


def test_check_tells_an_endless_loop_apart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(public, "PATIENCE", Patience(processor=0.3, silent=0.1))
    asked("def polynomial(x):\n    while True:\n        x = x + 1", "polynomial")
    said = capsys.readouterr().out
    assert said.startswith(
        "… polynomial is still at work. Interrupting the kernel ends it.\n✗ polynomial gave no answer"
    )
    assert said.endswith("within 0.3 seconds. Does one of its loops never end?\n")
    asked("def polynomial(x):\n    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3", "polynomial")
    assert capsys.readouterr().out == "✓ polynomial: right at the public points.\n"


def test_an_interrupt_ends_check_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """However many points are still to be asked at."""
    check("polynomial")
    capsys.readouterr()
    asked(
        "from test_patience import soon\n\n\ndef polynomial(x):\n    soon()\n    while True:\n        pass",
        "polynomial",
    )
    assert capsys.readouterr().out == "? You have interrupted check.\n"


@pytest.mark.parametrize(
    ("line", "sentence"), [("input('x? ')", "nobody answers input()"), ("breakpoint()", "nobody is at breakpoint()")]
)
def test_nobody_is_asked(line: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked(f"def polynomial(x):\n    return {line}", "polynomial")
    assert sentence in capsys.readouterr().out


def test_no_traceback_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(public, "judge", fails)
    asked("def polynomial(x):\n    return x", "polynomial")
    assert capsys.readouterr().out.endswith("show your instructor this line: RuntimeError: odd\n")


def test_a_whole_lab_is_shown_with_its_points(capsys: pytest.CaptureFixture[str]) -> None:
    code = "def polynomial(x):\n    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3"
    exec(f"{code}\nfrom grader.student import check\nIn = [code]\ncheck()", {"code": code})
    first, *rows, last = capsys.readouterr().out.splitlines()
    assert first == "Computational graphs"
    assert sum(row.startswith("✓ polynomial ") and row.endswith(" 1 of 1") for row in rows) == 1
    assert last.endswith("░ 1 of 25 points at the public points")
