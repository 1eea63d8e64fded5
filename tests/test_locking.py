"""Two graders and one output folder, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.desk.locking import OccupiedError, occupy

ROOT = Path(__file__).parents[1]
HOLDING = """
import sys
from pathlib import Path
from grader.desk.locking import occupy
lock = occupy(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(out: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a folder until it is ended."""
    command = [sys.executable, "-c", HOLDING, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_is_held_by_one_and_can_be_read_meanwhile(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text("{}")
    with holder(out):
        with pytest.raises(OccupiedError, match=r"Another grader is writing into .*out: wait until it has ended"):
            occupy(out)
        assert (out / "report.json").read_text() == "{}"
        occupy(tmp_path / "other").release()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_whoever_is_killed_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        lock = occupy(tmp_path)
    assert lock.is_locked
    lock.release()


def test_the_second_grader_gets_one_sentence_and_exit_2(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with holder(out):
        command = [sys.executable, "-m", "grader", "grade", str(ROOT / "submissions" / "s05"), "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == (
        f"Another grader is writing into {out}: wait until it has ended, or name another folder with --out.\n"
    )
    assert [path.name for path in out.iterdir()] == [".lock"]
