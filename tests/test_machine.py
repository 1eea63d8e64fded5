"""What the machine cannot do is nobody's zero: who needs it is graded again, and everybody else keeps their marks."""

import csv
import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from grader.authoring.notebooks import solution_notebook
from grader.judge.model import Cause, Conditions
from grader.kernel.confine import drop_capabilities
from grader.kernel.shortage import shortage
from grader.labs.lab2_graphs import LAB
from grader.protocol.messages import Ask, Raised, Read, Unavailable, Value
from grader.runner.assigning import assign
from grader.runner.clerks import InTurn
from grader.runner.grading import prepare_all
from grader.runner.limits import LIMITS, Limits
from grader.runner.machine import MachineError, Watch, cramped
from grader.runner.marking import Marking
from grader.runner.process import Process
from grader.runner.scratch import nameless
from grader.runner.session import Session
from grader.runner.starting import Warm
from grader.runner.submissions import find_submissions
from grader.runner.workers import Workers, grade

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking and confining are Linux's")

ROOT = Path(__file__).parents[1]
SOLUTION = (ROOT / "solutions" / "lab2_graphs.py").read_text("utf-8")
FULL = LAB.points
Results = dict[str, dict[str, Any]]


def hand_in(folder: Path, **students: str) -> Path:
    """A class in which everybody has the solution of lab 2, and one more cell."""
    for student, code in students.items():
        notebook = solution_notebook(SOLUTION)
        notebook.cells.append(nbformat.v4.new_code_cell(code))
        (folder / student).mkdir(parents=True)
        nbformat.write(notebook, folder / student / "lab2.ipynb")
    return folder


def graded(class_: Path, out: Path, before: str = "", **variables: str) -> tuple[int, str, Results]:
    """Exit code, what was said, and the results by student, of the real command line after a line of the shell's."""
    command = [sys.executable, "-m", "grader", "grade", str(class_), "--out", str(out), "--jobs", "1"]
    done = subprocess.run(
        ["sh", "-c", f'{before}\nexec "$@"', "sh", *command],
        cwd=ROOT,
        check=False,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    found = json.loads((out / "report.json").read_text("utf-8"))["results"] if (out / "report.json").exists() else []
    return done.returncode, " ".join((done.stdout + done.stderr).split()), {r["student"]: r for r in found}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes small disks, and other sizes of them."""
    place = tmp_path / "disk"

    def sized(size: str) -> Path:
        known = place.exists()
        place.mkdir(exist_ok=True)
        options = f"size={size}" + (",remount" if known else "")
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False
        ).returncode:
            pytest.skip("no file system can be mounted here")
        return place

    yield sized
    subprocess.run(["umount", "-l", place], capture_output=True, check=False)


@pytest.fixture
def group() -> Iterator[Callable[[str, str], Path]]:
    """Makes control groups of a kind, with a limit."""
    made: list[Path] = []

    def limited(kind: str, limit: str) -> Path:
        folder = Path("/sys/fs/cgroup", kind, f"grader-test-{os.getpid()}")
        name, _, number = limit.partition("=")
        try:
            folder.mkdir()
            made.append(folder)
            (folder / name).write_text(number)
        except OSError as error:
            pytest.skip(f"no control group can be made here ({error})")
        return folder

    yield limited
    for folder in made:
        folder.rmdir()


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    parent = Warm()
    yield parent
    parent.close()


def gradebook(out: Path) -> dict[str, Sequence[str]]:
    rows = csv.DictReader((out / "gradebook.csv").read_text("utf-8").splitlines())
    return {row["student"]: (row[LAB.name], row["total"]) for row in rows}


IN_A_CELL = "open('table', 'wb').write(bytes(4 << 20))"
IN_A_CALL = """
right = polynomial
def polynomial(x):
    with open('table', 'wb', buffering=0) as file:
        file.write(bytes(4 << 20))
        file.write(bytes(4 << 20))
    return right(x)
"""


def test_a_full_disk_is_nobodys_zero_and_the_next_run_grades_the_rest(
    tmp_path: Path, disk: Callable[[str], Path]
) -> None:
    class_ = hand_in(tmp_path / "class", ada="", bob=IN_A_CELL, eve=IN_A_CALL)
    out = tmp_path / "out"
    code, said, results = graded(class_, out, TMPDIR=str(disk("2m")))
    assert code == 3, said
    assert "The machine could not do all that was needed, at 2 of the notebooks." in said
    assert f"The disk of {tmp_path / 'disk'} has 2 MiB left, less than the 256 MiB" in said
    assert (results["ada"]["status"], results["ada"]["score"]) == ("graded", FULL)
    assert results["bob"]["status"] == "unreadable"
    assert f"the disk of {tmp_path / 'disk'} is full" in str(results["bob"]["problem"])
    assert (results["bob"]["cause"], results["bob"]["questions"]) == ("machine", [])
    (lost,) = [q for q in results["eve"]["questions"] if q["status"] != "pass"]
    assert (lost["name"], lost["status"], lost["note"]) == ("polynomial", "ungraded", "machine")
    assert gradebook(out)["bob"] == ("", "")
    assert "is full" in (out / "feedback" / "bob" / "lab2_graphs.html").read_text("utf-8")

    code, said, results = graded(class_, out, TMPDIR=str(disk("64m")))
    assert code == 0, said
    assert "1 notebooks have not changed" in said
    assert {student: result["score"] for student, result in results.items()} == dict.fromkeys(
        ("ada", "bob", "eve"), FULL
    )


@pytest.mark.parametrize(
    ("free", "count", "said"),
    [
        (512, 2, ""),
        (511, 1, ""),
        (511, 2, "has 511 MiB left, less than the 512 MiB that 2 notebooks at a time may fill (scratch_mib is 256)"),
        (0, 1, "has 0 MiB left, less than the 256 MiB that 1 notebook at a time may fill (scratch_mib is 256)"),
    ],
)
def test_a_disk_that_has_less_than_notebooks_may_fill_is_said_before_they_do(
    monkeypatch: pytest.MonkeyPatch, free: int, count: int, said: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free << 20))
    sentence = cramped(LIMITS, count)
    assert said in sentence
    assert bool(said) == bool(sentence)
    assert not sentence or (tempfile.gettempdir() in sentence and "TMPDIR" in sentence and "--limits" in sentence)


def test_a_folder_whose_disk_tells_nothing_is_not_warned_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert cramped(LIMITS, 1) == ""


def test_an_output_folder_on_a_full_disk_is_said_and_holds_whole_files(
    tmp_path: Path, disk: Callable[[str], Path]
) -> None:
    class_ = hand_in(tmp_path / "class", **{f"s{number:02}": f"# {number}" for number in range(6)})
    out = disk("300k") / "out"
    code, said, results = graded(class_, out)
    assert code == 3, said
    assert f"the output folder {out} cannot be written (No space left on device)" in said
    assert "Traceback" not in said
    assert len(results) < 6
    assert all(result["score"] == FULL for result in results.values())
    assert not list(out.rglob("*.part"))
    assert all(page.read_text("utf-8").rstrip().endswith("</html>") for page in out.rglob("*.html"))

    disk("64m")
    code, said, results = graded(class_, out)
    assert code == 0, said
    assert [result["score"] for result in results.values()] == [FULL] * 6


THREADS = """
import threading
forever = threading.Event()
for _ in range(1000):
    threading.Thread(target=forever.wait, daemon=True).start()
"""


def test_few_processes_cost_only_who_takes_them_all(tmp_path: Path, group: Callable[[str, str], Path]) -> None:
    class_ = hand_in(tmp_path / "class", ada="", bob=THREADS, eve="# another")
    few = group("pids", "pids.max=40")
    code, said, results = graded(class_, tmp_path / "out", f"echo $$ > {few}/cgroup.procs")
    assert code == 3, said
    assert "can start no more processes" in str(results["bob"]["problem"])
    assert [results[student]["score"] for student in ("ada", "eve")] == [FULL] * 2


FILES = "files = [open('/dev/null') for _ in range(200)]"
MEMORY = "x = bytearray(1 << 30)"


def test_less_than_was_promised_costs_nobody_anything(tmp_path: Path, warm: Warm) -> None:
    warm.start().stop()
    loaded = next(int(row.split()[1]) for row in status(warm) if row.startswith("VmSize"))
    class_ = hand_in(tmp_path / "class", ada="", bob=FILES, eve=MEMORY)
    code, said, results = graded(class_, tmp_path / "out", f"ulimit -n 128; ulimit -v {loaded + (1 << 19)}")
    assert code == 3, said
    assert "may open too few files (ulimit -n is 128)" in str(results["bob"]["problem"])
    assert "may take too little memory (ulimit -v)" in str(results["eve"]["problem"])
    assert (results["ada"]["status"], results["ada"]["score"]) == ("graded", FULL)


def test_a_machine_on_which_nothing_starts_is_one_sentence_and_our_fault(tmp_path: Path) -> None:
    class_ = hand_in(tmp_path / "class", ada="")
    code, said, results = graded(class_, tmp_path / "out", "ulimit -n 64")
    assert (code, results) == (3, {})
    assert said.startswith("The machine cannot do what grading needs: a notebook's process did not start on cpu")
    assert "more files must be allowed to be open (ulimit -n)" in said
    assert "Traceback" not in said


def test_a_process_is_waited_for_without_a_descriptor(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pidfd_open", none)
    with Session(starter=warm) as session:
        (run,) = session.run(["import os\nos._exit(5)"])
    assert "exit code 5" in str(run.outputs[0]["evalue"])


def pid_of(warm: Warm) -> int:
    assert warm._popen is not None
    return warm._popen.pid


def process_of(session: Session) -> Process:
    assert session._process is not None
    return session._process


def status(warm: Warm) -> list[str]:
    return Path(f"/proc/{pid_of(warm)}/status").read_text().splitlines()


def test_a_process_that_the_kernel_ends_for_want_of_memory_is_the_machines(
    warm: Warm, group: Callable[[str, str], Path]
) -> None:
    little = group("memory", f"memory.limit_in_bytes={200 << 20}")
    with Session(starter=warm) as session:
        session.run(["x = 1"])
        (little / "cgroup.procs").write_text(str(process_of(session)._child.pid))
        with pytest.raises(MachineError, match="too little memory, and its kernel ended a process"):
            session.run(["y = bytes(bytearray(b'x' * (600 << 20)))"])


def test_a_parent_that_cannot_fork_says_so_and_lives_on(warm: Warm, group: Callable[[str, str], Path]) -> None:
    warm.start().stop()
    few = group("pids", "pids.max=1")
    (few / "cgroup.procs").write_text(str(pid_of(warm)))
    folders = set(Path(tempfile.gettempdir()).glob("notebook-*"))
    for _ in range(2):
        with pytest.raises(MachineError, match="Resource temporarily unavailable"):
            warm.start()
    assert set(Path(tempfile.gettempdir()).glob("notebook-*")) <= folders
    (few / "pids.max").write_text("max")
    with Session(starter=warm) as session:
        assert [run.outcome for run in session.run(["x = 1"])] == ["ok"]
    Path("/sys/fs/cgroup/pids/cgroup.procs").write_text(str(pid_of(warm)))


def test_a_parent_that_dies_is_the_machines_fault_and_not_the_notebooks() -> None:
    parent = Warm()
    with Session(starter=parent) as session:
        session.run(["import time"])
        folder = process_of(session)._scratch
        os.kill(pid_of(parent), signal.SIGKILL)
        with pytest.raises(MachineError, match="the warm parent ended"):
            session.run(["time.sleep(600)"])
    parent.close()
    assert not folder.exists()


def test_where_nothing_starts_every_notebook_says_so_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class_ = hand_in(tmp_path / "class", ada="", bob="# another", eve="# a third")
    read, _ = assign(find_submissions([class_]).notebooks, [LAB], [LAB.name])
    marking = Marking(read, prepare_all(read, Conditions("seed")), lambda graded: graded)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    results = [graded.result for graded in grade(marking, Workers(Warm, 2), InTurn(marking))]
    assert [result.cause for result in results] == [Cause.MACHINE] * 3
    assert all(f"no folder could be made in {tmp_path / 'gone'}: No such file" in r.problem for r in results)


@pytest.mark.parametrize(
    "code",
    [
        "raise OSError(28, 'No space left on device')",
        "raise OSError(24, 'Too many open files')",
        "raise OSError(11, 'Resource temporarily unavailable')",
        'raise RuntimeError("can\'t start new thread")',
        "raise ValueError from OSError(28, 'No space left on device')",
    ],
)
def test_what_an_exception_says_is_not_believed_where_the_machine_has_enough(warm: Warm, code: str) -> None:
    with Session(Limits(room=LIMITS.room), warm) as session:
        first, _ = session.run([code, f"def f():\n    {code}"])
        assert first.outcome == "error"
        (seen,) = session.ask(Ask("f", (), 1))
    assert isinstance(seen, Raised)
    assert seen.errno in (errno.ENOSPC, errno.EMFILE, errno.EAGAIN)


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (OSError(errno.ENOSPC, "full"), errno.ENOSPC),
        (MemoryError(), errno.ENOMEM),
        (RuntimeError("can't start new thread"), errno.EAGAIN),
        (OSError("512 requested and 0 written"), 0),
        (FileNotFoundError(errno.ENOENT, "none"), 0),
        (OSError("28", "full"), 0),
    ],
)
def test_what_ran_out_is_read_off_an_exception_and_what_led_to_it(error: BaseException, number: int) -> None:
    assert shortage(error) == number
    outer = ValueError("outer")
    outer.__cause__ = error
    assert shortage(outer) == number


def test_an_exception_is_not_asked() -> None:
    class LyingError(Exception):
        def asked(self) -> None:
            raise AssertionError("asked")

        __class__ = errno = args = __cause__ = property(asked)

    assert shortage(LyingError()) == 0


def test_an_exception_that_leads_to_itself_is_left() -> None:
    one, other = ValueError(), ValueError()
    one.__context__, other.__context__ = other, one
    assert shortage(one) == 0


def test_a_connection_that_cannot_be_had_is_one_sentence_and_leaves_nothing(
    warm: Warm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    warm.start().stop()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socketpair", none)
        with pytest.raises(MachineError, match="no process could be started: Too many open files"):
            warm.start()
        late = Warm()
    assert list(tmp_path.iterdir()) == []
    with Session(starter=late) as session:
        session.run(["x = 1.0"])
        (seen,) = session.ask(Read("x"))
    late.close()
    assert isinstance(seen, Value)


def test_a_disk_that_is_full_is_seen_whatever_an_exception_says(
    monkeypatch: pytest.MonkeyPatch, disk: Callable[[str], Path]
) -> None:
    place = disk("1m")
    (place / "x").write_bytes(bytes(900 << 10))
    watch = Watch(LIMITS)
    assert watch.blame(0) == ""
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    assert watch.blame(0).startswith(f"the disk of {place} is full")
    assert Unavailable(watch.blame_for_end("SIGBUS")).reason.startswith(f"the disk of {place} is full")


HELD = """
import ctypes, os
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
for name in ("one", "two"):
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT)
    os.write(descriptor, bytes(3 << 20))
    libc.mmap(None, 4096, 3, 1, descriptor, 0)
    os.close(descriptor)
    os.unlink(name)
import tempfile, numpy
kept = tempfile.TemporaryFile(dir=".")
kept.truncate(2 << 20)
seen = numpy.memmap(kept)
"""


def test_files_without_a_name_are_counted_whether_they_are_open_or_only_mapped(warm: Warm) -> None:
    """A grader that may not see the size of what is only mapped takes it to be as large as a file can be."""
    with Session(starter=warm) as session:
        (run,) = session.run([HELD])
        assert run.outcome == "ok", run.outputs
        process = process_of(session)
        pid, folder = process._child.pid, process._scratch
        if os.getuid() == 0:
            assert nameless(folder, pid, 64 << 20) == (3 + 3 + 2) << 20
        unseen = os.fork()
        if not unseen:
            drop_capabilities(ctypes.CDLL(None))
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
            os._exit(nameless(folder, pid, 64 << 20) >> 20)
        assert os.waitstatus_to_exitcode(os.waitpid(unseen, 0)[1]) == 64 + 64 + 2
