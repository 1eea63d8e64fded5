"""Every limit can be set in a file, is in force when it is, and is refused in a sentence where it makes no sense."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from commands import grader
from test_command_line import notebook

from grader.desk.resuming import fingerprint
from grader.judge.model import CellRun, Conditions
from grader.kernel.profile import Bounds
from grader.labs import all_labs
from grader.protocol.caps import FrameCaps, OutputCaps
from grader.protocol.messages import Ask
from grader.runner.grading import Assignment
from grader.runner.limits import LIMITS, SETTINGS, Limits, LimitsError, Room, read_limits
from grader.runner.process import StartError
from grader.runner.session import Session
from grader.runner.starting import Confinement, Warm
from grader.runner.submissions import Submission

DROPPED = "(The rest of this cell's output was dropped: there was too much of it.)"
FILLED = "it filled its folder"
BUSY = "import time\nwhile time.process_time() < {seconds}: pass"
IDLE = "import time; time.sleep({seconds})"
FREE, ENDLESS = 1, 600
"""Seconds: past the limits that are set and far inside those that hold otherwise, and what is ended by any limit."""
RANGE = "above 0 and up to 1000000000"

linux = pytest.mark.skipif(sys.platform != "linux", reason="forking and confining are Linux's")


def written(folder: Path, text: str) -> Path:
    path = folder / "limits.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_file_sets_what_it_names_in_its_units(tmp_path: Path) -> None:
    text = "\n".join(f"{name} = {number}" for number, name in enumerate(SETTINGS, 2))
    assert read_limits(written(tmp_path, f"[limits]\n{text}")) == Limits(
        cell=2,
        call=3,
        notebook=4,
        wall_factor=5,
        start=6,
        bounds=Bounds(cpu_seconds=7, memory=8 << 20, open_files=9, threads=10, file_bytes=11 << 20),
        room=Room(size=12 << 20, entries=13),
        output=OutputCaps(cell_characters=14, characters=15, cell_outputs=16),
        reply=FrameCaps(total=17 << 20),
    )


@pytest.mark.parametrize("text", ["", "# nothing", "[limits]"])
def test_what_a_file_leaves_out_stays_as_it_was(tmp_path: Path, text: str) -> None:
    assert read_limits(written(tmp_path, text)) == LIMITS
    assert read_limits(written(tmp_path, "[limits]\ncell_seconds = 0.5")) == replace(LIMITS, cell=0.5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[limits]\nmemroy_mib = 5", "there is no limit called memroy_mib. There are: cell_seconds, call_seconds,"),
        ("[limits]\nmemory_mib = '1 GB'", f"memory_mib must be a whole number {RANGE}, not '1 GB'."),
        ("[limits]\nmemory_mib = 0.5", f"memory_mib must be a whole number {RANGE}, not 0.5."),
        ("[limits]\nmemory_mib = true", f"memory_mib must be a whole number {RANGE}, not True."),
        ("[limits]\nscratch_entries = 0", f"scratch_entries must be a whole number {RANGE}, not 0."),
        ("[limits]\ncell_seconds = -1", f"cell_seconds must be a number {RANGE}, not -1."),
        ("[limits]\ncell_seconds = nan", f"cell_seconds must be a number {RANGE}, not nan."),
        ("[limits]\ncall_seconds = inf", f"call_seconds must be a number {RANGE}, not inf."),
        ("[limits]\nopen_files = 1000000001", f"open_files must be a whole number {RANGE}, not 1000000001."),
        ("cell_seconds = 5", "cell_seconds is not expected there; everything belongs in one table, [limits]."),
        ("[limit]\ncell_seconds = 5", "limit is not expected there; everything belongs in one table, [limits]."),
        ("limits = 5", "limits is not expected there; everything belongs in one table, [limits]."),
        ("[limits]\ncell_seconds 5", "is no TOML: Expected '=' after a key"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_with_the_file_and_the_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(LimitsError) as refused:
        read_limits(path)
    assert str(refused.value).startswith(str(path))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_wrong_limits_are_exit_2(tmp_path: Path) -> None:
    path = written(tmp_path, "[limits]\ncell_second = 5")
    for limits, sentence in (
        (path, f"{path}: there is no limit called cell_second."),
        (tmp_path / "none.toml", f"{tmp_path / 'none.toml'} cannot be read: No such file or directory."),
    ):
        done = grader("grade", tmp_path, "--out", tmp_path / "out", "--limits", limits)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(sentence)
        assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A parent whose children may take a little of the machine."""
    text = "[limits]\nmemory_mib = 1024\ncpu_seconds = 1\nopen_files = 32\nfile_mib = 1"
    limits = read_limits(written(tmp_path_factory.mktemp("small"), text))
    parent = Warm(confinement=Confinement(bounds=limits.bounds))
    yield parent
    parent.close()


def ran(starter: Warm, limits: Limits, *cells: str) -> tuple[CellRun, ...]:
    with Session(limits, starter) as session:
        return session.run(cells)


def said(run: CellRun) -> str:
    return " ".join(str(output.get("evalue", output.get("text", ""))) for output in run.outputs)


@linux
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = bytearray(1200 << 20)", "MemoryError"),
        ("files = [open('/dev/null') for _ in range(64)]", "OSError"),
        ("open('large', 'wb').write(bytes(2 << 20))", "OSError"),
        ("import time\nwhile time.process_time() < 1.5: pass", "Died"),
    ],
)
def test_what_a_process_may_take_is_what_was_set(warm: Warm, small: Warm, code: str, error: str) -> None:
    assert [run.outcome for run in ran(warm, LIMITS, code)] == ["ok"]
    (run,) = ran(small, LIMITS, code)
    assert run.outputs[-1]["ename"] == error


@linux
@pytest.mark.parametrize(
    ("setting", "code", "sentence"),
    [
        ("cell_seconds = 0.3", BUSY, "This cell was stopped after 0.3 seconds."),
        ("notebook_seconds = 0.3", BUSY, "This cell was stopped after 0.3 seconds."),
        ("cell_seconds = 0.1", IDLE, "This cell was stopped after 0.6 seconds of waiting."),
        ("wall_factor = 0.01", IDLE, "This cell was stopped after 0.6 seconds of waiting."),
        ("notebook_seconds = 0.1", IDLE, "This cell was stopped after 0.6 seconds of waiting."),
        ("cell_output_characters = 1000", "print('x' * 2000)", DROPPED),
        ("output_characters = 1000", "print('x' * 2000)", DROPPED),
        ("cell_outputs = 2", "for n in range(4): display(n)", DROPPED),
        ("scratch_mib = 1", f"open('x', 'wb').write(bytes(2 << 20))\n{IDLE}", FILLED),
        ("scratch_entries = 9", f"for n in range(9): open(str(n), 'w')\n{IDLE}", FILLED),
    ],
)
def test_a_cell_ends_at_the_limit_that_was_set(
    tmp_path: Path, warm: Warm, setting: str, code: str, sentence: str
) -> None:
    (free,) = ran(warm, LIMITS, code.format(seconds=FREE))
    assert sentence not in said(free)
    (run,) = ran(warm, read_limits(written(tmp_path, f"[limits]\n{setting}")), code.format(seconds=ENDLESS))
    assert sentence in said(run), run.outputs


@linux
@pytest.mark.parametrize(
    ("setting", "rests", "works", "seen"),
    [
        ("", 0.5, 0.4, "Value("),
        ("call_seconds = 0.2", 0, ENDLESS, "TimedOut(seconds=0.2, waiting=False"),
        ("wall_factor = 0.01", ENDLESS, 0, "TimedOut(seconds=0.3, waiting=True"),
        ("reply_mib = 1", 0, 0, "Unreadable(reason='a frame of 4000"),
    ],
)
def test_a_call_ends_at_the_limit_that_was_set(
    tmp_path: Path, warm: Warm, setting: str, rests: float, works: float, seen: str
) -> None:
    code = (
        "import time, torch\ndef large(rests, works):\n    end = time.process_time() + works\n    time.sleep(rests)\n"
        "    while time.process_time() < end: pass\n    return torch.zeros(1_000_000)"
    )
    with Session(read_limits(written(tmp_path, f"[limits]\n{setting}")), warm) as session:
        session.run([code])
        (found,) = session.ask(Ask("large", (rests, works), 1))
    assert repr(found).startswith(seen)


@linux
def test_a_start_ends_at_the_limit_that_was_set(tmp_path: Path, warm: Warm) -> None:
    with pytest.raises(StartError):
        ran(warm, read_limits(written(tmp_path, "[limits]\nstart_seconds = 0.0000001")), "1")


@linux
def test_the_command_line_sets_them_and_grades_again_where_they_changed(tmp_path: Path) -> None:
    right = "def polynomial(x):\n    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3"
    path = notebook(tmp_path / "s01" / "n.ipynb", "x = bytearray(1200 << 20)", BUSY.format(seconds=2), right)
    text = "[limits]\nmemory_mib = 1024\ncell_seconds = 0.3"
    graded = ("grade", path, "--out", tmp_path / "out", "--limits", written(tmp_path, text))
    assert grader(*graded).returncode == 0
    page = (tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html").read_text("utf-8")
    assert "MemoryError" in page
    assert "This cell was stopped after 0.3 seconds." in page
    written(tmp_path, "")
    assert "have not changed" not in grader(*graded).stdout
    page = (tmp_path / "out" / "feedback" / "s01" / "lab2_graphs.html").read_text("utf-8")
    assert "MemoryError" not in page
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["results"][0]["score"] == 1


def test_results_are_kept_only_under_the_limits_that_they_were_had_under(tmp_path: Path) -> None:
    assignment = Assignment(Submission("s01", Path("n.ipynb")), "0", all_labs()[0])
    prints = {"": fingerprint(assignment, Conditions("seed"), LIMITS)}
    for name in SETTINGS:
        limits = read_limits(written(tmp_path, f"[limits]\n{name} = 7"))
        prints[name] = fingerprint(assignment, Conditions("seed"), limits)
    # A process that is late to start is the machine's fault, and costs no notebook anything.
    assert prints.pop("start_seconds") == prints[""]
    assert len(set(prints.values())) == len(prints)
