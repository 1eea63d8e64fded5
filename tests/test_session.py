"""A session goes on, whatever a notebook does to the process that it runs in."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from grader.judge.model import CellRun
from grader.protocol.caps import FrameCaps, OutputCaps
from grader.protocol.messages import (
    Array,
    Ask,
    CallMode,
    Died,
    Leaf,
    Missing,
    Raised,
    Read,
    Reply,
    Tensor,
    TimedOut,
    Unreadable,
    Value,
)
from grader.runner.limits import Limits, Room
from grader.runner.session import Session
from grader.runner.starting import Starter

Cell = Callable[[str], CellRun]
"""Runs one more cell of the notebook."""

LIMITS = Limits(cell=1.5, call=1.5, notebook=600.0, wall_factor=20.0, output=OutputCaps(10_000, 50_000, 20))
HUNG_UP = "exit code 70" if sys.platform == "linux" else "exit code 1"
"""How a forked process ends, and a spawned one, whose connection was closed under it."""

SETUP = """
import os, sys, time, signal
import torch

def double(x):
    print("printed", flush=True)
    return 2 * x

def ends(how):
    os.write(os.open("seen", os.O_CREAT | os.O_WRONLY), b"x")
    [lambda: os._exit(0), lambda: os.kill(os.getpid(), 9), lambda: os.kill(0, 9), lambda: sys.exit(4),
     lambda: os.close(ours()), lambda: os.close(ours()) or time.sleep(60), lambda: os.abort()][how]()

def ours():
    return next(int(n) for n in os.listdir("/proc/self/fd") if int(n) >= 100)

def endless(deaf):
    if deaf:
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
    while True: pass

def huge():
    return torch.zeros(100_000_000)

def garbage():
    os.write(ours(), b"\\x00garbage" * 1000)

def forged():
    text = b'{"body":{"id":1,"groups":[{"count":1,"observation":{"missing":"x"}}],"conducts":[]},"arrays":[]}'
    os.write(ours(), (len(text) + 4).to_bytes(4, "little") + len(text).to_bytes(4, "little") + text)
    return 1.0

def flood():
    os.write(ours(), b"\\xff\\xff\\xff\\x7f" + bytes(1000))
"""


@pytest.fixture(scope="module", autouse=True)
def roomy() -> Iterator[None]:
    """A machine whose kernel ends no process for want of memory: whatever runs beside may make it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.runner.machine._killed", lambda: 0)
        yield


@pytest.fixture(scope="module")
def session(starter: Starter) -> Iterator[Session]:
    with Session(LIMITS, starter) as session:
        session.run([SETUP])
        yield session


@pytest.fixture
def cell(session: Session) -> Cell:
    return lambda source: session.run([source])[0]


def array(reply: Reply) -> Array:
    """What came back at the one point of a question: a number or an array."""
    (seen,) = reply
    assert isinstance(seen, Value)
    (found,) = seen.results
    assert isinstance(found, Leaf)
    return found.array


def number(session: Session, name: str = "double", value: float = 2.0) -> float:
    """The answer of a function that is still there."""
    return float(array(session.ask(Ask(name, (Tensor(np.array([value])),), 1))))


def texts(run: CellRun) -> str:
    return "".join(str(output.get("text", "")) for output in run.outputs)


def test_a_failing_cell_leaves_the_rest(session: Session) -> None:
    runs = session.run(["1 / 0", "after = 1", "undefined_name", "", "after"])
    assert [run.outcome for run in runs] == ["error", "ok", "error", "ok", "ok"]
    assert runs[0].outputs[0]["ename"] == "ZeroDivisionError"
    assert runs[4].outputs[0]["data"] == {"text/plain": "1"}


@pytest.mark.parametrize("source", ["sys.exit(3)", "exit()", "raise SystemExit", "raise KeyboardInterrupt"])
def test_leaving_a_cell_leaves_the_process(session: Session, cell: Cell, source: str) -> None:
    cell("alive = 1")
    cell(source)
    assert cell("alive").outputs[0]["data"] == {"text/plain": "1"}


@pytest.mark.parametrize(
    ("source", "outcome", "said"),
    [
        ("while True: pass", "timeout", "stopped after 1.5 seconds"),
        ("os._exit(3)", "died", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "died", "SIGKILL"),
        ("garbage()", "died", "could not be read"),
        ("flood()", "died", "could not be read"),
        ("os.close(ours())", "died", HUNG_UP),
    ],
)
def test_a_cell_that_ends_the_process_is_reported_and_the_rest_runs(
    session: Session, cell: Cell, source: str, outcome: str, said: str
) -> None:
    cell("kept = [1]\nraise ValueError('after a definition')")
    run = cell(source)
    assert run.outcome == outcome
    assert said in str(run.outputs[0]["evalue"])
    assert cell("kept").outputs[0]["data"] == {"text/plain": "[1]"}


def test_cells_keep_their_numbers_after_a_restart(session: Session, cell: Cell) -> None:
    before = cell("'a'").outputs[0]["execution_count"]
    assert isinstance(before, int)
    cell("os._exit(0)")
    assert cell("'b'").outputs[0]["execution_count"] == before + 2


@pytest.mark.parametrize(
    ("how", "code"),
    [(0, "exit code 0"), (1, "SIGKILL"), (2, "SIGKILL"), (4, HUNG_UP), (6, "SIGABRT")],
)
def test_a_process_that_dies_during_a_question_is_replaced(session: Session, how: int, code: str) -> None:
    assert session.ask(Ask("ends", (how,), 2)) == (Died(code),) * 2
    assert number(session) == 4


def test_leaving_a_call_is_an_exception(session: Session) -> None:
    (seen,) = session.ask(Ask("ends", (3,), 1))
    assert isinstance(seen, Raised)
    assert (seen.type_name, seen.text) == ("SystemExit", "4")
    assert number(session) == 4


def test_a_process_that_hangs_up_and_lives_is_killed(session: Session) -> None:
    assert session.ask(Ask("ends", (5,), 1)) == (Died("closed its connection"),)
    assert number(session) == 4


@pytest.mark.parametrize("deaf", [0, 1])
def test_a_call_that_never_ends_is_stopped(session: Session, deaf: int) -> None:
    assert session.ask(Ask("endless", (deaf,), 3)) == (TimedOut(1.5),) * 3
    assert number(session) == 4


@pytest.mark.parametrize("name", ["garbage", "flood"])
def test_noise_is_unreadable(session: Session, name: str) -> None:
    (seen,) = session.ask(Ask(name, (), 1))
    assert isinstance(seen, Unreadable)
    assert number(session) == 4


def test_a_forged_answer_is_not_the_answer_to_this_question(session: Session) -> None:
    (seen,) = session.ask(Ask("forged", (), 1))
    assert seen == Unreadable("the answer is to another question")
    assert number(session) == 4


def test_a_huge_result_is_too_large(session: Session) -> None:
    assert session.ask(Ask("huge", (), 1)) == (Unreadable("result too large"),)
    assert number(session) == 4


def test_nothing_is_left_behind() -> None:
    with Session(LIMITS) as other:
        runs = other.run(
            [
                "import os, subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)",
                "os.makedirs('/'.join(['d'] * 900))\nprint(os.getcwd())",
            ]
        )
        command, folder = Path(f"/proc/{texts(runs[0]).strip()}/cmdline"), Path(texts(runs[1]).strip())
        assert command.read_bytes() == b"sleep\x00300\x00"
        assert folder.exists()
    assert not folder.parent.exists()
    deadline = time.monotonic() + 600
    while command.exists() and command.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not command.exists() or not command.read_bytes()


def test_endless_printing_is_cut(cell: Cell) -> None:
    run = cell("for i in range(20_000): print('line', i)")
    assert len(texts(run)) < 11_000
    assert texts(run).endswith("there was too much of it.)\n")
    assert run.outcome == "ok"


def test_endless_displays_are_cut_and_the_error_is_kept(cell: Cell) -> None:
    run = cell("for i in range(100): display(i)\n1 / 0")
    assert len(run.outputs) == 22
    assert run.outputs[-1]["ename"] == "ZeroDivisionError"


def test_printing_without_end_is_stopped_in_time(cell: Cell) -> None:
    assert cell("while True: print('x' * 1000)").outcome == "timeout"


def test_the_whole_notebooks_output_is_capped(starter: Starter) -> None:
    with Session(LIMITS, starter) as other:
        runs = other.run(["print('x' * 9_000)"] * 8)
    assert sum(len(texts(run)) for run in runs) < 50_000 + 8 * 100
    assert len(texts(runs[0])) == 9_001


def test_the_process_has_a_folder_and_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_SECRET", "hidden")
    with Session(LIMITS) as other:
        runs = other.run(
            [
                "import os, sys",
                "print(open('/proc/self/environ').read(), sorted(os.environ.items()))",
                "print(os.listdir('.'), sys.argv, repr(sys.stdin.read()))",
                "print(sys.path)",
                "print(os.path.dirname(os.environ['HOME']) == os.path.dirname(os.getcwd()))",
            ]
        )
    assert "SECRET" not in texts(runs[1])
    assert texts(runs[2]) == "[] [''] ''\n"
    assert repr(str(Path(__file__).parents[1])) not in texts(runs[3])
    assert texts(runs[4]) == "True\n"


@pytest.mark.parametrize(
    "source",
    [
        "import grader.oracle",
        "import grader.protocol.frames",
        "from grader.judge import model",
        "import solutions.lab1_tensors",
        "from grader import runner",
        "import grader.student.check",
        "import importlib; importlib.import_module('grader.labs')",
    ],
)
def test_the_grader_cannot_be_imported(cell: Cell, source: str) -> None:
    (error,) = cell(source).outputs
    assert error["ename"] in ("ModuleNotFoundError", "ImportError")


@pytest.mark.parametrize(
    "source",
    [
        "from grader.student import check\ncheck(double)",
        "import grader.student\ngrader.student.check(1, a=2)",
        "from grader.student import check, draw\ndraw()",
        "from grader.student import *\ncheck()",
        "from grader import student\nstudent.check()",
    ],
)
def test_check_says_nothing(cell: Cell, source: str) -> None:
    run = cell(source)
    assert (run.outcome, run.outputs) == ("ok", ())


def test_questions_leave_no_output_behind(session: Session, cell: Cell) -> None:
    assert number(session) == 4
    assert cell("print('clean')").outputs == ({"output_type": "stream", "name": "stdout", "text": "clean\n"},)


def test_a_display_is_updated_by_a_later_cell(starter: Starter) -> None:
    with Session(LIMITS, starter) as other:
        first, _ = other.run(
            [
                "display('old', display_id='it')",
                "update_display = display('new', display_id='it', update=True)",
            ]
        )
    assert first.outputs[0]["data"] == {"text/plain": "'new'"}


def test_questions_of_every_manner_go_through(session: Session, cell: Cell) -> None:
    cell("def cube(x): return {'y': x ** 3}\nedges = [('a', 'x')]")
    points = Tensor(np.array([1.0, 2.0]))
    first, second = session.ask(Ask("cube", (points,), 2, CallMode.GRADIENT, pulls={"y": np.ones(2)}))
    assert isinstance(first, Value)
    assert isinstance(second, Value)
    assert isinstance(second.gradients["0"], Leaf)
    assert second.gradients["0"].array == 12
    assert isinstance(session.ask(Read("edges"))[0], Value)
    assert session.ask(Ask("nothing", (), 2)) == (Missing("undefined"),) * 2
    cell("def wrong(x):\n    y = x\n    return y.view(7)")
    (seen,) = session.ask(Ask("wrong", (Tensor(np.ones((1, 2))),), 1))
    assert isinstance(seen, Raised)
    assert seen.line == "line 3: return y.view(7)"


BUSY = """
import threading, time
def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""


def test_time_for_the_notebook_as_a_whole(starter: Starter) -> None:
    """Each cell takes a third of it, so that it ends in the fourth at the latest."""
    with Session(Limits(cell=60.0, call=60.0, notebook=1.0), starter) as other:
        first, *runs, last = other.run([BUSY, *["busy(0.3)"] * 5, ""])
        outcomes = [run.outcome for run in runs]
        ended = outcomes.index("timeout")
        assert (first.outcome, last.outcome) == ("ok", "ok")
        assert 1 <= ended <= 3
        assert outcomes == ["ok"] * ended + ["timeout"] + ["skipped"] * (4 - ended)
        assert "took longer than 1 seconds" in str(runs[-1].outputs[0]["evalue"])
        assert other._process is None
        assert other.ask(Ask("f", (), 2)) == (TimedOut(1.0),) * 2
        assert other._process is None


def test_what_only_waits_ends_at_the_wall_clock(starter: Starter) -> None:
    with Session(Limits(cell=1.0, call=0.1, wall_factor=2.0), starter) as other:
        slept, _ = other.run(["import time\ntime.sleep(10**6)", "import threading\nwaits = threading.Event().wait"])
        assert (slept.outcome, slept.outputs[0]["evalue"]) == (
            "timeout",
            "This cell was stopped after 2 seconds of waiting.",
        )
        assert other.ask(Ask("waits", (), 2)) == (TimedOut(0.2, waiting=True),) * 2


def test_a_notebook_that_only_waits_ends_at_the_wall_clock(starter: Starter) -> None:
    with Session(Limits(notebook=1.0, wall_factor=2.0), starter) as other:
        slept, after = other.run(["import time\ntime.sleep(10**6)", "x = 1"])
        assert (slept.outcome, after.outcome) == ("timeout", "skipped")
        assert "stopped after 2 seconds of waiting" in str(slept.outputs[0]["evalue"])
        assert "waited for 2 seconds" in str(after.outputs[0]["evalue"])
        assert other.ask(Ask("waits", (), 1)) == (TimedOut(2.0, waiting=True),)


def test_threads_are_counted_together(session: Session, cell: Cell) -> None:
    run = cell(
        "import threading\ndef spin():\n    while True: pass\n"
        "threads = [threading.Thread(target=spin, daemon=True) for _ in range(4)]\n"
        "[t.start() for t in threads]\ntime.sleep(10**6)"
    )
    assert (run.outcome, run.outputs[0]["evalue"]) == ("timeout", "This cell was stopped after 1.5 seconds.")


UNATTENDED = {
    "input('name? ')": "nobody answers input() while a notebook is graded: put the value into a variable",
    "import getpass; getpass.getpass()": (
        "nobody answers getpass() while a notebook is graded: put the value into a variable"
    ),
    "breakpoint()": "nobody is at breakpoint() while a notebook is graded: take it out",
    "import pdb; pdb.set_trace()": "nobody is at breakpoint() while a notebook is graded: take it out",
    "try: input()\nexcept Exception as error: raise ValueError('no name') from error": "no name",
}


@pytest.mark.parametrize("source", UNATTENDED)
def test_where_somebody_is_waited_for_it_is_said_at_once_and_no_file_of_ours_is_named(cell: Cell, source: str) -> None:
    (output,) = cell(source).outputs
    assert output["evalue"] == UNATTENDED[source]
    assert isinstance(output["traceback"], list)
    trace = "".join(output["traceback"])
    assert "nobody " in trace
    assert "Cell" in trace
    assert "File" not in trace


@pytest.mark.parametrize(("asks", "said"), [("input()", "answers input()"), ("breakpoint()", "is at breakpoint()")])
def test_a_question_whose_answer_waits_for_somebody_is_told_which_line_does(
    session: Session, asks: str, said: str
) -> None:
    session.run([f"def waits_for_somebody():\n    x = {asks}\n    return x"])
    (seen,) = session.ask(Ask("waits_for_somebody", (), 1))
    assert isinstance(seen, Raised)
    assert seen.text.startswith(f"nobody {said} while a notebook is graded: ")
    assert seen.line == f"line 2: x = {asks}"


@contextmanager
def crowd(processor: int) -> Iterator[None]:
    """Five busy loops on one processor, and nothing else of ours."""
    code = f"import os\nos.sched_setaffinity(0, {{{processor}}})\nprint(flush=True)\nwhile True: pass"
    command = [sys.executable, "-I", "-S", "-c", code]
    # Each in a session of its own: a kernel may share a processor out by session.
    loops = [subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) for _ in range(5)]
    try:
        for loop in loops:
            assert loop.stdout is not None
            loop.stdout.readline()
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that tells who had no processor")
def test_a_process_that_is_kept_from_computing_does_not_wait(starter: Starter) -> None:
    """With a sixth of a processor, 0.6 seconds of work take over three; the wall clock allows two."""
    processor = min(os.sched_getaffinity(0))
    with Session(Limits(cell=2.0, call=2.0, wall_factor=1.0), starter) as other:
        other.run([BUSY, f"import os\nos.sched_setaffinity(0, {{{processor}}})"])
        with crowd(processor):
            (run,) = other.run(["busy(0.6)"])
        assert run.outcome == "ok", run
        assert run.seconds > 2


def test_cells_that_only_end_a_second_run_are_left_out(starter: Starter, tmp_path: Path) -> None:
    ran = str(tmp_path / "ran")
    once = f"import os\nif os.path.exists({ran!r}): os._exit(1)\nopen({ran!r}, 'w').close()\ny = 2"
    with Session(LIMITS, starter) as other:
        other.run(["x = 1", once, "import os\nos._exit(1)"])
        assert array(other.ask(Read("x"))) == 1
        assert other.ask(Read("y")) == (Missing("undefined"),)


def test_a_scratch_folder_past_its_room_ends_the_cell(starter: Starter) -> None:
    small = Limits(cell=20.0, room=Room(size=1 << 20, entries=100))
    with Session(small, starter) as other:
        runs = other.run(
            [
                "kept = 1",
                "for i in range(40):\n    open(f'{i}', 'wb').write(bytes(100_000))\nimport time\ntime.sleep(10**6)",
                "import os\nfor i in range(400):\n    os.mkdir(str(i))\nimport time\ntime.sleep(10**6)",
                "kept",
            ]
        )
    assert [run.outcome for run in runs] == ["ok", "died", "died", "ok"]
    assert "it filled its folder" in str(runs[1].outputs[0]["evalue"])


def test_a_scratch_folder_that_is_filled_in_short_cells_is_seen_between_them(starter: Starter) -> None:
    small = Limits(room=Room(size=1 << 20, entries=100))
    cells = [f"import time\nopen('{n}', 'wb').write(bytes(100_000))\ntime.sleep(0.05)" for n in range(16)]
    with Session(small, starter) as other:
        runs = other.run(cells)
    said = [str(run.outputs[-1]["evalue"]) for run in runs if run.outcome == "died"]
    assert said
    assert all("filled its folder" in text for text in said)


def test_all_that_a_notebook_sends_has_to_fit(starter: Starter) -> None:
    small = Limits(cell=20.0, reply=FrameCaps(total=1 << 20))
    cells = ["import torch\ndef large(): return torch.zeros(100_000, dtype=torch.float64)\ndef right(): return 1.0"]
    with Session(small, starter) as other:
        other.run(cells)
        seen = [other.ask(Ask("large", (), 1))[0] for _ in range(3)]
        (left,) = other.ask(Ask("right", (), 1))
    assert [type(each) for each in seen] == [Value] * 2 + [Unreadable]
    assert seen[-1] == left == Unreadable("the notebook sends too much in all")
